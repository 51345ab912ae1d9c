//! Threads. Each reply leaves two images: an edge at the home of the dweet that it answers, which counts it, and the reply
//! itself at the home of the thread's first dweet, so that a thread is read with one query.
//!
//! **Invariant:** the words of a reply that is not for everyone stay away from the thread's home; only its place is known
//! there.

use crate::dweet::{self, Stored, dweet_id};
use crate::edge;
use crate::errand::{Waiting, number};
use crate::error::{Outcome, decode, encode};
use crate::hidden;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::view::DweetView;
use tertulia_types::{AccountId, DweetId, Position, Rejected};

/// Dweets of a thread that are answered at once, the oldest first.
const THREAD_MAX: u32 = 1_000;

/// Bytes of a thread's dweets that are answered at once; the answer must fit into a letter, and into what clients take.
const THREAD_BYTES_MAX: usize = 1 << 20;

/// Sets the edge of a reply at the home of the dweet that it answers. Its author is told by a mention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountReply {
    /// What is answered.
    pub parent: DweetId,
    /// The reply.
    pub reply: DweetId,
    /// Who answers.
    pub author: AccountId,
    /// The reply's version.
    pub version: u64,
    /// Whether it stands.
    pub stands: bool,
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
        if self.stands && edge::blocks(tx, parent.author, self.author)? {
            return Err(Rejected::Blocked.into());
        }
        let slot = self.parent.slot().0;
        let key = (slot, self.parent.get(), self.reply.get());
        let standing =
            "SELECT 1 FROM reply WHERE slot = ?1 AND dweet_id = ?2 AND reply_id = ?3 AND state = 1";
        let stood = tx.exists(standing, key)?;
        let sql = "INSERT INTO reply (slot, dweet_id, reply_id, version, state) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (slot, dweet_id, reply_id) DO UPDATE SET version = excluded.version, state = excluded.state
                   WHERE excluded.version > version";
        tx.write(sql, (key.0, key.1, key.2, self.version, self.stands))?;
        let stands = tx.exists(standing, key)?;
        if stands != stood {
            let step = if stands { 1 } else { -1 };
            tx.write(
                "UPDATE dweet SET replies = max(replies + ?2, 0) WHERE id = ?1",
                (self.parent.get(), step),
            )?;
        }
        Ok(())
    }
}

pub(crate) fn reply_parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<CountReply>> {
    let parent = dweet_id(number(&row.object)?);
    let count = |stored: Stored| CountReply {
        parent,
        reply: stored.id,
        author: stored.author,
        version: stored.version,
        stands: !stored.deleted,
    };
    Ok(dweet::stored(view, dweet_id(row.subject))?.map(count))
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
    /// What of it may be known at the thread's home.
    pub place: Place,
}

/// What the home of a thread knows of a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// It is gone.
    Gone,
    /// It is not for everyone: whoever may read it gets it from its own home.
    Private,
    /// It is for everyone.
    Open(Box<DweetView>),
}

impl Place {
    fn state(&self) -> i64 {
        match self {
            Self::Gone => 0,
            Self::Open(_) => 1,
            Self::Private => 2,
        }
    }
}

impl Verb for PutInThread {
    type Reply = ();

    fn home(&self) -> Position {
        self.root.home()
    }
}

impl Command for PutInThread {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let sql = "INSERT INTO thread (slot, root_id, id, parent_id, version, state, view) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   ON CONFLICT (slot, root_id, id) DO UPDATE SET version = excluded.version, state = excluded.state,
                   view = excluded.view WHERE excluded.version > version";
        let view = match &self.place {
            Place::Open(view) => Some(encode(view.as_ref())?),
            Place::Gone | Place::Private => None,
        };
        let root = self.root;
        let params = (
            root.slot().0,
            root.get(),
            self.reply.get(),
            self.parent.get(),
            self.version,
            self.place.state(),
            view,
        );
        tx.write(sql, params)?;
        Ok(())
    }
}

pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<PutInThread>> {
    let Some(stored) = dweet::stored(view, dweet_id(row.subject))? else {
        return Ok(None);
    };
    let root = dweet_id(number(&row.object)?);
    let place = match dweet::whole(view, &stored)? {
        None => Place::Gone,
        Some(shown) if dweet::may_read(view, &shown, None)? => Place::Open(Box::new(shown)),
        Some(_) => Place::Private,
    };
    let put = PutInThread {
        root,
        parent: stored.reply_to.unwrap_or(root),
        reply: stored.id,
        version: stored.version,
        place,
    };
    Ok(Some(put))
}

/// A dweet's place in its thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadEntry {
    /// The reply.
    pub id: DweetId,
    /// What it answers.
    pub parent: DweetId,
    /// Whether it stands for its author's followers only: its own home tells who may read it (`dweet::ShowMany`).
    pub private: bool,
    /// As it was last told; `None` when it is gone or private.
    pub view: Option<DweetView>,
}

/// All replies of a thread, oldest first, at the home of its first dweet. Words that are not for everyone never come here.
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
        let sql = "SELECT id, parent_id, state = 2, view FROM thread WHERE slot = ?1 AND root_id = ?2 ORDER BY id LIMIT ?3";
        let map = |row: &Row<'_>| {
            Ok((
                dweet_id(row.get(0)?),
                dweet_id(row.get(1)?),
                row.get(2)?,
                row.get::<_, Option<Vec<u8>>>(3)?,
            ))
        };
        let rows = view.all(sql, (self.root.slot().0, self.root.get(), THREAD_MAX), map)?;
        let entry = |(id, parent, private, bytes): (_, _, bool, Option<Vec<u8>>)| {
            let mut reply: Option<DweetView> = bytes.map(|bytes| decode("reply", &bytes)).transpose()?;
            if let Some(author) = reply.as_ref().map(|reply| reply.author.id)
                && hidden::is_hidden(view, author)?
            {
                reply = None;
            }
            Ok(ThreadEntry {
                id,
                parent,
                private,
                view: reply,
            })
        };
        let mut bytes = 0;
        let fits = |(.., view): &(_, _, _, Option<Vec<u8>>)| {
            bytes += view.as_ref().map_or(0, Vec::len);
            bytes <= THREAD_BYTES_MAX
        };
        rows.into_iter().take_while(fits).map(entry).collect()
    }
}
