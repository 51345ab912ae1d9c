//! Listening for those who bring letters themselves.
//!
//! A visit is one connection: letters, one after another, each with its answer. What comes is passed on to whoever keeps messages here,
//! who answers whether it is kept.
//!
//! **Invariant:** every step of a visit has an end, and a visit too; who is slower is cut off.
//! **Invariant:** nothing waits for who visits: letters that cannot be taken in at once are not kept.

use crate::failure::{Failure, Misuse};
use crate::message::direct::guard::{COST_OF_LETTER, COST_OF_NOTHING, Guard};
use crate::message::direct::letter::{Answer, HANDED_BYTES_MAX, Handed};
use crate::message::direct::proof;
use crate::time::now_ms;
use quinn::{
    Connection, Endpoint, EndpointConfig, IdleTimeout, Incoming, RecvStream, SendStream, ServerConfig,
    TokioRuntime, TransportConfig, VarInt,
};
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tertulia_types::device::PublicKey;
use tertulia_types::presence::{ADDRESSES_MAX, is_address};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a step may take: the handshake, a letter, its answer.
const STEP_TIME_MAX: Duration = Duration::from_secs(2);
/// How long a visitor may think about the next letter. Programs that do one thing and end do not always say goodbye.
const IDLE_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a visit may take: who has more to say comes again.
const VISIT_TIME_MAX: Duration = Duration::from_secs(120);
/// Letters that wait to be taken in.
const WAITING_MAX: usize = 16;
/// Streams that a visitor may have begun; they are read one after another.
const STREAMS_MAX: u32 = 4;

/// How a person wants to be reached directly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Direct {
    /// Where others shall dial; its port is listened at. If none is named, all addresses of this computer, at a port that is free.
    pub address: Option<SocketAddr>,
}

/// What is open for visitors. With it, their visits end.
#[derive(Debug)]
pub(in crate::message) struct Door {
    direct: Direct,
    key: PublicKey,
    port: u16,
    _visits: JoinSet<()>,
}

/// What visitors bring.
pub(in crate::message) type Letters = mpsc::Receiver<Arrived>;

/// A letter that waits for its answer.
#[derive(Debug)]
pub(in crate::message) struct Arrived {
    pub(in crate::message) handed: Handed,
    pub(in crate::message) answer: oneshot::Sender<Answer>,
}

impl Door {
    /// Begins to listen, with a new key.
    pub(in crate::message) fn open(direct: Direct) -> Result<(Self, Letters), Failure> {
        let failed = |error: Error| Misuse::CannotListen {
            address: direct
                .address
                .unwrap_or(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)))
                .to_string(),
            why: error.to_string(),
        };
        let (mut config, key) = proof::listening();
        bound(&mut config);
        let socket = socket(direct.address).map_err(failed)?;
        let (settings, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
        let endpoint = Endpoint::new(settings, Some(config), socket, runtime).map_err(failed)?;
        let port = endpoint.local_addr().map_err(failed)?.port();
        let (sender, letters) = mpsc::channel(WAITING_MAX);
        let mut visits = JoinSet::new();
        visits.spawn(accept(endpoint, sender));
        let door = Self {
            direct,
            key,
            port,
            _visits: visits,
        };
        Ok((door, letters))
    }

    /// The key that it shows.
    pub(in crate::message) fn key(&self) -> PublicKey {
        self.key
    }

    /// Where it can be dialled now: a laptop takes its addresses from the network that it is in.
    pub(in crate::message) fn addresses(&self) -> Vec<SocketAddr> {
        if let Some(address) = self.direct.address {
            return vec![SocketAddr::new(address.ip(), self.port)];
        }
        let found = if_addrs::get_if_addrs().unwrap_or_default();
        let ips = found.iter().map(if_addrs::Interface::ip);
        chosen(ips, self.port)
    }
}

/// The addresses of this computer that mean something to others, in one order.
fn chosen(ips: impl Iterator<Item = IpAddr>, port: u16) -> Vec<SocketAddr> {
    let mut addresses: Vec<SocketAddr> = ips
        .filter(|ip| !ip.is_loopback() && !matches!(ip, IpAddr::V4(ip) if ip.is_link_local()))
        .map(|ip| SocketAddr::new(ip, port))
        .filter(is_address)
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.truncate(ADDRESSES_MAX);
    addresses
}

/// Where to listen. A named address that is none of this computer is that of a router, which passes its port on.
fn socket(named: Option<SocketAddr>) -> Result<UdpSocket, Error> {
    let port = named.map_or(0, |named| named.port());
    let everywhere = [
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
    ];
    match named.map(UdpSocket::bind) {
        Some(Err(error)) if error.kind() != ErrorKind::AddrNotAvailable => Err(error),
        Some(Ok(socket)) => Ok(socket),
        Some(Err(_)) | None => UdpSocket::bind(&everywhere[..]),
    }
}

/// What a visitor may hold of this computer.
fn bound(config: &mut ServerConfig) {
    let mut transport = TransportConfig::default();
    let window = VarInt::from_u32(u32::try_from(HANDED_BYTES_MAX).unwrap_or(u32::MAX));
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(STREAMS_MAX))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(window)
        .receive_window(window)
        .max_idle_timeout(IdleTimeout::try_from(IDLE_TIME_MAX).ok());
    config.transport_config(Arc::new(transport)).migration(false);
}

async fn accept(endpoint: Endpoint, letters: mpsc::Sender<Arrived>) {
    let guard = Arc::new(Mutex::new(Guard::default()));
    let mut visits = JoinSet::new();
    while let Some(incoming) = endpoint.accept().await {
        while visits.try_join_next().is_some() {}
        if locked(&guard).is_busy() && !incoming.remote_address_validated() && incoming.may_retry() {
            // Who only pretends to be at this address does not come again.
            let _ = incoming.retry();
            continue;
        }
        let from = incoming.remote_address().ip();
        if !locked(&guard).enter(from, now_ms()) {
            incoming.refuse();
            continue;
        }
        let (guard, letters) = (Arc::clone(&guard), letters.clone());
        visits.spawn(async move {
            let visit = Visit {
                from,
                guard: &guard,
                letters,
            };
            // Whoever is cut off sees the connection end.
            let _ = timeout(VISIT_TIME_MAX, visit.receive(incoming)).await;
            locked(&guard).leave(from);
        });
    }
}

/// One connection.
struct Visit<'a> {
    from: IpAddr,
    guard: &'a Mutex<Guard>,
    letters: mpsc::Sender<Arrived>,
}

impl Visit<'_> {
    async fn receive(&self, incoming: Incoming) -> Option<()> {
        let connecting = incoming.accept().ok()?;
        let connection = timeout(STEP_TIME_MAX, connecting).await.ok()?.ok()?;
        loop {
            self.letter(&connection).await?;
        }
    }

    /// Receives one letter, and answers; nothing when the visit is to end.
    async fn letter(&self, connection: &Connection) -> Option<()> {
        let stream = timeout(IDLE_TIME_MAX, connection.accept_bi()).await;
        let (mut answering, mut handing): (SendStream, RecvStream) = stream.ok()?.ok()?;
        let read = timeout(STEP_TIME_MAX, handing.read_to_end(HANDED_BYTES_MAX)).await;
        let handed: Handed = serde_json::from_slice(&read.ok()?.ok()?).ok()?;
        if !locked(self.guard).pay(self.from, COST_OF_LETTER, now_ms()) {
            return None;
        }
        let answer = self.take_in(handed).await;
        if answer == Answer::NotKept {
            locked(self.guard).pay(self.from, COST_OF_NOTHING, now_ms());
        }
        let answer = serde_json::to_vec(&answer).ok()?;
        let written = timeout(STEP_TIME_MAX, answering.write_all(&answer)).await;
        written.ok()?.ok()?;
        answering.finish().ok()
    }

    async fn take_in(&self, handed: Handed) -> Answer {
        let (answer, answered) = oneshot::channel();
        if self.letters.try_send(Arrived { handed, answer }).is_err() {
            return Answer::NotKept;
        }
        match timeout(STEP_TIME_MAX, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Answer::NotKept,
        }
    }
}

fn locked(guard: &Mutex<Guard>) -> MutexGuard<'_, Guard> {
    guard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::chosen;
    use std::net::{IpAddr, SocketAddr};
    use tertulia_types::presence::ADDRESSES_MAX;

    #[test]
    fn what_means_nothing_to_others_is_not_told_and_the_order_is_one() {
        let ips = [
            "127.0.0.1",
            "::1",
            "fe80::1",
            "169.254.1.1",
            "192.0.2.7",
            "2001:db8::7",
            "10.1.1.1",
            "192.0.2.7",
        ];
        let ips = ips.map(|ip| ip.parse::<IpAddr>().expect("an address"));
        let expected = ["10.1.1.1:6000", "192.0.2.7:6000", "[2001:db8::7]:6000"];
        let expected = expected.map(|address| address.parse::<SocketAddr>().expect("an address"));
        assert_eq!(chosen(ips.into_iter(), 6_000), expected);
        assert_eq!(chosen(ips.into_iter().rev(), 6_000), expected);
        let many = (0..100).map(|last| IpAddr::from([10, 0, 0, last]));
        assert_eq!(chosen(many, 6_000).len(), ADDRESSES_MAX);
    }
}
