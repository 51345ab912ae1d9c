//! Reports: what people tell moderators about others.
//!
//! A report is written down at the reporter's home, with an errand that brings it to the community's home, where moderators read it.
//!
//! **Invariants**
//! - A report comes to the moderators once, whoever carries it and however often: it has the number that its reporter's home gave it.
//! - How many somebody may file in a day is bounded, at their own home.
//! - Whom it is about does not learn of it.

use crate::account;
use crate::community;
use crate::errand::{self, Errand, Waiting};
use crate::error::{Fault, Outcome, decode, encode};
use crate::page::Page;
use crate::request::{KEPT_MS, Request, RequestKey};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::moderation::{Person, Report, Resolution};
use tertulia_types::{DweetId, NotificationId, Position, Rejected, Scopes};

/// Reports that one person may file in a day.
pub const PER_DAY_MAX: u32 = 20;
/// Dweets that a report may name.
const DWEETS_MAX: usize = 20;
/// The longest comment and category, in bytes; the API counts graphemes.
const COMMENT_BYTES_MAX: usize = 4_000;
const CATEGORY_BYTES_MAX: usize = 40;
/// How long what was settled is kept: 400 days, as the longest that anything is here.
const RESOLVED_MS: u64 = 400 * 24 * 3_600_000;

/// Tells moderators of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// Who tells.
    pub actor: Actor,
    /// Of whom.
    pub about: Person,
    /// Which dweets of theirs.
    pub dweets: Vec<DweetId>,
    /// What there is to say; may be empty.
    pub comment: String,
    /// Mastodon's word for the kind, `spam`, `violation`, `legal` or `other`.
    pub category: String,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for FileReport {
    /// The report's number.
    type Reply = NotificationId;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for FileReport {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_REPORTS))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<NotificationId> {
        let me = account::standing(tx, self.actor.account)?;
        if me.id == self.about.id {
            return Err(Rejected::Oneself.into());
        }
        let fits = self.dweets.len() <= DWEETS_MAX
            && self.comment.len() <= COMMENT_BYTES_MAX
            && self.category.len() <= CATEGORY_BYTES_MAX;
        if !fits {
            let said = format!("a report names at most {DWEETS_MAX} dweets, and has a short comment");
            return Err(Rejected::Invalid(said).into());
        }
        let slot = me.id.slot();
        let recent = "SELECT count(*) FROM report_sent WHERE slot = ?1 AND account_id = ?2 AND stamp_ms > ?3";
        let now_ms = tx.now_ms;
        let since = (slot.0, me.id.get(), now_ms.saturating_sub(KEPT_MS));
        if tx.first(recent, since, |row| row.get::<_, u32>(0))? >= Some(PER_DAY_MAX) {
            return Err(Rejected::Limit(format!("at most {PER_DAY_MAX} reports a day")).into());
        }
        let id = NotificationId::new(tx.fresh_ms(slot)?, slot);
        let report = Report {
            id,
            by: Person {
                id: me.id,
                nick: me.nick,
            },
            about: self.about.clone(),
            dweets: self.dweets.clone(),
            comment: self.comment.clone(),
            category: self.category.clone(),
        };
        let sql = "INSERT INTO report_sent (slot, account_id, id, state, report, stamp_ms) VALUES (?1, ?2, ?3, 0, ?4, ?5)";
        tx.write(sql, (slot.0, me.id.get(), id.get(), encode(&report)?, now_ms))?;
        errand::post(tx, slot, Errand::Report, id.get(), &me.id.get().to_be_bytes())?;
        Ok(id)
    }
}

fn key_of(row: &Waiting) -> Result<(u16, i64, i64), Fault> {
    let id = NotificationId::from_number(row.subject).unwrap_or(NotificationId::MIN);
    Ok((id.slot().0, errand::number(&row.object)?, row.subject))
}

pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<TakeReport>> {
    let sql = "SELECT report FROM report_sent WHERE slot = ?1 AND account_id = ?2 AND id = ?3";
    let bytes = view.first(sql, key_of(row)?, |row| row.get::<_, Vec<u8>>(0))?;
    let report = bytes.map(|bytes| decode("report", &bytes)).transpose()?;
    Ok(report.map(|report| TakeReport { report }))
}

/// The moderators have it: what it says needs not be here any more.
pub(crate) fn settled(tx: &mut Tx<'_>, row: &Waiting) -> Outcome<()> {
    let (slot, account, id) = key_of(row)?;
    let sql =
        "UPDATE report_sent SET state = 1, report = x'' WHERE slot = ?1 AND account_id = ?2 AND id = ?3";
    tx.write(sql, (slot, account, id))?;
    Ok(())
}

/// Brings a report to the moderators, at the community's home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeReport {
    /// It.
    pub report: Report,
}

impl Verb for TakeReport {
    type Reply = ();

    fn home(&self) -> Position {
        community::position()
    }
}

impl Command for TakeReport {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let sql = "INSERT INTO report (slot, id, state, report, resolution, stamp_ms) VALUES (?1, ?2, 0, ?3, NULL, ?4)
                   ON CONFLICT (slot, id) DO NOTHING";
        let (slot, now_ms) = (self.home().slot(), tx.now_ms);
        tx.write(sql, (slot.0, self.report.id.get(), encode(&self.report)?, now_ms))?;
        Ok(())
    }
}

/// Settles a report, at the community's home. Who comes second is told so.
pub(crate) fn resolve(tx: &mut Tx<'_>, report: NotificationId, resolution: &Resolution) -> Outcome<()> {
    let key = (community::position().slot().0, report.get());
    let sql = "SELECT resolution FROM report WHERE slot = ?1 AND id = ?2";
    let found = tx.first(sql, key, |row| row.get::<_, Option<Vec<u8>>>(0))?;
    match found.ok_or(Rejected::NotFound)? {
        Some(bytes) if decode::<Resolution>("resolution", &bytes)? == *resolution => Ok(()),
        Some(_) => Err(Rejected::Conflict.into()),
        None => {
            let sql =
                "UPDATE report SET state = 1, resolution = ?3, stamp_ms = ?4 WHERE slot = ?1 AND id = ?2";
            let now_ms = tx.now_ms;
            tx.write(sql, (key.0, key.1, encode(resolution)?, now_ms))?;
            Ok(())
        }
    }
}

/// A page of the reports, newest first. Whether a moderator asks is checked at their home, beside this query (rule P1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reports {
    /// Those that were settled, or those that were not.
    pub resolved: bool,
    /// Which part.
    pub page: Page,
}

impl Verb for Reports {
    type Reply = Vec<(Report, Option<Resolution>)>;

    fn home(&self) -> Position {
        community::position()
    }
}

impl Query for Reports {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<(Report, Option<Resolution>)>> {
        let select = "SELECT report, resolution FROM report WHERE slot = ?4 AND state = ?5 AND";
        let page = &self.page;
        let slot = self.home().slot().0;
        let params = (page.below(), page.above(), page.size(), slot, self.resolved);
        let bytes = |row: &Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?));
        let rows = page.newest_first(view.all(&page.sql(select, "id"), params, bytes)?);
        let read = |(report, resolution): &(Vec<u8>, Option<Vec<u8>>)| {
            let resolution = resolution.as_ref();
            let resolution = resolution.map(|bytes| decode("resolution", bytes)).transpose()?;
            Ok((decode("report", report)?, resolution))
        };
        Ok(rows.iter().map(read).collect::<Result<_, Fault>>()?)
    }
}

/// One report, for one who may moderate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindReport {
    /// Which.
    pub id: NotificationId,
}

impl Verb for FindReport {
    type Reply = Report;

    fn home(&self) -> Position {
        community::position()
    }
}

impl Query for FindReport {
    fn read(&self, view: &View<'_>) -> Outcome<Report> {
        let sql = "SELECT report FROM report WHERE slot = ?1 AND id = ?2";
        let key = (self.home().slot().0, self.id.get());
        let bytes = view.first(sql, key, |row| row.get::<_, Vec<u8>>(0))?;
        Ok(decode("report", &bytes.ok_or(Rejected::NotFound)?)?)
    }
}

/// Forgets what is over, in some slots: what the moderators have had for a day, and what was settled long ago.
pub(crate) fn prune(tx: &mut Tx<'_>, first: u16, last: u16) -> Result<(), Fault> {
    let now_ms = tx.now_ms;
    for (table, kept_ms) in [("report_sent", KEPT_MS), ("report", RESOLVED_MS)] {
        let sql = format!("DELETE FROM {table} WHERE slot BETWEEN ?1 AND ?2 AND state = 1 AND stamp_ms < ?3");
        tx.write(&sql, (first, last, now_ms.saturating_sub(kept_ms)))?;
    }
    Ok(())
}
