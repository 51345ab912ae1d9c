//! Private messages, as far as anybody but the people of a conversation knows them: who waits for what, and in which order.
//!
//! What is written in a message only the devices of a conversation can read; to everybody else it is a run of bytes. Here are
//! the names of these things, and how big they may be.

use crate::id::AccountId;
use crate::position::Position;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// By how many numbers a mailbox is ahead of what a backup says when that is restored: more letters than can have come since.
pub const LETTERS_AHEAD: u64 = 1 << 32;
/// The same of the generations of a conversation's group: more than can have been begun since. A device whose conversation is this far
/// ahead of it knows that the ring was restored.
pub const GENERATIONS_AHEAD: u32 = 1 << 16;

/// The text is no such name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("32 hexadecimal digits are expected")]
pub struct NotAName;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Sixteen bytes; as text, 32 hexadecimal digits.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", u128::from_be_bytes(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAName;

            fn from_str(text: &str) -> Result<Self, NotAName> {
                let is_whole = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let number = u128::from_str_radix(text, 16).ok().filter(|_| is_whole);
                number.map(|number| Self(number.to_be_bytes())).ok_or(NotAName)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    <[u8; 16]>::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

name! {
    /// A device of a person: the first half of the SHA-256 of its signature key.
    DeviceId
}
name! {
    /// A conversation. That of two people follows from their accounts and begins with a zero byte, so that the two have one and
    /// nobody else can begin it; that of a room is drawn at random and begins with another byte.
    ConversationId
}
name! {
    /// A message, drawn at random by whoever sends it: with it a repeat is known.
    MessageId
}

name! {
    /// A sealed box that a person's devices leave for each other at the person's home. That of a device has the device's name, that of
    /// the person zeros; all others have names that only those know who are to open them.
    BoxName
}

impl BoxName {
    /// The box of what the person needs when all devices are lost.
    pub const SAFE: Self = Self([0; 16]);

    /// The box of the person's contacts.
    pub const CONTACTS: Self = {
        let mut name = [0; 16];
        name[15] = 1;
        Self(name)
    };

    /// The box of a device.
    #[must_use]
    pub fn of_device(device: DeviceId) -> Self {
        Self(device.0)
    }
}

impl ConversationId {
    /// The conversation of two people.
    #[must_use]
    pub fn of_two(one: AccountId, other: AccountId) -> Self {
        let (first, second) = (one.min(other), one.max(other));
        let hash: [u8; 32] = Sha256::digest(format!("tertulia conversation\n{first}\n{second}\n")).into();
        let mut id = [0; 16];
        id[1..].copy_from_slice(&hash[..15]);
        Self(id)
    }

    /// The conversation of a room, from bytes drawn at random.
    #[must_use]
    pub fn of_room(mut random: [u8; 16]) -> Self {
        random[0] |= 1;
        Self(random)
    }

    /// Whether it is a room's.
    #[must_use]
    pub fn is_of_room(self) -> bool {
        self.0[0] != 0
    }

    /// Where the order of its commits is kept.
    #[must_use]
    pub fn home(self) -> Position {
        Position::of("conversation", &self.to_string())
    }
}

/// How far a conversation has come: its group has gone through so many commits. A group that cannot go on (its devices have
/// lost what they knew, or a member has sent a commit that nobody can follow) is replaced by another one, of the next generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// Which group of the conversation it is, from 1 on; 0 before there is one.
    pub generation: u32,
    /// How many commits this group has gone through.
    pub number: u64,
}

/// What is in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// A message of a conversation.
    Message,
    /// A copy of a commit, from the conversation's home.
    Commit,
    /// What lets a device into a group, from the conversation's home.
    Welcome,
}

/// What one message may weigh, encrypted.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// What one commit, or one welcome, may weigh.
pub const COMMIT_BYTES_MAX: usize = 512 << 10;
/// What one key package may weigh.
pub const KEY_PACKAGE_BYTES_MAX: usize = 4 << 10;
/// What one sealed box may hold.
pub const BOX_BYTES_MAX: usize = 256 << 10;
/// People of one conversation at most.
pub const PEOPLE_MAX: usize = 256;
/// Devices of one person at most.
pub const DEVICES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::{DeviceId, NotAName};

    #[test]
    fn a_name_is_the_same_after_any_writing_and_only_32_digits_are_one() {
        let device = DeviceId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        let text = device.to_string();
        assert_eq!(text, "000102030405060708090a0b0c0d0eff");
        assert_eq!(text.parse(), Ok(device));
        let json = serde_json::to_string(&device).expect("written");
        assert_eq!(serde_json::from_str::<DeviceId>(&json).expect("read"), device);
        let bytes = postcard::to_stdvec(&device).expect("written");
        assert_eq!(bytes, device.0);
        assert_eq!(postcard::from_bytes::<DeviceId>(&bytes).expect("read"), device);
        for wrong in [
            "",
            "ff",
            "+00102030405060708090a0b0c0d0eff",
            "00102030405060708090a0b0c0d0eff",
        ] {
            assert_eq!(wrong.parse::<DeviceId>(), Err(NotAName), "{wrong}");
        }
    }
}
