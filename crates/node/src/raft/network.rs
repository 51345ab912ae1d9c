//! How machines talk: one letter, one answer.
//!
//! A [`Transport`] carries letters between machines and knows nothing of what is in them; everything that consensus, snapshots and routed verbs need goes
//! through this one trait. The machine in one process with others (tests, simulation) uses the [`Switchboard`](crate::switchboard::Switchboard).
//!
//! **Invariant:** every exchange has a deadline.
//! **Invariant:** a letter of the consensus names the member and the incarnation that it is meant for; another one does not take it (R2, R3).

use std::future::Future;
use std::io;
use std::sync::Arc;
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
use openraft::{OptionalSend, SnapshotMeta};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::machine::Progress;
use super::{Member, NodeId, TypeConfig, Vote};
use tertulia_types::MachineId;
use crate::shelf::{Copy, Image, Shelf};
use crate::stage::Stage;

/// How long an append may take. Not the heartbeat's interval: a slow disk at the other end is no reason to send the same entries again.
const APPEND_DEADLINE: Duration = Duration::from_secs(2);
/// How long one block of a snapshot may take.
const BLOCK_DEADLINE: Duration = Duration::from_secs(10);
/// How long the other end may take to put a snapshot in place.
const INSTALL_DEADLINE: Duration = Duration::from_secs(60);
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
}

/// The member that a letter is meant for: another one under the same roof does not take it (R2, R3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Its Raft node id.
    pub node: NodeId,
    /// The life of its data directory.
    pub incarnation: u64,
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
        });
        let letter = Letter {
            group: self.lines.group,
            to,
            call: kind.0,
            body: body.into(),
        };
        match self
            .lines
            .transport
            .exchange(self.member.machine, letter, deadline)
            .await
        {
            Ok(Ok(answer)) => Ok(postcard::from_bytes(&answer).map_err(|error| NetworkError::new(&error))?),
            // Soon there (R12): openraft asks again at once.
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

impl RaftNetworkV2<TypeConfig> for Line {
    type SnapshotData = Image;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Outcome<AppendEntriesResponse<TypeConfig>> {
        self.call((Call::Append, RPCTypes::AppendEntries), &request, APPEND_DEADLINE)
            .await
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
