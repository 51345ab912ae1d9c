//! Threads. Each reply leaves two images: an edge at the home of the dweet that it answers, which counts it and tells the
//! author, and the whole reply at the home of the thread's first dweet, so that a thread is read with one query.

use crate::block;
use crate::database::{Tx, View};
use crate::dweet::{self, dweet_id};
use crate::error::{Outcome, decode, encode};
use crate::notification;
use crate::outbox::{Waiting, number};
use crate::verb::{AnyCommand, Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::view::{DweetView, NotificationKind};
use tertulia_types::{DweetId, Position, Rejected};

/// Dweets of a thread that are answered at once, the oldest first.
const THREAD_MAX: u32 = 1_000;

/// Sets the edge of a reply at the home of the dweet that it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountReply {
    /// What is answered.
    pub parent: DweetId,
    /// The reply.
    pub reply: DweetId,
    /// Its version.
    pub version: u64,
    /// As it is now; `None` when it is gone.
    pub view: Option<DweetView>,
}

impl Verb for CountReply {
    type Reply = ();

    fn home(&self) -> Position {
        self.parent.home()
    }
}

impl Command for CountReply {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let parent = dweet::standing(tx, self.parent)?;
        if let Some(view) = &self.view
            && block::blocks(tx, parent.author, view.author.id)?
        {
            return Err(Rejected::Blocked.into());
        }
        let (slot, key) = (
            self.parent.slot().0,
            (self.parent.slot().0, self.parent.get(), self.reply.get()),
        );
        let standing =
            "SELECT 1 FROM reply WHERE slot = ?1 AND dweet_id = ?2 AND reply_id = ?3 AND state = 1";
        let stood = tx.exists(standing, key)?;
        let sql = "INSERT INTO reply (slot, dweet_id, reply_id, version, state) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (slot, dweet_id, reply_id) DO UPDATE SET version = excluded.version, state = excluded.state
                   WHERE excluded.version > version";
        tx.write(
            sql,
            (
                slot,
                self.parent.get(),
                self.reply.get(),
                self.version,
                self.view.is_some(),
            ),
        )?;
        let stands = tx.exists(standing, key)?;
        if stands != stood {
            let step = if stands { 1 } else { -1 };
            tx.write(
                "UPDATE dweet SET replies = max(replies + ?2, 0) WHERE id = ?1",
                (self.parent.get(), step),
            )?;
        }
        match &self.view {
            Some(view) if view.author.id != parent.author => {
                let about = Some((self.reply, Some(view)));
                notification::notify(
                    tx,
                    parent.author,
                    NotificationKind::Mention,
                    &view.author,
                    about,
                    self.version,
                )?;
            }
            Some(_) => {}
            None => notification::withdraw(
                tx,
                parent.author,
                NotificationKind::Mention,
                self.reply,
                self.version,
            )?,
        }
        Ok(())
    }
}

pub(crate) fn reply_parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<AnyCommand>> {
    let Some(stored) = dweet::stored(view, dweet_id(row.subject))? else {
        return Ok(None);
    };
    let parent = dweet_id(number(&row.object)?);
    let view = dweet::show(view, &stored)?;
    Ok(Some(
        CountReply {
            parent,
            reply: stored.id,
            version: stored.version,
            view,
        }
        .into(),
    ))
}

/// Sets the image of a reply at the home of its thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutInThread {
    /// The first dweet of the thread.
    pub root: DweetId,
    /// What is answered.
    pub parent: DweetId,
    /// The reply.
    pub reply: DweetId,
    /// Its version.
    pub version: u64,
    /// As it is now; `None` when it is gone.
    pub view: Option<DweetView>,
}

impl Verb for PutInThread {
    type Reply = ();

    fn home(&self) -> Position {
        self.root.home()
    }
}

impl Command for PutInThread {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let sql = "INSERT INTO thread (slot, root_id, id, parent_id, version, view) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (slot, root_id, id) DO UPDATE SET version = excluded.version, view = excluded.view
                   WHERE excluded.version > version";
        let view = self.view.as_ref().map(encode).transpose()?;
        let root = self.root;
        tx.write(
            sql,
            (
                root.slot().0,
                root.get(),
                self.reply.get(),
                self.parent.get(),
                self.version,
                view,
            ),
        )?;
        Ok(())
    }
}

pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<AnyCommand>> {
    let Some(stored) = dweet::stored(view, dweet_id(row.subject))? else {
        return Ok(None);
    };
    let root = dweet_id(number(&row.object)?);
    let sql = "SELECT reply_to FROM dweet WHERE id = ?1";
    let parent = view
        .first(sql, [row.subject], |row| row.get::<_, Option<i64>>(0))?
        .flatten();
    let parent = parent.map_or(root, dweet_id);
    let shown = dweet::show(view, &stored)?;
    Ok(Some(
        PutInThread {
            root,
            parent,
            reply: stored.id,
            version: stored.version,
            view: shown,
        }
        .into(),
    ))
}

/// A dweet's place in its thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadEntry {
    /// The reply.
    pub id: DweetId,
    /// What it answers.
    pub parent: DweetId,
    /// As it was last told; `None` when it is gone. Whether the viewer may read a private one is for the asker to check.
    pub view: Option<DweetView>,
}

/// All replies of a thread, oldest first, at the home of its first dweet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The first dweet.
    pub root: DweetId,
}

impl Verb for Thread {
    type Reply = Vec<ThreadEntry>;

    fn home(&self) -> Position {
        self.root.home()
    }
}

impl Query for Thread {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<ThreadEntry>> {
        let sql =
            "SELECT id, parent_id, view FROM thread WHERE slot = ?1 AND root_id = ?2 ORDER BY id LIMIT ?3";
        let map = |row: &Row<'_>| {
            Ok((
                dweet_id(row.get(0)?),
                dweet_id(row.get(1)?),
                row.get::<_, Option<Vec<u8>>>(2)?,
            ))
        };
        let rows = view.all(sql, (self.root.slot().0, self.root.get(), THREAD_MAX), map)?;
        let entry = |(id, parent, bytes): (DweetId, DweetId, Option<Vec<u8>>)| {
            let view = bytes.map(|bytes| decode("reply", &bytes)).transpose()?;
            Ok(ThreadEntry { id, parent, view })
        };
        rows.into_iter().map(entry).collect()
    }
}
