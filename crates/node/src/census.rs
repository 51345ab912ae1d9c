//! Who is there, by the address book: the storage machines in the order of the ring.

use tertulia_state::AnyCommand;
use tertulia_types::{MachineId, Position, Role};

use crate::peers::{Book, Entry, State};

/// A storage machine that stands on the ring, or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) machine: MachineId,
    pub(crate) position: Position,
    pub(crate) role: Role,
    /// It may lead: it is a node, and its clock is right.
    pub(crate) may_lead: bool,
    /// It is about to leave.
    pub(crate) is_leaving: bool,
}

/// The storage machines that have not left, in the order of the ring, from a position on.
pub(crate) fn placed_from(book: &Book, from: Position) -> Vec<Placed> {
    let mut placed: Vec<Placed> = book.all().iter().filter_map(place).collect();
    placed.sort_by_key(|placed| (placed.position.0.wrapping_sub(from.0), placed.machine));
    placed
}

/// The storage machines that take part.
pub(crate) fn storage_machines(book: &Book) -> Vec<MachineId> {
    book.all()
        .iter()
        .filter_map(place)
        .map(|placed| placed.machine)
        .collect()
}

/// All machines that take part, gateways too.
pub(crate) fn machines(book: &Book) -> Vec<Entry> {
    let takes_part = |entry: &Entry| matches!(entry.state, State::Active | State::Leaving);
    book.all().into_iter().filter(takes_part).collect()
}

/// Who stands nearest before a machine on the ring, and so asks it whether it is there; nearest first.
pub(crate) fn neighbours(book: &Book, machine: MachineId) -> Vec<MachineId> {
    let position = book.get(machine).and_then(|entry| entry.position);
    let placed = placed_from(book, position.unwrap_or(Position(0)));
    placed
        .into_iter()
        .rev()
        .map(|placed| placed.machine)
        .filter(|other| *other != machine)
        .collect()
}

/// Whether a machine is known to take no part any more.
pub(crate) fn has_left(book: &Book, machine: MachineId) -> bool {
    let left = |entry: Entry| matches!(entry.state, State::Left | State::Removed);
    book.is_removed(machine) || book.get(machine).is_some_and(left)
}

/// How many kinds of commands a machine knows, as far as it has said (R15). One that is not in the book (yet, or any more) may be as old as there are any.
pub(crate) fn commands_known(book: &Book, machine: MachineId) -> u32 {
    book.get(machine)
        .map_or(AnyCommand::KINDS_AT_FIRST, |entry| entry.commands)
}

fn place(entry: &Entry) -> Option<Placed> {
    let takes_part = matches!(entry.state, State::Active | State::Leaving);
    Some(Placed {
        machine: entry.machine,
        position: entry.position.filter(|_| takes_part && entry.role.stores())?,
        role: entry.role,
        may_lead: entry.role == Role::Node && !entry.abstains,
        is_leaving: entry.state == State::Leaving,
    })
}
