//! One running group on this machine: its log, its database, its consensus, and the tasks around them.
//!
//! **Invariant:** a query waits until the database shows what was committed before it came (C2).
//! **Invariant:** after a fault of its database the group is out of service here, at once and until the next start; the other members go on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tertulia_state::{AnyCommand, AnyQuery, Database, Descriptor, Fault, Query, Reader};
use tertulia_types::{Bug, Position, Rejected};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::{Batcher, Carried, Clock, Queue};
use crate::cradle::Cradle;
use crate::events::Events;
use crate::failure::Unavailable;
use crate::files::Medium;
use crate::gate::{Gate, Gatekeeper};
use crate::raft::journal::{Fatal, Journal, JournalError};
use crate::raft::log::{DurablePoint, GroupLog};
use crate::raft::machine::{Machine, Surroundings, Visible};
use crate::raft::network::{Absence, Call, Letter, Lines, Strangers, Transport};
use crate::raft::pulse;
use crate::raft::reception::Reception;
use crate::raft::{
    FatalError, Member, NodeId, Pace, Raft, config, leader, leads, wait_for_leader, wait_for_purge,
};
use crate::replica::Replica;
use crate::shelf::Shelf;
use crate::stage::Stage;
use tertulia_types::MachineId;

/// The node id of the member that founds a group: the index of the entry by which it does so.
pub(crate) const FOUNDER: NodeId = 0;
/// The epoch of a group's range when it is founded. What is born of it by a split has a later one.
pub(crate) const FIRST_EPOCH: u64 = 1;
/// How long cutting the log may take.
const RELIEF_DEADLINE: Duration = Duration::from_secs(30);
/// Bytes of a command: an entry of the log must fit into a letter.
const COMMAND_BYTES_MAX: usize = 4 << 20;
/// Bytes of all answers in one letter; a single longer one could not be sent at all.
const ANSWERS_BYTES_MAX: usize = 4 << 20;
/// How long a group that stops waits for what was begun.
const FINISH_TIME_MAX: Duration = Duration::from_secs(3);
/// Queries and commands in one letter from another machine at most.
const VERBS_MAX: usize = 1024;

/// A group that cannot run here.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// Its database is sick.
    #[error("the database of group {group:016x} cannot be used")]
    Database {
        /// Which group.
        group: u64,
        /// Why.
        source: Fault,
    },
    /// Its database should be there, and is not.
    #[error(
        "the database of group {group:016x} is missing from {directory}; restore it, or remove this machine and join again with an empty directory"
    )]
    Missing {
        /// Which group.
        group: u64,
        /// Where it should be.
        directory: String,
    },
    /// Its log is sick.
    #[error("the log of group {group:016x} cannot be used")]
    Log {
        /// Which group.
        group: u64,
        /// Why.
        source: JournalError,
    },
    /// A file or a thread could not be had.
    #[error("group {group:016x} cannot be started")]
    Io {
        /// Which group.
        group: u64,
        /// Why.
        source: std::io::Error,
    },
    /// The step needs a leader, and this copy does not lead (any more). If it did when the step began, the new leader knows what came of it.
    #[error("group {group:016x} is led by another machine")]
    Unseated {
        /// Which group.
        group: u64,
    },
    /// Its log could not be cut now.
    #[error("the log of group {group:016x} is in use; try again")]
    Uncut {
        /// Which group.
        group: u64,
    },
    /// The consensus did not start, or did not do as told.
    #[error("the consensus of group {group:016x}: {why}")]
    Consensus {
        /// Which group.
        group: u64,
        /// What it said.
        why: String,
    },
}

/// What all groups of a machine share.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) member: Member,
    pub(crate) journal: Journal,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) events: Events,
    pub(crate) clock: Clock,
    pub(crate) medium: Medium,
    pub(crate) stage: Stage,
    pub(crate) pace: Pace,
    /// From when on the machine's groups count their heartbeats.
    pub(crate) since: Instant,
    /// Where databases are read for other machines.
    pub(crate) readers: Handle,
    pub(crate) fatal: Fatal,
    pub(crate) cradle: Cradle,
    /// How many kinds of commands a machine has said that it knows (R15).
    pub(crate) commands_known: Arc<dyn Fn(MachineId) -> u32 + Send + Sync>,
}

/// A running group.
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) node: NodeId,
    raft: Raft,
    log: GroupLog,
    machine: Machine,
    shelf: Arc<Shelf>,
    queue: Queue,
    gate: Gate,
    visible: watch::Receiver<Visible>,
    reception: Arc<Reception>,
    strangers: Strangers,
    clock: Clock,
    readers: Handle,
    errands: Arc<Notify>,
    commands_known: Arc<dyn Fn(MachineId) -> u32 + Send + Sync>,
    /// How many kinds of commands all members knew when last asked (R15).
    commands: AtomicU32,
    stop: CancellationToken,
    tasks: Mutex<JoinSet<()>>,
}

impl Group {
    /// Makes the database of a copy that is being born, on disk when this returns. What may be there from an attempt before is made anew.
    pub(crate) fn seed(
        id: u64,
        origin: Descriptor,
        directory: &Path,
        ground: &Ground,
    ) -> Result<(), GroupError> {
        let io = |source| GroupError::Io { group: id, source };
        let sick = |source| GroupError::Database { group: id, source };
        let (shelf, _) = Shelf::find(directory, id, ground.medium.clone()).map_err(io)?;
        shelf.clear().map_err(io)?;
        Database::create(&shelf.location(), origin)
            .and_then(|mut database| database.make_durable())
            .map_err(sick)?;
        ground.medium.files.sync_directory(directory).map_err(io)
    }

    /// Starts a copy whose database is there.
    pub(crate) async fn start(
        id: u64,
        replica: &Replica,
        directory: &Path,
        ground: &Ground,
    ) -> Result<Arc<Self>, GroupError> {
        let io = |source| GroupError::Io { group: id, source };
        let sick = |source| GroupError::Database { group: id, source };
        let (shelf, is_there) = Shelf::find(directory, id, ground.medium.clone()).map_err(io)?;
        if !is_there {
            return Err(GroupError::Missing {
                group: id,
                directory: directory.display().to_string(),
            });
        }
        let database = Database::open(&shelf.location()).map_err(sick)?;
        let errands = Arc::new(Notify::new());
        let durable = DurablePoint::default();
        let around = Surroundings {
            node: replica.node,
            cradle: ground.cradle.clone(),
            shelf: shelf.clone(),
            durable: durable.clone(),
            events: ground.events.clone(),
            errands: errands.clone(),
            fatal: ground.fatal.clone(),
        };
        let machine =
            Machine::start(&format!("db-{id:016x}"), database, around, ground.stage).map_err(sick)?;
        let log = GroupLog::open(id, ground.journal.clone(), durable)
            .map_err(|source| GroupError::Log { group: id, source })?;
        let lines = Lines {
            group: id,
            node: replica.node,
            transport: ground.transport.clone(),
            shelf: shelf.clone(),
            stage: ground.stage,
            visible: machine.visible(),
            strangers: Strangers::default(),
        };
        let strangers = lines.strangers.clone();
        let raft = Self::agree(replica, lines, ground, &log, &machine).await?;
        let (queue, batcher) = Batcher::new(raft.clone(), ground.clock.clone());
        let (gate, gatekeeper) = Gatekeeper::new(raft.clone());
        let reception = Arc::new(Reception::new(raft.clone(), shelf.clone(), ground.stage));
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let beat = Duration::from_millis(ground.pace.heartbeat_ms);
        tasks.spawn(pulse::keep(
            raft.clone(),
            reception.clone(),
            beat,
            ground.since,
            stop.clone(),
        ));
        tasks.spawn(batcher.run(stop.clone()));
        tasks.spawn(gatekeeper.run(stop.clone()));
        tasks.spawn(attend(raft.clone(), machine.visible(), stop.clone()));
        Ok(Arc::new(Self {
            id,
            node: replica.node,
            reception,
            strangers,
            raft,
            log,
            visible: machine.visible(),
            machine,
            shelf,
            queue,
            gate,
            clock: ground.clock.clone(),
            readers: ground.readers.clone(),
            errands,
            commands_known: ground.commands_known.clone(),
            commands: AtomicU32::new(0),
            stop,
            tasks: Mutex::new(tasks),
        }))
    }

    /// Starts the consensus; whoever founds the group makes its first entry.
    async fn agree(
        replica: &Replica,
        lines: Lines,
        ground: &Ground,
        log: &GroupLog,
        machine: &Machine,
    ) -> Result<Raft, GroupError> {
        let (id, node) = (lines.group, lines.node);
        let wrong = |why: String| GroupError::Consensus { group: id, why };
        let config = config(id, ground.pace)
            .validate()
            .map_err(|error| wrong(error.to_string()))?;
        let raft = Raft::new(node, Arc::new(config), lines, log.clone(), machine.clone()).await;
        let raft = raft.map_err(|error| wrong(error.to_string()))?;
        let is_initialized = raft
            .is_initialized()
            .await
            .map_err(|error| wrong(error.to_string()))?;
        // The founder's copy of a group that a split has made may be empty too (R2): that one is a member among others.
        if node == FOUNDER && replica.origin.epoch == FIRST_EPOCH && !is_initialized {
            let members = BTreeMap::from([(node, ground.member)]);
            raft.initialize(members)
                .await
                .map_err(|error| wrong(error.to_string()))?;
        }
        Ok(raft)
    }

    /// Carries out an encoded command of this program's. The answer is the encoded `Result<Reply, Rejected>`.
    pub(crate) async fn submit(&self, command: Vec<u8>) -> Carried {
        self.in_service()?;
        if command.len() > COMMAND_BYTES_MAX {
            tracing::error!(
                group = self.id,
                bytes = command.len(),
                "a command is too long for the log"
            );
            return Err(Unavailable::Sick);
        }
        let is_known = |kinds| AnyCommand::is_known_to(&command, kinds);
        if !is_known(self.commands.load(Ordering::Relaxed)) && !is_known(self.ask_what_all_know()) {
            return Err(Unavailable::Older);
        }
        self.queue
            .submit(command)?
            .await
            .unwrap_or_else(|_| Err(self.why_out()))
    }

    /// How many kinds of commands all members know, as they have said (R15). Also asked now and then, since members come and go.
    pub(crate) fn ask_what_all_know(&self) -> u32 {
        let seats = self.seats();
        let known = seats
            .iter()
            .map(|seat| (self.commands_known)(seat.member.machine));
        let Some(known) = known.min() else {
            // The members are not known yet, and so this copy does not lead: the consensus says so.
            return u32::MAX;
        };
        self.commands.store(known, Ordering::Relaxed);
        known
    }

    /// Answers a query.
    pub(crate) async fn query<Q: Query>(&self, query: &Q) -> Result<Result<Q::Reply, Rejected>, Unavailable> {
        self.catch_up().await?;
        self.look(query)
    }

    /// Answers a query from the database as it is, however old that may be.
    pub(crate) fn look<Q: Query>(&self, query: &Q) -> Result<Result<Q::Reply, Rejected>, Unavailable> {
        self.shelf
            .read(|reader| reader.query(query, (self.clock)()))
            .map_err(|fault| self.unreadable(&fault))
    }

    /// As [`Self::look`], for those who work where the consensus runs.
    pub(crate) async fn look_aside<Q: Query>(
        self: &Arc<Self>,
        query: Q,
    ) -> Result<Result<Q::Reply, Rejected>, Unavailable> {
        self.read_aside(move |reader, now_ms| reader.query(&query, now_ms))
            .await
    }

    /// Reads where readers run: where the consensus runs nothing reads (P8).
    async fn read_aside<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&mut Reader, u64) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let group = self.clone();
        let read = async move { group.shelf.read(|reader| read(reader, (group.clock)())) };
        match self.readers.spawn(read).await {
            Ok(read) => read.map_err(|fault| self.unreadable(&fault)),
            Err(_) => Err(self.why_out()),
        }
    }

    /// Waits until the database shows all that was committed before now (C1, C2).
    pub(crate) async fn catch_up(&self) -> Result<(), Unavailable> {
        self.in_service()?;
        if Bug::HastyRead.is_planted() {
            return Ok(());
        }
        let index = self.gate.index().await?;
        let mut visible = self.visible.clone();
        let shown = visible
            .wait_for(|visible| visible.next_index > index || visible.fault.is_some())
            .await;
        match shown.map(|visible| visible.fault.is_none()) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(self.why_out()),
        }
    }

    /// Answers a letter from another machine.
    pub(crate) async fn receive(self: &Arc<Self>, letter: &Letter) -> Result<Bytes, Absence> {
        match letter.call {
            Call::Submit => self.submit_all(&letter.body).await,
            Call::Query => self.query_any(&letter.body).await,
            Call::Ask | Call::Lent => Err(Absence::Garbled),
            Call::Append | Call::Vote | Call::PreVote | Call::Transfer | Call::Block | Call::Install => {
                self.reception.receive(letter.call, &letter.body).await
            }
        }
    }

    async fn submit_all(&self, body: &[u8]) -> Result<Bytes, Absence> {
        let commands: Vec<Vec<u8>> = postcard::from_bytes(body).map_err(|_| Absence::Garbled)?;
        if commands.len() > VERBS_MAX {
            return Err(Absence::Garbled);
        }
        let submitted = commands.into_iter().map(async |command| {
            // What members could not read must never enter the log (R15).
            match AnyCommand::from_bytes(&command) {
                Ok(_) => self.submit(command).await,
                Err(_) => Err(Unavailable::Older),
            }
        });
        let mut answers: Vec<Carried> = futures::future::join_all(submitted).await;
        // What does not fit into a letter is asked for again: whoever sends many carries what may be repeated.
        let mut bytes = 0;
        for answer in &mut answers {
            bytes += answer.as_ref().map_or(0, Vec::len);
            if bytes > ANSWERS_BYTES_MAX {
                *answer = Err(Unavailable::Busy);
            }
        }
        postcard::to_stdvec(&answers)
            .map(Bytes::from)
            .map_err(|_| Absence::Garbled)
    }

    async fn query_any(self: &Arc<Self>, body: &Bytes) -> Result<Bytes, Absence> {
        let answer: Carried = match self.catch_up().await {
            Ok(()) if AnyQuery::from_bytes(body).is_err() => Err(Unavailable::Older),
            Ok(()) => {
                let body = body.clone();
                self.read_aside(move |reader, now_ms| reader.query_bytes(&body, now_ms))
                    .await
            }
            Err(unavailable) => Err(unavailable),
        };
        postcard::to_stdvec(&answer)
            .map(Bytes::from)
            .map_err(|_| Absence::Garbled)
    }

    /// What the group is, as of what can be read here.
    pub(crate) fn descriptor(&self) -> Descriptor {
        self.visible.borrow().descriptor
    }

    /// Whether readers here see the effects of this entry.
    pub(crate) fn has_applied(&self, index: u64) -> bool {
        self.visible.borrow().next_index > index
    }

    /// Whether nothing of the other half of a split is left here.
    pub(crate) fn is_trimmed(&self) -> bool {
        self.visible.borrow().is_trimmed
    }

    /// Whether it was born by a split.
    pub(crate) fn is_child(&self) -> bool {
        self.visible.borrow().origin.is_some()
    }

    /// Waits until there is something of the other half of a split, or for ever if the database stops.
    pub(crate) async fn until_untrimmed(&self) {
        let mut visible = self.visible.clone();
        if visible.wait_for(|visible| !visible.is_trimmed).await.is_err() {
            std::future::pending().await
        }
    }

    /// Asks to be elected at once.
    pub(crate) async fn stand(&self) {
        if let Err(error) = self.raft.trigger().elect(false).await {
            tracing::warn!(group = self.id, %error, "the consensus does not stand for election");
        }
    }

    /// For how long this copy has not heard of a leader; zero where it leads itself (R5).
    pub(crate) fn silence(&self) -> Duration {
        if self.is_leading() {
            Duration::ZERO
        } else {
            self.reception.silence()
        }
    }

    /// Wakes whoever carries the group's errands.
    pub(crate) fn errands(&self) -> Arc<Notify> {
        self.errands.clone()
    }

    /// Does something beside, for as long as the copy runs.
    pub(crate) async fn employ<F>(&self, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = task(self.stop.clone());
        self.tasks.lock().await.spawn(task);
    }

    /// Waits until this copy leads, as far as it knows.
    pub(crate) async fn until_leading(&self) {
        wait_for_leader(&self.raft, |leader| leader == Some(self.node)).await;
    }

    /// Waits until this copy does not lead.
    pub(crate) async fn until_not_leading(&self) {
        wait_for_leader(&self.raft, |leader| leader != Some(self.node)).await;
    }

    /// Whether this copy leads, as far as it knows.
    pub(crate) fn is_leading(&self) -> bool {
        leads(&self.raft)
    }

    /// Waits until another machine than this one leads, as far as this copy knows.
    pub(crate) async fn until_led_by_another(&self, machine: MachineId) {
        wait_for_leader(&self.raft, |_| {
            leader(&self.raft).is_some_and(|leader| leader != machine)
        })
        .await;
    }

    /// Members that have said that they do not know this group under their id (R3).
    pub(crate) fn strangers(&self) -> Vec<NodeId> {
        self.strangers.nodes()
    }

    /// How large the database is on this machine, in bytes.
    pub(crate) fn size_bytes(&self) -> Option<u64> {
        std::fs::metadata(self.shelf.location().path)
            .ok()
            .map(|facts| facts.len())
    }

    /// Waits until somebody leads.
    pub(crate) async fn until_led(&self) {
        wait_for_leader(&self.raft, |leader| leader.is_some()).await;
    }

    /// Its log.
    pub(crate) fn log(&self) -> &GroupLog {
        &self.log
    }

    /// Where its database lies.
    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    /// Readers here see the effects of all entries before this index.
    pub(crate) fn next_index(&self) -> u64 {
        self.visible.borrow().next_index
    }

    /// The consensus, for changes of the membership.
    pub(crate) fn consensus(&self) -> &Raft {
        &self.raft
    }

    /// Makes room in the log engine: a snapshot, and then everything before it goes. Whether it is gone; where a member is just being sent some of it, that
    /// takes a moment.
    pub(crate) async fn relieve(&self) -> bool {
        let cut = async {
            let visible = self.visible.borrow().next_index;
            self.raft.trigger().snapshot().await?;
            let mut snapshots = self.raft.watch_snapshot_progress();
            let covered = snapshots
                .wait_until(|id| id.map_or(0, |id| id.index + 1) >= visible)
                .await;
            match covered {
                Ok(Some(covered)) => {
                    self.raft.trigger().purge_log(covered.index).await?;
                    wait_for_purge(&self.raft, covered.index).await;
                    Ok(true)
                }
                Ok(None) | Err(_) => Ok::<_, FatalError>(false),
            }
        };
        match tokio::time::timeout(RELIEF_DEADLINE, cut).await {
            Ok(Ok(is_cut)) => return is_cut,
            Ok(Err(error)) => tracing::warn!(group = self.id, %error, "the log is not cut"),
            Err(_) => tracing::warn!(
                group = self.id,
                "the log is not cut: no snapshot in time, or it is in use"
            ),
        }
        false
    }

    /// Forgets the log and the database of a copy that has stopped and is gone.
    pub(crate) async fn erase(&self) -> std::io::Result<()> {
        self.log.forget().await?;
        self.shelf.clear()
    }

    /// The machine that leads, as far as this copy knows.
    pub(crate) fn leader(&self) -> Option<MachineId> {
        leader(&self.raft)
    }

    /// The index of the next entry to apply, and a digest of the rows of this copy as of there (R14).
    pub(crate) async fn digest(&self) -> std::io::Result<(u64, [u8; 32])> {
        self.machine.digest().await
    }

    /// The end of the range that it owns now.
    pub(crate) fn end(&self) -> Position {
        self.descriptor().range.end()
    }

    /// Whether this copy has come to a fault: it is out of service until the machine starts anew, or the group's leader has another one made here.
    pub(crate) fn is_sick(&self) -> bool {
        self.visible.borrow().fault.is_some()
    }

    fn in_service(&self) -> Result<(), Unavailable> {
        if self.visible.borrow().fault.is_some() || self.stop.is_cancelled() {
            Err(self.why_out())
        } else {
            Ok(())
        }
    }

    fn why_out(&self) -> Unavailable {
        if self.visible.borrow().fault.is_some() {
            Unavailable::Sick
        } else {
            Unavailable::Stopping
        }
    }

    fn unreadable(&self, fault: &Fault) -> Unavailable {
        tracing::error!(group = self.id, %fault, "a query could not be answered");
        Unavailable::Sick
    }

    /// Stops: nothing new is taken, what was begun is finished if that can be, and what lies in memory goes to disk.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        let mut tasks = self.tasks.lock().await;
        let finished = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FINISH_TIME_MAX, finished).await.is_err() {
            // A leader without a majority waits for ever. What it has not answered it has not promised.
            tasks.shutdown().await;
        }
        if let Err(error) = self.raft.shutdown().await {
            tracing::warn!(group = self.id, %error, "the consensus did not stop as it should");
        }
        if let Err(error) = self.log.settle().await {
            tracing::warn!(group = self.id, %error, "the log did not take the last record");
        }
        self.machine.close().await;
    }
}

/// Takes the consensus down when the database has stopped, so that another member leads.
async fn attend(raft: Raft, mut visible: watch::Receiver<Visible>, stop: CancellationToken) {
    let stopped = stop
        .run_until_cancelled(visible.wait_for(|visible| visible.fault.is_some()))
        .await
        .is_some_and(|waited| waited.is_ok());
    if stopped && let Err(error) = raft.shutdown().await {
        tracing::warn!(%error, "the consensus did not stop as it should");
    }
}
