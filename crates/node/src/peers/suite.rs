//! Real machines on the loopback: they enter, talk, fall silent, move, and are removed.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tempfile::TempDir;
use tertulia_types::{MachineId, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tonic_prost::ProstCodec;

use super::authority::{LEAF_LIFE, fresh_key, machine_name, names_of};
use super::book::Book;
use super::client;
use super::credential::{self, Wallet};
use super::enter::{Knocker, enter, who};
use super::error::EnterError;
use super::guests::HANDSHAKES_PER_ADDRESS_MAX;
use super::link::{Half, IN_FLIGHT_MAX};
use super::question::{Asked, Question, Refused, Reply};
use super::record::{Entry, State};
use super::ring_file::RingFile;
use super::server::HANDSHAKE_TIME_MAX;
use super::token::{Token, TokenError};
use super::wire::{
    ASK, BODY_BYTES_MAX, Class, Content, Envelope, FRAME_BYTES_MAX, Frame, Hello, KEEP_ALIVE_INTERVAL, Life,
    Refusal, TALK, path,
};
use super::{Invitation, Peers, PeersError, Settings, advertised, bind};
use crate::identity::Identity;
use crate::raft::network::{Absence, Call, Letter, Transport, Unreached};
use crate::roster::Receive;
use crate::switchboard::Network;

/// How long a test waits for something that must happen.
const LIMIT: Duration = Duration::from_secs(60);
/// How long a letter may take that must arrive.
const DEADLINE: Duration = Duration::from_secs(30);
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
const DAY_MS: u64 = 86_400_000;
/// When the tests take place.
const NOW_MS: u64 = 1_800_000_000_000;

/// Answers letters: a query with who has asked and what, a vote never.
#[derive(Default)]
struct Parrot {
    received: AtomicUsize,
}

#[async_trait]
impl Receive for Parrot {
    async fn receive(&self, from: MachineId, letter: Letter) -> Result<Bytes, Absence> {
        self.received.fetch_add(1, Ordering::Relaxed);
        match letter.call {
            Call::Vote => std::future::pending().await,
            Call::Submit => Err(Absence::Gone),
            Call::Install => Ok(Bytes::from(vec![7; BODY_BYTES_MAX + 1])),
            Call::Append
            | Call::PreVote
            | Call::Transfer
            | Call::Block
            | Call::Query
            | Call::Ask
            | Call::Lent => Ok([&from.0.to_be_bytes()[..], &letter.body].concat().into()),
        }
    }
}

/// A running machine.
struct Machine {
    identity: Identity,
    peers: Peers,
    out: Arc<dyn Transport>,
    parrot: Arc<Parrot>,
    clock: Arc<AtomicU64>,
}

impl Machine {
    fn start(identity: Identity, kept: (RingFile, Arc<Book>), clock: &Arc<AtomicU64>) -> Self {
        Self::start_at(bind(ANYWHERE).unwrap(), Vec::new(), identity, kept, clock)
    }

    fn start_at(
        listener: std::net::TcpListener,
        advertised: Vec<String>,
        identity: Identity,
        (ring, book): (RingFile, Arc<Book>),
        clock: &Arc<AtomicU64>,
    ) -> Self {
        let time = clock.clone();
        let peers = Peers::open(Settings {
            identity: identity.clone(),
            ring,
            book,
            listener,
            advertised,
            clock: Arc::new(move || time.load(Ordering::Relaxed)),
        })
        .unwrap();
        let parrot = Arc::new(Parrot::default());
        let receiver = Arc::<Parrot>::downgrade(&parrot);
        let out = peers.connect(identity.machine, receiver);
        Self {
            identity,
            peers,
            out,
            parrot,
            clock: clock.clone(),
        }
    }

    async fn found(directory: &TempDir) -> Self {
        let identity = Identity::take(directory.path()).unwrap();
        let ring = RingFile::found("La plaza", 3).unwrap();
        ring.write(directory.path(), None).unwrap();
        let book = Book::open(&identity, &ring).unwrap();
        Self::start(identity, (ring, book), &Arc::new(AtomicU64::new(NOW_MS)))
    }

    async fn join(directory: &TempDir, through: &Self, role: Role) -> Self {
        Self::join_at(bind(ANYWHERE).unwrap(), Vec::new(), directory, through, role).await
    }

    /// Joins with a listener, and as what it is to be reached at, if not directly.
    async fn join_at(
        listener: std::net::TcpListener,
        given: Vec<String>,
        directory: &TempDir,
        through: &Self,
        role: Role,
    ) -> Self {
        let identity = Identity::take(directory.path()).unwrap();
        let invitation = through.invite(None);
        let here = advertised(&given, listener.local_addr().unwrap());
        let (contacts, token) = (&invitation.contacts, &invitation.token);
        let entered = enter(contacts, token, &identity, role, here).await.unwrap();
        let joined = entered.keep(&identity).unwrap();
        Self::start_at(listener, given, identity, joined, &through.clock)
    }

    /// Stops the machine, as far as others can see.
    async fn stop(self) -> Arc<AtomicU64> {
        self.peers.stop().await;
        self.clock
    }

    /// Starts what a directory holds.
    async fn resume(directory: &TempDir, clock: &Arc<AtomicU64>) -> Self {
        let identity = Identity::take(directory.path()).unwrap();
        let ring = RingFile::read(directory.path(), None).unwrap().unwrap();
        let book = Book::open(&identity, &ring).unwrap();
        Self::start(identity, (ring, book), clock)
    }

    fn id(&self) -> MachineId {
        self.identity.machine
    }

    fn invite(&self, role: Option<Role>) -> Invitation {
        self.peers.token(role, Duration::from_secs(3600)).unwrap()
    }

    fn contact(&self) -> String {
        self.peers.address().to_string()
    }

    async fn send(
        &self,
        to: MachineId,
        call: Call,
        body: impl Into<Bytes>,
    ) -> Result<Result<Bytes, Absence>, Unreached> {
        self.out.exchange(to, letter(call, body), DEADLINE).await
    }

    /// Asks, and checks that the answer is right.
    async fn asks(&self, to: &Self) {
        let said = self.send(to.id(), Call::Query, "how are you").await;
        let expected = [&self.id().0.to_be_bytes()[..], b"how are you"].concat();
        assert_eq!(said.expect("reached").expect("answered"), expected);
    }

    /// Asks until it is answered.
    async fn reaches(&self, to: MachineId) {
        let asked = async {
            while self.send(to, Call::Query, "there?").await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LIMIT, asked).await.expect("reached in time");
    }

    fn trouble_with(&self, other: MachineId) -> Option<String> {
        let relations = self.peers.relations();
        let relation = relations.into_iter().find(|relation| relation.machine == other);
        relation.and_then(|relation| relation.trouble)
    }
}

fn letter(call: Call, body: impl Into<Bytes>) -> Letter {
    Letter {
        group: 7,
        to: None,
        call,
        body: body.into(),
        trace: None,
    }
}

/// Two machines exchange what is new.
fn gossip(one: &Machine, two: &Machine) {
    let (one, two) = (one.peers.book(), two.peers.book());
    one.merge(two.newer_than(&one.summary()));
    two.merge(one.newer_than(&two.summary()));
    assert_eq!(one.digest(), two.digest());
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waited = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LIMIT, waited).await.unwrap_or_else(|_| panic!("{what}"));
}

fn directories<const COUNT: usize>() -> [TempDir; COUNT] {
    std::array::from_fn(|_| tempfile::tempdir().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn three_machines_talk_and_each_knows_who_asks() {
    let directories = directories::<3>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    let three = Machine::join(&directories[2], &two, Role::Gateway).await;
    gossip(&one, &three);
    for from in [&one, &two, &three] {
        for to in [&one, &two, &three] {
            from.asks(to).await;
        }
    }
    let block = one.send(two.id(), Call::Block, vec![1; 1 << 20]).await;
    assert_eq!(block.unwrap().unwrap().len(), (1 << 20) + 8);
    let gone = one.send(two.id(), Call::Submit, "x").await;
    assert_eq!(gone.unwrap(), Err(Absence::Gone));
    assert_eq!(
        one.send(MachineId(99), Call::Query, "x").await,
        Err(Unreached::NoWay(MachineId(99)))
    );
    // J8: who stores has the CA's key, a gateway has not.
    assert!(two.peers.authority().is_some());
    assert!(three.peers.authority().is_none());
    assert_eq!(two.peers.ring().title, "La plaza");
    assert!(three.peers.token(None, LIMIT).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_letters_are_in_flight_at_once() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    gossip(&one, &two);
    let send = async |from: &Machine, to: &Machine, number: u64| {
        let answer = from
            .send(to.id(), Call::Query, number.to_be_bytes().to_vec())
            .await;
        assert_eq!(answer.unwrap().unwrap()[8..], number.to_be_bytes());
    };
    let there = (0..10_000).map(|number| send(&one, &two, number));
    let back = (0..10_000).map(|number| send(&two, &one, number));
    futures::future::join(futures::future::join_all(there), futures::future::join_all(back)).await;
    assert_eq!(two.parrot.received.load(Ordering::Relaxed), 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_never_answered_holds_nothing_up() {
    let directories = directories::<3>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    let three = Machine::join(&directories[2], &one, Role::Node).await;
    // Two takes letters, as many as it may be sent, and answers none of them.
    let brief = Duration::from_millis(1500);
    let stuck: Vec<_> = (0..IN_FLIGHT_MAX)
        .map(|_| {
            let (out, to) = (one.out.clone(), two.id());
            tokio::spawn(async move { out.exchange(to, letter(Call::Vote, "?"), brief).await })
        })
        .collect();
    until("letters have arrived", || {
        two.parrot.received.load(Ordering::Relaxed) > 1000
    })
    .await;
    one.asks(&three).await;
    two.asks(&one).await;
    for letter in stuck {
        assert!(letter.await.unwrap().is_err());
    }
    // Their places are free again, at both ends.
    one.asks(&two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_even_read_is_given_up_and_holds_nobody_up() {
    let directories = directories::<3>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    // Its address leads to a black hole: connections are taken, nothing is said.
    let hole = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let identity = Identity::take(directories[2].path()).unwrap();
    let invitation = one.invite(None);
    let address = hole.local_addr().unwrap().to_string();
    enter(
        &invitation.contacts,
        &invitation.token,
        &identity,
        Role::Node,
        vec![address],
    )
    .await
    .unwrap();
    let (out, hidden) = (one.out.clone(), identity.machine);
    let waiting = tokio::spawn(async move { out.exchange(hidden, letter(Call::Query, "?"), DEADLINE).await });
    one.asks(&two).await;
    assert_eq!(waiting.await.unwrap(), Err(Unreached::NoWay(hidden)));
    // From now on letters fail at once, until it is time to call again.
    let (mut at_once, began) = (0, tokio::time::Instant::now());
    while began.elapsed() < Duration::from_secs(3) {
        let asked = tokio::time::Instant::now();
        assert!(one.send(hidden, Call::Query, "?").await.is_err());
        at_once += usize::from(asked.elapsed() < Duration::from_millis(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(at_once > 20, "{at_once}");
    assert!(one.trouble_with(hidden).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn j5_a_machine_that_moved_is_found_through_the_book() {
    let directories = directories::<3>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    let three = Machine::join(&directories[2], &one, Role::Node).await;
    gossip(&one, &two);
    one.asks(&two).await;
    let (id, old) = (two.id(), two.contact());
    let clock = two.stop().await;
    // Nobody is there: the back-off grows.
    for _ in 0..3 {
        assert!(one.send(id, Call::Query, "?").await.is_err());
    }
    let two = Machine::resume(&directories[1], &clock).await;
    assert_ne!(two.contact(), old, "another port");
    assert_eq!(two.id(), id);
    // It is two that calls; that is enough for letters in both directions.
    two.asks(&one).await;
    one.asks(&two).await;
    // Three hears of it by gossip, and calls the new address at once.
    gossip(&two, &one);
    gossip(&one, &three);
    three.asks(&two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j5_a_ring_resumes_when_all_its_addresses_have_changed() {
    let directories = directories::<3>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    let stranger = Machine::found(&directories[2]).await;
    gossip(&one, &two);
    let clock = one.stop().await;
    two.stop().await;
    let one = Machine::resume(&directories[0], &clock).await;
    let two = Machine::resume(&directories[1], &clock).await;
    // Neither finds the other where it was; one is told where somebody is now, and believes nothing but what it finds there.
    assert!(one.send(two.id(), Call::Query, "?").await.is_err());
    let told = [stranger.contact(), one.contact(), "127.0.0.1:1".to_owned()];
    assert_eq!(one.peers.look_at(&told).await, []);
    assert_eq!(one.peers.look_at(&[two.contact()]).await, [two.id()]);
    one.asks(&two).await;
    two.asks(&one).await;
    assert_eq!(one.peers.book().all().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_comes_back() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    gossip(&one, &two);
    for _ in 0..3 {
        one.reaches(two.id()).await;
        one.peers.0.peer(two.id()).close();
        two.reaches(one.id()).await;
        two.peers.0.peer(one.id()).close();
    }
    one.reaches(two.id()).await;
    one.asks(&two).await;
}

/// Passes connections on, until it is told to swallow what comes.
struct Swallower {
    address: String,
    swallows: Arc<std::sync::atomic::AtomicBool>,
}

impl Swallower {
    async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let swallows = Arc::<std::sync::atomic::AtomicBool>::default();
        let told = swallows.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(target).await.unwrap();
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(pass_on(near_in, far_out, told.clone()));
                tokio::spawn(pass_on(far_in, near_out, told.clone()));
            }
        });
        Self { address, swallows }
    }
}

async fn pass_on(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    swallows: Arc<std::sync::atomic::AtomicBool>,
) {
    let mut bytes = [0; 4096];
    let mut has_swallowed = false;
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        // A connection that has lost something is lost, but nobody is told.
        has_swallowed |= swallows.load(Ordering::Relaxed);
        if !has_swallowed && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_falls_silent_is_given_up() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let listener = bind(ANYWHERE).unwrap();
    let between = Swallower::before(listener.local_addr().unwrap()).await;
    let way = vec![between.address.clone()];
    let two = Machine::join_at(listener, way, &directories[1], &one, Role::Node).await;
    gossip(&one, &two);
    one.asks(&two).await;
    between.swallows.store(true, Ordering::Relaxed);
    let brief = Duration::from_millis(200);
    let asked = one.out.exchange(two.id(), letter(Call::Query, "?"), brief).await;
    assert_eq!(asked, Err(Unreached::Silent(two.id())));
    // As when a cable was pulled: nobody says that the connection has ended.
    until("it is given up", || {
        let relations = one.peers.relations();
        relations.iter().all(|relation| !relation.is_linked)
    })
    .await;
    between.swallows.store(false, Ordering::Relaxed);
    one.reaches(two.id()).await;
    one.asks(&two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_port_harms_nobody() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    for garbage in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &[0; 4096],
        &[0xff; 4096],
        b"\x16\x03\x01\xff\xff",
    ] {
        let mut stream = TcpStream::connect(one.peers.address()).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        let mut answer = Vec::new();
        stream.shutdown().await.unwrap();
        timeout(LIMIT, stream.read_to_end(&mut answer))
            .await
            .unwrap()
            .ok();
        assert!(answer.len() < 64, "an alert at most: {answer:?}");
    }
    // The same inside TLS, where anybody gets.
    for garbage in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x04\xff\xff"[..],
        &[0xff; 4096],
    ] {
        let tls = credential::for_knocking(None).unwrap();
        let mut stream = client::connect(&one.contact(), tls, LIMIT).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        let mut answer = Vec::new();
        stream.shutdown().await.unwrap();
        timeout(LIMIT, stream.read_to_end(&mut answer))
            .await
            .unwrap()
            .ok();
    }
    two.asks(&one).await;
    // A guest that wants to talk like a machine.
    let spoken = first_frame(&one, None, |hello| hello).await;
    assert_eq!(
        spoken,
        Some(Content::Refusal(super::wire::RefusalFrame { reason: 4 }))
    );
    two.asks(&one).await;
}

/// Calls a machine by hand, with a hello that is a little different, and returns what it says first.
async fn first_frame(
    to: &Machine,
    with: Option<&Machine>,
    change: impl FnOnce(Hello) -> Hello,
) -> Option<Content> {
    let ca = to.peers.book().ca();
    let tls = match with {
        Some(machine) => credential::for_caller(ca, machine.peers.0.wallet.clone()),
        None => credential::for_knocking(Some(ca.fingerprint())),
    };
    let stream = client::connect(&to.contact(), tls.unwrap(), LIMIT).await.unwrap();
    let channel = client::channel(stream, KEEP_ALIVE_INTERVAL).await.unwrap();
    let (half, frames) = Half::open(Default::default());
    let caller = with.map_or(MachineId(1), Machine::id);
    let life = Life {
        incarnation: 1,
        run: rand::random(),
    };
    let hello = Hello::new(to.peers.ring().ring, caller, life, Class::Swift);
    half.send(Content::Hello(change(hello)).into()).await;
    let mut client = tonic::client::Grpc::new(channel).max_encoding_message_size(2 * FRAME_BYTES_MAX);
    client.ready().await.unwrap();
    let codec = ProstCodec::<Frame, Frame>::default();
    let answer = client
        .streaming(tonic::Request::new(frames), path(TALK), codec)
        .await;
    let mut frames = answer.unwrap().into_inner();
    let frame = timeout(LIMIT, frames.message()).await.unwrap();
    frame.ok().flatten().and_then(|frame| frame.content)
}

fn refusal(content: Option<Content>) -> Option<Refusal> {
    match content {
        Some(Content::Refusal(frame)) => Some(Refusal::from_number(frame.reason)),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hello_that_does_not_fit_is_answered_with_the_reason() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    let newer = first_frame(&one, Some(&two), |mut hello| {
        (hello.version, hello.version_min) = (7, 6);
        hello
    });
    assert_eq!(refusal(newer.await), Some(Refusal::Version));
    let foreign = first_frame(&one, Some(&two), |mut hello| {
        hello.ring ^= 1;
        hello
    });
    assert_eq!(refusal(foreign.await), Some(Refusal::Ring));
    let impostor = first_frame(&one, Some(&two), |mut hello| {
        hello.machine ^= 1;
        hello
    });
    assert_eq!(refusal(impostor.await), Some(Refusal::Certificate));
    // A newer version that still understands ours is welcome.
    let compatible = first_frame(&one, Some(&two), |mut hello| {
        hello.version = 7;
        hello
    });
    assert!(matches!(compatible.await, Some(Content::Hello(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_not_sent_and_not_taken() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    let largest = one.send(two.id(), Call::Query, vec![1; BODY_BYTES_MAX - 8]).await;
    assert_eq!(largest.unwrap().unwrap().len(), BODY_BYTES_MAX);
    let larger = one.send(two.id(), Call::Query, vec![1; BODY_BYTES_MAX + 1]).await;
    assert_eq!(larger, Err(Unreached::NoWay(two.id())));
    // An answer that is too large is none.
    let answer = one.send(two.id(), Call::Install, "x").await;
    assert_eq!(answer.unwrap(), Err(Absence::Garbled));
    one.asks(&two).await;
    // Somebody who sends it all the same is cut off.
    let link = one.peers.0.peer(two.id());
    let soon = tokio::time::Instant::now() + DEADLINE;
    let link = link.link(&one.peers.0, Class::Swift, soon).await.unwrap();
    link.send_unchecked(vec![1; FRAME_BYTES_MAX + 1].into()).await;
    until("the stream is closed", || link.is_closed()).await;
    one.reaches(two.id()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j8_a_machine_of_another_ring_is_not_listened_to() {
    let directories = directories::<3>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    let foreign = Machine::found(&directories[2]).await;
    // Two is told by its own book that the foreign machine's address is one's.
    let (id, moved) = (two.id(), foreign.contact());
    two.peers.stop().await;
    let lie = Entry::new(&two.identity, Role::Node, vec![moved]);
    let lie = Entry { counter: 99, ..lie }.sign(one.peers.ring().ring, &two.identity);
    let authority = one.peers.authority().unwrap();
    one.peers.book().admit(authority, lie).unwrap();
    assert!(one.send(id, Call::Query, "?").await.is_err());
    let trouble = one.trouble_with(id).unwrap();
    assert!(trouble.contains("UnknownIssuer"), "{trouble}");
    assert_eq!(foreign.parrot.received.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn j8_who_was_removed_is_cut_off_and_never_heard_again() {
    let directories = directories::<4>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    let three = Machine::join(&directories[2], &one, Role::Node).await;
    two.asks(&one).await;
    gossip(&one, &three);
    three.asks(&two).await;
    let invitation = two.invite(None);
    one.peers.remove(two.id()).unwrap();
    until("the stream is closed", || {
        let relations = one.peers.relations();
        relations
            .iter()
            .all(|relation| relation.machine != two.id() || !relation.is_linked)
    })
    .await;
    assert_eq!(
        one.send(two.id(), Call::Query, "?").await,
        Err(Unreached::NoWay(two.id()))
    );
    until("it is told why", || {
        let asked = futures::executor::block_on(two.send(one.id(), Call::Query, "?"));
        assert!(asked.is_err());
        let trouble = two.trouble_with(one.id());
        trouble.is_some_and(|trouble| trouble.contains("removed from the ring for good"))
    })
    .await;
    // The others hear of it, and do likewise.
    gossip(&one, &three);
    until("the other's stream is closed", || {
        let relations = three.peers.relations();
        relations
            .iter()
            .all(|relation| relation.machine != two.id() || !relation.is_linked)
    })
    .await;
    // It does not enter again, and what it has signed opens no door.
    let token = one.invite(None).token;
    let again = enter(&[one.contact()], &token, &two.identity, Role::Node, Vec::new()).await;
    assert!(
        matches!(
            again,
            Err(EnterError::Refused {
                reason: Refused::Removed,
                ..
            })
        ),
        "{:?}",
        again.err()
    );
    let newcomer = Identity::take(directories[3].path()).unwrap();
    let by_removed = enter(
        &[one.contact()],
        &invitation.token,
        &newcomer,
        Role::Node,
        Vec::new(),
    )
    .await;
    assert!(matches!(
        by_removed,
        Err(EnterError::Refused {
            reason: Refused::Token(TokenError::MakerRemoved(_)),
            ..
        })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_machines_with_one_identity_are_told_apart() {
    let directories = directories::<3>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    two.asks(&one).await;
    // Somebody has copied the directory, and starts the copy.
    for file in ["machine.json", "machine.key", "ring.json", "book", "machine.pem"] {
        std::fs::copy(directories[1].path().join(file), directories[2].path().join(file)).unwrap();
    }
    let copy = Machine::resume(&directories[2], &two.clock).await;
    assert_eq!(copy.id(), two.id());
    assert!(copy.send(one.id(), Call::Query, "?").await.is_err());
    let trouble = copy.trouble_with(one.id()).unwrap();
    assert!(
        trouble.contains("two machines run with one identity"),
        "{trouble}"
    );
    // The first one goes on.
    two.asks(&one).await;
    one.asks(&two).await;
    assert_eq!(copy.parrot.received.load(Ordering::Relaxed), 0);
    // When it ends, the other one may be it.
    two.stop().await;
    copy.reaches(one.id()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j8_an_expired_certificate_is_renewed() {
    let directories = directories::<3>();
    let one = Machine::found(&directories[0]).await;
    let gateway = Machine::join(&directories[1], &one, Role::Gateway).await;
    let gone = Machine::join(&directories[2], &one, Role::Gateway).await;
    gateway.asks(&one).await;
    let clock = gateway.stop().await;
    gone.peers.stop().await;
    one.peers.remove(gone.id()).unwrap();
    let later_ms = NOW_MS + u64::try_from(LEAF_LIFE.as_millis()).unwrap() + 10 * DAY_MS;
    clock.store(later_ms, Ordering::Relaxed);
    // One has the CA's key, and signs for itself.
    one.peers.0.renew.notify_one();
    let is_new = |machine: &Machine| {
        let credential = machine.peers.0.wallet.credential();
        credential.is_some_and(|own| own.signed_at().as_millis() == u128::from(later_ms))
    };
    until("one has a new certificate", || is_new(&one)).await;
    // The gateway asks for its own, with the proof that it has its key.
    let gateway = Machine::resume(&directories[1], &clock).await;
    until("the gateway has a new certificate", || is_new(&gateway)).await;
    gateway.reaches(one.id()).await;
    gateway.asks(&one).await;
    // Who was removed meanwhile asks in vain, and so does who has no proof.
    let record = Box::new(gone.peers.book().own_record().unwrap());
    let asked = gone.peers.0.have_signed(Question::Renew { record }).await;
    assert!(matches!(
        asked,
        Err(EnterError::Refused {
            reason: Refused::Removed,
            ..
        })
    ));
    let record = Box::new(gateway.peers.book().own_record().unwrap());
    for prover in [None, Some(&one.identity)] {
        let knocker = Knocker {
            tls: credential::for_knocking(Some(one.peers.book().ca().fingerprint())).unwrap(),
            expected: None,
            identity: prover,
            token: None,
        };
        let question = Question::Renew {
            record: record.clone(),
        };
        let asked = knocker.ask(&one.contact(), &question).await.unwrap();
        assert!(matches!(asked, Reply::Refused(Refused::NoProof)), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn j8_a_machine_whose_certificate_has_expired_is_told_so() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let gateway = Machine::join(&directories[1], &one, Role::Gateway).await;
    // Only one's clock moves on: the gateway does not know that its certificate is old.
    let late = one.peers.0.now() + LEAF_LIFE + Duration::from_secs(1);
    let credential = gateway.peers.0.wallet.credential();
    assert_eq!(one.peers.0.check(credential, None), Ok(gateway.id()));
    one.clock
        .store(u64::try_from(late.as_millis()).unwrap(), Ordering::Relaxed);
    assert_eq!(one.peers.0.check(credential, None), Err(Refusal::Expired));
    assert_eq!(
        refusal(first_frame(&one, Some(&gateway), |hello| hello).await),
        Some(Refusal::Expired)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_has_certificates_for_its_clients_signed() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let gateway = Machine::join(&directories[1], &one, Role::Gateway).await;
    let (_, spki) = fresh_key().unwrap();
    for machine in [&one, &gateway] {
        let names = BTreeSet::from(["plaza.lan".to_owned(), "10.0.0.7".to_owned()]);
        let der = machine.peers.certify(names, spki.clone()).await.unwrap();
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
        assert_eq!(parsed.tbs_certificate.subject_pki.raw, spki);
        let disguised = machine_name(one.peers.ring().ring, one.id());
        let refused = machine
            .peers
            .certify(BTreeSet::from([disguised]), spki.clone())
            .await;
        assert!(refused.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_gets_no_certificate_for_the_names_of_others() {
    let directories = directories::<3>();
    let one = Machine::found(&directories[0]).await;
    let listener = bind(ANYWHERE).unwrap();
    let elsewhere = vec!["10.0.0.7:8788".to_owned()];
    let _two = Machine::join_at(listener, elsewhere, &directories[1], &one, Role::Node).await;
    let gateway = Machine::join(&directories[2], &one, Role::Gateway).await;
    let (_, spki) = fresh_key().unwrap();
    let asked = ["bank.example", "plaza.lan", "8.8.8.8", "10.0.0.7", "10.0.0.8"].map(str::to_owned);
    let der = gateway.peers.certify(asked.into(), spki.clone()).await.unwrap();
    assert_eq!(
        names_of(&der),
        ["plaza.lan", "10.0.0.8"].map(str::to_owned).into()
    );
    let asked = BTreeSet::from(["bank.example".to_owned()]);
    let refused = gateway.peers.certify(asked, spki).await;
    assert!(
        matches!(
            refused,
            Err(PeersError::Door(EnterError::Refused {
                reason: Refused::Names,
                ..
            }))
        ),
        "{refused:?}"
    );
}

/// Why somebody is not let in.
async fn refused(contact: &str, token: &str, identity: &Identity, role: Role) -> EnterError {
    let entered = enter(&[contact.to_owned()], token, identity, role, Vec::new()).await;
    entered.err().expect("not let in")
}

#[tokio::test(flavor = "multi_thread")]
async fn j8_the_door_says_why_it_stays_shut() {
    let directories = directories::<4>();
    let one = Machine::found(&directories[0]).await;
    let foreign = Machine::found(&directories[1]).await;
    let newcomer = Identity::take(directories[2].path()).unwrap();
    let good = one.invite(Some(Role::Gateway)).token;
    let knock = async |contact: &str, token: &str, role| refused(contact, token, &newcomer, role).await;

    let error = knock(&one.contact(), "password", Role::Node).await;
    assert!(matches!(error, EnterError::Token(TokenError::NoToken)), "{error}");
    let error = knock(&one.contact(), &good[..good.len() - 3], Role::Node).await;
    assert!(
        matches!(error, EnterError::Token(TokenError::Mistyped)),
        "{error}"
    );
    let error = knock(&one.contact(), &good, Role::Node).await;
    let is_role = |reason: &Refused| matches!(reason, Refused::Token(TokenError::Role { .. }));
    assert!(
        matches!(&error, EnterError::Refused { reason, .. } if is_role(reason)),
        "{error}"
    );
    let error = knock(&one.contact(), &foreign.invite(None).token, Role::Node).await;
    assert!(matches!(error, EnterError::OtherRing { .. }), "{error}");
    // A token with the right CA's fingerprint, sealed by another one.
    let authority = foreign.peers.authority().unwrap();
    let ring = (one.peers.ring().ring, &**authority);
    let now = Duration::from_millis(NOW_MS);
    let mut forged = Token::make(ring, one.id(), None, now, LIMIT);
    forged.terms.ca = one.peers.book().ca().fingerprint().0;
    let error = knock(&one.contact(), &forged.to_string(), Role::Node).await;
    assert!(
        matches!(
            error,
            EnterError::Refused {
                reason: Refused::Token(TokenError::Forged),
                ..
            }
        ),
        "{error}"
    );
    one.clock.store(NOW_MS + DAY_MS, Ordering::Relaxed);
    let error = knock(&one.contact(), &good, Role::Gateway).await;
    assert!(
        matches!(
            error,
            EnterError::Refused {
                reason: Refused::Token(TokenError::Expired { .. }),
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(one.peers.book().all().len(), 1, "nobody has come in");

    let token = one.invite(None).token;
    for address in [
        "",
        "plaza",
        "plaza:",
        ":1",
        "http://127.0.0.1:80",
        "127.0.0.1:99999",
    ] {
        let error = knock(address, &token, Role::Node).await;
        assert!(matches!(error, EnterError::Address(_)), "{address}: {error}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let vacant = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let error = knock(&vacant, &token, Role::Node).await;
    assert!(matches!(error, EnterError::Unreachable { .. }), "{error}");
    let error = enter(&[], &token, &newcomer, Role::Node, Vec::new()).await;
    assert!(matches!(error, Err(EnterError::NoContact)));
    // One that cannot be reached is no hindrance when another one can.
    let contacts = [vacant, one.contact()];
    let entered = enter(&contacts, &token, &newcomer, Role::Replica, Vec::new())
        .await
        .unwrap();
    assert_eq!(entered.contact(), one.contact());
    assert_eq!(
        one.peers.book().get(newcomer.machine).unwrap().role,
        Role::Replica
    );
    // Who has a token and somebody else's record is nobody.
    let other = Identity::take(directories[3].path()).unwrap();
    let stolen = Entry::new(&newcomer, Role::Node, Vec::new()).sign(one.peers.ring().ring, &newcomer);
    let token: Token = token.parse().unwrap();
    let question = Question::Enter {
        terms: token.terms.clone(),
        newcomer: Box::new(stolen),
    };
    let mut knocker = Knocker {
        tls: credential::for_knocking(None).unwrap(),
        expected: None,
        identity: Some(&other),
        token: Some(&token),
    };
    let asked = knocker.ask(&one.contact(), &question).await.unwrap();
    assert!(matches!(asked, Reply::Refused(Refused::NoProof)), "{asked:?}");
    // Its terms alone, which anybody at a door hears, are no token.
    (knocker.identity, knocker.token) = (Some(&newcomer), None);
    let asked = knocker.ask(&one.contact(), &question).await.unwrap();
    assert!(
        matches!(asked, Reply::Refused(Refused::Token(TokenError::Forged))),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_http_port_is_recognised_as_such() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let newcomer = Identity::take(directories[1].path()).unwrap();
    let token = one.invite(None).token;
    // Plain HTTP.
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        let _ = stream.read(&mut [0; 64]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let error = refused(&address, &token, &newcomer, Role::Node).await;
    assert!(matches!(error, EnterError::NotAPeer { .. }), "{error}");
    server.await.unwrap();
    // HTTPS, by the same CA.
    let secure = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = secure.local_addr().unwrap().to_string();
    let wallet = one.peers.0.wallet.clone();
    let mut config = (*credential::for_called(one.peers.book().ca(), wallet).unwrap()).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let server = tokio::spawn(async move {
        let (stream, _) = secure.accept().await.unwrap();
        let accepted = tokio_rustls::TlsAcceptor::from(Arc::new(config))
            .accept(stream)
            .await;
        assert!(accepted.is_err());
    });
    let error = refused(&address, &token, &newcomer, Role::Node).await;
    assert!(matches!(error, EnterError::NotAPeer { .. }), "{error}");
    assert!(error.to_string().contains("--http"), "{error}");
    server.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_names_the_doors_that_open() {
    let directories = directories::<3>();
    let one = Machine::found(&directories[0]).await;
    let gateway = Machine::join(&directories[1], &one, Role::Gateway).await;
    let newcomer = Identity::take(directories[2].path()).unwrap();
    let token = one.invite(None).token;
    let contacts = [gateway.contact()];
    let entered = enter(&contacts, &token, &newcomer, Role::Node, Vec::new())
        .await
        .unwrap();
    assert_eq!(entered.contact(), one.contact());
    let (ring, book) = entered.keep(&newcomer).unwrap();
    assert!(ring.ca_key.is_some());
    assert_eq!(book.all().len(), 3);
    assert_eq!(book.own().map(|own| own.state), Some(State::Active));
    assert!(
        Wallet::open(&newcomer, ring.ring, book.ca())
            .credential()
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_may_ask_which_ring_it_is() {
    let directories = directories::<1>();
    let one = Machine::found(&directories[0]).await;
    let asked = who(&one.contact()).await.unwrap();
    assert_eq!((asked.ring, &*asked.title), (one.peers.ring().ring, "La plaza"));
    assert_eq!(asked.fingerprint(), one.peers.book().ca().fingerprint());
    assert_eq!(asked.machine, one.id());
    // But not without end.
    let mut last = None;
    for _ in 0..100 {
        last = Some(who(&one.contact()).await);
        if last.as_ref().is_some_and(Result::is_err) {
            break;
        }
    }
    assert!(
        matches!(
            last,
            Some(Err(EnterError::Refused {
                reason: Refused::TooMany,
                ..
            }))
        ),
        "{last:?}"
    );
}

/// Asks at a door in bytes that were made before.
async fn ask_by_hand(to: &Machine, envelope: Envelope) -> Result<Reply, tonic::Code> {
    let tls = credential::for_knocking(None).unwrap();
    let stream = client::connect(&to.contact(), tls, LIMIT).await.unwrap();
    let channel = client::channel(stream, KEEP_ALIVE_INTERVAL).await.unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let codec = ProstCodec::<Envelope, Envelope>::default();
    let asked = client.unary(tonic::Request::new(envelope), path(ASK), codec);
    let answered = asked.await.map_err(|status| status.code())?;
    Ok(postcard::from_bytes(&answered.into_inner().body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn j8_what_is_heard_at_one_door_opens_no_other() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let newcomer = Identity::take(directories[1].path()).unwrap();
    let token: Token = one.invite(None).token.parse().unwrap();
    let entry = Entry::new(&newcomer, Role::Node, Vec::new());
    let question = Question::Enter {
        terms: token.terms.clone(),
        newcomer: Box::new(entry.sign(one.peers.ring().ring, &newcomer)),
    };
    // A gateway, or who stands in a member's place with a certificate of the ring, gets this on a connection of its own.
    let heard = Asked::new(&question, [7; 32], Some(&newcomer), Some(&token)).to_envelope();
    let reply = ask_by_hand(&one, heard.clone()).await.unwrap();
    assert!(
        matches!(reply, Reply::Refused(Refused::Token(TokenError::Forged))),
        "{reply:?}"
    );
    // The last in a token's bytes is its secret.
    let bytes = postcard::to_stdvec(&token).unwrap();
    let secret = &bytes[bytes.len() - 32..];
    assert!(!heard.body.windows(secret.len()).any(|heard| heard == secret));
    assert_eq!(one.peers.book().all().len(), 1, "nobody has come in");
}

/// Opens connections from this address of the loopback, and says nothing on them.
async fn stay_silent(to: SocketAddr, last: u8, count: usize) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    for _ in 0..count {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 1, last], 0))).unwrap();
        silent.push(socket.connect(to).await.unwrap());
    }
    silent
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_that_hold_their_handshakes_keep_no_member_out() {
    let directories = directories::<2>();
    let one = Machine::found(&directories[0]).await;
    let two = Machine::join(&directories[1], &one, Role::Node).await;
    let mut strangers = Vec::new();
    for last in 1..=32 {
        strangers.extend(stay_silent(one.peers.address(), last, HANDSHAKES_PER_ADDRESS_MAX).await);
    }
    // Sooner than any of them is given up.
    let soon = HANDSHAKE_TIME_MAX - Duration::from_secs(1);
    let asked = two
        .out
        .exchange(one.id(), letter(Call::Query, "there?"), soon)
        .await;
    assert!(asked.is_ok(), "{asked:?}");
    drop(strangers);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_at_the_door_is_answered_as_such() {
    let directories = directories::<1>();
    let one = Machine::found(&directories[0]).await;
    let ask = async |envelope| ask_by_hand(&one, envelope).await.map(|_| ());
    let good = Asked::new(&Question::Who, [0; 32], None, None).to_envelope();
    assert_eq!(ask(good.clone()).await, Ok(()));
    let newer = Envelope {
        version: 9,
        ..good.clone()
    };
    assert_eq!(ask(newer).await, Err(tonic::Code::FailedPrecondition));
    let broken = Envelope {
        body: Bytes::from_static(&[0xff; 99]),
        ..good.clone()
    };
    assert_eq!(ask(broken).await, Err(tonic::Code::InvalidArgument));
    let long = Envelope {
        body: vec![0; 1 << 20].into(),
        ..good
    };
    assert_eq!(ask(long).await, Err(tonic::Code::OutOfRange));
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_to_oneself_arrive() {
    let directories = directories::<1>();
    let one = Machine::found(&directories[0]).await;
    one.asks(&one).await;
    let brief = Duration::from_millis(50);
    let stuck = one.out.exchange(one.id(), letter(Call::Vote, "?"), brief).await;
    assert_eq!(stuck, Err(Unreached::Silent(one.id())));
}

#[test]
fn a_network_runs_where_it_was_connected_whoever_uses_it() {
    let directories = directories::<2>();
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let (consensus, requests) = (runtime(), runtime());
    let (one, two) = consensus.block_on(async {
        let one = Machine::found(&directories[0]).await;
        let two = Machine::join(&directories[1], &one, Role::Node).await;
        (one, two)
    });
    // The first letter, which makes one call, comes from elsewhere; and that place goes away.
    requests.block_on(one.asks(&two));
    drop(requests);
    consensus.block_on(one.asks(&two));
    assert_eq!(one.peers.relations().len(), 1);
    consensus.block_on(async {
        one.peers.stop().await;
        two.peers.stop().await;
    });
    let said = consensus.block_on(one.send(two.id(), Call::Query, "?"));
    assert_eq!(said, Err(Unreached::NoWay(two.id())));
}
