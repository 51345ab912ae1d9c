//! The log engine on the forgetful disk.

use std::sync::Arc;

use protobuf::well_known_types::BytesValue;
use raft_engine::{Config, Engine, LogBatch, MessageExt, ReadableSize};
use tertulia_sim::disk::{Disk, RaftFiles};

const GROUPS: u64 = 3;
const BATCHES: u64 = 48;
const VOTE: &[u8] = b"vote";

struct Bytes;

impl MessageExt for Bytes {
    type Entry = BytesValue;

    fn index(entry: &BytesValue) -> u64 {
        u64::from_be_bytes(entry.value[..8].try_into().unwrap())
    }
}

/// Entry `index` of a group: its index, then bytes that follow from both.
fn entry(group: u64, index: u64) -> BytesValue {
    let mut value = index.to_be_bytes().to_vec();
    value.extend((0..100 + index * 7 % 200).map(|byte| (byte * (group + 3) + index) as u8));
    let mut entry = BytesValue::new();
    entry.value = value;
    entry
}

fn open(disk: &Disk) -> raft_engine::Result<Engine<RaftFiles>> {
    let config = Config {
        dir: disk.root().join("log").to_str().unwrap().to_owned(),
        // So small that a short test rotates, purges, rewrites and uses files again.
        target_file_size: ReadableSize::kb(2),
        purge_threshold: ReadableSize::kb(4),
        recovery_threads: 1,
        ..Config::default()
    };
    Engine::open_with_file_system(config, Arc::new(disk.raft_file_system()))
}

/// What the log owes to its user, per group.
#[derive(Clone, Default)]
struct Promises {
    /// All entries up to here were synced before the write returned.
    last: [u64; GROUPS as usize],
    /// Entries up to here were given up.
    compacted: [u64; GROUPS as usize],
}

/// Writes `BATCHES` batches; three of four are synced, and promised if the disk had not crashed by then.
fn write_batches(disk: &Disk) -> Promises {
    let engine = open(disk).unwrap();
    let mut promised = Promises::default();
    let mut written = [0; GROUPS as usize];
    for number in 0..BATCHES {
        let group = number % GROUPS;
        let last = &mut written[group as usize];
        let entries: Vec<_> = (1..=1 + number % 3)
            .map(|ahead| entry(group, *last + ahead))
            .collect();
        *last += entries.len() as u64;
        let mut batch = LogBatch::default();
        batch.add_entries::<Bytes>(group, &entries).unwrap();
        batch
            .put(group, VOTE.to_vec(), last.to_be_bytes().to_vec())
            .unwrap();
        let synced = number % 4 != 1;
        engine.write(&mut batch, synced).unwrap();
        if synced && !disk.has_crashed() {
            promised.last = written;
        }
        if number % 12 == 11 {
            for group in 0..GROUPS {
                // What is to be given up may be gone before the call returns.
                let up_to = written[group as usize] - 4;
                if !disk.has_crashed() {
                    promised.compacted[group as usize] = up_to;
                }
                engine.compact_to(group, up_to);
            }
            engine.purge_expired_files().unwrap();
        }
    }
    promised
}

/// Every promise that the log on this disk does not keep.
fn losses(disk: &Disk, promised: &Promises) -> Vec<String> {
    let engine = match open(disk) {
        Ok(engine) => engine,
        Err(error) => return vec![format!("the log does not open: {error}")],
    };
    let mut losses = Vec::new();
    for group in 0..GROUPS {
        let (last, compacted) = (promised.last[group as usize], promised.compacted[group as usize]);
        let found_last = engine.last_index(group).unwrap_or(0);
        if found_last < last {
            losses.push(format!("group {group} ends at {found_last}, promised {last}"));
        }
        // What comes after the promised may be there, but then it is right and without gaps.
        for index in compacted + 1..=found_last {
            match engine.get_entry::<Bytes>(group, index) {
                Ok(Some(found)) if found == entry(group, index) => {}
                Ok(Some(_)) => losses.push(format!("group {group} has a wrong entry {index}")),
                Ok(None) => losses.push(format!("group {group} lacks entry {index}")),
                Err(error) => losses.push(format!("group {group}, entry {index}: {error}")),
            }
        }
        let vote = engine
            .get(group, VOTE)
            .map_or(0, |value| u64::from_be_bytes(value.try_into().unwrap()));
        if vote < last {
            losses.push(format!("group {group} has vote {vote}, promised {last}"));
        }
    }
    losses
}

fn steps() -> u64 {
    let disk = Disk::new();
    let promised = write_batches(&disk);
    assert_eq!(losses(&disk.crash(), &promised), [""; 0]);
    assert!(
        promised.last.iter().all(|&last| last >= 16),
        "{:?}",
        promised.last
    );
    assert!(
        !disk
            .exists(&disk.root().join("log/0000000000000001.raftlog"))
            .unwrap(),
        "files are purged"
    );
    disk.steps()
}

#[test]
fn r4_the_log_keeps_what_it_promised_at_every_step() {
    let steps = steps();
    assert!(steps > 150, "{steps} steps");
    for step in 0..=steps {
        let disk = Disk::new();
        disk.freeze_after(step);
        let promised = write_batches(&disk);
        assert_eq!(
            losses(&disk.crash(), &promised),
            [""; 0],
            "after step {step} of {steps}"
        );
        let left = disk.crash_with(step);
        assert_eq!(
            losses(&left, &promised),
            [""; 0],
            "after step {step} of {steps}, seed {step}"
        );
        // Recovery has cut a torn tail; a second crash, right after it, changes nothing.
        assert_eq!(
            losses(&left.crash(), &promised),
            [""; 0],
            "second crash, step {step}"
        );
    }
}

#[test]
fn on_a_lying_disk_the_log_is_found_to_lose() {
    let disk = Disk::lying();
    let promised = write_batches(&disk);
    assert!(!losses(&disk.crash(), &promised).is_empty());
    let caught = (0..20)
        .filter(|&seed| !losses(&disk.crash_with(seed), &promised).is_empty())
        .count();
    assert!(caught > 10, "{caught} of 20");
}

#[test]
fn a_full_disk_refuses_log_entries_and_loses_none() {
    let disk = Disk::new();
    let engine = open(&disk).unwrap();
    disk.full_after(10_000);
    let mut last = 0;
    let mut refused = 0;
    while refused < 5 {
        let mut batch = LogBatch::default();
        batch.add_entries::<Bytes>(0, &[entry(0, last + 1)]).unwrap();
        match engine.write(&mut batch, true) {
            Ok(_) => last += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(last > 20, "{last} entries fitted");
    disk.full_after(usize::MAX);
    let mut batch = LogBatch::default();
    batch.add_entries::<Bytes>(0, &[entry(0, last + 1)]).unwrap();
    engine.write(&mut batch, true).unwrap();

    let engine = open(&disk.crash()).unwrap();
    assert_eq!(engine.last_index(0), Some(last + 1));
    for index in 1..=last + 1 {
        assert_eq!(
            engine.get_entry::<Bytes>(0, index).unwrap(),
            Some(entry(0, index))
        );
    }
}

/// A trap in raft-engine 0.4.2: `Engine::sync` writes an empty batch, and for an empty batch `write` returns at once.
/// Whoever needs earlier writes durable must write something with `sync`.
#[test]
fn r4_the_engines_own_sync_syncs_nothing() {
    let disk = Disk::new();
    let engine = open(&disk).unwrap();
    let put = |key: &[u8], sync| {
        let mut batch = LogBatch::default();
        batch.put(0, key.to_vec(), b"value".to_vec()).unwrap();
        engine.write(&mut batch, sync).unwrap();
    };
    put(b"a", true);
    put(b"b", false);
    engine.sync().unwrap();
    let left = open(&disk.crash()).unwrap();
    assert!(left.get(0, b"a").is_some() && left.get(0, b"b").is_none());
    put(b"c", true);
    let left = open(&disk.crash()).unwrap();
    assert!(left.get(0, b"b").is_some() && left.get(0, b"c").is_some());
}
