//! openraft's own tests of a log and a state machine, over ours; and what they leave out.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use openraft::storage::{IOFlushed, RaftLogReader, RaftLogStorage, RaftSnapshotBuilder, RaftStateMachine};
use openraft::testing::log::{StoreBuilder, Suite};
use openraft::type_config::TypeConfigExt;
use openraft::vote::leader_id_std::CommittedLeaderId;
use openraft::{EntryPayload, StorageError};
use raft_engine::env::DefaultFileSystem;
use tempfile::TempDir;
use tertulia_state::{Database, Descriptor, Proposal};
use tertulia_types::Range;
use tokio::sync::{Notify, mpsc};

use super::journal::{Change, Ended, Fatal, Journal};
use super::log::{DurablePoint, GroupLog};
use super::machine::{Machine, Surroundings};
use super::record::Record;
use super::{Entry, LogId, Payload, TypeConfig};
use crate::cradle::Cradle;
use crate::events::Events;
use crate::files::Medium;
use crate::seal::{DataKey, Sealer};
use crate::shelf::Shelf;
use crate::stage::Stage;

const GROUP: u64 = 7;

struct Store {
    journal: Journal,
    ended: Option<Ended>,
    log: GroupLog,
    machine: Machine,
    durable: DurablePoint,
}

fn open(directory: &Path, durable: DurablePoint) -> Store {
    open_under(directory, durable, None)
}

fn open_under(directory: &Path, durable: DurablePoint, key: Option<DataKey>) -> Store {
    let (crowd, _) = mpsc::channel(1);
    let fatal = Arc::new(|why: &str| panic!("{why}"));
    let (journal, ended) = Journal::open(
        &directory.join("log"),
        Arc::new(DefaultFileSystem),
        Stage::Threads,
        fatal.clone(),
        crowd,
        key.as_ref(),
    )
    .unwrap();
    let medium = Medium {
        key,
        ..Medium::default()
    };
    let (shelf, is_there) = Shelf::find(directory, GROUP, medium).unwrap();
    let descriptor = Descriptor {
        group: GROUP,
        range: Range::whole(),
        epoch: 1,
    };
    let database = match is_there {
        true => Database::open(&shelf.location()).unwrap(),
        false => Database::create(&shelf.location(), descriptor).unwrap(),
    };
    let around = Surroundings {
        node: 0,
        cradle: Cradle::new(|_| false).0,
        shelf,
        durable: durable.clone(),
        events: Events::default(),
        errands: Arc::new(Notify::new()),
        fatal,
    };
    let machine = Machine::start("db", database, around, Stage::Threads).unwrap();
    let log = GroupLog::open(GROUP, journal.clone(), durable.clone()).unwrap();
    Store {
        journal,
        ended: Some(ended),
        log,
        machine,
        durable,
    }
}

impl Store {
    async fn close(mut self) {
        self.log.settle().await.unwrap();
        self.machine.close().await;
        self.journal.close();
        self.ended.take().unwrap().wait().await;
    }
}

/// Makes stores, under a key if it has one.
struct Builder(Option<DataKey>);

impl StoreBuilder<TypeConfig, GroupLog, Machine, TempDir> for Builder {
    async fn build(&self) -> Result<(TempDir, GroupLog, Machine), StorageError<TypeConfig>> {
        let directory = tempfile::tempdir().unwrap();
        // The suite cuts the log without a snapshot; whether that is allowed is tested below.
        let durable = DurablePoint::default();
        durable.advance_to(Some(u64::MAX - 1));
        let store = open_under(directory.path(), durable, self.0.clone());
        Ok((directory, store.log, store.machine))
    }
}

#[test]
fn openraft_finds_nothing_to_complain_about() {
    TypeConfig::run(async {
        Suite::<TypeConfig, GroupLog, Machine, Builder, TempDir>::test_all(Builder(None))
            .await
            .unwrap();
    });
}

#[test]
fn openraft_finds_nothing_to_complain_about_under_a_key() {
    TypeConfig::run(async {
        let builder = Builder(Some(DataKey::new([7; 32])));
        Suite::<TypeConfig, GroupLog, Machine, Builder, TempDir>::test_all(builder)
            .await
            .unwrap();
    });
}

#[tokio::test]
async fn a_log_opens_with_its_key_only_and_says_nothing_without_it() {
    let directory = tempfile::tempdir().unwrap();
    let key = || Some(DataKey::new([7; 32]));
    let words = b"what only the key shows";
    let mut store = open_under(directory.path(), DurablePoint::default(), key());
    let said = Entry {
        log_id: log_id(1, 0),
        payload: EntryPayload::Normal(Payload(Bytes::from_static(words))),
    };
    append(&mut store.log, [said]).await;
    let small = vec![Change::Put(b"name", words.to_vec())];
    store.journal.write(GROUP, small).await.unwrap();
    let read = |store: &Store| {
        let entries = store
            .journal
            .fetch(GROUP, 0, 1)
            .map_err(|error| error.to_string());
        let entries = entries.map(|records| {
            records
                .into_iter()
                .map(|record| record.entry().unwrap())
                .collect()
        });
        let small = store
            .journal
            .get(GROUP, b"name")
            .map_err(|error| error.to_string());
        (entries as Result<Vec<Entry>, String>, small)
    };
    let is_words =
        |entry: &Entry| matches!(&entry.payload, EntryPayload::Normal(payload) if payload.0 == words[..]);
    let (entries, small) = read(&store);
    assert!(entries.unwrap().iter().all(is_words));
    assert_eq!(small.unwrap().as_deref(), Some(&words[..]));
    // Under the same key, for another group: nothing is taken for something else.
    let sealed = Record::of(&entry(1, 0, 9)).unwrap();
    let sealer = Sealer::of_log(&DataKey::new([7; 32]));
    let sealed = sealed.sealed(GROUP, &sealer).unwrap();
    assert!(sealed.clone().unsealed(GROUP + 1, &sealer).is_err());
    assert!(sealed.unsealed(GROUP, &sealer).is_ok());
    store.close().await;

    for file in std::fs::read_dir(directory.path().join("log")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(words.len()).any(|part| part == words));
    }
    let again = |key: Option<DataKey>| {
        let (crowd, _) = mpsc::channel(1);
        let fatal: Fatal = Arc::new(|why: &str| panic!("{why}"));
        let log = directory.path().join("log");
        Journal::open(
            &log,
            Arc::new(DefaultFileSystem),
            Stage::Threads,
            fatal,
            crowd,
            key.as_ref(),
        )
        .unwrap()
    };
    for (key, opens) in [(key(), true), (Some(DataKey::new([8; 32])), false)] {
        let (journal, ended) = again(key);
        assert_eq!(journal.fetch(GROUP, 0, 1).is_ok(), opens);
        assert_eq!(journal.get(GROUP, b"name").is_ok(), opens);
        assert_eq!(journal.scan(GROUP, &mut |_, _| {}).is_ok(), opens);
        journal.close();
        ended.wait().await;
    }
}

fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term), index)
}

fn entry(term: u64, index: u64, bytes: usize) -> Entry {
    let payload = Payload(Bytes::from(vec![index as u8; bytes]));
    Entry {
        log_id: log_id(term, index),
        payload: EntryPayload::Normal(payload),
    }
}

async fn append(log: &mut GroupLog, entries: impl IntoIterator<Item = Entry> + Send) {
    let (flushed, told) = TypeConfig::oneshot();
    let entries: Vec<Entry> = entries.into_iter().collect();
    log.append(entries, IOFlushed::signal(flushed)).await.unwrap();
    told.await.unwrap().unwrap();
}

async fn indexes(log: &mut GroupLog) -> Vec<(u64, u64)> {
    let entries = log.try_get_log_entries(..).await.unwrap();
    entries
        .iter()
        .map(|entry| (entry.log_id.leader_id.term, entry.log_id.index))
        .collect()
}

#[tokio::test]
async fn r4_the_log_is_not_cut_before_the_database_is_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path(), DurablePoint::default());
    append(&mut store.log, (0..5).map(|index| entry(1, index, 10))).await;
    store.log.purge(log_id(1, 2)).await.unwrap_err();
    assert_eq!(indexes(&mut store.log).await.len(), 5, "nothing was cut");

    // Applied, but not synced: the database may still lose it.
    let proposal = Proposal {
        stamp_ms: 1,
        commands: Vec::new(),
    };
    let payload = Payload(postcard::to_stdvec(&proposal).unwrap().into());
    let applied = (0..3).map(|index| {
        let entry = Entry {
            log_id: log_id(1, index),
            payload: EntryPayload::Normal(payload.clone()),
        };
        Ok((entry, None))
    });
    let applied: Vec<_> = applied.collect();
    store.machine.apply(futures::stream::iter(applied)).await.unwrap();
    assert_eq!(store.machine.applied_state().await.unwrap().0, Some(log_id(1, 2)));
    store.log.purge(log_id(1, 2)).await.unwrap_err();

    let snapshot = store.machine.build_snapshot().await.unwrap();
    assert_eq!(snapshot.meta.last_log_id, Some(log_id(1, 2)));
    store.log.purge(log_id(1, 3)).await.unwrap_err();
    store.log.purge(log_id(1, 2)).await.unwrap();
    assert_eq!(indexes(&mut store.log).await, [(1, 3), (1, 4)]);
    store.close().await;
}

/// The engine's memory of the block that was read last is a thread's, and knows blocks by their place only.
#[tokio::test]
async fn what_one_log_has_read_is_not_taken_for_anothers() {
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let stores = || {
        directories
            .each_ref()
            .map(|directory| open(directory.path(), DurablePoint::default()))
    };
    // Of one length, so that both lie at the same place.
    for (mut store, first) in stores().into_iter().zip([1, 7]) {
        append(
            &mut store.log,
            (first..first + 3).map(|index| entry(1, index, 10)),
        )
        .await;
        store.close().await;
    }
    // Opened anew, for what was written last is kept in memory.
    let mut stores = stores();
    for _ in 0..2 {
        for (store, first) in stores.iter_mut().zip([1, 7]) {
            let found = store.log.try_get_log_entries(..).await.unwrap();
            let written: Vec<_> = (first..first + 3).map(|index| entry(1, index, 10)).collect();
            assert_eq!(found, written);
        }
    }
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn what_is_in_the_log_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path(), DurablePoint::default());
    append(&mut store.log, (0..10).map(|index| entry(1, index, 10))).await;
    store.log.save_committed(Some(log_id(1, 4))).await.unwrap();
    store.log.truncate_after(Some(log_id(1, 6))).await.unwrap();
    store.close().await;

    let mut store = open(directory.path(), DurablePoint::default());
    assert_eq!(
        store.log.get_log_state().await.unwrap().last_log_id,
        Some(log_id(1, 6)),
        "what was cut off stays away"
    );
    assert_eq!(store.log.read_committed().await.unwrap(), Some(log_id(1, 4)));
    append(&mut store.log, (7..9).map(|index| entry(2, index, 10))).await;
    store.durable.advance_to(Some(3));
    store.log.purge(log_id(1, 3)).await.unwrap();
    store.close().await;

    let mut store = open(directory.path(), DurablePoint::default());
    let state = store.log.get_log_state().await.unwrap();
    assert_eq!(
        (state.last_purged_log_id, state.last_log_id),
        (Some(log_id(1, 3)), Some(log_id(2, 8)))
    );
    assert_eq!(
        indexes(&mut store.log).await,
        [(1, 4), (1, 5), (1, 6), (2, 7), (2, 8)]
    );
    store.close().await;
}

#[tokio::test]
async fn a_long_log_is_read_back_from_disk() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path(), DurablePoint::default());
    // Three times what stays in memory.
    for batch in 0..24 {
        append(
            &mut store.log,
            (0..16).map(|index| entry(1, batch * 16 + index, 64 << 10)),
        )
        .await;
    }
    let read = store.log.try_get_log_entries(..).await.unwrap();
    assert_eq!(read.len(), 24 * 16);
    assert!(
        read.iter()
            .enumerate()
            .all(|(index, read)| *read == entry(1, index as u64, 64 << 10))
    );
    let limited = store.log.limited_get_log_entries(5, 384).await.unwrap();
    assert!(
        limited.len() < 100 && limited[0].log_id.index == 5,
        "{} entries",
        limited.len()
    );
    store.close().await;
}

#[tokio::test]
async fn one_sync_serves_all_that_wait() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), DurablePoint::default());
    let done = Arc::new(AtomicUsize::new(0));
    let groups = (1..40).map(|group| {
        let (journal, done) = (store.journal.clone(), done.clone());
        async move {
            let mut log = GroupLog::open(group, journal, DurablePoint::default()).unwrap();
            append(&mut log, (0..20).map(|index| entry(group, index, 100))).await;
            assert_eq!(indexes(&mut log).await.len(), 20);
            done.fetch_add(1, Ordering::Relaxed);
        }
    });
    futures::future::join_all(groups).await;
    assert_eq!(done.load(Ordering::Relaxed), 39);
    store.close().await;
}
