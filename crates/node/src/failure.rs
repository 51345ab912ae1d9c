//! Why a verb has no reply, seen from outside.
//!
//! A [`Fault`](tertulia_state::Fault) is deliberately absent: it stops the group's copy on this machine and is in the log; who asked learns that the group is unavailable here, and asks again.

use serde::{Deserialize, Serialize};
use tertulia_types::Rejected;

use tertulia_types::MachineId;

/// No reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Refused; asking again gives the same.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Not now: asking again may help, and does no harm.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a group cannot answer now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Unavailable {
    /// Its queue is full.
    #[error("busy, try again")]
    Busy,
    /// It is led by another machine, if by any.
    #[error("the group has no leader here at the moment")]
    NotLeader {
        /// Who is said to lead it.
        leader: Option<MachineId>,
    },
    /// It has not answered in time. What was asked may still happen.
    #[error("no answer in time, try again")]
    Timeout,
    /// No machine that hosts it can be reached.
    #[error("the machines that hold this cannot be reached")]
    Unreached,
    /// Nobody is known to own the position.
    #[error("nobody is known to hold this")]
    Unowned,
    /// Its copy on the asked machine has stopped after a fault.
    #[error("the group has stopped on this machine after a fault; its log says why")]
    Sick,
    /// The machine is stopping.
    #[error("this machine is stopping")]
    Stopping,
    /// A member would not understand the command (R15).
    #[error(
        "a machine that keeps this runs an older version, which does not know this yet: bring it up to date"
    )]
    Older,
}
