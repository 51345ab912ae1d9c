//! Development only: faults made to order, and real machines driven from outside, under load and under attack.
//!
//! - [`disk`]: a disk in memory that forgets at the crash whatever was not synced, for the log engine and for SQLite.
//! - [`cluster`]: a whole ring of machines in one thread and in virtual time, under made-up trouble that follows from a seed.
//! - [`wire`]: the plainest HTTP there is, so that a loader costs little of the computer that it shares with what it
//!   measures; [`machine`]: a `tertulia` process; [`person`]: somebody with a session on it.
//! - [`lan`]: computers on a network whose cables can be pulled.
//! - [`load`]: people who use machines under attack, and a ledger of what was acknowledged to them; [`lot`]: chance that can be had again.
//! - [`linear`]: whether what people saw can be told as one thing after another.
//! - [`mod@bench`]: measurements, beside peers.
//!
//! **Invariant:** nothing here is part of the product: no other crate uses it but in its tests. What is checked from
//! outside is checked through the binary and its public HTTP API.

pub mod disk;

pub mod cluster;

pub mod wire;

pub mod machine;

pub mod person;

pub mod lan;

pub mod lot;

pub mod load;
mod talk;

pub mod linear;

pub mod bench;
