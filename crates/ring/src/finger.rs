//! The finger table: for each power of two, the first machine at least that far on.
//!
//! Of the 64 fingers of the textbook only those are kept that reach further than the first successor and differ from one
//! another, about log2 N of them. A finger stands under the largest power of two that does not lead beyond it; the
//! finger of an exponent without an entry is that of the next exponent which has one.

use tertulia_types::{MachineId, Position};

use crate::circle::distance;
use crate::pointer::Pointer;

/// Exponents are below this.
pub(crate) const EXPONENTS: u8 = 64;

#[derive(Clone, Copy, Debug)]
struct Finger {
    exponent: u8,
    pointer: Pointer,
}

/// Fingers, in order of their exponents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fingers {
    entries: Vec<Finger>,
}

impl Fingers {
    /// The fingers of the machine at `position`, out of a list of machines that holds each of them.
    pub(crate) fn out_of(position: Position, machines: &[Pointer]) -> Self {
        let mut near_first: Vec<_> = machines.iter().filter(|m| m.position != position).collect();
        near_first.sort_by_key(|machine| distance(position, machine.position));
        let mut entries: Vec<Finger> = Vec::new();
        for &&pointer in &near_first {
            let exponent = exponent_of(position, pointer.position);
            if entries.last().is_none_or(|last| last.exponent < exponent) {
                entries.push(Finger { exponent, pointer });
            }
        }
        entries.shrink_to_fit();
        Self { entries }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (u8, Pointer)> + '_ {
        self.entries
            .iter()
            .map(|finger| (finger.exponent, finger.pointer))
    }

    /// Enters what was found to be the first machine at least `2^asked` on from `me`. Answers the exponent to ask for next.
    pub(crate) fn enter(&mut self, me: Position, asked: u8, pointer: Pointer) -> u8 {
        let exponent = exponent_of(me, pointer.position);
        self.entries
            .retain(|finger| !(asked..=exponent).contains(&finger.exponent) && finger.pointer != pointer);
        let place = self.entries.partition_point(|finger| finger.exponent < exponent);
        self.entries.insert(place, Finger { exponent, pointer });
        exponent + 1
    }

    /// There is no machine that far on.
    pub(crate) fn end_before(&mut self, exponent: u8) {
        self.entries.retain(|finger| finger.exponent < exponent);
    }

    /// Lets go of the fingers that reach no further than the first successor.
    pub(crate) fn begin_at(&mut self, exponent: u8) {
        self.entries.retain(|finger| finger.exponent >= exponent);
    }

    pub(crate) fn remove(&mut self, machine: MachineId) {
        self.entries.retain(|finger| finger.pointer.machine != machine);
    }

    pub(crate) fn holds(&self, machine: MachineId) -> bool {
        self.entries
            .iter()
            .any(|finger| finger.pointer.machine == machine)
    }
}

/// The smallest exponent whose finger may reach beyond `successor`.
pub(crate) fn first_beyond(me: Position, successor: Position) -> u8 {
    exponent_of(me, successor) + 1
}

/// The largest exponent that does not lead beyond `other`.
fn exponent_of(me: Position, other: Position) -> u8 {
    distance(me, other).max(1).ilog2() as u8
}
