//! Dweets as they are stored at their author's home, and who may read them.

use crate::account;
use crate::edge;
use crate::error::{Fault, Outcome, decode};
use crate::hidden;
use crate::tx::View;
use rusqlite::Row;
use tertulia_types::view::{Body, Content, DweetView, Visibility};
use tertulia_types::{AccountId, DweetId, Rejected};

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) id: DweetId,
    pub(crate) author: AccountId,
    pub(crate) version: u64,
    pub(crate) redweet_of: Option<DweetId>,
    /// The version of the original in a redweet.
    pub(crate) original_version: Option<u64>,
    pub(crate) reply_to: Option<DweetId>,
    pub(crate) edited_ms: Option<u64>,
    pub(crate) deleted: bool,
    replies: u64,
    redweets: u64,
    favourites: u64,
    pub(crate) body: Vec<u8>,
}

pub(crate) const COLUMNS: &str = "id, author_id, version, redweet_of, edited_ms, deleted_ms IS NOT NULL, replies, redweets, favourites, body,
    original_version, reply_to";

pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        id: dweet_id(row.get(0)?),
        author: AccountId::from_number(row.get(1)?).unwrap_or(AccountId::MIN),
        version: row.get(2)?,
        redweet_of: row.get::<_, Option<i64>>(3)?.map(dweet_id),
        edited_ms: row.get(4)?,
        deleted: row.get(5)?,
        replies: row.get(6)?,
        redweets: row.get(7)?,
        favourites: row.get(8)?,
        body: row.get(9)?,
        original_version: row.get(10)?,
        reply_to: row.get::<_, Option<i64>>(11)?.map(dweet_id),
    })
}

/// The id with a stored number.
pub(crate) fn dweet_id(number: i64) -> DweetId {
    DweetId::from_number(number).unwrap_or(DweetId::MIN)
}

/// The row, also of a deleted dweet.
pub(crate) fn stored(view: &View<'_>, id: DweetId) -> Result<Option<Stored>, Fault> {
    view.first(
        &format!("SELECT {COLUMNS} FROM dweet WHERE id = ?1"),
        [id.get()],
        from_row,
    )
}

/// The row of a dweet that stands, or `NotFound`.
pub(crate) fn standing(view: &View<'_>, id: DweetId) -> Outcome<Stored> {
    stored(view, id)?
        .filter(|dweet| !dweet.deleted)
        .ok_or_else(|| Rejected::NotFound.into())
}

/// The dweet as it is shown; `None` if it or its author's account is gone, or if its author, or that of what it redweets, is hidden.
pub(crate) fn show(view: &View<'_>, stored: &Stored) -> Result<Option<DweetView>, Fault> {
    if account::find(view, stored.author)?.is_none() {
        return Ok(None);
    }
    let Some(shown) = whole(view, stored)? else {
        return Ok(None);
    };
    let original = shown.original().author.id;
    let is_seen = original == stored.author || !hidden::is_hidden(view, original)?;
    Ok(is_seen.then_some(shown))
}

/// The dweet as it is, for what travels to other homes, whoever is hidden; `None` if it or its author's account is gone.
pub(crate) fn whole(view: &View<'_>, stored: &Stored) -> Result<Option<DweetView>, Fault> {
    if stored.deleted {
        return Ok(None);
    }
    let Some(author) = account::kept(view, stored.author)? else {
        return Ok(None);
    };
    let content = match stored.redweet_of {
        Some(_) => Content::Redweet(Box::new(decode("redweet", &stored.body)?)),
        None => Content::Dweet(decode("dweet", &stored.body)?),
    };
    Ok(Some(DweetView {
        id: stored.id,
        author,
        version: stored.version,
        edited_ms: stored.edited_ms,
        replies: stored.replies,
        redweets: stored.redweets,
        favourites: stored.favourites,
        content,
    }))
}

/// Whether this viewer may read the dweet, decided at its author's home, which knows followers and blocks.
pub(crate) fn may_read(view: &View<'_>, dweet: &DweetView, viewer: Option<AccountId>) -> Result<bool, Fault> {
    let author = dweet.author.id;
    let Content::Dweet(body) = &dweet.content else {
        // Only public and unlisted dweets can be redweeted.
        return Ok(match viewer {
            Some(viewer) => !edge::blocks(view, author, viewer)?,
            None => true,
        });
    };
    let Some(viewer) = viewer else {
        return Ok(body.visibility != Visibility::Private);
    };
    if viewer == author {
        return Ok(true);
    }
    if edge::blocks(view, author, viewer)? {
        return Ok(false);
    }
    match body.visibility {
        Visibility::Public | Visibility::Unlisted => Ok(true),
        Visibility::Private => Ok(body.mentions.iter().any(|mention| mention.id == viewer)
            || edge::is_follower(view, author, viewer)?),
    }
}

/// The words of a dweet that stands, and is no redweet.
pub(crate) fn body_of(stored: &Stored) -> Result<Option<Body>, Fault> {
    if stored.deleted || stored.redweet_of.is_some() {
        return Ok(None);
    }
    decode("dweet", &stored.body).map(Some)
}
