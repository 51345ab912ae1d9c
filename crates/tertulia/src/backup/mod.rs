//! A backup of a ring, as a file.
//!
//! In a file there are, one after the other: a head; the manifest (JSON), which says what the ring is and which groups it has; the
//! databases of the groups, in the order of the manifest; and an end (JSON) with the SHA-256 of each of these parts. Numbers are
//! written with the highest byte first.
//!
//! ```text
//! head   "tertulia-backup\n"  version (4 bytes)  0: in the clear, 1: under a passphrase  [salt, 16 bytes]
//! part   kind (1 byte)  length (8 bytes)  the bytes  SHA-256 of all that (32 bytes)
//! ```
//!
//! Kinds: 1 the manifest, 2 a database (SQLite), 3 the end. Under a passphrase what follows the head is cut into pieces, each sealed
//! by ChaCha20-Poly1305 under the key that Argon2id makes of passphrase and salt (64 MiB, three passes): see `seal`.
//!
//! **Invariant:** whoever reads a backup to its end knows that it is whole and as it was written, to the byte; nothing that was read
//! before counts until then.
//! **Invariant:** the file holds the ring's authority, with which anybody can make machines that people trust, and all that machines
//! know of people. It is a secret: it is readable by its owner alone from the first byte on, under a passphrase or not.

mod format;
mod seal;
mod unreadable;

pub(crate) use format::{Reader, Writer};
pub(crate) use unreadable::Unreadable;

use serde::{Deserialize, Serialize};
use tertulia_types::Range;
use tertulia_types::ring::GroupId;

/// What a backup says of its ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The program that made it.
    pub(crate) program: String,
    /// When, in milliseconds since 1970.
    pub(crate) taken_ms: u64,
    /// Whether all groups were copied at one moment, as far as what homes owe each other goes.
    pub(crate) is_one_moment: bool,
    /// The ring.
    pub(crate) ring: Papers,
    /// Its groups.
    pub(crate) groups: Vec<Lot>,
}

/// A ring's papers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Papers {
    /// As people's programs know it.
    #[serde(with = "tertulia_types::hexadecimal")]
    pub(crate) id: u64,
    /// What people call it.
    pub(crate) title: String,
    /// How many copies it keeps.
    pub(crate) replicas: u32,
    /// Its authority's certificate, as PEM.
    pub(crate) ca: String,
    /// The key of that, as PEM.
    pub(crate) ca_key: String,
    /// Under which key the databases lie, in hexadecimal; none: in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data_key: Option<String>,
}

impl std::fmt::Debug for Papers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Papers")
            .field("id", &self.id)
            .field("title", &self.title)
            .finish_non_exhaustive()
    }
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lot {
    /// Its id.
    pub(crate) group: GroupId,
    /// What it owns.
    pub(crate) range: Range,
    /// How often that has changed.
    pub(crate) epoch: u64,
    /// The last entry of its log whose effects are in its database.
    pub(crate) applied: u64,
    /// How long its database is.
    pub(crate) bytes: u64,
}

impl Manifest {
    /// How long all databases are together.
    pub(crate) fn bytes(&self) -> u64 {
        self.groups
            .iter()
            .map(|lot| lot.bytes)
            .fold(0, u64::saturating_add)
    }
}
