//! The replicated state of a group: deterministic verbs on SQLite.
//!
//! A person's data has one home, the group whose range holds the position of their nick. All that can happen to it is a
//! [`verb`]: a *command*, which goes through the group's log and is applied by each of its copies alike, or a *query*,
//! which reads one copy. Each noun has a file here with its verbs, its rules, its SQL and its tests; `migrations/` holds
//! the tables. To read this crate, begin with [`verb`] and [`tx`] (what a verb is, and what it sees), go on with [`dweet`] and
//! [`follow`] (what happens at one home), [`outbox`] (how an effect reaches another home), [`timeline`] (what comes of it
//! all), and [`database`] (how a log becomes tables). [`language`] lists all verbs. [`range`] is how a group becomes two.
//!
//! **Invariants**
//! - *Determinism* (rule R14). Equal logs give equal tables. Time is the leader's stamp; ids come from state; there is no
//!   clock, no randomness, no floating point and no hash map in here, and the database denies SQL's own.
//! - *One home, one truth.* A command sees the tables of its own group only. What concerns another home is a row in the
//!   outbox, written in the same transaction as its cause; images at other homes carry the version of their source, and
//!   the higher version wins, so repeats and reorderings change nothing.
//! - *Ownership is checked at apply*, for commands and queries alike: a verb for a position that the group does not own is
//!   answered with what it does own.
//! - *Refusals are replies.* [`Rejected`](tertulia_types::Rejected) is the same on every copy; a [`Fault`] stops the group
//!   on this machine.
//! - *Safe to repeat.* Commands from outside carry a request key, and a repeat gets the first reply.
//!
//! Deliberately absent: threads, async, sockets, the consensus itself, JSON and HTML.

pub mod account;
pub mod actor;
pub mod block;
pub mod bookmark;
pub mod card;
pub mod closing;
pub mod community;
pub mod conversation;
pub mod database;
pub mod deed;
pub mod device;
mod digest;
pub mod dweet;
mod edge;
pub mod entry;
pub mod errand;
pub mod error;
pub mod event;
pub mod favourite;
pub mod follow;
pub mod growth;
pub mod hidden;
pub mod invitation;
mod key;
pub mod key_package;
pub mod language;
pub mod letter;
mod location;
pub mod mailbox;
pub mod marker;
pub mod measure;
pub mod mute;
pub mod notification;
pub mod oauth;
pub mod outbox;
pub mod page;
pub mod presence;
pub mod prune;
pub mod range;
mod reading;
pub mod redweet;
pub mod report;
pub mod request;
pub mod restoring;
pub mod safe;
pub mod search;
pub mod session;
mod stored;
mod table;
pub mod tag;
pub mod thread;
pub mod timeline;
#[cfg(debug_assertions)]
pub mod trial;
pub mod tx;
mod unwanted;
pub mod verb;

pub use database::{Applied, Checkpoint, Database, Placed, Proposal, Reader};
pub use error::Fault;
pub use event::Event;
pub use key::DataKey;
pub use language::{AnyCommand, AnyQuery};
pub use location::Location;
pub use tx::Descriptor;
pub use verb::{Command, Query, Verb};
