//! The ring as those who run it see it: its machines, its ranges and their copies, what happens, and the way to a home.
//!
//! Machines report what they know of themselves and of the groups that they lead; [`RingStatus::of`] puts the reports
//! together and judges them (`judge`). The JSON of these types is what scripts rely on (`docs/commands.md`): fields are
//! only ever added. Ids, positions and groups are sixteen hexadecimal digits there.
//!
//! **Invariant:** these values tell, they decide nothing: whatever they say may be out of date when it is read.

mod judge;

pub use judge::{Note, NoteKind};

use crate::position::{Position, Range};
use crate::{MachineId, Nick, Role};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A Raft group's name, as operators see it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupId(#[serde(with = "crate::hexadecimal")] pub u64);

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The whole ring, at one moment, as one machine sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingStatus {
    /// What it is.
    pub ring: RingFacts,
    /// Its machines: those with a position in the order of the ring, the others behind them.
    pub machines: Vec<MachineStatus>,
    /// Its ranges, in the order of their ends.
    pub ranges: Vec<RangeStatus>,
    /// How many machines, whichever they are, may be lost now with nothing lost and all of the ring still serving; 0 too
    /// where a stretch of the ring is unknown.
    pub tolerates: u32,
    /// What an operator ought to know, or may do; the graver ones first.
    pub notes: Vec<Note>,
    /// Whether a machine that should have answered did not, or a stretch of the ring is unknown.
    pub is_partial: bool,
}

/// What was settled when the ring was founded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingFacts {
    /// Which ring.
    #[serde(with = "crate::hexadecimal")]
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// On how many machines each range ought to be, as far as there are so many.
    pub replicas: u8,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineStatus {
    /// Its name.
    pub id: MachineId,
    /// What it is there for.
    pub role: Role,
    /// How it is.
    pub state: MachineState,
    /// Where it stands in the ring; gateways stand nowhere.
    pub position: Option<Position>,
    /// Where other machines reach it, the best first.
    pub peers: Vec<String>,
    /// Where people and apps reach it.
    pub http: Vec<String>,
    /// Whether it lets people and newcomers in.
    pub is_entry: bool,
    /// Its version of Tertulia; `None` if it has never said so.
    pub version: Option<String>,
    /// Whether it is the machine that was asked.
    pub is_this: bool,
    /// For how long nothing was heard from it; `None` while it answers, or when it was never heard.
    pub silent_for_ms: Option<u64>,
    /// How far its clock is ahead of the median of its peers (behind: negative); `None` where it is unknown.
    pub clock_off_ms: Option<i64>,
    /// Groups whose copies there cannot be used: they count as lost, and are made anew from others.
    pub sick: Vec<GroupId>,
    /// The disk that its data lies on; `None` where it has not said so.
    #[serde(default)]
    pub disk: Option<DiskRoom>,
}

/// How much room a disk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskRoom {
    /// What may still be written, in bytes.
    pub free_bytes: u64,
    /// All of it, in bytes.
    pub total_bytes: u64,
}

impl DiskRoom {
    /// With less room than this a busy machine may fill its disk before anybody has looked, in bytes.
    pub const FREE_BYTES_MIN: u64 = 1 << 30;

    /// Whether it has less room than any machine ought to have.
    #[must_use]
    pub fn is_low(self) -> bool {
        self.free_bytes < Self::FREE_BYTES_MIN
    }
}

/// How a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineState {
    /// It answers.
    Alive,
    /// It has not answered lately.
    Suspect,
    /// It has not answered for the grace period: its copies are made again elsewhere.
    Dead,
    /// It answers, and hands over what it holds.
    Leaving,
    /// It has left.
    Left,
    /// It was removed for good.
    Removed,
}

impl MachineState {
    /// Whether it answers.
    #[must_use]
    pub fn is_up(self) -> bool {
        matches!(self, Self::Alive | Self::Leaving)
    }

    /// Whether it is one of the ring's machines, answering or not.
    #[must_use]
    pub fn is_member(self) -> bool {
        !matches!(self, Self::Left | Self::Removed)
    }
}

/// One range, and who keeps its copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeStatus {
    /// The group that keeps it.
    pub group: GroupId,
    /// From where to where.
    pub range: Range,
    /// The machine that stands at its end; `None` for an orphaned end, which the next machine that joins adopts (J3).
    pub end: Option<MachineId>,
    /// How often the range has changed.
    pub epoch: u64,
    /// Who leads, as far as is known.
    pub leader: Option<MachineId>,
    /// Whether the leader itself has reported this: copies and numbers are of now.
    pub is_led: bool,
    /// The copies, those of voters first.
    pub copies: Vec<CopyStatus>,
    /// Rows in its database; `None` where that is unknown.
    pub rows: Option<u64>,
    /// The size of its database; `None` where that is unknown.
    pub bytes: Option<u64>,
}

/// One copy of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyStatus {
    /// The machine that keeps it.
    pub machine: MachineId,
    /// Its id in the group's consensus.
    pub node: u64,
    /// Whether it votes.
    pub kind: CopyKind,
    /// How many log entries it is behind the leader; `None` where that is unknown.
    pub lag_entries: Option<u64>,
    /// Whether its machine has said that it does not have it, or not any more: it counts as lost, and is made anew under another id (R3).
    pub is_stranger: bool,
}

/// What a copy is for the consensus of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyKind {
    /// It votes: its disk counts for what is acknowledged.
    Voter,
    /// It follows, and does not count yet.
    Learner,
}

/// Something that happened on the ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingEvent {
    /// When, by the clock of the machine that tells it; milliseconds since 1970.
    pub time_ms: u64,
    /// What.
    pub kind: EventKind,
    /// To which machine, or by which.
    pub machine: Option<MachineId>,
    /// To which group.
    pub group: Option<GroupId>,
}

/// What can happen on a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A machine has joined.
    Joined,
    /// A machine hands over what it holds, to leave.
    Leaving,
    /// A machine has left.
    Left,
    /// A machine has not answered lately.
    Suspect,
    /// A suspect or dead machine answers again.
    Returned,
    /// A machine has not answered for the grace period.
    Dead,
    /// A machine was removed for good.
    Removed,
    /// A range was cut in two; the machine stands at the new end, the group is the new one.
    Split,
    /// An orphaned end was adopted by a machine.
    Adopted,
    /// A copy of a group is complete on a machine, and votes.
    Moved,
    /// A machine leads a group now.
    Leader,
    /// A group was made anew from one copy, its majority given up.
    Recovered,
}

/// The way from a nick to its home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupPath {
    /// Whose home.
    pub nick: Nick,
    /// Where the nick stands.
    pub position: Position,
    /// The machines on the way: first the one that was asked, last the one that keeps a copy.
    pub hops: Vec<Hop>,
    /// The home.
    pub group: GroupId,
    /// Its range.
    pub range: Range,
    /// Who leads it, as far as is known.
    pub leader: Option<MachineId>,
}

/// A machine on the way to a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// Which.
    pub machine: MachineId,
    /// How the way led to it.
    pub kind: HopKind,
}

/// How a way leads to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HopKind {
    /// It was asked first.
    Start,
    /// The machine before it remembered the range.
    Known,
    /// It is a finger of the machine before it.
    Finger,
    /// It is a successor of the machine before it.
    Successor,
    /// It keeps a copy, says the machine before it.
    Host,
}

/// What a machine that leaves still has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveProgress {
    /// Copies that it held when it began.
    pub copies: u32,
    /// Copies that it still holds.
    pub copies_left: u32,
    /// What hinders it just now.
    pub hindrance: Option<Hindrance>,
}

/// What keeps a machine from leaving. It waits, and goes on when that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hindrance {
    /// A copy elsewhere is still being made, or has not caught up.
    CatchingUp {
        /// Of which group.
        group: GroupId,
    },
    /// A group has no leader just now.
    NoLeader {
        /// Which group.
        group: GroupId,
    },
    /// A machine that is needed does not answer.
    Silent {
        /// Which machine.
        machine: MachineId,
    },
}

#[cfg(test)]
mod tests;
