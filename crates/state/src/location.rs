//! Where a database lies, and how it is opened.

use crate::error::Fault;
use crate::key::DataKey;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};

/// Statements that a connection keeps prepared: all of ours fit.
const STATEMENTS_MAX: usize = 256;

/// Where a database lies.
#[derive(Clone, Debug)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// A registered SQLite VFS instead of the system's files: for tests over a disk that forgets.
    pub vfs: Option<String>,
    /// Under which key it is encrypted, with all that SQLite keeps beside it; `None`: it lies in the clear.
    pub key: Option<DataKey>,
}

impl Location {
    /// A file of the system's.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            vfs: None,
            key: None,
        }
    }

    /// Copies a database that lies in the clear to another file, under that one's key.
    ///
    /// # Errors
    /// If that one has no key, or either file fails.
    pub fn encrypt_to(&self, target: &Self) -> Result<(), Fault> {
        let key = target.key.as_ref();
        let key = key.ok_or(Fault::Damaged("there is no key to encrypt a database under"))?;
        // What is attached is opened as the first one is, and this one is to be made.
        let clear = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let layout: i64 = clear.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let path = target.path.to_string_lossy();
        clear.execute("ATTACH ?1 AS sealed KEY ?2", (&*path, &**key.for_database()))?;
        clear.query_row("SELECT sqlcipher_export('sealed')", [], |_| Ok(()))?;
        clear.pragma_update(Some("sealed"), "user_version", layout)?;
        clear.execute("DETACH sealed", [])?;
        clear.close().map_err(|(_, error)| error)?;
        Ok(())
    }

    pub(crate) fn open(&self, flags: OpenFlags) -> Result<Connection, Fault> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = match &self.vfs {
            Some(vfs) => Connection::open_with_flags_and_vfs(&self.path, flags, vfs.as_str())?,
            None => Connection::open_with_flags(&self.path, flags)?,
        };
        if let Some(key) = &self.key {
            // Before anything else: it only says how pages are read from now on.
            conn.pragma_update(None, "key", &*key.for_database())?;
        }
        conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        // Without it SQLite plans a statement anew whenever a LIMIT or another value changes: a third of what a read of
        // a timeline cost. And the plan is then the same on each copy, whatever was bound.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        conn.busy_timeout(std::time::Duration::from_secs(10))?;
        Ok(conn)
    }
}
