//! The whole cluster, simulated: many machines in one process and one thread, under a network, clocks and disks that are made up, in virtual time.
//!
//! The machines are the ones of the service: [`tertulia_node::Node`] with everything below it. What is made up is what they stand on: how letters travel
//! ([`net`]), what is left after a crash ([`life`], [`crate::disk`]), what time it is ([`clock`]), and how long a disk takes (`pace`). A run follows from its
//! seed: which machines there are, what people do ([`people`]), what goes wrong and when ([`plan`]). In the end everything is mended, what is there is read
//! ([`census`]), and all of it is held against the invariants, of which each has a file ([`invariant`]).
//!
//! # How to look for the cause of a breach
//!
//! `sim --seed N` runs a seed again; its trace tells what happened, letter by letter. `--log tertulia_node=debug,openraft=info` adds what the machines say.
//!
//! # What is the same when a seed is run again
//!
//! Everything, as far as it has been found: time is virtual, all tasks share one thread, and whatever is drawn at random in it comes from the seed,
//! also what the standard library, the runtime and the consensus draw ([`entropy`]). The log engine starts threads of its own (it counts,
//! and recovers in parallel); they decide nothing. So a seed gives the same trace, letter by letter, in every process in which it is the first to run;
//! `sim --twice` checks that, and a test does for one. The one exception: the seals of the ring's authority are drawn from the kernel itself; they decide
//! nothing, and the trace does not tell the size of letters that may carry them. Other versions of the code or of the compiler take another course with the same seed.
//!
//! # What is not simulated
//!
//! The HTTP API and the TLS between machines (letters are handed over as values); threads (a slow disk holds up its own worker, not a processor); clocks
//! that run at different speeds (they jump); a full or a lying disk (see `tests/crash`); the few real files of a data directory beside the log and the
//! databases, which are as if synced.

pub mod book;
pub mod census;
pub mod chance;
pub mod clock;
#[allow(
    unsafe_code,
    reason = "a function of the C library is replaced; each block says why it is sound"
)]
pub mod entropy;
pub mod invariant;
pub mod ledger;
pub mod life;
pub mod net;
mod pace;
pub mod people;
pub mod plan;
pub mod report;
pub mod rest;
pub mod run;
pub mod settings;
pub mod trace;
pub mod watch;
pub mod world;

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a machine is called in a simulation, whatever its disk and its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name(pub u8);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0)
    }
}
