//! Which groups have a copy here, under which Raft node id, and which had one: durable, in the log engine beside the logs themselves.
//!
//! **Invariant:** there are two births only: a split that is applied, and an invitation as a learner under a fresh node id; the founding of a ring is the
//! one exception (R2). **Invariant:** rows of what is gone stay, so that an old node id is never fed again.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};
use tertulia_state::Descriptor;

use crate::raft::NodeId;
use crate::raft::journal::{Change, Journal, JournalError};

/// The engine's group that the rows lie in; no group of ours has this id.
const REGISTRY: u64 = u64::MAX;

/// How far a copy's life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Its database is being made: what is there of it is made anew.
    Seeding,
    /// It takes part.
    Live,
    /// It has left.
    Gone,
    /// Its group was given up: another goes on instead (V4).
    GivenUp,
}

impl Stage {
    /// Whether there is a copy.
    pub(crate) fn is_here(self) -> bool {
        matches!(self, Self::Seeding | Self::Live)
    }
}

/// A copy of a group on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replica {
    /// Its id in the group.
    pub node: NodeId,
    /// How far it has come.
    pub stage: Stage,
    /// The group as it was when the copy was born.
    pub origin: Descriptor,
}

/// The rows.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    journal: Journal,
}

impl Registry {
    pub(crate) fn new(journal: Journal) -> Self {
        Self { journal }
    }

    /// All rows by group.
    pub(crate) fn rows(&self) -> Result<BTreeMap<u64, Replica>, JournalError> {
        let mut rows = BTreeMap::new();
        let mut damaged = None;
        self.journal.scan(REGISTRY, &mut |key, value| {
            match (
                key.try_into().map(u64::from_be_bytes),
                postcard::from_bytes::<Replica>(value),
            ) {
                (Ok(group), Ok(replica)) => drop(rows.insert(group, replica)),
                (_, Err(error)) => damaged = Some(error),
                // No key of ours.
                (Err(_), Ok(_)) => {}
            }
        })?;
        damaged.map_or(Ok(rows), |error| Err(error.into()))
    }

    /// Writes rows, all or none, and waits until they are on disk.
    pub(crate) async fn write(&self, rows: &[(u64, Replica)]) -> io::Result<()> {
        let change = |(group, replica): &(u64, Replica)| {
            let value = postcard::to_stdvec(replica).map_err(io::Error::other)?;
            Ok(Change::PutAt(group.to_be_bytes().to_vec(), value))
        };
        let changes = rows.iter().map(change).collect::<io::Result<Vec<_>>>()?;
        self.journal.write(REGISTRY, changes).await
    }
}
