//! Nicks: 1 to 30 characters of `[a-z0-9_]`, kept in lower case (rule P3).

use crate::position::Position;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

/// A person's unique name in the whole ring.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Nick(String);

/// The text is no nick.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a nick has 1 to 30 characters: letters a to z, digits and _")]
pub struct NotANick;

impl Nick {
    /// The longest nick, in characters.
    pub const LENGTH_MAX: usize = 30;

    /// The nick as text, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where its home is.
    #[must_use]
    pub fn position(&self) -> Position {
        Position::of("nick", &self.0)
    }
}

impl FromStr for Nick {
    type Err = NotANick;

    /// Upper-case ASCII letters are lowered; nothing else is mended.
    fn from_str(text: &str) -> Result<Self, NotANick> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if text.is_empty() || text.len() > Self::LENGTH_MAX || !text.bytes().all(allowed) {
            return Err(NotANick);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl<'de> Deserialize<'de> for Nick {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Nick;

    #[test]
    fn p3_nicks_are_lower_case_ascii() {
        assert_eq!("Ana_1".parse::<Nick>().expect("a nick").as_str(), "ana_1");
        let long = "a".repeat(31);
        for text in ["", "ñandu", "a b", "a-b", "a@b", "\u{430}na", long.as_str()] {
            assert!(text.parse::<Nick>().is_err(), "{text:?}");
        }
    }
}
