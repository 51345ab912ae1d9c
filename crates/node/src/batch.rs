//! Commands become log entries: whatever waits when the group is ready goes into one proposal.
//!
//! One proposal is one entry, and the entries that are committed together are one transaction; so the more clients there are, the fewer entries and syncs
//! each of them costs.
//!
//! **Invariant:** the queue is bounded; when it is full, the answer is "busy" at once.
//! **Invariant:** a bounded number of entries is under way; commands that come meanwhile wait and form the next.
//! **Invariant:** each command is answered once: with what applying it came to, or with a reason to ask again.

use std::future::Future;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use openraft::impls::ProgressResponder;
use openraft::raft::ClientWriteResult;
use openraft::type_config::alias::OneshotReceiverOf;
use tertulia_state::Proposal;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::failure::Unavailable;
use crate::raft::{Payload, Raft, TypeConfig, not_leader, unseated};

/// Commands that wait for a group's next entry at most.
const QUEUE_COMMANDS: usize = 8192;
/// Commands in one entry at most.
const COMMANDS_MAX: usize = 256;
/// Bytes in one entry at most; a single larger command goes alone.
const BYTES_MAX: usize = 1 << 20;
/// Entries under way at most: one is being written while the one before is applied, and one waits.
const ENTRIES_MAX: usize = 3;

/// What openraft will say of a proposal.
type Response = OneshotReceiverOf<TypeConfig, ClientWriteResult<TypeConfig>>;

/// Milliseconds since 1970, as this machine sees it.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What became of a command: the encoded `Result<Reply, Rejected>`.
pub(crate) type Carried = Result<Vec<u8>, Unavailable>;

/// A command on its way.
struct Submission {
    command: Vec<u8>,
    answer: oneshot::Sender<Carried>,
}

/// Where commands for a group go in.
#[derive(Clone)]
pub(crate) struct Queue(mpsc::Sender<Submission>);

impl Queue {
    /// Puts a command into the queue. The answer comes when it has been applied.
    pub(crate) fn submit(&self, command: Vec<u8>) -> Result<oneshot::Receiver<Carried>, Unavailable> {
        let (answer, answered) = oneshot::channel();
        match self.0.try_send(Submission { command, answer }) {
            Ok(()) => Ok(answered),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Unavailable::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Unavailable::Stopping),
        }
    }
}

/// Makes proposals of what is in the queue.
pub(crate) struct Batcher {
    queue: mpsc::Receiver<Submission>,
    raft: Raft,
    clock: Clock,
    /// The last stamp given: a clock that is set back does not take ours along (C3).
    last_stamp_ms: u64,
}

impl Batcher {
    /// A queue, and who empties it.
    pub(crate) fn new(raft: Raft, clock: Clock) -> (Queue, Self) {
        let (sender, queue) = mpsc::channel(QUEUE_COMMANDS);
        (
            Queue(sender),
            Self {
                queue,
                raft,
                clock,
                last_stamp_ms: 0,
            },
        )
    }

    /// Works until told to stop; then takes nothing more, and finishes what it has.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut under_way = FuturesUnordered::new();
        let mut waiting = Vec::new();
        loop {
            tokio::select! {
                biased;
                Some(()) = under_way.next(), if !under_way.is_empty() => {}
                count = self.queue.recv_many(&mut waiting, COMMANDS_MAX), if under_way.len() < ENTRIES_MAX => {
                    if count == 0 {
                        break;
                    }
                    // Whoever has gone away in the meantime gets no effect: it may have asked elsewhere.
                    waiting.retain(|submission: &Submission| !submission.answer.is_closed());
                    for entry in entries(&mut waiting) {
                        under_way.push(self.propose(entry).await);
                    }
                }
                () = stop.cancelled(), if !self.queue.is_closed() => self.queue.close(),
            }
        }
        while under_way.next().await.is_some() {}
    }

    /// Hands a proposal to the consensus; the returned future answers all who wait for it.
    async fn propose(&mut self, entry: Vec<Submission>) -> impl Future<Output = ()> + Send + use<> {
        self.last_stamp_ms = self.last_stamp_ms.max((self.clock)());
        let (commands, answers): (Vec<_>, Vec<_>) =
            entry.into_iter().map(|one| (one.command, one.answer)).unzip();
        let raft = self.raft.clone();
        let sent = self
            .send(&Proposal {
                stamp_ms: self.last_stamp_ms,
                commands,
            })
            .await;
        async move {
            let result = match sent {
                Ok(response) => outcome(&raft, response).await,
                Err(unavailable) => Err(unavailable),
            };
            answer_all(answers, result);
        }
    }

    async fn send(&self, proposal: &Proposal) -> Result<Response, Unavailable> {
        let payload = postcard::to_stdvec(proposal).map_err(|error| {
            tracing::error!(%error, "a proposal cannot be encoded");
            Unavailable::Sick
        })?;
        let (responder, response) = ProgressResponder::complete_only();
        let sent = self
            .raft
            .client_write_ff(Payload(payload.into()), Some(responder))
            .await;
        sent.map(|()| response).map_err(|_| Unavailable::Stopping)
    }
}

/// What became of a proposal; or that nobody here will learn it, since a leader that has been unseated may not be told.
async fn outcome(raft: &Raft, response: Response) -> Result<ClientWriteResult<TypeConfig>, Unavailable> {
    tokio::select! {
        biased;
        result = response => result.map_err(|_| Unavailable::Stopping),
        leader = unseated(raft) => Err(Unavailable::NotLeader { leader }),
    }
}

/// Cuts what waits into entries that are not too large.
fn entries(waiting: &mut Vec<Submission>) -> Vec<Vec<Submission>> {
    let mut entries: Vec<Vec<Submission>> = Vec::new();
    let mut bytes = BYTES_MAX;
    for submission in waiting.drain(..) {
        bytes += submission.command.len();
        match entries.last_mut() {
            Some(entry) if bytes <= BYTES_MAX => entry.push(submission),
            _ => {
                bytes = submission.command.len();
                entries.push(vec![submission]);
            }
        }
    }
    entries
}

fn answer_all(
    answers: Vec<oneshot::Sender<Carried>>,
    result: Result<ClientWriteResult<TypeConfig>, Unavailable>,
) {
    let replies = match result {
        Ok(Ok(response)) => Ok(response.data),
        Ok(Err(error)) => Err(not_leader(&error)),
        Err(unavailable) => Err(unavailable),
    };
    match replies {
        Ok(replies) => {
            for (answer, reply) in answers.into_iter().zip(replies) {
                // Who no longer waits will ask again, and be told the same.
                drop(answer.send(Ok(reply)));
            }
        }
        Err(unavailable) => {
            for answer in answers {
                drop(answer.send(Err(unavailable.clone())));
            }
        }
    }
}
