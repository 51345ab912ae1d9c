//! Which groups run here, and what became of those that do not; answers letters from other machines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use tertulia_state::Descriptor;
use tertulia_types::MachineId;

use crate::group::{FIRST_EPOCH, Group};
use crate::raft::NodeId;
use crate::raft::network::{Absence, Letter};
use crate::replica::{Replica, Stage};

/// Takes letters: what a network delivers to.
#[async_trait]
pub trait Receive: Send + Sync + 'static {
    /// Answers a letter, or says why not. The network vouches for the sender.
    async fn receive(&self, from: MachineId, letter: Letter) -> Result<Bytes, Absence>;
}

/// The groups of this machine.
pub(crate) struct Roster {
    incarnation: u64,
    groups: RwLock<BTreeMap<u64, Arc<Group>>>,
    rows: RwLock<BTreeMap<u64, Replica>>,
    /// Copies that could not be brought to life.
    lifeless: RwLock<BTreeSet<u64>>,
    is_closed: AtomicBool,
}

impl Roster {
    pub(crate) fn new(incarnation: u64) -> Self {
        Self {
            incarnation,
            groups: RwLock::default(),
            rows: RwLock::default(),
            lifeless: RwLock::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// A group runs here from now on.
    pub(crate) fn enter(&self, group: Arc<Group>) {
        self.lifeless
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&group.id);
        self.groups
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(group.id, group);
    }

    /// A group that should run here does not: its copy could not be brought to life.
    pub(crate) fn miss(&self, group: u64) {
        self.lifeless
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(group);
    }

    /// A group does not run here any more.
    pub(crate) fn leave(&self, group: u64) -> Option<Arc<Group>> {
        self.lifeless
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&group);
        self.groups
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&group)
    }

    /// A group that runs here.
    pub(crate) fn group(&self, group: u64) -> Option<Arc<Group>> {
        self.groups
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&group)
            .cloned()
    }

    /// Whether a copy is here that is lost as if its disk were (R1): it could not be brought to life, or has come to a fault. It takes no part under its old id
    /// any more before the machine has started anew.
    pub(crate) fn is_sick(&self, group: u64) -> bool {
        let lifeless = self.lifeless.read().unwrap_or_else(PoisonError::into_inner);
        lifeless.contains(&group) || self.group(group).is_some_and(|group| group.is_sick())
    }

    /// The copies that are here as the registry has it, with their rows.
    pub(crate) fn kept(&self) -> Vec<(u64, Replica)> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let here = rows.iter().filter(|(_, row)| row.stage.is_here());
        here.map(|(group, row)| (*group, *row)).collect()
    }

    /// Those of them that are sick.
    pub(crate) fn sick(&self) -> Vec<(u64, Replica)> {
        let mut kept = self.kept();
        kept.retain(|(group, _)| self.is_sick(*group));
        kept
    }

    /// All groups that run here.
    pub(crate) fn groups(&self) -> Vec<Arc<Group>> {
        self.groups
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    /// The machine stops: no group runs here any more.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.groups
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Whether the machine has stopped, or is about to.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// What the registry says of a group.
    pub(crate) fn row(&self, group: u64) -> Option<Replica> {
        self.rows
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&group)
            .copied()
    }

    /// The groups that were given up, as far as this machine's copies go (V4).
    pub(crate) fn given_up(&self) -> Vec<u64> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let given_up = rows.iter().filter(|(_, row)| row.stage == Stage::GivenUp);
        given_up.map(|(group, _)| *group).collect()
    }

    /// The registry says this of a group from now on.
    pub(crate) fn note(&self, group: u64, row: Replica) {
        self.rows
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(group, row);
    }

    /// The group that a letter is meant for, or why it is not here (R3).
    fn addressed(&self, letter: &Letter) -> Result<Arc<Group>, Absence> {
        if letter.to.is_some_and(|to| to.incarnation != self.incarnation) {
            return Err(Absence::NeverHeard);
        }
        let Some(row) = self.row(letter.group) else {
            return Err(self.expected(letter));
        };
        let is_meant = letter.to.is_none_or(|to| to.node == row.node);
        match (row.stage, self.group(letter.group)) {
            (Stage::Seeding | Stage::Live, _) if self.is_sick(letter.group) => Err(Absence::Gone),
            (Stage::Seeding, _) => Err(Absence::NotYet),
            (Stage::Live, Some(group)) if is_meant => Ok(group),
            (Stage::Live, None) if is_meant => Err(Absence::NotYet),
            (Stage::Live | Stage::Gone | Stage::GivenUp, _) => Err(Absence::Gone),
        }
    }
}

impl Roster {
    /// What to say of a group that was never here: it comes with its parent's split, if that is still to be applied here. Whoever has got its parent from
    /// behind the split will never have it that way.
    fn expected(&self, letter: &Letter) -> Absence {
        let Some(origin) = letter.to.and_then(|to| to.origin) else {
            return Absence::NeverHeard;
        };
        match (
            self.row(origin.parent).map(|row| row.stage),
            self.group(origin.parent),
        ) {
            (Some(Stage::Live | Stage::Seeding), _) if self.is_sick(origin.parent) => Absence::NeverHeard,
            (Some(Stage::Live | Stage::Seeding), None) => Absence::NotYet,
            (Some(Stage::Live | Stage::Seeding), Some(parent)) if !parent.has_applied(origin.index) => {
                Absence::NotYet
            }
            // The row may have come in between.
            (_, _) if self.row(letter.group).is_some() => Absence::NotYet,
            (_, _) => Absence::NeverHeard,
        }
    }

    /// The copy that is to be made here when a group without a leader asks for this member's vote (R2): of a child that its parent's split should have given to
    /// this machine, had its copy of the parent not come to stand behind the split another way. Nothing was ever here of it, so it has never voted. The parent's
    /// row shows that: rows stay, and one under the id that the child's member has is as old as the split.
    pub(crate) fn passed_over(&self, letter: &Letter) -> Option<(Descriptor, NodeId)> {
        let to = letter
            .to
            .filter(|to| to.incarnation == self.incarnation && self.row(letter.group).is_none())?;
        let origin = to.origin?;
        let descriptor = to
            .descriptor
            .filter(|descriptor| descriptor.epoch > FIRST_EPOCH)?;
        let parent = self.row(origin.parent).filter(|parent| parent.node == to.node)?;
        let is_behind = match parent.stage {
            Stage::Live => self
                .group(origin.parent)
                .is_some_and(|parent| !parent.is_sick() && parent.has_applied(origin.index)),
            Stage::Gone => true,
            Stage::Seeding | Stage::GivenUp => false,
        };
        is_behind.then_some((descriptor, to.node))
    }

    /// Answers a letter about a group.
    pub(crate) async fn receive(&self, letter: &Letter) -> Result<Bytes, Absence> {
        self.addressed(letter)?.receive(letter).await
    }
}
