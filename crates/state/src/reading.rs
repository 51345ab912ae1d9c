//! A reader's view of the group's entries: the merge of the entries of those whom they follow and of their own dweets.
//!
//! Nothing is written per reader: one row per group and dweet is all there is, whatever the number of followers. A page is
//! made by stepping back through each followed author's entries at once; where each author's newest entry is, one statement
//! tells for all of them.
//!
//! **Invariant:** what [`Candidate`]s tell of an entry is enough to decide whether the reader sees it, so what is counted is
//! what is shown.

use crate::error::{Fault, decode};
use crate::hidden::NOT_HIDDEN;
use crate::page::{Page, Sieve, Sifted};
use crate::stored::{self, dweet_id};
use crate::tx::View;
use crate::unwanted::Unwanted;
use rusqlite::{Params, Row};
use std::collections::{BTreeSet, BinaryHeap};
use tertulia_types::view::{Content, DweetView, Flags, Shown};
use tertulia_types::{AccountId, DweetId};

/// How a viewer stands to an original, at the viewer's home.
pub(crate) fn flags(
    view: &View<'_>,
    viewer: AccountId,
    original: DweetId,
    muted: bool,
) -> Result<Flags, Fault> {
    let sql = "SELECT EXISTS (SELECT 1 FROM favourite WHERE slot = ?1 AND account_id = ?2 AND dweet_id = ?3 AND state = 1),
               EXISTS (SELECT 1 FROM dweet WHERE redweet_of = ?3 AND author_id = ?2 AND deleted_ms IS NULL),
               EXISTS (SELECT 1 FROM bookmark WHERE slot = ?1 AND account_id = ?2 AND dweet_id = ?3)";
    let key = (viewer.slot().0, viewer.get(), original.get());
    let standing = |row: &Row<'_>| {
        Ok(Flags::default()
            .with(Flags::FAVOURITED, row.get(0)?)
            .with(Flags::REDWEETED, row.get(1)?)
            .with(Flags::BOOKMARKED, row.get(2)?))
    };
    let found = view.first(sql, key, standing)?.unwrap_or_default();
    Ok(found.with(Flags::MUTED, muted))
}

/// An entry that may come into a timeline, or a dweet of the reader's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    pub(crate) id: i64,
    /// 0 for what was fetched, and for the reader's own.
    pub(crate) arrival: i64,
    pub(crate) author: i64,
    pub(crate) original: i64,
    original_author: i64,
}

/// What there is of an author may be outdated until the edge is taken (see `crate::entry`).
const READABLE: &str =
    "(f.taken = 1 OR NOT EXISTS (SELECT 1 FROM card WHERE account_id = f.author_id AND fetched = 2))";
const ENTRY: &str = "e.id, e.arrival, e.author_id, e.original_id, e.original_author_id";

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate {
        id: row.get(0)?,
        arrival: row.get(1)?,
        author: row.get(2)?,
        original: row.get(3)?,
        original_author: row.get(4)?,
    })
}

/// A reader, and what decides what they see.
pub(crate) struct Reading<'a> {
    view: &'a View<'a>,
    reader: AccountId,
    unwanted: Unwanted,
}

/// A step through one author's dweets.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    /// The id, negated when one walks upwards.
    order: i64,
    id: i64,
    edge: Option<Edge>,
}

/// An edge of the reader, as far as a timeline needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    author: i64,
    redweets: bool,
    /// The group's counter of arrivals when it came to stand.
    since: i64,
}

impl<'a> Reading<'a> {
    pub(crate) fn of(view: &'a View<'a>, reader: AccountId) -> Result<Self, Fault> {
        Ok(Self {
            view,
            reader,
            unwanted: Unwanted::of(view, reader)?,
        })
    }

    /// The newest (or for a page that begins at the oldest, the oldest) dweets that the reader sees and `wanted` accepts;
    /// it is told the candidate, and since which arrival the reader has followed its author. A dweet and its redweets come
    /// once per page.
    pub(crate) fn walk(
        &self,
        page: Page,
        mut wanted: impl FnMut(&Candidate, i64) -> bool,
    ) -> Result<Sifted<Shown>, Fault> {
        let mut heap: BinaryHeap<_> = self.heads(&page)?.into();
        let (mut sieve, mut originals) = (Sieve::new(page), BTreeSet::new());
        while let Some(step) = heap.pop()
            && sieve.looks_at(step.id)
        {
            heap.extend(self.behind(&step, &page)?);
            let since = step.edge.map_or(i64::MAX, |edge| edge.since);
            if let Some((candidate, dweet)) = self.dweet(&step)?
                && self.sees(&candidate, step.edge.is_none_or(|edge| edge.redweets))
                && wanted(&candidate, since)
                && originals.insert(candidate.original)
            {
                sieve.show(self.shown(dweet)?);
            }
        }
        Ok(sieve.page())
    }

    /// The first step of each source: of all whom the reader follows and wants to read, and of the reader.
    fn heads(&self, page: &Page) -> Result<Vec<Step>, Fault> {
        let sql = format!(
            "SELECT f.author_id, f.redweets, f.arrival, (SELECT {}(e.id) FROM entry e
               WHERE e.author_id = f.author_id AND e.state = 1 AND e.id < ?3 AND e.id > ?4)
             FROM following f WHERE f.slot = ?1 AND f.follower_id = ?2 AND f.state = 1 AND {READABLE}",
            if page.is_from_oldest() { "min" } else { "max" }
        );
        let params = (
            self.reader.slot().0,
            self.reader.get(),
            page.below(),
            page.above(),
        );
        let map = |row: &Row<'_>| {
            let edge = Edge {
                author: row.get(0)?,
                redweets: row.get(1)?,
                since: row.get(2)?,
            };
            Ok(row.get::<_, Option<i64>>(3)?.map(|id| step(id, Some(edge), page)))
        };
        let mut heads: Vec<_> = self.view.all(&sql, params, map)?.into_iter().flatten().collect();
        heads.retain(|head| head.edge.is_none_or(|edge| !self.unwanted.dweets_by(edge.author)));
        heads.extend(self.own(page)?);
        Ok(heads)
    }

    fn own(&self, page: &Page) -> Result<Option<Step>, Fault> {
        let sql = page.sql(
            "SELECT id FROM dweet WHERE slot = ?4 AND author_id = ?5 AND deleted_ms IS NULL AND",
            "id",
        );
        let reader = self.reader;
        let params = (page.below(), page.above(), 1, reader.slot().0, reader.get());
        self.view
            .first(&sql, params, |row| Ok(step(row.get(0)?, None, page)))
    }

    /// The step behind this one, of the same source.
    fn behind(&self, this: &Step, page: &Page) -> Result<Option<Step>, Fault> {
        let page = page.behind(Some(this.id));
        let Some(edge) = this.edge else {
            return self.own(&page);
        };
        let sql = page.sql(
            "SELECT id FROM entry WHERE author_id = ?4 AND state = 1 AND",
            "id",
        );
        let params = (page.below(), page.above(), 1, edge.author);
        self.view
            .first(&sql, params, |row| Ok(step(row.get(0)?, Some(edge), &page)))
    }

    fn dweet(&self, step: &Step) -> Result<Option<(Candidate, DweetView)>, Fault> {
        if step.edge.is_some() {
            return self.entry(step.id);
        }
        let Some(own) = stored::stored(self.view, dweet_id(step.id))? else {
            return Ok(None);
        };
        let shown = stored::show(self.view, &own)?;
        Ok(shown.map(|dweet| {
            let candidate = Candidate {
                id: dweet.id.get(),
                arrival: 0,
                author: dweet.author.id.get(),
                original: dweet.original().id.get(),
                original_author: dweet.original().author.id.get(),
            };
            (candidate, dweet)
        }))
    }

    /// An entry, with the author's newest card (rule T10).
    fn entry(&self, id: i64) -> Result<Option<(Candidate, DweetView)>, Fault> {
        let sql = format!(
            "SELECT {ENTRY}, e.view, card.view FROM entry e LEFT JOIN card ON card.account_id = e.author_id
             WHERE e.id = ?1 AND e.state = 1 AND {NOT_HIDDEN}"
        );
        let found = self.view.first(&sql, [id], |row| {
            Ok((
                candidate(row)?,
                row.get::<_, Vec<u8>>(5)?,
                row.get::<_, Option<Vec<u8>>>(6)?,
            ))
        })?;
        let Some((candidate, bytes, card)) = found else {
            return Ok(None);
        };
        let mut dweet: DweetView = decode("entry", &bytes)?;
        if let Some(card) = card {
            dweet.author = decode("card", &card)?;
        }
        Ok(Some((candidate, dweet)))
    }

    /// Whether it is for this reader's eyes; `redweets`: whether its author's redweets are wanted.
    fn sees(&self, candidate: &Candidate, redweets: bool) -> bool {
        (redweets || candidate.original == candidate.id)
            && !self.unwanted.dweets_by(candidate.author)
            && (candidate.original_author == self.reader.get()
                || !self.unwanted.dweets_by(candidate.original_author))
    }

    fn shown(&self, mut dweet: DweetView) -> Result<Shown, Fault> {
        refresh_counts(self.view, &mut dweet)?;
        let original = dweet.original();
        let muted = self.unwanted.is_muted(original.author.id);
        Ok(Shown {
            flags: flags(self.view, self.reader, original.id, muted)?,
            dweet,
        })
    }

    /// A candidate as this reader sees it.
    pub(crate) fn load(&self, candidate: &Candidate) -> Result<Option<Shown>, Fault> {
        let found = self.entry(candidate.id)?;
        found.map(|(_, dweet)| self.shown(dweet)).transpose()
    }

    /// One dweet by its id, if it is in the reader's timeline.
    pub(crate) fn one(&self, id: DweetId) -> Result<Option<Shown>, Fault> {
        let reader = self.reader;
        let sql = format!(
            "SELECT f.author_id, f.redweets, f.arrival FROM entry e JOIN following f
             ON f.slot = ?2 AND f.follower_id = ?3 AND f.author_id = e.author_id AND f.state = 1
             WHERE e.id = ?1 AND {READABLE}"
        );
        let edge = self
            .view
            .first(&sql, (id.get(), reader.slot().0, reader.get()), |row| {
                Ok(Edge {
                    author: row.get(0)?,
                    redweets: row.get(1)?,
                    since: row.get(2)?,
                })
            })?;
        let is_own = || -> Result<bool, Fault> {
            Ok(stored::stored(self.view, id)?.is_some_and(|own| own.author == reader))
        };
        if edge.is_none() && !is_own()? {
            return Ok(None);
        }
        let step = Step {
            order: 0,
            id: id.get(),
            edge,
        };
        match self.dweet(&step)? {
            Some((candidate, dweet)) if self.sees(&candidate, edge.is_none_or(|edge| edge.redweets)) => {
                self.shown(dweet).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Adds what arrived in `(after, up_to]`, and after the reader's follow of its author, to `found`, up to `most`.
    pub(crate) fn arrived(
        &self,
        (after, up_to): (i64, i64),
        most: usize,
        found: &mut Vec<Candidate>,
        wanted: impl Fn(&Candidate) -> bool,
    ) -> Result<(), Fault> {
        if after >= up_to {
            return Ok(());
        }
        let sql = format!(
            "SELECT {ENTRY} FROM following f CROSS JOIN entry e INDEXED BY entry_by_arrival ON e.author_id = f.author_id
             WHERE f.slot = ?1 AND f.follower_id = ?2 AND f.state = 1 AND e.state = 1
             AND e.arrival > max(f.arrival, ?3) AND e.arrival <= ?4 AND (f.redweets = 1 OR e.original_id = e.id)
             AND {READABLE} AND {NOT_HIDDEN}"
        );
        let params = (self.reader.slot().0, self.reader.get(), after, up_to);
        self.collect(&sql, params, most, found, wanted)
    }

    /// As [`Self::arrived`], but only ids above `above_id`.
    pub(crate) fn arrived_above(
        &self,
        above_id: i64,
        (after, up_to): (i64, i64),
        most: usize,
        found: &mut Vec<Candidate>,
        wanted: impl Fn(&Candidate) -> bool,
    ) -> Result<(), Fault> {
        if after >= up_to {
            return Ok(());
        }
        let sql = format!(
            "SELECT {ENTRY} FROM following f CROSS JOIN entry e INDEXED BY entry_by_author ON e.author_id = f.author_id
             WHERE f.slot = ?1 AND f.follower_id = ?2 AND f.state = 1 AND e.state = 1 AND e.id > ?5
             AND e.arrival > max(f.arrival, ?3) AND e.arrival <= ?4 AND (f.redweets = 1 OR e.original_id = e.id)
             AND {READABLE} AND {NOT_HIDDEN}"
        );
        let params = (self.reader.slot().0, self.reader.get(), after, up_to, above_id);
        self.collect(&sql, params, most, found, wanted)
    }

    fn collect(
        &self,
        sql: &str,
        params: impl Params,
        most: usize,
        found: &mut Vec<Candidate>,
        wanted: impl Fn(&Candidate) -> bool,
    ) -> Result<(), Fault> {
        self.view.each(sql, params, |row| {
            let entry = candidate(row)?;
            if wanted(&entry) && self.sees(&entry, true) {
                found.push(entry);
            }
            Ok(found.len() < most)
        })
    }
}

fn step(id: i64, edge: Option<Edge>, page: &Page) -> Step {
    let order = if page.is_from_oldest() { -id } else { id };
    Step { order, id, edge }
}

/// Counts travel with nothing; where the original's home is here they are read as they are now.
fn refresh_counts(view: &View<'_>, dweet: &mut DweetView) -> Result<(), Fault> {
    let original = match &mut dweet.content {
        Content::Redweet(original) => original.as_mut(),
        Content::Dweet(_) => dweet,
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
