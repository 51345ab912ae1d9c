//! One open stream to another machine: letters and answers in both directions, many at once.
//!
//! It does not matter which end has called: each sends letters, and answers those of the other. So a machine that nobody can call (behind a home router) is
//! reached through the stream that it has opened.
//!
//! **Invariant:** a letter that nobody answers holds up no other: reading never waits for a handler, and a handler ends with its letter's deadline.
//! **Invariant:** everything is bounded: letters in flight by the sender ([`IN_FLIGHT_MAX`], [`BYTES_IN_FLIGHT_MAX`]), and what exceeds that twice over is dropped by
//! the receiver; answers wait for room in the stream.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tertulia_types::MachineId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use super::wire::{AnswerFrame, BODY_BYTES_MAX, Content, Frame, LetterFrame, Life, Refusal};
use crate::raft::network::{Absence, Letter};
use crate::roster::Receive;

/// Letters of one sender in one stream at once.
pub(crate) const IN_FLIGHT_MAX: usize = 16_384;
/// Their bytes.
const BYTES_IN_FLIGHT_MAX: usize = 64 << 20;
/// Frames that wait for the stream.
const QUEUE_FRAMES: usize = 256;
/// Permits are counted in these.
const PERMIT_BYTES: usize = 1024;
/// A handler runs no longer, whatever the letter says.
const HANDLING_MAX: Duration = Duration::from_secs(120);

/// What became of a letter that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It was not sent.
    Unsent,
    /// It may have arrived.
    Silent,
}

/// A frame on its way out, and the room that it takes until then.
pub(crate) struct Outgoing {
    frame: Frame,
    _room: Option<OwnedSemaphorePermit>,
}

/// An open stream.
pub(crate) struct Link {
    pub(crate) peer: MachineId,
    /// Which process of the peer's it is.
    pub(crate) life: Life,
    out: mpsc::Sender<Outgoing>,
    waiting: Mutex<BTreeMap<u64, oneshot::Sender<AnswerFrame>>>,
    next: AtomicU64,
    slots: Semaphore,
    room_of_letters: Semaphore,
    room_of_answers: Arc<Semaphore>,
    closed: CancellationToken,
}

/// The sending half of a stream whose other end is not known yet.
pub(crate) struct Half {
    out: mpsc::Sender<Outgoing>,
    closed: CancellationToken,
}

impl Half {
    /// The half, and the frames that go out. They end when the link is closed.
    pub(crate) fn open(closed: CancellationToken) -> (Self, impl Stream<Item = Frame> + Send + 'static) {
        let (out, queue) = mpsc::channel::<Outgoing>(QUEUE_FRAMES);
        let frames = ReceiverStream::new(queue)
            .map(|outgoing| outgoing.frame)
            .take_until(closed.clone().cancelled_owned());
        (Self { out, closed }, frames)
    }

    /// Sends a first frame.
    pub(crate) async fn send(&self, frame: Frame) {
        let _ = self.out.send(Outgoing { frame, _room: None }).await;
    }

    /// Both ends have said hello.
    pub(crate) fn link(self, peer: MachineId, life: Life) -> Arc<Link> {
        Arc::new(Link {
            peer,
            life,
            out: self.out,
            waiting: Mutex::default(),
            next: AtomicU64::new(1),
            slots: Semaphore::new(IN_FLIGHT_MAX),
            room_of_letters: Semaphore::new(BYTES_IN_FLIGHT_MAX / PERMIT_BYTES),
            room_of_answers: Arc::new(Semaphore::new(BYTES_IN_FLIGHT_MAX / PERMIT_BYTES)),
            closed: self.closed,
        })
    }
}

fn permits(bytes: usize) -> u32 {
    let permits = bytes.div_ceil(PERMIT_BYTES).max(1);
    u32::try_from(permits).unwrap_or(u32::MAX)
}

impl Link {
    /// Sends a letter and waits for its answer.
    pub(crate) async fn exchange(
        &self,
        letter: Letter,
        until: Instant,
    ) -> Result<Result<Bytes, Absence>, Lost> {
        if letter.body.len() > BODY_BYTES_MAX {
            tracing::error!(to = %self.peer, call = ?letter.call, bytes = letter.body.len(), "a letter is too long for the wire");
            return Err(Lost::Unsent);
        }
        let room = async {
            let room = self.room_of_letters.acquire_many(permits(letter.body.len()));
            Some((self.slots.acquire().await.ok()?, room.await.ok()?))
        };
        let Some(_held) = self.before(until, room).await.flatten() else {
            return Err(Lost::Unsent);
        };
        let left = until.saturating_duration_since(Instant::now());
        let deadline_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1);
        let (id, answer) = self.expect();
        let frame = Content::Letter(LetterFrame::new(id, deadline_ms, letter)).into();
        let sent = self.out.send(Outgoing { frame, _room: None });
        if self.before(until, sent).await.is_none_or(|sent| sent.is_err()) {
            return Err(Lost::Unsent);
        }
        match self.before(until, answer).await {
            Some(Ok(frame)) => Ok(frame.answer()),
            Some(Err(_)) | None => Err(Lost::Silent),
        }
    }

    /// Whether the process at the other end still answers.
    pub(crate) async fn is_answering(&self, within: Duration) -> bool {
        let until = Instant::now() + within;
        let (id, answer) = self.expect();
        let frame = Content::Ping(id).into();
        let sent = self.out.send(Outgoing { frame, _room: None });
        self.before(until, sent).await.is_some_and(|sent| sent.is_ok())
            && self
                .before(until, answer)
                .await
                .is_some_and(|answer| answer.is_ok())
    }

    /// Sends a letter whatever its size.
    #[cfg(test)]
    pub(crate) async fn send_unchecked(&self, body: Bytes) {
        let letter = Letter {
            group: 7,
            to: None,
            call: crate::raft::network::Call::Query,
            body,
            trace: None,
        };
        let frame = Content::Letter(LetterFrame::new(0, 1000, letter)).into();
        let _ = self.out.send(Outgoing { frame, _room: None }).await;
    }

    /// Says why nothing more will come.
    pub(crate) async fn tell(&self, reason: Refusal) {
        let frame = reason.to_frame();
        let _ = self.out.send(Outgoing { frame, _room: None }).await;
    }

    pub(crate) fn close(&self) {
        self.closed.cancel();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Takes what comes, until the stream ends. Returns what the other end has said last, if it was a refusal.
    pub(crate) async fn run(
        self: Arc<Self>,
        mut frames: Streaming<Frame>,
        receiver: Arc<dyn Receive>,
    ) -> Option<Refusal> {
        let mut handlers = Handlers {
            link: self.clone(),
            receiver,
            tasks: JoinSet::new(),
            bytes: Arc::default(),
        };
        let refusal = loop {
            let frame = tokio::select! {
                () = self.closed.cancelled() => break None,
                Some(_) = handlers.tasks.join_next() => continue,
                frame = frames.message() => frame,
            };
            match frame {
                Ok(Some(Frame {
                    content: Some(content),
                })) => match content {
                    Content::Letter(letter) => handlers.handle(letter),
                    Content::Answer(answer) => self.answered(answer),
                    Content::Pong(id) => self.answered(AnswerFrame {
                        id,
                        ..AnswerFrame::default()
                    }),
                    Content::Ping(id) => handlers.pong(id),
                    Content::Refusal(frame) => break Some(Refusal::from_number(frame.reason)),
                    Content::Hello(_) => break None,
                },
                // Something of a newer version.
                Ok(Some(Frame { content: None })) => {}
                Ok(None) | Err(_) => break None,
            }
        };
        self.close();
        // Whoever waits learns that nothing will come.
        self.waiting().clear();
        refusal
    }

    /// Makes a number, and waits for what comes back under it.
    fn expect(&self) -> (u64, Expected<'_>) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.waiting().insert(id, answer);
        (
            id,
            Expected {
                link: self,
                id,
                answered,
            },
        )
    }

    fn answered(&self, answer: AnswerFrame) {
        // One that nobody waits for any more came too late.
        if let Some(waiting) = self.waiting().remove(&answer.id) {
            let _ = waiting.send(answer);
        }
    }

    /// `None` when the time is up, or the link closed.
    async fn before<T>(&self, until: Instant, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = timeout_at(until, work) => done.ok(),
            () = self.closed.cancelled() => None,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u64, oneshot::Sender<AnswerFrame>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer that may come; nobody waits for it once this is dropped.
struct Expected<'a> {
    link: &'a Link,
    id: u64,
    answered: oneshot::Receiver<AnswerFrame>,
}

impl Future for Expected<'_> {
    type Output = Result<AnswerFrame, oneshot::error::RecvError>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.answered).poll(cx)
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        self.link.waiting().remove(&self.id);
    }
}

/// The letters of the other end that are being answered.
struct Handlers {
    link: Arc<Link>,
    receiver: Arc<dyn Receive>,
    tasks: JoinSet<()>,
    bytes: Arc<AtomicUsize>,
}

impl Handlers {
    fn handle(&mut self, frame: LetterFrame) {
        let size = frame.body.len();
        let is_too_much = self.tasks.len() >= 2 * IN_FLIGHT_MAX
            || self.bytes.load(Ordering::Relaxed) + size > 2 * BYTES_IN_FLIGHT_MAX;
        if is_too_much {
            metrics::counter!("tertulia_peer_letters_dropped_total").increment(1);
            return;
        }
        let held = Held::new(&self.bytes, size);
        let (link, receiver) = (self.link.clone(), self.receiver.clone());
        self.tasks.spawn(async move {
            let (id, time) = (
                frame.id,
                Duration::from_millis(frame.deadline_ms).min(HANDLING_MAX),
            );
            let answer = match frame.letter() {
                Some(letter) => timeout(time, receiver.receive(link.peer, letter)).await,
                None => Ok(Err(Absence::Garbled)),
            };
            drop(held);
            // After the deadline nobody waits for it.
            let Ok(answer) = answer else { return };
            let frame = AnswerFrame::new(id, answer);
            let room = link.room_of_answers.clone();
            let Ok(room) = room.acquire_many_owned(permits(frame.body.len())).await else {
                return;
            };
            let frame = Content::Answer(frame).into();
            let _ = link
                .out
                .send(Outgoing {
                    frame,
                    _room: Some(room),
                })
                .await;
        });
    }

    fn pong(&mut self, id: u64) {
        if self.tasks.len() < 2 * IN_FLIGHT_MAX {
            let link = self.link.clone();
            self.tasks.spawn(async move {
                let frame = Content::Pong(id).into();
                let _ = link.out.send(Outgoing { frame, _room: None }).await;
            });
        }
    }
}

/// Bytes that are counted until this is dropped.
struct Held(Arc<AtomicUsize>, usize);

impl Held {
    fn new(count: &Arc<AtomicUsize>, bytes: usize) -> Self {
        count.fetch_add(bytes, Ordering::Relaxed);
        Self(count.clone(), bytes)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}
