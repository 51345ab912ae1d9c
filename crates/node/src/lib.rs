//! A machine: its groups, its log, its router and its courier.
//!
//! What is above asks `node.submit(command)` and `node.query(query)`, and learns nothing of groups, consensus or files. Read in this order:
//!
//! - [`node`]: the machine as a whole, opened on a data directory with its papers ([`charter`], [`identity`]).
//! - [`router`](self): from the position of a verb's home to the group, to the machine that leads it. It knows who owns what from a table that may be out of date,
//!   learns from answers, and asks the `finder` where nobody is known.
//! - `group`: one running group. Commands go through `batch` (many commands become one log entry), queries through `gate` (one round of the consensus for all
//!   queries that wait), both end at the group's database.
//! - `raft`: all of openraft and the log engine.
//! - `courier`: carries out what a group owes other homes. `pruner`, `trimmer`: have removed what has outlived its time, or belongs to the other half of a split.
//! - `roster`, `replica`, `copies`, `birth`: which groups have a copy here, how a copy is born and leaves. `membership`: the steps of a group's own changes.
//! - `hosts`: who should keep copies, and which step comes next, as a decision without network or clock; `steward`: takes the steps.
//! - `driver`: runs the ring's pointers, and remembers whom it has lost; `ask`, `desk`: what machines ask each other beside letters about groups; `census`,
//!   `gossip`: the address book, read and spread; [`newcomer`], [`departure`]: finding a place, and leaving; `report`: what operators see.
//! - [`peers`]: how machines reach and trust each other.
//!
//! **Invariants**
//! - A command is answered when a majority has it on disk *and* it is applied; a query sees all that was answered before it came (C1, C2).
//! - Nothing acknowledged is lost by a crash at any step: the log is synced before the answer, and cut only behind what the database has safely on disk (R4).
//! - Queues are bounded, waits are timed; "busy" and "not now" are answers, and asking again is safe.
//!
//! Deliberately absent: HTTP, and what verbs mean.

pub mod appoint;
mod ask;
pub mod backup;
mod batch;
mod birth;
mod census;
pub mod charter;
mod copies;
mod courier;
mod cradle;
pub mod departure;
mod desk;
mod driver;
pub mod error;
mod events;
pub mod failure;
pub mod files;
mod finder;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod gate;
mod given_up;
mod gossip;
mod group;
mod hold;
mod hosts;
pub mod identity;
mod key;
mod lender;
mod membership;
pub mod newcomer;
pub mod node;
pub mod peers;
mod private;
mod pruner;
mod raft;
pub mod recovery;
mod relay;
mod replica;
mod report;
pub mod restore;
mod roll;
mod room;
mod roster;
mod router;
pub mod seal;
mod shelf;
mod staff;
mod stage;
#[cfg(test)]
mod stand_in;
mod steward;
pub mod switchboard;
mod table;
mod timekeeper;
pub mod trace;
#[cfg(debug_assertions)]
mod trial;
mod trimmer;

pub use batch::Clock;
pub use charter::{Charter, CharterError};
pub use departure::LeaveError;
pub use error::NodeError;
pub use events::{Happened, Heard, Listener};
pub use failure::{Failure, Unavailable};
pub use files::{Blocks, Files, Medium};
pub use group::GroupError;
pub use identity::{DirectoryError, Identity};
pub use key::{PublicKey, Signature};
pub use membership::Seat;
pub use newcomer::JoinError;
pub use node::{Answers, Node, Options, Standing, unix_ms};
pub use raft::journal::{Fatal, JournalError};
pub use raft::network::{Absence, Call, Letter, Recipient, Transport, Unreached};
pub use raft::{Member, NodeId, Pace};
pub use recovery::RecoverError;
pub use roll::Roll;
pub use roster::Receive;
pub use stage::{Lag, Stage};
pub use steward::Patience;
#[cfg(debug_assertions)]
pub use tertulia_state::trial::be_next;
pub use tertulia_types::MachineId;
