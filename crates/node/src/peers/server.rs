//! Takes calls of other machines, and of those that want to become one.
//!
//! The port is one. Who comes with a certificate of the ring may talk; who comes without is a guest and may only knock at the [door](super::door). Garbage on
//! the port ends with the handshake of TLS.
//!
//! **Invariant:** everything that a stranger can hold is bounded: connections (all, and per address), handshakes, their time, sizes, and streams per connection;
//! a connection without a stream is closed.
//! **Invariant:** what strangers hold is not taken from members: both have places of their own, and so have the handshakes of those who come from where a
//! member is, or was.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{Stream, StreamExt};
use http::{Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::body::Body;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;

use tertulia_types::network;

use super::client::{
    CONNECTION_WINDOW_BYTES, HELLO_TIME_MAX, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIME_MAX, STREAM_WINDOW_BYTES,
};
use super::core::Core;
use super::credential::{self, Credential};
use super::link::Half;
use super::wire::{ASK, Content, Envelope, FRAME_BYTES_MAX, Frame, QUESTION_BYTES_MAX, Refusal, TALK};

/// Connections of members at once.
const MEMBERS_MAX: usize = 7_168;
/// Connections of guests at once.
const GUESTS_MAX: usize = 1_024;
/// How long a stranger's question may take, with its answer.
const QUESTION_TIME_MAX: Duration = Duration::from_secs(30);
/// Handshakes at once, of those who come from where a member is, and as many of others.
const HANDSHAKES_MAX: usize = 128;
/// How long one may take, with the wait for its turn.
pub(super) const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(5);
/// Handshakes with one address at once.
pub(super) const HANDSHAKES_PER_ADDRESS_MAX: usize = 16;
/// The same where members are: there may be many of them at one, and all come at once after a power cut.
const HANDSHAKES_OF_MEMBERS_MAX: usize = 64;
/// Connections of guests from one address at once.
const GUESTS_PER_ADDRESS_MAX: usize = 32;
/// Streams in one connection.
const STREAMS_MAX: u32 = 16;
/// Headers of one request.
pub(crate) const HEADER_BYTES_MAX: u32 = 16 << 10;
/// A connection that has no stream for this long is closed.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);
/// Questions of one address at the door: so many at once, and then one per interval.
const QUESTIONS_AT_ONCE: u32 = 32;
const QUESTION_INTERVAL: Duration = Duration::from_secs(1);
/// Addresses that are remembered at once for these limits.
const ADDRESSES_MAX: usize = 4_096;

/// A connection, as a request on it sees it.
pub(crate) struct Connection {
    /// Where it comes from.
    pub(crate) from: IpAddr,
    /// The network of that, for limits.
    pub(crate) address: IpAddr,
    /// Whose it is, if it has shown a certificate.
    pub(crate) credential: Option<Credential>,
    /// See [`credential::binding`].
    pub(crate) binding: [u8; 32],
    /// Streams and questions that are open.
    uses: AtomicUsize,
    kill: CancellationToken,
    _place: OwnedSemaphorePermit,
    _guest: Option<Guest>,
}

/// A use of a connection, until it is dropped.
struct Use(Arc<Connection>);

impl Use {
    fn new(connection: &Arc<Connection>) -> Self {
        connection.uses.fetch_add(1, Ordering::Relaxed);
        Self(connection.clone())
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.0.uses.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves until the machine stops.
pub(crate) async fn serve(core: Arc<Core>, listener: TcpListener) {
    let (taken, incoming) = mpsc::channel(HANDSHAKES_MAX);
    let closing = core.closing.clone();
    core.spawn(accept(core.clone(), listener, taken));
    let service = tower::service_fn(move |request| answer(core.clone(), request));
    let served = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_TIME_MAX))
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .serve_with_incoming(service, ReceiverStream::new(incoming).map(Ok::<_, Infallible>));
    if let Some(Err(error)) = closing.run_until_cancelled(served).await {
        tracing::error!(%error, "the port for machines is not served any more");
    }
}

/// Places for those of one kind.
struct Room {
    handshakes: Arc<Semaphore>,
    connections: Arc<Semaphore>,
}

impl Room {
    fn new(connections: usize) -> Self {
        Self {
            handshakes: Arc::new(Semaphore::new(HANDSHAKES_MAX)),
            connections: Arc::new(Semaphore::new(connections)),
        }
    }
}

/// What both kinds have.
struct Rooms {
    members: Room,
    guests: Room,
}

async fn accept(core: Arc<Core>, listener: TcpListener, taken: mpsc::Sender<Wire>) {
    let rooms = Arc::new(Rooms {
        members: Room::new(MEMBERS_MAX),
        guests: Room::new(GUESTS_MAX),
    });
    let acceptor = TlsAcceptor::from(core.tls_of_called.clone());
    let closing = core.closing.clone();
    loop {
        match closing.run_until_cancelled(listener.accept()).await {
            None => return,
            Some(Ok((stream, from))) => {
                let (core, rooms) = (core.clone(), rooms.clone());
                let (acceptor, taken) = (acceptor.clone(), taken.clone());
                core.clone().spawn(async move {
                    let shaken = shake_hands(&core, &rooms, &acceptor, stream, from);
                    match timeout(HANDSHAKE_TIME_MAX, shaken).await {
                        Ok(Ok(wire)) => {
                            let _ = taken.send(wire).await;
                        }
                        Ok(Err(error)) => tracing::debug!(%from, %error, "a connection came to nothing"),
                        Err(_) => tracing::debug!(%from, "a handshake took too long"),
                    }
                });
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection could not be taken");
                // Out of files, most likely: some will be closed.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn shake_hands(
    core: &Arc<Core>,
    rooms: &Rooms,
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    from: SocketAddr,
) -> io::Result<Wire> {
    let full = || io::Error::from(io::ErrorKind::QuotaExceeded);
    let (address, now) = (network(from.ip()), Instant::now());
    let is_known = core.is_where_members_are(address);
    let visitor = core.guests.begin(address, is_known, now).ok_or_else(full)?;
    // Of strangers there may be any number: they wait for nothing.
    let _turn = if is_known {
        let turn = rooms.members.handshakes.clone().acquire_owned().await;
        turn.map_err(io::Error::other)?
    } else {
        let turn = rooms.guests.handshakes.clone().try_acquire_owned();
        turn.map_err(|_| full())?
    };
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    let tls = stream.get_ref().1;
    let shown = tls.peer_certificates().and_then(|chain| chain.first());
    let credential = shown.and_then(|der| Credential::read(der));
    if shown.is_some() && credential.is_none() {
        return Err(io::Error::other("its certificate is no machine's"));
    }
    // Who was removed has its certificate still.
    let is_member = credential.is_some_and(|shown| core.check(Some(shown), None).is_ok());
    let (room, guest) = if is_member {
        core.guests.note_member(address);
        (&rooms.members, None)
    } else {
        let guest = core.guests.enter(address, is_known, now).ok_or_else(full)?;
        (&rooms.guests, Some(guest))
    };
    drop(visitor);
    let place = room.connections.clone().try_acquire_owned().map_err(|_| full())?;
    let connection = Arc::new(Connection {
        from: from.ip().to_canonical(),
        address,
        credential,
        binding: credential::binding(tls).map_err(io::Error::other)?,
        uses: AtomicUsize::new(0),
        kill: core.closing.child_token(),
        _place: place,
        _guest: guest,
    });
    core.spawn(close_when_idle(
        Arc::downgrade(&connection),
        connection.kill.clone(),
    ));
    Ok(Wire {
        killed: Box::pin(connection.kill.clone().cancelled_owned()),
        stream,
        connection,
    })
}

async fn close_when_idle(connection: std::sync::Weak<Connection>, kill: CancellationToken) {
    while kill
        .run_until_cancelled(tokio::time::sleep(IDLE_TIME_MAX))
        .await
        .is_some()
    {
        match connection.upgrade() {
            None => return,
            Some(connection) if connection.uses.load(Ordering::Relaxed) == 0 => return kill.cancel(),
            Some(_) => {}
        }
    }
}

/// A connection's bytes. It breaks when it is told to.
pub(crate) struct Wire {
    stream: TlsStream<TcpStream>,
    connection: Arc<Connection>,
    killed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Wire {
    fn is_killed(&mut self, cx: &mut Context<'_>) -> bool {
        self.killed.as_mut().poll(cx).is_ready()
    }
}

impl Connected for Wire {
    type ConnectInfo = Arc<Connection>;

    fn connect_info(&self) -> Arc<Connection> {
        self.connection.clone()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_killed(cx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_killed(cx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// One request.
async fn answer(core: Arc<Core>, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let Some(connection) = request.extensions().get::<Arc<Connection>>().cloned() else {
        return Ok(no_such_path());
    };
    let using = Use::new(&connection);
    Ok(match request.uri().path() {
        TALK => {
            // Whoever shows no certificate is told so, and has nothing long to say before.
            let frame_bytes_max = match connection.credential {
                Some(_) => FRAME_BYTES_MAX,
                None => QUESTION_BYTES_MAX,
            };
            let talk = tower::service_fn(move |request: tonic::Request<Streaming<Frame>>| {
                let streams = talk(core.clone(), connection.clone(), request.into_inner());
                std::future::ready(Ok::<_, Status>(tonic::Response::new(streams)))
            });
            tonic::server::Grpc::new(ProstCodec::<Frame, Frame>::default())
                .max_decoding_message_size(frame_bytes_max)
                .max_encoding_message_size(FRAME_BYTES_MAX)
                .streaming(talk, request)
                .await
        }
        ASK => {
            let ask = tower::service_fn(move |request: tonic::Request<Envelope>| {
                let (core, connection) = (core.clone(), connection.clone());
                async move {
                    let answered = super::door::answer(&core, &connection, request.into_inner());
                    answered.await.map(tonic::Response::new)
                }
            });
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Envelope, Envelope>::default())
                .max_decoding_message_size(QUESTION_BYTES_MAX)
                .max_encoding_message_size(FRAME_BYTES_MAX);
            let answered = timeout(QUESTION_TIME_MAX, grpc.unary(ask, request)).await;
            drop(using);
            answered.unwrap_or_else(|_| Status::deadline_exceeded("the question took too long").into_http())
        }
        _ => no_such_path(),
    })
}

fn no_such_path() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

type Frames = Pin<Box<dyn Stream<Item = Result<Frame, Status>> + Send>>;

/// Another machine calls.
fn talk(core: Arc<Core>, connection: Arc<Connection>, frames: Streaming<Frame>) -> Frames {
    let (half, outgoing) = Half::open(connection.kill.child_token());
    let using = Use::new(&connection);
    core.clone().spawn(async move {
        let refused = listen(&core, &connection, half, frames, using)
            .await
            .err()
            .flatten();
        if let (Some(reason), Some(shown)) = (refused, connection.credential) {
            core.note_refused(shown.machine, reason);
        }
    });
    Box::pin(outgoing.map(Ok))
}

/// Hears who calls, and takes the stream into use. Else the other end is told why not, if there is anybody.
async fn listen(
    core: &Arc<Core>,
    connection: &Connection,
    half: Half,
    mut frames: Streaming<Frame>,
    using: Use,
) -> Result<(), Option<Refusal>> {
    let first = timeout(HELLO_TIME_MAX, frames.message()).await;
    let Ok(Ok(Some(Frame {
        content: Some(Content::Hello(hello)),
    }))) = first
    else {
        return Err(None);
    };
    let understood = async {
        let machine = core.check(connection.credential, None)?;
        let life = core.understand(&hello, machine)?;
        let class = hello.class().ok_or(Refusal::Version)?;
        let peer = core.peer(machine);
        peer.make_way(life).await?;
        Ok::<_, Refusal>((peer, life, class))
    };
    let (peer, life, class) = match understood.await {
        Ok(understood) => understood,
        Err(reason) => {
            half.send(reason.to_frame()).await;
            return Err(Some(reason));
        }
    };
    half.send(Content::Hello(core.hello(class)).into()).await;
    let link = half.link(peer.machine, life);
    if let Err(reason) = peer.take(class, &link).await {
        core.refuse(link, frames, reason, using);
        return Err(Some(reason));
    }
    core.run_link(link, frames, using);
    Ok(())
}

/// What strangers may do, by address; and where there was a member.
#[derive(Default)]
pub(crate) struct Guests(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    visits: BTreeMap<IpAddr, Visits>,
    /// Where members have come from.
    members: BTreeSet<IpAddr>,
}

struct Visits {
    /// Before they have shown who they are.
    handshakes: usize,
    connections: usize,
    questions_left: u32,
    since: Instant,
}

impl Visits {
    fn handshakes(&mut self) -> &mut usize {
        &mut self.handshakes
    }

    fn connections(&mut self) -> &mut usize {
        &mut self.connections
    }
}

/// A place in an address's count, until it is dropped.
struct Guest {
    guests: Arc<Mutex<Known>>,
    address: IpAddr,
    counted: fn(&mut Visits) -> &mut usize,
}

impl Guests {
    /// Somebody comes, and has not shown who they are.
    fn begin(&self, address: IpAddr, is_known: bool, now: Instant) -> Option<Guest> {
        let count_max = match is_known {
            true => HANDSHAKES_OF_MEMBERS_MAX,
            false => HANDSHAKES_PER_ADDRESS_MAX,
        };
        self.count((address, is_known), Visits::handshakes, count_max, now)
    }

    /// A guest is in.
    fn enter(&self, address: IpAddr, is_known: bool, now: Instant) -> Option<Guest> {
        self.count(
            (address, is_known),
            Visits::connections,
            GUESTS_PER_ADDRESS_MAX,
            now,
        )
    }

    fn count(
        &self,
        (address, is_known): (IpAddr, bool),
        counted: fn(&mut Visits) -> &mut usize,
        count_max: usize,
        now: Instant,
    ) -> Option<Guest> {
        let mut known = lock(&self.0);
        let count = counted(visits(&mut known.visits, address, is_known, now)?);
        if *count >= count_max {
            return None;
        }
        *count += 1;
        Some(Guest {
            guests: self.0.clone(),
            address,
            counted,
        })
    }

    /// A member has come from there.
    fn note_member(&self, address: IpAddr) {
        let members = &mut lock(&self.0).members;
        if members.len() >= MEMBERS_MAX && !members.contains(&address) {
            members.pop_first();
        }
        members.insert(address);
    }

    /// Whether a member has come from there.
    pub(super) fn has_seen_member(&self, address: IpAddr) -> bool {
        lock(&self.0).members.contains(&address)
    }

    /// Whether somebody at this address may ask now.
    pub(crate) fn may_ask(&self, address: IpAddr, now: Instant) -> bool {
        let mut known = lock(&self.0);
        let Some(visits) = visits(&mut known.visits, address, false, now) else {
            return false;
        };
        let regained = now.duration_since(visits.since).as_secs() / QUESTION_INTERVAL.as_secs();
        if regained > 0 {
            let regained = u32::try_from(regained).unwrap_or(QUESTIONS_AT_ONCE);
            visits.questions_left = visits
                .questions_left
                .saturating_add(regained)
                .min(QUESTIONS_AT_ONCE);
            visits.since = now;
        }
        let may = visits.questions_left > 0;
        visits.questions_left = visits.questions_left.saturating_sub(1);
        may
    }
}

/// What is known of an address; `None` if too many are known, and it is no member's.
fn visits(
    guests: &mut BTreeMap<IpAddr, Visits>,
    address: IpAddr,
    is_known: bool,
    now: Instant,
) -> Option<&mut Visits> {
    if guests.len() >= ADDRESSES_MAX && !guests.contains_key(&address) {
        let forgiven = QUESTION_INTERVAL * QUESTIONS_AT_ONCE;
        guests.retain(|_, visits| {
            visits.handshakes + visits.connections > 0 || now.duration_since(visits.since) < forgiven
        });
        if guests.len() >= ADDRESSES_MAX && !is_known {
            return None;
        }
    }
    Some(guests.entry(address).or_insert_with(|| Visits {
        handshakes: 0,
        connections: 0,
        questions_left: QUESTIONS_AT_ONCE,
        since: now,
    }))
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Some(visits) = lock(&self.guests).visits.get_mut(&self.address) {
            let count = (self.counted)(visits);
            *count = count.saturating_sub(1);
        }
    }
}

fn lock<T>(guests: &Mutex<T>) -> MutexGuard<'_, T> {
    guests.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_take_all_places_nor_ask_for_ever() {
        let (guests, now) = (Guests::default(), Instant::now());
        let (one, two) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut inside: Vec<_> = (0..GUESTS_PER_ADDRESS_MAX)
            .map(|_| guests.enter(one, false, now).unwrap())
            .collect();
        assert!(guests.enter(one, true, now).is_none());
        assert!(guests.enter(two, false, now).is_some());
        inside.pop();
        assert!(guests.enter(one, false, now).is_some());
        let half_open: Vec<_> = (0..HANDSHAKES_PER_ADDRESS_MAX)
            .map(|_| guests.begin(one, false, now).unwrap())
            .collect();
        assert!(guests.begin(one, false, now).is_none());
        assert!(guests.begin(one, true, now).is_some(), "a member may be there");
        drop(half_open);
        assert!(guests.begin(one, false, now).is_some());

        assert!((0..QUESTIONS_AT_ONCE).all(|_| guests.may_ask(one, now)));
        assert!(!guests.may_ask(one, now));
        assert!(guests.may_ask(two, now));
        let now = now + QUESTION_INTERVAL * 2;
        assert!(guests.may_ask(one, now) && guests.may_ask(one, now) && !guests.may_ask(one, now));
    }

    #[test]
    fn addresses_without_number_do_not_fill_the_memory() {
        let (guests, now) = (Guests::default(), Instant::now());
        let address = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        let known = (0..ADDRESSES_MAX).filter(|number| guests.may_ask(address(*number), now));
        assert_eq!(known.count(), ADDRESSES_MAX);
        assert!(!guests.may_ask(address(ADDRESSES_MAX), now));
        assert!(guests.begin(address(ADDRESSES_MAX), false, now).is_none());
        drop(
            guests
                .begin(address(ADDRESSES_MAX + 1), true, now)
                .expect("a member is there"),
        );
        let now = now + QUESTION_INTERVAL * QUESTIONS_AT_ONCE;
        assert!(guests.may_ask(address(ADDRESSES_MAX), now));
        assert_eq!(lock(&guests.0).visits.len(), 1);
    }
}
