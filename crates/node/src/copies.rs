//! The copies of groups on this machine: how one comes to life, and how it goes. How one is born by a split is told in [`birth`](crate::birth).
//!
//! **Invariant:** one birth or farewell of a group at a time; its row is on disk before the copy takes part (R2).
//! **Invariant:** a copy goes only by a committed membership of its group that does not name it (R5), never because somebody is silent.
//! **Invariant:** a copy that cannot be brought to life, or has come to a fault, keeps no other from running (R1). Nothing of it is touched before the group's
//! leader, which goes on without it, has another one made here under a fresh id (R2).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use tertulia_state::Descriptor;
use tertulia_types::Bug;
use tokio::sync::Mutex;

use crate::ask::Mustered;
use crate::error::NodeError;
use crate::group::{Ground, Group};
use crate::hold::Hold;
use crate::raft::NodeId;
use crate::raft::log::GroupLog;
use crate::replica::{Registry, Replica, Stage as Life};
use crate::roll::Roll;
use crate::roster::Roster;
use crate::router::Router;
use crate::shelf::Shelf;
use crate::staff;
use crate::table::Route;

/// What births and farewells need.
pub(crate) struct Copies {
    pub(crate) ground: Ground,
    /// Where the databases lie.
    pub(crate) state: PathBuf,
    pub(crate) registry: Registry,
    pub(crate) roster: Arc<Roster>,
    pub(crate) router: Arc<Router>,
    /// Lets the couriers rest.
    pub(crate) hold: Hold,
    /// Held while a copy comes by invitation, or goes.
    pub(crate) changing: Mutex<()>,
    /// Held while it is decided whether a copy is seeded: by an invitation, by a split, or late (R2). Nobody who holds it waits for a group.
    pub(crate) seeding: Mutex<()>,
    /// Groups that are being given up for an heir made of the copy here.
    pub(crate) passing: std::sync::Mutex<BTreeSet<u64>>,
    /// Held while a copy that was born begins to run; true once none may any more, since the machine stops.
    pub(crate) retired: Mutex<bool>,
}

impl Copies {
    /// Brings to life what the registry knows; in an empty one, these rows first.
    pub(crate) async fn start(&self, founding: Vec<(u64, Replica)>) -> Result<(), NodeError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut rows = self.registry.rows()?;
        let founds = rows.is_empty() && !founding.is_empty();
        if rows.is_empty() && self.has_databases()? {
            tracing::error!(
                "the log has lost all that it held, and which copies were here: they count as lost, and are made anew by those who have others"
            );
        }
        if founds {
            self.registry.write(&founding).await?;
            rows.extend(founding);
        }
        // All of them before any of them runs: one that applies a split again must know that the child is here.
        for (group, row) in &rows {
            self.roster.note(*group, *row);
        }
        for (group, row) in rows {
            let done = match row.stage {
                Life::Seeding | Life::Live => self.run(group, row).await,
                Life::Gone => self.sweep(group).await,
                Life::GivenUp => Ok(()),
            };
            match done {
                // A ring is founded as a whole.
                Err(error) if founds => return Err(error),
                Err(error) => tracing::error!(
                    group = format_args!("{group:016x}"),
                    error = &error as &dyn std::error::Error,
                    "a copy on this machine cannot be used; the others go on, and what is there of it stays until its group has made another one here"
                ),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Whether a database lies where those of copies do.
    fn has_databases(&self) -> std::io::Result<bool> {
        let mut files = std::fs::read_dir(&self.state)?;
        files.try_fold(false, |found, file| {
            let is_database = file?
                .path()
                .extension()
                .is_some_and(|extension| extension == "db");
            Ok(found || is_database)
        })
    }

    /// Removes what is left of a copy that was going when the power went.
    async fn sweep(&self, group: u64) -> Result<(), NodeError> {
        let (shelf, is_there) = Shelf::find(&self.state, group, self.ground.medium.clone())?;
        if is_there {
            GroupLog::forget_all(&self.ground.journal, group).await?;
            shelf.clear()?;
        }
        Ok(())
    }

    /// What this machine has of a group that may be lost (V4).
    pub(crate) fn muster(&self, group: u64) -> Mustered {
        let passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        let is_given_up = self
            .roster
            .row(group)
            .is_some_and(|row| row.stage == Life::GivenUp);
        match self.roster.group(group) {
            _ if is_given_up || passing.contains(&group) => Mustered::GoesOn,
            Some(here) => Mustered::Copy {
                end: here.log().end(),
            },
            None => Mustered::Nothing,
        }
    }

    /// Nothing that is born runs any more.
    pub(crate) async fn retire(&self) {
        *self.retired.lock().await = true;
    }

    /// Runs a copy, after it was seeded if need be.
    pub(crate) async fn run(&self, id: u64, row: Replica) -> Result<(), NodeError> {
        let running = self.bring_to_life(id, row).await;
        if running.is_err() {
            self.roster.miss(id);
        }
        running
    }

    async fn bring_to_life(&self, id: u64, mut row: Replica) -> Result<(), NodeError> {
        if row.stage == Life::Seeding || (Bug::IdUsedAgain.is_planted() && self.is_missing(id)?) {
            // What an earlier copy may have left that went while the power did.
            GroupLog::forget_all(&self.ground.journal, id).await?;
            Group::seed(id, row.origin, &self.state, &self.ground)?;
            row.stage = Life::Live;
            self.registry.write(&[(id, row)]).await?;
        }
        let group = Group::start(id, &row, &self.state, &self.ground).await?;
        let descriptor = group.descriptor();
        self.router.table.learn(Route {
            descriptor,
            machines: vec![self.ground.member.machine],
        });
        staff::employ(&group, &self.router, &self.hold).await;
        self.roster.enter(group);
        self.roster.note(id, row);
        Ok(())
    }

    /// Whether there is no database of a group here.
    fn is_missing(&self, id: u64) -> Result<bool, NodeError> {
        Ok(!Shelf::find(&self.state, id, self.ground.medium.clone())?.1)
    }

    /// Gives this machine a copy of a group, which starts empty: as a learner, under a node id that the group's leader has made for it; or under the id that a
    /// split which has passed it over should have given it (R2).
    pub(crate) async fn host(&self, origin: Descriptor, node: NodeId) -> Result<(), NodeError> {
        let _one_at_a_time = self.changing.lock().await;
        let id = origin.group;
        let row = Replica {
            node,
            stage: Life::Seeding,
            origin,
        };
        let is_sick = self.roster.is_sick(id);
        let is_newer = |known: Replica| known.stage.is_here() && known.node < node;
        if is_sick && self.roster.row(id).is_some_and(is_newer) {
            self.put_away(id).await?;
        }
        {
            let _one_at_a_time = self.seeding.lock().await;
            match self.roster.row(id) {
                // Asked again: the answer to the first time was lost.
                Some(known) if known.stage.is_here() && known.node == node && !is_sick => return Ok(()),
                Some(known) if known.node >= node => return Err(NodeError::KnownHere(id)),
                Some(known) if known.stage != Life::Gone && !(is_sick && known.stage.is_here()) => {
                    return Err(NodeError::KnownHere(id));
                }
                Some(_) | None => {}
            }
            self.registry.write(&[(id, row)]).await?;
            self.roster.note(id, row);
        }
        self.run(id, row).await
    }

    /// Makes room for another copy in the place of one that is sick. A crash after that leaves one whose database is missing, and so a sick one.
    async fn put_away(&self, id: u64) -> Result<(), NodeError> {
        if let Some(group) = self.roster.leave(id) {
            group.stop().await;
        }
        self.roster.miss(id);
        let (shelf, _) = Shelf::find(&self.state, id, self.ground.medium.clone())?;
        let away = shelf.put_away()?;
        tracing::warn!(
            group = format_args!("{id:016x}"),
            file = %away.display(),
            "a copy that cannot be used is put away; another one is made in its place"
        );
        Ok(())
    }

    /// Takes the copy of a group away that a committed membership does not name (R5). Its row stays (R2).
    pub(crate) async fn dismiss(&self, id: u64, roll: &Roll) -> Result<(), NodeError> {
        let _one_at_a_time = self.changing.lock().await;
        let row = self.roster.row(id).ok_or(NodeError::NotHere(id))?;
        if !row.stage.is_here() {
            return Ok(());
        }
        let here = self.roster.group(id);
        if here.is_none() && !self.roster.is_sick(id) {
            return Err(NodeError::NotHere(id));
        }
        let own = here.as_ref().and_then(|group| group.roll());
        let is_stale = own.is_some_and(|own| own.index > roll.index && own.members.contains_key(&row.node));
        // A membership from before the invitation says nothing about it.
        if roll.members.contains_key(&row.node) || row.node > roll.as_of || is_stale {
            return Err(NodeError::Member(id));
        }
        let gone = Replica {
            stage: Life::Gone,
            ..row
        };
        self.registry.write(&[(id, gone)]).await?;
        self.roster.note(id, gone);
        self.roster.leave(id);
        match here {
            Some(group) => {
                self.router.table.learn(Route {
                    descriptor: group.descriptor(),
                    machines: roll.members.values().map(|member| member.machine).collect(),
                });
                group.stop().await;
                group.erase().await?;
            }
            None => {
                GroupLog::forget_all(&self.ground.journal, id).await?;
                self.sweep(id).await?;
            }
        }
        tracing::info!(
            group = format_args!("{id:016x}"),
            node = row.node,
            "a copy that is not needed here any more is gone"
        );
        Ok(())
    }
}
