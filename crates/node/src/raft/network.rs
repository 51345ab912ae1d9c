//! How machines talk: one letter, one answer.
//!
//! A [`Transport`] carries letters between machines and knows nothing of what is in them; everything that consensus, snapshots and routed verbs need goes
//! through this one trait. The machine in one process with others (tests, simulation) uses the [`Switchboard`](crate::switchboard::Switchboard).
//!
//! **Invariant:** every exchange has a deadline.
//! **Invariant:** a letter of the consensus names the member and the incarnation that it is meant for; another one does not take it (R2, R3).

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable};
use openraft::network::{RPCOption, RPCTypes, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::type_config::alias::{SnapshotMetaOf, SnapshotOf};
use openraft::{EntryPayload, OptionalSend, SnapshotMeta};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tertulia_state::Descriptor;
use tertulia_state::range::Origin;
use tokio::sync::watch;
use tokio::time::Instant;

use tertulia_types::MachineId;

use super::machine::{Progress, Visible};
use super::{Entry, Member, NodeId, TypeConfig, Vote};
use crate::shelf::{Copy, Image, Shelf};
use crate::stage::Stage;

/// How long an append may take. Not the heartbeat's interval: a slow disk at the other end is no reason to send the same entries again.
const APPEND_DEADLINE: Duration = Duration::from_secs(2);
/// Entries in one append, in bytes: what a slow line carries within the deadline, and a letter may hold. One entry may be somewhat larger.
const APPEND_BYTES_MAX: usize = 1 << 20;
/// What an entry takes beside its payload.
const ENTRY_BYTES: usize = 64;
/// How long one block of a snapshot may take.
const BLOCK_DEADLINE: Duration = Duration::from_secs(10);
/// How long the other end may take to put a snapshot in place.
const INSTALL_DEADLINE: Duration = Duration::from_secs(60);
/// The first and the longest wait before a member is asked again that says "not yet" (R12): an eighth of the time that it has taken so far, in between.
const NOT_YET_MIN: Duration = Duration::from_millis(5);
const NOT_YET_MAX: Duration = Duration::from_millis(100);
/// Bytes of a snapshot per letter.
const BLOCK_BYTES: usize = 1 << 20;

/// What a letter asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Append entries to the log; with none, a heartbeat.
    Append,
    /// Vote for the sender.
    Vote,
    /// Say whether you would.
    PreVote,
    /// Take over as leader.
    Transfer,
    /// Keep a block of a snapshot.
    Block,
    /// Put a snapshot in place, all blocks of which have come.
    Install,
    /// Carry out commands.
    Submit,
    /// Answer a query.
    Query,
    /// Answer a question to the machine itself; the group is 0.
    Ask,
    /// Give a block of a copy that was lent; the group is 0.
    Lent,
}

impl Call {
    /// Whether only machines that keep copies have this to say to each other.
    pub(crate) fn is_between_members(self) -> bool {
        match self {
            Self::Append | Self::Vote | Self::PreVote | Self::Transfer | Self::Block | Self::Install => true,
            Self::Submit | Self::Query | Self::Ask | Self::Lent => false,
        }
    }
}

/// The member that a letter is meant for: another one under the same roof does not take it (R2, R3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Its Raft node id.
    pub node: NodeId,
    /// The life of its data directory.
    pub incarnation: u64,
    /// By which split the group was born, if by one: whoever has not applied it yet will have a copy soon (R3).
    pub origin: Option<Origin>,
    /// What the group is, where its vote is asked for: a member that its parent's split has passed over makes itself an empty copy of it (R2).
    pub descriptor: Option<Descriptor>,
}

/// From one machine to another, about one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The group.
    pub group: u64,
    /// Which member is meant; `None` when whoever hosts the group will do.
    pub to: Option<Recipient>,
    /// What is asked.
    pub call: Call,
    /// The particulars.
    pub body: Bytes,
    /// For which request it is, if for one: see [`trace`](crate::trace).
    pub trace: Option<u64>,
}

/// Why a machine has nothing to say about a group (R3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Absence {
    /// It will be here soon: ask again.
    #[error("the group is not here yet")]
    NotYet,
    /// It was here, and has left: replace me by a membership change, with a fresh id.
    #[error("the group was here and is gone")]
    Gone,
    /// Nothing is known of it here, or this is not the data directory that was meant: replace me likewise.
    #[error("nothing is known of the group here")]
    NeverHeard,
    /// The letter makes no sense.
    #[error("the letter cannot be read")]
    Garbled,
    /// The group's copy here has stopped, or the machine is stopping.
    #[error("the group has stopped here")]
    Stopped,
}

/// A machine could not be asked in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// No way there.
    #[error("machine {0} cannot be reached")]
    NoWay(MachineId),
    /// No answer in time. The letter may have arrived.
    #[error("machine {0} has not answered in time")]
    Silent(MachineId),
}

/// Carries letters.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Asks another machine, and waits for its answer until the deadline at most.
    async fn exchange(
        &self,
        to: MachineId,
        letter: Letter,
        deadline: Duration,
    ) -> Result<Result<Bytes, Absence>, Unreached>;
}

/// A block of a snapshot.
#[derive(Serialize, Deserialize)]
pub(crate) struct Block {
    /// Which of the sender's snapshots.
    pub(crate) transfer: u64,
    pub(crate) offset_bytes: u64,
    pub(crate) bytes: Bytes,
}

/// The end of a snapshot's blocks.
#[derive(Serialize, Deserialize)]
pub(crate) struct Install {
    pub(crate) transfer: u64,
    pub(crate) length_bytes: u64,
    pub(crate) vote: Vote,
    pub(crate) meta: SnapshotMetaOf<TypeConfig>,
}

/// A group's lines to its members.
#[derive(Clone)]
pub(crate) struct Lines {
    pub(crate) group: u64,
    pub(crate) node: NodeId,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) stage: Stage,
    pub(crate) visible: watch::Receiver<Visible>,
    pub(crate) strangers: Strangers,
}

/// Members that do not know this group under their id: to be replaced, under a fresh one (R3). What each has answered last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strangers(Arc<Mutex<BTreeMap<NodeId, Absence>>>);

impl Strangers {
    /// Who they are.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        self.lock().keys().copied().collect()
    }

    fn note(&self, node: NodeId, answer: Result<(), Absence>) {
        match answer {
            Err(absence @ (Absence::Gone | Absence::NeverHeard)) => drop(self.lock().insert(node, absence)),
            Ok(()) | Err(Absence::NotYet | Absence::Garbled | Absence::Stopped) => {
                self.lock().remove(&node);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<NodeId, Absence>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line to one member.
pub(crate) struct Line {
    lines: Lines,
    target: NodeId,
    member: Member,
}

impl RaftNetworkFactory<TypeConfig> for Lines {
    type Network = Line;

    async fn new_client(&mut self, target: NodeId, member: &Member) -> Line {
        Line {
            lines: self.clone(),
            target,
            member: *member,
        }
    }
}

type Outcome<T> = Result<T, RPCError<TypeConfig>>;

impl Line {
    async fn call<A: Serialize, R: DeserializeOwned>(
        &self,
        kind: (Call, RPCTypes),
        particulars: &A,
        deadline: Duration,
    ) -> Outcome<R> {
        let body = postcard::to_stdvec(particulars).map_err(|error| NetworkError::new(&error))?;
        let to = Some(Recipient {
            node: self.target,
            incarnation: self.member.incarnation,
            origin: self.lines.visible.borrow().origin,
            descriptor: matches!(kind.0, Call::Vote | Call::PreVote)
                .then(|| self.lines.visible.borrow().descriptor),
        });
        let letter = Letter {
            group: self.lines.group,
            to,
            call: kind.0,
            body: body.into(),
            trace: None,
        };
        let answer = self.patiently(letter, deadline).await;
        if let Ok(answer) = &answer {
            self.lines
                .strangers
                .note(self.target, answer.as_ref().map(drop).map_err(|absence| *absence));
        }
        match answer {
            Ok(Ok(answer)) => Ok(postcard::from_bytes(&answer).map_err(|error| NetworkError::new(&error))?),
            Ok(Err(absence @ Absence::NotYet)) => Err(NetworkError::new(&absence).into()),
            Ok(Err(absence)) => Err(Unreachable::new(&absence).into()),
            Err(unreached @ Unreached::NoWay(_)) => Err(Unreachable::new(&unreached).into()),
            Err(Unreached::Silent(_)) => Err(Timeout {
                action: kind.1,
                id: self.lines.node,
                target: self.target,
                timeout: deadline,
            }
            .into()),
        }
    }

    /// Asks until the answer is another one than "not yet" (R12): openraft itself would ask again at the next heartbeat or election only.
    async fn patiently(
        &self,
        letter: Letter,
        deadline: Duration,
    ) -> Result<Result<Bytes, Absence>, Unreached> {
        let begun = Instant::now();
        loop {
            let left = deadline.saturating_sub(begun.elapsed());
            let exchange = self
                .lines
                .transport
                .exchange(self.member.machine, letter.clone(), left);
            let answer = exchange.await;
            let pause = (begun.elapsed() / 8).clamp(NOT_YET_MIN, NOT_YET_MAX);
            if !matches!(answer, Ok(Err(Absence::NotYet))) || begun.elapsed() + pause >= deadline {
                return answer;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Copies the database and sends the copy. Returns the answer to the installation.
    async fn send_snapshot(&self, vote: Vote) -> Outcome<SnapshotResponse<TypeConfig>> {
        let transfer: u64 = rand::random();
        let shelf = self.lines.shelf.clone();
        let copied = self
            .lines
            .stage
            .blocking(move || shelf.copy(&shelf, &format!("to-{transfer:016x}")))
            .await;
        // What fails here is this machine's disk, not the line.
        let (copy, record) = copied.map_err(|fault| Unreachable::new(&fault))?;
        let progress = Progress::read(&record).map_err(|error| Unreachable::new(&error))?;
        let length_bytes = self.send_blocks(transfer, &copy).await?;
        let meta = SnapshotMeta {
            last_log_id: progress.last,
            last_membership: progress.membership,
        };
        self.call(
            (Call::Install, RPCTypes::InstallSnapshot),
            &Install {
                transfer,
                length_bytes,
                vote,
                meta,
            },
            INSTALL_DEADLINE,
        )
        .await
    }

    async fn send_blocks(&self, transfer: u64, copy: &Copy) -> Outcome<u64> {
        let files = self.lines.shelf.medium().files.clone();
        let mut offset_bytes = 0;
        loop {
            let (files, path) = (files.clone(), copy.path().to_owned());
            let read = self.lines.stage.blocking(move || -> io::Result<Vec<u8>> {
                let mut block = vec![0; BLOCK_BYTES];
                let count = files.open(&path)?.read_at(offset_bytes, &mut block)?;
                block.truncate(count);
                Ok(block)
            });
            let bytes = read.await.map_err(|error| Unreachable::new(&error))?;
            if bytes.is_empty() {
                return Ok(offset_bytes);
            }
            let count = bytes.len() as u64;
            let block = Block {
                transfer,
                offset_bytes,
                bytes: bytes.into(),
            };
            let () = self
                .call((Call::Block, RPCTypes::InstallSnapshot), &block, BLOCK_DEADLINE)
                .await?;
            offset_bytes += count;
        }
    }
}

/// How many entries go into one letter: at least one, if there is one.
fn fitting(entries: &[Entry]) -> usize {
    let mut size_bytes = 0;
    let fits = entries.iter().take_while(|entry| {
        let is_first = size_bytes == 0;
        size_bytes += ENTRY_BYTES + payload_bytes(entry);
        is_first || size_bytes <= APPEND_BYTES_MAX
    });
    fits.count()
}

fn payload_bytes(entry: &Entry) -> usize {
    match &entry.payload {
        EntryPayload::Normal(payload) => payload.0.len(),
        EntryPayload::Blank | EntryPayload::Membership(_) => 0,
    }
}

impl RaftNetworkV2<TypeConfig> for Line {
    type SnapshotData = Image;

    async fn append_entries(
        &mut self,
        mut request: AppendEntriesRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Outcome<AppendEntriesResponse<TypeConfig>> {
        let count = fitting(&request.entries);
        let is_cut = count < request.entries.len();
        request.entries.truncate(count);
        let answer = self
            .call((Call::Append, RPCTypes::AppendEntries), &request, APPEND_DEADLINE)
            .await?;
        match (answer, request.entries.last()) {
            // What was left out comes with the next append.
            (AppendEntriesResponse::Success, Some(last)) if is_cut => {
                Ok(AppendEntriesResponse::PartialSuccess(Some(last.log_id)))
            }
            (answer, _) => Ok(answer),
        }
    }

    async fn vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Outcome<VoteResponse<TypeConfig>> {
        self.call((Call::Vote, RPCTypes::Vote), &request, option.soft_ttl())
            .await
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Outcome<VoteResponse<TypeConfig>> {
        self.call((Call::PreVote, RPCTypes::Vote), &request, option.soft_ttl())
            .await
    }

    /// Sends the database as it is now, with the progress that the copy itself records: never older than what openraft asked for.
    async fn full_snapshot(
        &mut self,
        vote: Vote,
        _snapshot: SnapshotOf<TypeConfig, Image>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        tokio::select! {
            closed = cancel => Err(closed.into()),
            sent = self.send_snapshot(vote) => Ok(sent?),
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> Outcome<TransferLeaderResponse<TypeConfig>> {
        self.call(
            (Call::Transfer, RPCTypes::TransferLeader),
            &request,
            option.soft_ttl(),
        )
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::{LogId, Payload};
    use openraft::vote::leader_id_std::CommittedLeaderId;

    fn entry(index: u64, bytes: usize) -> Entry {
        let log_id = LogId::new(CommittedLeaderId::new(1), index);
        let payload = EntryPayload::Normal(Payload(Bytes::from(vec![7; bytes])));
        Entry { log_id, payload }
    }

    #[test]
    fn an_append_holds_as_many_entries_as_fit_and_never_none() {
        assert_eq!(fitting(&[]), 0);
        assert_eq!(fitting(&[entry(1, 2 * APPEND_BYTES_MAX), entry(2, 1)]), 1);
        let small: Vec<_> = (1..=1000).map(|index| entry(index, 100)).collect();
        assert_eq!(fitting(&small), 1000);
        let large: Vec<_> = (1..=100)
            .map(|index| entry(index, APPEND_BYTES_MAX / 10))
            .collect();
        assert_eq!(fitting(&large), 9);
        assert_eq!(fitting(&large[..5]), 5);
    }
}
