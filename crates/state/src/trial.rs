//! A command that the next version knows and this one does not: for trying whether machines of two versions work together (rule R15).
//!
//! **Invariant:** it is in programs that are built for development only, and there a machine knows it when it was told to be of the next version. A machine
//! that was not reads it as any old one reads what it does not know: not at all.

use crate::error::Outcome;
use crate::tx::Tx;
use crate::verb::{Command, Verb};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use tertulia_types::Position;

/// The group's counter of how often it was carried out.
const TRIED: &str = "tried";

static IS_NEXT: AtomicBool = AtomicBool::new(false);

/// This process is of the next version from now on.
pub fn be_next() {
    IS_NEXT.store(true, Ordering::Relaxed);
}

/// Whether this process is of the next version.
#[must_use]
pub fn is_next() -> bool {
    IS_NEXT.load(Ordering::Relaxed)
}

/// Counts how often it was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// The end of the group's range.
    #[serde(deserialize_with = "of_the_next_version")]
    pub at: Position,
}

fn of_the_next_version<'de, D: Deserializer<'de>>(from: D) -> Result<Position, D::Error> {
    if is_next() {
        Position::deserialize(from)
    } else {
        Err(D::Error::custom("a command that this version does not know"))
    }
}

impl Verb for Try {
    /// How often, with this time.
    type Reply = i64;

    fn home(&self) -> Position {
        self.at
    }
}

impl Command for Try {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<i64> {
        let count = tx.counter(TRIED)? + 1;
        tx.set_counter(TRIED, count)?;
        Ok(count)
    }
}
