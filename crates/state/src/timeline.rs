//! The home timeline: a merge of the entries of those whom a reader follows and of their own dweets, newest id first.
//!
//! Nothing is written per reader: one row per group and dweet is all there is, whatever the number of followers. A page is
//! made by stepping back through each followed author's entries at once.
//!
//! **What is unseen** (rule T6). Entries have arrival numbers, because a late one may have an old id. An entry counts as
//! unseen for a reader if it arrived after the reader's follow of its author and after `floor`, unless it was shown in the
//! window `(floor, top]` (ids from `below_id` up were) or lies behind the marker that a Mastodon app has set. Asking shows
//! the newest of the window first; when the window is empty it moves up to the newest arrivals; when nothing is unseen,
//! older dweets follow. Reading a page never writes: the reader's new state goes through the log as [`SetReader`], which
//! compares and sets, so that two devices that ask at once do not lose anything.

use crate::block;
use crate::database::{Tx, View};
use crate::dweet::{self, dweet_id};
use crate::entry::ARRIVALS;
use crate::error::{Fault, Outcome, decode};
use crate::favourite;
use crate::page::Page;
use crate::redweet;
use crate::session::Actor;
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use tertulia_types::view::{DweetView, Flags, Shown, Unseen};
use tertulia_types::{AccountId, DweetId, Position, Rejected, Scopes};

/// Unseen dweets that are counted exactly.
const UNSEEN_MAX: u32 = 800;

/// Whose dweets and notifications a reader does not want, or may not have.
#[derive(Debug, Default)]
pub(crate) struct Unwanted {
    blocked: BTreeSet<i64>,
    /// Whether their notifications are unwanted too.
    muted: BTreeMap<i64, bool>,
}

impl Unwanted {
    pub(crate) fn of(view: &View<'_>, reader: AccountId) -> Result<Self, Fault> {
        let (slot, id) = (reader.slot().0, reader.get());
        let number = |row: &Row<'_>| row.get::<_, i64>(0);
        let sql = "SELECT target_id FROM block WHERE slot = ?1 AND account_id = ?2 AND state = 1";
        let mut blocked: BTreeSet<i64> = view.all(sql, (slot, id), number)?.into_iter().collect();
        let sql = "SELECT by_id FROM blocked_by WHERE slot = ?1 AND account_id = ?2 AND state = 1";
        blocked.extend(view.all(sql, (slot, id), number)?);
        let sql = "SELECT target_id, notifications FROM mute WHERE slot = ?1 AND account_id = ?2
                   AND (expires_ms IS NULL OR expires_ms > ?3)";
        let muted = view.all(sql, (slot, id, view.now_ms), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self {
            blocked,
            muted: muted.into_iter().collect(),
        })
    }

    /// Whether this account's dweets stay out of timelines.
    pub(crate) fn dweets_of(&self, account: AccountId) -> bool {
        self.blocked.contains(&account.get()) || self.muted.contains_key(&account.get())
    }

    /// Whether this account's notifications stay out.
    pub(crate) fn notifications_from(&self, account: AccountId) -> bool {
        self.blocked.contains(&account.get()) || self.muted.get(&account.get()).copied().unwrap_or(false)
    }
}

/// How a viewer stands to a dweet, at the viewer's home.
pub(crate) fn flags(view: &View<'_>, viewer: AccountId, dweet: &DweetView) -> Result<Flags, Fault> {
    let original = dweet.original();
    let sql = "SELECT 1 FROM mute WHERE slot = ?1 AND account_id = ?2 AND target_id = ?3
               AND (expires_ms IS NULL OR expires_ms > ?4)";
    let key = (
        viewer.slot().0,
        viewer.get(),
        original.author.id.get(),
        view.now_ms,
    );
    Ok(Flags {
        favourited: favourite::is_favourite(view, viewer, original.id)?,
        redweeted: redweet::standing_redweet(view, viewer, original.id)?.is_some(),
        muted: view.exists(sql, key)?,
    })
}

/// An edge as far as a timeline needs it.
#[derive(Debug)]
struct Followed {
    author: i64,
    redweets: bool,
    /// The group's counter when the edge came to stand.
    arrival: i64,
}

/// A reader and all that decides what they see.
struct Reading<'a> {
    view: &'a View<'a>,
    reader: AccountId,
    followed: Vec<Followed>,
    unwanted: Unwanted,
}

/// A step back through one author's entries.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    /// Ordered first: the id, negated when one walks upwards.
    order: i64,
    source: usize,
    id: i64,
}

impl<'a> Reading<'a> {
    fn of(view: &'a View<'a>, reader: AccountId) -> Result<Self, Fault> {
        let sql = "SELECT author_id, redweets, arrival FROM following WHERE slot = ?1 AND follower_id = ?2 AND state = 1";
        let followed = view.all(sql, (reader.slot().0, reader.get()), |row| {
            Ok(Followed {
                author: row.get(0)?,
                redweets: row.get(1)?,
                arrival: row.get(2)?,
            })
        })?;
        Ok(Self {
            view,
            reader,
            followed,
            unwanted: Unwanted::of(view, reader)?,
        })
    }

    /// The next id of a source; the source behind the last followed author is the reader.
    fn next(&self, source: usize, page: &Page) -> Result<Option<Step>, Fault> {
        let (table, slot, author) = match self.followed.get(source) {
            Some(followed) => (
                "FROM entry WHERE author_id = ?4 AND ?5 IS NULL AND view IS NOT NULL AND",
                None,
                followed.author,
            ),
            None => {
                let own = "FROM dweet WHERE author_id = ?4 AND slot = ?5 AND deleted_ms IS NULL AND";
                (own, Some(self.reader.slot().0), self.reader.get())
            }
        };
        let sql = page.sql(&format!("SELECT id {table}"), "id");
        let id = self
            .view
            .first(&sql, (page.below(), page.above(), 1, author, slot), |row| {
                row.get::<_, i64>(0)
            })?;
        Ok(id.map(|id| Step {
            order: if page.is_from_oldest() { -id } else { id },
            source,
            id,
        }))
    }

    /// Walks the merged ids and keeps what `wanted` accepts, until the page is full.
    fn walk(
        &self,
        page: Page,
        mut wanted: impl FnMut(&Shown) -> Result<bool, Fault>,
    ) -> Result<Vec<Shown>, Fault> {
        let mut heap = BinaryHeap::new();
        for source in 0..=self.followed.len() {
            heap.extend(self.next(source, &page)?);
        }
        let (mut shown, mut originals) = (Vec::new(), BTreeSet::new());
        while shown.len() < page.size()
            && let Some(step) = heap.pop()
        {
            let bounds = if page.is_from_oldest() {
                Page {
                    min_id: Some(step.id),
                    ..page
                }
            } else {
                Page {
                    max_id: Some(step.id),
                    ..page
                }
            };
            heap.extend(self.next(step.source, &bounds)?);
            if let Some(entry) = self.load(step.id, self.followed.get(step.source))?
                && !originals.contains(&entry.dweet.original().id)
                && wanted(&entry)?
            {
                originals.insert(entry.dweet.original().id);
                shown.push(entry);
            }
        }
        Ok(page.newest_first(shown))
    }

    /// The entry as this reader sees it; `None` if it is not for them.
    fn load(&self, id: i64, followed: Option<&Followed>) -> Result<Option<Shown>, Fault> {
        let Some(mut dweet) = (match followed {
            Some(_) => entry_view(self.view, id)?,
            None => dweet::stored(self.view, dweet_id(id))?
                .map(|own| dweet::show(self.view, &own))
                .transpose()?
                .flatten(),
        }) else {
            return Ok(None);
        };
        let author = dweet.author.id;
        let original_author = dweet.original().author.id;
        let is_redweet = dweet.original().id != dweet.id;
        let hidden = followed.is_some_and(|edge| is_redweet && !edge.redweets)
            || self.unwanted.dweets_of(author)
            || (original_author != self.reader && self.unwanted.dweets_of(original_author));
        if hidden {
            return Ok(None);
        }
        refresh_counts(self.view, &mut dweet)?;
        Ok(Some(Shown {
            flags: flags(self.view, self.reader, &dweet)?,
            dweet,
        }))
    }

    /// The ids of all that is unseen, with their arrivals, newest id first.
    fn unseen(&self, state: &ReaderState) -> Result<Vec<(i64, i64, usize)>, Fault> {
        let sql = "SELECT id, original_id, arrival FROM entry WHERE author_id = ?1 AND arrival > ?2 AND view IS NOT NULL";
        let mut unseen = Vec::new();
        for (source, followed) in self.followed.iter().enumerate() {
            if self.unwanted.blocked.contains(&followed.author)
                || self.unwanted.muted.contains_key(&followed.author)
            {
                continue;
            }
            let after = followed.arrival.max(state.floor);
            let map = |row: &Row<'_>| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                ))
            };
            for (id, original, arrival) in self.view.all(sql, (followed.author, after), map)? {
                if !state.has_seen(id, arrival) && (followed.redweets || original == id) {
                    unseen.push((id, arrival, source));
                }
            }
        }
        unseen.sort_unstable_by(|a, b| b.cmp(a));
        Ok(unseen)
    }
}

/// The entry with the author's newest card.
fn entry_view(view: &View<'_>, id: i64) -> Result<Option<DweetView>, Fault> {
    let sql = "SELECT entry.view, card.view FROM entry LEFT JOIN card ON card.account_id = entry.author_id
               WHERE entry.id = ?1 AND entry.view IS NOT NULL";
    let found = view.first(sql, [id], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
    })?;
    let Some((bytes, card)) = found else {
        return Ok(None);
    };
    let mut dweet: DweetView = decode("entry", &bytes)?;
    if let Some(card) = card {
        dweet.author = decode("card", &card)?;
    }
    Ok(Some(dweet))
}

/// Counts travel with nothing; where the original's home is here they are read as they are now.
fn refresh_counts(view: &View<'_>, dweet: &mut DweetView) -> Result<(), Fault> {
    let original = match &mut dweet.content {
        tertulia_types::view::Content::Redweet(original) => original.as_mut(),
        tertulia_types::view::Content::Dweet(_) => dweet,
    };
    if view.owns(original.id.home()).is_err() {
        return Ok(());
    }
    let sql = "SELECT replies, redweets, favourites FROM dweet WHERE id = ?1";
    let counts = view.first(sql, [original.id.get()], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    if let Some((replies, redweets, favourites)) = counts {
        (original.replies, original.redweets, original.favourites) = (replies, redweets, favourites);
    }
    Ok(())
}

/// A page of the actor's home timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// Who reads.
    pub actor: Actor,
    /// Which part.
    pub page: Page,
}

impl Verb for Home {
    type Reply = Vec<Shown>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Home {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_STATUSES))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<Shown>> {
        Ok(Reading::of(view, self.actor.account)?.walk(self.page, |_| Ok(true))?)
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
        let reading = Reading::of(view, self.actor.account)?;
        let sql = "SELECT author_id FROM entry WHERE id = ?1";
        let author = view.first(sql, [self.id.get()], |row| row.get::<_, i64>(0))?;
        let edge = reading
            .followed
            .iter()
            .find(|followed| Some(followed.author) == author);
        let own = dweet::stored(view, self.id)?.is_some_and(|stored| stored.author == self.actor.account);
        let shown = if edge.is_some() || own {
            reading.load(self.id.get(), edge)?
        } else {
            None
        };
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
        let reading = Reading::of(view, self.actor.account)?;
        Ok(reading
            .followed
            .iter()
            .filter_map(|followed| AccountId::from_number(followed.author))
            .collect())
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
            if block::blocks(view, me, *author)? || block::is_blocked_by(view, me, *author)? {
                return Ok(None);
            }
            Ok(Some(Flags {
                favourited: favourite::is_favourite(view, me, *id)?,
                redweeted: redweet::standing_redweet(view, me, *id)?.is_some(),
                muted: unwanted.muted.contains_key(&author.get()),
            }))
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

/// Counts as seen what has arrived by now with an id up to this: a Mastodon app's marker.
pub(crate) fn mark(tx: &mut Tx<'_>, reader: AccountId, up_to: i64) -> Result<(), Fault> {
    let mut state = reader_state(tx, reader)?;
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
        Ok(counted(
            Reading::of(view, self.actor.account)?.unseen(&state)?.len(),
        ))
    }
}

/// What asking for new dweets would show now: the newest unseen ones, or older ones when all was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextPage {
    /// Who asks.
    pub actor: Actor,
    /// How many at most.
    pub limit: u32,
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
        let before = reader_state(view, self.actor.account)?;
        let unseen = reading.unseen(&before)?;
        let in_window: Vec<_> = unseen
            .iter()
            .copied()
            .filter(|(_, arrival, _)| *arrival <= before.top)
            .collect();
        if !in_window.is_empty() {
            return Ok(reading.unseen_page(before, before, &in_window, unseen.len(), self.page().size())?);
        }
        let top = view.counter(ARRIVALS)?;
        let moved = ReaderState {
            floor: before.top,
            top,
            below_id: i64::MAX,
            older_below_id: i64::MAX,
            ..before
        };
        if !unseen.is_empty() {
            return Ok(reading.unseen_page(before, moved, &unseen, unseen.len(), self.page().size())?);
        }
        Ok(reading.older_page(before, self.page())?)
    }
}

impl NextPage {
    fn page(&self) -> Page {
        Page::newest(self.limit)
    }
}

impl Reading<'_> {
    /// The first of `ids`; `total` unseen ones there are in all.
    fn unseen_page(
        &self,
        before: ReaderState,
        mut after: ReaderState,
        ids: &[(i64, i64, usize)],
        total: usize,
        size: usize,
    ) -> Result<Next, Fault> {
        let (mut dweets, mut originals, mut passed) = (Vec::new(), BTreeSet::new(), 0);
        for (id, _, source) in ids {
            if dweets.len() == size {
                break;
            }
            passed += 1;
            after.below_id = *id;
            if let Some(shown) = self.load(*id, self.followed.get(*source))?
                && originals.insert(shown.dweet.original().id)
            {
                dweets.push(shown);
            }
        }
        Ok(Next {
            dweets,
            unseen: counted(total - passed),
            older: false,
            before,
            after,
        })
    }

    /// What lies below, without what the window has just shown.
    fn older_page(&self, before: ReaderState, page: Page) -> Result<Next, Fault> {
        let page = Page {
            max_id: Some(before.older_below_id),
            ..page
        };
        let sql = "SELECT arrival FROM entry WHERE id = ?1";
        let dweets = self.walk(page, |shown| {
            let id = shown.dweet.id.get();
            let arrival = self.view.first(sql, [id], |row| row.get::<_, i64>(0))?;
            Ok(!arrival.is_some_and(|arrival| before.shown_in_window(id, arrival)))
        })?;
        let older_below_id = dweets
            .last()
            .map_or(before.older_below_id, |shown| shown.dweet.id.get());
        let after = ReaderState {
            older_below_id,
            ..before
        };
        Ok(Next {
            dweets,
            unseen: Unseen::default(),
            older: true,
            before,
            after,
        })
    }
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
}

impl Verb for SetReader {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for SetReader {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_STATUSES))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let now = reader_state(tx, self.actor.account)?;
        if now == self.after {
            return Ok(());
        }
        if now != self.before {
            return Err(Rejected::Conflict.into());
        }
        Ok(put_reader_state(tx, self.actor.account, &self.after)?)
    }
}
