//! Connections: accepted, given TLS where there is TLS, bounded in number and time, and finished decently.
//!
//! **Invariant:** a client that is slow (in its handshake, its headers, its body) costs one slot for a bounded time, and
//! nobody else's; nor does one that asks and does not read the answer.
//! **Invariant:** one network holds at most half of the slots.
//! **Invariant:** once `closing` is cancelled nothing is accepted, what was begun is finished, streams end, and after
//! [`FINISH_TIME_MAX`] what is left is cut.
//!
//! Deliberately absent: HTTP/2. No app needs it, its preface has no deadline here, and streams are cheap enough without.

use crate::place::Places;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

/// Each costs up to some tens of KiB; `up` asks for as many open files.
const CONNECTIONS_MAX: usize = 8_192;
/// Of one address (of IPv4) or one customer's network (of IPv6). A whole community may sit behind one.
const CONNECTIONS_OF_ONE_MAX: usize = CONNECTIONS_MAX / 2;
/// For a request's headers, and what of a body is read ahead.
const BUFFER_BYTES_MAX: usize = 32 * 1024;
/// How long a client may take none of what is sent to it.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// For the TLS handshake, and for a request's headers; also how long an idle connection is kept.
const HEADER_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a stopping machine waits for what was begun.
pub const FINISH_TIME_MAX: Duration = Duration::from_secs(10);
/// After a failed accept (no file descriptors left), before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `app` on a listener until `closing` is cancelled; returns when the last connection has ended.
pub async fn serve<S>(
    listener: TcpListener,
    app: S,
    tls: Option<Arc<rustls::ServerConfig>>,
    closing: CancellationToken,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    serve_within(HEADER_TIME_MAX, listener, app, tls, closing).await;
}

async fn serve_within<S>(
    header_time_max: Duration,
    listener: TcpListener,
    app: S,
    tls: Option<Arc<rustls::ServerConfig>>,
    closing: CancellationToken,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let acceptor = tls.map(TlsAcceptor::from);
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let networks = Places::new(CONNECTIONS_OF_ONE_MAX);
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer, slot) = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            () = closing.cancelled() => break,
        };
        let Some(place) = networks.enter(peer.ip()) else {
            tracing::debug!(%peer, "too many connections from one network");
            continue;
        };
        let (app, acceptor, closing) = (app.clone(), acceptor.clone(), closing.clone());
        connections.spawn(async move {
            let _held = (slot, place);
            stream.set_nodelay(true).ok();
            let stream = Patient::new(stream);
            match acceptor {
                None => talk(header_time_max, stream, peer, app, closing).await,
                Some(acceptor) => {
                    let handshake = tokio::time::timeout(header_time_max, acceptor.accept(stream));
                    match handshake.await {
                        Ok(Ok(stream)) => talk(header_time_max, stream, peer, app, closing).await,
                        Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS handshake"),
                        Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
                    }
                }
            }
        });
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FINISH_TIME_MAX, all).await.is_err() {
        tracing::warn!("some requests were not finished in time and are cut");
    }
}

/// A stream that breaks when the other end takes nothing for long.
struct Patient<S> {
    stream: S,
    /// Runs while something waits to be taken.
    until: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncWrite + Unpin> Patient<S> {
    fn new(stream: S) -> Self {
        Self { stream, until: None }
    }

    fn watch<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.until = None;
            return written;
        }
        let until = self
            .until
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_TIME_MAX)));
        until
            .as_mut()
            .poll(cx)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        // The semaphore is never closed.
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else {
            continue;
        };
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, slot),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn talk<S>(
    header_time_max: Duration,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    app: S,
    closing: CancellationToken,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let app = app.map_request(move |request: axum::http::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .max_buf_size(BUFFER_BYTES_MAX)
        .header_read_timeout(header_time_max);
    let connection = builder
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "the connection broke");
    }
}

#[cfg(test)]
mod tests {
    use super::{FINISH_TIME_MAX, serve, serve_within};
    use axum::Router;
    use axum::routing::get;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::Notify;
    use tokio_util::sync::CancellationToken;

    #[tokio::test]
    async fn what_was_begun_is_finished_and_nothing_new_is_begun() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (begins, finishes) = (Arc::clone(&begun), Arc::clone(&finish));
        let slow = get(async move || {
            begins.notify_one();
            finishes.notified().await;
            "done"
        });
        let closing = CancellationToken::new();
        let server = tokio::spawn(serve(
            listener,
            Router::new().route("/", slow),
            None,
            closing.clone(),
        ));
        let mut client = TcpStream::connect(address).await.expect("connected");
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .expect("sent");
        begun.notified().await;
        closing.cancel();
        finish.notify_one();
        let mut answer = String::new();
        let reading = client.read_to_string(&mut answer);
        tokio::time::timeout(FINISH_TIME_MAX, reading)
            .await
            .expect("in time")
            .expect("read");
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"),
            "{answer}"
        );
        tokio::time::timeout(FINISH_TIME_MAX, server)
            .await
            .expect("in time")
            .expect("no panic");
        assert!(
            TcpStream::connect(address).await.is_err(),
            "nothing listens any more"
        );
    }

    #[tokio::test]
    async fn a_slow_client_is_cut_and_disturbs_nobody() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let closing = CancellationToken::new();
        let app = Router::new().route("/", get(async || "served"));
        let soon = Duration::from_millis(300);
        let server = tokio::spawn(serve_within(soon, listener, app, None, closing.clone()));
        let whole = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut slow = Vec::new();
        for sent in ["", "G", "GET / HTTP/1.1\r\nHost: x\r\n", whole] {
            let mut client = TcpStream::connect(address).await.expect("connected");
            client.write_all(sent.as_bytes()).await.expect("sent");
            slow.push((sent, client));
        }
        let mut quick = TcpStream::connect(address).await.expect("connected");
        quick.write_all(whole.as_bytes()).await.expect("sent");
        let mut answer = [0; 15];
        quick.read_exact(&mut answer).await.expect("answered at once");
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        for (sent, mut client) in slow {
            let mut rest = Vec::new();
            let cut = tokio::time::timeout(FINISH_TIME_MAX, client.read_to_end(&mut rest));
            cut.await
                .unwrap_or_else(|_| panic!("{sent:?} was never cut"))
                .ok();
        }
        closing.cancel();
        server.await.expect("no panic");
    }

    #[tokio::test]
    async fn an_idle_connection_does_not_keep_a_stopping_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let closing = CancellationToken::new();
        let server = tokio::spawn(serve(listener, Router::new(), None, closing.clone()));
        let _idle = TcpStream::connect(address).await.expect("connected");
        let mut used = TcpStream::connect(address).await.expect("connected");
        used.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .expect("sent");
        let mut first = [0; 12];
        used.read_exact(&mut first).await.expect("answered");
        closing.cancel();
        tokio::time::timeout(Duration::from_secs(5), server)
            .await
            .expect("in time")
            .expect("no panic");
    }
}
