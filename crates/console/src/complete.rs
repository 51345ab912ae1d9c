//! Completion of the words of the choices, and of the nicks that were met.

use crate::choice::folded;
use reedline::{Completer, CompletionResult, Span, Suggestion};
use tertulia_types::Nick;

/// What can be completed.
#[derive(Debug, Clone, Default)]
pub struct Completions {
    words: Vec<String>,
    nicks: Vec<String>,
}

impl Completions {
    /// Words for the beginning of a line, nicks for the rest. Nicks come from outside: what is none is left out.
    #[must_use]
    pub fn new(words: Vec<String>, nicks: Vec<String>) -> Self {
        let nicks = nicks
            .into_iter()
            .filter(|nick| nick.parse::<Nick>().is_ok())
            .collect();
        Self { words, nicks }
    }

    /// The nicks alone: for questions that are not commands.
    #[must_use]
    pub fn nicks_only(&self) -> Self {
        Self {
            words: Vec::new(),
            nicks: self.nicks.clone(),
        }
    }

    /// What the word that ends at `end` may become, and where it begins.
    #[must_use]
    pub fn of(&self, line: &str, end: usize) -> (usize, Vec<String>) {
        let before = line.get(..end).unwrap_or(line);
        let start = before.rfind(' ').map_or(0, |blank| blank + 1);
        let typed = &before[start..];
        let nick = typed.strip_prefix('@').unwrap_or(typed).to_ascii_lowercase();
        let at = if typed.starts_with('@') { "@" } else { "" };
        let nicks = self
            .nicks
            .iter()
            .filter(|known| known.starts_with(&nick))
            .map(|known| format!("{at}{known}"));
        let first_word = before[..start].trim().is_empty() && !self.words.is_empty();
        let found = if first_word {
            let typed = folded(typed);
            self.words
                .iter()
                .filter(|word| folded(word).starts_with(&typed))
                .cloned()
                .collect()
        } else if typed.is_empty() && self.words.is_empty() {
            Vec::new()
        } else {
            nicks.collect()
        };
        (start, found)
    }
}

impl Completer for Completions {
    fn complete(&mut self, line: &str, end: usize) -> CompletionResult {
        let (start, found) = self.of(line, end);
        let suggestion = |value| Suggestion {
            value,
            span: Span::new(start, end),
            append_whitespace: true,
            ..Suggestion::default()
        };
        CompletionResult::fresh(found.into_iter().map(suggestion).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::Completions;

    #[test]
    fn words_come_first_and_nicks_after_them() {
        let known = ["ana", "andrea", "bob", "\u{1b}[2J"].map(str::to_owned).to_vec();
        let completions = Completions::new(["más", "mute", "follow"].map(str::to_owned).to_vec(), known);
        assert_eq!(completions.of("ma", 2), (0, vec!["más".to_owned()]));
        assert_eq!(
            completions.of("follow an", 9),
            (7, vec!["ana".to_owned(), "andrea".to_owned()])
        );
        assert_eq!(completions.of("dweet hi @b", 11), (9, vec!["@bob".to_owned()]));
        assert_eq!(completions.of("follow ", 7).1.len(), 3);
        assert_eq!(completions.nicks_only().of("b", 1), (0, vec!["bob".to_owned()]));
    }
}
