//! The machine's side of the control channel.

use super::{
    Answer, Ask, Operator, Piece, Place, REQUEST_BYTES_MAX, Refusal, Reply, Request, SILENCE_MAX, SOCKET,
    VERSION, Why, line,
};
use futures::future::BoxFuture;
use serde::Deserialize;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tertulia_types::ring::LeaveProgress;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// Commands that are connected at once; the next one is told to try again.
const CONNECTIONS_MAX: usize = 16;
/// Those of them that may watch: others must find room.
const WATCHERS_MAX: usize = 8;
/// How long a command may take to say what it wants.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a command may take to read a line.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a command may take to take in a block of a backup: its disk may be a slow one.
const BLOCK_TIME_MAX: Duration = Duration::from_secs(120);
/// Blocks of a backup that wait to be taken.
const BLOCKS_WAITING: usize = 2;
/// How often a watched ring is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How long a stopping machine lets its commands end.
const FINISH_TIME_MAX: Duration = Duration::from_secs(3);
/// Where the socket is until it has its mode.
const DRAFT: &str = "control.new";

/// The socket of a machine.
#[derive(Debug)]
pub(crate) struct Control {
    listener: UnixListener,
    place: Place,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Place").field(&self.path).finish()
    }
}

/// What all connections share.
struct Desk {
    operator: Arc<dyn Operator>,
    connections: Semaphore,
    watchers: Semaphore,
    /// One backup at a time.
    backups: Semaphore,
    /// The machine stops: nothing new is begun.
    closing: CancellationToken,
    /// Cancelled here when the machine has left the ring.
    left: CancellationToken,
    /// The leaving under way. Locked only to look, or to begin one.
    leaving: Mutex<Option<Leaving>>,
}

/// A leaving that goes on, whoever watches it.
#[derive(Clone)]
struct Leaving {
    progress: watch::Receiver<LeaveProgress>,
    end: watch::Receiver<Option<Result<(), Refusal>>>,
}

/// The command has gone away, or does not read.
struct Gone;

impl Control {
    /// Listens in a data directory. That must be this process's own: a socket of a former life is taken away.
    pub(crate) fn bind(directory: &Path) -> io::Result<Self> {
        let place = Place::open(directory)?;
        let (draft, socket) = (directory.join(DRAFT), directory.join(SOCKET));
        match std::fs::remove_dir_all(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        // Nobody else can reach into the draft's directory; when the socket leaves it, it has its mode.
        DirBuilder::new().mode(0o700).create(&draft)?;
        let inside = format!("{DRAFT}/{SOCKET}");
        let listener = UnixListener::bind(place.of(&inside))?;
        std::fs::set_permissions(draft.join(SOCKET), Permissions::from_mode(0o600))?;
        std::fs::rename(draft.join(SOCKET), &socket)?;
        std::fs::remove_dir(&draft)?;
        Ok(Self { listener, place })
    }

    /// Answers commands until `closing`, and cancels `left` when the machine has left the ring.
    pub(crate) async fn serve(
        self,
        operator: Arc<dyn Operator>,
        closing: CancellationToken,
        left: CancellationToken,
    ) {
        let desk = Arc::new(Desk {
            operator,
            connections: Semaphore::new(CONNECTIONS_MAX),
            watchers: Semaphore::new(WATCHERS_MAX),
            backups: Semaphore::new(1),
            closing: closing.clone(),
            left,
            leaving: Mutex::new(None),
        });
        // Nobody may come back to ask for it again, and meanwhile it would stand between being there and being gone.
        if desk.operator.is_leaving() {
            desk.leaving();
        }
        let mut at_work = JoinSet::new();
        loop {
            tokio::select! {
                () = closing.cancelled() => break,
                Some(_) = at_work.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        at_work.spawn(receive(stream, Arc::clone(&desk)));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "an operator's command cannot be let in");
                        // Too many open files, for example: it will not be better at once.
                        tokio::time::sleep(LOOK_INTERVAL).await;
                    }
                }
            }
        }
        let ends = async { while at_work.join_next().await.is_some() {} };
        if timeout(FINISH_TIME_MAX, ends).await.is_err() {
            tracing::warn!("some operators' commands did not end in time and are cut");
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // What stays is taken away by the next start.
        let _ = std::fs::remove_file(self.place.path.join(SOCKET));
    }
}

/// One connection: one request, and its answers.
async fn receive(stream: UnixStream, desk: Arc<Desk>) {
    let (reader, writer) = stream.into_split();
    let (mut reader, mut line) = (BufReader::new(reader), Line(writer));
    let Ok(_room) = desk.connections.try_acquire() else {
        let _ = line.refuse(Refusal::new(Why::Busy)).await;
        return;
    };
    // That the command has gone away is nothing to speak of.
    let _ = match request(&mut reader).await {
        Ok(Some(ask)) => desk.answer(ask, &mut reader, &mut line).await,
        Ok(None) => Ok(()),
        Err(refusal) => line.refuse(refusal).await,
    };
}

/// What a command asks; `None` if it has nothing to ask.
async fn request(reader: &mut BufReader<OwnedReadHalf>) -> Result<Option<Ask>, Refusal> {
    let mut read = Vec::new();
    let mut bounded = reader.take(REQUEST_BYTES_MAX);
    let Ok(Ok(_)) = timeout(REQUEST_TIME_MAX, bounded.read_until(b'\n', &mut read)).await else {
        return Err(Refusal::because(Why::Malformed, "no request came in time"));
    };
    if read.is_empty() {
        return Ok(None);
    }
    if read.last() != Some(&b'\n') {
        return Err(Refusal::because(
            Why::Malformed,
            "the request is too long, or has no end",
        ));
    }
    /// What requests of all versions have.
    #[derive(Deserialize)]
    struct Any {
        version: u32,
    }
    let malformed = |error| Refusal::because(Why::Malformed, error);
    let Any { version } = serde_json::from_slice(&read).map_err(malformed)?;
    if version != VERSION {
        return Err(Refusal::because(
            Why::Version,
            format_args!("{version} is asked, {VERSION} is spoken"),
        ));
    }
    let request: Request = serde_json::from_slice(&read).map_err(malformed)?;
    Ok(Some(request.ask))
}

impl Desk {
    async fn answer(
        self: &Arc<Self>,
        ask: Ask,
        reader: &mut BufReader<OwnedReadHalf>,
        line: &mut Line,
    ) -> Result<(), Gone> {
        let patience = ask.patience();
        let operator = &self.operator;
        let once: BoxFuture<'_, Result<Answer, Refusal>> = match ask {
            Ask::Watch => return self.watch(reader, line).await,
            Ask::Leave => return self.leave(reader, line).await,
            Ask::Backup => return self.backup(reader, line).await,
            Ask::Status => Box::pin(async { Ok(Answer::Status(operator.status().await)) }),
            Ask::Token(wish) => Box::pin(async move { operator.token(&wish).await.map(Answer::Token) }),
            Ask::Lookup { nick } => Box::pin(async move { operator.lookup(&nick).await.map(Answer::Lookup) }),
            Ask::Remove { machine } => {
                Box::pin(async move { operator.remove(machine).await.map(|()| Answer::Done) })
            }
            Ask::Appoint { nick, role } => {
                Box::pin(async move { operator.appoint(&nick, role).await.map(Answer::Appointed) })
            }
            Ask::Recover { groups } => {
                Box::pin(async move { operator.recover(&groups).await.map(Answer::Recovered) })
            }
        };
        let answer = tokio::select! {
            answer = timeout(patience, once) => answer.unwrap_or_else(|_| Err(Refusal::new(Why::NotNow))),
            () = self.closing.cancelled() => Err(Refusal::new(Why::Stopping)),
        };
        line.send(answer.unwrap_or_else(Answer::Refused)).await
    }

    /// The ring whenever it changes, and what happens on it, until the command goes away or the machine stops.
    async fn watch(&self, reader: &mut BufReader<OwnedReadHalf>, line: &mut Line) -> Result<(), Gone> {
        let Ok(_room) = self.watchers.try_acquire() else {
            return line.refuse(Refusal::new(Why::Busy)).await;
        };
        let mut events = self.operator.events();
        let (mut shown, mut shown_at) = (None, Instant::now());
        loop {
            let looked_at = Instant::now();
            let status = tokio::select! {
                status = timeout(SILENCE_MAX, self.operator.status()) => status.ok(),
                () = self.closing.cancelled() => return Ok(()),
            };
            if let Some(status) = status
                && (shown.as_ref() != Some(&status) || shown_at.elapsed() >= SILENCE_MAX)
            {
                line.send(Answer::Status(status.clone())).await?;
                (shown, shown_at) = (Some(status), Instant::now());
            }
            let next_look = looked_at + LOOK_INTERVAL;
            loop {
                tokio::select! {
                    () = sleep_until(next_look) => break,
                    () = self.closing.cancelled() => return Ok(()),
                    () = gone(reader) => return Err(Gone),
                    event = events.recv() => match event {
                        Ok(event) => line.send(Answer::Event(event)).await?,
                        Err(RecvError::Lagged(_)) => line.send(Answer::Missed).await?,
                        Err(RecvError::Closed) => return Ok(()),
                    }
                }
            }
        }
    }

    /// A backup, piece by piece, until its end, or until the command goes away.
    async fn backup(&self, reader: &mut BufReader<OwnedReadHalf>, line: &mut Line) -> Result<(), Gone> {
        let Ok(_room) = self.backups.try_acquire() else {
            return line.refuse(Refusal::new(Why::Busy)).await;
        };
        let (tell, mut pieces) = mpsc::channel(BLOCKS_WAITING);
        let mut making = self.operator.backup(tell);
        let mut ended = None;
        loop {
            let piece = tokio::select! {
                biased;
                piece = pieces.recv() => match piece {
                    Some(piece) => piece,
                    None => break,
                },
                () = self.closing.cancelled() => return line.refuse(Refusal::new(Why::Stopping)).await,
                end = &mut making, if ended.is_none() => {
                    ended = Some(end);
                    continue;
                }
                () = gone(reader) => return Err(Gone),
                () = tokio::time::sleep(SILENCE_MAX) => Piece::Waiting,
            };
            line.send_within(BLOCK_TIME_MAX, Answer::Backup(piece)).await?;
        }
        let ended = ended.unwrap_or_else(|| Err(Refusal::because(Why::Failed, "the backup has broken off")));
        line.send(ended.map_or_else(Answer::Refused, |()| Answer::Done))
            .await
    }

    /// How far the leaving is, until its end. It is begun if none is under way, and goes on when the command goes away.
    async fn leave(
        self: &Arc<Self>,
        reader: &mut BufReader<OwnedReadHalf>,
        line: &mut Line,
    ) -> Result<(), Gone> {
        let Leaving {
            mut progress,
            mut end,
        } = self.leaving();
        loop {
            let told = *progress.borrow_and_update();
            let ended = end.borrow_and_update().clone();
            if let Some(ended) = ended {
                let answer = ended.map_or_else(Answer::Refused, |()| Answer::Done);
                return line.send(answer).await;
            }
            if self.closing.is_cancelled() {
                return line.refuse(Refusal::new(Why::Stopping)).await;
            }
            line.send(Answer::Leaving(told)).await?;
            tokio::select! {
                () = tokio::time::sleep(SILENCE_MAX) => {}
                () = self.closing.cancelled() => {}
                () = gone(reader) => return Err(Gone),
                changed = end.changed() => if changed.is_err() {
                    return line.refuse(Refusal::because(Why::Failed, "the leaving has broken off")).await;
                },
                // A leaving that has no more to tell comes to its end.
                Ok(()) = progress.changed() => {}
            }
        }
    }

    fn leaving(self: &Arc<Self>) -> Leaving {
        let mut under_way = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = |leaving: &&Leaving| {
            let is_refused = matches!(*leaving.end.borrow(), Some(Err(_)));
            !is_refused && leaving.end.has_changed().is_ok()
        };
        if let Some(leaving) = under_way.as_ref().filter(goes_on) {
            return leaving.clone();
        }
        let (tell, progress) = watch::channel(LeaveProgress::default());
        let (finish, end) = watch::channel(None);
        let leaving = Leaving { progress, end };
        *under_way = Some(leaving.clone());
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            let ended = tokio::select! {
                ended = desk.operator.leave(tell) => ended,
                () = desk.closing.cancelled() => Err(Refusal::new(Why::Stopping)),
            };
            let has_left = ended.is_ok();
            finish.send_replace(Some(ended));
            if has_left {
                desk.left.cancel();
                // Those who ask until the process ends find the end as well.
                desk.closing.cancelled().await;
            }
        });
        leaving
    }
}

/// Returns when the command has gone away, or says more than it should.
async fn gone(reader: &mut BufReader<OwnedReadHalf>) {
    let _ = reader.read_u8().await;
}

/// Where answers go.
struct Line(OwnedWriteHalf);

impl Line {
    async fn send(&mut self, answer: Answer) -> Result<(), Gone> {
        self.send_within(SEND_TIME_MAX, answer).await
    }

    async fn send_within(&mut self, time: Duration, answer: Answer) -> Result<(), Gone> {
        let reply = Reply {
            version: VERSION,
            answer,
        };
        let bytes = line(&reply).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written");
            Gone
        })?;
        match timeout(time, self.0.write_all(&bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    async fn refuse(&mut self, refusal: Refusal) -> Result<(), Gone> {
        self.send(Answer::Refused(refusal)).await
    }
}
