//! Why a file cannot be restored.

use std::io::{self, ErrorKind};

/// The format that this version writes and reads.
pub(super) const VERSION: u32 = 1;

/// Why a file is no backup that could be restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is something else.
    #[error("the file is no backup of a ring")]
    Other,
    /// Another version wrote it.
    #[error("the backup has format {0}, and this program reads format {VERSION}")]
    Version(u32),
    /// It is under a passphrase, and none was given.
    #[error("the backup is under a passphrase")]
    Locked,
    /// It is under another passphrase; or damaged at its beginning.
    #[error("the passphrase does not open the backup")]
    Passphrase,
    /// It ends too early.
    #[error("the backup is cut off")]
    CutOff,
    /// Something in it is not as it was written.
    #[error("the backup is damaged")]
    Damaged,
    /// The file cannot be read.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        let kind = error.kind();
        if kind == ErrorKind::UnexpectedEof {
            Self::CutOff
        } else if kind == ErrorKind::InvalidData {
            Self::Damaged
        } else {
            Self::Io(error)
        }
    }
}
