//! A pointer: a machine and where it stands.

use std::fmt;

use serde::{Deserialize, Serialize};
use tertulia_types::{MachineId, Position};

/// What machines keep of one another, and all that they keep: addresses are the address book's business.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pointer {
    /// The machine's name.
    pub machine: MachineId,
    /// The end of its range.
    pub position: Position,
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.machine, self.position)
    }
}

impl fmt::Debug for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
