//! Committed entries become transactions: openraft's state machine over one group's [`Database`].
//!
//! openraft hands over committed entries and goes on at once; the database's worker takes all that wait and applies them as one transaction. So what
//! openraft calls *applied* runs ahead of what can be read: whoever reads waits for [`Visible`] (C2), and everything that concerns the database's
//! contents (progress, snapshots) goes through the worker's queue.
//!
//! An entry with a split is applied in two steps. The worker makes the child out of a copy of the database as it is just before the entry, hands it to the
//! [`Cradle`], and lets everything wait until it is told that the child is on disk; then it applies the entry as any other (R8). So a crash leaves nothing of
//! the child and the parent before the entry, or the child complete; and what is applied again then finds the child there, and leaves it alone (R2).
//!
//! **Invariant:** the record of progress is written in the transaction of the effects, so a crash loses both or neither.
//! **Invariant:** the durable point advances only after a sync (R4).
//! **Invariant:** after a fault nothing is applied or answered any more; the group stops on this machine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures::{Stream, StreamExt};
use openraft::storage::{ApplyResponder, EntryResponder, RaftSnapshotBuilder, RaftStateMachine};
use openraft::type_config::alias::{SnapshotMetaOf, SnapshotOf, StoredMembershipOf};
use openraft::{EntryPayload, OptionalSend};
use serde::{Deserialize, Serialize};
use tertulia_state::range::Origin;
use tertulia_state::{Checkpoint, Database, Descriptor, Event, Fault, Placed, Proposal};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::journal::Fatal;
use super::log::{DurablePoint, seed};
use super::{Entry, LogId, Member, NodeId, TypeConfig};
use crate::cradle::{Cradle, Delivered, Newborn};
use crate::events::Events;
use crate::shelf::{Copy, Image, Shelf};
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

    /// Of a child that is born at this index: its members are those of the parent, and the term is older than any that its own members will vote in (R6).
    fn of_child(&self, index: u64) -> Self {
        let born = Some(seed(index));
        Self {
            last: born,
            membership: Membership::new(born, self.membership.membership().clone()),
        }
    }

    /// Of a group that goes on from here with this one member (V4).
    pub(crate) fn of_heir(&self, node: NodeId, member: Member) -> Result<Self, Fault> {
        let members = BTreeMap::from([(node, member)]);
        let alone = openraft::Membership::new(vec![BTreeSet::from([node])], members)
            .map_err(|_| Fault::Damaged("a group needs a member"))?;
        Ok(Self {
            last: self.last,
            membership: Membership::new(self.last, alone),
        })
    }

    pub(crate) fn record(&self) -> Result<Vec<u8>, Fault> {
        postcard::to_stdvec(self).map_err(|source| Fault::Codec {
            what: "progress",
            source,
        })
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
    /// By which split it was born, if by one.
    pub(crate) origin: Option<Origin>,
    /// Whether nothing of the other half of a split is left.
    pub(crate) is_trimmed: bool,
    /// Why the database has stopped, if it has.
    pub(crate) fault: Option<Arc<str>>,
}

impl Visible {
    fn of(progress: &Progress, database: &Database) -> Self {
        Self {
            next_index: progress.next_index(),
            descriptor: database.descriptor(),
            origin: database.origin(),
            is_trimmed: database.is_trimmed(),
            fault: None,
        }
    }
}

enum Job {
    Apply(Vec<(Entry, Option<ApplyResponder<TypeConfig>>)>),
    Progress(oneshot::Sender<Progress>),
    MakeDurable(oneshot::Sender<Progress>),
    Install(Image, oneshot::Sender<()>),
    Digest(oneshot::Sender<(u64, [u8; 32])>),
    Close(oneshot::Sender<()>),
    /// The child of the entry with this index is on disk, or cannot be.
    Born(u64, io::Result<()>),
}

/// openraft's hand on the database's worker.
#[derive(Clone)]
pub(crate) struct Machine {
    jobs: mpsc::Sender<Job>,
    visible: watch::Receiver<Visible>,
    /// Whether the worker takes jobs. While a child is being born it does not, so that no more wait than the queue holds.
    is_open: watch::Receiver<bool>,
    /// What the last durable point covers.
    covered: Arc<Mutex<Progress>>,
    shelf: Arc<Shelf>,
}

/// What a database's worker tells others.
pub(crate) struct Surroundings {
    /// This copy's id in the group.
    pub(crate) node: NodeId,
    /// Where a child goes when the group is divided.
    pub(crate) cradle: Cradle,
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
        let (tell, visible) = watch::channel(Visible::of(&progress, &database));
        let (open, is_open) = watch::channel(true);
        let covered = Arc::new(Mutex::new(progress.clone()));
        let shelf = around.shelf.clone();
        let keeper = |jobs| Keeper {
            database: Some(database),
            progress,
            tell,
            open,
            covered: covered.clone(),
            around,
            jobs,
            waiting: VecDeque::new(),
            birth: Expected::None,
            unmoved_bytes: 0,
            checkpoints: 0,
        };
        let Worker { jobs, .. } = stage.start_with(name, QUEUE_JOBS, |jobs| {
            let mut keeper = keeper(jobs);
            move |jobs: &mut Vec<Job>| keeper.work(jobs)
        })?;
        Ok(Self {
            jobs,
            visible,
            is_open,
            covered,
            shelf,
        })
    }

    /// What can be read, and whether the database has stopped.
    pub(crate) fn visible(&self) -> watch::Receiver<Visible> {
        self.visible.clone()
    }

    /// The index of the next entry, and a digest of all rows as of there, for comparing replicas.
    pub(crate) async fn digest(&self) -> io::Result<(u64, [u8; 32])> {
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
        let mut is_open = self.is_open.clone();
        let opened = is_open.wait_for(|is_open| *is_open).await.is_ok();
        if !opened || self.visible.borrow().fault.is_some() {
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
    open: watch::Sender<bool>,
    covered: Arc<Mutex<Progress>>,
    around: Surroundings,
    /// The way back to this worker.
    jobs: mpsc::WeakSender<Job>,
    /// What has been taken out of the queue and is not done.
    waiting: VecDeque<Job>,
    birth: Expected,
    /// Bytes of commands since the last checkpoint.
    unmoved_bytes: usize,
    /// Checkpoints since the last that waited.
    checkpoints: u32,
}

/// The birth that a worker waits for: the index of its entry, and when it began.
#[derive(Clone, Copy, Debug)]
enum Expected {
    /// None.
    None,
    /// Nothing is done until it is told.
    Child(u64, Instant),
    /// The entry can be applied.
    Delivered(u64, Instant),
}

/// Entries that become one transaction.
struct Batch {
    progress: Progress,
    entries: Vec<Placed>,
    commands: usize,
    bytes: usize,
    /// Who waits, and for which entry's replies.
    waiting: Vec<(ApplyResponder<TypeConfig>, Option<usize>)>,
}

impl Batch {
    fn after(progress: &Progress) -> Self {
        Self {
            progress: progress.clone(),
            entries: Vec::new(),
            commands: 0,
            bytes: 0,
            waiting: Vec::new(),
        }
    }

    fn take(
        &mut self,
        entry: Entry,
        proposal: Option<Proposal>,
        responder: Option<ApplyResponder<TypeConfig>>,
    ) {
        let mut place = None;
        if let Some(proposal) = proposal {
            self.commands += proposal.commands.len();
            self.bytes += proposal.commands.iter().map(Vec::len).sum::<usize>();
            place = Some(self.entries.len());
            self.entries
                .push(placed(entry.log_id.index, proposal, &self.progress));
        }
        if let EntryPayload::Membership(membership) = entry.payload {
            self.progress.membership = Membership::new(Some(entry.log_id), membership);
        }
        self.progress.last = Some(entry.log_id);
        self.waiting.extend(responder.map(|responder| (responder, place)));
    }
}

/// A proposal, placed behind what was applied before.
fn placed(index: u64, proposal: Proposal, before: &Progress) -> Placed {
    Placed {
        index,
        is_settled: before.membership.get_joint_config().len() == 1,
        proposal,
    }
}

/// What an entry proposes, if it does.
fn read(entry: &Entry) -> Result<Option<Proposal>, Fault> {
    match &entry.payload {
        EntryPayload::Blank | EntryPayload::Membership(_) => Ok(None),
        EntryPayload::Normal(payload) => {
            postcard::from_bytes(&payload.0)
                .map(Some)
                .map_err(|source| Fault::Codec {
                    what: "proposal",
                    source,
                })
        }
    }
}

impl Keeper {
    fn work(&mut self, jobs: &mut Vec<Job>) {
        let Some(mut database) = self.database.take() else {
            return;
        };
        self.waiting.extend(jobs.drain(..));
        match self.work_on(&mut database) {
            Ok(None) => self.database = Some(database),
            Ok(Some(closed)) => {
                drop(database);
                // Who no longer waits needs no answer.
                let _ = closed.send(());
            }
            Err(fault) => {
                let group = database.descriptor().group;
                if fault.is_full_disk() {
                    // The copy is not to be made anew elsewhere for that, and the log is on the same disk.
                    (self.around.fatal)(&format!(
                        "the disk is full: the database of group {group:016x} cannot be written ({fault})"
                    ));
                }
                tracing::error!(group = format_args!("{group:016x}"), %fault, "this copy of the group has stopped");
                let fault: Arc<str> = fault.to_string().into();
                self.tell.send_modify(|visible| visible.fault = Some(fault));
                self.waiting.clear();
                self.open.send_replace(true);
            }
        }
    }

    /// Does what waits; if that was to close the database, returns who waits for it.
    fn work_on(&mut self, database: &mut Database) -> Result<Option<oneshot::Sender<()>>, Fault> {
        self.hear_of_birth()?;
        if matches!(self.birth, Expected::Child(..)) {
            return Ok(None);
        }
        let mut batch = Batch::after(&self.progress);
        while let Some(job) = self.waiting.pop_front() {
            if let Job::Apply(range) = job {
                match self.take(database, batch, range)? {
                    Some(taken) => batch = taken,
                    None => return Ok(None),
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

    /// Takes a range of entries, and commits what has become large; `None` if the rest must wait for a birth.
    fn take(
        &mut self,
        database: &mut Database,
        mut batch: Batch,
        range: Vec<EntryResponder<TypeConfig>>,
    ) -> Result<Option<Batch>, Fault> {
        let mut range = range.into_iter();
        while let Some((entry, responder)) = range.next() {
            let proposal = read(&entry)?;
            if let Some(proposal) = proposal.as_ref().filter(|proposal| proposal.may_split()) {
                self.commit(database, batch)?;
                batch = Batch::after(&self.progress);
                if self.must_wait(database, entry.log_id.index, proposal)? {
                    let rest = std::iter::once((entry, responder)).chain(range).collect();
                    self.waiting.push_front(Job::Apply(rest));
                    return Ok(None);
                }
            }
            batch.take(entry, proposal, responder);
            if batch.commands >= COMMANDS_MAX {
                self.commit(database, batch)?;
                batch = Batch::after(&self.progress);
            }
        }
        Ok(Some(batch))
    }

    /// Whether the child of an entry must be on disk first; all entries before it are applied.
    fn must_wait(&mut self, database: &mut Database, index: u64, proposal: &Proposal) -> Result<bool, Fault> {
        if let Expected::Delivered(delivered, _) = self.birth
            && delivered == index
        {
            return Ok(false);
        }
        let entry = placed(index, proposal.clone(), &self.progress);
        let Some(birth) = database.foresee(&entry)? else {
            return Ok(false);
        };
        let is_member = self.progress.membership.get_node(&self.around.node).is_some();
        // Whoever is no member any more has no part in the child; and what is known here is not born again (R2).
        if !is_member || self.around.cradle.knows(birth.child.group) {
            return Ok(false);
        }
        let begun = Instant::now();
        let copy = self.conceive(database, &entry)?;
        let jobs = self
            .jobs
            .upgrade()
            .ok_or(Fault::Damaged("nobody waits for the child any more"))?;
        let newborn = Newborn {
            birth,
            node: self.around.node,
            machines: self
                .progress
                .membership
                .nodes()
                .map(|(_, member)| member.machine)
                .collect(),
            copy,
            delivered: Delivered::new(move |born| {
                // A worker that has ended waits for nobody.
                Box::pin(async move { drop(jobs.send(Job::Born(index, born)).await) })
            }),
        };
        self.around.cradle.lay(newborn)?;
        self.birth = Expected::Child(index, begun);
        self.open.send_replace(false);
        Ok(true)
    }

    /// Makes the child's database of a copy of this one: one file, complete and synced.
    fn conceive(&self, database: &mut Database, entry: &Placed) -> Result<Copy, Fault> {
        database.checkpoint(Checkpoint::Passive)?;
        let shelf = &self.around.shelf;
        let copy = shelf.clone_files("birth")?;
        let mut child = Database::open(&shelf.at(copy.path().to_owned()))?;
        child.become_child(entry, &self.progress.of_child(entry.index).record()?)?;
        child.close()?;
        shelf.medium().files.open(copy.path())?.sync()?;
        Ok(copy)
    }

    /// Takes the news of a birth out of what waits.
    fn hear_of_birth(&mut self) -> Result<(), Fault> {
        let news = self.waiting.iter().position(|job| matches!(job, Job::Born(..)));
        if let Some(Job::Born(index, born)) = news.and_then(|place| self.waiting.remove(place)) {
            born?;
            if let Expected::Child(expected, begun) = self.birth
                && expected == index
            {
                self.birth = Expected::Delivered(index, begun);
                self.open.send_replace(true);
            }
        }
        Ok(())
    }

    fn commit(&mut self, database: &mut Database, batch: Batch) -> Result<(), Fault> {
        if batch.progress.last == self.progress.last {
            return Ok(());
        }
        let mut applied = database.apply(&batch.entries, &batch.progress.record()?)?;
        self.show(database, batch.progress);
        if let Expected::Delivered(_, begun) = self.birth {
            self.birth = Expected::None;
            let waited_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(
                group = format_args!("{:016x}", database.descriptor().group),
                waited_ms,
                "a group is divided"
            );
        }
        if applied.events.contains(&Event::Errands) {
            self.around.errands.notify_one();
        }
        self.around
            .events
            .tell(database.descriptor().group, applied.events);
        for (responder, entry) in batch.waiting {
            responder.send(
                entry
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
            Job::Apply(_) | Job::Close(_) | Job::Born(..) => {}
            Job::Progress(tell) => drop(tell.send(self.progress.clone())),
            Job::Digest(tell) => drop(tell.send((self.progress.next_index(), database.digest()?))),
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
        self.tell.send_replace(Visible::of(&progress, database));
        self.progress = progress;
    }
}
