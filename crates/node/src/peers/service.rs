//! The network of a machine in service: letters go in, calls of others come in, and newcomers are invited.
//!
//! **Invariant:** one network serves one node, and runs where that connects to it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rustls::pki_types::CertificateDer;
use tertulia_types::{MachineId, Role};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout, timeout_at};

use super::authority::{Authority, Fingerprint, names_of};
use super::book::Book;
use super::core::Core;
use super::error::PeersError;
use super::link::Lost;
use super::peer::Peer;
use super::question::Question;
use super::ring_file::RingFile;
use super::server;
use super::settings::Settings;
use super::token::Token;
use super::wire::Class;
use crate::raft::network::{Absence, Letter, Transport, Unreached};
use crate::roster::Receive;
use crate::switchboard::Network;

/// How long a stop may take.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// What somebody needs to join.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The token, as text.
    pub token: String,
    /// Where this machine is reached.
    pub contacts: Vec<String>,
    /// The ring's CA.
    pub fingerprint: Fingerprint,
}

/// How it stands between this machine and another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The other.
    pub machine: MachineId,
    /// Whether a stream is open.
    pub is_linked: bool,
    /// What went wrong last, if nothing has gone right since.
    pub trouble: Option<String>,
}

/// The network of a machine in service. Clones are the same one.
#[derive(Clone)]
pub struct Peers(pub(super) Arc<Core>);

impl Peers {
    /// Prepares the network. It runs from the moment a node connects to it: see [`Options::network`](crate::Options::network).
    ///
    /// The founder of a ring, whose book is empty, enters itself.
    ///
    /// # Errors
    /// If the parts do not fit together, or something cannot be written.
    pub fn open(settings: Settings) -> Result<Self, PeersError> {
        let core = Core::new(settings)?;
        core.enter_own_book()?;
        core.sign_own_certificate();
        Ok(Self(Arc::new(core)))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// The address book.
    #[must_use]
    pub fn book(&self) -> &Arc<Book> {
        &self.0.book
    }

    /// The ring.
    #[must_use]
    pub fn ring(&self) -> &RingFile {
        &self.0.ring
    }

    /// The ring's CA, if this machine has its key.
    #[must_use]
    pub fn authority(&self) -> Option<&Arc<Authority>> {
        self.0.authority.as_ref()
    }

    /// Makes a token for newcomers.
    ///
    /// # Errors
    /// If this machine has not the CA's key.
    pub fn token(&self, role: Option<Role>, valid_for: Duration) -> Result<Invitation, PeersError> {
        let core = &self.0;
        let authority = core.authority.as_ref().ok_or(PeersError::NoKey)?;
        let ring = (core.ring.ring, &**authority);
        let token = Token::make(ring, core.identity.machine, role, core.now(), valid_for);
        let contacts = core.book.own().map(|own| own.addresses).unwrap_or_default();
        Ok(Invitation {
            token: token.to_string(),
            contacts,
            fingerprint: authority.ca().fingerprint(),
        })
    }

    /// Removes a machine from the ring for good.
    ///
    /// # Errors
    /// If this machine has not the CA's key, or it cannot be written.
    pub fn remove(&self, machine: MachineId) -> Result<(), PeersError> {
        let authority = self.0.authority.as_ref().ok_or(PeersError::NoKey)?;
        Ok(self.0.book.remove(authority, machine)?)
    }

    /// Has a certificate for clients signed: for these names and addresses, and the key with this public half (as SubjectPublicKeyInfo). Where another machine
    /// signs, names that mean something outside of the local network are left out.
    ///
    /// # Errors
    /// If this machine has not the CA's key, and nobody that has does it.
    pub async fn certify(
        &self,
        names: BTreeSet<String>,
        public_key: Vec<u8>,
    ) -> Result<CertificateDer<'static>, PeersError> {
        let core = &self.0;
        if let Some(authority) = &core.authority {
            return Ok(authority.client_certificate(&names, &public_key, core.now())?);
        }
        let record = Box::new(core.book.own_record()?);
        let question = Question::Certify {
            record,
            names: names.clone(),
            public_key,
        };
        let signed = CertificateDer::from(core.have_signed(question).await?);
        let left_out: Vec<_> = names.difference(&names_of(&signed)).cloned().collect();
        if !left_out.is_empty() {
            tracing::warn!(names = ?left_out, "the ring makes out no certificate to these names; for those that people use, give the machine one of its own (--tls-cert, --tls-key)");
        }
        Ok(signed)
    }

    /// How it stands with all machines with which this one has had to do.
    #[must_use]
    pub fn relations(&self) -> Vec<Relation> {
        let peers: Vec<_> = self.0.peers().values().cloned().collect();
        let relation = |peer: Arc<Peer>| Relation {
            machine: peer.machine,
            is_linked: peer.is_linked(),
            trouble: peer.trouble(),
        };
        peers.into_iter().map(relation).collect()
    }

    /// Stops: closes all connections. To be called when the node has stopped.
    pub async fn stop(&self) {
        let core = &self.0;
        core.closing.cancel();
        core.listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        core.tasks.close();
        if timeout(STOP_TIME_MAX, core.tasks.wait()).await.is_err() {
            tracing::warn!("not all connections have closed in time");
        }
        let book = core.book.clone();
        match tokio::task::spawn_blocking(move || book.save()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the address book is not on disk"),
            Err(error) => tracing::error!(%error, "the address book is not on disk"),
        }
    }
}

impl Network for Peers {
    /// Runs the network, on the runtime that calls this.
    fn connect(&self, machine: MachineId, receiver: Weak<dyn Receive>) -> Arc<dyn Transport> {
        let core = &self.0;
        assert_eq!(
            machine, core.identity.machine,
            "a network serves the machine that it was opened for"
        );
        let is_first = core.receiver.set(receiver).is_ok() && core.runtime.set(Handle::current()).is_ok();
        assert!(is_first, "a network serves one node");
        let listener = core
            .listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match listener.map(tokio::net::TcpListener::from_std) {
            Some(Ok(listener)) => core.spawn(server::serve(core.clone(), listener)),
            Some(Err(error)) => tracing::error!(%error, "the port for machines is not served"),
            None => {}
        }
        core.spawn(core.clone().keep_fresh());
        core.spawn(core.clone().shut_out_removed());
        Arc::new(Outlet(core.clone()))
    }
}

/// Where the node's letters go in.
struct Outlet(Arc<Core>);

#[async_trait]
impl Transport for Outlet {
    async fn exchange(
        &self,
        to: MachineId,
        letter: Letter,
        deadline: Duration,
    ) -> Result<Result<Bytes, Absence>, Unreached> {
        let core = &self.0;
        let until = Instant::now() + deadline;
        if to == core.identity.machine {
            let receiver = core.receiver().ok_or(Unreached::NoWay(to))?;
            let answered = timeout_at(until, receiver.receive(to, letter)).await;
            return answered.map_err(|_| Unreached::Silent(to));
        }
        if core.closing.is_cancelled() || core.book.is_removed(to) {
            return Err(Unreached::NoWay(to));
        }
        let (peer, class) = (core.peer(to), Class::of(&letter));
        // A stream that breaks before the letter is in it is no reason to give up.
        for _ in 0..2 {
            let link = peer.link(core, class, until).await.ok_or(Unreached::NoWay(to))?;
            match link.exchange(letter.clone(), until).await {
                Ok(answer) => return Ok(answer),
                Err(Lost::Silent) => return Err(Unreached::Silent(to)),
                Err(Lost::Unsent) if link.is_closed() => {}
                Err(Lost::Unsent) => break,
            }
        }
        Err(Unreached::NoWay(to))
    }
}
