//! What a community has settled for itself: who may register, its rules, and how it greets.
//!
//! **Invariant:** these values travel between machines and lie in databases, encoded by postcard: a field more is a new struct.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Who may register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Anybody.
    #[default]
    Open,
    /// Whoever has an invitation.
    Invitation,
    /// Nobody.
    Closed,
}

/// The text names no way to register.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("registration is open, invitation or closed")]
pub struct NotARegistration;

impl Registration {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Invitation, Self::Closed];

    /// Its name, in the API and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invitation => "invitation",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Registration {
    type Err = NotARegistration;

    fn from_str(text: &str) -> Result<Self, NotARegistration> {
        Self::ALL
            .into_iter()
            .find(|registration| registration.as_str() == text)
            .ok_or(NotARegistration)
    }
}

/// What a community has settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Who may register.
    pub registration: Registration,
    /// Whether everybody may invite, or moderators only.
    pub members_may_invite: bool,
    /// What this place is, in a sentence or two; may be empty.
    pub description: String,
    /// The rules of the house, each a text of its own.
    pub rules: Vec<String>,
    /// What newcomers are told; may be empty.
    pub welcome: String,
}

/// Rules of the house at most.
pub const RULES_MAX: usize = 25;
/// The longest rule, in bytes; the API counts graphemes.
pub const RULE_BYTES_MAX: usize = 2_000;
/// The longest description or welcome, in bytes.
pub const TEXT_BYTES_MAX: usize = 8_000;

impl Settlement {
    /// Whether it has no more than is kept.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.rules.len() <= RULES_MAX
            && self.rules.iter().all(|rule| rule.len() <= RULE_BYTES_MAX)
            && self.description.len() <= TEXT_BYTES_MAX
            && self.welcome.len() <= TEXT_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::Registration;

    #[test]
    fn a_way_to_register_is_read_as_it_is_written() {
        for registration in Registration::ALL {
            assert_eq!(registration.as_str().parse(), Ok(registration));
        }
        assert!("ajar".parse::<Registration>().is_err());
    }
}
