//! The two ways in which a verb does not succeed.
//!
//! A [`Rejected`] is an answer: every copy of the group gives the same. A [`Fault`] means that *this* copy is sick (disk,
//! corruption, a bug): the group stops on this machine and nobody is answered.

use tertulia_types::Rejected;

/// This copy cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database failed.
    #[error("the group's database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// The schema could not be made or brought up to date.
    #[error("the group's database could not be brought to this version: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// The file was written by a newer version.
    #[error(
        "the group's database has version {found}, this program knows up to {known}: use a newer tertulia"
    )]
    Version {
        /// What the file says.
        found: i64,
        /// The newest that we know.
        known: i64,
    },
    /// Bytes that we wrote ourselves cannot be read.
    #[error("stored bytes cannot be read ({what}): {source}")]
    Codec {
        /// What they should have been.
        what: &'static str,
        /// Why not.
        source: postcard::Error,
    },
    /// The file lacks what each file of ours has.
    #[error("the group's database is damaged: {0}")]
    Damaged(&'static str),
    /// A file could not be synced or copied.
    #[error("file of the group's database: {0}")]
    File(#[from] std::io::Error),
}

impl Fault {
    /// Whether the disk is full: then the copy is as good as before, and what the machine needs is room.
    #[must_use]
    pub fn is_full_disk(&self) -> bool {
        match self {
            Self::Database(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::File(error) => error.kind() == std::io::ErrorKind::StorageFull,
            Self::Migration(_) | Self::Version { .. } | Self::Codec { .. } | Self::Damaged(_) => false,
        }
    }
}

/// Why a verb has no reply.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Refused, and every copy refuses alike.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// This copy is sick.
    #[error(transparent)]
    Fault(Fault),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        // A number that no column can hold is the verb's fault, and so the same at each copy.
        if let Fault::Database(rusqlite::Error::ToSqlConversionFailure(_)) = fault {
            return Rejected::Invalid("a number is too large".to_owned()).into();
        }
        Self::Fault(fault)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Database(error).into()
    }
}

/// What a verb comes to.
pub type Outcome<T> = Result<T, Error>;

/// Encodes a value of ours.
pub(crate) fn encode<T: serde::Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Fault> {
    postcard::to_stdvec(value).map_err(|source| Fault::Codec {
        what: "encoding",
        source,
    })
}

/// Decodes a value that we stored.
pub(crate) fn decode<'a, T: serde::Deserialize<'a>>(what: &'static str, bytes: &'a [u8]) -> Result<T, Fault> {
    postcard::from_bytes(bytes).map_err(|source| Fault::Codec { what, source })
}
