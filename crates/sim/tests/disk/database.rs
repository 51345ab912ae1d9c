//! SQLite on the forgetful disk.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Result};
use tertulia_sim::disk::Disk;

const COMMITS: u64 = 16;

/// How a database is to be written.
#[derive(Clone, Copy)]
struct Mode {
    journal: &'static str,
    synchronous: &'static str,
}

const NORMAL: Mode = Mode {
    journal: "wal",
    synchronous: "NORMAL",
};
const FULL: Mode = Mode {
    journal: "wal",
    synchronous: "FULL",
};

fn connect(disk: &Disk) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(
        disk.root().join("group.db"),
        flags,
        disk.register_vfs().as_str(),
    )?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

fn open(disk: &Disk, mode: Mode) -> Result<Connection> {
    let connection = connect(disk)?;
    connection.pragma_update(None, "page_size", 1024)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    let journal: String =
        connection.pragma_update_and_check(None, "journal_mode", mode.journal, |row| row.get(0))?;
    assert_eq!(journal, mode.journal);
    connection.pragma_update(None, "synchronous", mode.synchronous)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS dweet (id INTEGER PRIMARY KEY, text BLOB NOT NULL);
         CREATE INDEX IF NOT EXISTS dweet_text ON dweet (substr(text, 1, 8));
         CREATE TABLE IF NOT EXISTS last (one INTEGER PRIMARY KEY CHECK (one = 1), id INTEGER NOT NULL);",
    )?;
    Ok(connection)
}

fn text(id: u64) -> Vec<u8> {
    (0..id * 397 % 2500 + 10)
        .map(|byte| (byte * 31 + id * 17) as u8)
        .collect()
}

/// What the database owes to its user: commits are numbered from 1.
#[derive(Clone, Copy, Debug, Default)]
struct Promises {
    begun: u64,
    committed: u64,
    checkpointed: u64,
}

fn commit(connection: &mut Connection, id: u64) -> Result<()> {
    let tx = connection.transaction()?;
    tx.execute("INSERT INTO dweet (id, text) VALUES (?1, ?2)", (id, text(id)))?;
    tx.execute(
        "INSERT INTO last VALUES (1, ?1) ON CONFLICT DO UPDATE SET id = excluded.id",
        [id],
    )?;
    tx.commit()
}

/// Commits, and checkpoints now and then in each way there is, until all is done or the disk fails.
fn write_commits(disk: &Disk, mode: Mode, promised: &mut Promises) -> Result<()> {
    let mut connection = open(disk, mode)?;
    for id in 1..=COMMITS {
        promised.begun = id;
        commit(&mut connection, id)?;
        if disk.has_crashed() {
            continue;
        }
        promised.committed = id;
        let Some(how) = ["PASSIVE", "RESTART", "TRUNCATE"]
            .get((id / 4 % 3) as usize)
            .filter(|_| id % 4 == 0)
        else {
            continue;
        };
        let complete = connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| {
            Ok(row.get::<_, i64>(0)? == 0 && row.get::<_, i64>(1)? == row.get::<_, i64>(2)?)
        })?;
        if complete && !disk.has_crashed() {
            promised.checkpointed = id;
        }
    }
    Ok(())
}

/// The number of commits in the database, if it is exactly the state after that many; else what is wrong.
fn prefix(disk: &Disk) -> std::result::Result<u64, String> {
    let read = || -> Result<std::result::Result<u64, String>> {
        let connection = connect(disk)?;
        let integrity: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if integrity != "ok" {
            return Ok(Err(integrity));
        }
        let tables: u64 = connection.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table'",
            [],
            |row| row.get(0),
        )?;
        if tables < 2 {
            return Ok(Ok(0));
        }
        let mut rows = connection.prepare("SELECT id, text FROM dweet ORDER BY id")?;
        let found: Vec<(u64, Vec<u8>)> = rows
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_>>()?;
        let count = found.len() as u64;
        if found != (1..=count).map(|id| (id, text(id))).collect::<Vec<_>>() {
            return Ok(Err(format!("the {count} dweets are not the first {count}")));
        }
        let last: u64 =
            connection.query_row("SELECT coalesce(max(id), 0) FROM last", [], |row| row.get(0))?;
        Ok(if last == count {
            Ok(count)
        } else {
            Err(format!("{count} dweets, but the last is {last}"))
        })
    };
    read().unwrap_or_else(|error| Err(error.to_string()))
}

/// Is what is left a prefix of the commits that contains all that `owed` says?
fn loss(disk: &Disk, promised: &Promises, owed: u64) -> Option<String> {
    match prefix(disk) {
        Err(wrong) => Some(wrong),
        Ok(found) if found < owed || found > promised.begun => {
            Some(format!("{found} commits of {owed} owed"))
        }
        Ok(_) => None,
    }
}

fn owed(promised: &Promises, mode: Mode) -> u64 {
    if mode.synchronous == "NORMAL" {
        promised.checkpointed
    } else {
        promised.committed
    }
}

fn steps(mode: Mode) -> u64 {
    let disk = Disk::new();
    let mut promised = Promises::default();
    write_commits(&disk, mode, &mut promised).unwrap();
    assert_eq!(promised.committed, COMMITS);
    assert_eq!(prefix(&disk), Ok(COMMITS));
    disk.steps()
}

/// Crashes at every step, forgetting all and forgetting some; the disk fails or freezes in turn.
fn check_every_step(mode: Mode) {
    let steps = steps(mode);
    assert!(steps > 100, "{steps} steps");
    for step in 0..=steps {
        let disk = Disk::new();
        let fails = step % 2 == 0;
        if fails {
            disk.crash_after(step)
        } else {
            disk.freeze_after(step)
        }
        let mut promised = Promises::default();
        let outcome = write_commits(&disk, mode, &mut promised);
        assert!(
            outcome.is_ok() || fails,
            "a frozen disk fails nothing: {outcome:?}"
        );
        let owed = owed(&promised, mode);
        assert_eq!(
            loss(&disk.crash(), &promised, owed),
            None,
            "after step {step} of {steps}"
        );
        let left = disk.crash_with(step);
        assert_eq!(
            loss(&left, &promised, owed),
            None,
            "after step {step} of {steps}, seed {step}"
        );
        let found = prefix(&left);
        assert_eq!(prefix(&left.crash()), found, "recovery itself survives a crash");
    }
}

#[test]
fn wal_normal_keeps_a_prefix_and_what_was_checkpointed_at_every_step() {
    check_every_step(NORMAL);
}

#[test]
fn wal_full_keeps_every_commit_at_every_step() {
    check_every_step(FULL);
}

#[test]
fn a_rollback_journal_keeps_every_commit_only_if_its_removal_is_synced() {
    check_every_step(Mode {
        journal: "delete",
        synchronous: "EXTRA",
    });

    // SQLite says so of synchronous=FULL: the last transaction may roll back, and the disk shows it.
    let mode = Mode {
        journal: "delete",
        synchronous: "FULL",
    };
    let disk = Disk::new();
    let mut promised = Promises::default();
    write_commits(&disk, mode, &mut promised).unwrap();
    assert_eq!(prefix(&disk.crash()), Ok(COMMITS - 1));
}

#[test]
fn r4_wal_normal_loses_commits_until_the_wal_is_synced() {
    let disk = Disk::new();
    let mut connection = open(&disk, NORMAL).unwrap();
    connection
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    for id in 1..=5 {
        commit(&mut connection, id).unwrap();
    }
    assert_eq!(prefix(&disk.crash()), Ok(0), "so the log must not be cut yet");
    disk.open(&disk.root().join("group.db-wal"))
        .unwrap()
        .sync()
        .unwrap();
    assert_eq!(prefix(&disk.crash()), Ok(5), "a sync of the WAL is enough");
}

#[test]
fn on_a_lying_disk_the_database_is_found_to_lose() {
    for mode in [NORMAL, FULL] {
        // Lies from the middle on: until then the database is whole.
        let disk = Disk::new();
        drop(open(&disk, mode).unwrap());
        disk.lie();
        let mut promised = Promises::default();
        write_commits(&disk, mode, &mut promised).unwrap();
        let owed = owed(&promised, mode);
        assert!(loss(&disk.crash(), &promised, owed).is_some());
        let caught = (0..20)
            .filter(|&seed| loss(&disk.crash_with(seed), &promised, owed).is_some())
            .count();
        assert!(caught > 15, "{caught} of 20");
    }
}

#[test]
fn a_full_disk_refuses_a_commit_and_loses_none() {
    let disk = Disk::new();
    let mut connection = open(&disk, FULL).unwrap();
    disk.full_after(40_000);
    let mut last = 0;
    let refusal = loop {
        match commit(&mut connection, last + 1) {
            Ok(()) => last += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(
        refusal.sqlite_error_code(),
        Some(ErrorCode::DiskFull),
        "{refusal}"
    );
    assert!(last > 5, "{last} commits fitted");
    assert_eq!(prefix(&disk.crash()), Ok(last));
    assert!(commit(&mut connection, last + 1).is_err());
    disk.full_after(usize::MAX);
    commit(&mut connection, last + 1).unwrap();
    assert_eq!(prefix(&disk.crash()), Ok(last + 1));
}

#[test]
fn one_connection_writes_while_others_read() {
    const IDS: u64 = 300;
    let disk = Disk::new();
    let mut writer = open(&disk, NORMAL).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let connection = connect(&disk).unwrap();
                    let (mut seen, mut views) = (0, 0);
                    while seen < IDS {
                        assert!(Instant::now() < deadline, "saw {seen} of {IDS}");
                        let (count, max, last): (u64, u64, u64) = connection
                            .query_row(
                                "SELECT count(*), coalesce(max(id), 0), coalesce((SELECT id FROM last), 0) FROM dweet",
                                [],
                                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                            )
                            .unwrap();
                        assert!(count == max && max == last && max >= seen, "{count} {max} {last} after {seen}");
                        views += u64::from(max > seen);
                        seen = max;
                    }
                    views
                })
            })
            .collect();
        scope.spawn(|| {
            let checkpointer = connect(&disk).unwrap();
            let mut seen = 0;
            while seen < IDS {
                assert!(Instant::now() < deadline);
                checkpointer
                    .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
                    .unwrap();
                seen = checkpointer
                    .query_row("SELECT count(*) FROM dweet", [], |row| row.get(0))
                    .unwrap();
            }
        });
        for id in 1..=IDS {
            commit(&mut writer, id).unwrap();
        }
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
    drop(writer);
    assert_eq!(prefix(&disk.crash()), Ok(IDS), "the last to close checkpoints");
}
