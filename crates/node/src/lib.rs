//! A machine: its groups, its log, its router and its courier.
//!
//! What is above asks `node.submit(command)` and `node.query(query)`, and learns nothing of groups, consensus or files. Read in this order:
//!
//! - [`node`]: the machine as a whole, opened on a data directory ([`identity`]).
//! - [`router`](self): from the position of a verb's home to the group, to the machine that leads it. It knows who owns what from a table that may be out of date,
//!   and learns from answers.
//! - `group`: one running group. Commands go through `batch` (many commands become one log entry), queries through `gate` (one round of the consensus for all
//!   queries that wait), both end at the group's database.
//! - `raft`: all of openraft and the log engine.
//! - `courier`: carries out what a group owes other homes. `pruner`: has removed what has outlived its time.
//! - `roster`, `replica`, `membership`: which groups have a copy here, how a copy is born and leaves.
//!
//! **Invariants**
//! - A command is answered when a majority has it on disk *and* it is applied; a query sees all that was answered before it came (C1, C2).
//! - Nothing acknowledged is lost by a crash at any step: the log is synced before the answer, and cut only behind what the database has safely on disk (R4).
//! - Queues are bounded, waits are timed; "busy" and "not now" are answers, and asking again is safe.
//!
//! Deliberately absent: HTTP, what verbs mean, and how the ring decides who should host what.

mod batch;
mod courier;
pub mod events;
pub mod failure;
pub mod files;
mod gate;
mod group;
pub mod identity;
mod membership;
pub mod node;
mod pruner;
mod raft;
mod replica;
mod roster;
mod router;
mod shelf;
mod stage;
pub mod switchboard;
mod table;

pub use batch::Clock;
pub use events::{Happened, Heard, Listener};
pub use failure::{Failure, Unavailable};
pub use files::{Blocks, Files, Medium};
pub use group::GroupError;
pub use identity::{DirectoryError, Identity};
pub use tertulia_types::MachineId;
pub use membership::Seat;
pub use node::{Answers, Node, NodeError, Options, Standing};
pub use raft::journal::{Fatal, JournalError};
pub use raft::network::{Absence, Call, Letter, Recipient, Transport, Unreached};
pub use raft::{Member, NodeId, Pace};
pub use roster::Receive;
pub use stage::Stage;
