//! The log engine of a machine, and the one thread that writes to it.
//!
//! All groups of the machine share one engine, so that one `fdatasync` makes durable what all of them were waiting for (group commit). Whoever has
//! something to write puts a [`Write`] into the queue; the writer takes all that wait, writes them as one batch, and reports to each.
//!
//! Under a data key the content of each entry and of each small record is sealed on its way to the engine; which groups there are, and how far their logs reach,
//! stays readable.
//!
//! **Invariant:** writes are applied in the order they were queued, votes and entries alike.
//! **Invariant:** nothing is reported as written before it is on disk. A failed sync is not retried, since the kernel may have dropped the
//! pages: the process ends (R4).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::{fmt, io};

use raft_engine::env::FileSystem;
use raft_engine::{Command, Config, Engine, LogBatch, ReadableSize, RecoveryMode};
use tokio::sync::{mpsc, oneshot};

use super::record::{Layout, Record};
use crate::seal::{DataKey, Sealer};
use crate::stage::{Stage, Worker};

/// Jobs that wait for the writer at most, and that go into one batch.
const QUEUE_JOBS: usize = 1024;
/// Written bytes after which the files that hold nothing of use any more are looked for.
const RECLAIM_BYTES: usize = 32 << 20;

/// Called when the log cannot be trusted any more; in service it does not return.
pub type Fatal = Arc<dyn Fn(&str) + Send + Sync>;

/// The way of a process in service: say why, then end at once, before anything is acknowledged that may not be on disk.
pub(crate) fn abort(why: &str) {
    tracing::error!("{why}: this process ends now, so that nothing is acknowledged that may be lost");
    std::process::abort();
}

/// The log engine, whatever file system it stands on.
pub(crate) trait Store: Send + Sync + 'static {
    fn write(&self, batch: &mut LogBatch, sync: bool) -> raft_engine::Result<usize>;
    fn fetch(&self, group: u64, begin: u64, end: u64, into: &mut Vec<Record>) -> raft_engine::Result<usize>;
    fn get(&self, group: u64, key: &[u8]) -> Option<Vec<u8>>;
    fn scan(&self, group: u64, each: &mut dyn FnMut(&[u8], &[u8])) -> raft_engine::Result<()>;
    fn first_index(&self, group: u64) -> Option<u64>;
    fn last_index(&self, group: u64) -> Option<u64>;
    fn reclaim(&self) -> raft_engine::Result<Vec<u64>>;
}

/// An engine, and which of those that this process has opened.
struct Opened<F: FileSystem> {
    engine: Engine<F>,
    number: u64,
}

impl<F: FileSystem> Opened<F> {
    fn new(engine: Engine<F>) -> Self {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        Self { engine, number }
    }

    /// Reads blocks of files. The engine keeps the last block that a thread has read, by the file's number and the place in it, and does not tell one engine's
    /// files from another's. So a thread reads for one engine only: where there are more, as in the simulation, what another one wants to read is read by a
    /// thread made for it.
    fn read<T: Send>(
        &self,
        read: impl FnOnce(&Engine<F>) -> raft_engine::Result<T> + Send,
    ) -> raft_engine::Result<T> {
        thread_local! {
            static READS_FOR: Cell<Option<u64>> = const { Cell::new(None) };
        }
        if READS_FOR.get().is_none_or(|number| number == self.number) {
            READS_FOR.set(Some(self.number));
            return read(&self.engine);
        }
        std::thread::scope(|scope| {
            let reader = std::thread::Builder::new().spawn_scoped(scope, || read(&self.engine))?;
            reader.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

impl<F: FileSystem + 'static> Store for Opened<F> {
    fn write(&self, batch: &mut LogBatch, sync: bool) -> raft_engine::Result<usize> {
        self.engine.write(batch, sync)
    }

    fn fetch(&self, group: u64, begin: u64, end: u64, into: &mut Vec<Record>) -> raft_engine::Result<usize> {
        self.read(|engine| engine.fetch_entries_to::<Layout>(group, begin, end, None, into))
    }

    fn get(&self, group: u64, key: &[u8]) -> Option<Vec<u8>> {
        self.engine.get(group, key)
    }

    fn scan(&self, group: u64, each: &mut dyn FnMut(&[u8], &[u8])) -> raft_engine::Result<()> {
        self.engine
            .scan_raw_messages(group, None, None, false, |key, value| {
                each(key, value);
                true
            })
    }

    fn first_index(&self, group: u64) -> Option<u64> {
        self.engine.first_index(group)
    }

    fn last_index(&self, group: u64) -> Option<u64> {
        self.engine.last_index(group)
    }

    fn reclaim(&self) -> raft_engine::Result<Vec<u64>> {
        self.read(Engine::purge_expired_files)
    }
}

/// Told when a write is on disk.
pub(crate) enum Done {
    /// Nobody waits: it may be lost without harm.
    Unwatched,
    /// A group's log waits, and openraft behind it.
    Appended(Box<dyn Appended>),
    /// One of ours waits.
    Told(oneshot::Sender<io::Result<()>>),
}

/// Entries that wait to be told that they are on disk.
pub(crate) trait Appended: Send {
    fn complete(self: Box<Self>, result: io::Result<()>);
}

/// What changes in one group's part of the engine.
pub(crate) enum Change {
    /// Entries at the end; those that were there from the first one's index on are gone.
    Append(Vec<Record>),
    /// A small record by name.
    Put(&'static [u8], Vec<u8>),
    /// A small record under a name made at run time.
    PutAt(Vec<u8>, Vec<u8>),
    /// A small record is gone.
    Delete(&'static [u8]),
    /// All entries before this index are gone.
    Compact(u64),
    /// All that the engine knows of the group is gone.
    Forget,
}

/// One job of the writer: changes of one group that become durable together.
pub(crate) struct Write {
    pub(crate) group: u64,
    pub(crate) changes: Vec<Change>,
    pub(crate) done: Done,
}

/// A log engine that cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The engine said no.
    #[error(
        "the log cannot be opened or read; if its files are damaged, have this machine removed and join again with an empty data directory: the other machines have what it had"
    )]
    Engine(#[from] raft_engine::Error),
    /// No thread for the writer.
    #[error("the log's writer cannot be started")]
    Writer(#[source] io::Error),
    /// The path is not text.
    #[error("the log's directory has a name that is not UTF-8")]
    Name,
    /// A record that does not decode.
    #[error("the log holds a record that cannot be read")]
    Record(#[from] postcard::Error),
    /// A small record that does not open with the ring's data key.
    #[error(
        "the log holds a record that is not encrypted under this ring's key, or is damaged; have this machine removed and join again with an empty data directory"
    )]
    Sealed,
    /// An entry that does not decode.
    #[error(transparent)]
    Entry(#[from] super::record::Unreadable),
    /// The writer has stopped.
    #[error("the log is closed")]
    Closed,
    /// A write failed.
    #[error("the log cannot be written")]
    Write(#[source] io::Error),
}

/// The log of a machine: read from anywhere, written by one thread.
#[derive(Clone)]
pub(crate) struct Journal(Arc<RwLock<Option<Open>>>);

/// What there is until the journal is closed.
#[derive(Clone)]
struct Open {
    store: Arc<dyn Store>,
    sealer: Option<Arc<Sealer>>,
    writes: mpsc::Sender<Write>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Journal")
    }
}

/// The ends of a journal's workers, to wait for after it was closed.
pub(crate) struct Ended([oneshot::Receiver<()>; 2]);

impl Ended {
    /// Waits until nobody uses the engine's files any more.
    pub(crate) async fn wait(self) {
        for ended in self.0 {
            // Resolves with an error, when the worker drops its end.
            drop(ended.await);
        }
    }
}

impl Journal {
    /// Opens or creates the log in a directory.
    ///
    /// `crowded` hears of groups whose old entries keep files alive: time for them to make a snapshot and purge.
    pub(crate) fn open<F: FileSystem + 'static>(
        directory: &Path,
        file_system: Arc<F>,
        stage: Stage,
        fatal: Fatal,
        crowded: mpsc::Sender<u64>,
        key: Option<&DataKey>,
    ) -> Result<(Self, Ended), JournalError> {
        let sealer = key.map(|key| Arc::new(Sealer::of_log(key)));
        let engine = Engine::open_with_file_system(config(directory)?, file_system)?;
        let store: Arc<dyn Store> = Arc::new(Opened::new(engine));
        let Worker {
            jobs: reclaimer,
            ended: reclaimer_ended,
        } = reclaimer(stage, store.clone(), crowded)?;
        let mut writer = Writer {
            store: store.clone(),
            sealer: sealer.clone(),
            reclaimer,
            written_bytes: 0,
            fatal,
            dead: false,
        };
        let Worker { jobs: writes, ended } = stage
            .start("log", QUEUE_JOBS, move |jobs: &mut Vec<Write>| writer.write(jobs))
            .map_err(JournalError::Writer)?;
        let journal = Self(Arc::new(RwLock::new(Some(Open {
            store,
            sealer,
            writes,
        }))));
        Ok((journal, Ended([ended, reclaimer_ended])))
    }

    /// Closes the log for all clones; what was queued is still written.
    pub(crate) fn close(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn opened(&self) -> Result<Open, JournalError> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or(JournalError::Closed)
    }

    /// Reads entries: those of `begin..end`, which must be there from the group's first entry on.
    pub(crate) fn fetch(&self, group: u64, begin: u64, end: u64) -> Result<Vec<Record>, JournalError> {
        let mut records = Vec::new();
        if begin < end {
            let Open { store, sealer, .. } = self.opened()?;
            let begin = begin.max(store.first_index(group).unwrap_or(end));
            if begin < end {
                store.fetch(group, begin, end, &mut records)?;
            }
            if let Some(sealer) = sealer {
                let sealed = std::mem::take(&mut records).into_iter();
                let opened = sealed.map(|record| record.unsealed(group, &sealer));
                records = opened.collect::<Result<_, _>>()?;
            }
        }
        Ok(records)
    }

    /// Reads a small record.
    pub(crate) fn get(&self, group: u64, key: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
        let Open { store, sealer, .. } = self.opened()?;
        let found = store.get(group, key);
        found
            .map(|value| unsealed(sealer.as_deref(), group, key, value))
            .transpose()
    }

    /// Reads all small records of a group, in the order of their names.
    pub(crate) fn scan(&self, group: u64, each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), JournalError> {
        let Open { store, sealer, .. } = self.opened()?;
        let mut failed = None;
        store.scan(
            group,
            &mut |key, value| match unsealed(sealer.as_deref(), group, key, value.to_vec()) {
                Ok(value) => each(key, &value),
                Err(error) => failed = Some(error),
            },
        )?;
        failed.map_or(Ok(()), Err)
    }

    /// The last entry's index, if there is one.
    pub(crate) fn last_index(&self, group: u64) -> Result<Option<u64>, JournalError> {
        Ok(self.opened()?.store.last_index(group))
    }

    /// Queues a write; waits while the queue is full.
    pub(crate) async fn send(&self, write: Write) -> io::Result<()> {
        let open = self.opened().map_err(io::Error::other)?;
        open.writes
            .send(write)
            .await
            .map_err(|_| io::Error::other(JournalError::Closed))
    }

    /// Queues a write and waits until it is on disk.
    pub(crate) async fn write(&self, group: u64, changes: Vec<Change>) -> io::Result<()> {
        let (told, written) = oneshot::channel();
        self.send(Write {
            group,
            changes,
            done: Done::Told(told),
        })
        .await?;
        written
            .await
            .map_err(|_| io::Error::other(JournalError::Closed))?
    }
}

fn config(directory: &Path) -> Result<Config, JournalError> {
    Ok(Config {
        dir: directory.to_str().ok_or(JournalError::Name)?.to_owned(),
        // What was being written at a crash was acknowledged to nobody.
        recovery_mode: RecoveryMode::TolerateTailCorruption,
        recovery_threads: 2,
        // Dweets are short and the processor is the scarce thing; large batches of them do shrink.
        batch_compression_threshold: ReadableSize::kb(64),
        target_file_size: ReadableSize::mb(32),
        purge_threshold: ReadableSize::mb(128),
        ..Config::default()
    })
}

/// Looks for files that hold nothing of use any more, beside the writer, since it may rewrite what is old.
fn reclaimer(
    stage: Stage,
    store: Arc<dyn Store>,
    crowded: mpsc::Sender<u64>,
) -> Result<Worker<()>, JournalError> {
    stage
        .start("log-reclaim", 1, move |_: &mut Vec<()>| match store.reclaim() {
            // A full queue means that the group has been told before.
            Ok(groups) => groups.into_iter().for_each(|group| {
                let _ = crowded.try_send(group);
            }),
            Err(error) => tracing::warn!(%error, "old files of the log stay for now"),
        })
        .map_err(JournalError::Writer)
}

/// The content of a small record.
fn unsealed(
    sealer: Option<&Sealer>,
    group: u64,
    key: &[u8],
    value: Vec<u8>,
) -> Result<Vec<u8>, JournalError> {
    match sealer {
        Some(sealer) => sealer
            .open(&about(group, key), &value)
            .ok_or(JournalError::Sealed),
        None => Ok(value),
    }
}

/// What the sealed content of a small record belongs to.
fn about(group: u64, key: &[u8]) -> Vec<u8> {
    [&b"small"[..], &group.to_be_bytes(), key].concat()
}

/// The one that writes.
struct Writer {
    store: Arc<dyn Store>,
    sealer: Option<Arc<Sealer>>,
    reclaimer: mpsc::Sender<()>,
    written_bytes: usize,
    fatal: Fatal,
    dead: bool,
}

impl Writer {
    fn write(&mut self, jobs: &mut Vec<Write>) {
        let result = if self.dead {
            Err(io::Error::other("the log failed before"))
        } else {
            self.commit(jobs)
        };
        for job in jobs.drain(..) {
            let answer = result
                .as_ref()
                .map(|_| ())
                .map_err(|error| io::Error::new(error.kind(), error.to_string()));
            match job.done {
                Done::Unwatched => {}
                Done::Appended(entries) => entries.complete(answer),
                // Who no longer listens needs no answer.
                Done::Told(told) => drop(told.send(answer)),
            }
        }
    }

    fn commit(&mut self, jobs: &mut [Write]) -> io::Result<()> {
        let sync = jobs.iter().any(|job| !matches!(job.done, Done::Unwatched));
        // The engine panics when a sync fails; both that and an error mean the same here.
        let written = catch_unwind(AssertUnwindSafe(|| {
            let mut batch = LogBatch::with_capacity(jobs.len());
            for job in jobs.iter_mut() {
                fill(
                    &mut batch,
                    job.group,
                    std::mem::take(&mut job.changes),
                    self.sealer.as_deref(),
                )?;
            }
            self.store.write(&mut batch, sync)
        }));
        let why = match written {
            Ok(Ok(bytes)) => {
                self.count(bytes);
                return Ok(());
            }
            Ok(Err(error)) => format!("the log cannot be written ({error})"),
            Err(_) => "the log cannot be synced".to_owned(),
        };
        self.dead = true;
        (self.fatal)(&why);
        Err(io::Error::other(why))
    }

    fn count(&mut self, bytes: usize) {
        self.written_bytes += bytes;
        if self.written_bytes >= RECLAIM_BYTES {
            self.written_bytes = 0;
            // If it is at work already, it looks again later.
            let _ = self.reclaimer.try_send(());
        }
    }
}

fn fill(
    batch: &mut LogBatch,
    group: u64,
    changes: Vec<Change>,
    sealer: Option<&Sealer>,
) -> raft_engine::Result<()> {
    let sealed = |key: &[u8], value: Vec<u8>| match sealer {
        Some(sealer) => sealer.seal(&about(group, key), &value),
        None => Ok(value),
    };
    for change in changes {
        match change {
            Change::Append(records) => {
                let records = match sealer {
                    Some(sealer) => {
                        let sealed = records.into_iter().map(|record| record.sealed(group, sealer));
                        sealed.collect::<io::Result<Vec<_>>>()?
                    }
                    None => records,
                };
                batch.add_entries::<Layout>(group, &records)?;
            }
            Change::Put(key, value) => batch.put(group, key.to_vec(), sealed(key, value)?)?,
            Change::PutAt(key, value) => {
                let value = sealed(&key, value)?;
                batch.put(group, key, value)?;
            }
            Change::Delete(key) => batch.delete(group, key.to_vec()),
            Change::Compact(index) => batch.add_command(group, Command::Compact { index }),
            Change::Forget => batch.add_command(group, Command::Clean),
        }
    }
    Ok(())
}
