//! Entries: the dweets that were delivered to this group, once each, for all of its people who follow the author.
//!
//! **Invariants**
//! - The higher version wins; a tombstone is a version too (rule O3), so repeats and reorderings change nothing.
//! - Each entry that was delivered has an arrival number of its own; what a first follow fetched has 0 (rule T6).
//! - Entries and the card of an author go with the last edge of the group that the author's home has taken (rule T4). Where
//!   they are many, they are *outdated* at once, which nobody sees any more, and are removed little by little; an edge is not
//!   taken before that is done. (What was published in between is then among what is fetched, and does not count as unseen.)

use crate::errand::{self, Errand, HOP_ROWS_MAX, Waiting, Walked, number};
use crate::error::{Fault, Outcome, encode};
use crate::event::Event;
use crate::tx::{Tx, View};
use crate::verb::{Command, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::view::{AccountView, DweetView};
use tertulia_types::{AccountId, Bug, DweetId, Position, Slot};

/// The group's counter of arrivals.
pub(crate) const ARRIVALS: &str = "arrivals";

/// Brings a dweet to a group that has a follower of its author: one hop of a fan-out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliver {
    /// The slot of the first follower there.
    pub slot: Slot,
    /// The dweet or redweet.
    pub id: DweetId,
    /// Its author.
    pub author: AccountId,
    /// The dweet itself, or what was redweeted.
    pub original: DweetId,
    /// Its version.
    pub version: u64,
    /// As it is now; `None` when it is deleted.
    pub view: Option<DweetView>,
}

impl Verb for Deliver {
    type Reply = Walked;

    fn home(&self) -> Position {
        self.slot.end()
    }
}

impl Command for Deliver {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Walked> {
        if is_followed(tx, self.author)? {
            self.upsert(tx)?;
            if let Some(view) = &self.view {
                put_card(tx, &view.author, false)?;
            }
        }
        Ok(Walked::behind(tx, self.slot))
    }
}

impl Deliver {
    fn upsert(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let before = tx.first(
            "SELECT version, arrival FROM entry WHERE id = ?1",
            [self.id.get()],
            |row| Ok((row.get::<_, u64>(0)?, row.get::<_, i64>(1)?)),
        )?;
        let (version, mut arrival) = before.unwrap_or((0, 0));
        if before.is_some() && (version > self.version || (version == self.version && arrival > 0)) {
            return Ok(());
        }
        // What was fetched and is edited later stays "fetched"; its own delivery, which comes late, counts.
        if arrival == 0 && (before.is_none() || version == self.version) {
            arrival = tx.counter(ARRIVALS)? + 1;
            tx.set_counter(ARRIVALS, arrival)?;
        }
        put(tx, self, arrival)?;
        let (id, author) = (self.id, self.author);
        match (&self.view, before) {
            (Some(_), _) => tx.tell(Event::Delivered {
                id,
                author,
                edited: version > 0 && version < self.version,
            }),
            (None, Some(_)) => tx.tell(Event::Withdrawn { id, author }),
            (None, None) => {}
        }
        Ok(())
    }
}

fn put(tx: &mut Tx<'_>, entry: &Deliver, arrival: i64) -> Result<(), Fault> {
    let original_author = entry
        .view
        .as_ref()
        .map_or(entry.author, |view| view.original().author.id);
    let view = entry.view.as_ref().map(encode).transpose()?;
    let sql =
        "INSERT INTO entry (id, author_id, original_id, original_author_id, arrival, version, state, view)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (id) DO UPDATE SET arrival = excluded.arrival, version = excluded.version,
               state = excluded.state, view = excluded.view";
    let params = (
        entry.id.get(),
        entry.author.get(),
        entry.original.get(),
        original_author.get(),
        arrival,
        entry.version,
        view.is_some(),
        &view,
    );
    tx.write(sql, params)?;
    Ok(())
}

/// Takes in what the first follow of an author fetched (rule T3). It has arrived, but it does not count as unseen.
pub(crate) fn take_fetched(tx: &mut Tx<'_>, recent: &[DweetView]) -> Result<(), Fault> {
    for view in recent {
        let known = tx.exists("SELECT 1 FROM entry WHERE id = ?1", [view.id.get()])?;
        if !known {
            let original = view.original().id;
            let entry = Deliver {
                slot: Slot(0),
                id: view.id,
                author: view.author.id,
                original,
                version: view.version,
                view: Some(view.clone()),
            };
            put(tx, &entry, 0)?;
        }
    }
    Ok(())
}

/// Whether the author's recent dweets came with a first follow, and deliveries have kept them up to date since.
pub(crate) fn is_fetched(view: &View<'_>, author: AccountId) -> Result<bool, Fault> {
    view.exists(
        "SELECT 1 FROM card WHERE account_id = ?1 AND fetched = 1",
        [author.get()],
    )
}

/// Whether anyone of this group follows the author.
pub(crate) fn is_followed(view: &View<'_>, author: AccountId) -> Result<bool, Fault> {
    let sql =
        "SELECT 1 FROM following WHERE author_id = ?1 AND state = 1 AND ((follower_id - ?2) & 65535) < ?3";
    let (first, count) = view.own_slots();
    view.exists(sql, (author.get(), first, count))
}

/// Whether the author's home has taken an edge of this group to the author.
pub(crate) fn is_taken(view: &View<'_>, author: AccountId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM following WHERE author_id = ?1 AND state = 1 AND taken = 1 AND ((follower_id - ?2) & 65535) < ?3";
    let (first, count) = view.own_slots();
    view.exists(sql, (author.get(), first, count))
}

/// Stores a card if it is newer, or if its counts may be.
pub(crate) fn put_card(tx: &mut Tx<'_>, card: &AccountView, fetched: bool) -> Result<(), Fault> {
    let sql = "INSERT INTO card (account_id, version, fetched, view) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (account_id) DO UPDATE SET fetched = max(fetched, excluded.fetched),
               view = CASE WHEN excluded.version >= version THEN excluded.view ELSE view END,
               version = max(version, excluded.version)";
    tx.write(sql, (card.id.get(), card.version, fetched, encode(card)?))?;
    Ok(())
}

/// Outdates an author's entries and card when no edge of the group to them is taken any more (rule T4): this follower's
/// was the last.
pub(crate) fn drop_unfollowed(tx: &mut Tx<'_>, author: AccountId, follower: AccountId) -> Result<(), Fault> {
    if !is_taken(tx, author)? && forget(tx, author)? {
        let object = follower.get().to_be_bytes();
        errand::post(tx, follower.slot(), Errand::Forgetting, author.get(), &object)?;
    }
    Ok(())
}

/// From now on nobody sees what there is of an author. Mostly that is little, and goes at once; answers whether anything is left.
pub(crate) fn forget(tx: &mut Tx<'_>, author: AccountId) -> Result<bool, Fault> {
    if Bug::KeptEntries.is_planted() {
        return Ok(false);
    }
    if forget_some(tx, author, HOP_ROWS_MAX)? < HOP_ROWS_MAX {
        return Ok(false);
    }
    let sql = "UPDATE card SET fetched = 2 WHERE account_id = ?1";
    Ok(tx.write(sql, [author.get()])? > 0)
}

/// Whether what there is of an author must go before anything can be fetched.
pub(crate) fn is_outdated(view: &View<'_>, author: AccountId) -> Result<bool, Fault> {
    view.exists(
        "SELECT 1 FROM card WHERE account_id = ?1 AND fetched = 2",
        [author.get()],
    )
}

/// Removes some of what is outdated of an author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoOnForgetting {
    /// One of the group's people.
    pub follower: AccountId,
    /// Whose entries.
    pub author: AccountId,
}

impl Verb for GoOnForgetting {
    /// Always to the same group: the next parcel tells whether anything is left.
    type Reply = Walked;

    fn home(&self) -> Position {
        self.follower.home()
    }
}

impl Command for GoOnForgetting {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Walked> {
        if is_outdated(tx, self.author)? {
            forget_some(tx, self.author, HOP_ROWS_MAX)?;
        }
        Ok(Walked {
            next: Some(self.follower.slot()),
        })
    }
}

pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<GoOnForgetting>> {
    let ends = AccountId::from_number(number(&row.object)?).zip(AccountId::from_number(row.subject));
    let Some((follower, author)) = ends else {
        return Ok(None);
    };
    let next = GoOnForgetting { follower, author };
    Ok(is_outdated(view, author)?.then_some(next))
}

/// Removes at most so many entries of an author, and the card with the last of them; returns how many rows that were.
pub(crate) fn forget_some(tx: &mut Tx<'_>, author: AccountId, most: usize) -> Result<usize, Fault> {
    let sql = "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE author_id = ?1 ORDER BY state, id LIMIT ?2)";
    let mut rows = tx.write(sql, (author.get(), most))?;
    if rows < most {
        rows += tx.write("DELETE FROM card WHERE account_id = ?1", [author.get()])?;
    }
    Ok(rows)
}

/// The first author from this one on of whom there is an entry or a card.
pub(crate) fn next_author(view: &View<'_>, from: AccountId) -> Result<Option<AccountId>, Fault> {
    let card = "SELECT account_id FROM card WHERE account_id >= ?1 ORDER BY account_id LIMIT 1";
    let entry = "SELECT author_id FROM entry WHERE author_id >= ?1 ORDER BY author_id LIMIT 1";
    let mut next = None;
    for sql in [card, entry] {
        let found = view.first(sql, [from.get()], |row| row.get::<_, i64>(0))?;
        next = next.into_iter().chain(found).min();
    }
    Ok(next.and_then(AccountId::from_number))
}
