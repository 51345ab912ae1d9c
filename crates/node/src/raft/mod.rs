//! All of openraft and of the log engine: nothing outside this folder names either.
//!
//! Read in this order: the types (here), [`record`] (how an entry lies in the log), [`journal`] (one
//! engine for all groups of the machine), [`log`] (one group's part of it), [`machine`] (entries become transactions), [`network`] (how peers talk, and how a
//! database gets to one), [`reception`] (the other end), [`pulse`] (heartbeats, and quiet between them).
//!
//! **Invariant:** a leader is alone in its term (plain Raft's leader ids, not openraft's default, which allows two in one term).
//! **Invariant:** a Raft node id is used once. It is not the machine's id: a machine that comes back with an empty disk gets a new one.

pub(crate) mod journal;
pub(crate) mod log;
pub(crate) mod machine;
pub(crate) mod network;
pub(crate) mod pulse;
pub(crate) mod reception;
pub(crate) mod record;
#[cfg(test)]
mod suite;

use std::fmt;

use bytes::Bytes;
use openraft::ServerState;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::errors::{ClientWriteError, ForwardToLeader, LinearizableReadError, RaftError};
use openraft::metrics::RaftServerMetrics;
use serde::{Deserialize, Serialize};

use crate::failure::Unavailable;
use tertulia_types::MachineId;

openraft::declare_raft_types!(
    /// How our groups instantiate openraft.
    pub(crate) TypeConfig:
        D = Payload,
        R = Vec<Vec<u8>>,
        NodeId = u64,
        Node = Member,
        LeaderId = openraft::impls::leader_id_std::LeaderId<Self::Term, Self::NodeId>,
);

pub(crate) type Entry = openraft::type_config::alias::EntryOf<TypeConfig>;
pub(crate) type LogId = openraft::type_config::alias::LogIdOf<TypeConfig>;
pub(crate) type Vote = openraft::type_config::alias::VoteOf<TypeConfig>;

/// One running Raft group.
pub(crate) type Raft = openraft::Raft<TypeConfig, machine::Machine>;

/// Why a group's consensus has ended.
pub(crate) type FatalError = openraft::errors::Fatal<TypeConfig>;

/// The id of a member within one group, never used again (R2).
pub type NodeId = u64;

/// One encoded [`Proposal`](tertulia_state::Proposal): what an entry of the log carries. Reference-counted, so that log, replication and apply share it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payload(pub(crate) Bytes);

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who stands behind a Raft node id: the machine, and the life of its data directory (R3).
///
/// Addresses are deliberately absent: they change, and live in the address book (J5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Member {
    /// The machine.
    pub machine: MachineId,
    /// The data directory it was invited with; a directory made anew has another one.
    pub incarnation: u64,
}

/// How fast a group's consensus moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two heartbeats of a leader.
    pub heartbeat_ms: u64,
    /// A follower that hears nothing for this long, or up to twice as long, asks to be elected.
    pub election_ms: u64,
}

impl Default for Pace {
    /// For machines on one LAN: a new leader about a second after the last heartbeat of the old one, whose lease is the longest time to an election. A
    /// heartbeat may be lost within a lease; more of them cost an idle ring more than they are worth.
    fn default() -> Self {
        Self {
            heartbeat_ms: 250,
            election_ms: 300,
        }
    }
}

/// openraft's settings, where its own do not fit.
pub(crate) fn config(group: u64, pace: Pace) -> openraft::Config {
    openraft::Config {
        cluster_name: format!("{group:016x}"),
        heartbeat_interval: pace.heartbeat_ms,
        election_timeout_min: pace.election_ms,
        election_timeout_max: pace.election_ms * 2,
        // A member that was cut off does not unseat a leader when it returns.
        enable_pre_vote: Some(true),
        // A restarted leader is elected anew: a lease from before would be a guess.
        enable_leader_restore: Some(false),
        max_payload_entries: 1024,
        // Entries are batches of up to 256 commands. A snapshot costs one sync and no copy, so the log can be kept short.
        snapshot_policy: openraft::SnapshotPolicy::LogsSinceLast(4096),
        max_in_snapshot_log_to_keep: 1024,
        install_snapshot_timeout: 60_000,
        ..openraft::Config::default()
    }
}

/// Waits until this copy does not lead (any more); returns the machine that does, if it is known.
pub(crate) async fn unseated(raft: &Raft) -> Option<MachineId> {
    wait_for_leader(raft, |leader| leader != Some(*raft.node_id())).await;
    leader(raft)
}

/// The member that leads, as far as this copy knows. openraft names the one whom this copy last saw elected; where that is the copy itself, it may have been
/// removed or started again since, and lead nothing.
fn leading(metrics: &RaftServerMetrics<TypeConfig>) -> Option<NodeId> {
    metrics
        .current_leader
        .filter(|leader| *leader != metrics.id || metrics.state == ServerState::Leader)
}

/// Waits until the leader is one that fits, as far as this copy knows.
pub(crate) async fn wait_for_leader(raft: &Raft, fits: impl Fn(Option<NodeId>) -> bool) {
    let mut metrics = raft.server_metrics();
    loop {
        let leader = leading(&metrics.borrow_watched());
        if fits(leader) {
            return;
        }
        if metrics.changed().await.is_err() {
            // The consensus has stopped: nothing will change any more.
            return std::future::pending().await;
        }
    }
}

/// Waits until the log holds nothing up to this entry any more.
pub(crate) async fn wait_for_purge(raft: &Raft, index: u64) {
    let mut metrics = raft.data_metrics();
    loop {
        if metrics
            .borrow_watched()
            .purged
            .is_some_and(|id| id.index >= index)
        {
            return;
        }
        if metrics.changed().await.is_err() {
            // The consensus has stopped: nothing will change any more.
            return std::future::pending().await;
        }
    }
}

/// Whether this copy leads, as far as it knows.
pub(crate) fn leads(raft: &Raft) -> bool {
    leading(&raft.server_metrics().borrow_watched()) == Some(*raft.node_id())
}

/// The machine that leads, as far as this copy knows.
pub(crate) fn leader(raft: &Raft) -> Option<MachineId> {
    let metrics = raft.server_metrics();
    let metrics = metrics.borrow_watched();
    let membership = metrics.membership_config.membership();
    leading(&metrics)
        .and_then(|leader| membership.get_node(&leader))
        .map(|member| member.machine)
}

fn elsewhere(forward: &ForwardToLeader<TypeConfig>) -> Unavailable {
    Unavailable::NotLeader {
        leader: forward.leader_node.map(|member| member.machine),
    }
}

/// Why a proposal was not carried out. If its entry was discarded, it may still have been committed by another leader; asking again is safe (P6).
pub(crate) fn not_leader(error: &ClientWriteError<TypeConfig>) -> Unavailable {
    match error {
        ClientWriteError::ForwardToLeader(forward) | ClientWriteError::LogEntryDiscarded(forward) => {
            elsewhere(forward)
        }
        ClientWriteError::ChangeMembershipError(_) | ClientWriteError::PreconditionFailed(_) => {
            Unavailable::NotLeader { leader: None }
        }
    }
}

/// Why a query cannot be answered here.
pub(crate) fn not_leader_to_read(
    error: &RaftError<TypeConfig, LinearizableReadError<TypeConfig>>,
) -> Unavailable {
    match error {
        RaftError::APIError(LinearizableReadError::ForwardToLeader(forward)) => elsewhere(forward),
        RaftError::APIError(LinearizableReadError::QuorumNotEnough(_)) => {
            Unavailable::NotLeader { leader: None }
        }
        RaftError::Fatal(_) => Unavailable::Stopping,
    }
}
