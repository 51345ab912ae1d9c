//! What a group does with the letters that concern its consensus.
//!
//! **Invariant:** a snapshot's blocks are kept in their order; a gap or a block of another transfer begins it anew. The file is complete and synced
//! before it is handed on (R9). One that stops coming does not stay.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use openraft::raft::AppendEntriesResponse;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Raft;
use super::network::{Absence, Block, Call, Install};
use crate::files::Blocks;
use crate::shelf::{Copy, Image, Shelf};
use crate::stage::Stage;

/// Nothing more comes of a snapshot of which no block has come for this long: its sender waits much less for each.
const ABANDONED: Duration = Duration::from_secs(60);

/// Receives letters for one group.
pub(crate) struct Reception {
    raft: Raft,
    intake: Intake,
    /// When this copy was started, and when it last heard a leader.
    started: Instant,
    heard: std::sync::Mutex<Option<Instant>>,
}

/// Where a snapshot comes in.
struct Intake {
    shelf: Arc<Shelf>,
    stage: Stage,
    incoming: Mutex<Option<Incoming>>,
}

/// A snapshot on its way in.
struct Incoming {
    transfer: u64,
    received_bytes: u64,
    /// When its last block came.
    touched: Instant,
    file: Box<dyn Blocks>,
    copy: Copy,
}

type Answer = Result<Bytes, Absence>;

impl Reception {
    pub(crate) fn new(raft: Raft, shelf: Arc<Shelf>, stage: Stage) -> Self {
        Self {
            raft,
            intake: Intake {
                shelf,
                stage,
                incoming: Mutex::new(None),
            },
            started: Instant::now(),
            heard: std::sync::Mutex::default(),
        }
    }

    /// For how long no leader has been heard that this copy takes for one.
    pub(crate) fn silence(&self) -> Duration {
        self.heard().unwrap_or(self.started).elapsed()
    }

    /// Whether a leader has been heard a moment ago.
    pub(crate) fn has_heard_a_leader_within(&self, moment: Duration) -> bool {
        self.heard().is_some_and(|heard| heard.elapsed() < moment)
    }

    fn heard(&self) -> Option<Instant> {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn append(&self, body: &[u8]) -> Answer {
        let appended = self.raft.append_entries(read(body)?).await;
        if matches!(&appended, Ok(answer) if !matches!(answer, AppendEntriesResponse::HigherVote(_))) {
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        answer(appended)
    }

    /// Answers a letter about the group's consensus.
    pub(crate) async fn receive(&self, call: Call, body: &[u8]) -> Answer {
        match call {
            Call::Append => self.append(body).await,
            Call::Vote => answer(self.raft.vote(read(body)?).await),
            Call::PreVote => answer(self.raft.pre_vote(read(body)?).await),
            Call::Transfer => answer(self.raft.handle_transfer_leader(read(body)?).await),
            Call::Block => answer(self.intake.keep(read(body)?).await),
            Call::Install => self.install(read(body)?).await,
            Call::Submit | Call::Query | Call::Ask | Call::Lent => Err(Absence::Garbled),
        }
    }

    async fn install(&self, install: Install) -> Answer {
        let complete = self.intake.complete(install.transfer, install.length_bytes);
        let copy = complete.await.map_err(|error| {
            tracing::error!(%error, "a received snapshot cannot be synced");
            Absence::Stopped
        })?;
        let snapshot = openraft::Snapshot {
            meta: install.meta,
            snapshot: Image::Copy(copy.ok_or(Absence::Garbled)?),
        };
        answer(self.raft.install_full_snapshot(install.vote, snapshot).await)
    }

    /// Lets go of a snapshot that has stopped coming.
    pub(crate) fn clear_away(&self) {
        self.intake.clear_away(Instant::now());
    }
}

impl Intake {
    async fn keep(&self, block: Block) -> io::Result<()> {
        let mut incoming = self.incoming.lock().await;
        let mut current = match incoming.take() {
            Some(current) if current.transfer == block.transfer && block.offset_bytes != 0 => current,
            _ if block.offset_bytes == 0 => self.begin(block.transfer).await?,
            _ => {
                return Err(io::Error::other(
                    "a block of a snapshot whose beginning is not here",
                ));
            }
        };
        if current.received_bytes != block.offset_bytes {
            return Err(io::Error::other("a gap in a snapshot"));
        }
        let kept = self.stage.blocking(move || {
            current.file.write_at(block.offset_bytes, &block.bytes)?;
            current.received_bytes += block.bytes.len() as u64;
            current.touched = Instant::now();
            io::Result::Ok(current)
        });
        *incoming = Some(kept.await?);
        Ok(())
    }

    async fn begin(&self, transfer: u64) -> io::Result<Incoming> {
        let copy = Copy::new(
            self.shelf.clone(),
            self.shelf.part(&format!("from-{transfer:016x}")),
        );
        let files = self.shelf.medium().files.clone();
        let begun = self.stage.blocking(move || {
            let file = files.create(copy.path())?;
            io::Result::Ok(Incoming {
                transfer,
                received_bytes: 0,
                touched: Instant::now(),
                file,
                copy,
            })
        });
        begun.await
    }

    /// The file, synced, if all of it has come (R9).
    async fn complete(&self, transfer: u64, length_bytes: u64) -> io::Result<Option<Copy>> {
        let complete = match self.incoming.lock().await.take() {
            Some(current) if (current.transfer, current.received_bytes) == (transfer, length_bytes) => {
                current
            }
            _ => return Ok(None),
        };
        let synced = self
            .stage
            .blocking(move || complete.file.sync().map(|()| complete.copy));
        synced.await.map(Some)
    }

    fn clear_away(&self, now: Instant) {
        // Where it is in use it is not abandoned.
        if let Ok(mut incoming) = self.incoming.try_lock() {
            incoming.take_if(|incoming| now.duration_since(incoming.touched) >= ABANDONED);
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Absence> {
    postcard::from_bytes(body).map_err(|error| {
        tracing::warn!(%error, "a letter cannot be read");
        Absence::Garbled
    })
}

fn answer<T: Serialize, E: std::fmt::Display>(result: Result<T, E>) -> Answer {
    let value = result.map_err(|error| {
        tracing::debug!(%error, "a letter is not answered");
        Absence::Stopped
    })?;
    postcard::to_stdvec(&value)
        .map(Bytes::from)
        .map_err(|_| Absence::Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Medium;

    fn intake(directory: &std::path::Path) -> Intake {
        let (shelf, _) = Shelf::find(directory, 9, Medium::default()).unwrap();
        Intake {
            shelf,
            stage: Stage::Inline,
            incoming: Mutex::new(None),
        }
    }

    fn block(transfer: u64, offset_bytes: u64, bytes: &'static [u8]) -> Block {
        Block {
            transfer,
            offset_bytes,
            bytes: Bytes::from_static(bytes),
        }
    }

    fn files(directory: &std::path::Path) -> usize {
        std::fs::read_dir(directory).unwrap().count()
    }

    #[tokio::test]
    async fn r9_a_snapshot_with_a_gap_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let intake = intake(directory.path());
        intake.keep(block(1, 0, b"ab")).await.unwrap();
        intake.keep(block(1, 3, b"d")).await.unwrap_err();
        intake.keep(block(1, 2, b"c")).await.unwrap_err();
        assert!(
            intake.complete(1, 2).await.unwrap().is_none(),
            "it began and was given up"
        );
        assert_eq!(files(directory.path()), 0);

        intake.keep(block(2, 0, b"ab")).await.unwrap();
        intake.keep(block(3, 2, b"of another")).await.unwrap_err();
        intake.keep(block(4, 0, b"ab")).await.unwrap();
        intake.keep(block(4, 2, b"c")).await.unwrap();
        assert!(
            intake.complete(4, 4).await.unwrap().is_none(),
            "its end is missing"
        );

        intake.keep(block(5, 0, b"ab")).await.unwrap();
        intake.keep(block(5, 2, b"c")).await.unwrap();
        let copy = intake.complete(5, 3).await.unwrap().expect("all of it has come");
        assert_eq!(std::fs::read(copy.path()).unwrap(), b"abc");
    }

    #[tokio::test]
    async fn r9_half_a_snapshot_does_not_stay_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let intake = intake(directory.path());
        intake.keep(block(1, 0, b"ab")).await.unwrap();
        let now = Instant::now();
        intake.clear_away(now + ABANDONED / 2);
        assert_eq!(files(directory.path()), 1, "more may come");
        intake.clear_away(now + ABANDONED);
        assert_eq!(files(directory.path()), 0);
        intake.keep(block(1, 2, b"c")).await.unwrap_err();
    }
}
