//! What the connections to one database share: SQLite's file locks, and the memory and locks of its WAL index.
//!
//! The rules are those of SQLite's own VFS for Unix, within one process.
//!
//! **Invariant:** at most one holder is at [`Level::Reserved`] or above, nobody else is at [`Level::Shared`] while one is at
//! [`Level::Exclusive`], and a slot of the WAL index is held by many or by one alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::tree::FileId;

/// How far a connection has locked the database file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    None,
    Shared,
    Reserved,
    Pending,
    Exclusive,
}

/// The databases of a disk that have connections.
#[derive(Default)]
pub(super) struct SharedDatabases(Mutex<BTreeMap<FileId, Weak<Sharing>>>);

impl SharedDatabases {
    /// What the connections to this file share.
    pub(super) fn of(&self, id: FileId) -> Arc<Sharing> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, sharing| sharing.strong_count() > 0);
        if let Some(sharing) = all.get(&id).and_then(Weak::upgrade) {
            return sharing;
        }
        let sharing = Arc::new(Sharing::default());
        all.insert(id, Arc::downgrade(&sharing));
        sharing
    }
}

/// Shared by the connections to one database file.
#[derive(Default)]
pub(super) struct Sharing(Mutex<Table>);

/// One connection among those that share.
pub(super) type Holder = u64;

#[derive(Default)]
struct Table {
    last_holder: Holder,
    levels: BTreeMap<Holder, Level>,
    /// Blocks of the WAL index. Never moved nor freed while anyone maps them.
    regions: Vec<Box<[AtomicU64]>>,
    mappers: BTreeSet<Holder>,
    slots: [Slot; 8],
}

#[derive(Default)]
struct Slot {
    readers: BTreeSet<Holder>,
    owner: Option<Holder>,
}

impl Slot {
    fn is_held_by_another(&self, holder: Holder) -> bool {
        self.owner.is_some_and(|owner| owner != holder) || self.readers.iter().any(|&reader| reader != holder)
    }
}

impl Sharing {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn join(&self) -> Holder {
        let mut table = self.table();
        table.last_holder += 1;
        table.last_holder
    }

    /// Lets go of everything.
    pub(super) fn leave(&self, holder: Holder) {
        self.unlock(holder, Level::None);
        self.unmap(holder);
    }

    /// Raises the holder's lock; false if another is in the way. Who wants to be alone and is not yet stays
    /// [`Level::Pending`], so that no new reader comes in.
    pub(super) fn lock(&self, holder: Holder, wanted: Level) -> bool {
        let mut table = self.table();
        if table.level(holder) >= wanted {
            return true;
        }
        let others = table.highest_other(holder);
        match wanted {
            Level::None => true,
            Level::Shared if others >= Level::Pending => false,
            Level::Reserved | Level::Pending | Level::Exclusive if others >= Level::Reserved => false,
            Level::Exclusive if others >= Level::Shared => {
                table.levels.insert(holder, Level::Pending);
                false
            }
            Level::Shared | Level::Reserved | Level::Pending | Level::Exclusive => {
                table.levels.insert(holder, wanted);
                true
            }
        }
    }

    /// Lowers the holder's lock.
    pub(super) fn unlock(&self, holder: Holder, to: Level) {
        let mut table = self.table();
        if to == Level::None {
            table.levels.remove(&holder);
        } else if table.level(holder) > to {
            table.levels.insert(holder, to);
        }
    }

    /// Does anyone hold the right to write?
    pub(super) fn is_reserved(&self) -> bool {
        self.table()
            .levels
            .values()
            .any(|&level| level >= Level::Reserved)
    }

    /// A block of the WAL index, zeroed when new; none if it is not there and must not be made. It stays where it is
    /// until the last holder that maps has unmapped.
    pub(super) fn map(
        &self,
        holder: Holder,
        region: usize,
        size_bytes: usize,
        make: bool,
    ) -> Option<*const AtomicU64> {
        let mut table = self.table();
        table.mappers.insert(holder);
        while make && table.regions.len() <= region {
            let words = size_bytes.div_ceil(size_of::<AtomicU64>());
            table
                .regions
                .push((0..words).map(|_| AtomicU64::new(0)).collect());
        }
        table.regions.get(region).map(|block| block.as_ptr())
    }

    /// The last to unmap forgets the memory.
    pub(super) fn unmap(&self, holder: Holder) {
        self.unlock_slots(holder, 0..8);
        let mut table = self.table();
        table.mappers.remove(&holder);
        if table.mappers.is_empty() {
            table.regions.clear();
        }
    }

    /// Locks slots of the WAL index, alone or with others; false if another is in the way.
    pub(super) fn lock_slots(&self, holder: Holder, slots: Range<usize>, alone: bool) -> bool {
        let mut table = self.table();
        let Some(slots) = table.slots.get_mut(slots) else {
            return false;
        };
        let blocked = |slot: &Slot| {
            if alone {
                slot.is_held_by_another(holder)
            } else {
                slot.owner.is_some_and(|owner| owner != holder)
            }
        };
        if slots.iter().any(blocked) {
            return false;
        }
        for slot in slots {
            if alone {
                slot.owner = Some(holder);
            } else {
                slot.readers.insert(holder);
            }
        }
        true
    }

    pub(super) fn unlock_slots(&self, holder: Holder, slots: Range<usize>) {
        for slot in self.table().slots.get_mut(slots).unwrap_or_default() {
            slot.readers.remove(&holder);
            slot.owner = slot.owner.filter(|&owner| owner != holder);
        }
    }
}

impl Table {
    fn level(&self, holder: Holder) -> Level {
        self.levels.get(&holder).copied().unwrap_or(Level::None)
    }

    fn highest_other(&self, holder: Holder) -> Level {
        self.levels
            .iter()
            .filter(|(other, _)| **other != holder)
            .map(|(_, level)| *level)
            .max()
            .unwrap_or(Level::None)
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, Sharing};
    use std::sync::atomic::Ordering;

    #[test]
    fn one_writes_while_others_read_and_who_wants_to_be_alone_keeps_new_readers_out() {
        let sharing = Sharing::default();
        let (writer, reader, late) = (sharing.join(), sharing.join(), sharing.join());
        assert!(sharing.lock(reader, Level::Shared));
        assert!(sharing.lock(writer, Level::Shared));
        assert!(!sharing.is_reserved());
        assert!(sharing.lock(writer, Level::Reserved));
        assert!(sharing.is_reserved());
        assert!(!sharing.lock(reader, Level::Reserved));
        assert!(!sharing.lock(writer, Level::Exclusive));
        assert!(!sharing.lock(late, Level::Shared), "pending keeps newcomers out");
        sharing.unlock(reader, Level::None);
        assert!(sharing.lock(writer, Level::Exclusive));
        sharing.unlock(writer, Level::Shared);
        assert!(sharing.lock(late, Level::Shared));
        sharing.leave(writer);
        assert!(sharing.lock(late, Level::Exclusive));
    }

    #[test]
    fn slots_are_held_by_many_or_by_one_alone() {
        let sharing = Sharing::default();
        let (a, b) = (sharing.join(), sharing.join());
        assert!(sharing.lock_slots(a, 3..4, false));
        assert!(sharing.lock_slots(b, 3..4, false));
        assert!(!sharing.lock_slots(a, 2..5, true));
        assert!(
            sharing.lock_slots(a, 4..5, true),
            "the refused range left nothing locked"
        );
        assert!(!sharing.lock_slots(b, 4..5, false));
        sharing.unlock_slots(b, 3..4);
        assert!(sharing.lock_slots(a, 2..5, true));
        sharing.leave(a);
        assert!(sharing.lock_slots(b, 0..8, true));
        assert!(!sharing.lock_slots(b, 7..9, true), "there are eight slots");
    }

    #[test]
    fn memory_is_shared_and_forgotten_by_the_last() {
        let sharing = Sharing::default();
        let (a, b) = (sharing.join(), sharing.join());
        assert_eq!(sharing.map(a, 0, 64, false), None);
        let first = sharing.map(a, 0, 64, true).unwrap();
        assert!(sharing.map(a, 1, 64, true).is_some());
        assert_eq!(sharing.map(b, 0, 64, false), Some(first), "growing moves nothing");
        sharing.table().regions[0][0].store(7, Ordering::Relaxed);
        sharing.unmap(a);
        assert_eq!(sharing.table().regions[0][0].load(Ordering::Relaxed), 7);
        sharing.unmap(b);
        sharing.map(a, 0, 64, true);
        assert_eq!(sharing.table().regions[0][0].load(Ordering::Relaxed), 0);
    }
}
