//! The choices of the interactive console: their words, what they take, and the panel that shows them.
//!
//! Each choice has a word in the person's language; the English word, which is also the name of the command, works in
//! every language.
//!
//! **Invariant:** the panel fits on a screen of 80 columns, in every language (a test looks).

use crate::look::Look;
use crate::page::{Page, Style};
use crate::words::Words;

/// What follows the word of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// A dweet of the last list.
    Dweet,
    /// A dweet, and a text.
    DweetAndText,
    /// A text.
    Text,
    /// A nick.
    Nick,
    /// A nick, and a text.
    NickAndText,
    /// A nick or a room, with whom to talk.
    Chat,
    /// A nick or a room, and a text.
    ChatAndText,
    /// What to do with a room.
    Room,
    /// A nick, or nothing.
    MaybeNick,
    /// A file, or nothing.
    MaybeFile,
    /// The beginning of a device's name.
    Device,
    /// Words to search for.
    Words,
    /// An address.
    Address,
    /// The word of a choice, or nothing.
    Choice,
}

/// Where a choice stands in the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Before anybody is logged in.
    Start,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Private messages.
    Messages,
    /// People.
    People,
    /// Oneself, and the console.
    You,
}

/// One thing to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Its English word, and its key in the texts.
    pub id: &'static str,
    /// What follows it.
    pub takes: Takes,
    group: Group,
    /// Whether it stands in the panel, or only in the help.
    shown: bool,
}

const fn shown(group: Group, id: &'static str, takes: Takes) -> Choice {
    Choice {
        id,
        takes,
        group,
        shown: true,
    }
}

const fn unshown(group: Group, id: &'static str, takes: Takes) -> Choice {
    Choice {
        id,
        takes,
        group,
        shown: false,
    }
}

/// Before anybody is logged in.
pub const OUTSIDE: &[Choice] = &[
    shown(Group::Start, "register", Takes::Nothing),
    shown(Group::Start, "login", Takes::Nothing),
    shown(Group::Start, "server", Takes::Address),
    shown(Group::Start, "help", Takes::Choice),
    shown(Group::Start, "quit", Takes::Nothing),
];

/// When somebody is logged in.
pub const INSIDE: &[Choice] = &[
    shown(Group::Read, "feed", Takes::Nothing),
    shown(Group::Read, "more", Takes::Nothing),
    unshown(Group::Read, "latest", Takes::Nothing),
    shown(Group::Read, "thread", Takes::Dweet),
    shown(Group::Read, "search", Takes::Words),
    shown(Group::Read, "notifications", Takes::Nothing),
    unshown(Group::Read, "favourites", Takes::Nothing),
    unshown(Group::Read, "bookmarks", Takes::Nothing),
    shown(Group::Write, "dweet", Takes::Text),
    shown(Group::Write, "reply", Takes::DweetAndText),
    shown(Group::Write, "redweet", Takes::Dweet),
    unshown(Group::Write, "unredweet", Takes::Dweet),
    shown(Group::Write, "favourite", Takes::Dweet),
    unshown(Group::Write, "unfavourite", Takes::Dweet),
    unshown(Group::Write, "bookmark", Takes::Dweet),
    unshown(Group::Write, "unbookmark", Takes::Dweet),
    shown(Group::Write, "delete", Takes::Dweet),
    shown(Group::Messages, "chats", Takes::Nothing),
    shown(Group::Messages, "read", Takes::Chat),
    shown(Group::Messages, "send", Takes::ChatAndText),
    shown(Group::Messages, "find", Takes::Words),
    shown(Group::Messages, "room", Takes::Room),
    unshown(Group::Messages, "requests", Takes::Nothing),
    unshown(Group::Messages, "accept", Takes::Chat),
    unshown(Group::Messages, "refuse", Takes::Chat),
    unshown(Group::Messages, "contacts", Takes::Nothing),
    unshown(Group::Messages, "contact", Takes::Nick),
    unshown(Group::Messages, "uncontact", Takes::Nick),
    unshown(Group::Messages, "verify", Takes::Nick),
    unshown(Group::Messages, "devices", Takes::Nothing),
    unshown(Group::Messages, "link", Takes::Nothing),
    unshown(Group::Messages, "revoke", Takes::Device),
    unshown(Group::Messages, "backup", Takes::MaybeFile),
    unshown(Group::Messages, "restore", Takes::MaybeFile),
    shown(Group::People, "profile", Takes::MaybeNick),
    shown(Group::People, "follow", Takes::Nick),
    shown(Group::People, "unfollow", Takes::Nick),
    shown(Group::People, "block", Takes::Nick),
    unshown(Group::People, "unblock", Takes::Nick),
    shown(Group::People, "mute", Takes::Nick),
    unshown(Group::People, "unmute", Takes::Nick),
    unshown(Group::People, "report", Takes::DweetAndText),
    unshown(Group::People, "invite", Takes::Nothing),
    unshown(Group::People, "invitations", Takes::Nothing),
    unshown(Group::People, "community", Takes::Nothing),
    unshown(Group::People, "reports", Takes::Nothing),
    unshown(Group::People, "resolve", Takes::Text),
    unshown(Group::People, "noted", Takes::MaybeNick),
    unshown(Group::People, "appoint", Takes::NickAndText),
    unshown(Group::People, "suspend", Takes::NickAndText),
    unshown(Group::People, "unsuspend", Takes::NickAndText),
    unshown(Group::People, "takedown", Takes::DweetAndText),
    unshown(Group::People, "modlog", Takes::Nothing),
    shown(Group::You, "name", Takes::Text),
    shown(Group::You, "bio", Takes::Text),
    shown(Group::You, "passwd", Takes::Nothing),
    unshown(Group::You, "whoami", Takes::Nothing),
    unshown(Group::You, "delete-account", Takes::Nothing),
    shown(Group::You, "logout", Takes::Nothing),
    shown(Group::You, "help", Takes::Choice),
    shown(Group::You, "quit", Takes::Nothing),
];

impl Choice {
    /// Its word in the person's language.
    #[must_use]
    pub fn word(&self, words: &Words) -> String {
        words.say(&format!("word-{}", self.id))
    }
}

/// The choices that there are now.
#[must_use]
pub fn choices(inside: bool) -> &'static [Choice] {
    if inside { INSIDE } else { OUTSIDE }
}

/// The choice that was typed: in the person's language or in English, capitals and accents aside.
#[must_use]
pub fn find(words: &Words, inside: bool, typed: &str) -> Option<Choice> {
    let typed = folded(typed);
    let is = |choice: &&Choice| folded(&choice.word(words)) == typed || choice.id == typed;
    choices(inside).iter().find(is).copied()
}

/// The word that was probably meant: one that begins so, or differs in a letter or two.
#[must_use]
pub fn nearest(words: &Words, inside: bool, typed: &str) -> Option<String> {
    let typed = folded(typed);
    let candidates = choices(inside).iter().map(|choice| choice.word(words));
    let near = candidates.filter_map(|word| {
        let plain = folded(&word);
        let distance = if typed.len() > 1 && plain.starts_with(&typed) {
            0
        } else {
            distance(&plain, &typed)
        };
        (distance <= 2 && distance < typed.chars().count()).then_some((distance, word))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// The panel: all choices in view, and how to begin.
#[must_use]
pub fn panel(look: &Look, inside: bool) -> Page {
    let mut page = look.page();
    let groups: &[(Group, &str)] = if inside {
        &[
            (Group::Read, "group-read"),
            (Group::Write, "group-write"),
            (Group::Messages, "group-messages"),
            (Group::People, "group-people"),
            (Group::You, "group-you"),
        ]
    } else {
        &[(Group::Start, "group-start")]
    };
    let labels: Vec<String> = groups.iter().map(|(_, key)| look.words.say(key)).collect();
    let widest = labels
        .iter()
        .map(|label| label.chars().count())
        .max()
        .unwrap_or(0);
    page.text(Style::Dim, 0, &"─".repeat(look.columns));
    for ((group, _), label) in groups.iter().zip(&labels) {
        let label = format!("{label:widest$}  ");
        let words = choices(inside)
            .iter()
            .filter(|choice| choice.group == *group && choice.shown);
        let words: Vec<String> = words.map(|choice| choice.word(&look.words)).collect();
        let mut pieces = vec![(Style::Dim, label.as_str())];
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                pieces.push((Style::Dim, " · "));
            }
            pieces.push((Style::Key, word));
        }
        page.pieces(1, &pieces);
    }
    let hint = look
        .words
        .say(if inside { "panel-hint" } else { "panel-hint-start" });
    page.text(Style::Dim, 1, &hint);
    page
}

/// Lower case, without the accents of Spanish.
#[must_use]
pub fn folded(word: &str) -> String {
    let fold = |char: char| match char {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        other => other,
    };
    word.trim().to_lowercase().chars().map(fold).collect()
}

/// How many letters must be changed, added or left out to make one word of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, char) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, &there) in other.iter().enumerate() {
            let changed = diagonal + usize::from(char != there);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{INSIDE, OUTSIDE, choices, find, folded, nearest, panel};
    use crate::look::Look;
    use crate::page::Paint;
    use crate::words::{Language, Words};
    use std::collections::BTreeSet;
    use tertulia_client::time;

    fn look(language: Language) -> Look {
        Look {
            words: Words::new(language),
            talking: true,
            columns: 80,
            rows: 24,
            resizes: false,
            paint: Paint::Bare,
            now: time::now,
        }
    }

    #[test]
    fn the_panel_fits_and_leaves_room_for_dweets() {
        for language in [Language::English, Language::Spanish] {
            for inside in [true, false] {
                let text = panel(&look(language), inside).print(Paint::Bare);
                assert!(text.lines().all(|line| crate::plain::width(line) <= 80), "{text}");
                assert_eq!(text.lines().count(), if inside { 7 } else { 3 }, "{text}");
            }
        }
    }

    #[test]
    fn every_word_is_one_word_and_its_own() {
        for language in [Language::English, Language::Spanish] {
            let words = Words::new(language);
            for inside in [true, false] {
                let mut seen = BTreeSet::new();
                for choice in choices(inside) {
                    let word = choice.word(&words);
                    assert!(
                        !word.contains(' ') && word != format!("word-{}", choice.id),
                        "{word}"
                    );
                    assert!(
                        words.find(&format!("help-{}", choice.id), &[]).is_some(),
                        "no help for {}",
                        choice.id
                    );
                    assert!(seen.insert(folded(&word)), "{word} stands twice");
                    assert_eq!(find(&words, inside, &word), Some(*choice));
                    assert_eq!(
                        find(&words, inside, choice.id).map(|found| found.id),
                        Some(choice.id)
                    );
                }
            }
        }
        assert!(INSIDE.len() + OUTSIDE.len() > 20);
    }

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let words = Words::new(Language::Spanish);
        assert_eq!(find(&words, true, "MAS").map(|choice| choice.id), Some("more"));
        assert_eq!(nearest(&words, true, "publicr").as_deref(), Some("publicar"));
        assert_eq!(nearest(&words, true, "noved").as_deref(), Some("novedades"));
        assert_eq!(nearest(&words, true, "xyzzy"), None);
    }
}
