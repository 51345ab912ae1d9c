//! What a person says of their devices: a chain of statements, each signed by the person's identity key and each naming the one
//! before by its hash.
//!
//! Homes keep the chain and see to it that it only grows; whether the signatures hold is looked at by those who rely on it, the
//! clients of others: no home has to be believed. A statement is text, so that any program can make and check it without a codec.
//!
//! **Invariant:** a statement has one form only: the same record is the same text, to the byte.

use crate::hexadecimal::digits;
use crate::id::AccountId;
use crate::message::DeviceId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A device's name for its owner, in characters.
pub const LABEL_CHARACTERS_MAX: usize = 64;
/// Statements in one chain at most.
pub const RECORDS_MAX: usize = 1_000;

/// The hash of a statement; all zeros stands before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link(pub [u8; 32]);

/// A public Ed25519 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublicKey(pub [u8; 32]);

/// What happens to a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// It is the person's from now on.
    Add {
        /// Its signature key.
        key: PublicKey,
        /// What its owner calls it.
        label: String,
    },
    /// It is not theirs any more.
    Revoke {
        /// Which.
        device: DeviceId,
    },
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Whose devices.
    pub account: AccountId,
    /// The person's identity key. Another one than in the statement before: all devices from before are void, and whoever knew
    /// the person is told loudly.
    pub identity: PublicKey,
    /// 0 for the first, and one more for each.
    pub sequence: u32,
    /// The hash of the statement before.
    pub previous: Link,
    /// When it was made, by the clock of the device that made it.
    pub made_ms: u64,
    /// What it says.
    pub change: Change,
}

/// A statement with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRecord {
    /// What is said.
    pub record: Record,
    /// By the identity key, over [`Record::statement`]: 64 bytes.
    pub signature: Vec<u8>,
}

/// A label cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a device's name has 1 to {LABEL_CHARACTERS_MAX} characters, and no line breaks")]
pub struct UnfitLabel;

impl PublicKey {
    /// The device whose signature key this is.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        let hash: [u8; 32] = Sha256::digest(self.0).into();
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        DeviceId(id)
    }
}

impl Record {
    /// What is signed: lines of text.
    #[must_use]
    pub fn statement(&self) -> String {
        let mut text = format!(
            "tertulia device statement 1\naccount {}\nidentity {}\nsequence {}\nprevious {}\nmade {}\n",
            self.account,
            digits(&self.identity.0),
            self.sequence,
            digits(&self.previous.0),
            self.made_ms
        );
        // Writing to a String cannot fail.
        let _ = match &self.change {
            Change::Add { key, label } => writeln!(text, "add {} {label}", digits(&key.0)),
            Change::Revoke { device } => writeln!(text, "revoke {device}"),
        };
        text
    }

    /// What the next statement names as its previous.
    #[must_use]
    pub fn link(&self) -> Link {
        Link(Sha256::digest(self.statement()).into())
    }

    /// Whether its text has one form only: a label could bring lines of its own.
    ///
    /// # Errors
    /// If the label is no label.
    pub fn check(&self) -> Result<(), UnfitLabel> {
        let is_fit = match &self.change {
            Change::Add { label, .. } => {
                (1..=LABEL_CHARACTERS_MAX).contains(&label.chars().count())
                    && !label.chars().any(char::is_control)
            }
            Change::Revoke { .. } => true,
        };
        is_fit.then_some(()).ok_or(UnfitLabel)
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Link, PublicKey, Record, UnfitLabel};
    use crate::id::AccountId;

    fn record(label: &str) -> Record {
        Record {
            account: AccountId::from_number(77 << 16).expect("an id"),
            identity: PublicKey([1; 32]),
            sequence: 0,
            previous: Link::default(),
            made_ms: 12,
            change: Change::Add {
                key: PublicKey([2; 32]),
                label: label.to_owned(),
            },
        }
    }

    #[test]
    fn a_statement_is_text_that_any_program_can_make() {
        let one = "01".repeat(32);
        let two = "02".repeat(32);
        let zeros = "00".repeat(32);
        let expected = format!(
            "tertulia device statement 1\naccount 5046272\nidentity {one}\nsequence 0\nprevious {zeros}\nmade 12\nadd {two} Ana’s laptop\n"
        );
        assert_eq!(record("Ana’s laptop").statement(), expected);
    }

    #[test]
    fn a_label_brings_no_lines_of_its_own() {
        assert_eq!(record("laptop").check(), Ok(()));
        for unfit in ["", "a\nrevoke 00", "a\rb", &"x".repeat(65)] {
            assert_eq!(record(unfit).check(), Err(UnfitLabel), "{unfit:?}");
        }
    }
}
