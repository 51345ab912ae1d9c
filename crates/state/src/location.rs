//! Where a database lies, and how it is opened.

use crate::error::Fault;
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
}

impl Location {
    /// A file of the system's.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            vfs: None,
        }
    }

    pub(crate) fn open(&self, flags: OpenFlags) -> Result<Connection, Fault> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = match &self.vfs {
            Some(vfs) => Connection::open_with_flags_and_vfs(&self.path, flags, vfs.as_str())?,
            None => Connection::open_with_flags(&self.path, flags)?,
        };
        conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        // Without it SQLite plans a statement anew whenever a LIMIT or another value changes: a third of what a read of
        // a timeline cost. And the plan is then the same on each copy, whatever was bound.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        conn.busy_timeout(std::time::Duration::from_secs(10))?;
        Ok(conn)
    }
}
