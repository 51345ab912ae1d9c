//! Reads that miss nothing: the read index, asked once for all who wait (C1).
//!
//! A query may be answered from this machine's database when this machine has made sure, after the query came, that it still leads the group, and when the
//! database shows all that was committed until then. One round to the other members does for all queries that came before it began.
//!
//! Leases are deliberately absent: they would need clocks that can be trusted.

use openraft::ReadPolicy;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::failure::Unavailable;
use crate::raft::{Raft, not_leader_to_read};

/// Queries that wait for the next round at most.
const QUEUE_QUERIES: usize = 8192;

/// The index that a query must see, or why there is none.
type Index = Result<u64, Unavailable>;

/// Where queries ask for their index.
#[derive(Clone)]
pub(crate) struct Gate(mpsc::Sender<oneshot::Sender<Index>>);

impl Gate {
    /// The index of the last entry that a query must see that comes now.
    pub(crate) async fn index(&self) -> Index {
        let (answer, answered) = oneshot::channel();
        match self.0.try_send(answer) {
            Ok(()) => answered.await.unwrap_or(Err(Unavailable::Stopping)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Unavailable::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Unavailable::Stopping),
        }
    }
}

/// Asks, round after round.
pub(crate) struct Gatekeeper {
    raft: Raft,
    queue: mpsc::Receiver<oneshot::Sender<Index>>,
}

impl Gatekeeper {
    /// A gate, and who keeps it.
    pub(crate) fn new(raft: Raft) -> (Gate, Self) {
        let (sender, queue) = mpsc::channel(QUEUE_QUERIES);
        (Gate(sender), Self { raft, queue })
    }

    /// Works until told to stop, or until the gate is gone.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut waiting = Vec::new();
        let rounds = async {
            while self.queue.recv_many(&mut waiting, QUEUE_QUERIES).await > 0 {
                let index = match self.raft.get_read_linearizer(ReadPolicy::ReadIndex).await {
                    Ok(linearizer) => Ok(linearizer.read_log_id().index()),
                    Err(error) => Err(not_leader_to_read(&error)),
                };
                for answer in waiting.drain(..) {
                    // Who no longer waits needs no answer.
                    drop(answer.send(index.clone()));
                }
            }
        };
        let _ = stop.run_until_cancelled(rounds).await;
    }
}
