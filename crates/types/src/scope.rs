//! OAuth scopes as Mastodon names them: `read`, `write`, `follow`, `push`, `profile`, and finer ones as `write:statuses`.
//!
//! Private messages have two of their own, `read:messages` and `write:messages`, which an application has to ask for by name: `read` and
//! `write` are what apps for Mastodon ask for, and were never meant for these.
//!
//! One more, `all`, is given only to sessions that were opened with the password through Tertulia's own endpoints: it
//! allows what no application may do, such as changing the password or closing the account.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The finer scopes; the position in this list is the bit. Only ever appended to.
const NAMES: [&str; 29] = [
    "read:accounts",
    "read:blocks",
    "read:bookmarks",
    "read:favourites",
    "read:filters",
    "read:follows",
    "read:lists",
    "read:mutes",
    "read:notifications",
    "read:search",
    "read:statuses",
    "write:accounts",
    "write:blocks",
    "write:bookmarks",
    "write:conversations",
    "write:favourites",
    "write:filters",
    "write:follows",
    "write:lists",
    "write:media",
    "write:mutes",
    "write:notifications",
    "write:reports",
    "write:statuses",
    "push",
    "profile",
    "all",
    "read:messages",
    "write:messages",
];

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes(u64);

/// The scope's name is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope: {0}")]
pub struct UnknownScope(pub String);

macro_rules! scope_constants {
    ($($name:ident = $text:literal),* $(,)?) => {
        impl Scopes {
            $(#[doc = concat!("`", $text, "`")] pub const $name: Self = Self::named($text);)*
        }
    };
}

scope_constants! {
    READ_ACCOUNTS = "read:accounts", READ_BLOCKS = "read:blocks", READ_FAVOURITES = "read:favourites",
    READ_FOLLOWS = "read:follows", READ_MUTES = "read:mutes", READ_NOTIFICATIONS = "read:notifications",
    READ_SEARCH = "read:search", READ_STATUSES = "read:statuses", READ_BOOKMARKS = "read:bookmarks",
    WRITE_ACCOUNTS = "write:accounts",
    WRITE_BLOCKS = "write:blocks", WRITE_FAVOURITES = "write:favourites", WRITE_FOLLOWS = "write:follows",
    WRITE_MUTES = "write:mutes", WRITE_NOTIFICATIONS = "write:notifications", WRITE_STATUSES = "write:statuses",
    WRITE_BOOKMARKS = "write:bookmarks", WRITE_REPORTS = "write:reports",
    READ_MESSAGES = "read:messages", WRITE_MESSAGES = "write:messages",
    PROFILE = "profile", ALL = "all",
}

impl Scopes {
    /// No scope: any valid session will do.
    pub const NONE: Self = Self(0);
    /// Everything: what a login with the password gives.
    pub const EVERYTHING: Self = Self((1 << NAMES.len()) - 1);

    const fn named(name: &str) -> Self {
        let mut i = 0;
        while i < NAMES.len() {
            if equal(NAMES[i], name) {
                return Self(1 << i);
            }
            i += 1;
        }
        panic!("no such scope")
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits, as the database keeps them.
    #[must_use]
    pub fn bits(self) -> i64 {
        i64::try_from(self.0).unwrap_or(0)
    }

    /// The set with these bits; unknown bits are dropped.
    #[must_use]
    pub fn from_bits(bits: i64) -> Self {
        Self(u64::try_from(bits).unwrap_or(0) & Self::EVERYTHING.0)
    }

    /// Parses names divided by blanks; an empty text is `read`. `all` cannot be asked for by name.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        if text.trim().is_empty() {
            return Self::parse("read");
        }
        text.split_whitespace()
            .try_fold(Self::NONE, |set, name| Ok(set.with(Self::one(name)?)))
    }

    fn one(name: &str) -> Result<Self, UnknownScope> {
        let beginning = |prefix: &str| {
            let bits = NAMES.iter().enumerate().filter(|(_, n)| is_of_family(n, prefix));
            Self(bits.fold(0, |set, (i, _)| set | (1 << i)))
        };
        match name {
            "read" => Ok(beginning("read:")),
            "write" => Ok(beginning("write:")),
            "follow" => Ok(Self::READ_BLOCKS
                .with(Self::WRITE_BLOCKS)
                .with(Self::READ_FOLLOWS)
                .with(Self::WRITE_FOLLOWS)
                .with(Self::READ_MUTES)
                .with(Self::WRITE_MUTES)),
            "all" => Err(UnknownScope(name.to_owned())),
            // Mastodon's moderation scopes are granted in name and allow nothing here.
            _ if name.starts_with("admin:") => Ok(Self::NONE),
            _ => match NAMES.iter().position(|n| *n == name) {
                Some(i) => Ok(Self(1 << i)),
                None => Err(UnknownScope(name.to_owned())),
            },
        }
    }
}

/// Whether a finer scope is given with its family.
fn is_of_family(name: &str, prefix: &str) -> bool {
    name.starts_with(prefix) && !name.ends_with(":messages")
}

const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

impl fmt::Display for Scopes {
    /// The names divided by blanks; whole families by their family's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Vec::new();
        for family in ["read", "write"] {
            let whole = Self::one(family).unwrap_or_default();
            let is_whole = self.contains(whole);
            if is_whole {
                names.push(family);
            }
            let prefix = format!("{family}:");
            let fine = NAMES.iter().enumerate().filter(|(i, n)| {
                let is_said = is_whole && is_of_family(n, &prefix);
                n.starts_with(&prefix) && self.0 & (1 << i) != 0 && !is_said
            });
            names.extend(fine.map(|(_, n)| *n));
        }
        if self.contains(Self::one("follow").unwrap_or_default()) {
            names.push("follow");
        }
        let rest = NAMES
            .iter()
            .enumerate()
            .filter(|(i, n)| !n.contains(':') && self.0 & (1 << i) != 0);
        names.extend(rest.map(|(_, n)| *n));
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::Scopes;

    #[test]
    fn families_contain_their_members() {
        let asked = Scopes::parse("read write:statuses follow").expect("known");
        assert!(asked.contains(Scopes::READ_ACCOUNTS) && asked.contains(Scopes::WRITE_STATUSES));
        assert!(asked.contains(Scopes::WRITE_FOLLOWS) && !asked.contains(Scopes::WRITE_ACCOUNTS));
        assert!(!asked.contains(Scopes::ALL));
    }

    #[test]
    fn messages_are_asked_for_by_name() {
        let apps = Scopes::parse("read write follow push profile").expect("known");
        assert!(!apps.contains(Scopes::READ_MESSAGES) && !apps.contains(Scopes::WRITE_MESSAGES));
        let asked = Scopes::parse("read read:messages").expect("known");
        assert!(asked.contains(Scopes::READ_MESSAGES) && asked.contains(Scopes::READ_STATUSES));
        assert_eq!(asked.to_string(), "read read:messages");
        assert!(Scopes::EVERYTHING.contains(Scopes::WRITE_MESSAGES));
    }

    #[test]
    fn an_application_cannot_ask_for_all() {
        assert!(Scopes::parse("all").is_err() && Scopes::parse("nonsense").is_err());
        assert!(
            !Scopes::parse("read write follow push profile")
                .expect("known")
                .contains(Scopes::ALL)
        );
    }

    #[test]
    fn text_survives_a_round_trip() {
        for text in [
            "read",
            "read write follow push",
            "read:accounts write:statuses profile",
        ] {
            let set = Scopes::parse(text).expect("known");
            assert_eq!(Scopes::parse(&set.to_string()), Ok(set), "{text}");
        }
        assert_eq!(
            Scopes::parse("read write follow").expect("known").to_string(),
            "read write follow"
        );
    }
}
