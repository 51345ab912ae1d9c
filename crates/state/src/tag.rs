//! Hashtags. The public dweets with a tag lie, as images, at the home of the tag.

use crate::errand::Waiting;
use crate::error::{Outcome, decode, encode};
use crate::event::Event;
use crate::hidden;
use crate::page::{Page, Sifted};
use crate::stored::{self, dweet_id};
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::view::{DweetView, Visibility};
use tertulia_types::{AccountId, DweetId, Position};

/// Where a tag (in lower case) has its home.
#[must_use]
pub fn position(tag: &str) -> Position {
    Position::of("tag", tag)
}

/// Sets the image of a dweet at a tag's home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutUnderTag {
    /// The tag, in lower case.
    pub tag: String,
    /// The dweet.
    pub id: DweetId,
    /// Its author.
    pub author: AccountId,
    /// Its version.
    pub version: u64,
    /// As it is now; `None` when it is gone or has the tag no more.
    pub view: Option<DweetView>,
}

impl Verb for PutUnderTag {
    type Reply = ();

    fn home(&self) -> Position {
        position(&self.tag)
    }
}

impl Command for PutUnderTag {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let slot = self.home().slot().0;
        let there = "SELECT 1 FROM tagged WHERE slot = ?1 AND tag = ?2 AND id = ?3 AND view IS NOT NULL";
        let is_edit = tx.exists(there, (slot, &self.tag, self.id.get()))?;
        let sql =
            "INSERT INTO tagged (slot, tag, id, author_id, version, view) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (slot, tag, id) DO UPDATE SET version = excluded.version, view = excluded.view
                   WHERE excluded.version > version";
        let view = self.view.as_ref().map(encode).transpose()?;
        let changed = tx.write(
            sql,
            (
                slot,
                &self.tag,
                self.id.get(),
                self.author.get(),
                self.version,
                view,
            ),
        )?;
        if changed > 0 && self.view.is_some() && !is_edit {
            tx.tell(Event::Tagged {
                tag: self.tag.clone(),
                id: self.id,
            });
        }
        Ok(())
    }
}

pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<PutUnderTag>> {
    let Some(stored) = stored::stored(view, dweet_id(row.subject))? else {
        return Ok(None);
    };
    let tag = String::from_utf8_lossy(&row.object).into_owned();
    let bears =
        |body: &tertulia_types::view::Body| body.visibility == Visibility::Public && body.tags.contains(&tag);
    let shown = if stored::body_of(&stored)?.is_some_and(|body| bears(&body)) {
        stored::whole(view, &stored)?
    } else {
        None
    };
    Ok(Some(PutUnderTag {
        tag,
        id: stored.id,
        author: stored.author,
        version: stored.version,
        view: shown,
    }))
}

/// The public dweets with a tag, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagged {
    /// The tag, in lower case.
    pub tag: String,
    /// Only those that have all of these, too.
    pub all: Vec<String>,
    /// Only those that have none of these.
    pub none: Vec<String>,
    /// Which part.
    pub page: Page,
}

impl Verb for Tagged {
    type Reply = Sifted<DweetView>;

    fn home(&self) -> Position {
        position(&self.tag)
    }
}

impl Query for Tagged {
    fn read(&self, view: &View<'_>) -> Outcome<Sifted<DweetView>> {
        let select = "SELECT id, view FROM tagged WHERE slot = ?4 AND tag = ?5 AND";
        let slot = self.home().slot().0;
        let read = |page: &Page| {
            let params = (page.below(), page.above(), page.size(), slot, &self.tag);
            let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?));
            view.all(&page.sql(select, "id"), params, row)
        };
        self.page.sift(
            read,
            |(id, _)| *id,
            |(_, bytes)| {
                let dweet: Option<DweetView> =
                    bytes.map(|bytes| decode("tagged dweet", &bytes)).transpose()?;
                match dweet.filter(|dweet| self.wants(dweet)) {
                    Some(dweet) if hidden::is_hidden(view, dweet.author.id)? => Ok(None),
                    wanted => Ok(wanted),
                }
            },
        )
    }
}

impl Tagged {
    fn wants(&self, dweet: &DweetView) -> bool {
        let tags = dweet.body().map_or(&[][..], |body| &body.tags);
        self.all.iter().all(|tag| tags.contains(tag)) && !self.none.iter().any(|tag| tags.contains(tag))
    }
}
