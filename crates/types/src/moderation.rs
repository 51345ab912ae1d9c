//! Moderation: what roles there are, and what moderators decide.
//!
//! **Invariant:** these values travel between machines and lie in databases, encoded by postcard: variants are only ever added at
//! the end, and fields never in place.

use crate::community::Settlement;
use crate::id::{AccountId, DweetId, NotificationId};
use crate::machine::MachineId;
use crate::nick::Nick;
use crate::rejected::Rejected;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What somebody may do beyond what everybody may; each may what those before it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing.
    #[default]
    Member,
    /// Acts on reports: suspends people, and deletes their dweets.
    Moderator,
    /// Gives roles, and says how the community is.
    Admin,
}

/// The text names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role is member, moderator or admin")]
pub struct NotARole;

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Member, Self::Moderator, Self::Admin];

    /// How it is stored.
    #[must_use]
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The stored role; an unknown number is a member's.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        Self::ALL
            .into_iter()
            .find(|role| role.number() == number)
            .unwrap_or_default()
    }

    /// Its name, in the API and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(text: &str) -> Result<Self, NotARole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(NotARole)
    }
}

/// Somebody, with the nick by which others know them: it never changes, so a log that has it needs to ask nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The account.
    pub id: AccountId,
    /// Its nick.
    pub nick: Nick,
}

/// What a moderator decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure {
    /// Somebody gets a role, or loses the one they have.
    GiveRole {
        /// Who.
        to: Person,
        /// Which.
        role: Role,
    },
    /// Nobody sees somebody any more, and they cannot log in; nothing of theirs is deleted.
    Suspend {
        /// Whom.
        whom: Person,
    },
    /// All is as it was.
    Unsuspend {
        /// Whom.
        whom: Person,
    },
    /// A dweet goes, as if its author had deleted it.
    DeleteDweet {
        /// Whose.
        author: Person,
        /// Which.
        dweet: DweetId,
    },
    /// The community settles something else.
    Settle {
        /// The version from which it was made.
        over: i64,
        /// What is settled from now on.
        settlement: Settlement,
    },
    /// A report is settled.
    Resolve {
        /// Which.
        report: NotificationId,
        /// Whom it is about.
        about: Person,
        /// How, for those who moderate.
        resolution: Resolution,
    },
}

/// What somebody tells moderators about somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its number, which has the time in it.
    pub id: NotificationId,
    /// Who tells.
    pub by: Person,
    /// Of whom.
    pub about: Person,
    /// Which dweets of theirs.
    pub dweets: Vec<DweetId>,
    /// What there is to say; may be empty.
    pub comment: String,
    /// Mastodon's word for the kind: `spam`, `violation`, `legal` or `other`.
    pub category: String,
}

/// How a report was settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// Who settled it.
    pub by: Person,
    /// When; milliseconds since 1970.
    pub at_ms: u64,
    /// What came of it, in their words; may be empty.
    pub note: String,
}

impl Measure {
    /// Which role it needs.
    #[must_use]
    pub fn needs(&self) -> Role {
        match self {
            Self::GiveRole { .. } | Self::Settle { .. } => Role::Admin,
            Self::Suspend { .. }
            | Self::Unsuspend { .. }
            | Self::DeleteDweet { .. }
            | Self::Resolve { .. } => Role::Moderator,
        }
    }

    /// Whom it is about, if it is about somebody.
    #[must_use]
    pub fn whom(&self) -> Option<&Person> {
        match self {
            Self::GiveRole { to, .. } => Some(to),
            Self::Suspend { whom } | Self::Unsuspend { whom } => Some(whom),
            Self::DeleteDweet { author, .. } => Some(author),
            Self::Resolve { about, .. } => Some(about),
            Self::Settle { .. } => None,
        }
    }

    /// Its name, in the API.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::GiveRole { .. } => "give_role",
            Self::Suspend { .. } => "suspend",
            Self::Unsuspend { .. } => "unsuspend",
            Self::DeleteDweet { .. } => "delete_dweet",
            Self::Settle { .. } => "settle",
            Self::Resolve { .. } => "resolve",
        }
    }
}

/// Who took a measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// Somebody with the role for it.
    Person(Person),
    /// Whoever runs this machine, at its control socket.
    Operator(MachineId),
}

/// A measure that was taken, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Its number, which has the time at which it was decided in it.
    pub id: NotificationId,
    /// Who.
    pub by: By,
    /// What.
    pub measure: Measure,
    /// Why, in the moderator's words; may be empty.
    pub why: String,
    /// What came of it: the home that it concerns may have refused it.
    pub outcome: Result<(), Rejected>,
}

/// Somebody as moderators see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dossier {
    /// The account, also while it is suspended.
    pub account: crate::view::AccountView,
    /// Their role.
    pub role: Role,
    /// Whether they are suspended.
    pub is_suspended: bool,
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn a_role_is_read_as_it_is_written_and_each_may_more_than_the_one_before() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(Role::from_number(role.number()), role);
        }
        assert!(Role::Member < Role::Moderator && Role::Moderator < Role::Admin);
        assert!("operator".parse::<Role>().is_err());
        assert_eq!(Role::from_number(9), Role::Member);
    }
}
