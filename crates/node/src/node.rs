//! The machine as a whole: opened on a data directory, asked for verbs, and stopped.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use raft_engine::env::{DefaultFileSystem, FileSystem};
use tertulia_ring::pointer::Pointer;
use tertulia_ring::settings::Settings;
use tertulia_state::{AnyCommand, AnyQuery, Command, Descriptor, Query};
use tertulia_types::ring::{Hop, RingEvent, RingStatus};
use tertulia_types::{MachineId, Position, Range};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ask::Caller;
use crate::batch::Clock;
use crate::census;
use crate::charter::{Charter, CharterError};
use crate::copies::Copies;
use crate::cradle::Cradle;
use crate::desk::{Clerk, Desk};
use crate::driver::Driver;
use crate::error::NodeError;
use crate::events::{Events, Listener};
use crate::failure::{Failure, Unavailable};
use crate::files::Medium;
use crate::finder::Finder;
use crate::given_up;
use crate::gossip::Gossip;
use crate::group::{FIRST_EPOCH, FOUNDER, Ground, Group, GroupError};
use crate::hold::Hold;
use crate::identity::Identity;
use crate::lender::Lender;
use crate::membership::Seat;
use crate::peers::ring_file::REPLICAS_DEFAULT;
use crate::peers::{Book, RingFile, State};
use crate::private;
use crate::raft::journal::{Ended, Fatal, Journal, abort};
use crate::raft::{Member, NodeId, Pace};
use crate::relay::Relay;
use crate::replica::{Registry, Replica, Stage as Life};
use crate::report::Reporter;
use crate::roll::Roll;
use crate::room;
use crate::roster::{Receive, Roster};
use crate::router::Router;
use crate::stage::Stage;
use crate::steward::{Patience, Steward};
use crate::switchboard::{Alone, Network};
use crate::table::{Route, Table};
use crate::timekeeper::Timekeeper;

/// How long a question to all groups may take.
const ALL_DEADLINE: Duration = Duration::from_secs(2);
/// How long a stop may take before what is left is given up.
const STOP_DEADLINE: Duration = Duration::from_secs(20);
/// Threads for consensus, beside those of the log and of each database: half as many as processors. Where two would wake each other on two processors, a
/// machine at rest takes a fifth more, and one at work gets nothing for it.
const CONSENSUS_THREADS_MAX: usize = 4;
/// Machines that are told at once when this one leaves.
const TOLD_AT_ONCE: usize = 8;
/// Says that this machine's ring has been founded: its first groups were written to the log.
pub(crate) const FOUNDED: &str = "founded";
/// Holds the place that a newcomer has asked for.
const PLACE: &str = "place";
/// Groups that wait to be relieved at most.
const CROWDED_MAX: usize = 64;

/// How a machine is opened.
pub struct Options {
    /// Its data directory; made if it is not there.
    pub directory: PathBuf,
    /// The machine's papers, if the directory has been taken already. Without them the directory is taken, and a ring is founded if it belongs to none.
    pub charter: Option<Charter>,
    /// When a ring is founded: into how many even ranges it is cut; 0 to begin without any, and wait for invitations.
    pub found: u32,
    /// How long things may take before the ring mends itself; `None` to leave all changes of its groups to the caller.
    pub patience: Option<Patience>,
    /// The pace of the ring's pointers.
    pub chord: Settings,
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
            charter: None,
            found: 1,
            patience: Some(Patience::default()),
            chord: Settings::default(),
            stage: Stage::Threads,
            network: Arc::new(Alone),
            clock: Arc::new(unix_ms),
            medium: Medium::default(),
            pace: Pace::default(),
            fatal: Arc::new(abort),
        }
    }
}

/// The system's clock: milliseconds since 1970.
pub fn unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
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
    /// Whether nothing of the other half of a split is left in it.
    pub is_trimmed: bool,
}

/// A running machine.
pub struct Node {
    member: Member,
    charter: Charter,
    patience: Patience,
    copies: Arc<Copies>,
    roster: Arc<Roster>,
    router: Arc<Router>,
    driver: Arc<Driver>,
    finder: Arc<Finder>,
    reporter: Arc<Reporter>,
    lender: Arc<Lender>,
    caller: Caller,
    /// Letters come in there for as long as the machine lives.
    _desk: Arc<Desk>,
    consensus: Handle,
    clock: Clock,
    relief: JoinHandle<()>,
    /// The tasks of the ring, and what ends them.
    tasks: TaskTracker,
    births: JoinHandle<()>,
    retired: CancellationToken,
    ended: Mutex<Option<Ended>>,
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
            Stage::Inline | Stage::Paced(_) => None,
            Stage::Threads => Some(runtime()?),
        };
        let consensus = runtime
            .as_ref()
            .map_or_else(Handle::current, |runtime| runtime.handle().clone());
        let opened = consensus
            .clone()
            .spawn(Self::open_inside(
                options,
                file_system,
                consensus,
                Handle::current(),
            ))
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
        readers: Handle,
    ) -> Result<Arc<Self>, NodeError> {
        let charter = match options.charter {
            Some(charter) => charter,
            None => papers(&options.directory)?,
        };
        let identity = charter.identity.clone();
        let member = Member {
            machine: identity.machine,
            incarnation: identity.incarnation,
        };
        let (log, state) = (options.directory.join("log"), options.directory.join("state"));
        std::fs::create_dir_all(&state)?;
        let (crowd, crowded) = mpsc::channel(CROWDED_MAX);
        let (journal, ended) = Journal::open(
            &log,
            file_system,
            options.stage,
            options.fatal.clone(),
            crowd,
            charter.ring.data_key.as_ref(),
        )?;
        let roster = Arc::new(Roster::new(identity.incarnation));
        let desk = Arc::new(Desk {
            roster: roster.clone(),
            clerk: OnceLock::new(),
        });
        let receiver: Weak<dyn Receive> = Arc::<Desk>::downgrade(&desk);
        let transport = options.network.connect(identity.machine, receiver);
        let caller = Caller(transport.clone());
        let patience = options.patience.unwrap_or_default();
        let chord = Settings {
            seed: rand::random(),
            ..options.chord
        };
        let driver = Driver::new(
            identity.machine,
            caller.clone(),
            chord,
            patience.calm,
            options.clock.clone(),
        );
        let table = Arc::new(Table::default());
        let finder = Arc::new(Finder {
            me: identity.machine,
            roster: roster.clone(),
            driver: driver.clone(),
            book: charter.book.clone(),
            table: table.clone(),
            caller: caller.clone(),
        });
        let router = Arc::new(Router::new(transport.clone(), finder.clone(), table));
        let reporter = Arc::new(Reporter {
            me: identity.machine,
            ring: charter.ring.clone(),
            roster: roster.clone(),
            driver: driver.clone(),
            book: charter.book.clone(),
            caller: caller.clone(),
            clock: options.clock.clone(),
            grace: patience.grace,
            data: identity.directory().to_owned(),
        });
        let book = charter.book.clone();
        let commands_known = move |machine| census::commands_known(&book, machine);
        let rows = roster.clone();
        let (cradle, laid) = Cradle::new(move |group| rows.row(group).is_some());
        let clock = options.clock.clone();
        let ground = Ground {
            cradle,
            commands_known: Arc::new(commands_known),
            member,
            journal: journal.clone(),
            transport,
            events: Events::default(),
            clock: options.clock,
            medium: Medium {
                key: charter.ring.data_key.clone(),
                ..options.medium
            },
            stage: options.stage,
            pace: options.pace,
            since: Instant::now(),
            readers,
            fatal: options.fatal,
        };
        let hold = Hold::default();
        let lender = Arc::new(Lender::new(roster.clone(), hold.clone(), options.stage));
        let copies = Arc::new(Copies {
            ground,
            state,
            registry: Registry::new(journal),
            roster: roster.clone(),
            router: router.clone(),
            hold: hold.clone(),
            changing: tokio::sync::Mutex::default(),
            seeding: tokio::sync::Mutex::default(),
            passing: Mutex::default(),
            retired: tokio::sync::Mutex::default(),
        });
        let clerk = Clerk {
            driver: driver.clone(),
            finder: finder.clone(),
            copies: copies.clone(),
            book: charter.book.clone(),
            reporter: reporter.clone(),
            lender: lender.clone(),
            consensus: consensus.clone(),
        };
        // Nobody else sets it.
        let _ = desk.clerk.set(clerk);
        let births = consensus.spawn(Copies::attend_births(Arc::downgrade(&copies), laid));
        let node = Self {
            member,
            charter,
            patience,
            copies,
            relief: consensus.spawn(relieve(crowded, roster.clone())),
            births,
            roster,
            router,
            driver,
            finder,
            reporter,
            lender,
            caller,
            _desk: desk,
            consensus,
            clock,
            tasks: TaskTracker::new(),
            retired: CancellationToken::new(),
            ended: Mutex::new(Some(ended)),
            runtime: Mutex::new(None),
        };
        node.start(options.found, options.patience.is_some()).await?;
        Ok(Arc::new(node))
    }

    /// Brings the copies to life, stands on the ring where this machine has its place, and begins to look after both.
    async fn start(&self, found: u32, is_minded: bool) -> Result<(), NodeError> {
        self.copies.start(self.founding(found)?).await?;
        if self.charter.is_founder() && found > 0 {
            private::write(&self.charter.identity.directory().join(FOUNDED), b"", None)?;
        }
        let book = &self.charter.book;
        let me = self.member.machine;
        if book.own().is_some() {
            book.update(|own| own.commands = AnyCommand::kinds())
                .map_err(CharterError::from)?;
        }
        for other in census::machines(book) {
            self.driver
                .remember(other.machine, other.position.filter(|_| other.role.stores()));
        }
        if let Some(own) = book.own()
            && let (Some(position), State::Active | State::Leaving) = (own.position, own.state)
        {
            let others = census::placed_from(book, position).into_iter();
            let known = others
                .filter(|placed| placed.machine != me)
                .map(|placed| Pointer {
                    machine: placed.machine,
                    position: placed.position,
                });
            self.driver.stand(position, known.collect());
        }
        self.consensus
            .spawn(self.driver.clone().run(self.retired.clone()));
        let stage = self.copies.ground.stage;
        self.employ(book.clone().keep(stage, self.retired.clone()));
        self.employ(self.gossip().run(self.retired.clone()));
        let relay = Relay {
            events: self.copies.ground.events.clone(),
            roster: self.roster.clone(),
            router: self.router.clone(),
            caller: self.caller.clone(),
        };
        self.employ(relay.run(self.retired.clone()));
        let timekeeper = Timekeeper {
            me,
            book: book.clone(),
            roster: self.roster.clone(),
            driver: self.driver.clone(),
            caller: self.caller.clone(),
            clock: self.clock.clone(),
        };
        self.employ(timekeeper.run(self.retired.clone()));
        let data = self.charter.identity.directory().to_owned();
        self.employ(room::watch(data, self.retired.clone()));
        self.employ(given_up::heed(
            book.clone(),
            self.copies.clone(),
            self.retired.clone(),
        ));
        if is_minded {
            let steward = Arc::new(Steward {
                copies: self.copies.clone(),
                driver: self.driver.clone(),
                book: book.clone(),
                caller: self.caller.clone(),
                replicas: self.charter.ring.replicas as usize,
                patience: self.patience,
                moves: Steward::moves(),
            });
            self.employ(steward.run(self.retired.clone()));
        }
        Ok(())
    }

    fn employ(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(task, &self.consensus);
    }

    /// The copies with which a ring begins, on the machine that founds it, once.
    fn founding(&self, count: u32) -> Result<Vec<(u64, Replica)>, NodeError> {
        let directory = self.charter.identity.directory();
        let is_founder = self.charter.is_founder();
        if !is_founder || count == 0 {
            return Ok(Vec::new());
        }
        let mark = directory.join(FOUNDED);
        if mark.exists() {
            return match self.copies.registry.rows()?.is_empty() {
                true => Err(NodeError::LogMissing(directory.to_owned())),
                false => Ok(Vec::new()),
            };
        }
        Ok(founding(self.member, count))
    }

    fn gossip(&self) -> Gossip {
        Gossip {
            me: self.member.machine,
            book: self.charter.book.clone(),
            driver: self.driver.clone(),
            caller: self.caller.clone(),
            stage: self.copies.ground.stage,
        }
    }

    /// Tells others at once what the address book says now, as far as they answer.
    pub(crate) async fn spread_news(&self) {
        let gossip = self.gossip();
        let others = census::machines(&self.charter.book);
        let told = others
            .iter()
            .filter(|other| other.machine != self.member.machine)
            .take(TOLD_AT_ONCE)
            .map(|other| gossip.compare(other.machine));
        futures::future::join_all(told).await;
    }

    /// The address book.
    pub fn book(&self) -> &Arc<Book> {
        &self.charter.book
    }

    /// The ring that this machine belongs to.
    pub fn charter(&self) -> &Charter {
        &self.charter
    }

    pub(crate) fn copies(&self) -> &Arc<Copies> {
        &self.copies
    }

    /// The copies that are here, whether they run or not.
    pub(crate) fn kept(&self) -> Vec<(u64, Replica)> {
        self.roster.kept()
    }

    /// The groups that run here.
    pub(crate) fn groups(&self) -> Vec<Arc<Group>> {
        self.roster.groups()
    }

    /// Where the tasks of groups run.
    pub(crate) fn consensus(&self) -> &Handle {
        &self.consensus
    }

    pub(crate) fn lender(&self) -> &Arc<Lender> {
        &self.lender
    }

    pub(crate) fn router(&self) -> &Arc<Router> {
        &self.router
    }

    pub(crate) fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// The ring as all its machines see it that answer within a second or two.
    pub async fn status(&self) -> RingStatus {
        self.reporter.ring().await
    }

    /// The way from here to whoever keeps a position, from machine to machine, and what is kept there; `None` if nobody is found.
    pub async fn lookup(&self, position: Position) -> Option<(Vec<Hop>, Descriptor, Option<MachineId>)> {
        let located = self.finder.find(position).await?;
        let leader = located.route.machines.first().copied();
        Some((located.hops, located.route.descriptor, leader))
    }

    /// What happens on the ring from now on, as this machine sees it.
    pub fn ring_events(&self) -> broadcast::Receiver<RingEvent> {
        self.driver.events()
    }

    /// Whether a machine does not answer, as far as this one knows.
    pub fn is_in_doubt(&self, machine: MachineId) -> bool {
        self.driver.is_in_doubt(machine)
    }

    /// A place on the ring that this machine has asked for and not been given yet.
    pub(crate) fn remembered_place(&self) -> Option<Position> {
        let text = std::fs::read_to_string(self.charter.identity.directory().join(PLACE)).ok()?;
        u64::from_str_radix(text.trim(), 16).ok().map(Position)
    }

    pub(crate) fn remember_place(&self, place: Option<Position>) -> std::io::Result<()> {
        let path = self.charter.identity.directory().join(PLACE);
        match place {
            Some(position) => private::write(&path, position.to_string().as_bytes(), None),
            None if path.exists() => std::fs::remove_file(&path),
            None => Ok(()),
        }
    }

    /// This machine, as a member of groups.
    pub fn member(&self) -> Member {
        self.member
    }

    /// Who this machine is.
    pub fn identity(&self) -> &Identity {
        &self.charter.identity
    }

    /// Carries a command to its home and answers when it is applied, on a majority's disks.
    pub async fn submit<C: Command + Into<AnyCommand>>(&self, command: C) -> Result<C::Reply, Failure> {
        let home = command.home();
        let any: AnyCommand = command.into();
        let bytes = any.to_bytes().map_err(|fault| {
            tracing::error!(%fault, "a command cannot be encoded");
            Unavailable::Sick
        })?;
        self.router.submit(home, bytes).await
    }

    /// Carries a query to its home. The answer shows all that was committed before it was asked (C1, C2).
    pub async fn query<Q: Query + Into<AnyQuery> + Clone>(&self, query: Q) -> Result<Q::Reply, Failure> {
        self.router.query(&query).await
    }

    /// Asks all groups: `ask` makes the query for the group that owns a position. Groups that do not answer in time are left out.
    pub async fn query_all<Q: Query + Into<AnyQuery> + Clone>(
        &self,
        ask: impl Fn(Position) -> Q,
    ) -> Answers<Q::Reply> {
        let Ok((routes, is_partial)) = tokio::time::timeout(ALL_DEADLINE, self.router.all()).await else {
            return Answers {
                replies: Vec::new(),
                is_partial: true,
            };
        };
        let queries = routes.iter().map(|route| ask(route.descriptor.range.end()));
        let asked =
            queries.map(|query| async move { tokio::time::timeout(ALL_DEADLINE, self.query(query)).await });
        let mut answers = Answers {
            replies: Vec::with_capacity(routes.len()),
            is_partial,
        };
        for answer in futures::future::join_all(asked).await {
            match answer {
                Ok(Ok(reply)) => answers.replies.push(reply),
                Ok(Err(_)) | Err(_) => answers.is_partial = true,
            }
        }
        answers
    }

    /// Hears what becomes visible from now on: in the groups of this machine at once, in all others as soon as their machines have told.
    pub fn listen(&self) -> Listener {
        self.copies.ground.events.listen()
    }

    /// What a group owns, as far as this machine knows.
    pub fn range_of(&self, group: u64) -> Option<Range> {
        let here = self.roster.group(group).map(|group| group.descriptor());
        let known = here.or_else(|| self.router.table.of(group).map(|route| route.descriptor));
        known.map(|descriptor| descriptor.range)
    }

    /// The groups of this machine.
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |group: Arc<Group>| Standing {
            descriptor: group.descriptor(),
            leader: group.leader(),
            seats: group.seats(),
            is_trimmed: group.is_trimmed(),
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
        self.copies.host(origin, node).await
    }

    /// Takes the copy of a group away that is no member any more, as a committed membership shows (R5). Its row stays (R2).
    pub async fn dismiss(&self, id: u64, roll: &Roll) -> Result<(), NodeError> {
        self.copies.dismiss(id, roll).await
    }

    /// The last committed membership of a group, as far as this machine's copy knows.
    pub fn roll(&self, group: u64) -> Option<Roll> {
        self.roster.group(group)?.roll()
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

    /// Lets learners of a group that is led from here go.
    pub async fn release(&self, group: u64, nodes: BTreeSet<NodeId>) -> Result<(), NodeError> {
        Ok(self.group(group)?.release(nodes).await?)
    }

    /// Hands the lead of a group to another voter.
    pub async fn hand_over(&self, group: u64, to: NodeId) -> Result<(), NodeError> {
        Ok(self.group(group)?.hand_over(to).await?)
    }

    /// Cuts the log of this machine's copy of a group as far as its database is on disk: a member that lags then gets a snapshot.
    pub async fn cut_log(&self, group: u64) -> Result<(), NodeError> {
        match self.group(group)?.relieve().await {
            true => Ok(()),
            false => Err(GroupError::Uncut { group }.into()),
        }
    }

    /// A digest of what this machine's copy of a group stores (R14).
    pub async fn digest(&self, group: u64) -> Result<[u8; 32], NodeError> {
        Ok(self.group(group)?.digest().await?.1)
    }

    /// The same, with the index of the next entry that the copy will apply: copies with the same one are equal.
    pub async fn digest_at(&self, group: u64) -> Result<(u64, [u8; 32]), NodeError> {
        Ok(self.group(group)?.digest().await?)
    }

    /// Learns where a group is; what is known and newer stays.
    pub fn learn(&self, descriptor: Descriptor, machines: Vec<MachineId>) {
        self.router.table.learn(Route { descriptor, machines });
    }

    /// Stops: takes nothing new, finishes what was begun, and leaves all of it on disk. The directory is free when the node is dropped.
    pub async fn stop(&self) {
        self.retired.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_DEADLINE, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("not all tasks of the ring have ended in time");
        }
        self.copies.retire().await;
        let groups = self.roster.groups();
        let stopped = self.consensus.spawn(async move {
            // So that nobody has to find out that this machine is gone, and then to elect.
            futures::future::join_all(groups.iter().map(|group| group.hand_over_lead())).await;
            futures::future::join_all(groups.iter().map(|group| group.stop())).await;
        });
        if tokio::time::timeout(STOP_DEADLINE, stopped).await.is_err() {
            tracing::warn!("not all groups have stopped in time");
        }
        self.roster.close();
        self.relief.abort();
        self.births.abort();
        self.copies.ground.journal.close();
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
            crate::staff::employ(&group, &self.router, &self.copies.hold).await;
        }
    }

    fn group(&self, id: u64) -> Result<Arc<Group>, NodeError> {
        self.roster.group(id).ok_or(NodeError::NotHere(id))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.births.abort();
        // A runtime may not be waited for where tasks run.
        if let Some(runtime) = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
    }
}

/// Consensus and log have threads of their own, so that a burst of requests never delays a heartbeat (P8).
fn runtime() -> std::io::Result<Runtime> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads((processors / 2).clamp(1, CONSENSUS_THREADS_MAX))
        .thread_name("consensus")
        .enable_all()
        .build()
}

/// The papers in a directory; those of a new ring, if there are none.
fn papers(directory: &Path) -> Result<Charter, CharterError> {
    let identity = Identity::take(directory)?;
    match Charter::read(&identity)? {
        Some(charter) => Ok(charter),
        None => Charter::found(&identity, RingFile::found("Tertulia", REPLICAS_DEFAULT)?),
    }
}

/// The copies with which a ring begins.
fn founding(member: Member, count: u32) -> Vec<(u64, Replica)> {
    let copy = |(number, range): (usize, Range)| {
        let name = format!("{}/{:016x}/{number}", member.machine, member.incarnation);
        let group = Position::of("group", &name).0.clamp(1, u64::MAX - 1);
        let origin = Descriptor {
            group,
            range,
            epoch: FIRST_EPOCH,
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
    match count {
        0 => Vec::new(),
        count => Range::even(count).into_iter().enumerate().map(copy).collect(),
    }
}

/// Lets groups cut their logs when these keep too many files alive.
async fn relieve(mut crowded: mpsc::Receiver<u64>, roster: Arc<Roster>) {
    while let Some(id) = crowded.recv().await {
        if let Some(group) = roster.group(id) {
            group.relieve().await;
        }
    }
}
