//! What machines tell each other of their address books, to find out who has something newer.

use serde::{Deserialize, Serialize};
use tertulia_types::MachineId;

/// What a machine has of another: enough to know what is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Whom it is about.
    pub machine: MachineId,
    /// Which version of the record, if there is one.
    pub counter: u64,
    /// Tells two records apart that have the same counter.
    pub tag: u64,
    /// Which removal, if there is one.
    pub removal: u64,
}
