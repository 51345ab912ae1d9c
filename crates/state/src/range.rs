//! The group's range: how it is divided in two, whose its end is, and how each half gets rid of the other's rows.
//!
//! A split makes two groups of one. The lower half `(start, at]` becomes a new group, the *child*; the upper half keeps the
//! group's id. The child's database is a copy of the group's, taken where the split stands in the log: so both begin with
//! all rows, with the same counters, stamp and slot clocks (rules C3, T7). [`crate::Database::foresee`] tells what a log
//! entry would give birth to, [`crate::Database::become_child`] makes the child of a copy, and applying the entry makes the
//! parent of the original.
//!
//! **Invariants**
//! - A split is decided when it is applied: refused while the membership is joint (rule R6), and at an end that another
//!   machine has (rule J2). A repeat gets the first answer, from whoever owns the position now: that is the child.
//! - The child's id is a hash of the parent's and of the log index (rule R7), so an entry gives birth once at most.
//! - Rows of the outbox are at one half only, at once. All other rows of the other half are out of sight at once, and are
//!   removed little by little by [`Trim`]: whoever reads without a slot asks for `View::own_slots`.
//! - Entries and the card of an author stay where the half has an edge to the author. Where it has none they are leftovers:
//!   nobody sees them, nothing is delivered to them any more, and they go at the first follow, or with [`Trim`].
//!
//! Deliberately absent: merging (rule J3). Whoever comes instead of a machine that is gone takes its end, with [`TakeEnd`].

use crate::entry;
use crate::errand;
use crate::error::{Fault, Outcome, decode, encode};
use crate::growth;
use crate::table::BY_SLOT;
pub use crate::tx::{Birth, Origin};
use crate::tx::{Descriptor, ORIGIN, Side, Tx, UNTRIMMED, View};
use crate::verb::{Command, Query, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::{AccountId, Bug, MachineId, Position, Rejected, Slot};

/// Rows that one [`Trim`] removes at most.
const ROWS_AT_ONCE: usize = 500;
/// Authors that one [`Trim`] looks at.
const AUTHORS_AT_ONCE: usize = 256;

/// The group's counter with the log index of its last split.
const LAST_SPLIT: &str = "last_split";

/// Who has the end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The machine.
    pub machine: MachineId,
    /// The life of its data directory.
    pub incarnation: u64,
}

/// Divides the group: the child gets what lies up to and with `at`, and the machine gets the child's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The end of a slot.
    pub at: Position,
    /// Whose end it becomes.
    pub machine: MachineId,
    /// The life of that machine's data directory.
    pub incarnation: u64,
}

impl Verb for Split {
    /// Or the refusals `EndTaken` and `Indivisible` (rule J2), or `Conflict`: not now, ask again (rule R6).
    type Reply = Birth;

    fn home(&self) -> Position {
        self.at
    }
}

impl Command for Split {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Birth> {
        let before = tx.descriptor;
        if self.at != self.at.slot().end() {
            return Err(Rejected::Invalid("a range is cut at the end of a slot".to_owned()).into());
        }
        let Some((lower, upper)) = before.range.cut(self.at) else {
            return self.repeat(tx);
        };
        let index = tx.place.index;
        let last = i64::try_from(index).map_err(|_| Fault::Damaged("a log index behind all"))?;
        if !tx.place.is_settled || tx.counter(LAST_SPLIT)? == last {
            return Err(Rejected::Conflict.into());
        }
        let epoch = before.epoch + 1;
        let half = |group, range| Descriptor { group, range, epoch };
        let birth = Birth {
            child: half(child_of(before.group, index), lower),
            parent: half(before.group, upper),
            index,
        };
        tx.set_counter(LAST_SPLIT, last)?;
        let holder = Holder {
            machine: self.machine,
            incarnation: self.incarnation,
        };
        record(tx, self.at, holder, Some(&birth))?;
        match tx.place.side {
            Side::Parent => become_half(tx, birth.parent, birth)?,
            Side::Child => {
                tx.write("DELETE FROM range_end WHERE slot <> ?1", [self.at.slot().0])?;
                growth::begin(tx)?;
                if Bug::ForgottenKeys.is_planted() {
                    tx.write("DELETE FROM request", [])?;
                }
                tx.set_record(ORIGIN, &encode(&birth.origin())?)?;
                become_half(tx, birth.child, birth)?;
            }
        }
        Ok(birth)
    }
}

impl Split {
    /// At the range's own end (rule J2).
    fn repeat(&self, view: &View<'_>) -> Outcome<Birth> {
        match end_at(view, self.at)? {
            Some((holder, Some(birth))) if holder.machine == self.machine => Ok(birth),
            _ if view.descriptor.range.slots().1 == 1 => Err(Rejected::Indivisible.into()),
            _ => Err(Rejected::EndTaken.into()),
        }
    }
}

/// The id of the group that a split gives birth to (rule R7): never 0, and never the highest number.
fn child_of(parent: u64, index: u64) -> u64 {
    Position::of("split", &format!("{parent:016x}/{index}"))
        .0
        .clamp(1, u64::MAX - 1)
}

/// From now on the group owns a half only. What waits in the outbox for the other half is the other group's business.
fn become_half(tx: &mut Tx<'_>, half: Descriptor, birth: Birth) -> Outcome<()> {
    tx.become_half(half, birth)?;
    for (first, last) in half.range.slots_outside() {
        tx.write(
            "DELETE FROM outbox WHERE slot BETWEEN ?1 AND ?2",
            (first.0, last.0),
        )?;
    }
    // Edges that are on their way: to an author whom this half has followed so far only by what the other half's people
    // did, the author's home may not know the way yet. What there is of the author is fetched anew (rule T3).
    for author in errand::authors_asked(tx)? {
        if !entry::is_taken(tx, author)? {
            entry::forget(tx, author)?;
        }
    }
    Ok(())
}

fn record(tx: &mut Tx<'_>, at: Position, holder: Holder, birth: Option<&Birth>) -> Result<(), Fault> {
    let sql = "INSERT INTO range_end (slot, holder, birth) VALUES (?1, ?2, ?3)
               ON CONFLICT (slot) DO UPDATE SET holder = excluded.holder";
    let birth = birth.map(encode).transpose()?;
    tx.write(sql, (at.slot().0, encode(&holder)?, birth))?;
    Ok(())
}

fn end_at(view: &View<'_>, at: Position) -> Result<Option<(Holder, Option<Birth>)>, Fault> {
    let sql = "SELECT holder, birth FROM range_end WHERE slot = ?1";
    let found = view.first(sql, [at.slot().0], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
    })?;
    let Some((holder, birth)) = found else {
        return Ok(None);
    };
    let birth = birth.map(|birth| decode("birth", &birth)).transpose()?;
    Ok(Some((decode("holder of an end", &holder)?, birth)))
}

/// Gives the end of the group's range to a machine (rule J3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeEnd {
    /// The end of the group's range; there is no other (`NotFound`).
    pub at: Position,
    /// Whose it becomes.
    pub machine: MachineId,
    /// The life of that machine's data directory.
    pub incarnation: u64,
    /// Whose it was, as the asker knows; `EndTaken` if that is not so any more. `None`: nobody's.
    pub instead_of: Option<MachineId>,
}

impl Verb for TakeEnd {
    /// What the group is.
    type Reply = Descriptor;

    fn home(&self) -> Position {
        self.at
    }
}

impl Command for TakeEnd {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Descriptor> {
        if self.at != tx.descriptor.range.end() {
            return Err(Rejected::NotFound.into());
        }
        let holder = end_at(tx, self.at)?.map(|(holder, _)| holder.machine);
        if holder != Some(self.machine) && holder != self.instead_of {
            return Err(Rejected::EndTaken.into());
        }
        let taker = Holder {
            machine: self.machine,
            incarnation: self.incarnation,
        };
        record(tx, self.at, taker, None)?;
        Ok(tx.descriptor)
    }
}

/// Asks the group that owns a position whose the end of its range is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindEnd {
    /// Any position.
    pub of: Position,
}

/// The end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The group; its range ends there.
    pub descriptor: Descriptor,
    /// Whose it is; `None` if nobody has taken it since the ring was founded.
    pub holder: Option<Holder>,
    /// Whether rows of the other half of a split may still be here.
    pub is_trimmed: bool,
}

impl Verb for FindEnd {
    type Reply = End;

    fn home(&self) -> Position {
        self.of
    }
}

impl Query for FindEnd {
    fn read(&self, view: &View<'_>) -> Outcome<End> {
        Ok(End {
            descriptor: view.descriptor,
            holder: end_at(view, view.descriptor.range.end())?.map(|(holder, _)| holder),
            is_trimmed: view.counter(UNTRIMMED)? == 0,
        })
    }
}

/// Removes some rows of the other half of a split. The group's leader proposes it until nothing is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trim {
    /// The end of the group's range.
    pub at: Position,
    /// The group's epoch when the round began; `Conflict` after another split, and the round begins again.
    pub epoch: u64,
    /// The first author to look at, once all rows with a slot are gone: what the last answer said.
    pub from: AccountId,
}

impl Verb for Trim {
    /// Where to go on; `None` when nothing is left.
    type Reply = Option<AccountId>;

    fn home(&self) -> Position {
        self.at
    }
}

impl Command for Trim {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Option<AccountId>> {
        if tx.descriptor.epoch != self.epoch {
            return Err(Rejected::Conflict.into());
        }
        if tx.counter(UNTRIMMED)? == 0 {
            return Ok(None);
        }
        let room = remove_rows(tx, ROWS_AT_ONCE)?;
        if room == 0 {
            return Ok(Some(self.from));
        }
        let next = forget_authors(tx, self.from, room)?;
        if next.is_none() {
            tx.set_trimmed()?;
        }
        Ok(next)
    }
}

/// Removes rows of slots outside the range; returns how many fewer than `most` there were.
fn remove_rows(tx: &mut Tx<'_>, most: usize) -> Result<usize, Fault> {
    let mut room = most;
    for (first, last) in tx.descriptor.range.slots_outside() {
        for table in BY_SLOT {
            if room == 0 {
                return Ok(0);
            }
            room -= table.remove(tx, (first, last), room)?;
        }
    }
    Ok(room)
}

/// Removes entries and cards of authors whom nobody of this half follows (rule T4); where to go on.
fn forget_authors(tx: &mut Tx<'_>, from: AccountId, most: usize) -> Result<Option<AccountId>, Fault> {
    let (mut from, mut room) = (from, most);
    for _ in 0..AUTHORS_AT_ONCE {
        let Some(author) = entry::next_author(tx, from)? else {
            return Ok(None);
        };
        if !entry::is_followed(tx, author)? {
            room -= entry::forget_some(tx, author, room)?;
            if room == 0 {
                return Ok(Some(author));
            }
        }
        match AccountId::from_number(author.get().wrapping_add(1)) {
            Some(next) => from = next,
            None => return Ok(None),
        }
    }
    Ok(Some(from))
}

impl View<'_> {
    /// The group's own slots, for a statement that reads without a slot: what is in sight is
    /// `(slot - first & 65535) < count`. An id's low 16 bits are its slot, so `id` does as well as `slot`.
    pub(crate) fn own_slots(&self) -> (u16, u32) {
        let (Slot(first), count) = self.descriptor.range.slots();
        (first, count)
    }
}

#[cfg(test)]
mod tests {
    use super::child_of;
    use std::collections::BTreeSet;

    #[test]
    fn r7_ids_of_children_differ() {
        let ids: BTreeSet<u64> = (1..50)
            .flat_map(|parent| (1..50).map(move |index| child_of(parent, index)))
            .collect();
        assert_eq!(ids.len(), 49 * 49);
        assert!(!ids.contains(&0) && !ids.contains(&u64::MAX));
    }
}
