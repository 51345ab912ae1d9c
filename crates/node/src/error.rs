//! What stands in the way of a machine's opening, and of what it does with its copies.

use std::path::PathBuf;

use crate::charter::CharterError;
use crate::group::GroupError;
use crate::raft::journal::JournalError;

/// A machine that cannot be opened, or a step that it could not do.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The data directory, and what it says of the ring.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// The log is gone.
    #[error(
        "this machine has founded its ring, and its log is not in {}; restore it, or give --data another directory", .0.display()
    )]
    LogMissing(PathBuf),
    /// The log.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A group.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// The group is not on this machine.
    #[error("group {0:016x} is not on this machine")]
    NotHere(u64),
    /// The copy is a member, as far as anybody has shown.
    #[error("the copy of group {0:016x} on this machine is a member of it")]
    Member(u64),
    /// The group is, or was, on this machine.
    #[error("group {0:016x} is on this machine already, or was under that node id")]
    KnownHere(u64),
    /// A thread or a file could not be had.
    #[error("the machine cannot be started")]
    Io(#[from] std::io::Error),
}
