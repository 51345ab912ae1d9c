//! What the parts of the network share: who this machine is, whom it knows, its tasks, and what it says of troubles.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rustls::{ClientConfig, ServerConfig};
use tertulia_types::{MachineId, network};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::Streaming;

use super::authority::Authority;
use super::book::Book;
use super::credential::{self, Wallet};
use super::error::PeersError;
use super::guests::Guests;
use super::link::Link;
use super::peer::{Misdial, Peer};
use super::record::{State, hosts};
use super::ring_file::RingFile;
use super::settings::Settings;
use super::sightings::Sightings;
use super::wire::{Frame, Life, Refusal};
use crate::batch::Clock;
use crate::identity::Identity;
use crate::roster::Receive;

/// How long the other end has to take in why it is refused.
const FAREWELL_TIME_MAX: Duration = Duration::from_secs(1);
/// Between two lines in the log about the same trouble with a machine.
const QUIET_TIME: Duration = Duration::from_secs(60);
/// Troubles that are remembered for this.
const TROUBLES_MAX: usize = 1024;

/// A machine's side of the network.
pub(crate) struct Core {
    pub(super) identity: Identity,
    pub(super) ring: RingFile,
    pub(super) book: Arc<Book>,
    pub(super) authority: Option<Arc<Authority>>,
    pub(super) wallet: Arc<Wallet>,
    pub(super) life: Life,
    pub(super) clock: Clock,
    pub(super) address: SocketAddr,
    pub(super) advertised: Vec<String>,
    pub(super) listener: Mutex<Option<TcpListener>>,
    pub(super) tls_of_caller: Arc<ClientConfig>,
    pub(super) tls_of_called: Arc<ServerConfig>,
    pub(super) peers: Mutex<BTreeMap<MachineId, Arc<Peer>>>,
    pub(super) sightings: Sightings,
    pub(super) guests: Guests,
    pub(super) receiver: OnceLock<Weak<dyn Receive>>,
    pub(super) runtime: OnceLock<Handle>,
    pub(super) renew: Notify,
    pub(super) quiet: Mutex<BTreeMap<(MachineId, String), Instant>>,
    pub(super) closing: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Core {
    pub(super) fn new(settings: Settings) -> Result<Self, PeersError> {
        let Settings {
            identity,
            ring,
            book,
            listener,
            advertised,
            clock,
        } = settings;
        if book.ring() != ring.ring || book.identity().machine != identity.machine {
            return Err(PeersError::Mismatch);
        }
        listener.set_nonblocking(true)?;
        let wallet = Arc::new(Wallet::open(&identity, ring.ring, book.ca()));
        Ok(Self {
            authority: ring.authority()?.map(Arc::new),
            tls_of_caller: credential::for_caller(book.ca(), wallet.clone())?,
            tls_of_called: credential::for_called(book.ca(), wallet.clone())?,
            life: Life {
                incarnation: identity.incarnation,
                run: rand::random(),
            },
            address: listener.local_addr()?,
            listener: Mutex::new(Some(listener)),
            identity,
            ring,
            book,
            wallet,
            clock,
            advertised,
            peers: Mutex::default(),
            sightings: Sightings::default(),
            guests: Guests::default(),
            receiver: OnceLock::new(),
            runtime: OnceLock::new(),
            renew: Notify::new(),
            quiet: Mutex::default(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// A task that ends with the machine.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.closing.clone();
        let task = async move {
            closing.run_until_cancelled(task).await;
        };
        match self.runtime.get() {
            Some(runtime) => self.tasks.spawn_on(task, runtime),
            None => self.tasks.spawn(task),
        };
    }

    /// Since 1970. If the clock was set back since the own certificate was signed, it is not believed.
    pub(super) fn now(&self) -> Duration {
        let signed_at = self.wallet.credential().map(|own| own.signed_at());
        Duration::from_millis((self.clock)()).max(signed_at.unwrap_or_default())
    }

    pub(super) fn receiver(&self) -> Option<Arc<dyn Receive>> {
        self.receiver.get()?.upgrade()
    }

    pub(super) fn peers(&self) -> MutexGuard<'_, BTreeMap<MachineId, Arc<Peer>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn peer(&self, machine: MachineId) -> Arc<Peer> {
        let mut peers = self.peers();
        let peer = peers.entry(machine);
        peer.or_insert_with(|| Arc::new(Peer::new(machine))).clone()
    }

    /// Whether a member is on this network, or has come from there: as far as one can tell before it has shown its certificate.
    pub(super) fn is_where_members_are(&self, address: IpAddr) -> bool {
        let entries = || {
            self.book
                .all()
                .into_iter()
                .filter(|entry| entry.state != State::Removed)
        };
        self.guests.has_seen_member(address)
            || entries().any(|entry| hosts(&entry).any(|host| network(host) == address))
    }

    pub(super) fn addresses_of(&self, machine: MachineId) -> Vec<String> {
        let known = self.book.get(machine).map(|entry| entry.addresses);
        let mut addresses = known.unwrap_or_default();
        let seen = self.sightings.of(machine);
        addresses.extend(seen.filter(|seen| !addresses.contains(seen)));
        addresses
    }

    /// Runs a stream until it ends. What it needs for that is kept as long.
    pub(super) fn run_link<Kept: Send + 'static>(
        self: &Arc<Self>,
        link: Arc<Link>,
        frames: Streaming<Frame>,
        kept: Kept,
    ) {
        let Some(receiver) = self.receiver() else {
            return link.close();
        };
        let core = self.clone();
        self.spawn(async move {
            let machine = link.peer;
            if let Some(reason) = link.run(frames, receiver).await {
                core.note(machine, &Misdial::Refused(reason));
            }
            drop(kept);
        });
    }

    /// Tells the other end why it is not listened to, and closes the stream.
    pub(super) fn refuse<Kept: Send + 'static>(
        self: &Arc<Self>,
        link: Arc<Link>,
        mut frames: Streaming<Frame>,
        reason: Refusal,
        kept: Kept,
    ) {
        self.spawn(async move {
            link.tell(reason).await;
            // The stream ends with its last sender, and the other end closes it.
            drop(link);
            let closed = async { while let Ok(Some(_)) = frames.message().await {} };
            let _ = timeout(FAREWELL_TIME_MAX, closed).await;
            drop(kept);
        });
    }

    /// Something went wrong with another machine.
    pub(super) fn note(&self, machine: MachineId, misdial: &Misdial) {
        if let Misdial::Refused(Refusal::Expired) = misdial {
            self.renew.notify_one();
        }
        if !self.is_news(machine, misdial.to_string()) {
            return;
        }
        if let Misdial::Refused(reason) = misdial {
            tracing::error!(%machine, %reason, "another machine does not talk with this one");
        } else {
            tracing::warn!(%machine, reason = %misdial, "another machine cannot be reached");
        }
    }

    /// Another machine was not listened to.
    pub(super) fn note_refused(&self, machine: MachineId, reason: Refusal) {
        if self.is_news(machine, format!("refused: {reason}")) {
            tracing::error!(%machine, %reason, "another machine has called and was not listened to");
        }
    }

    /// Whether this has not been said for a while.
    pub(super) fn is_news(&self, machine: MachineId, what: String) -> bool {
        let mut said = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        said.retain(|_, at| now.duration_since(*at) < QUIET_TIME);
        if said.len() >= TROUBLES_MAX || said.contains_key(&(machine, what.clone())) {
            return false;
        }
        said.insert((machine, what), now);
        true
    }
}
