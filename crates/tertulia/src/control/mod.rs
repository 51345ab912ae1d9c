//! The control channel: how the commands of an operator reach the machine that runs on a data directory.
//!
//! A machine listens on a socket in its data directory. A command connects, sends one request as a line of JSON, and gets
//! answers as lines of JSON: one, or, for what lasts (`watch`, `leave`), as many as there are.
//!
//! **Invariant:** whoever may use the data directory is the operator, and nobody else: the socket has mode 0600 from the
//! moment at which it has its name.
//! **Invariant:** lines are bounded, every wait has its time, and only a few may be connected at once: nothing that is
//! sent here can hinder the machine.
//!
//! Deliberately absent: the network. To command a machine from elsewhere, log in to its computer.

mod client;
mod operator;
mod server;
#[cfg(test)]
mod tests;

pub(crate) use client::{Channel, Unreached, ask};
pub(crate) use operator::{Invitation, Operator, Piece, Refusal, TokenWish, Why};
pub(crate) use server::Control;

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tertulia_types::moderation::Role;
use tertulia_types::ring::{GroupId, LeaveProgress, LookupPath, RingEvent, RingStatus};
use tertulia_types::{MachineId, Nick};

/// The protocol that this version speaks.
const VERSION: u32 = 1;
/// The socket's name in the data directory.
const SOCKET: &str = "control";
/// A request names a nick, a machine or a role, or some thousand groups.
const REQUEST_BYTES_MAX: u64 = 64 << 10;
/// The status of a ring of some ten thousand ranges.
const ANSWER_BYTES_MAX: u64 = 32 << 20;
/// Where something lasts, a line comes at least this often, so that silence means that the machine hangs.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// A line from a command.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    version: u32,
    ask: Ask,
}

/// A line from the machine.
#[derive(Debug, Serialize, Deserialize)]
struct Reply {
    version: u32,
    answer: Answer,
}

/// What a command asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// The ring as it is.
    Status,
    /// The ring as it is, whenever it changes, and what happens on it, until the command goes away.
    Watch,
    /// A token for others to join with.
    Token(TokenWish),
    /// The way to the home of a nick.
    Lookup {
        /// Whose.
        nick: Nick,
    },
    /// To leave the ring, and to stop after that.
    Leave,
    /// To remove another machine for good.
    Remove {
        /// Which.
        machine: MachineId,
    },
    /// To give somebody a role.
    Appoint {
        /// Whom.
        nick: Nick,
        /// Which.
        role: Role,
    },
    /// To go on from the copies that are left here of these groups, and of no others: what was confirmed.
    Recover {
        /// Which.
        groups: BTreeSet<GroupId>,
    },
    /// A backup of the ring, piece by piece.
    Backup,
}

impl Ask {
    /// How long the machine may take for it, in silence.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::Status | Self::Token(_) | Self::Lookup { .. } => Duration::from_secs(5),
            Self::Remove { .. } | Self::Appoint { .. } => Duration::from_secs(30),
            Self::Recover { .. } => Duration::from_secs(60),
            Self::Watch | Self::Leave | Self::Backup => SILENCE_MAX * 3,
        }
    }
}

/// What the machine answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The ring as it is.
    Status(RingStatus),
    /// Something happened.
    Event(RingEvent),
    /// More happened than could be told: the next status has it.
    Missed,
    /// A token.
    Token(Invitation),
    /// A way.
    Lookup(LookupPath),
    /// How far the leaving is.
    Leaving(LeaveProgress),
    /// The role that somebody had before.
    Appointed(Role),
    /// The groups that were made anew.
    Recovered(Vec<GroupId>),
    /// A piece of a backup.
    Backup(Piece),
    /// It is done, and there is nothing to say about it.
    Done,
    /// It is not done.
    Refused(Refusal),
}

/// One line of JSON.
fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// A name in an open directory. A socket's path may have 100 characters or so; by way of the directory it is short,
/// wherever that lies. Where there is no such way the path is what it is.
struct Place {
    directory: File,
    path: PathBuf,
}

impl Place {
    fn open(directory: &Path) -> io::Result<Self> {
        Ok(Self {
            directory: File::open(directory)?,
            path: directory.to_owned(),
        })
    }

    fn of(&self, name: &str) -> PathBuf {
        let short = PathBuf::from(format!("/proc/self/fd/{}", self.directory.as_raw_fd()));
        if short.exists() {
            short.join(name)
        } else {
            self.path.join(name)
        }
    }
}
