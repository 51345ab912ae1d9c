//! Where machines were seen last, beside what the book says.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tertulia_types::MachineId;

/// Where machines were seen last, beside what the book says: one place for each.
#[derive(Default)]
pub(crate) struct Sightings(Mutex<BTreeMap<MachineId, String>>);

impl Sightings {
    pub(super) fn of(&self, machine: MachineId) -> Option<String> {
        self.places().get(&machine).cloned()
    }

    pub(super) fn places(&self) -> MutexGuard<'_, BTreeMap<MachineId, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
