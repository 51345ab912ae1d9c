//! What `fuzz/` reads of this crate beside its public face: thin doors to private readers. There is no copy of anything here.

use serde::Serialize;
use serde::de::DeserializeOwned;

use openraft::raft::{AppendEntriesRequest, TransferLeaderRequest, VoteRequest};

use crate::ask;
use crate::raft::TypeConfig;
use crate::raft::machine::Progress;
use crate::raft::network::{Block, Install};
use crate::replica::Replica;

/// Reads bytes as something; what it reads like when it is written again.
pub type Reader = fn(&[u8]) -> Option<Vec<u8>>;

/// Everything that machines say to each other inside of letters, and what a copy finds on its own disk.
pub const READERS: &[Reader] = &[
    again::<ask::Question>,
    again::<Option<ask::Located>>,
    again::<ask::Reported>,
    again::<Result<crate::raft::Member, ask::Refused>>,
    again::<Option<crate::roll::Roll>>,
    again::<Option<Vec<crate::peers::Seen>>>,
    again::<Vec<crate::peers::News>>,
    again::<Option<ask::Told>>,
    again::<ask::Mustered>,
    again::<Result<ask::Lent, ask::NotLent>>,
    again::<ask::Leaf>,
    again::<AppendEntriesRequest<TypeConfig>>,
    again::<VoteRequest<TypeConfig>>,
    again::<TransferLeaderRequest<TypeConfig>>,
    again::<Block>,
    again::<Install>,
    again::<tertulia_state::Proposal>,
    again::<Progress>,
    again::<Replica>,
];

fn again<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Option<Vec<u8>> {
    let read: T = postcard::from_bytes(bytes).ok()?;
    Some(postcard::to_stdvec(&read).expect("what was read can be written"))
}
