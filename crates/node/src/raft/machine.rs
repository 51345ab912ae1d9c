//! Committed entries become transactions: openraft's state machine over one group's [`Database`].
//!
//! openraft hands over committed entries and goes on at once; the database's worker takes all that wait and applies them as one transaction. So what
//! openraft calls *applied* runs ahead of what can be read: whoever reads waits for [`Visible`] (C2), and everything that concerns the database's
//! contents (progress, snapshots) goes through the worker's queue.
//!
//! **Invariant:** the record of progress is written in the transaction of the effects, so a crash loses both or neither.
//! **Invariant:** the durable point advances only after a sync (R4).
//! **Invariant:** after a fault nothing is applied or answered any more; the group stops on this machine.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, StreamExt};
use openraft::storage::{ApplyResponder, EntryResponder, RaftSnapshotBuilder, RaftStateMachine};
use openraft::type_config::alias::{SnapshotMetaOf, SnapshotOf, StoredMembershipOf};
use openraft::{EntryPayload, OptionalSend};
use serde::{Deserialize, Serialize};
use tertulia_state::{Checkpoint, Database, Descriptor, Event, Fault, Proposal};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::journal::Fatal;
use super::log::DurablePoint;
use super::{Entry, LogId, TypeConfig};
use crate::events::Events;
use crate::shelf::{Image, Shelf};
use crate::stage::{Stage, Worker};

/// Jobs that wait for the database at most. Each is a range of committed entries.
const QUEUE_JOBS: usize = 64;
/// Commands after which a transaction is closed, so that readers see them soon.
const COMMANDS_MAX: usize = 1024;
/// Bytes of commands after which the write-ahead file is moved into the database, so that it neither grows nor slows readers.
const CHECKPOINT_BYTES: usize = 4 << 20;
/// Every so many checkpoints wait for readers, so that the write-ahead file begins anew even when somebody always reads.
const CHECKPOINTS_PER_RESTART: u32 = 16;

type Membership = StoredMembershipOf<TypeConfig>;

/// How far a database has come: stored in it with each transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The last entry whose effects are in it.
    pub(crate) last: Option<LogId>,
    /// The last membership among those entries.
    pub(crate) membership: Membership,
}

impl Progress {
    /// Reads what a database has stored; nothing, in a new one.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, postcard::Error> {
        if bytes.is_empty() {
            Ok(Self::default())
        } else {
            postcard::from_bytes(bytes)
        }
    }

    fn next_index(&self) -> u64 {
        self.last.map_or(0, |id| id.index + 1)
    }

    fn meta(&self) -> SnapshotMetaOf<TypeConfig> {
        openraft::SnapshotMeta {
            last_log_id: self.last,
            last_membership: self.membership.clone(),
        }
    }
}

/// What readers and the group's keeper watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visible {
    /// Readers see the effects of all entries before this index.
    pub(crate) next_index: u64,
    /// What the group is, as of there.
    pub(crate) descriptor: Descriptor,
    /// Why the database has stopped, if it has.
    pub(crate) fault: Option<Arc<str>>,
}

enum Job {
    Apply(Vec<(Entry, Option<ApplyResponder<TypeConfig>>)>),
    Progress(oneshot::Sender<Progress>),
    MakeDurable(oneshot::Sender<Progress>),
    Install(Image, oneshot::Sender<()>),
    Digest(oneshot::Sender<[u8; 32]>),
    Close(oneshot::Sender<()>),
}

/// openraft's hand on the database's worker.
#[derive(Clone)]
pub(crate) struct Machine {
    jobs: mpsc::Sender<Job>,
    visible: watch::Receiver<Visible>,
    /// What the last durable point covers.
    covered: Arc<Mutex<Progress>>,
    shelf: Arc<Shelf>,
}

/// What a database's worker tells others.
pub(crate) struct Surroundings {
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) durable: DurablePoint,
    pub(crate) events: Events,
    /// Rung when rows were written to the outbox.
    pub(crate) errands: Arc<Notify>,
    pub(crate) fatal: Fatal,
}

impl Machine {
    /// Starts the worker of an open database.
    pub(crate) fn start(
        name: &str,
        mut database: Database,
        around: Surroundings,
        stage: Stage,
    ) -> Result<Self, Fault> {
        // After a crash of the process alone, what was read just now may still be in the page cache only (R4).
        database.make_durable()?;
        let progress = Progress::read(database.applied()).map_err(|source| Fault::Codec {
            what: "progress",
            source,
        })?;
        around.durable.advance_to(progress.last.map(|id| id.index));
        let (tell, visible) = watch::channel(Visible {
            next_index: progress.next_index(),
            descriptor: database.descriptor(),
            fault: None,
        });
        let covered = Arc::new(Mutex::new(progress.clone()));
        let shelf = around.shelf.clone();
        let mut keeper = Keeper {
            database: Some(database),
            progress,
            tell,
            covered: covered.clone(),
            around,
            unmoved_bytes: 0,
            checkpoints: 0,
        };
        let Worker { jobs, .. } =
            stage.start(name, QUEUE_JOBS, move |jobs: &mut Vec<Job>| keeper.work(jobs))?;
        Ok(Self {
            jobs,
            visible,
            covered,
            shelf,
        })
    }

    /// What can be read, and whether the database has stopped.
    pub(crate) fn visible(&self) -> watch::Receiver<Visible> {
        self.visible.clone()
    }

    /// A digest of all rows, for comparing replicas, and the progress that it belongs to.
    pub(crate) async fn digest(&self) -> io::Result<[u8; 32]> {
        self.ask(Job::Digest).await
    }

    /// Makes the database durable and closes it. What comes after is not carried out.
    pub(crate) async fn close(&self) {
        // A database that has stopped by itself is closed.
        drop(self.ask(Job::Close).await);
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> io::Result<T> {
        let (tell, told) = oneshot::channel();
        self.send(job(tell)).await?;
        told.await.map_err(|_| self.stopped())
    }

    async fn send(&self, job: Job) -> io::Result<()> {
        if self.visible.borrow().fault.is_some() {
            return Err(self.stopped());
        }
        self.jobs.send(job).await.map_err(|_| self.stopped())
    }

    fn stopped(&self) -> io::Error {
        let fault = self.visible.borrow().fault.clone();
        io::Error::other(
            fault
                .as_deref()
                .unwrap_or("the group's database is closed")
                .to_owned(),
        )
    }
}

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotData = Image;
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, Membership)> {
        let progress = self.ask(Job::Progress).await?;
        Ok((progress.last, progress.membership))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = Result<EntryResponder<TypeConfig>, io::Error>> + Unpin + OptionalSend,
    {
        let mut range = Vec::new();
        while let Some(entry) = entries.next().await {
            range.push(entry?);
        }
        self.send(Job::Apply(range)).await
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn install_snapshot(&mut self, _meta: &SnapshotMetaOf<TypeConfig>, image: Image) -> io::Result<()> {
        self.ask(|tell| Job::Install(image, tell)).await
    }

    /// In constant time: the copy is made when it is sent, and then brings its own progress along.
    async fn get_current_snapshot(&mut self) -> io::Result<Option<SnapshotOf<TypeConfig, Image>>> {
        let covered = self
            .covered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Ok(covered.last.is_some().then(|| openraft::Snapshot {
            meta: covered.meta(),
            snapshot: Image::Current(self.shelf.clone()),
        }))
    }
}

impl RaftSnapshotBuilder<TypeConfig> for Machine {
    type SnapshotData = Image;

    /// The database *is* the snapshot: it only has to be durable up to here before the log is cut (R4).
    async fn build_snapshot(&mut self) -> io::Result<SnapshotOf<TypeConfig, Image>> {
        let progress = self.ask(Job::MakeDurable).await?;
        Ok(openraft::Snapshot {
            meta: progress.meta(),
            snapshot: Image::Current(self.shelf.clone()),
        })
    }
}

/// The one that writes to the database.
struct Keeper {
    /// `None` after a fault.
    database: Option<Database>,
    progress: Progress,
    tell: watch::Sender<Visible>,
    covered: Arc<Mutex<Progress>>,
    around: Surroundings,
    /// Bytes of commands since the last checkpoint.
    unmoved_bytes: usize,
    /// Checkpoints since the last that waited.
    checkpoints: u32,
}

/// Entries that become one transaction.
struct Batch {
    progress: Progress,
    proposals: Vec<Proposal>,
    commands: usize,
    bytes: usize,
    /// Who waits, and for which proposal's replies.
    waiting: Vec<(ApplyResponder<TypeConfig>, Option<usize>)>,
}

impl Batch {
    fn after(progress: &Progress) -> Self {
        Self {
            progress: progress.clone(),
            proposals: Vec::new(),
            commands: 0,
            bytes: 0,
            waiting: Vec::new(),
        }
    }

    fn take(&mut self, entry: Entry, responder: Option<ApplyResponder<TypeConfig>>) -> Result<(), Fault> {
        let mut proposal = None;
        match entry.payload {
            EntryPayload::Blank => {}
            EntryPayload::Membership(membership) => {
                self.progress.membership = Membership::new(Some(entry.log_id), membership)
            }
            EntryPayload::Normal(payload) => {
                let read: Proposal = postcard::from_bytes(&payload.0).map_err(|source| Fault::Codec {
                    what: "proposal",
                    source,
                })?;
                self.commands += read.commands.len();
                self.bytes += payload.0.len();
                proposal = Some(self.proposals.len());
                self.proposals.push(read);
            }
        }
        self.progress.last = Some(entry.log_id);
        self.waiting
            .extend(responder.map(|responder| (responder, proposal)));
        Ok(())
    }
}

impl Keeper {
    fn work(&mut self, jobs: &mut Vec<Job>) {
        let Some(mut database) = self.database.take() else {
            return;
        };
        match self.work_on(&mut database, jobs) {
            Ok(None) => self.database = Some(database),
            Ok(Some(closed)) => {
                drop(database);
                // Who no longer waits needs no answer.
                let _ = closed.send(());
            }
            Err(fault) => {
                tracing::error!(group = database.descriptor().group, %fault, "this copy of the group has stopped");
                let fault: Arc<str> = fault.to_string().into();
                self.tell.send_modify(|visible| visible.fault = Some(fault));
            }
        }
    }

    /// Does the jobs; if one of them was to close the database, returns who waits for that.
    fn work_on(
        &mut self,
        database: &mut Database,
        jobs: &mut Vec<Job>,
    ) -> Result<Option<oneshot::Sender<()>>, Fault> {
        let mut batch = Batch::after(&self.progress);
        for job in jobs.drain(..) {
            if let Job::Apply(range) = job {
                for (entry, responder) in range {
                    batch.take(entry, responder)?;
                    if batch.commands >= COMMANDS_MAX {
                        self.commit(database, batch)?;
                        batch = Batch::after(&self.progress);
                    }
                }
                continue;
            }
            self.commit(database, batch)?;
            if let Job::Close(tell) = job {
                self.make_durable(database);
                return Ok(Some(tell));
            }
            self.answer(database, job)?;
            batch = Batch::after(&self.progress);
        }
        self.commit(database, batch)?;
        Ok(None)
    }

    fn commit(&mut self, database: &mut Database, batch: Batch) -> Result<(), Fault> {
        if batch.progress.last == self.progress.last {
            return Ok(());
        }
        let record = postcard::to_stdvec(&batch.progress).map_err(|source| Fault::Codec {
            what: "progress",
            source,
        })?;
        let mut applied = database.apply(&batch.proposals, &record)?;
        self.show(database, batch.progress);
        if applied.events.contains(&Event::Errands) {
            self.around.errands.notify_one();
        }
        self.around
            .events
            .tell(database.descriptor().group, applied.events);
        for (responder, proposal) in batch.waiting {
            responder.send(
                proposal
                    .map(|at| std::mem::take(&mut applied.replies[at]))
                    .unwrap_or_default(),
            );
        }
        self.unmoved_bytes += batch.bytes;
        if self.unmoved_bytes >= CHECKPOINT_BYTES {
            self.unmoved_bytes = 0;
            self.checkpoints = (self.checkpoints + 1) % CHECKPOINTS_PER_RESTART;
            database.checkpoint(match self.checkpoints {
                0 => Checkpoint::Restart,
                _ => Checkpoint::Passive,
            })?;
        }
        Ok(())
    }

    fn answer(&mut self, database: &mut Database, job: Job) -> Result<(), Fault> {
        // Whoever asked and no longer waits needs no answer.
        match job {
            Job::Apply(_) | Job::Close(_) => {}
            Job::Progress(tell) => drop(tell.send(self.progress.clone())),
            Job::Digest(tell) => drop(tell.send(database.digest()?)),
            Job::MakeDurable(tell) => {
                self.make_durable(database);
                drop(tell.send(self.progress.clone()));
            }
            Job::Install(image, tell) => {
                self.install(database, image)?;
                let _ = tell.send(());
            }
        }
        Ok(())
    }

    fn make_durable(&mut self, database: &mut Database) {
        if let Err(fault) = database.make_durable() {
            (self.around.fatal)(&format!(
                "the database of group {:016x} cannot be synced ({fault})",
                database.descriptor().group
            ));
            return;
        }
        self.around
            .durable
            .advance_to(self.progress.last.map(|id| id.index));
        *self.covered.lock().unwrap_or_else(PoisonError::into_inner) = self.progress.clone();
    }

    /// Puts a received database in the place of this one. A crash in between leaves the one or the other (R9).
    fn install(&mut self, database: &mut Database, image: Image) -> Result<(), Fault> {
        let shelf = self.around.shelf.clone();
        let copy = match image {
            Image::Copy(copy) => copy,
            Image::Current(source) => source.copy(&shelf, "installing")?.0,
        };
        // Opened once before it counts: a file that is no database of ours never replaces one that is.
        let opened = Database::open(&shelf.at(copy.path().to_owned()))?;
        let progress = Progress::read(opened.applied()).map_err(|source| Fault::Codec {
            what: "progress",
            source,
        })?;
        drop(opened);
        shelf.replace(copy.path())?;
        *database = Database::open(&shelf.location())?;
        self.show(database, progress);
        self.make_durable(database);
        Ok(())
    }

    fn show(&mut self, database: &Database, progress: Progress) {
        self.progress = progress;
        self.tell.send_modify(|visible| {
            visible.next_index = self.progress.next_index();
            visible.descriptor = database.descriptor();
        });
    }
}
