//! The next hop: where a lookup goes from here.
//!
//! A lookup goes clockwise and never beyond its key, so it ends. The whole list of successors serves it: when the key
//! lies within the list's reach, its owner is in the list, and is the last hop.

use tertulia_types::{MachineId, Position};

use crate::circle::{between, distance};
use crate::output::Hop;
use crate::pointer::Pointer;
use crate::ring::Ring;

impl Ring {
    /// Where a lookup for `key` goes from here. Suspects are passed over where there is another way.
    ///
    /// Pointers may be stale: that costs a detour, so whoever is led to an owner asks it whether it is.
    #[must_use]
    pub fn next_hop(&self, key: Position) -> Hop {
        self.next_hop_avoiding(key, &[]).unwrap_or(Hop::Here)
    }

    /// The same, for a lookup that has found the machines of `avoid` silent. `None` if all that is known here on the way
    /// is among them: go back one hop and ask there.
    #[must_use]
    pub fn next_hop_avoiding(&self, key: Position, avoid: &[MachineId]) -> Option<Hop> {
        if self.is_mine(key) {
            return Some(Hop::Here);
        }
        let sound =
            |pointer: &Pointer| !avoid.contains(&pointer.machine) && !self.is_suspect(pointer.machine);
        let untried = |pointer: &Pointer| !avoid.contains(&pointer.machine);
        self.step_through(key, sound)
            .or_else(|| self.step_through(key, untried))
    }

    /// All machines that are known here, this one too, in the order of the ring from the first at or after `key`.
    #[must_use]
    pub fn machines_from(&self, key: Position) -> Vec<Pointer> {
        let mut machines: Vec<_> = [self.me()].into_iter().chain(self.pointers()).collect();
        machines.sort_by_key(|machine| distance(key, machine.position));
        machines.dedup();
        machines
    }

    /// Whether the key lies behind the predecessor. Without one, a machine that knows others owns only its own position.
    fn is_mine(&self, key: Position) -> bool {
        let me = self.me().position;
        match self.predecessor() {
            Some(predecessor) => key == me || between(predecessor.position, key, me),
            None => key == me || self.successors().is_empty(),
        }
    }

    fn step_through(&self, key: Position, usable: impl Fn(&Pointer) -> bool) -> Option<Hop> {
        let me = self.me().position;
        let way = distance(me, key);
        let reach = self
            .successors()
            .last()
            .map_or(0, |last| distance(me, last.position));
        if way <= reach {
            let owner = self
                .successors()
                .iter()
                .find(|s| distance(me, s.position) >= way && usable(s));
            if let Some(&owner) = owner {
                return Some(Hop::Owner(owner));
            }
        }
        // A list that is not full goes all the way round: behind its last machine comes this one.
        let goes_round = self.successors().len() < self.settings().successors;
        if goes_round && (way <= reach || self.predecessor().is_none()) {
            return Some(Hop::Here);
        }
        self.successors()
            .iter()
            .copied()
            .chain(self.fingers().map(|(_, finger)| finger))
            .filter(|pointer| between(me, pointer.position, key) && usable(pointer))
            .max_by_key(|pointer| distance(me, pointer.position))
            .map(Hop::Forward)
    }
}
