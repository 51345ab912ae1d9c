//! Calls other machines: one [`Peer`] for each, with the streams that are open to it.
//!
//! A letter takes a stream that is open, whoever opened it; if there is none, the machine is called at all addresses that the book has. After a call that
//! failed, letters fail at once until it is time to call again: nobody waits for a machine that is known to be away. A new address in the book is called at once.
//!
//! **Invariant:** two processes with one identity are not both listened to: when another one comes, the one that is here is asked whether it still lives.
//! **Invariant:** what goes wrong with a machine is logged once a minute, not once per letter.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tertulia_types::MachineId;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use super::core::Core;
use super::credential::{self, Credential};
use super::link::{Half, Link};
use super::wire::{Class, Content, FRAME_BYTES_MAX, Frame, Hello, Life, Refusal, TALK, path};

/// How long a connection may take, TLS and all.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(1);
/// How long the other end may take to say hello. It may have to ask a second self first.
pub(crate) const HELLO_TIME_MAX: Duration = Duration::from_secs(3);
/// Between calls to two addresses of a machine.
const STAGGER: Duration = Duration::from_millis(100);
/// After the first call that failed, and after many.
const BACK_OFF_MIN: Duration = Duration::from_millis(50);
const BACK_OFF_MAX: Duration = Duration::from_secs(5);
/// A process that does not answer within this is not there any more.
const PROBE_TIME_MAX: Duration = Duration::from_secs(1);
/// Streams of one class to one machine: each end may have called, and one may be about to be given up.
const LINKS_MAX: usize = 4;
/// A silent connection is asked for a sign of life this often, and given up after that long without one.
pub(crate) const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(2);
pub(crate) const KEEP_ALIVE_TIME_MAX: Duration = Duration::from_secs(4);
/// What may be under way before the other end takes it.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 8 << 20;
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// Why a call did not get through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Misdial {
    #[error("the book has no address of it")]
    NoAddress,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("TLS: {0}")]
    Tls(rustls::Error),
    #[error("it does not answer")]
    Silent,
    #[error("it does not speak the language of machines: {0}")]
    Strange(String),
    #[error("{0}")]
    Refused(#[from] Refusal),
}

/// What is known of the ways to another machine.
pub(crate) struct Peer {
    pub(crate) machine: MachineId,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    ways: BTreeMap<Class, Way>,
    trouble: Option<String>,
}

#[derive(Default)]
struct Way {
    links: Vec<Arc<Link>>,
    dial: Dial,
}

#[derive(Default)]
enum Dial {
    #[default]
    Idle,
    Underway,
    Failed {
        count: u32,
        until: Instant,
        tried: Vec<String>,
    },
}

impl Peer {
    pub(crate) fn new(machine: MachineId) -> Self {
        Self {
            machine,
            state: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// A stream to the machine: one that is open, or a new one. `None` if there is no way, or no time.
    pub(crate) async fn link(
        self: &Arc<Self>,
        core: &Arc<Core>,
        class: Class,
        until: Instant,
    ) -> Option<Arc<Link>> {
        loop {
            let mut changed = self.changed.subscribe();
            {
                let mut state = self.state();
                let way = state.ways.entry(class).or_default();
                way.links.retain(|link| !link.is_closed());
                if let Some(link) = way.links.last() {
                    return Some(link.clone());
                }
                if !self.is_being_called(way, core, class) {
                    return None;
                }
            }
            timeout_at(until, changed.changed()).await.ok()?.ok()?;
        }
    }

    /// Whether a call is under way, from now on at the latest.
    fn is_being_called(self: &Arc<Self>, way: &mut Way, core: &Arc<Core>, class: Class) -> bool {
        let addresses = core.addresses_of(self.machine);
        let failed = match &way.dial {
            Dial::Underway => return true,
            Dial::Idle => 0,
            // An address that nobody has tried yet may be the right one (J5).
            Dial::Failed { tried, .. } if *tried != addresses => 0,
            Dial::Failed { until, .. } if Instant::now() < *until => return false,
            Dial::Failed { count, .. } => *count,
        };
        let (peer, caller) = (self.clone(), core.clone());
        way.dial = Dial::Underway;
        core.spawn(async move {
            let called = caller.call(&peer, class, &addresses).await;
            let mut state = peer.state();
            state.trouble = called.as_ref().err().map(ToString::to_string);
            state.ways.entry(class).or_default().dial = match called {
                Ok(()) => Dial::Idle,
                Err(misdial) => {
                    caller.note(peer.machine, &misdial);
                    Dial::Failed {
                        count: failed.saturating_add(1),
                        until: Instant::now() + back_off(failed),
                        tried: addresses,
                    }
                }
            };
            drop(state);
            peer.changed.send_replace(());
        });
        true
    }

    /// Another process says that it is this machine, or the same one again. Streams of one that does not answer any more are closed.
    pub(crate) async fn make_way(&self, life: Life) -> Result<(), Refusal> {
        let others = {
            let state = self.state();
            let links = state.ways.values().flat_map(|way| &way.links);
            let is_another = |link: &&Arc<Link>| link.life != life && !link.is_closed();
            links.filter(is_another).cloned().collect::<Vec<_>>()
        };
        let asked = others.iter().map(|other| other.is_answering(PROBE_TIME_MAX));
        if futures::future::join_all(asked).await.contains(&true) {
            return Err(Refusal::SecondSelf);
        }
        for gone in others {
            gone.close();
        }
        Ok(())
    }

    /// Takes a stream into use, if nobody else is that machine.
    pub(crate) async fn take(&self, class: Class, link: &Arc<Link>) -> Result<(), Refusal> {
        while !self.has_taken(class, link) {
            self.make_way(link.life).await?;
        }
        self.changed.send_replace(());
        Ok(())
    }

    fn has_taken(&self, class: Class, link: &Arc<Link>) -> bool {
        let mut state = self.state();
        for way in state.ways.values_mut() {
            way.links.retain(|known| !known.is_closed());
        }
        let mut known = state.ways.values().flat_map(|way| &way.links);
        if known.any(|known| known.life != link.life) {
            return false;
        }
        let way = state.ways.entry(class).or_default();
        if way.links.len() >= LINKS_MAX {
            way.links.remove(0).close();
        }
        way.links.push(link.clone());
        if matches!(way.dial, Dial::Failed { .. }) {
            way.dial = Dial::Idle;
        }
        state.trouble = None;
        true
    }

    /// Closes all streams.
    pub(crate) fn close(&self) {
        for way in self.state().ways.values_mut() {
            way.links.drain(..).for_each(|link| link.close());
        }
    }

    pub(crate) fn is_linked(&self) -> bool {
        let state = self.state();
        let mut links = state.ways.values().flat_map(|way| &way.links);
        links.any(|link| !link.is_closed())
    }

    /// What went wrong last, if nothing has gone right since.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Twice as long after each failure, give or take a half, so that many do not call at the same moment.
fn back_off(failures: u32) -> Duration {
    let doubled = BACK_OFF_MIN.saturating_mul(1 << failures.min(10));
    doubled.min(BACK_OFF_MAX).mul_f64(rand::random_range(0.5..1.0))
}

impl Core {
    /// Calls a machine at all its addresses; the first stream that opens is taken into use.
    async fn call(
        self: &Arc<Self>,
        peer: &Arc<Peer>,
        class: Class,
        addresses: &[String],
    ) -> Result<(), Misdial> {
        let mut calls = FuturesUnordered::new();
        for (number, address) in (0..).zip(addresses) {
            calls.push(async move {
                tokio::time::sleep(STAGGER * number).await;
                self.call_at(peer, class, address).await
            });
        }
        let mut last = Misdial::NoAddress;
        while let Some(called) = calls.next().await {
            match called {
                Ok(()) => return Ok(()),
                // What it says itself is worth more than that nobody is at its other addresses.
                Err(_) if matches!(last, Misdial::Refused(_)) => {}
                Err(misdial) => last = misdial,
            }
        }
        Err(last)
    }

    async fn call_at(self: &Arc<Self>, peer: &Arc<Peer>, class: Class, address: &str) -> Result<(), Misdial> {
        let stream = connect(address, self.tls_of_caller.clone(), CONNECT_TIME_MAX).await?;
        let called = stream.get_ref().1.peer_certificates();
        let called = called.and_then(|chain| Credential::read(chain.first()?));
        self.check(called, Some(peer.machine))?;
        let channel = channel(stream, KEEP_ALIVE_INTERVAL).await?;
        let opened = timeout(HELLO_TIME_MAX, self.greet(peer, class, channel.clone())).await;
        let (link, frames) = match opened {
            Ok(opened) => opened?,
            Err(_) => return Err(Misdial::Silent),
        };
        match peer.take(class, &link).await {
            Ok(()) => self.run_link(link, frames, channel),
            Err(reason) => {
                self.refuse(link, frames, reason, channel);
                return Err(reason.into());
            }
        }
        Ok(())
    }

    /// Opens a stream on a connection, and exchanges hellos.
    async fn greet(
        &self,
        peer: &Peer,
        class: Class,
        channel: Channel,
    ) -> Result<(Arc<Link>, Streaming<Frame>), Misdial> {
        let strange = |status: tonic::Status| Misdial::Strange(status.message().to_owned());
        let (half, frames) = Half::open(self.closing.child_token());
        half.send(Content::Hello(self.hello(class)).into()).await;
        let mut client = tonic::client::Grpc::new(channel)
            .max_decoding_message_size(FRAME_BYTES_MAX)
            .max_encoding_message_size(FRAME_BYTES_MAX);
        client
            .ready()
            .await
            .map_err(|error| Misdial::Strange(error.to_string()))?;
        let codec = ProstCodec::<Frame, Frame>::default();
        let answer = client
            .streaming(tonic::Request::new(frames), path(TALK), codec)
            .await
            .map_err(strange)?;
        let mut frames = answer.into_inner();
        let first = frames.message().await.map_err(strange)?;
        match first.and_then(|frame| frame.content) {
            Some(Content::Hello(hello)) => {
                let life = self.understand(&hello, peer.machine)?;
                Ok((half.link(peer.machine, life), frames))
            }
            Some(Content::Refusal(frame)) => Err(Refusal::from_number(frame.reason).into()),
            _ => Err(Misdial::Strange("no hello".to_owned())),
        }
    }

    /// What a certificate must be, to talk with its machine.
    pub(crate) fn check(
        &self,
        shown: Option<Credential>,
        expected: Option<MachineId>,
    ) -> Result<MachineId, Refusal> {
        let shown = shown.ok_or(Refusal::Certificate)?;
        if shown.ring != self.ring.ring {
            return Err(Refusal::Ring);
        }
        if expected.is_some_and(|machine| machine != shown.machine) {
            return Err(Refusal::Certificate);
        }
        if self.book.is_removed(shown.machine) {
            return Err(Refusal::Removed);
        }
        if shown.has_expired(self.now()) {
            return Err(Refusal::Expired);
        }
        Ok(shown.machine)
    }

    /// What a hello must be, to go on.
    pub(crate) fn understand(&self, hello: &Hello, machine: MachineId) -> Result<Life, Refusal> {
        if !hello.is_understood() {
            return Err(Refusal::Version);
        }
        if hello.ring != self.ring.ring.0 {
            return Err(Refusal::Ring);
        }
        if hello.machine != machine.0 {
            return Err(Refusal::Certificate);
        }
        Ok(hello.life())
    }

    pub(crate) fn hello(&self, class: Class) -> Hello {
        Hello::new(self.ring.ring, self.identity.machine, self.life, class)
    }
}

/// Connects to an address: TCP, then TLS.
pub(crate) async fn connect(
    address: &str,
    tls: Arc<ClientConfig>,
    within: Duration,
) -> Result<TlsStream<TcpStream>, Misdial> {
    let connected = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = TlsConnector::from(tls)
            .connect(credential::nameless(), stream)
            .await;
        stream.map_err(|error| match error.downcast::<rustls::Error>() {
            Ok(tls) => Misdial::Tls(tls),
            Err(error) => Misdial::Io(error),
        })
    };
    timeout(within, connected).await.map_err(|_| Misdial::Silent)?
}

/// gRPC on a connection. When that breaks, it is over: a new one is a new call.
pub(crate) async fn channel(stream: TlsStream<TcpStream>, keep_alive: Duration) -> Result<Channel, Misdial> {
    let stream = Mutex::new(Some(TokioIo::new(stream)));
    let connector = tower::service_fn(move |_| {
        let taken = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::ready(taken.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)))
    });
    Endpoint::from_static("http://machine.tertulia")
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_keep_alive_interval(keep_alive)
        .keep_alive_timeout(KEEP_ALIVE_TIME_MAX)
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(super::server::HEADER_BYTES_MAX)
        .connect_with_connector(connector)
        .await
        .map_err(|error| Misdial::Strange(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_with_each_failure_and_has_an_end() {
        for (failures, about_ms) in [
            (0, 50),
            (1, 100),
            (3, 400),
            (6, 3_200),
            (7, 5_000),
            (4_000_000, 5_000),
        ] {
            for _ in 0..20 {
                let pause = back_off(failures).as_millis();
                assert!((about_ms / 2..=about_ms).contains(&pause), "{failures}: {pause}");
            }
        }
    }
}
