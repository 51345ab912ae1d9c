//! The client's database: one SQLite file, shared by any number of processes of the same user.
//!
//! **Invariant:** every change is one immediate transaction, and waits its turn for `BUSY_MS_MAX`; so two processes
//! can use the file at once, and neither sees half of what the other does.
//! **Invariant:** what is deleted is overwritten (`secure_delete`), and `Store::forget` leaves no copy in the
//! write-ahead log either.

use crate::failure::{Failure, Fault};
use crate::place::Place;
use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long one process waits for another to finish its transaction. All are short.
const BUSY_MS_MAX: u64 = 5_000;

/// The tables that hold rows of a person.
const PERSONAL: [&str; 8] = [
    "person", "attempt", "profile", "view", "entry", "listing", "line", "met",
];

/// The open database.
#[derive(Debug)]
pub struct Store {
    /// Held for the length of one statement or transaction, never across a wait for the network.
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the database and brings its layout up to date.
    pub fn open(place: &Place) -> Result<Self, Fault> {
        let lock = place.layout_lock()?;
        let mut connection = Connection::open(place.database()?)?;
        connection.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        let layouts = vec![
            M::up(include_str!("schema.sql")),
            M::up(include_str!("entries.sql")),
        ];
        Migrations::new(layouts).to_latest(&mut connection)?;
        drop(lock);
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    /// One change, whole or not at all.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut connection = self.lock();
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = change(&tx)?;
        tx.commit()?;
        Ok(value)
    }

    /// One statement that changes something.
    pub(crate) fn execute(&self, sql: &str, params: impl Params) -> Result<usize, Failure> {
        Ok(self.lock().execute(sql, params)?)
    }

    /// The first row of a query, if there is one.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Failure> {
        Ok(self.lock().query_row(sql, params, read).optional()?)
    }

    /// All rows of a query.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Failure> {
        let connection = self.lock();
        let mut statement = connection.prepare(sql)?;
        let rows = statement
            .query_map(params, read)?
            .collect::<rusqlite::Result<_>>()?;
        Ok(rows)
    }

    /// Removes all that the person left, so that nothing of it can be read from the file again.
    pub(crate) fn forget(&self, nick: &str) -> Result<(), Failure> {
        self.change(|tx| {
            for table in PERSONAL {
                let column = if table == "person" { "nick" } else { "person" };
                tx.execute(&format!("DELETE FROM {table} WHERE {column} = ?1"), [nick])?;
            }
            Ok(())
        })?;
        self.scrub()
    }

    /// Leaves nothing of what was deleted or overwritten in the files.
    pub(crate) fn scrub(&self) -> Result<(), Failure> {
        let connection = self.lock();
        connection.execute_batch("VACUUM")?;
        // Another process that is reading keeps the log from being cut; then it is cut when that one closes.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Store;
    use crate::place::Place;
    use std::path::Path;

    fn leaves_trace(directory: &Path, needle: &[u8]) -> bool {
        let files = std::fs::read_dir(directory).expect("listed");
        let contents = files.map(|file| std::fs::read(file.expect("a file").path()).expect("read"));
        contents
            .into_iter()
            .any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
    }

    #[test]
    fn what_was_forgotten_is_in_no_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(&Place::open(directory.path()).expect("a place")).expect("opens");
        for number in 0..500 {
            let text = format!("unmistakable {number}");
            store
                .execute("INSERT INTO line (person, text) VALUES ('ana', ?1)", [text])
                .expect("kept");
        }
        assert!(leaves_trace(directory.path(), b"unmistakable"));
        store.forget("ana").expect("forgotten");
        assert!(!leaves_trace(directory.path(), b"unmistakable"));
    }

    #[test]
    fn two_processes_may_open_and_write_at_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = Place::open(directory.path()).expect("a place");
        std::thread::scope(|scope| {
            for who in ["ana", "bob", "eva", "leo"] {
                let place = &place;
                scope.spawn(move || {
                    let store = Store::open(place).expect("opens");
                    for number in 0..50 {
                        let changed = store.change(|tx| {
                            let sql = "INSERT INTO line (person, text) VALUES (?1, ?2)";
                            Ok(tx.execute(sql, (who, number.to_string()))?)
                        });
                        assert_eq!(changed.expect("kept"), 1);
                    }
                });
            }
        });
        let store = Store::open(&place).expect("opens");
        let count: Option<u32> = store
            .first("SELECT count(*) FROM line", [], |row| row.get(0))
            .expect("counted");
        assert_eq!(count, Some(200));
    }
}
