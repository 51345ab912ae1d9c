//! The home timeline: a merge of the entries of those whom a reader follows and of their own dweets, newest id first (see
//! `crate::reading`).
//!
//! **What is unseen** (rule T6). Entries have arrival numbers, because a late one may have an old id. An entry counts as
//! unseen for a reader if it arrived after the reader's follow of its author and after `floor`, unless it was shown in the
//! window `(floor, top]` (ids from `below_id` up were) or lies behind the marker that a Mastodon app has set. Asking shows
//! the newest of the window first; when the window is empty it moves up to the newest arrivals; when nothing is unseen,
//! older dweets follow. Reading a page never writes: the reader's new state goes through the log as [`SetReader`], which
//! compares and sets, so that two devices that ask at once do not lose anything.

use crate::account;
use crate::entry::ARRIVALS;
use crate::error::{Fault, Outcome};
use crate::hidden;
use crate::page::{Page, Sifted};
use crate::reading::{Candidate, Reading, flags};
use crate::request::{Request, RequestKey};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::unwanted::Unwanted;
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tertulia_types::view::{Flags, Shown, Unseen};
use tertulia_types::{AccountId, DweetId, Position, Rejected, Scopes};

/// Unseen dweets that are counted exactly.
const UNSEEN_MAX: u32 = 800;
/// One more: enough to know that there are more.
const UNSEEN_LOOKED_AT: usize = UNSEEN_MAX as usize + 1;

/// A page of the actor's home timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// Who reads.
    pub actor: Actor,
    /// Which part.
    pub page: Page,
}

impl Verb for Home {
    type Reply = Sifted<Shown>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Home {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_STATUSES))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Sifted<Shown>> {
        Ok(Reading::of(view, self.actor.account)?.walk(self.page, |_, _| true)?)
    }
}

/// One entry of the actor's home timeline, for streams: refused if it is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeEntry {
    /// Who reads.
    pub actor: Actor,
    /// The entry, or a dweet of the actor's own.
    pub id: DweetId,
}

impl Verb for HomeEntry {
    type Reply = Shown;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for HomeEntry {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_STATUSES))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Shown> {
        let shown = Reading::of(view, self.actor.account)?.one(self.id)?;
        shown.ok_or_else(|| Rejected::NotFound.into())
    }
}

/// Whom the actor follows: the filter of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowedIds {
    /// Who asks.
    pub actor: Actor,
}

impl Verb for FollowedIds {
    type Reply = Vec<AccountId>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for FollowedIds {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_STATUSES))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<AccountId>> {
        let sql = "SELECT author_id FROM following WHERE slot = ?1 AND follower_id = ?2 AND state = 1";
        let me = self.actor.account;
        let followed = view.all(sql, (me.slot().0, me.get()), |row| row.get::<_, i64>(0))?;
        Ok(followed.into_iter().filter_map(AccountId::from_number).collect())
    }
}

/// How the actor stands to dweets of other homes: for each original's id and author its flags, or `None` when the author
/// is blocked on either side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagsOf {
    /// Who reads.
    pub actor: Actor,
    /// What the session must allow.
    pub needed: Scopes,
    /// Originals with their authors; at most 1000 are answered.
    pub dweets: Vec<(DweetId, AccountId)>,
}

impl Verb for FlagsOf {
    type Reply = Vec<Option<Flags>>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for FlagsOf {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, self.needed))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<Option<Flags>>> {
        let me = self.actor.account;
        let unwanted = Unwanted::of(view, me)?;
        let flags_of = |(id, author): &(DweetId, AccountId)| {
            if unwanted.is_blocked(*author) || hidden::is_hidden(view, *author)? {
                return Ok(None);
            }
            Ok(Some(flags(view, me, *id, unwanted.is_muted(*author))?))
        };
        self.dweets.iter().take(1_000).map(flags_of).collect()
    }
}

/// What a reader has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderState {
    /// All that arrived up to here was seen.
    floor: i64,
    /// The end of the window.
    top: i64,
    /// Of the window, ids from here up were shown.
    below_id: i64,
    /// Of what is older, ids from here up were shown.
    older_below_id: i64,
    /// An app's marker: what had arrived by `marker_top` with an id up to this was seen.
    marker_id: i64,
    marker_top: i64,
}

impl ReaderState {
    const NEW: Self = Self {
        floor: 0,
        top: 0,
        below_id: i64::MAX,
        older_below_id: i64::MAX,
        marker_id: 0,
        marker_top: 0,
    };

    fn has_seen(&self, id: i64, arrival: i64) -> bool {
        arrival <= self.floor
            || self.shown_in_window(id, arrival)
            || (arrival <= self.marker_top && id <= self.marker_id)
    }

    fn shown_in_window(&self, id: i64, arrival: i64) -> bool {
        arrival > self.floor && arrival <= self.top && id >= self.below_id
    }
}

fn reader_state(view: &View<'_>, reader: AccountId) -> Result<ReaderState, Fault> {
    let sql = "SELECT floor, top, below_id, older_below_id, marker_id, marker_top FROM reader
               WHERE slot = ?1 AND account_id = ?2";
    let map = |row: &Row<'_>| {
        Ok(ReaderState {
            floor: row.get(0)?,
            top: row.get(1)?,
            below_id: row.get(2)?,
            older_below_id: row.get(3)?,
            marker_id: row.get(4)?,
            marker_top: row.get(5)?,
        })
    };
    Ok(view
        .first(sql, (reader.slot().0, reader.get()), map)?
        .unwrap_or(ReaderState::NEW))
}

fn put_reader_state(tx: &mut Tx<'_>, reader: AccountId, state: &ReaderState) -> Result<(), Fault> {
    let sql = "INSERT INTO reader (slot, account_id, floor, top, below_id, older_below_id, marker_id, marker_top)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (slot, account_id) DO UPDATE SET floor = excluded.floor, top = excluded.top,
               below_id = excluded.below_id, older_below_id = excluded.older_below_id, marker_id = excluded.marker_id,
               marker_top = excluded.marker_top";
    let ReaderState {
        floor,
        top,
        below_id,
        older_below_id,
        marker_id,
        marker_top,
    } = *state;
    let key = (reader.slot().0, reader.get());
    tx.write(
        sql,
        (
            key.0,
            key.1,
            floor,
            top,
            below_id,
            older_below_id,
            marker_id,
            marker_top,
        ),
    )?;
    Ok(())
}

/// Counts as seen what has arrived by now with an id up to this: a Mastodon app's marker. One that lies behind the marker
/// that stands, from another device, changes nothing.
pub(crate) fn mark(tx: &mut Tx<'_>, reader: AccountId, up_to: i64) -> Result<(), Fault> {
    let mut state = reader_state(tx, reader)?;
    if up_to < state.marker_id {
        return Ok(());
    }
    state.marker_id = up_to;
    state.marker_top = tx.counter(ARRIVALS)?;
    put_reader_state(tx, reader, &state)
}

fn counted(unseen: usize) -> Unseen {
    let count = u32::try_from(unseen).unwrap_or(u32::MAX);
    Unseen {
        count: count.min(UNSEEN_MAX),
        more: count > UNSEEN_MAX,
    }
}

/// How many dweets of the home timeline are unseen. Changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountUnseen {
    /// Who asks.
    pub actor: Actor,
}

impl Verb for CountUnseen {
    type Reply = Unseen;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for CountUnseen {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_STATUSES))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Unseen> {
        let state = reader_state(view, self.actor.account)?;
        let reading = Reading::of(view, self.actor.account)?;
        Ok(counted(unseen(&reading, &state, state.floor, i64::MAX)?.len()))
    }
}

/// What asking for new dweets would show now: the newest unseen ones, or older ones when all was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextPage {
    /// Who asks.
    pub actor: Actor,
    /// How many at most.
    pub limit: u32,
    /// As the reader stood then, to see again what was shown then; `None` is as they stand now.
    pub from: Option<ReaderState>,
}

/// A page of new or older dweets, and the reader's state before and after it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The dweets, newest first.
    pub dweets: Vec<Shown>,
    /// What stays unseen after this page.
    pub unseen: Unseen,
    /// Whether all was seen and these are older ones.
    pub older: bool,
    /// For [`SetReader`].
    pub before: ReaderState,
    /// For [`SetReader`].
    pub after: ReaderState,
}

impl Verb for NextPage {
    type Reply = Next;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for NextPage {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_STATUSES))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Next> {
        let reading = Reading::of(view, self.actor.account)?;
        let before = match self.from {
            Some(before) => before,
            None => reader_state(view, self.actor.account)?,
        };
        let page = Page::newest(self.limit);
        // A repeat ends where the first time ended: what has arrived since is for the next page.
        let top = match self.from {
            Some(_) => reader_state(view, self.actor.account)?.top,
            None => view.counter(ARRIVALS)?,
        };
        let in_window = unseen(&reading, &before, before.floor, before.top)?;
        let later = unseen(&reading, &before, before.top, top)?;
        if in_window.is_empty() && later.is_empty() {
            return Ok(older_page(&reading, before, page)?);
        }
        let (found, window) = if in_window.is_empty() {
            let moved = ReaderState {
                floor: before.top,
                top,
                below_id: i64::MAX,
                older_below_id: i64::MAX,
                ..before
            };
            (&later, moved)
        } else {
            (&in_window, before)
        };
        let (dweets, after) = window_page(&reading, window, found, page)?;
        let left = unseen(&reading, &after, after.floor, i64::MAX)?.len();
        Ok(Next {
            dweets,
            unseen: counted(left),
            older: false,
            before,
            after,
        })
    }
}

/// What arrived in `(after, up_to]` and is unseen: all of it, or [`UNSEEN_LOOKED_AT`] of it.
fn unseen(
    reading: &Reading<'_>,
    state: &ReaderState,
    after: i64,
    up_to: i64,
) -> Result<Vec<Candidate>, Fault> {
    let is_unseen = |entry: &Candidate| !state.has_seen(entry.id, entry.arrival);
    let mut found = Vec::new();
    // Behind the marker only newer ids can be unseen, and they are few; past it, whatever has arrived.
    if state.marker_top > after {
        let behind = up_to.min(state.marker_top);
        reading.arrived_above(
            state.marker_id,
            (after, behind),
            UNSEEN_LOOKED_AT,
            &mut found,
            is_unseen,
        )?;
    }
    let past = after.max(state.marker_top);
    reading.arrived((past, up_to), UNSEEN_LOOKED_AT, &mut found, is_unseen)?;
    Ok(found)
}

/// The newest unseen dweets of the window, and the reader's state when they were shown.
fn window_page(
    reading: &Reading<'_>,
    window: ReaderState,
    found: &[Candidate],
    page: Page,
) -> Result<(Vec<Shown>, ReaderState), Fault> {
    let mut after = window;
    let mut dweets = Vec::new();
    if found.len() < UNSEEN_LOOKED_AT {
        let (mut newest, mut originals) = (found.to_vec(), BTreeSet::new());
        newest.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.id));
        for entry in newest {
            if dweets.len() == page.size() {
                break;
            }
            after.below_id = entry.id;
            if originals.insert(entry.original) {
                dweets.extend(reading.load(&entry)?);
            }
        }
    } else {
        let below = Page {
            max_id: Some(window.below_id),
            ..page
        };
        let sifted = reading.walk(below, |entry, since| {
            let arrived = entry.arrival > since.max(window.floor) && entry.arrival <= window.top;
            let is_unseen = arrived && !window.has_seen(entry.id, entry.arrival);
            if is_unseen {
                after.below_id = entry.id;
            }
            is_unseen
        })?;
        after.below_id = after.below_id.min(sifted.oldest().unwrap_or(i64::MAX));
        dweets = sifted.shown;
    }
    Ok((dweets, after))
}

/// What lies below, without what the window has just shown.
fn older_page(reading: &Reading<'_>, before: ReaderState, page: Page) -> Result<Next, Fault> {
    let page = Page {
        max_id: Some(before.older_below_id),
        ..page
    };
    let sifted = reading.walk(page, |entry, _| !before.shown_in_window(entry.id, entry.arrival))?;
    let after = ReaderState {
        older_below_id: sifted.oldest().unwrap_or(before.older_below_id),
        ..before
    };
    Ok(Next {
        dweets: sifted.shown,
        unseen: Unseen::default(),
        older: true,
        before,
        after,
    })
}

/// Records what [`NextPage`] has shown. `Conflict` if the reader's state is not `before` any more: ask again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetReader {
    /// Who reads.
    pub actor: Actor,
    /// From the page.
    pub before: ReaderState,
    /// From the page.
    pub after: ReaderState,
    /// For repeats: one whose reply was lost must not skip a page.
    pub key: RequestKey,
}

impl Verb for SetReader {
    /// From where the page was shown that was recorded under this key.
    type Reply = ReaderState;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for SetReader {
    fn is_of_people(&self) -> bool {
        true
    }

    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_STATUSES))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<ReaderState> {
        let now = reader_state(tx, self.actor.account)?;
        if now != self.before && now != self.after {
            return Err(Rejected::Conflict.into());
        }
        put_reader_state(tx, self.actor.account, &self.after)?;
        Ok(self.before)
    }
}
