//! The birth of a copy by a split (R2, R8): what the parent's database has made ready is put in its place and registered, and begins to run.
//!
//! The steps, and what a crash between them leaves: the file of the child comes to its place (nobody looks at it: made anew), its log gets the place where it
//! begins (asleep without a row), its row is written (the child is there; the parent applies the split again and leaves it alone). Only then does the parent
//! go on, and the child's consensus begin.
//!
//! A member that a split has passed over gets its copy late and empty, as if invited: see `Roster::passed_over`.
//!
//! **Invariant:** a split seeds only where there is no row of the child; what is there is never touched.
//! **Invariant:** a birth waits for nothing but the disk: whoever waits for a parent to stop or to start can count on it.

use std::io;
use std::sync::{Arc, Weak};

use tertulia_state::range::Birth;
use tertulia_types::MachineId;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::copies::Copies;
use crate::cradle::Newborn;
use crate::error::NodeError;
use crate::raft::log::GroupLog;
use crate::replica::{Replica, Stage as Life};
use crate::shelf::{Copy, Shelf};
use crate::table::Route;

impl Copies {
    /// Takes up what is laid into the cradle, for as long as the machine lives.
    pub(crate) async fn attend_births(copies: Weak<Self>, mut laid: mpsc::UnboundedReceiver<Newborn>) {
        let mut births = JoinSet::new();
        loop {
            tokio::select! {
                newborn = laid.recv() => match newborn.zip(copies.upgrade()) {
                    Some((newborn, copies)) => drop(births.spawn(copies.deliver(newborn))),
                    None => break,
                },
                Some(_) = births.join_next(), if !births.is_empty() => {}
            }
        }
        while births.join_next().await.is_some() {}
    }

    async fn deliver(self: Arc<Self>, newborn: Newborn) {
        let Newborn {
            birth,
            node,
            machines,
            copy,
            delivered,
        } = newborn;
        let id = birth.child.group;
        let row = Replica {
            node,
            stage: Life::Live,
            origin: birth.child,
        };
        let is_born = self.settle(&birth, row, copy).await;
        if matches!(is_born, Ok(true)) {
            // Before the parent gives up its half: nobody here shall find no owner.
            self.router.table.learn(Route {
                descriptor: birth.child,
                machines: machines.clone(),
            });
        }
        let (told, is_born) = match is_born {
            Ok(is_born) => (Ok(()), is_born),
            Err(error) => (Err(error), false),
        };
        delivered.tell(told).await;
        if is_born && let Err(error) = self.raise(&birth, row, machines).await {
            tracing::error!(group = format_args!("{id:016x}"), %error, "a new group does not run here; it is tried again at the next start");
        }
    }

    /// Puts a child in its place; whether it was not there yet.
    async fn settle(&self, birth: &Birth, row: Replica, copy: Copy) -> io::Result<bool> {
        let _one_at_a_time = self.seeding.lock().await;
        let id = birth.child.group;
        if self.roster.row(id).is_some() {
            return Ok(false);
        }
        let (state, medium) = (self.state.clone(), self.ground.medium.clone());
        let placed = self.ground.stage.blocking(move || {
            let (shelf, _) = Shelf::find(&state, id, medium)?;
            shelf.place(copy.path())
        });
        placed.await?;
        // In this order into the same queue: with luck one sync does for both.
        let rows = [(id, row)];
        futures::future::try_join(
            GroupLog::seed(&self.ground.journal, id, birth.index),
            self.registry.write(&rows),
        )
        .await?;
        self.roster.note(id, row);
        Ok(true)
    }

    /// Lets a child run; where its parent is led from here, it is led from here at once (R12).
    async fn raise(&self, birth: &Birth, row: Replica, machines: Vec<MachineId>) -> Result<(), NodeError> {
        let id = birth.child.group;
        {
            let is_retired = self.retired.lock().await;
            if *is_retired {
                return Ok(());
            }
            self.run(id, row).await?;
        }
        let learn = |descriptor| {
            let machines = machines.clone();
            self.router.table.learn(Route { descriptor, machines });
        };
        learn(birth.child);
        learn(birth.parent);
        let is_leading = self
            .roster
            .group(birth.parent.group)
            .is_some_and(|parent| parent.is_leading());
        if let Some(child) = self.roster.group(id).filter(|_| is_leading) {
            child.stand().await;
        }
        Ok(())
    }
}
