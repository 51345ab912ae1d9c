//! What is known for and against each machine, and of oneself. What follows from it is decided in `liveness`.

use std::collections::BTreeMap;

use tertulia_types::MachineId;

/// How many machines that are held dead are kept in mind, so that they are not believed in on hearsay.
const LOST_MAX: usize = 1024;

/// What a machine makes of the silence of others, and of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Liveness {
    /// Of machines that are pointed at; none means that nothing is known against it.
    pub(crate) standings: BTreeMap<MachineId, Standing>,
    /// Held dead, or left; until when they are not believed in on hearsay.
    pub(crate) lost: BTreeMap<MachineId, u64>,
    /// Whose turn it is among those that are not asked in every round.
    pub(crate) turn: usize,
    /// How many rounds of probes must still pass calmly; 0 in health.
    pub(crate) uneasy_rounds: u32,
}

/// What is known for and against a machine.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) heard_ms: Option<u64>,
    pub(crate) missed_ms: Option<u64>,
    pub(crate) misses: u32,
    pub(crate) suspicion: Option<Suspicion>,
}

/// A suspicion: what others have said about the suspect in this round of questions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Suspicion {
    pub(crate) rounds: u32,
    pub(crate) asked: usize,
    pub(crate) answered: usize,
    pub(crate) reached: bool,
}

impl Liveness {
    pub(crate) fn is_lost(&self, machine: MachineId) -> bool {
        self.lost.contains_key(&machine)
    }

    /// Whether it is worth asking a machine that others have named.
    pub(crate) fn believes(&self, now_ms: u64, machine: MachineId) -> bool {
        self.lost.get(&machine).is_none_or(|&until_ms| until_ms <= now_ms)
    }

    /// Somebody has heard from it.
    pub(crate) fn believe(&mut self, machine: MachineId) {
        self.lost.remove(&machine);
    }

    pub(crate) fn lose(&mut self, now_ms: u64, machine: MachineId, hearsay_ms: u64) {
        if self.lost.len() >= LOST_MAX {
            let first = self
                .lost
                .iter()
                .min_by_key(|(_, until_ms)| **until_ms)
                .map(|(&machine, _)| machine);
            if let Some(first) = first {
                self.lost.remove(&first);
            }
        }
        self.lost.insert(machine, now_ms + hearsay_ms);
    }

    pub(crate) fn drop_standing(&mut self, machine: MachineId) {
        self.standings.remove(&machine);
    }

    pub(crate) fn suspicion(&mut self, machine: MachineId) -> Option<&mut Suspicion> {
        self.standings.get_mut(&machine)?.suspicion.as_mut()
    }
}
