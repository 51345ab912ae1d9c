//! Going on from one copy of a group whose majority is gone for good (V4).
//!
//! A new group is made of what this machine has: the database, and behind it the entries of the log, whether this copy knew them to be committed or not, since
//! those who did may be gone. This machine is its only member at first, under a node id that nobody had; the steward finds it others. Its epoch is so high that
//! nothing which the lost copies may have come to is newer.
//!
//! The old group is given up: its row says so in the same write by which the new one comes to be, and the address book tells all machines. Whoever
//! still has a copy of it, or comes back with one, sets it aside: it stops for ever, and its database stays on disk for whoever looks for what is missing.
//!
//! **Invariant:** no group is given up while a majority of its voters answers, or while a member that answers has a longer log, or an equal one and a lower
//! id, or goes on from its own copy.
//! **Invariant:** a crash leaves the old copy or the new one, never both and never neither.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tertulia_state::{Database, Descriptor, Fault};
use tertulia_types::ring::{EventKind, GroupId};
use tertulia_types::{MachineId, Position};

use crate::ask::{Muster, Mustered};
use crate::copies::Copies;
use crate::error::NodeError;
use crate::given_up::tell_given_up;
use crate::group::{Group, GroupError};
use crate::node::Node;
use crate::peers::BookError;
use crate::raft::NodeId;
use crate::raft::log::GroupLog;
use crate::raft::machine::Progress;
use crate::replica::{Replica, Stage as Life};
use crate::shelf::Shelf;

/// How long a member may take to say what it knows of its group.
const QUESTION_DEADLINE: Duration = Duration::from_secs(2);
/// How often one that does not answer is asked, and the time between: a single lost letter is no loss of a majority.
const QUESTIONS: usize = 3;
const QUESTION_PAUSE: Duration = Duration::from_secs(1);
/// More changes of its range than any group sees: nothing that the lost copies may have come to is newer than the new group.
const EPOCHS_AHEAD: u64 = 1 << 32;

/// Why nothing was recovered.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// Every one of these groups that has a copy here has its majority.
    #[error("every one of these groups that has a copy here has its majority")]
    NothingLost,
    /// A member that answers knows more, or as much and comes first, or goes on already.
    #[error("machine {machine} has the copy of group {group:016x} to go on from; recover there")]
    NewerElsewhere {
        /// Of which group.
        group: u64,
        /// Where.
        machine: MachineId,
    },
    /// There is nothing to go on from.
    #[error("the copy of group {0:016x} on this machine is empty")]
    Empty(u64),
    /// The new group could not be made; the old copy is there as it was.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The book could not be written; the others are told at the next start.
    #[error(transparent)]
    Book(#[from] BookError),
}

impl Node {
    /// Makes new groups from the copies that this machine holds of those of these groups whose majority is gone. Returns the new groups. No other group is
    /// given up, though it may have lost its majority as well: somebody has said of these that they will not come back.
    ///
    /// # Errors
    /// If there are none, or another machine has a newer copy; then nothing was changed.
    pub async fn recover(&self, groups: &BTreeSet<u64>) -> Result<Vec<Descriptor>, RecoverError> {
        let mut lost = Vec::new();
        for group in self.groups() {
            if groups.contains(&group.id) && self.has_lost_majority(&group).await? {
                lost.push(group);
            }
        }
        if lost.is_empty() {
            return Err(RecoverError::NothingLost);
        }
        let mut made = Vec::new();
        for group in lost {
            let copies = self.copies().clone();
            let begun = self
                .consensus()
                .spawn(async move { copies.begin_anew(&group).await });
            let descriptor = begun
                .await
                .map_err(|error| NodeError::Io(io::Error::other(error)))??;
            self.driver().tell(
                EventKind::Recovered,
                self.member().machine,
                Some(GroupId(descriptor.group)),
            );
            made.push(descriptor);
        }
        tell_given_up(self.book(), self.copies())?;
        self.spread_news().await;
        Ok(made)
    }

    /// Whether so few voters of a group answer that it can never decide anything again without the others.
    async fn has_lost_majority(&self, group: &Arc<Group>) -> Result<bool, RecoverError> {
        let me = self.member().machine;
        let seats = group.seats();
        let others: BTreeSet<MachineId> = seats
            .iter()
            .map(|seat| seat.member.machine)
            .filter(|machine| *machine != me)
            .collect();
        let questions = others.into_iter().map(|machine| async move {
            for _ in 0..QUESTIONS {
                let question = Muster { group: group.id };
                match self.caller().ask(machine, question, QUESTION_DEADLINE).await {
                    Ok(mustered) => return Some((machine, mustered)),
                    Err(_) => tokio::time::sleep(QUESTION_PAUSE).await,
                }
            }
            None
        });
        let answers = futures::future::join_all(questions).await;
        let mut answering = BTreeMap::new();
        for (machine, mustered) in answers.into_iter().flatten() {
            match mustered {
                Mustered::Nothing => {}
                Mustered::Copy { end } => drop(answering.insert(machine, end)),
                Mustered::GoesOn => return Err(newer(group.id, machine)),
            }
        }
        let voters: Vec<_> = seats.iter().filter(|seat| seat.votes).collect();
        let present = voters
            .iter()
            .filter(|seat| seat.member.machine == me || answering.contains_key(&seat.member.machine))
            .count();
        if present * 2 > voters.len() {
            return Ok(false);
        }
        if group.next_index() == 0 {
            return Err(RecoverError::Empty(group.id));
        }
        // Of two copies that are alike, one alone may go on: else there would be two groups for one range.
        let own = (group.log().end(), Reverse(me));
        let others = answering
            .into_iter()
            .map(|(machine, end)| (end, Reverse(machine)));
        match others.max() {
            Some(other) if other > own => Err(newer(group.id, other.1.0)),
            Some(_) | None => Ok(true),
        }
    }
}

fn newer(group: u64, machine: MachineId) -> RecoverError {
    RecoverError::NewerElsewhere { group, machine }
}

/// A group is being given up for its heir, until this is dropped.
struct Passing<'a>(&'a Copies, u64);

impl<'a> Passing<'a> {
    fn begin(copies: &'a Copies, group: u64) -> Self {
        let mut passing = copies.passing.lock().unwrap_or_else(PoisonError::into_inner);
        passing.insert(group);
        Self(copies, group)
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        let mut passing = self.0.passing.lock().unwrap_or_else(PoisonError::into_inner);
        passing.remove(&self.1);
    }
}

impl Copies {
    /// Makes a new group of the copy of one that is lost, and gives the old one up.
    async fn begin_anew(&self, old: &Arc<Group>) -> Result<Descriptor, NodeError> {
        let _one_at_a_time = self.changing.lock().await;
        let row = self.roster.row(old.id).ok_or(NodeError::NotHere(old.id))?;
        let _passing = Passing::begin(self, old.id);
        self.roster.leave(old.id);
        old.stop().await;
        let made = self.make_heir(old).await;
        let (heir, heirs_row) = match made {
            Ok(made) => made,
            Err(error) => {
                // As it was.
                self.run(old.id, row).await?;
                return Err(error);
            }
        };
        let given_up = Replica {
            stage: Life::GivenUp,
            ..row
        };
        self.registry
            .write(&[(old.id, given_up), (heir.group, heirs_row)])
            .await?;
        self.roster.note(old.id, given_up);
        self.router.table.forget(old.id);
        self.run(heir.group, heirs_row).await?;
        // All that it had is in the new one.
        old.erase().await?;
        tracing::warn!(
            old = format_args!("{:016x}", old.id),
            new = format_args!("{:016x}", heir.group),
            "a group goes on from the copy of this machine; what only the lost machines had is lost"
        );
        Ok(heir)
    }

    /// Puts the new group's database and log in their places. Nobody looks at them before their row is written.
    async fn make_heir(&self, old: &Arc<Group>) -> Result<(Descriptor, Replica), NodeError> {
        let before = old.descriptor();
        let log = old.log();
        let next = log.next_index();
        let heir = heir_of(before, self.ground.member.incarnation, next);
        let node = next.max(1);
        let member = self.ground.member;
        let (shelf, state, medium) = (
            old.shelf().clone(),
            self.state.clone(),
            self.ground.medium.clone(),
        );
        let wrong = |source| {
            NodeError::Group(GroupError::Database {
                group: before.group,
                source,
            })
        };
        let placed = self.ground.stage.blocking(move || {
            let (place, _) = Shelf::find(&state, heir.group, medium)?;
            let (copy, applied) = shelf.copy(&place, "heir")?;
            let applied = Progress::read(&applied).map_err(|source| Fault::Codec {
                what: "progress",
                source,
            })?;
            let mut database = Database::open(&place.at(copy.path().to_owned()))?;
            let alone = applied.of_heir(node, member)?;
            database.become_another(heir, &alone.record()?)?;
            database.make_durable()?;
            database.close()?;
            place.place(copy.path())?;
            Ok(alone)
        });
        let progress = placed.await.map_err(wrong)?;
        GroupLog::forget_all(&self.ground.journal, heir.group).await?;
        log.bequeath(heir.group, progress.last, node).await?;
        let row = Replica {
            node,
            stage: Life::Live,
            origin: heir,
        };
        Ok((heir, row))
    }
}

/// The group that goes on instead of another: its id follows from whose copy it is made of, and of how much.
pub(crate) fn heir_of(old: Descriptor, incarnation: u64, next: NodeId) -> Descriptor {
    let name = format!("{:016x}/{incarnation:016x}/{next}", old.group);
    Descriptor {
        group: Position::of("group", &name).0.clamp(1, u64::MAX - 1),
        range: old.range,
        epoch: old.epoch + EPOCHS_AHEAD,
    }
}
