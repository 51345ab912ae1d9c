//! Text from outside, made harmless before it reaches a terminal; and text fitted to the width of the screen.
//!
//! What others write may hold escape sequences that recolour, erase or type, and marks that turn the direction of the
//! text, so that it reads as something else than it is. All of that is shown as `�` or left out.
//!
//! **Invariant:** what [`line()`] and [`text`] return holds no control character but, for [`text`], the line feed.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A letter may carry accents, an emoji may be made of a family; more than this many in one place are a weapon that
/// paints over the neighbouring lines.
const CHARS_PER_CLUSTER_MAX: usize = 12;
/// No character is wider.
const COLUMNS_PER_CHAR_MAX: usize = 2;

/// Harmless text of any number of lines.
#[must_use]
pub fn text(from_outside: &str) -> String {
    let mut out = String::with_capacity(from_outside.len());
    for cluster in from_outside.graphemes(true) {
        let chars = cluster.chars().take(CHARS_PER_CLUSTER_MAX).filter_map(harmless);
        if cluster == "\r\n" {
            out.push('\n')
        } else {
            out.extend(chars)
        }
    }
    out
}

/// Harmless text of one line.
#[must_use]
pub fn line(from_outside: &str) -> String {
    text(from_outside).replace('\n', " ")
}

/// What stands for a character: itself, a substitute, or nothing.
fn harmless(char: char) -> Option<char> {
    match char {
        '\n' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' => Some(' '),
        // Escape sequences begin with one of these, or are one (C0, DEL, C1).
        char if char.is_control() => Some('\u{fffd}'),
        // Marks that turn the direction of what follows.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some('\u{fffd}'),
        // Nothing to see: zero-width spaces, byte order marks, invisible operators, annotations, tags.
        '\u{200b}' | '\u{feff}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' => None,
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => None,
        char => Some(char),
    }
}

/// How many columns a line takes.
#[must_use]
pub fn width(line: &str) -> usize {
    line.width()
}

/// The text in lines of at most `columns`, broken between words where that is possible. Its own line breaks stay.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    text.split('\n')
        .flat_map(|line| wrap_line(line, columns))
        .collect()
}

fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    // Added up, not measured at each step: marks that have no width may come by the million.
    let (mut current, mut used) = (String::new(), 0);
    for word in line.split(' ') {
        let gap = usize::from(!current.is_empty());
        let wide = width(word);
        if used + gap + wide <= columns {
            if gap == 1 {
                current.push(' ');
            }
            current.push_str(word);
            used += gap + wide;
            continue;
        }
        if !current.is_empty() {
            lines.push(std::mem::take(&mut current));
            used = 0;
        }
        for (piece, wide) in word
            .graphemes(true)
            .flat_map(|cluster| unbroken(cluster, columns))
        {
            if used + wide > columns && !current.is_empty() {
                lines.push(std::mem::take(&mut current));
                used = 0;
            }
            current.push_str(piece);
            used += wide;
        }
    }
    lines.push(current);
    lines
}

/// The cluster whole with its width, or, if it alone is wider than a line, its characters with the most that one takes.
fn unbroken(cluster: &str, columns: usize) -> Vec<(&str, usize)> {
    let wide = width(cluster);
    if wide <= columns {
        return vec![(cluster, wide)];
    }
    let chars = cluster.split_inclusive(|_: char| true);
    chars.map(|char| (char, COLUMNS_PER_CHAR_MAX)).collect()
}

/// The beginning of a line, with `…` where something was cut off.
#[must_use]
pub fn shorten(line: &str, columns: usize) -> String {
    if width(line) <= columns {
        return line.to_owned();
    }
    let (mut short, mut used) = (String::new(), 0);
    for cluster in line.graphemes(true) {
        used += width(cluster);
        if used + 1 > columns {
            break;
        }
        short.push_str(cluster);
    }
    short.push('…');
    short
}

/// A value as such JSON, on one line.
#[must_use]
pub fn json_line(value: &serde_json::Value) -> String {
    format!("{}\n", json(&value.to_string()))
}

/// JSON in which nothing can harm a terminal either: what is dangerous stands as `\uXXXX`, and means the same.
#[must_use]
pub fn json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for char in json.chars() {
        let kept = harmless(char) == Some(char);
        if kept {
            out.push(char);
        } else {
            let mut units = [0_u16; 2];
            for unit in char.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{json, line, shorten, text, width, wrap};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn escape_sequences_and_turned_text_are_disarmed() {
        assert_eq!(line("\u{1b}[2Jgone"), "�[2Jgone");
        assert_eq!(line("\u{9b}31mred\u{7}"), "�31mred�");
        assert_eq!(line("user\u{202e}txt.exe"), "user�txt.exe");
        assert_eq!(line("a\u{200b}b\u{e0041}c\r\nd"), "abc d");
        assert_eq!(text("one\r\ntwo\rthree"), "one\ntwo�three");
        let zalgo = format!("z{}", "\u{301}".repeat(500));
        assert_eq!(line(&zalgo).chars().count(), 12);
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for kept in ["¿Qué tal, mañana?", "👨‍👩‍👧‍👦 🇪🇸 👍🏽", "שלום", "مرحبا", "日本語"]
        {
            assert_eq!(line(kept), kept);
        }
    }

    #[test]
    fn words_are_broken_between_where_possible() {
        assert_eq!(wrap("uno dos tres", 7), ["uno dos", "tres"]);
        assert_eq!(
            wrap("supercalifragilistico", 8),
            ["supercal", "ifragili", "stico"]
        );
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(
            wrap("\u{31ef}\u{11ca9}", 2),
            ["\u{31ef}", "\u{11ca9}"],
            "one cluster of three columns"
        );
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(shorten("mañana por la mañana", 10), "mañana po…");
    }

    #[test]
    fn a_million_marks_without_a_width_are_soon_shown() {
        let marks = format!("{} hola", "\u{200f}".repeat(300_000));
        // Measured anew with each mark, they would not be shown today.
        assert_eq!(wrap(&text(&marks), 80).len(), 1);
        assert_eq!(wrap(&format!("{marks}{}", "a".repeat(100)), 80).len(), 3);
        assert_eq!(width(&shorten(&format!("{marks}{}", "a".repeat(100)), 40)), 40);
    }

    proptest! {
        #[test]
        fn no_text_reaches_the_terminal_with_teeth(raw in any::<String>()) {
            let shown = text(&raw);
            prop_assert!(shown.chars().all(|char| char == '\n' || !char.is_control()));
            let turns = |char| matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!shown.chars().any(turns));
            prop_assert!(!line(&raw).contains('\n'));
            prop_assert_eq!(text(&shown), shown);
        }

        #[test]
        fn no_line_is_wider_than_the_screen(raw in any::<String>(), columns in 2_usize..100) {
            for line in wrap(&text(&raw), columns) {
                prop_assert!(width(&line) <= columns.max(2), "{line:?}");
            }
        }

        #[test]
        fn json_means_the_same_afterwards(raw in any::<String>()) {
            let written = json(&serde_json::to_string(&raw).expect("written"));
            prop_assert!(!written.chars().any(char::is_control));
            prop_assert_eq!(serde_json::from_str::<String>(&written).expect("read"), raw);
        }
    }
}
