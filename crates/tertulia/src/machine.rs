//! The machine that runs: what `up` and `join` start, and what its operator commands.

use crate::backup::{Lot, Manifest, Papers};
use crate::beginning::Beginning;
use crate::control::{Invitation, Operator, Piece, Refusal, TokenWish, Why};
use crate::refused;
use crate::said::Said;
use crate::search;
use crate::settings::{MachineSettings, PEER_PORT};
use anyhow::Context;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tertulia_api::Signer;
use tertulia_console::Words;
use tertulia_discovery::{Announcement, Announcer, BROWSE_TIME, Http, Kind, browse};
use tertulia_node::backup::{Backup, BackupError};
use tertulia_node::peers::{self, Peers, RingFile, Token};
use tertulia_node::seal::{FileKey, to_hex};
use tertulia_node::{Charter, Failure, Identity, LeaveError, Node, Options, RecoverError, unix_ms};
use tertulia_types::entity::{Base64, Entries};
use tertulia_types::moderation::Role;
use tertulia_types::ring::{GroupId, LeaveProgress, LookupPath, RingEvent, RingFacts, RingStatus};
use tertulia_types::{MachineId, Nick, Rejected};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often the list of entry machines is looked at when the address book does not change: machines fall silent.
const ENTRIES_INTERVAL: Duration = Duration::from_secs(2);

/// A machine that runs.
pub(crate) struct Machine {
    node: Arc<Node>,
    peers: Peers,
    ring: RingFacts,
    /// Ends the search for machines that are missing.
    _searching: DropGuard,
}

/// The ring that a data directory belongs to, as tokens name it; `None` if it belongs to none yet. Touches nothing.
pub(crate) fn belongs_to(directory: &Path, key: Option<&FileKey>) -> anyhow::Result<Option<RingFacts>> {
    let ring = RingFile::read(directory, key)?;
    Ok(ring.map(|ring| RingFacts {
        id: ring.ring.0,
        ..facts(&ring)
    }))
}

/// For which ring a token is; `None` if it is no token.
pub(crate) fn ring_of(token: &str) -> Option<u64> {
    token.parse::<Token>().ok().map(|token| token.terms.ring.0)
}

fn facts(ring: &RingFile) -> RingFacts {
    RingFacts {
        id: ring.known_as.0,
        name: ring.title.clone(),
        replicas: u8::try_from(ring.replicas).unwrap_or(u8::MAX),
    }
}

impl Machine {
    /// Starts a machine. `peer` is where other machines reach it, `urls` where people do.
    pub(crate) async fn start(
        settings: &MachineSettings,
        key: Option<FileKey>,
        beginning: Beginning,
        peer: TcpListener,
        urls: Vec<String>,
        words: &Words,
    ) -> anyhow::Result<Arc<Self>> {
        let identity = match beginning {
            Beginning::Resume { .. } => Identity::take_under(&settings.data, key),
            Beginning::Found { .. } | Beginning::Join { .. } => Identity::take_anew(&settings.data, key),
        }?;
        let address = peer.local_addr()?;
        let given: Vec<String> = settings
            .advertise
            .iter()
            .map(|given| given.with_port(address.port()))
            .collect();
        let advertised = peers::advertised(&given, address);
        let wanted = match &beginning {
            Beginning::Join { role, .. } => *role,
            Beginning::Found { .. } | Beginning::Resume { .. } => None,
        };
        let contacts = match &beginning {
            Beginning::Resume { contacts } => contacts
                .iter()
                .map(|contact| contact.with_port(PEER_PORT))
                .collect(),
            Beginning::Found { .. } | Beginning::Join { .. } => Vec::new(),
        };
        let charter = charter(&identity, beginning, advertised.clone(), words).await?;
        let peers = Peers::open(peers::Settings {
            identity,
            ring: charter.ring.clone(),
            book: charter.book.clone(),
            listener: peer.into_std()?,
            advertised,
            clock: Arc::new(unix_ms),
        })?;
        charter.book.update(|entry| {
            entry.urls = urls;
            entry.is_entry = settings.is_entry;
        })?;
        let ring = facts(&charter.ring);
        let node = Node::open(Options {
            charter: Some(charter),
            network: Arc::new(peers.clone()),
            ..Options::new(&settings.data)
        })
        .await?;
        let searching = search::search(node.clone(), peers.clone(), contacts);
        node.settle_in(wanted).await?;
        Ok(Arc::new(Self {
            node,
            peers,
            ring,
            _searching: searching,
        }))
    }

    /// What serves people.
    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// The ring that it belongs to.
    pub(crate) fn ring(&self) -> &RingFacts {
        &self.ring
    }

    /// Who signs this machine's certificate for clients.
    pub(crate) fn signer(&self) -> Signer {
        self.peers.clone().into()
    }

    /// Whether newcomers can be let in here.
    pub(crate) fn admits(&self) -> bool {
        self.peers.authority().is_some()
    }

    /// Lets this machine be found on the local network, for as long as the value lives. A network that does not carry it is no obstacle.
    pub(crate) fn announce(&self, http: Http) -> Option<Announcer> {
        let fingerprint = self.peers.book().ca().fingerprint();
        let announcement = Announcement {
            ring: self.ring.id,
            ring_of_machines: self.peers.ring().ring.0,
            name: self.ring.name.clone(),
            machine: self.id(),
            authority: Some(fingerprint.to_string()),
            http: Some(http),
            peer: Some(self.peers.address()),
        };
        Announcer::start(&announcement)
            .inspect_err(|error| tracing::info!(%error, "this machine is not announced on the local network"))
            .ok()
    }

    /// The list of entry machines, kept up to date until `closing`.
    pub(crate) fn entries(self: &Arc<Self>, closing: CancellationToken) -> watch::Receiver<Arc<Entries>> {
        let (tell, entries) = watch::channel(Arc::new(self.living_entries()));
        let machine = self.clone();
        tokio::spawn(closing.run_until_cancelled_owned(async move {
            let mut changed = machine.node.book().watch();
            loop {
                tokio::select! {
                    told = changed.changed() => if told.is_err() { return },
                    () = tokio::time::sleep(ENTRIES_INTERVAL) => {}
                }
                let now = machine.living_entries();
                tell.send_if_modified(|known| {
                    let is_news = **known != now;
                    if is_news {
                        *known = Arc::new(now);
                    }
                    is_news
                });
            }
        }));
        entries
    }

    fn living_entries(&self) -> Entries {
        let book = self.node.book();
        let living = book.all().into_iter().filter(|entry| {
            entry.is_entry && entry.state == peers::State::Active && !self.node.is_in_doubt(entry.machine)
        });
        let fingerprint = book.ca().fingerprint().to_string();
        let machines = living.map(|entry| (entry.machine, entry.urls));
        Entries::new(self.ring.id, Some(&fingerprint), self.id(), machines)
    }

    /// Finishes what was begun, and leaves all of it on disk.
    pub(crate) async fn stop(&self) {
        self.node.stop().await;
        self.peers.stop().await;
    }

    fn id(&self) -> MachineId {
        self.node.member().machine
    }
}

/// The machine's papers: found, taken up or asked for.
async fn charter(
    identity: &Identity,
    beginning: Beginning,
    advertised: Vec<String>,
    words: &Words,
) -> anyhow::Result<Charter> {
    match beginning {
        Beginning::Found { name, replicas } => {
            let ring = RingFile::found(name, u32::from(replicas))?;
            let ring = match identity.is_sealed() {
                true => ring.encrypting(),
                false => ring,
            };
            Ok(Charter::found(identity, ring)?)
        }
        Beginning::Resume { .. } => {
            Charter::read(identity)?.context("the ring of this data directory is gone")
        }
        Beginning::Join {
            contacts,
            token,
            role,
        } => {
            let contacts = match contacts.is_empty() {
                false => contacts
                    .iter()
                    .map(|contact| contact.with_port(PEER_PORT))
                    .collect(),
                true => found_nearby(&token, words).await?,
            };
            let role = role.unwrap_or_default();
            let entered = peers::enter(&contacts, &token, identity, role, advertised)
                .await
                .map_err(|error| refused::said(error, words))?;
            let (ring, book) = entered.keep(identity)?;
            Ok(Charter {
                identity: identity.clone(),
                ring,
                book,
            })
        }
    }
}

/// Members of the token's ring that announce themselves on the local network. It only suggests addresses: the token's CA decides.
async fn found_nearby(token: &str, words: &Words) -> anyhow::Result<Vec<String>> {
    let ring = ring_of(token);
    let found = tokio::task::spawn_blocking(|| browse(Kind::Peer, BROWSE_TIME)).await?;
    // Whatever keeps this computer from looking, what to do is the same.
    let found = found.unwrap_or_else(|error| {
        tracing::info!(%error, "nobody can be looked for on the local network");
        Vec::new()
    });
    let members = found.into_iter().filter(|found| Some(found.ring) == ring);
    let contacts: Vec<String> = members
        .flat_map(|found| found.addresses)
        .map(|address| address.to_string())
        .collect();
    if contacts.is_empty() {
        let seconds = [("seconds", BROWSE_TIME.as_secs().into())];
        return Err(Said::unreachable(words.with("join-nobody-near", &seconds)).into());
    }
    Ok(contacts)
}

#[async_trait]
impl Operator for Machine {
    async fn status(&self) -> RingStatus {
        self.node.status().await
    }

    fn events(&self) -> broadcast::Receiver<RingEvent> {
        self.node.ring_events()
    }

    async fn token(&self, wish: &TokenWish) -> Result<Invitation, Refusal> {
        let valid_for = Duration::from_secs(wish.valid_for_s);
        let invitation = self
            .peers
            .token(wish.role, valid_for)
            .map_err(|error| Refusal::because(Why::NoKey, error))?;
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Ok(Invitation {
            token: invitation.token,
            contacts: invitation.contacts,
            expires_ms: u64::try_from((now + valid_for).as_millis()).unwrap_or(u64::MAX),
        })
    }

    async fn lookup(&self, nick: &Nick) -> Result<LookupPath, Refusal> {
        let position = nick.position();
        let (hops, descriptor, leader) = self
            .node
            .lookup(position)
            .await
            .ok_or(Refusal::new(Why::NotNow))?;
        Ok(LookupPath {
            nick: nick.clone(),
            position,
            hops,
            group: GroupId(descriptor.group),
            range: descriptor.range,
            leader,
        })
    }

    async fn leave(&self, progress: watch::Sender<LeaveProgress>) -> Result<(), Refusal> {
        self.node.leave(&progress).await.map_err(|error| match error {
            LeaveError::Last => Refusal::new(Why::LastMachine),
            LeaveError::Book(error) => Refusal::because(Why::Failed, error),
        })
    }

    fn is_leaving(&self) -> bool {
        self.node.is_leaving()
    }

    async fn remove(&self, machine: MachineId) -> Result<(), Refusal> {
        if machine == self.id() {
            return Err(Refusal::new(Why::Itself));
        }
        if self.node.book().get(machine).is_none() {
            return Err(Refusal::new(Why::UnknownMachine));
        }
        self.peers
            .remove(machine)
            .map_err(|error| Refusal::because(Why::NoKey, error))
    }

    async fn appoint(&self, nick: &Nick, role: Role) -> Result<Role, Refusal> {
        let stores = self.node.book().own().is_none_or(|own| own.role.stores());
        if !stores {
            return Err(Refusal::new(Why::StoresNothing));
        }
        self.node
            .appoint(nick, role)
            .await
            .map_err(|failure| match failure {
                Failure::Rejected(Rejected::NotFound) => Refusal::because(Why::UnknownNick, nick),
                Failure::Rejected(why) => Refusal::because(Why::Failed, why),
                Failure::Unavailable(why) => Refusal::because(Why::NotNow, why),
            })
    }

    async fn recover(&self, groups: &BTreeSet<GroupId>) -> Result<Vec<GroupId>, Refusal> {
        let groups = groups.iter().map(|group| group.0).collect();
        let recovered = self.node.recover(&groups).await.map_err(|error| match error {
            RecoverError::NothingLost => Refusal::new(Why::NothingLost),
            RecoverError::NewerElsewhere { machine, .. } => Refusal::because(Why::NewerElsewhere, machine),
            RecoverError::Empty(_) | RecoverError::Node(_) | RecoverError::Book(_) => {
                Refusal::because(Why::Failed, error)
            }
        })?;
        Ok(recovered
            .iter()
            .map(|descriptor| GroupId(descriptor.group))
            .collect())
    }

    async fn backup(&self, tell: mpsc::Sender<Piece>) -> Result<(), Refusal> {
        let not_done = |error: BackupError| match error {
            BackupError::StoresNothing => Refusal::new(Why::NoKey),
            BackupError::Restless(_)
            | BackupError::Missing { .. }
            | BackupError::NoRoom(_)
            | BackupError::Broken(_) => Refusal::because(Why::Failed, error),
        };
        let covering = |slots| {
            // Whoever does not keep up hears of the next one.
            let _ = tell.try_send(Piece::Covering(slots));
        };
        let backup = self.node.begin_backup(covering).await.map_err(not_done)?;
        let manifest = self.manifest(&backup)?;
        let lengths: Vec<u64> = manifest.groups.iter().map(|lot| lot.bytes).collect();
        // Whoever takes no more has gone away.
        if tell.send(Piece::Manifest(Box::new(manifest))).await.is_err() {
            return Ok(());
        }
        for (lot, length_bytes) in lengths.into_iter().enumerate() {
            let mut told_bytes = 0;
            while told_bytes < length_bytes {
                let block = backup.block(lot, told_bytes).await.map_err(not_done)?;
                told_bytes += block.len() as u64;
                if tell.send(Piece::Block(Base64(block.to_vec()))).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl Machine {
    fn manifest(&self, backup: &Backup) -> Result<Manifest, Refusal> {
        let ring = self.peers.ring();
        let ca_key = ring.ca_key.clone().ok_or(Refusal::new(Why::NoKey))?;
        let lots = backup.lots().into_iter();
        Ok(Manifest {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            taken_ms: unix_ms(),
            is_one_moment: backup.is_one_moment(),
            ring: Papers {
                id: ring.known_as.0,
                title: ring.title.clone(),
                replicas: ring.replicas,
                ca: ring.ca.clone(),
                ca_key,
                data_key: ring.data_key.as_ref().map(|key| to_hex(key.bytes()).to_string()),
            },
            groups: lots
                .map(|lot| Lot {
                    group: GroupId(lot.descriptor.group),
                    range: lot.descriptor.range,
                    epoch: lot.descriptor.epoch,
                    applied: lot.applied,
                    bytes: lot.length_bytes,
                })
                .collect(),
        })
    }
}
