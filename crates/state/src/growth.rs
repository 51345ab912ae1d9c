//! How many people came and how much was written, day by day, as each group counts it.
//!
//! **Invariant:** what a group has counted stays with it when it is divided, and its child begins with nothing: so the sum over all groups
//! stays what it is.
//!
//! Deliberately absent: who. What was counted is not counted back when it is deleted.

use crate::error::{Fault, Outcome};
use crate::tx::{Tx, View};
use crate::verb::{Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::Position;

/// How many days are kept.
pub const DAYS_MAX: u64 = 400;
/// A day, in milliseconds.
const DAY_MS: u64 = 24 * 3_600_000;

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counted {
    Account,
    Dweet,
}

/// Counts one more, today.
pub(crate) fn count(tx: &mut Tx<'_>, what: Counted) -> Result<(), Fault> {
    let (accounts, dweets) = match what {
        Counted::Account => (1, 0),
        Counted::Dweet => (0, 1),
    };
    let sql = "INSERT INTO day (day, accounts, dweets) VALUES (?1, ?2, ?3)
               ON CONFLICT (day) DO UPDATE SET accounts = accounts + excluded.accounts, dweets = dweets + excluded.dweets";
    let today = tx.now_ms / DAY_MS;
    tx.write(sql, (today, accounts, dweets))?;
    Ok(())
}

/// The child of a split begins with nothing.
pub(crate) fn begin(tx: &mut Tx<'_>) -> Result<(), Fault> {
    tx.write("DELETE FROM day WHERE day >= 0", [])?;
    Ok(())
}

/// Forgets days long ago.
pub(crate) fn prune(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let before = (tx.now_ms / DAY_MS).saturating_sub(DAYS_MAX - 1);
    tx.write("DELETE FROM day WHERE day < ?1", [before])?;
    Ok(())
}

/// One day in one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Which: days since 1970.
    pub day: u64,
    /// Accounts that were made.
    pub accounts: u64,
    /// Dweets that were published.
    pub dweets: u64,
}

/// The days of one group, the oldest first; a day on which nothing happened is left out. Asked of all groups (rule T11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// At which group.
    pub at: Position,
    /// From which day on.
    pub from: u64,
}

impl Verb for Days {
    type Reply = Vec<Day>;

    fn home(&self) -> Position {
        self.at
    }
}

impl Query for Days {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<Day>> {
        let sql = "SELECT day, accounts, dweets FROM day WHERE day >= ?1 ORDER BY day LIMIT ?2";
        let day = |row: &Row<'_>| {
            Ok(Day {
                day: row.get(0)?,
                accounts: row.get(1)?,
                dweets: row.get(2)?,
            })
        };
        Ok(view.all(sql, (self.from, DAYS_MAX), day)?)
    }
}
