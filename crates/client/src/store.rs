//! The client's databases: SQLite files, shared by any number of processes of the same user, encrypted by SQLCipher under the key that
//! lies beside them (see [`crate::place`]). What is cached is in one, what a person's messages need in one of their own
//! ([`crate::message`]).
//!
//! **Invariant:** nothing of a database is on disk in the clear; one of before that was is encrypted when it is opened.
//! **Invariant:** every change is one immediate transaction, and waits its turn for `BUSY_MS_MAX`; so two processes
//! can use the file at once, and neither sees half of what the other does.
//! **Invariant:** what is deleted is overwritten (`secure_delete`), and `Store::forget` leaves no copy in the
//! write-ahead log either: the key may be found one day.

use crate::failure::{Failure, Fault};
use crate::key::Key;
use crate::place::Place;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Params, Row, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long one process waits for another to finish its transaction. All are short.
const BUSY_MS_MAX: u64 = 5_000;

/// The name of the cache.
const CACHE: &str = "client";

/// How a database begins that is in the clear.
const CLEAR: &[u8; 16] = b"SQLite format 3\0";

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
    /// Opens the cache and brings its layout up to date.
    pub fn open(place: &Place) -> Result<Self, Fault> {
        let layouts = vec![
            M::up(include_str!("schema.sql")),
            M::up(include_str!("entries.sql")),
        ];
        Self::open_as(place, CACHE, layouts, |_| Ok(()))
    }

    /// Opens a database of this name and brings its layout up to date, with what another library wants in it.
    pub(crate) fn open_as(
        place: &Place,
        name: &str,
        layouts: Vec<M<'_>>,
        more: impl FnOnce(&mut Connection) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        let lock = place.layout_lock()?;
        finish_change(place)?;
        let (path, key) = (place.database(name)?, place.key()?);
        encrypt(&path, &key.for_database())?;
        let mut connection =
            opened(&path, &key)?.ok_or_else(|| Fault::WrongKey(path.display().to_string()))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        Migrations::new(layouts).to_latest(&mut connection)?;
        more(&mut connection)?;
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
        self.attempt(change)
    }

    /// One change, whole or not at all, which has reasons of its own not to be made.
    pub(crate) fn attempt<T, E: From<rusqlite::Error>>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
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

/// Opens a database; none if it is under another key.
fn opened(path: &Path, key: &Key) -> Result<Option<Connection>, Fault> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "key", &*key.for_database())?;
    connection.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
    let found = connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()));
    Ok(found.is_ok().then_some(connection))
}

/// Gives all databases of a place another key, which lies as `after` has it from then on.
///
/// What is broken off is finished by whoever opens a database next: the two keys lie in a file until then, under the new passphrase.
pub(crate) fn change_key(before: &Place, after: &Place) -> Result<(), Fault> {
    let _lock = before.layout_lock()?;
    finish_change(before)?;
    let (old, new) = (before.key()?, Key::random());
    for path in before.databases()? {
        let connection = opened(&path, &old)?.ok_or_else(|| Fault::WrongKey(path.display().to_string()))?;
        alone(&connection, &path)?;
    }
    after.begin_change(&new, &old)?;
    finish_change(after)
}

/// Finishes a change of the key that has begun. To be called under the [`Place::layout_lock`].
fn finish_change(place: &Place) -> Result<(), Fault> {
    let Some((new, old)) = place.next_key()? else {
        return Ok(());
    };
    for path in place.databases()? {
        // The old key first: what a crash has left half done is undone with it.
        if let Some(connection) = opened(&path, &old)? {
            alone(&connection, &path)?;
            connection.pragma_update(None, "rekey", &*new.for_database())?;
        } else if opened(&path, &new)?.is_none() {
            return Err(Fault::WrongKey(path.display().to_string()));
        }
    }
    place.end_change(&new)
}

/// Sees to it that nobody else has the database open, whom another key would surprise: only then it goes without a write-ahead log.
fn alone(connection: &Connection, path: &Path) -> Result<(), Fault> {
    connection.busy_timeout(Duration::ZERO)?;
    let mode =
        connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0));
    match mode {
        Ok(mode) if mode.eq_ignore_ascii_case("delete") => Ok(()),
        Ok(_) => Err(Fault::InUse(path.display().to_string())),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            Err(Fault::InUse(path.display().to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Encrypts a database that is in the clear. A crash leaves the old one or the new one.
fn encrypt(path: &Path, key: &str) -> Result<(), Fault> {
    let failed = |source| Fault::File {
        path: path.display().to_string(),
        source,
    };
    let mut head = [0; CLEAR.len()];
    let is_clear = File::open(path)
        .and_then(|mut file| file.read_exact(&mut head))
        .is_ok_and(|()| head == *CLEAR);
    if !is_clear {
        return Ok(());
    }
    let aside = path.with_extension("sealed");
    if aside.exists() {
        std::fs::remove_file(&aside).map_err(failed)?;
    }
    {
        let clear = Connection::open(path)?;
        clear.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        let layout: i64 = clear.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        clear.execute("ATTACH ?1 AS sealed KEY ?2", (aside.display().to_string(), key))?;
        clear.query_row("SELECT sqlcipher_export('sealed')", [], |_| Ok(()))?;
        clear.execute_batch(&format!("PRAGMA sealed.user_version = {layout}; DETACH sealed"))?;
    }
    let permissions = std::fs::metadata(path).map_err(failed)?.permissions();
    let sealed = File::open(&aside).map_err(failed)?;
    sealed.set_permissions(permissions).map_err(failed)?;
    sealed.sync_all().map_err(failed)?;
    std::fs::rename(&aside, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::{Store, alone, change_key, opened};
    use crate::failure::Fault;
    use crate::key::{Key, Passphrase};
    use crate::place::Place;
    use std::path::Path;
    use zeroize::Zeroizing;

    fn leaves_trace(directory: &Path, needle: &[u8]) -> bool {
        let files = std::fs::read_dir(directory).expect("listed");
        let contents = files.map(|file| std::fs::read(file.expect("a file").path()).expect("read"));
        contents
            .into_iter()
            .any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
    }

    fn fill(store: &Store) {
        for number in 0..500 {
            let text = format!("unmistakable {number}");
            store
                .execute("INSERT INTO line (person, text) VALUES ('ana', ?1)", [text])
                .expect("kept");
        }
    }

    fn lines(store: &Store) -> Option<u32> {
        store
            .first("SELECT count(*) FROM line", [], |row| row.get(0))
            .expect("counted")
    }

    #[test]
    fn nothing_is_on_disk_in_the_clear() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = Place::open(directory.path()).expect("a place");
        let store = Store::open(&place).expect("opens");
        fill(&store);
        for clear in [&b"unmistakable"[..], b"CREATE TABLE", b"SQLite format"] {
            assert!(!leaves_trace(directory.path(), clear));
        }
        drop(store);
        assert_eq!(lines(&Store::open(&place).expect("opens again")), Some(500));
        std::fs::write(directory.path().join("client.key"), "00".repeat(32)).expect("written");
        assert!(matches!(Store::open(&place), Err(Fault::WrongKey(_))));
    }

    fn chosen(typed: &str) -> Option<Passphrase> {
        Some(Passphrase::new(Zeroizing::new(typed.to_owned())))
    }

    #[test]
    fn under_a_passphrase_nothing_opens_without_it_and_the_key_is_another_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = || Place::open(directory.path()).expect("a place");
        let with = |typed: &str| place().with(chosen(typed));
        let store = Store::open(&place()).expect("opens");
        fill(&store);
        let before = place().key().expect("a key");
        let refused = change_key(&place(), &with("horse"));
        assert!(matches!(refused, Err(Fault::InUse(_))), "{refused:?}");
        drop(store);
        change_key(&place(), &with("horse")).expect("changed");
        assert!(matches!(Store::open(&place()), Err(Fault::Locked)));
        assert!(matches!(Store::open(&with("house")), Err(Fault::WrongPassphrase)));
        assert_eq!(lines(&Store::open(&with("horse")).expect("opens")), Some(500));
        // Whoever has the file of before has nothing of it.
        assert_ne!(with("horse").key().expect("a key"), before);
        change_key(&with("horse"), &place()).expect("changed");
        assert_eq!(lines(&Store::open(&place()).expect("opens")), Some(500));
    }

    #[test]
    fn a_change_of_the_key_that_was_broken_off_is_finished_at_the_next_opening() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = || Place::open(directory.path()).expect("a place");
        let after = || place().with(chosen("horse"));
        fill(&Store::open(&place()).expect("opens"));
        let layouts = vec![rusqlite_migration::M::up("CREATE TABLE thing (id INTEGER)")];
        let other = Store::open_as(&place(), "other", layouts, |_| Ok(()));
        drop(other.expect("opens"));
        let (old, new) = (place().key().expect("a key"), Key::random());
        after().begin_change(&new, &old).expect("written");
        // One of the databases has the new key already.
        let path = place().database("other").expect("a path");
        let connection = opened(&path, &old).expect("opens").expect("with this key");
        alone(&connection, &path).expect("nobody else");
        connection
            .pragma_update(None, "rekey", &*new.for_database())
            .expect("changed");
        drop(connection);
        assert!(matches!(Store::open(&place()), Err(Fault::Locked)));
        assert_eq!(lines(&Store::open(&after()).expect("opens")), Some(500));
        assert_eq!(after().key().expect("a key"), new);
        assert!(after().next_key().expect("read").is_none());
    }

    #[test]
    fn a_database_in_the_clear_is_encrypted_when_it_is_opened() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = Place::open(directory.path()).expect("a place");
        let path = place.database(super::CACHE).expect("a path");
        let clear = rusqlite::Connection::open(&path).expect("opens");
        clear
            .execute_batch(concat!(
                include_str!("schema.sql"),
                include_str!("entries.sql"),
                "PRAGMA user_version = 2; PRAGMA journal_mode = WAL;",
                "INSERT INTO line (person, text) VALUES ('ana', 'unmistakable');"
            ))
            .expect("as it was before");
        drop(clear);
        assert!(leaves_trace(directory.path(), b"unmistakable"));
        assert_eq!(lines(&Store::open(&place).expect("opens")), Some(1));
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
        assert_eq!(lines(&store), Some(200));
    }
}
