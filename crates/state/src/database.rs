//! One group's database on one machine (rule R1): the writer that applies the log, and readers.
//!
//! **Invariants**
//! - One `apply` is one transaction; the record of the consensus (`applied`) is written in it, so the file is always the
//!   state at some index of the log. After a crash it may lag behind the log, never run ahead of it.
//! - A refused command leaves no half effect (rule R13): if one is refused when it has written something, the batch is
//!   rolled back and applied again with a savepoint for each command. A `Fault` rolls back the whole batch and nothing of
//!   it is answered.
//! - SQL functions that could differ between copies (`random`, the date functions, …) are denied to the writer.
//!
//! SQLite runs in WAL mode with `synchronous = NORMAL`: a commit is not synced, the log is the durable truth.
//! [`Database::make_durable`] tells up to where the log may be cut (rule R4).
//!
//! Deliberately absent: threads, clocks and the network. The caller gives each batch its time.

use crate::digest::{deny_what_differs, digest};
use crate::error::{Error, Fault, Outcome, decode, encode};
use crate::event::Event;
use crate::language::{AnyCommand, AnyQuery, answer};
use crate::location::Location;
use crate::tx::{Birth, Descriptor, ORIGIN, Origin, Place, Side, Tx, UNTRIMMED, View, meta, set_meta};
use crate::verb::Query;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use serde::{Deserialize, Serialize};
use tertulia_types::Rejected;

/// The schema's versions, oldest first.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/01-schema.sql"),
    include_str!("../migrations/02-range.sql"),
    include_str!("../migrations/03-session.sql"),
    include_str!("../migrations/04-bookmark.sql"),
    include_str!("../migrations/05-order.sql"),
    include_str!("../migrations/06-ended.sql"),
    include_str!("../migrations/07-message.sql"),
    include_str!("../migrations/08-device.sql"),
    include_str!("../migrations/09-presence.sql"),
    include_str!("../migrations/10-moderation.sql"),
    include_str!("../migrations/11-expired.sql"),
];

/// Page cache of the writer and of each reader, in KiB.
const WRITER_CACHE_KIB: i32 = 16_384;
const READER_CACHE_KIB: i32 = 4_096;

/// The payload of one log entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The leader's clock when it was proposed, milliseconds since 1970 (rule C3).
    pub stamp_ms: u64,
    /// Encoded [`AnyCommand`]s, applied in order.
    pub commands: Vec<Vec<u8>>,
}

impl Proposal {
    /// Whether there is a split in it: told by the commands' numbers, without reading them.
    #[must_use]
    pub fn may_split(&self) -> bool {
        let split = |command: &Vec<u8>| AnyCommand::kind_of(command) == Some(AnyCommand::SPLIT);
        self.commands.iter().any(split)
    }
}

/// A proposal, and where it stands in the group's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// The index of its entry.
    pub index: u64,
    /// Whether the membership that was applied before it is settled, and not joint (rule R6).
    pub is_settled: bool,
    /// The proposal.
    pub proposal: Proposal,
}

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Applied {
    /// For each proposal, for each of its commands: the postcard of `Result<Reply, Rejected>`.
    pub replies: Vec<Vec<Vec<u8>>>,
    /// What became visible.
    pub events: Vec<Event>,
}

/// How far a checkpoint goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// As far as readers allow; never waits.
    Passive,
    /// All of it, and the WAL begins anew.
    Restart,
}

/// The writer: exactly one per group and machine.
#[derive(Debug)]
pub struct Database {
    conn: Connection,
    location: Location,
    descriptor: Descriptor,
    applied: Vec<u8>,
    last_stamp_ms: u64,
    origin: Option<Origin>,
    is_trimmed: bool,
}

impl Database {
    /// Makes the database of a new group.
    ///
    /// # Errors
    /// If there is a group in the file already, or it cannot be written.
    pub fn create(location: &Location, descriptor: Descriptor) -> Result<Self, Fault> {
        let mut conn = writer(location, OpenFlags::SQLITE_OPEN_CREATE)?;
        migrate(&mut conn)?;
        let tx = conn.transaction()?;
        if tx.query_row("SELECT EXISTS (SELECT 1 FROM meta)", [], |row| row.get(0))? {
            return Err(Fault::Damaged("there is a group in the file already"));
        }
        set_meta(&tx, "descriptor", &encode(&descriptor)?)?;
        set_meta(&tx, "applied", &[])?;
        set_meta(&tx, "last_stamp_ms", &encode(&0_u64)?)?;
        tx.commit()?;
        Self::with(conn, location)
    }

    /// Opens the database of a group that is there, and brings its schema to this version.
    ///
    /// # Errors
    /// If it is not there, is damaged, or was written by a newer version.
    pub fn open(location: &Location) -> Result<Self, Fault> {
        let mut conn = writer(location, OpenFlags::empty())?;
        migrate(&mut conn)?;
        Self::with(conn, location)
    }

    fn with(conn: Connection, location: &Location) -> Result<Self, Fault> {
        let descriptor = decode("descriptor", &meta(&conn, "descriptor")?)?;
        let applied = meta(&conn, "applied")?;
        let last_stamp_ms = decode("last stamp", &meta(&conn, "last_stamp_ms")?)?;
        conn.authorizer(Some(deny_what_differs));
        let mut database = Self {
            conn,
            location: location.clone(),
            descriptor,
            applied,
            last_stamp_ms,
            origin: None,
            is_trimmed: true,
        };
        database.look_at_range()?;
        Ok(database)
    }

    fn look_at_range(&mut self) -> Result<(), Fault> {
        let view = View {
            conn: &self.conn,
            now_ms: 0,
            descriptor: self.descriptor,
        };
        let origin = view.record(ORIGIN)?;
        self.is_trimmed = view.counter(UNTRIMMED)? == 0;
        self.origin = origin.map(|origin| decode("origin", &origin)).transpose()?;
        Ok(())
    }

    /// What the group is.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        self.descriptor
    }

    /// Where it lies.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// By which split the group was born, if by one.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        self.origin
    }

    /// Whether rows of the other half of a split may still be here.
    #[must_use]
    pub fn is_trimmed(&self) -> bool {
        self.is_trimmed
    }

    /// The consensus's record as of the last batch; empty in a new database.
    #[must_use]
    pub fn applied(&self) -> &[u8] {
        &self.applied
    }

    /// The stamp of the last batch: no later command is stamped before it (rule C3).
    #[must_use]
    pub fn last_stamp_ms(&self) -> u64 {
        self.last_stamp_ms
    }

    /// Applies log entries in order, in one transaction, and stores the consensus's record with them.
    ///
    /// # Errors
    /// A fault; then nothing of the batch is stored.
    pub fn apply(&mut self, entries: &[Placed], applied: &[u8]) -> Result<Applied, Fault> {
        self.store(entries, Side::Parent, applied)
    }

    /// What an entry gives birth to if it is applied now. Nothing changes.
    ///
    /// # Errors
    /// A fault.
    pub fn foresee(&mut self, entry: &Placed) -> Result<Option<Birth>, Fault> {
        if !entry.proposal.may_split() {
            return Ok(None);
        }
        let transaction = self
            .conn
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let batch = Batch {
            entries: std::slice::from_ref(entry),
            side: Side::Parent,
            undo: Undo::EachCommand,
        };
        let outcome = batch.carry_out(&transaction, self.descriptor, self.last_stamp_ms)?;
        transaction.rollback()?;
        Ok(outcome.and_then(|outcome| outcome.birth))
    }

    /// Makes the child of this database, which is a copy of the parent's as of just before the entry: applies the entry up
    /// to its split, and is the lower half from then on. Nothing is synced any more: that is left to whoever takes the file in.
    ///
    /// # Errors
    /// A fault; also if the entry gives birth to nothing.
    pub fn become_child(&mut self, entry: &Placed, applied: &[u8]) -> Result<(), Fault> {
        let parent = self.descriptor.group;
        // A copy counts when it is whole, and whoever takes it in syncs it then.
        self.conn.pragma_update(None, "synchronous", "OFF")?;
        self.store(std::slice::from_ref(entry), Side::Child, applied)?;
        if self.descriptor.group == parent {
            return Err(Fault::Damaged("an entry gave birth to nothing"));
        }
        Ok(())
    }

    /// Makes another group of this one, with all that it stores: the one that goes on when this one's majority is lost for good
    /// (rule V4). Whatever it was born of does not matter any more.
    ///
    /// # Errors
    /// A fault; then it is as it was.
    pub fn become_another(&mut self, descriptor: Descriptor, applied: &[u8]) -> Result<(), Fault> {
        self.become_changed(descriptor, applied, 0, |_| Ok(()))
    }

    /// The same; in the same transaction more is changed, and nothing will be stamped before `not_before_ms`.
    pub(crate) fn become_changed(
        &mut self,
        descriptor: Descriptor,
        applied: &[u8],
        not_before_ms: u64,
        change: impl FnOnce(&Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let stamp_ms = self.last_stamp_ms.max(not_before_ms);
        let transaction = self
            .conn
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        set_meta(&transaction, "descriptor", &encode(&descriptor)?)?;
        set_meta(&transaction, "applied", applied)?;
        set_meta(&transaction, "last_stamp_ms", &encode(&stamp_ms)?)?;
        transaction.execute("DELETE FROM meta WHERE key = ?1", [ORIGIN])?;
        change(&transaction)?;
        transaction.commit()?;
        self.descriptor = descriptor;
        self.applied = applied.to_vec();
        self.last_stamp_ms = stamp_ms;
        self.look_at_range()
    }

    fn store(&mut self, entries: &[Placed], side: Side, applied: &[u8]) -> Result<Applied, Fault> {
        match self.attempt(entries, side, applied, Undo::Nothing)? {
            Some(result) => Ok(result),
            None => {
                let careful = self.attempt(entries, side, applied, Undo::EachCommand)?;
                careful.ok_or(Fault::Damaged("a command could not be undone"))
            }
        }
    }

    /// One attempt at a batch; `None` if a command would have to be undone and cannot be. Then nothing is stored.
    fn attempt(
        &mut self,
        entries: &[Placed],
        side: Side,
        applied: &[u8],
        undo: Undo,
    ) -> Result<Option<Applied>, Fault> {
        let transaction = self
            .conn
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let batch = Batch { entries, side, undo };
        let Some(outcome) = batch.carry_out(&transaction, self.descriptor, self.last_stamp_ms)? else {
            return Ok(None);
        };
        set_meta(&transaction, "applied", applied)?;
        if outcome.stamp_ms != self.last_stamp_ms {
            set_meta(&transaction, "last_stamp_ms", &encode(&outcome.stamp_ms)?)?;
        }
        transaction.commit()?;
        self.last_stamp_ms = outcome.stamp_ms;
        self.applied = applied.to_vec();
        self.descriptor = outcome.descriptor;
        if outcome.has_range_changed {
            self.look_at_range()?;
        }
        Ok(Some(outcome.applied))
    }

    /// Moves pages from the WAL into the file.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn checkpoint(&mut self, how: Checkpoint) -> Result<(), Fault> {
        let sql = match how {
            Checkpoint::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
            Checkpoint::Restart => "PRAGMA wal_checkpoint(RESTART)",
        };
        self.conn.query_row(sql, [], |_| Ok(()))?;
        Ok(())
    }

    /// Moves everything into the file and closes it, so that the file is all there is.
    ///
    /// # Errors
    /// If the disk fails, or somebody reads it.
    pub fn close(self) -> Result<(), Fault> {
        let busy: bool = self
            .conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            return Err(Fault::Damaged("somebody else has it open"));
        }
        Ok(self.conn.close().map_err(|(_, error)| error)?)
    }

    /// Makes all that was applied so far safe against a loss of power: what [`Self::applied`] says now may be cut from
    /// the log (rule R4). Costs one sync.
    ///
    /// # Errors
    /// If the sync fails. The caller must then abort the process.
    pub fn make_durable(&mut self) -> Result<(), Fault> {
        // A commit with `synchronous = FULL` syncs the WAL, and a sync covers all that was written to the file before.
        self.conn.pragma_update(None, "synchronous", "FULL")?;
        let written = self.write_again();
        self.conn.pragma_update(None, "synchronous", "NORMAL")?;
        written
    }

    /// Commits the record as it is, by way of another: SQLite does not write a row that has not changed, and a commit
    /// that writes nothing syncs nothing.
    fn write_again(&mut self) -> Result<(), Fault> {
        let transaction = self
            .conn
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        set_meta(&transaction, "applied", &[&self.applied[..], &[0]].concat())?;
        set_meta(&transaction, "applied", &self.applied)?;
        Ok(transaction.commit()?)
    }

    /// A digest of all that this copy stores: equal logs give equal digests (rule R14).
    ///
    /// # Errors
    /// If the disk fails.
    pub fn digest(&self) -> Result<[u8; 32], Fault> {
        digest(&self.conn)
    }
}

/// Entries that are applied in one transaction.
struct Batch<'a> {
    entries: &'a [Placed],
    side: Side,
    undo: Undo,
}

/// What applying a batch came to.
struct BatchOutcome {
    applied: Applied,
    stamp_ms: u64,
    descriptor: Descriptor,
    has_range_changed: bool,
    birth: Option<Birth>,
}

impl Batch<'_> {
    /// Applies the entries; `None` if a command would have to be undone and cannot be. A child is complete with its birth.
    fn carry_out(
        &self,
        conn: &Connection,
        descriptor: Descriptor,
        stamp_ms: u64,
    ) -> Result<Option<BatchOutcome>, Fault> {
        let mut outcome = BatchOutcome {
            applied: Applied::default(),
            stamp_ms,
            descriptor,
            has_range_changed: false,
            birth: None,
        };
        for entry in self.entries {
            outcome.stamp_ms = outcome.stamp_ms.max(entry.proposal.stamp_ms);
            let view = View {
                conn,
                now_ms: outcome.stamp_ms,
                descriptor: outcome.descriptor,
            };
            let mut tx = Tx {
                view,
                events: std::mem::take(&mut outcome.applied.events),
                place: Place {
                    index: entry.index,
                    is_settled: entry.is_settled,
                    side: self.side,
                },
                has_range_changed: false,
                birth: None,
            };
            let mut replies = Vec::with_capacity(entry.proposal.commands.len());
            for command in &entry.proposal.commands {
                let Some(reply) = execute(&mut tx, command, self.undo)? else {
                    return Ok(None);
                };
                replies.push(reply);
                if self.side == Side::Child && tx.birth.is_some() {
                    break;
                }
            }
            outcome.applied.events = tx.events;
            outcome.applied.replies.push(replies);
            outcome.descriptor = tx.view.descriptor;
            outcome.has_range_changed |= tx.has_range_changed;
            outcome.birth = outcome.birth.or(tx.birth);
        }
        Ok(Some(outcome))
    }
}

/// A read-only connection. Opened once per thread and group, and kept.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
}

impl Reader {
    /// Opens the file for reading.
    ///
    /// # Errors
    /// If it is not there or cannot be read.
    pub fn open(location: &Location) -> Result<Self, Fault> {
        // Not SQLITE_OPEN_READ_ONLY: the first reader after a crash must be able to recover the WAL.
        let conn = location.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        conn.pragma_update(None, "query_only", true)?;
        conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(Self { conn })
    }

    /// Answers a query in one read transaction, which also checks that the group owns what is asked for (rule C2).
    ///
    /// # Errors
    /// A fault; a refusal is in the inner result.
    pub fn query<Q: Query>(&mut self, query: &Q, now_ms: u64) -> Result<Result<Q::Reply, Rejected>, Fault> {
        self.with_view(now_ms, |view| answer(query, view))
    }

    /// Answers a query that came from another machine: the postcard of `Result<Reply, Rejected>`.
    ///
    /// # Errors
    /// A fault; also when the bytes are no query.
    pub fn query_bytes(&mut self, query: &[u8], now_ms: u64) -> Result<Vec<u8>, Fault> {
        let query = AnyQuery::from_bytes(query)?;
        match self.with_view(now_ms, |view| query.answer(view))? {
            Ok(reply) => Ok(success(&reply)),
            Err(rejected) => refusal(&rejected),
        }
    }

    /// Copies the database as it is now, complete and synced, to a place where no file is yet. Writers go on meanwhile.
    /// Returns the consensus's record in the copy.
    ///
    /// # Errors
    /// If either file fails.
    pub fn copy_to(&self, target: &Location) -> Result<Vec<u8>, Fault> {
        let mut copy = target.open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        copy.pragma_update(None, "synchronous", "FULL")?;
        rusqlite::backup::Backup::new(&self.conn, &mut copy)?.step(-1)?;
        let applied = meta(&copy, "applied")?;
        copy.close().map_err(|(_, error)| error)?;
        Ok(applied)
    }

    /// See [`Database::digest`].
    ///
    /// # Errors
    /// If the disk fails.
    pub fn digest(&self) -> Result<[u8; 32], Fault> {
        digest(&self.conn)
    }

    fn with_view<T>(
        &mut self,
        now_ms: u64,
        read: impl FnOnce(&View<'_>) -> Outcome<T>,
    ) -> Result<Result<T, Rejected>, Fault> {
        let transaction = self.conn.transaction()?;
        let descriptor = decode("descriptor", &meta(&transaction, "descriptor")?)?;
        let outcome = read(&View {
            conn: &transaction,
            now_ms,
            descriptor,
        });
        transaction.finish()?;
        match outcome {
            Ok(value) => Ok(Ok(value)),
            Err(Error::Rejected(rejected)) => Ok(Err(rejected)),
            Err(Error::Fault(fault)) => Err(fault),
        }
    }
}

/// What a batch is prepared to undo. Nearly all refusals come before the command has written anything, and a savepoint for
/// each command costs it a tenth of its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Undo {
    Nothing,
    EachCommand,
}

/// The encoded reply; `None` if the command was refused when it had written something, and there is no savepoint.
fn execute(tx: &mut Tx<'_>, command: &[u8], undo: Undo) -> Result<Option<Vec<u8>>, Fault> {
    let command = AnyCommand::from_bytes(command)?;
    let told = tx.events.len();
    let written = tx.view.conn.total_changes();
    if undo == Undo::EachCommand {
        tx.write("SAVEPOINT command", [])?;
    }
    let reply = match command.execute(tx) {
        Ok(reply) => success(&reply),
        Err(Error::Rejected(rejected)) => {
            tx.events.truncate(told);
            if undo == Undo::EachCommand {
                tx.write("ROLLBACK TO command", [])?;
            } else if tx.view.conn.total_changes() != written {
                return Ok(None);
            }
            refusal(&rejected)?
        }
        Err(Error::Fault(fault)) => return Err(fault),
    };
    if undo == Undo::EachCommand {
        tx.write("RELEASE command", [])?;
    }
    Ok(Some(reply))
}

/// The postcard of `Ok(reply)`: variant 0 and then the reply's own bytes.
fn success(reply: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(reply.len() + 1);
    bytes.push(0);
    bytes.extend_from_slice(reply);
    bytes
}

fn refusal(rejected: &Rejected) -> Result<Vec<u8>, Fault> {
    encode(&Err::<(), _>(rejected))
}

fn writer(location: &Location, create: OpenFlags) -> Result<Connection, Fault> {
    let conn = location.open(OpenFlags::SQLITE_OPEN_READ_WRITE | create)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(conn)
}

fn migrate(conn: &mut Connection) -> Result<(), Fault> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(Fault::Version { found, known });
    }
    Migrations::new(MIGRATIONS.iter().map(|sql| M::up(sql)).collect()).to_latest(conn)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Database, Location};
    use crate::tx::Descriptor;
    use tertulia_types::Range;

    #[test]
    fn r14_the_writer_is_denied_what_could_differ_between_copies() {
        let dir = tempfile::TempDir::new().expect("a directory");
        let descriptor = Descriptor {
            group: 1,
            range: Range::whole(),
            epoch: 1,
        };
        let location = Location::file(dir.path().join("group.db"));
        let database = Database::create(&location, descriptor).expect("a database");
        let differing = [
            "random()",
            "hex(randomblob(4))",
            "date('now')",
            "TIME('now')",
            "datetime()",
            "julianday()",
            "unixepoch()",
            "strftime('%s')",
            "timediff('now', 'now')",
            "CURRENT_DATE",
            "CURRENT_TIME",
            "CURRENT_TIMESTAMP",
            "last_insert_rowid()",
            "changes()",
            "total_changes()",
            "sqlite_version()",
            "sqlite_source_id()",
        ];
        for function in differing {
            let error = database
                .conn
                .prepare(&format!("SELECT {function}"))
                .expect_err(function);
            assert!(
                error.to_string().contains("not authorized to use function"),
                "{error}"
            );
        }
        assert!(
            database
                .conn
                .prepare("SELECT max(1, 2), coalesce(NULL, 1)")
                .is_ok()
        );
    }
}
