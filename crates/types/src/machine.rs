//! Machines of a ring: their names, and what they are there for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// A machine's name for other machines: it stays for as long as the machine does, whatever its addresses. Sixteen
/// hexadecimal digits as text.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MachineId(#[serde(with = "crate::hexadecimal")] pub u64);

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MachineId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// What a machine does for the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It ends a range of its own, and keeps copies.
    #[default]
    Node,
    /// It keeps copies, and ends no range.
    Replica,
    /// It stores nothing: entry for clients and newcomers.
    Gateway,
}

impl Role {
    /// Whether it keeps copies.
    #[must_use]
    pub fn stores(self) -> bool {
        self != Self::Gateway
    }
}
