//! The machine as a whole: opened on a data directory, asked for verbs, and stopped.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use raft_engine::env::{DefaultFileSystem, FileSystem};
use tertulia_state::{AnyCommand, Command, Descriptor, Query};
use tertulia_types::{MachineId, Position, Range};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::batch::Clock;
use crate::events::{Events, Listener};
use crate::failure::{Failure, Unavailable};
use crate::files::Medium;
use crate::group::{FOUNDER, Ground, Group, GroupError};
use crate::identity::{DirectoryError, Identity};
use crate::membership::Seat;
use crate::raft::journal::{Ended, Fatal, Journal, JournalError, abort};
use crate::raft::{Member, NodeId, Pace};
use crate::replica::{Registry, Replica, Stage as Life};
use crate::roster::{Receive, Roster};
use crate::router::Router;
use crate::stage::Stage;
use crate::switchboard::{Alone, Network};
use crate::table::Route;

/// How long a question to all groups may take.
const ALL_DEADLINE: Duration = Duration::from_secs(2);
/// How long a stop may take before what is left is given up.
const STOP_DEADLINE: Duration = Duration::from_secs(20);
/// Threads for consensus, beside those of the log and of each database.
const CONSENSUS_THREADS: usize = 2;
/// Groups that wait to be relieved at most.
const CROWDED_MAX: usize = 64;

/// How a machine is opened.
pub struct Options {
    /// Its data directory; made if it is not there.
    pub directory: PathBuf,
    /// On a directory that knows no group: into how many even ranges the new ring is cut; 0 to found none, and wait for invitations.
    pub found: u32,
    /// Where blocking work runs.
    pub stage: Stage,
    /// How it reaches other machines.
    pub network: Arc<dyn Network>,
    /// The time.
    pub clock: Clock,
    /// Where the databases lie.
    pub medium: Medium,
    /// How fast consensus moves.
    pub pace: Pace,
    /// What happens when the log cannot be trusted any more.
    pub fatal: Fatal,
}

impl Options {
    /// A machine in service: a new ring on a new directory, or what is there.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            found: 1,
            stage: Stage::Threads,
            network: Arc::new(Alone),
            clock: Arc::new(unix_ms),
            medium: Medium::default(),
            pace: Pace::default(),
            fatal: Arc::new(abort),
        }
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A machine that cannot be opened, or a step that it could not do.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The data directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The log.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A group.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// The group is not on this machine.
    #[error("group {0:016x} is not on this machine")]
    NotHere(u64),
    /// The group is, or was, on this machine.
    #[error("group {0:016x} is on this machine already, or was under that node id")]
    KnownHere(u64),
    /// A thread or a file could not be had.
    #[error("the machine cannot be started")]
    Io(#[from] std::io::Error),
}

/// What all groups answered.
#[derive(Clone, Debug)]
pub struct Answers<T> {
    /// The replies, in the order of the ring.
    pub replies: Vec<T>,
    /// Whether a group is missing.
    pub is_partial: bool,
}

/// A group on this machine, as seen from here.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What it is.
    pub descriptor: Descriptor,
    /// Who leads it, as far as is known here.
    pub leader: Option<MachineId>,
    /// Its members.
    pub seats: Vec<Seat>,
}

/// A running machine.
pub struct Node {
    member: Member,
    state: PathBuf,
    ground: Ground,
    registry: Registry,
    roster: Arc<Roster>,
    router: Arc<Router>,
    consensus: Handle,
    relief: JoinHandle<()>,
    ended: Mutex<Option<Ended>>,
    /// Held for the directory's lock.
    _identity: Identity,
    runtime: Mutex<Option<Runtime>>,
}

impl Node {
    /// Opens a machine on the system's files.
    pub async fn open(options: Options) -> Result<Arc<Self>, NodeError> {
        Self::open_on(options, Arc::new(DefaultFileSystem)).await
    }

    /// Opens a machine whose log lies on a given file system.
    pub async fn open_on<F: FileSystem + 'static>(
        options: Options,
        file_system: Arc<F>,
    ) -> Result<Arc<Self>, NodeError> {
        let runtime = match options.stage {
            Stage::Inline => None,
            Stage::Threads => Some(runtime()?),
        };
        let consensus = runtime
            .as_ref()
            .map_or_else(Handle::current, |runtime| runtime.handle().clone());
        let opened = consensus
            .clone()
            .spawn(Self::open_inside(options, file_system, consensus))
            .await;
        let node = match opened {
            Ok(opened) => opened,
            Err(error) => Err(std::io::Error::other(error).into()),
        };
        match node {
            Ok(node) => {
                *node.runtime.lock().unwrap_or_else(PoisonError::into_inner) = runtime;
                Ok(node)
            }
            Err(error) => {
                // A runtime may not be dropped where tasks run.
                if let Some(runtime) = runtime {
                    runtime.shutdown_background();
                }
                Err(error)
            }
        }
    }

    async fn open_inside<F: FileSystem + 'static>(
        options: Options,
        file_system: Arc<F>,
        consensus: Handle,
    ) -> Result<Arc<Self>, NodeError> {
        let identity = Identity::take(&options.directory)?;
        let member = Member {
            machine: identity.machine,
            incarnation: identity.incarnation,
        };
        let (log, state) = (options.directory.join("log"), options.directory.join("state"));
        std::fs::create_dir_all(&state)?;
        let (crowd, crowded) = mpsc::channel(CROWDED_MAX);
        let (journal, ended) = Journal::open(&log, file_system, options.stage, options.fatal.clone(), crowd)?;
        let roster = Arc::new(Roster::new(identity.incarnation));
        let receiver: Weak<dyn Receive> = Arc::<Roster>::downgrade(&roster);
        let transport = options.network.connect(identity.machine, receiver);
        let router = Arc::new(Router::new(identity.machine, transport.clone(), roster.clone()));
        let ground = Ground {
            member,
            journal: journal.clone(),
            transport,
            events: Events::default(),
            clock: options.clock,
            medium: options.medium,
            stage: options.stage,
            pace: options.pace,
            fatal: options.fatal,
        };
        let node = Self {
            member,
            state,
            ground,
            registry: Registry::new(journal),
            relief: consensus.spawn(relieve(crowded, roster.clone())),
            roster,
            router,
            consensus,
            ended: Mutex::new(Some(ended)),
            _identity: identity,
            runtime: Mutex::new(None),
        };
        node.start(options.found).await?;
        Ok(Arc::new(node))
    }

    async fn start(&self, found: u32) -> Result<(), NodeError> {
        let mut rows = self.registry.rows()?;
        if rows.is_empty() && found > 0 {
            rows.extend(founding(self.member, found));
            self.registry
                .write(&rows.iter().map(|(group, row)| (*group, *row)).collect::<Vec<_>>())
                .await?;
        }
        for (group, row) in rows {
            self.roster.note(group, row);
            if row.stage != Life::Gone {
                self.run(group, row).await?;
            }
        }
        Ok(())
    }

    /// Runs a copy, after its birth if need be.
    async fn run(&self, id: u64, mut row: Replica) -> Result<(), NodeError> {
        if row.stage == Life::Seeding {
            Group::seed(id, row.origin, &self.state, &self.ground)?;
            row.stage = Life::Live;
            self.registry.write(&[(id, row)]).await?;
        }
        let group = Group::start(id, &row, &self.state, &self.ground).await?;
        let descriptor = group.descriptor();
        self.router.table.learn(Route {
            descriptor,
            machines: vec![self.member.machine],
        });
        group.employ(self.router.clone()).await;
        self.roster.enter(group);
        self.roster.note(id, row);
        Ok(())
    }

    /// This machine, as a member of groups.
    pub fn member(&self) -> Member {
        self.member
    }

    /// Carries a command to its home and answers when it is applied, on a majority's disks.
    pub async fn submit<C: Command>(&self, command: C) -> Result<C::Reply, Failure> {
        let home = command.home();
        let any: AnyCommand = command.into();
        let bytes = any.to_bytes().map_err(|fault| {
            tracing::error!(%fault, "a command cannot be encoded");
            Unavailable::Sick
        })?;
        self.router.submit(home, bytes).await
    }

    /// Carries a query to its home. The answer shows all that was committed before it was asked (C1, C2).
    pub async fn query<Q: Query + Clone>(&self, query: Q) -> Result<Q::Reply, Failure> {
        self.router.query(&query).await
    }

    /// Asks all groups: `ask` makes the query for the group that owns a position. Groups that do not answer in time are left out.
    pub async fn query_all<Q: Query + Clone>(&self, ask: impl Fn(Position) -> Q) -> Answers<Q::Reply> {
        let routes = self.router.table.all();
        let queries = routes.iter().map(|route| ask(route.descriptor.range.end()));
        let asked =
            queries.map(|query| async move { tokio::time::timeout(ALL_DEADLINE, self.query(query)).await });
        let mut answers = Answers {
            replies: Vec::with_capacity(routes.len()),
            is_partial: false,
        };
        for answer in futures::future::join_all(asked).await {
            match answer {
                Ok(Ok(reply)) => answers.replies.push(reply),
                Ok(Err(_)) | Err(_) => answers.is_partial = true,
            }
        }
        answers
    }

    /// Hears what becomes visible in the groups of this machine from now on.
    pub fn listen(&self) -> Listener {
        self.ground.events.listen()
    }

    /// The groups of this machine.
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |group: Arc<Group>| Standing {
            descriptor: group.descriptor(),
            leader: group.leader(),
            seats: group.seats(),
        };
        self.roster.groups().into_iter().map(standing).collect()
    }

    /// Waits until each group of this machine has a leader: until the machine can serve.
    pub async fn until_ready(&self) {
        for group in self.roster.groups() {
            group.until_led().await;
        }
    }

    /// Gives this machine a copy of a group: it starts empty, as a learner, under a node id that the group's leader has made for it (R2).
    pub async fn host(&self, origin: Descriptor, node: NodeId) -> Result<(), NodeError> {
        let id = origin.group;
        let row = Replica {
            node,
            stage: Life::Seeding,
            origin,
        };
        if self
            .roster
            .row(id)
            .is_some_and(|known| known.stage != Life::Gone || known.node >= node)
        {
            return Err(NodeError::KnownHere(id));
        }
        self.registry.write(&[(id, row)]).await?;
        self.roster.note(id, row);
        self.run(id, row).await
    }

    /// Takes the copy of a group away that is no member any more. Its row stays (R2).
    pub async fn dismiss(&self, id: u64) -> Result<(), NodeError> {
        let group = self.group(id)?;
        let row = self.roster.row(id).ok_or(NodeError::NotHere(id))?;
        let gone = Replica {
            stage: Life::Gone,
            ..row
        };
        self.registry.write(&[(id, gone)]).await?;
        self.roster.note(id, gone);
        self.roster.leave(id);
        let others = group
            .seats()
            .into_iter()
            .map(|seat| seat.member.machine)
            .filter(|machine| *machine != self.member.machine);
        let descriptor = group.descriptor();
        self.router.table.learn(Route {
            descriptor,
            machines: others.collect(),
        });
        group.stop().await;
        group.erase().await?;
        Ok(())
    }

    /// Makes a node id for a new member of a group that is led from here.
    pub async fn fresh_node(&self, group: u64) -> Result<NodeId, NodeError> {
        Ok(self.group(group)?.fresh_node().await?)
    }

    /// Adds a learner to a group that is led from here, and waits until it has caught up.
    pub async fn admit(&self, group: u64, node: NodeId, member: Member) -> Result<(), NodeError> {
        Ok(self.group(group)?.admit(node, member).await?)
    }

    /// Changes the voters of a group that is led from here, in one joint step (V3).
    pub async fn elect(&self, group: u64, voters: BTreeSet<NodeId>) -> Result<(), NodeError> {
        Ok(self.group(group)?.elect(voters).await?)
    }

    /// Hands the lead of a group to another voter.
    pub async fn hand_over(&self, group: u64, to: NodeId) -> Result<(), NodeError> {
        Ok(self.group(group)?.hand_over(to).await?)
    }

    /// Cuts the log of this machine's copy of a group as far as its database is on disk: a member that lags then gets a snapshot.
    pub async fn cut_log(&self, group: u64) -> Result<(), NodeError> {
        self.group(group)?.relieve().await;
        Ok(())
    }

    /// A digest of what this machine's copy of a group stores (R14).
    pub async fn digest(&self, group: u64) -> Result<[u8; 32], NodeError> {
        Ok(self.group(group)?.digest().await?)
    }

    /// Learns where a group is; what is known and newer stays.
    pub fn learn(&self, descriptor: Descriptor, machines: Vec<MachineId>) {
        self.router.table.learn(Route { descriptor, machines });
    }

    /// Stops: takes nothing new, finishes what was begun, and leaves all of it on disk. The directory is free when the node is dropped.
    pub async fn stop(&self) {
        let groups = self.roster.groups();
        let stopped = self.consensus.spawn(async move {
            futures::future::join_all(groups.iter().map(|group| group.stop())).await;
        });
        if tokio::time::timeout(STOP_DEADLINE, stopped).await.is_err() {
            tracing::warn!("not all groups have stopped in time");
        }
        self.roster.close();
        self.relief.abort();
        self.ground.journal.close();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ended) = ended
            && tokio::time::timeout(STOP_DEADLINE, ended.wait()).await.is_err()
        {
            tracing::warn!("the log has not closed in time");
        }
    }

    /// Gives each group one more courier.
    #[cfg(test)]
    pub(crate) async fn employ_again(&self) {
        for group in self.roster.groups() {
            group.employ(self.router.clone()).await;
        }
    }

    fn group(&self, id: u64) -> Result<Arc<Group>, NodeError> {
        self.roster.group(id).ok_or(NodeError::NotHere(id))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A runtime may not be waited for where tasks run.
        if let Some(runtime) = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
    }
}

/// Consensus and log have threads of their own, so that a burst of requests never delays a heartbeat (P8).
fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONSENSUS_THREADS)
        .thread_name("consensus")
        .enable_all()
        .build()
}

/// The copies with which a ring begins.
fn founding(member: Member, count: u32) -> Vec<(u64, Replica)> {
    let copy = |(number, range): (usize, Range)| {
        let name = format!("{}/{:016x}/{number}", member.machine, member.incarnation);
        let group = Position::of("group", &name).0.clamp(1, u64::MAX - 1);
        let origin = Descriptor {
            group,
            range,
            epoch: 1,
        };
        (
            group,
            Replica {
                node: FOUNDER,
                stage: Life::Seeding,
                origin,
            },
        )
    };
    Range::even(count).into_iter().enumerate().map(copy).collect()
}

/// Lets groups cut their logs when these keep too many files alive.
async fn relieve(mut crowded: mpsc::Receiver<u64>, roster: Arc<Roster>) {
    while let Some(id) = crowded.recv().await {
        if let Some(group) = roster.group(id) {
            group.relieve().await;
        }
    }
}
