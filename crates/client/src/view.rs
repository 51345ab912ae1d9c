//! What was last seen, kept on disk for the time when no machine answers.
//!
//! A view is a list that a person looks at: home, the dweets of a profile, a thread, notifications. Its rows are kept
//! newest first, at most `ROWS_MAX` of each.
//!
//! **Invariant:** a page that comes from the ring replaces what was kept of the same stretch, so what was deleted
//! meanwhile goes from here too.

use crate::client::Client;
use crate::dweet::Dweet;
use crate::failure::{Failure, Fault};
use crate::time::now;
use rusqlite::Transaction;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tertulia_types::entity::Timestamp;

/// How many rows of a view are kept.
const ROWS_MAX: u32 = 400;

/// Something that came from the ring just now, or from this computer because no machine answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen<T> {
    /// What was seen.
    pub what: T,
    /// When it was seen, if that was not now.
    pub as_of: Option<Timestamp>,
}

impl<T> Seen<T> {
    /// Something that came from the ring just now.
    #[must_use]
    pub fn now(what: T) -> Self {
        Self { what, as_of: None }
    }

    /// The same, with another content.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Seen<U> {
        Seen {
            what: change(self.what),
            as_of: self.as_of,
        }
    }
}

/// A row that can be kept: what it is sorted by, and of which dweet it speaks.
pub(crate) trait Keep: Serialize + DeserializeOwned {
    fn sort(&self) -> i64;
    fn dweet(&self) -> &str;
    fn nicks(&self) -> Vec<&str>;
}

impl Keep for Dweet {
    fn sort(&self) -> i64 {
        Dweet::sort(self)
    }

    fn dweet(&self) -> &str {
        &self.id
    }

    fn nicks(&self) -> Vec<&str> {
        let by = self.redweeted_by.as_ref().map(|author| author.nick.as_str());
        std::iter::once(self.author.nick.as_str()).chain(by).collect()
    }
}

/// A dweet in a view whose order is not that of the ids.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Placed {
    /// Rows stand in the order of their places, the least first.
    pub(crate) place: i64,
    pub(crate) dweet: Dweet,
}

impl Placed {
    pub(crate) fn new(place: i64, dweet: &Dweet) -> Self {
        Self {
            place,
            dweet: dweet.clone(),
        }
    }
}

impl Keep for Placed {
    fn sort(&self) -> i64 {
        -self.place
    }

    fn dweet(&self) -> &str {
        &self.dweet.id
    }

    fn nicks(&self) -> Vec<&str> {
        self.dweet.nicks()
    }
}

impl Client {
    /// Keeps a page of a view. `from` is the row that the page was asked to follow: none for the newest page.
    pub(crate) fn keep<T: Keep>(&self, view: &str, rows: &[T], from: Option<i64>) -> Result<(), Failure> {
        let me = self.me()?;
        self.store.change(|tx| {
            tx.execute(
                "INSERT OR REPLACE INTO view VALUES (?1, ?2, ?3)",
                (&me.nick, view, now().unix_ms),
            )?;
            let newest = from.map_or(i64::MAX, |from| from - 1);
            let oldest = rows.iter().map(Keep::sort).min().unwrap_or(0);
            let sql = "DELETE FROM entry WHERE person = ?1 AND view = ?2 AND sort BETWEEN ?3 AND ?4";
            tx.execute(sql, (&me.nick, view, oldest, newest))?;
            put(tx, &me.nick, view, rows)
        })
    }

    /// Keeps rows beside those that are kept already.
    pub(crate) fn add<T: Keep>(&self, view: &str, rows: &[T]) -> Result<(), Failure> {
        let me = self.me()?;
        self.store.change(|tx| {
            tx.execute(
                "INSERT OR REPLACE INTO view VALUES (?1, ?2, ?3)",
                (&me.nick, view, now().unix_ms),
            )?;
            put(tx, &me.nick, view, rows)
        })
    }

    /// What is kept of a view, from below the row `from` on, if it was ever seen.
    pub(crate) fn kept<T: Keep>(
        &self,
        view: &str,
        from: Option<i64>,
        limit: usize,
    ) -> Result<Option<Seen<Vec<T>>>, Failure> {
        let me = self.me()?;
        let sql = "SELECT seen_ms FROM view WHERE person = ?1 AND name = ?2";
        let Some(seen_ms) = self
            .store
            .first(sql, (&me.nick, view), |row| row.get::<_, i64>(0))?
        else {
            return Ok(None);
        };
        let sql = "SELECT body FROM entry WHERE person = ?1 AND view = ?2 AND sort < ?3 ORDER BY sort DESC LIMIT ?4";
        let before = from.unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let bodies = self.store.all(sql, (&me.nick, view, before, limit), |row| {
            row.get::<_, String>(0)
        })?;
        let rows = bodies
            .iter()
            .map(|body| serde_json::from_str(body))
            .collect::<Result<_, _>>();
        let as_of = Some(Timestamp::from_unix_ms(seen_ms));
        Ok(Some(Seen {
            what: rows.map_err(Fault::Row)?,
            as_of,
        }))
    }

    /// What is kept of a view, if `failure` says that no machine answered; else the failure.
    pub(crate) fn kept_after<T: Keep>(
        &self,
        failure: Failure,
        view: &str,
        from: Option<i64>,
        limit: usize,
    ) -> Result<Seen<Vec<T>>, Failure> {
        if !failure.is_unreachable() {
            return Err(failure);
        }
        self.kept(view, from, limit)?.ok_or(failure)
    }
}

fn put<T: Keep>(tx: &Transaction<'_>, nick: &str, view: &str, rows: &[T]) -> Result<(), Failure> {
    for row in rows {
        let body = serde_json::to_string(row).map_err(Fault::Row)?;
        let sql = "INSERT OR REPLACE INTO entry VALUES (?1, ?2, ?3, ?4, ?5)";
        tx.execute(sql, (nick, view, row.sort(), row.dweet(), body))?;
        for met in row.nicks() {
            tx.execute("INSERT OR IGNORE INTO met VALUES (?1, ?2)", (nick, met))?;
        }
    }
    let sql = "DELETE FROM entry WHERE person = ?1 AND view = ?2 AND sort <=
               (SELECT sort FROM entry WHERE person = ?1 AND view = ?2 ORDER BY sort DESC LIMIT 1 OFFSET ?3)";
    tx.execute(sql, (nick, view, ROWS_MAX))?;
    Ok(())
}
