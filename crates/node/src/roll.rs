//! Who belongs to a group, as one machine tells another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::raft::{Member, NodeId};

/// Who belongs to a group, by a membership that is committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roll {
    /// The index of the membership's entry.
    pub index: u64,
    /// Up to this entry no other membership was committed.
    pub as_of: u64,
    /// The members.
    pub members: BTreeMap<NodeId, Member>,
}
