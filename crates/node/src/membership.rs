//! Who keeps copies of a group: the steps of which a move is made, each one a change of the group's own membership, made through its leader.
//!
//! Deciding *when* is deliberately absent.

use std::collections::BTreeSet;
use std::time::Duration;

use openraft::async_runtime::watch::WatchReceiver;
use openraft::type_config::alias::StoredMembershipOf;
use openraft::{ChangeMembers, Instant};

use crate::group::{Group, GroupError};
use crate::raft::{Member, NodeId, TypeConfig, unseated};
use crate::roll::Roll;

/// Entries that a member may lack and still count as caught up: what one append carries.
const LAG_ENTRIES_MAX: u64 = 256;
/// A member that has not answered for this long has not caught up.
const ANSWER_AGE_MAX: Duration = Duration::from_secs(2);

/// Others that can lead a group are elected within this time.
const LEADERLESS: Duration = Duration::from_secs(5);

/// How long a machine that stops waits until another leads.
const HAND_OVER_DEADLINE: Duration = Duration::from_secs(1);
/// How long a step may take; a learner may have to receive a snapshot first.
const STEP_DEADLINE: Duration = Duration::from_secs(120);

/// A member, as the group knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its id in the group.
    pub node: NodeId,
    /// Who it is.
    pub member: Member,
    /// Whether it votes; otherwise it learns.
    pub votes: bool,
}

/// Who votes whatever comes of a change that may be under way: until it is committed, those that are needed by the old members and by the new ones.
fn voters(memberships: [&StoredMembershipOf<TypeConfig>; 2]) -> BTreeSet<NodeId> {
    let configs = memberships
        .into_iter()
        .flat_map(|stored| stored.membership().get_joint_config());
    configs
        .cloned()
        .reduce(|some, others| some.intersection(&others).copied().collect())
        .unwrap_or_default()
}

/// How far a member has come, as its leader knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) seat: Seat,
    /// `None` until it has answered this leader.
    pub(crate) lag_entries: Option<u64>,
    /// For how long it has not answered; `None` if it never did.
    pub(crate) silent_for: Option<Duration>,
}

impl Progress {
    /// Whether it has (nearly) all entries, and answers.
    pub(crate) fn has_caught_up(&self) -> bool {
        self.lag_entries.is_some_and(|lag| lag <= LAG_ENTRIES_MAX)
            && self.silent_for.is_some_and(|age| age <= ANSWER_AGE_MAX)
    }
}

impl Group {
    /// A node id that nobody in this group has had or will have: the index of an entry made for the purpose (R2, R7).
    pub(crate) async fn fresh_node(&self) -> Result<NodeId, GroupError> {
        let written = self.step(self.consensus().write_blank()).await?;
        Ok(written.log_id.index)
    }

    /// Adds a learner; it catches up by and by.
    pub(crate) async fn enrol(&self, node: NodeId, member: Member) -> Result<(), GroupError> {
        self.step(self.consensus().add_learner(node, member, false))
            .await
            .map(drop)
    }

    /// Lets learners go.
    pub(crate) async fn release(&self, nodes: BTreeSet<NodeId>) -> Result<(), GroupError> {
        self.step(
            self.consensus()
                .change_membership(ChangeMembers::RemoveNodes(nodes), false),
        )
        .await
        .map(drop)
    }

    /// Finishes a change of voters that an earlier leader has left half done (R6).
    pub(crate) async fn finish_change(&self) -> Result<(), GroupError> {
        let target = {
            let metrics = self.consensus().metrics();
            let metrics = metrics.borrow_watched();
            metrics
                .membership_config
                .membership()
                .get_joint_config()
                .last()
                .cloned()
        };
        match target {
            Some(voters) => self.elect(voters).await,
            None => Ok(()),
        }
    }

    /// Adds a learner, and waits until it has caught up.
    pub(crate) async fn admit(&self, node: NodeId, member: Member) -> Result<(), GroupError> {
        self.step(self.consensus().add_learner(node, member, true))
            .await
            .map(drop)
    }

    /// Makes these the voters, in one joint step (V3). Whoever was a voter and is not named goes on as a learner: it may still be a host, and if not, it is let
    /// go once the hosts have all. If that is this copy, it hands the lead to one of them.
    pub(crate) async fn elect(&self, voters: BTreeSet<NodeId>) -> Result<(), GroupError> {
        self.step(
            self.consensus()
                .change_membership(ChangeMembers::ReplaceAllVoters(voters.clone()), true),
        )
        .await?;
        if !voters.contains(&self.node) {
            self.hand_over_lead().await;
        }
        Ok(())
    }

    /// Hands leadership to another voter.
    pub(crate) async fn hand_over(&self, to: NodeId) -> Result<(), GroupError> {
        self.step(self.consensus().trigger().transfer_leader(to)).await
    }

    /// Hands the lead, if this copy has it, to the voter that has come furthest, and waits a moment until that one has it.
    pub(crate) async fn hand_over_lead(&self) {
        let me = self.node;
        let voters = self
            .progress()
            .into_iter()
            .filter(|mate| mate.seat.votes && mate.seat.node != me && mate.has_caught_up());
        let Some(heir) = voters.min_by_key(|mate| mate.lag_entries) else {
            return;
        };
        let handed = async {
            self.hand_over(heir.seat.node).await?;
            self.until_not_leading().await;
            Ok::<_, GroupError>(())
        };
        match tokio::time::timeout(HAND_OVER_DEADLINE, handed).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(group = format_args!("{:016x}", self.id), %error, "the lead is not handed over");
            }
            Err(_) => tracing::debug!(
                group = format_args!("{:016x}", self.id),
                "the lead is not taken in time"
            ),
        }
    }

    /// Does not lead where others can (C3), or stands for election again. Where nobody has led for a while the others cannot: this copy may be the only one
    /// of those that answer which has all.
    pub(crate) async fn abstain(&self, abstains: bool) {
        let me = self.node;
        let others = self
            .seats()
            .into_iter()
            .filter(|seat| seat.votes && seat.node != me);
        let abstains = abstains && others.count() >= 2 && self.silence() < LEADERLESS;
        self.consensus().runtime_config().elect(!abstains);
        if abstains && self.is_leading() {
            self.hand_over_lead().await;
        }
    }

    /// The members as of the last applied or pending change.
    pub(crate) fn seats(&self) -> Vec<Seat> {
        let metrics = self.consensus().metrics();
        let metrics = metrics.borrow_watched();
        let membership = metrics.membership_config.membership();
        let voters = voters([&metrics.membership_config, &metrics.committed_membership_config]);
        membership
            .nodes()
            .map(|(node, member)| Seat {
                node: *node,
                member: *member,
                votes: voters.contains(node),
            })
            .collect()
    }

    /// The last committed membership, as far as this copy knows.
    pub(crate) fn roll(&self) -> Option<Roll> {
        let metrics = self.consensus().metrics();
        let metrics = metrics.borrow_watched();
        let committed = &metrics.committed_membership_config;
        let index = (*committed.log_id())?.index;
        let members = committed
            .membership()
            .nodes()
            .map(|(node, member)| (*node, *member));
        Some(Roll {
            index,
            as_of: metrics.local_committed.map_or(index, |id| id.index.max(index)),
            members: members.collect(),
        })
    }

    /// For how long a majority has not answered this leader; zero where this copy does not lead. One that has handed over its lead calls nobody any more: so
    /// it does not hear that another one leads either.
    pub(crate) fn unanswered(&self) -> Duration {
        if !self.is_leading() {
            return Duration::ZERO;
        }
        let metrics = self.consensus().metrics();
        let acked = metrics.borrow_watched().last_quorum_acked;
        acked.map_or(Duration::ZERO, |acked| acked.elapsed())
    }

    /// Whether a change of voters is half done, or any change is not committed yet.
    pub(crate) fn is_changing(&self) -> bool {
        let metrics = self.consensus().metrics();
        let metrics = metrics.borrow_watched();
        metrics.membership_config != metrics.committed_membership_config
            || metrics.membership_config.membership().get_joint_config().len() > 1
    }

    /// What the leader knows of the members' progress; nothing, where this copy does not lead.
    pub(crate) fn progress(&self) -> Vec<Progress> {
        let metrics = self.consensus().metrics();
        let metrics = metrics.borrow_watched();
        let (Some(replication), Some(heartbeat)) = (&metrics.replication, &metrics.heartbeat) else {
            return Vec::new();
        };
        let last = metrics.last_log_index.unwrap_or(0);
        let membership = metrics.membership_config.membership();
        let voters = voters([&metrics.membership_config, &metrics.committed_membership_config]);
        let progress = membership.nodes().map(|(node, member)| {
            let is_me = *node == self.node;
            let matched = replication.get(node).copied().flatten();
            let heard = heartbeat.get(node).copied().flatten();
            let lag_entries = matched.map(|id| last.saturating_sub(id.index));
            let silent_for = match heard {
                _ if is_me => Some(Duration::ZERO),
                Some(at) => Some(at.elapsed()),
                None => None,
            };
            Progress {
                seat: Seat {
                    node: *node,
                    member: *member,
                    votes: voters.contains(node),
                },
                lag_entries: if is_me { Some(0) } else { lag_entries },
                silent_for,
            }
        });
        progress.collect()
    }

    /// Waits for a step of the leader's. A leader that is unseated meanwhile may never learn what came of it.
    async fn step<T, E: std::fmt::Display>(
        &self,
        step: impl Future<Output = Result<T, E>>,
    ) -> Result<T, GroupError> {
        let wrong = |why| GroupError::Consensus { group: self.id, why };
        let done = tokio::time::timeout(STEP_DEADLINE, async {
            tokio::select! {
                biased;
                done = step => done.map_err(|error| wrong(error.to_string())),
                _ = unseated(self.consensus()) => Err(GroupError::Unseated { group: self.id }),
            }
        });
        done.await
            .unwrap_or_else(|_| Err(wrong("no answer in time".to_owned())))
    }
}
