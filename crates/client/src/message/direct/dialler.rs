//! Dialling: a letter goes to one device, at whichever of its addresses answers first.
//!
//! Connections stay for the next letter, as long as both sides like.

use crate::message::direct::letter::{ANSWER_BYTES_MAX, Answer, Handed};
use crate::message::direct::proof;
use quinn::{Connection, Endpoint};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tertulia_types::device::PublicKey;
use tokio::task::JoinSet;

/// Whom to expect; a name has to be given, and is not sent.
const NAME: &str = "tertulia";

/// Ways to the devices of others.
#[derive(Debug, Default)]
pub(in crate::message) struct Dialler(Mutex<Ways>);

#[derive(Debug, Default)]
struct Ways {
    /// Where this computer dials from: by the older internet and by the newer one.
    ends: [Option<Endpoint>; 2],
    /// What is open, by the key of who listens.
    open: BTreeMap<PublicKey, Connection>,
}

impl Dialler {
    /// Hands a letter to whoever has this key and listens at one of the addresses; nothing if nobody answers. It takes as long as it
    /// takes: the caller has a limit.
    pub(super) async fn hand(
        &self,
        to: PublicKey,
        addresses: &[SocketAddr],
        handed: &Handed,
    ) -> Option<Answer> {
        let known = self.locked().open.get(&to).cloned();
        if let Some(known) = known.filter(|known| known.close_reason().is_none()) {
            // Until it answers it is not known to live.
            self.locked().open.remove(&to);
            return self.ask(to, known, handed).await;
        }
        let connection = self.connect(to, addresses).await?;
        self.ask(to, connection, handed).await
    }

    async fn ask(&self, to: PublicKey, connection: Connection, handed: &Handed) -> Option<Answer> {
        let (mut handing, mut answering) = connection.open_bi().await.ok()?;
        let handed = serde_json::to_vec(handed).ok()?;
        handing.write_all(&handed).await.ok()?;
        handing.finish().ok()?;
        let answer = answering.read_to_end(ANSWER_BYTES_MAX).await.ok()?;
        let answer = serde_json::from_slice(&answer).ok()?;
        self.locked().open.insert(to, connection);
        Some(answer)
    }

    /// The first of the addresses that shows the key.
    async fn connect(&self, to: PublicKey, addresses: &[SocketAddr]) -> Option<Connection> {
        let mut dialled = JoinSet::new();
        for address in addresses {
            let Some(end) = self.end(address) else {
                continue;
            };
            if let Ok(connecting) = end.connect_with(proof::dialling(to), *address, NAME) {
                dialled.spawn(connecting);
            }
        }
        while let Some(connected) = dialled.join_next().await {
            if let Ok(Ok(connection)) = connected {
                return Some(connection);
            }
        }
        None
    }

    fn end(&self, to: &SocketAddr) -> Option<Endpoint> {
        let mut ways = self.locked();
        let end = &mut ways.ends[usize::from(to.is_ipv6())];
        if end.is_none() {
            let from = match to {
                SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
            };
            *end = Endpoint::client(from).ok();
        }
        end.clone()
    }

    fn locked(&self) -> MutexGuard<'_, Ways> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
