//! Who keeps copies of a group: the steps of which a move is made, each one a change of the group's own membership, made through its leader.
//!
//! Deciding *when* is deliberately absent.

use std::collections::BTreeSet;
use std::time::Duration;

use openraft::ChangeMembers;
use openraft::async_runtime::watch::WatchReceiver;

use crate::group::{Group, GroupError};
use crate::raft::{Member, NodeId, unseated};

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

impl Group {
    /// A node id that nobody in this group has had or will have: the index of an entry made for the purpose (R2, R7).
    pub(crate) async fn fresh_node(&self) -> Result<NodeId, GroupError> {
        let written = self.step(self.consensus().write_blank()).await?;
        Ok(written.log_id.index)
    }

    /// Adds a learner, and waits until it has caught up.
    pub(crate) async fn admit(&self, node: NodeId, member: Member) -> Result<(), GroupError> {
        self.step(self.consensus().add_learner(node, member, true))
            .await
            .map(drop)
    }

    /// Makes these the voters, in one joint step (V3). Whoever was a voter and is not named leaves the group.
    pub(crate) async fn elect(&self, voters: BTreeSet<NodeId>) -> Result<(), GroupError> {
        self.step(
            self.consensus()
                .change_membership(ChangeMembers::ReplaceAllVoters(voters), false),
        )
        .await
        .map(drop)
    }

    /// Hands leadership to another voter.
    pub(crate) async fn hand_over(&self, to: NodeId) -> Result<(), GroupError> {
        self.step(self.consensus().trigger().transfer_leader(to)).await
    }

    /// The members as of the last applied or pending change.
    pub(crate) fn seats(&self) -> Vec<Seat> {
        let metrics = self.consensus().metrics();
        let metrics = metrics.borrow_watched();
        let membership = metrics.membership_config.membership();
        let voters: BTreeSet<NodeId> = membership.voter_ids().collect();
        membership
            .nodes()
            .map(|(node, member)| Seat {
                node: *node,
                member: *member,
                votes: voters.contains(node),
            })
            .collect()
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
