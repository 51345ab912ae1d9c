//! The command's side of the control channel.

use super::{ANSWER_BYTES_MAX, Answer, Ask, Place, Reply, Request, SOCKET, VERSION, line};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// A machine of this computer takes what it is sent at once.
const SEND_TIME_MAX: Duration = Duration::from_secs(5);

/// Why no machine answers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreached {
    /// There is no such directory.
    #[error("there is no directory {}", .0.display())]
    NoDirectory(PathBuf),
    /// No machine runs on it.
    #[error("no machine runs on {}", .0.display())]
    NotRunning(PathBuf),
    /// It is somebody else's.
    #[error("{} is not yours", .0.display())]
    NotYours(PathBuf),
    /// The machine says nothing.
    #[error("the machine does not answer")]
    Silent,
    /// What it says is not understood.
    #[error("the machine speaks another language")]
    Nonsense,
    /// The socket fails in another way.
    #[error("the machine cannot be asked")]
    Io(#[from] io::Error),
}

/// Asks once, for what has one answer.
pub(crate) async fn ask(directory: &Path, ask: &Ask) -> Result<Answer, Unreached> {
    let mut channel = Channel::open(directory, ask).await?;
    channel.next().await?.ok_or(Unreached::Silent)
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Channel {
    stream: BufReader<UnixStream>,
    patience: Duration,
}

impl Channel {
    /// Connects to the machine that runs on a data directory, and asks.
    pub(crate) async fn open(directory: &Path, ask: &Ask) -> Result<Self, Unreached> {
        let wrong = |error: io::Error| {
            let kind = error.kind();
            if kind == ErrorKind::PermissionDenied {
                Unreached::NotYours(directory.to_owned())
            } else if kind == ErrorKind::NotFound || kind == ErrorKind::ConnectionRefused {
                Unreached::NotRunning(directory.to_owned())
            } else {
                Unreached::Io(error)
            }
        };
        let place = Place::open(directory).map_err(|error| {
            if error.kind() == ErrorKind::NotFound {
                Unreached::NoDirectory(directory.to_owned())
            } else {
                wrong(error)
            }
        })?;
        let connect = UnixStream::connect(place.of(SOCKET));
        let stream = within(SEND_TIME_MAX, connect).await?.map_err(wrong)?;
        let mut stream = BufReader::new(stream);
        let request = line(&Request {
            version: VERSION,
            ask: ask.clone(),
        })?;
        within(SEND_TIME_MAX, stream.write_all(&request)).await??;
        Ok(Self {
            stream,
            patience: ask.patience() + SEND_TIME_MAX,
        })
    }

    /// The next answer; `None` when the machine has no more to say.
    pub(crate) async fn next(&mut self) -> Result<Option<Answer>, Unreached> {
        let mut read = Vec::new();
        let mut bounded = (&mut self.stream).take(ANSWER_BYTES_MAX);
        within(self.patience, bounded.read_until(b'\n', &mut read)).await??;
        if read.is_empty() {
            return Ok(None);
        }
        let reply: Reply = serde_json::from_slice(&read).map_err(|_| Unreached::Nonsense)?;
        Ok(Some(reply.answer))
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Result<T, Unreached> {
    timeout(time, work).await.map_err(|_| Unreached::Silent)
}
