//! Takes calls of other machines, and of those that want to become one.
//!
//! The port is one. Who comes with a certificate of the ring may talk; who comes without is a guest and may only knock at the [door](super::door). Garbage on
//! the port ends with the handshake of TLS.
//!
//! **Invariant:** everything that a stranger can hold is bounded: connections (all, and per address), handshakes, their time, sizes, and streams per connection;
//! a connection without a stream is closed.
//! **Invariant:** what strangers hold is not taken from members: both have places of their own, and so have the handshakes of those who come from where a
//! member is, or was.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{Stream, StreamExt};
use http::{Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
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

use super::connection::{Connection, Use};
use super::core::Core;
use super::credential::{self, Credential};
use super::guests::MEMBERS_MAX;
use super::link::Half;
use super::wire::{
    ASK, CONNECTION_WINDOW_BYTES, Content, Envelope, FRAME_BYTES_MAX, Frame, HEADER_BYTES_MAX,
    HELLO_TIME_MAX, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIME_MAX, QUESTION_BYTES_MAX, Refusal,
    STREAM_WINDOW_BYTES, TALK,
};

/// Connections of guests at once.
const GUESTS_MAX: usize = 1_024;
/// How long a stranger's question may take, with its answer.
const QUESTION_TIME_MAX: Duration = Duration::from_secs(30);
/// Handshakes at once, of those who come from where a member is, and as many of others.
const HANDSHAKES_MAX: usize = 128;
/// How long one may take, with the wait for its turn.
pub(super) const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(5);
/// Streams in one connection.
const STREAMS_MAX: u32 = 16;
/// A connection that has no stream for this long is closed.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);

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
