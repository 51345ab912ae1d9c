//! What a person may write: length, characters, and the mentions, hashtags and addresses inside.
//!
//! Lengths are counted as Mastodon's apps count them, so that an app never shows room which we then refuse:
//! in grapheme clusters, each `http(s)` address as [`URL_CHARACTERS`], `@nick@host` as `@nick`, and the content
//! warning (`spoiler_text`) together with the text.
//!
//! **Invariant:** what a function here returned is accepted again, unchanged, by the same function.
//! **Invariant:** the [`parts`] of a text, written one after another, are that text.
//!
//! Deliberately absent: HTML (the surfaces render), and whether a mentioned nick exists (its home knows).

use thiserror::Error;
use unicode_segmentation::UnicodeSegmentation;

/// The longest dweet, content warning included.
pub const DWEET_CHARACTERS_MAX: usize = 225;
/// What an address counts, however long it is: Mastodon's `characters_reserved_per_url`.
pub const URL_CHARACTERS: usize = 23;
/// The longest display name.
pub const NAME_CHARACTERS_MAX: usize = 30;
/// The longest bio.
pub const NOTE_CHARACTERS_MAX: usize = 500;
/// The longest nick, in bytes (a nick is ASCII).
const NICK_BYTES_MAX: usize = 30;
/// A longer run after `#` is not a hashtag: it could not be shown, nor found again.
const HASHTAG_CHARACTERS_MAX: usize = 100;
/// A cluster may carry any number of combining marks, and an address counts 23 however long it is, so bytes have
/// a bound of their own: 32 for each cluster, more than the longest emoji needs.
const BYTES_PER_CHARACTER_MAX: usize = 32;

/// Why a text is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unfit {
    /// Nothing but white space.
    #[error("the text is empty")]
    Empty,
    /// Too many characters, as a person counts them.
    #[error("{characters} characters are more than the {characters_max} allowed")]
    TooLong {
        /// How many were counted.
        characters: usize,
        /// How many are allowed.
        characters_max: usize,
    },
    /// Few characters, but far too many bytes (stacked accents, a giant address).
    #[error("{bytes} bytes are more than the {bytes_max} allowed")]
    TooLarge {
        /// How many there are.
        bytes: usize,
        /// How many are allowed.
        bytes_max: usize,
    },
    /// A control character other than a line break.
    #[error("the control character U+{0:04X} is not allowed")]
    Control(u32),
}

/// The text of a dweet, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dweet {
    /// The text: trimmed, with `\n` as the only line break; never empty.
    pub text: String,
    /// The content warning, or an empty string.
    pub spoiler_text: String,
}

/// Checks and normalises what somebody wants to publish.
pub fn dweet(text: &str, spoiler_text: &str) -> Result<Dweet, Unfit> {
    let text = normalised(text)?;
    let spoiler_text = normalised(spoiler_text)?.replace('\n', " ");
    if text.is_empty() {
        return Err(Unfit::Empty);
    }
    let bytes = text.len() + spoiler_text.len();
    within_bytes(bytes, DWEET_CHARACTERS_MAX)?;
    within(
        characters(&text) + characters(&spoiler_text),
        DWEET_CHARACTERS_MAX,
    )?;
    Ok(Dweet { text, spoiler_text })
}

/// Checks and normalises a display name: one line; empty is allowed, and means that the nick is shown.
pub fn display_name(raw: &str) -> Result<String, Unfit> {
    let name = normalised(raw)?.replace('\n', " ");
    within_bytes(name.len(), NAME_CHARACTERS_MAX)?;
    within(name.graphemes(true).count(), NAME_CHARACTERS_MAX)?;
    Ok(name)
}

/// Checks and normalises a bio; it may be empty.
pub fn note(raw: &str) -> Result<String, Unfit> {
    let note = normalised(raw)?;
    within_bytes(note.len(), NOTE_CHARACTERS_MAX)?;
    within(characters(&note), NOTE_CHARACTERS_MAX)?;
    Ok(note)
}

/// How many characters a text counts, as Mastodon's apps count it.
#[must_use]
pub fn characters(text: &str) -> usize {
    let mut counted = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Url(_) => counted.extend(std::iter::repeat_n('x', URL_CHARACTERS)),
            Part::Mention { nick, .. } => {
                counted.push('@');
                counted.push_str(&nick);
            }
            Part::Plain(written) | Part::Hashtag { written, .. } => counted.push_str(written),
        }
    }
    counted.graphemes(true).count()
}

/// The nicks mentioned in a text, lower-cased, each once, in order of appearance.
///
/// `@nick@host` names somebody of another service, and is not among them.
#[must_use]
pub fn mentions(text: &str) -> Vec<String> {
    distinct(parts(text).into_iter().filter_map(|part| match part {
        Part::Mention { nick, host: None, .. } => Some(nick),
        Part::Mention { .. } | Part::Plain(_) | Part::Url(_) | Part::Hashtag { .. } => None,
    }))
}

/// The hashtags of a text, lower-cased and without `#`, each once, in order of appearance.
#[must_use]
pub fn hashtags(text: &str) -> Vec<String> {
    distinct(parts(text).into_iter().filter_map(|part| match part {
        Part::Hashtag { name, .. } => Some(name),
        Part::Mention { .. } | Part::Plain(_) | Part::Url(_) => None,
    }))
}

/// A hashtag as it is stored and looked up, from what somebody typed, with or without `#`; none if it is not one.
#[must_use]
pub fn hashtag(typed: &str) -> Option<String> {
    let name = typed.strip_prefix('#').unwrap_or(typed);
    (hashtag_bytes(name) == name.len() && !name.is_empty()).then(|| hashtag_name(name))
}

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'text> {
    /// Words without a meaning of their own.
    Plain(&'text str),
    /// An `http` or `https` address.
    Url(&'text str),
    /// Somebody's nick.
    Mention {
        /// As it stands in the text, `@` and host included.
        written: &'text str,
        /// Lower-cased, without `@`.
        nick: String,
        /// What follows a second `@`, if anything.
        host: Option<&'text str>,
    },
    /// A hashtag.
    Hashtag {
        /// As it stands in the text, `#` included.
        written: &'text str,
        /// Lower-cased, without `#`.
        name: String,
    },
}

impl Part<'_> {
    /// The stretch as it stands in the text.
    #[must_use]
    pub fn written(&self) -> &str {
        match self {
            Part::Plain(written) | Part::Url(written) => written,
            Part::Mention { written, .. } | Part::Hashtag { written, .. } => written,
        }
    }
}

/// Cuts a text into plain words, addresses, mentions and hashtags.
#[must_use]
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    let mut before = None;
    while let Some(char) = text[at..].chars().next() {
        if let Some((part, bytes)) = special(char, before, &text[at..]) {
            if plain_from < at {
                found.push(Part::Plain(&text[plain_from..at]));
            }
            at += bytes;
            plain_from = at;
            before = text[..at].chars().next_back();
            found.push(part);
        } else {
            at += char.len_utf8();
            before = Some(char);
        }
    }
    if plain_from < text.len() {
        found.push(Part::Plain(&text[plain_from..]));
    }
    found
}

/// The address, mention or hashtag that begins here, and its length in bytes. `rest` begins with `first`.
fn special(first: char, before: Option<char>, rest: &str) -> Option<(Part<'_>, usize)> {
    if before.is_some_and(is_word) {
        return None;
    }
    match first {
        'h' | 'H' => {
            let bytes = url_bytes(rest)?;
            Some((Part::Url(&rest[..bytes]), bytes))
        }
        '@' if !matches!(before, Some('/' | '=' | '@')) => mention(rest),
        '#' if !matches!(before, Some('/' | '&' | '#')) => {
            let bytes = 1 + hashtag_bytes(&rest[1..]);
            let name = hashtag_name(&rest[1..bytes]);
            (bytes > 1).then(|| {
                (
                    Part::Hashtag {
                        written: &rest[..bytes],
                        name,
                    },
                    bytes,
                )
            })
        }
        _ => None,
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Length of the address at the beginning, without the punctuation that closes a sentence around it.
fn url_bytes(rest: &str) -> Option<usize> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| {
        rest.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })?;
    let host = rest[scheme.len()..].chars().next()?;
    if !(host.is_alphanumeric() || host == '[') {
        return None;
    }
    let ends = |char: char| char.is_whitespace() || char.is_control() || matches!(char, '<' | '>' | '"');
    let mut url = &rest[..rest.find(ends).unwrap_or(rest.len())];
    // Counted once: somebody may write thousands of them.
    let excess = |closing, opening| {
        let count = |bracket: char| url.matches(bracket).count();
        count(closing).saturating_sub(count(opening))
    };
    let (mut round, mut square) = (excess(')', '('), excess(']', '['));
    while let Some(last) = url.chars().next_back() {
        match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '…' | '»' | '”' | '’' | '*' => {}
            ')' if round > 0 => round -= 1,
            ']' if square > 0 => square -= 1,
            _ => break,
        }
        url = &url[..url.len() - last.len_utf8()];
    }
    Some(url.len())
}

fn mention(rest: &str) -> Option<(Part<'_>, usize)> {
    let nick_end = 1 + rest[1..]
        .find(|char: char| !is_nick(char))
        .unwrap_or(rest.len() - 1);
    let nick = &rest[1..nick_end];
    let follows = rest[nick_end..].chars().next();
    if nick.is_empty() || nick.len() > NICK_BYTES_MAX || follows.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let host_bytes = if follows == Some('@') {
        host_bytes(&rest[nick_end + 1..])
    } else {
        0
    };
    let bytes = if host_bytes > 0 {
        nick_end + 1 + host_bytes
    } else {
        nick_end
    };
    let host = (host_bytes > 0).then(|| &rest[nick_end + 1..bytes]);
    let part = Part::Mention {
        written: &rest[..bytes],
        nick: nick.to_ascii_lowercase(),
        host,
    };
    Some((part, bytes))
}

fn is_nick(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

/// Length of the `host` or `host:port` at the beginning; 0 if there is none.
fn host_bytes(rest: &str) -> usize {
    let is_host = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-');
    let name = &rest[..rest.find(|char| !is_host(char)).unwrap_or(rest.len())];
    let name = name.trim_end_matches(['.', '-']);
    let Some(after) = rest[name.len()..].strip_prefix(':') else {
        return name.len();
    };
    let port_bytes = after
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(after.len());
    if name.is_empty() || port_bytes == 0 {
        name.len()
    } else {
        name.len() + 1 + port_bytes
    }
}

/// Length of the hashtag's name at the beginning; 0 if it is none: too long, or nothing but digits and `_`.
fn hashtag_bytes(rest: &str) -> usize {
    let name = &rest[..rest.find(|char| !is_word(char)).unwrap_or(rest.len())];
    let says_something = name
        .chars()
        .any(|char| char.is_alphanumeric() && !char.is_numeric());
    if says_something && name.chars().count() <= HASHTAG_CHARACTERS_MAX {
        name.len()
    } else {
        0
    }
}

/// Lower-cased; what lower-casing adds beside letters (the dot above of a Turkish I) goes.
fn hashtag_name(written: &str) -> String {
    written
        .to_lowercase()
        .chars()
        .filter(|&char| is_word(char))
        .collect()
}

/// Line breaks as `\n`, no white space around, no control characters.
fn normalised(raw: &str) -> Result<String, Unfit> {
    let text = raw.replace("\r\n", "\n").replace('\r', "\n");
    match text.chars().find(|&char| char.is_control() && char != '\n') {
        Some(control) => Err(Unfit::Control(u32::from(control))),
        None => Ok(text.trim().to_owned()),
    }
}

fn within(characters: usize, characters_max: usize) -> Result<(), Unfit> {
    if characters > characters_max {
        Err(Unfit::TooLong {
            characters,
            characters_max,
        })
    } else {
        Ok(())
    }
}

fn within_bytes(bytes: usize, characters_max: usize) -> Result<(), Unfit> {
    let bytes_max = characters_max * BYTES_PER_CHARACTER_MAX;
    if bytes > bytes_max {
        Err(Unfit::TooLarge { bytes, bytes_max })
    } else {
        Ok(())
    }
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::{Part, Unfit, characters, display_name, dweet, hashtag, hashtags, mentions, note, parts};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn a_person_counts_clusters_not_bytes() {
        assert_eq!(characters("mañana"), 6);
        assert_eq!(characters("👨‍👩‍👧‍👦🇪🇸e\u{301}"), 3);
        assert!(dweet(&"👍🏽".repeat(225), "").is_ok());
        let refused = dweet(&"ñ".repeat(226), "").expect_err("226 are too many");
        assert_eq!(
            refused,
            Unfit::TooLong {
                characters: 226,
                characters_max: 225
            }
        );
    }

    #[test]
    fn addresses_count_23_and_hosts_of_mentions_nothing() {
        assert_eq!(
            characters("https://example.org/a/very/long/path/that/nobody/reads?at=all"),
            23
        );
        assert_eq!(characters("see http://10.0.0.7:8080/x."), 4 + 23 + 1);
        assert_eq!(characters("hi @ana@example.org!"), 8);
        assert_eq!(characters("ftp://example.org"), 17);
    }

    #[test]
    fn the_content_warning_counts_with_the_text() {
        assert!(dweet(&"a".repeat(200), &"b".repeat(25)).is_ok());
        assert!(dweet(&"a".repeat(200), &"b".repeat(26)).is_err());
        assert_eq!(dweet("", "only a warning"), Err(Unfit::Empty));
    }

    #[test]
    fn empty_and_control_characters_are_refused() {
        assert_eq!(dweet(" \r\n\u{3000} ", ""), Err(Unfit::Empty));
        assert_eq!(dweet("bell \u{7}", ""), Err(Unfit::Control(7)));
        assert_eq!(dweet("nul \0", ""), Err(Unfit::Control(0)));
        assert_eq!(dweet("text", "\u{9b}31m"), Err(Unfit::Control(0x9b)));
        let kept = dweet("  two\r\nlines\rthree ", " w\n").expect("fits");
        assert_eq!(
            (kept.text.as_str(), kept.spoiler_text.as_str()),
            ("two\nlines\nthree", "w")
        );
    }

    #[test]
    fn stacked_accents_do_not_smuggle_megabytes() {
        let zalgo = format!("e{}", "\u{301}".repeat(100_000));
        assert_eq!(characters(&zalgo), 1);
        assert!(matches!(dweet(&zalgo, ""), Err(Unfit::TooLarge { .. })));
        assert!(matches!(
            dweet(&format!("http://a/{}", "x".repeat(20_000)), ""),
            Err(Unfit::TooLarge { .. })
        ));
    }

    #[test]
    fn names_and_bios_have_limits_of_their_own() {
        assert_eq!(display_name(" Ana\nMaría "), Ok("Ana María".to_owned()));
        assert_eq!(display_name(""), Ok(String::new()));
        assert!(display_name(&"x".repeat(31)).is_err());
        assert!(note(&"x".repeat(500)).is_ok());
        assert!(note(&"x".repeat(501)).is_err());
    }

    #[test]
    fn mentions_are_found_where_a_person_sees_them() {
        assert_eq!(mentions("@Ana, ask (@bob_2) and @ana again"), ["ana", "bob_2"]);
        assert!(mentions("mail@example.org http://h/@ana x/@ana @@ana @año").is_empty());
        assert!(mentions(&format!("@{}", "a".repeat(31))).is_empty());
        assert!(mentions("@ana@other.example").is_empty());
        assert_eq!(mentions("@ana@ hello"), ["ana"]);
    }

    #[test]
    fn hashtags_are_words_in_any_script() {
        assert_eq!(
            hashtags("#Niño #日本語 #a1 #_x, #niño"),
            ["niño", "日本語", "a1", "_x"]
        );
        assert_eq!(hashtags("#İzmir"), ["izmir"]);
        assert!(hashtags("#1 #2024 #__ a#b ##x &#39; #").is_empty());
        assert_eq!(hashtag("#Rust"), Some("rust".to_owned()));
        assert_eq!(hashtag("rust lang"), None);
        assert_eq!(hashtag(""), None);
    }

    #[test]
    fn addresses_end_before_the_punctuation_around_them() {
        let urls = |text| -> Vec<String> {
            let found = parts(text).into_iter();
            found
                .filter(|part| matches!(part, Part::Url(_)))
                .map(|part| part.written().to_owned())
                .collect()
        };
        assert_eq!(
            urls("(https://a.org/x_(y)), HTTP://b.net/?q=#f!"),
            ["https://a.org/x_(y)", "HTTP://b.net/?q=#f"]
        );
        assert_eq!(
            urls("http://[::1]:80/ http:// https:///x xhttp://a"),
            ["http://[::1]:80/"]
        );
    }

    proptest! {
        #[test]
        fn parts_make_the_text_again(text in ".*") {
            let again: String = parts(&text).iter().map(Part::written).collect();
            prop_assert_eq!(again, text);
        }

        #[test]
        fn marked_up_texts_make_themselves_again(text in "([@#]|http://|[a-zé1_.]|[ @:/]){0,60}") {
            let again: String = parts(&text).iter().map(Part::written).collect();
            prop_assert_eq!(again, text);
        }

        #[test]
        fn what_was_accepted_is_accepted_unchanged(text in any::<String>(), spoiler_text in any::<String>()) {
            if let Ok(once) = dweet(&text, &spoiler_text) {
                prop_assert!(characters(&once.text) + characters(&once.spoiler_text) <= 225);
                prop_assert_eq!(dweet(&once.text, &once.spoiler_text), Ok(once));
            }
            if let Ok(once) = display_name(&text) {
                prop_assert_eq!(display_name(&once), Ok(once));
            }
            if let Ok(once) = note(&text) {
                prop_assert_eq!(note(&once), Ok(once));
            }
        }

        #[test]
        fn a_hashtag_found_is_a_hashtag_typed(text in "[#a-zñß1_ ]{0,40}") {
            for name in hashtags(&text) {
                prop_assert_eq!(hashtag(&name), Some(name));
            }
        }
    }
}
