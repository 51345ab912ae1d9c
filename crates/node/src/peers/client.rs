//! Calls other machines: one [`Peer`] for each, with the streams that are open to it.
//!
//! A letter takes a stream that is open, whoever opened it; if there is none, the machine is called at all addresses that the book has. After a call that
//! failed, letters fail at once until it is time to call again: nobody waits for a machine that is known to be away. A new address in the book is called at once.
//!
//! **Invariant:** what goes wrong with a machine is logged once a minute, not once per letter.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tertulia_types::MachineId;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use super::core::Core;
use super::credential::{self, Credential};
use super::link::{Half, Link};
use super::peer::{Dial, Misdial, Peer, Way};
use super::wire::{
    CONNECTION_WINDOW_BYTES, Class, Content, FRAME_BYTES_MAX, Frame, HEADER_BYTES_MAX, HELLO_TIME_MAX, Hello,
    KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIME_MAX, Life, Refusal, STREAM_WINDOW_BYTES, TALK, path,
};

/// How long a connection may take, TLS and all.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(1);
/// Between calls to two addresses of a machine.
const STAGGER: Duration = Duration::from_millis(100);
/// After the first call that failed, and after many.
const BACK_OFF_MIN: Duration = Duration::from_millis(50);
const BACK_OFF_MAX: Duration = Duration::from_secs(5);

impl Peer {
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
        .http2_max_header_list_size(HEADER_BYTES_MAX)
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
