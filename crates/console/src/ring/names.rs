//! How machines are called on the screen: by a letter, or by the first digits of their ids.

use std::collections::BTreeMap;
use tertulia_types::MachineId;
use tertulia_types::ring::RingStatus;

/// As many digits of an id as are shown, if that tells the machines apart.
const DIGITS_USUAL: usize = 8;
const DIGITS_MAX: usize = 16;
/// From A to Z.
const LETTERS: usize = 26;

/// The names of a ring's machines.
pub(super) struct Names {
    places: BTreeMap<MachineId, usize>,
    has_letters: bool,
    digits: usize,
}

impl Names {
    /// Letters in the order of the ring, if there are enough.
    pub(super) fn of(status: &RingStatus) -> Self {
        let members = status.machines.iter().filter(|machine| machine.state.is_member());
        let members: Vec<_> = members.map(|machine| machine.id).collect();
        let has_letters = LETTERS >= members.len();
        let mut ids: Vec<_> = status
            .machines
            .iter()
            .map(|machine| machine.id.to_string())
            .collect();
        ids.sort_unstable();
        let differ = |digits: usize| {
            let short = |id: &String| id.get(..digits).map(str::to_owned);
            ids.windows(2)
                .all(|pair| pair[0] == pair[1] || short(&pair[0]) != short(&pair[1]))
        };
        let digits = (DIGITS_USUAL..DIGITS_MAX).find(|digits| differ(*digits));
        Self {
            places: members.into_iter().zip(0..).collect(),
            has_letters,
            digits: digits.unwrap_or(DIGITS_MAX),
        }
    }

    /// A machine's letter, if it has one.
    pub(super) fn letter(&self, machine: MachineId) -> Option<char> {
        let place = self.place(machine).filter(|_| self.has_letters)?;
        ('A'..='Z').nth(place)
    }

    /// Where a machine stands in the order of the ring, if it is one of its machines.
    pub(super) fn place(&self, machine: MachineId) -> Option<usize> {
        self.places.get(&machine).copied()
    }

    /// As many digits as tell the machines apart.
    pub(super) fn short(&self, machine: MachineId) -> String {
        machine.to_string().chars().take(self.digits).collect()
    }

    /// The letter, or the digits.
    pub(super) fn of_machine(&self, machine: MachineId) -> String {
        match self.letter(machine) {
            Some(letter) => letter.to_string(),
            None => self.short(machine),
        }
    }

    /// The letter and the digits.
    pub(super) fn full(&self, machine: MachineId) -> String {
        match self.letter(machine) {
            Some(letter) => format!("{letter} ({})", self.short(machine)),
            None => self.short(machine),
        }
    }
}
