//! What verbs see of a group's database: a [`View`] to read, a [`Tx`] to write, and whose it is.
//!
//! **Invariant:** nothing here or below knows of any verb; whoever carries verbs out is [`crate::database`].

use crate::error::{Fault, decode, encode};
use crate::event::Event;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use tertulia_types::{Position, Range, Rejected, Slot};

/// The group's record of its birth by a split.
pub(crate) const ORIGIN: &str = "origin";
/// The group's counter that is 1 while there may be rows of the other half.
pub(crate) const UNTRIMMED: &str = "untrimmed";

/// What a group is, as far as the state knows; its members are the consensus's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The group's id: never 0, never reused.
    pub group: u64,
    /// What it owns.
    pub range: Range,
    /// Grows with each change of the range.
    pub epoch: u64,
}

/// What became of a group that was divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birth {
    /// The new group: the lower half.
    pub child: Descriptor,
    /// The old one, from then on: the upper half.
    pub parent: Descriptor,
    /// Where the split stands in the parent's log.
    pub index: u64,
}

impl Birth {
    /// Where the child comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            parent: self.parent.group,
            index: self.index,
        }
    }
}

/// By which split a group was born.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The group that was divided.
    pub parent: u64,
    /// Where the split stands in its log.
    pub index: u64,
}

/// What a query sees: the group's tables at one moment, and the time.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) conn: &'a Connection,
    /// For a command the stamp, for a query the asked machine's clock; milliseconds since 1970.
    pub(crate) now_ms: u64,
    /// The group.
    pub(crate) descriptor: Descriptor,
}

impl View<'_> {
    /// Refuses what this group does not own.
    pub(crate) fn owns(&self, position: Position) -> Result<(), Rejected> {
        let Descriptor { range, epoch, .. } = self.descriptor;
        if range.contains(position) {
            Ok(())
        } else {
            Err(Rejected::Moved { range, epoch })
        }
    }

    /// The first row, if there is one.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Fault> {
        Ok(self.conn.prepare_cached(sql)?.query_row(params, map).optional()?)
    }

    /// All rows; every statement of ours that may find many has a LIMIT.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Fault> {
        Ok(self
            .conn
            .prepare_cached(sql)?
            .query_map(params, map)?
            .collect::<Result<_, _>>()?)
    }

    /// Row by row, while `more` says so.
    pub(crate) fn each(
        &self,
        sql: &str,
        params: impl Params,
        mut more: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<(), Fault> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()?
            && more(row)?
        {}
        Ok(())
    }

    /// Whether there is a row.
    pub(crate) fn exists(&self, sql: &str, params: impl Params) -> Result<bool, Fault> {
        Ok(self.conn.prepare_cached(sql)?.exists(params)?)
    }

    /// A record of the group, if there is one.
    pub(crate) fn record(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.first("SELECT value FROM meta WHERE key = ?1", [name], |row| row.get(0))
    }

    /// A counter of the group; 0 before its first use.
    pub(crate) fn counter(&self, name: &str) -> Result<i64, Fault> {
        self.record(name)?
            .map_or(Ok(0), |bytes| decode("counter", &bytes))
    }
}

/// Which half of a split is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The one that the group goes on as.
    Parent,
    /// The new group, in a copy of the database.
    Child,
}

/// Where a command stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The log index of its entry.
    pub(crate) index: u64,
    /// Whether the membership before the entry is settled (rule R6).
    pub(crate) is_settled: bool,
    pub(crate) side: Side,
}

/// What a command sees and writes.
#[derive(Debug)]
pub struct Tx<'a> {
    pub(crate) view: View<'a>,
    pub(crate) events: Vec<Event>,
    pub(crate) place: Place,
    pub(crate) has_range_changed: bool,
    pub(crate) birth: Option<Birth>,
}

impl<'a> Deref for Tx<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.view
    }
}

impl Tx<'_> {
    /// Writes; returns how many rows changed.
    pub(crate) fn write(&mut self, sql: &str, params: impl Params) -> Result<usize, Fault> {
        Ok(self.view.conn.prepare_cached(sql)?.execute(params)?)
    }

    /// Tells those who watch, once the batch is committed.
    pub(crate) fn tell(&mut self, event: Event) {
        if self.events.last() != Some(&event) {
            self.events.push(event);
        }
    }

    /// A millisecond that no id of this slot has used: the stamp, or one more than the last (rule C3).
    pub(crate) fn fresh_ms(&mut self, slot: Slot) -> Result<u64, Fault> {
        let now = i64::try_from(self.now_ms).unwrap_or(i64::MAX);
        let sql = "INSERT INTO slot_clock (slot, last_ms) VALUES (?1, ?2)
                   ON CONFLICT (slot) DO UPDATE SET last_ms = max(excluded.last_ms, last_ms + 1) RETURNING last_ms";
        let ms: i64 = self
            .view
            .conn
            .prepare_cached(sql)?
            .query_row((slot.0, now), |row| row.get(0))?;
        Ok(u64::try_from(ms).unwrap_or(0))
    }

    /// Sets a counter of the group.
    pub(crate) fn set_counter(&mut self, name: &str, value: i64) -> Result<(), Fault> {
        self.set_record(name, &encode(&value)?)
    }

    /// Sets a record of the group.
    pub(crate) fn set_record(&mut self, name: &str, value: &[u8]) -> Result<(), Fault> {
        set_meta(self.view.conn, name, value)
    }

    /// The group is one of the halves from now on, for the commands behind this one too.
    pub(crate) fn become_half(&mut self, half: Descriptor, birth: Birth) -> Result<(), Fault> {
        self.view.descriptor = half;
        self.birth = Some(birth);
        self.has_range_changed = true;
        set_meta(self.view.conn, "descriptor", &encode(&half)?)?;
        self.set_counter(UNTRIMMED, 1)
    }

    /// Nothing of the other half is left.
    pub(crate) fn set_trimmed(&mut self) -> Result<(), Fault> {
        self.has_range_changed = true;
        self.set_counter(UNTRIMMED, 0)
    }
}

pub(crate) fn meta(conn: &Connection, key: &'static str) -> Result<Vec<u8>, Fault> {
    let value = conn
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    value.ok_or(Fault::Damaged("a record that each database has is missing"))
}

pub(crate) fn set_meta(conn: &Connection, key: &str, value: &[u8]) -> Result<(), Fault> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    conn.prepare_cached(sql)?.execute((key, value))?;
    Ok(())
}
