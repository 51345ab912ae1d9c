//! Equal copies (rule R14): what could make them differ is denied, and what they store is digested.

use crate::error::Fault;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use sha2::{Digest, Sha256};

/// Denies the writer what could differ between two copies of the group (rule R14).
pub(crate) fn deny_what_differs(context: AuthContext<'_>) -> Authorization {
    const DENIED: [&str; 17] = [
        "random",
        "randomblob",
        "date",
        "time",
        "datetime",
        "julianday",
        "unixepoch",
        "strftime",
        "timediff",
        "current_date",
        "current_time",
        "current_timestamp",
        "last_insert_rowid",
        "changes",
        "total_changes",
        "sqlite_version",
        "sqlite_source_id",
    ];
    if let AuthAction::Function { function_name } = context.action
        && DENIED
            .iter()
            .any(|denied| function_name.eq_ignore_ascii_case(denied))
    {
        return Authorization::Deny;
    }
    Authorization::Allow
}

/// A digest of all rows of all tables, in the order of their keys.
pub(crate) fn digest(conn: &Connection) -> Result<[u8; 32], Fault> {
    let mut digest = Sha256::new();
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> = conn
        .prepare(sql)?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for table in tables {
        digest.update(table.as_bytes());
        let mut statement = conn.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                update_with(&mut digest, row.get_ref(column)?);
            }
        }
    }
    Ok(digest.finalize().into())
}

fn update_with(digest: &mut Sha256, value: rusqlite::types::ValueRef<'_>) {
    use rusqlite::types::ValueRef;
    let (tag, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => return digest.update([&[1][..], &number.to_be_bytes()].concat()),
        ValueRef::Real(number) => return digest.update([&[2][..], &number.to_bits().to_be_bytes()].concat()),
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(blob) => (4, blob),
    };
    digest.update([tag]);
    digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    digest.update(bytes);
}
