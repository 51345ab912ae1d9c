//! Markers: how far a person has read a timeline, as Mastodon's apps keep it. The marker of the home timeline also counts
//! as seen (rule T6).

use crate::error::Outcome;
use crate::session::Actor;
use crate::timeline;
use crate::tx::Tx;
use crate::tx::View;
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::{Position, Scopes};

/// A timeline that has a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Timeline {
    /// The home timeline.
    Home,
    /// The notifications.
    Notifications,
}

impl Timeline {
    fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Notifications => "notifications",
        }
    }
}

/// A marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkerView {
    /// Of which timeline.
    pub timeline: Timeline,
    /// The newest id that was read.
    pub last_read_id: i64,
    /// How often it was set.
    pub version: u64,
    /// When it was set last.
    pub updated_ms: u64,
}

/// Sets a marker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetMarker {
    /// Whose.
    pub actor: Actor,
    /// Of which timeline.
    pub timeline: Timeline,
    /// The newest id that was read.
    pub last_read_id: i64,
}

impl Verb for SetMarker {
    type Reply = MarkerView;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for SetMarker {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_STATUSES))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<MarkerView> {
        let account = self.actor.account;
        let sql = "INSERT INTO marker (slot, account_id, timeline, last_read_id, version, updated_ms) VALUES (?1, ?2, ?3, ?4, 1, ?5)
                   ON CONFLICT (slot, account_id, timeline) DO UPDATE
                   SET last_read_id = excluded.last_read_id, version = version + 1, updated_ms = excluded.updated_ms";
        let now_ms = tx.now_ms;
        tx.write(
            sql,
            (
                account.slot().0,
                account.get(),
                self.timeline.name(),
                self.last_read_id,
                now_ms,
            ),
        )?;
        if self.timeline == Timeline::Home {
            timeline::mark(tx, account, self.last_read_id)?;
        }
        let marker = find(tx, &self.actor, self.timeline)?;
        Ok(marker.unwrap_or(MarkerView {
            timeline: self.timeline,
            last_read_id: self.last_read_id,
            version: 1,
            updated_ms: now_ms,
        }))
    }
}

fn find(view: &View<'_>, actor: &Actor, timeline: Timeline) -> Outcome<Option<MarkerView>> {
    let sql = "SELECT last_read_id, version, updated_ms FROM marker WHERE slot = ?1 AND account_id = ?2 AND timeline = ?3";
    let account = actor.account;
    let map = |row: &Row<'_>| {
        Ok(MarkerView {
            timeline,
            last_read_id: row.get(0)?,
            version: row.get(1)?,
            updated_ms: row.get(2)?,
        })
    };
    Ok(view.first(sql, (account.slot().0, account.get(), timeline.name()), map)?)
}

/// The markers that were set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Markers {
    /// Whose.
    pub actor: Actor,
}

impl Verb for Markers {
    type Reply = Vec<MarkerView>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Markers {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_STATUSES))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<MarkerView>> {
        let home = find(view, &self.actor, Timeline::Home)?;
        let notifications = find(view, &self.actor, Timeline::Notifications)?;
        Ok(home.into_iter().chain(notifications).collect())
    }
}
