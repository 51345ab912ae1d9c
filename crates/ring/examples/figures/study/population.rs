//! Rings that have settled long ago: many machines with exact pointers.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use tertulia_ring::circle::{ahead, distance};
use tertulia_ring::dice::Dice;
use tertulia_ring::{Pointer, Ring, Settings};
use tertulia_types::{MachineId, Position};

/// All machines of a ring in the order of their positions. A machine is called by its place in it.
pub(crate) struct Population {
    pub(crate) rings: Vec<Ring>,
}

/// Positions drawn by chance, in order.
pub(crate) fn random_positions(dice: &mut Dice, count: usize) -> Vec<Position> {
    let mut positions = BTreeSet::new();
    while positions.len() < count {
        positions.insert(Position(dice.roll()));
    }
    positions.into_iter().collect()
}

/// Positions as we give them, in order: the first by chance, each next one in the middle of the widest range.
pub(crate) fn even_positions(dice: &mut Dice, count: usize) -> Vec<Position> {
    let first = dice.roll();
    let mut positions = vec![Position(first)];
    // Ranges by width, the widest first; of equal ones that which comes first.
    let mut ranges = BinaryHeap::from([(1_u128 << 64, Reverse(0_u64))]);
    while positions.len() < count {
        let Some((width, Reverse(start))) = ranges.pop() else {
            break;
        };
        let half = width / 2;
        let middle = start.wrapping_add(half as u64);
        positions.push(Position(first.wrapping_add(middle)));
        ranges.push((half, Reverse(start)));
        ranges.push((width - half, Reverse(middle)));
    }
    positions.sort();
    positions
}

impl Population {
    /// Machines at these positions, which are in order, each with a list of so many successors.
    pub(crate) fn settled(positions: &[Position], successors: usize) -> Self {
        let settings = Settings {
            successors,
            ..Settings::default()
        };
        let count = positions.len();
        let at = |place: usize| Pointer {
            machine: MachineId((place % count) as u64),
            position: positions[place % count],
        };
        let rings = (0..count)
            .map(|place| {
                let me = at(place);
                let list = (place + 1..place + 1 + successors.min(count - 1))
                    .map(at)
                    .collect();
                let mut fingers = Vec::new();
                let reach = distance(me.position, at(place + 1).position);
                for exponent in (0..64).filter(|exponent| 1 << exponent > reach) {
                    let target = ahead(me.position, exponent);
                    let finger = at(positions.partition_point(|&position| position < target));
                    // Beyond the last machine comes this one again.
                    if distance(me.position, finger.position) >= 1 << exponent {
                        fingers.push(finger);
                    }
                }
                Ring::settled(me, Some(at(place + count - 1)), list, &fingers, settings)
            })
            .collect();
        Self { rings }
    }

    /// The place of the first machine at or after the key.
    pub(crate) fn owner(&self, key: Position) -> usize {
        self.rings.partition_point(|ring| ring.me().position < key) % self.rings.len()
    }

    /// The machine's place.
    pub(crate) fn place(machine: MachineId) -> usize {
        machine.0 as usize
    }
}
