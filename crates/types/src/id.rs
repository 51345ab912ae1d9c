//! Ids: 63-bit numbers `unix_ms << 16 | slot`, shown as decimal strings.
//!
//! Sortable by time, of the same shape as Mastodon's, and an id names its own home: the low 16 bits are the slot. The
//! home keeps milliseconds unique per slot, so ids are unique in the whole ring.

use crate::position::{Position, Slot};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The text was not an id: 1 to 19 decimal digits below 2^63.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is a decimal number below 2^63")]
pub struct NotAnId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Behind every id.
            pub const MAX: Self = Self(i64::MAX);
            /// Before every id.
            pub const MIN: Self = Self(0);

            /// The id of something made at `unix_ms` in `slot`. Times behind the year 6000 are cut to 47 bits.
            #[must_use]
            pub fn new(unix_ms: u64, slot: Slot) -> Self {
                let ms = i64::try_from(unix_ms & ((1 << 47) - 1)).unwrap_or(0);
                Self((ms << 16) | i64::from(slot.0))
            }

            /// The number itself, as the database keeps it.
            #[must_use]
            pub fn get(self) -> i64 {
                self.0
            }

            /// The id with this number; negative numbers are no ids.
            #[must_use]
            pub fn from_number(number: i64) -> Option<Self> {
                (number >= 0).then_some(Self(number))
            }

            /// The slot of its home.
            #[must_use]
            pub fn slot(self) -> Slot {
                Slot((self.0 & 0xFFFF) as u16)
            }

            /// A position at its home.
            #[must_use]
            pub fn home(self) -> Position {
                self.slot().end()
            }

            /// When it was made, in milliseconds since 1970.
            #[must_use]
            pub fn unix_ms(self) -> u64 {
                u64::try_from(self.0 >> 16).unwrap_or(0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if text.is_empty() || text.len() > 19 || !text.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(NotAnId);
                }
                text.parse().map(Self).map_err(|_| NotAnId)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
                } else {
                    let number = i64::deserialize(deserializer)?;
                    Self::from_number(number).ok_or_else(|| serde::de::Error::custom(NotAnId))
                }
            }
        }
    };
}

id! {
    /// The id of an account: never reused, also when its nick is closed.
    AccountId
}
id! {
    /// The id of a dweet or of a redweet.
    DweetId
}
id! {
    /// The id of a notification, or of another thing that is listed by the time it came about.
    NotificationId
}

#[cfg(test)]
mod tests {
    use super::DweetId;
    use crate::position::Slot;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    #[test]
    fn text_that_is_no_id_is_refused() {
        for text in [
            "",
            "-1",
            "+1",
            "abc",
            "1 ",
            "99999999999999999999",
            "9223372036854775808",
        ] {
            assert!(text.parse::<DweetId>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_id_keeps_its_time_and_slot(ms in 0_u64..(1 << 47), slot in any::<u16>()) {
            let id = DweetId::new(ms, Slot(slot));
            prop_assert_eq!((id.unix_ms(), id.slot()), (ms, Slot(slot)));
            prop_assert_eq!(id.to_string().parse::<DweetId>(), Ok(id));
        }
    }
}
