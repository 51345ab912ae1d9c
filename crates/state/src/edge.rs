//! Edges, as the homes of people and dweets know them: who follows, blocks and mutes whom, and who has marked which dweet.

use crate::error::{Fault, Outcome};
use crate::page::Page;
use crate::tx::View;
use rusqlite::Row;
use tertulia_types::view::Relationship;
use tertulia_types::{AccountId, DweetId, NotificationId, Slot};

/// Whether `account` blocks `other`, at `account`'s home.
pub(crate) fn blocks(view: &View<'_>, account: AccountId, other: AccountId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM block WHERE slot = ?1 AND account_id = ?2 AND target_id = ?3 AND state = 1";
    view.exists(sql, (account.slot().0, account.get(), other.get()))
}

/// Whether `account` is blocked by `other`, at `account`'s home.
pub(crate) fn is_blocked_by(view: &View<'_>, account: AccountId, other: AccountId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM blocked_by WHERE slot = ?1 AND account_id = ?2 AND by_id = ?3 AND state = 1";
    view.exists(sql, (account.slot().0, account.get(), other.get()))
}

/// Whether the edge stands, at the follower's home.
pub(crate) fn is_following(view: &View<'_>, follower: AccountId, author: AccountId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM following WHERE slot = ?1 AND follower_id = ?2 AND author_id = ?3 AND state = 1";
    view.exists(sql, (follower.slot().0, follower.get(), author.get()))
}

/// Whether the edge's image stands, at the author's home.
pub(crate) fn is_follower(view: &View<'_>, author: AccountId, follower: AccountId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM follower WHERE slot = ?1 AND author_id = ?2 AND follower_slot = ?3 AND follower_id = ?4 AND state = 1";
    view.exists(
        sql,
        (author.slot().0, author.get(), follower.slot().0, follower.get()),
    )
}

/// The first slot at or behind `from` that has a follower of the author.
pub(crate) fn next_follower_slot(
    view: &View<'_>,
    author: AccountId,
    from: Slot,
) -> Result<Option<Slot>, Fault> {
    let sql = "SELECT follower_slot FROM follower WHERE slot = ?1 AND author_id = ?2 AND follower_slot >= ?3 AND state = 1
               ORDER BY follower_slot LIMIT 1";
    view.first(sql, (author.slot().0, author.get(), from.0), |row| {
        row.get(0).map(Slot)
    })
}

/// How `me` stands to `other`, at my home: it holds my edges and the images of theirs.
pub(crate) fn relationship(view: &View<'_>, me: AccountId, other: AccountId) -> Outcome<Relationship> {
    let sql = "SELECT redweets FROM following WHERE slot = ?1 AND follower_id = ?2 AND author_id = ?3 AND state = 1";
    let edge = view.first(sql, (me.slot().0, me.get(), other.get()), |row| {
        row.get::<_, bool>(0)
    })?;
    let sql = "SELECT notifications FROM mute WHERE slot = ?1 AND account_id = ?2 AND target_id = ?3
               AND (expires_ms IS NULL OR expires_ms > ?4)";
    let mute = view.first(sql, (me.slot().0, me.get(), other.get(), view.now_ms), |row| {
        row.get::<_, bool>(0)
    })?;
    let blocking = blocks(view, me, other)?;
    Ok(Relationship {
        following: edge.is_some(),
        showing_redweets: edge.unwrap_or(false),
        // The image stays until the block has reached the follower's home.
        followed_by: !blocking && is_follower(view, me, other)?,
        blocking,
        blocked_by: is_blocked_by(view, me, other)?,
        muting: mute.is_some(),
        muting_notifications: mute.unwrap_or(false),
    })
}

/// A page of edges of one account.
pub(crate) fn edges(
    view: &View<'_>,
    select: &str,
    of: AccountId,
    page: &Page,
) -> Outcome<Vec<(NotificationId, AccountId)>> {
    let params = (page.below(), page.above(), page.size(), of.slot().0, of.get());
    let rows = view.all(&page.sql(select, "id"), params, edge_from)?;
    Ok(page.newest_first(rows))
}

/// An edge's id and the account at its other end.
pub(crate) fn edge_from(row: &Row<'_>) -> rusqlite::Result<(NotificationId, AccountId)> {
    let id = NotificationId::from_number(row.get(0)?).unwrap_or(NotificationId::MIN);
    Ok((id, AccountId::from_number(row.get(1)?).unwrap_or(AccountId::MIN)))
}

/// The first slot at or behind `from` that has a redweeter of the dweet.
pub(crate) fn next_redweeter_slot(
    view: &View<'_>,
    original: DweetId,
    from: Slot,
) -> Result<Option<Slot>, Fault> {
    let sql = "SELECT account_slot FROM redweeted_by WHERE slot = ?1 AND dweet_id = ?2 AND account_slot >= ?3 AND state = 1
               ORDER BY account_slot LIMIT 1";
    view.first(sql, (original.slot().0, original.get(), from.0), |row| {
        row.get(0).map(Slot)
    })
}

/// A page of the dweets that an account has marked: each with the id by which one pages.
pub(crate) fn marked(
    view: &View<'_>,
    select: &str,
    of: AccountId,
    page: &Page,
) -> Outcome<Vec<(NotificationId, DweetId)>> {
    let params = (page.below(), page.above(), page.size(), of.slot().0, of.get());
    let map = |row: &Row<'_>| {
        let id = NotificationId::from_number(row.get(0)?).unwrap_or(NotificationId::MIN);
        Ok((id, DweetId::from_number(row.get(1)?).unwrap_or(DweetId::MIN)))
    };
    Ok(page.newest_first(view.all(&page.sql(select, "id"), params, map)?))
}
