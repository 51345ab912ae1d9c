//! Pages of things that are listed by id, newest first, as Mastodon's clients ask for them.
//!
//! **Invariant:** no page looks at more than `LOOKED_AT_MAX` rows. A list of which not everything is shown says how far it
//! was looked at ([`Sifted`]), so paging goes on behind that and reaches everything.

use crate::error::{Fault, Outcome};
use serde::{Deserialize, Serialize};

/// Which part of a list is asked for. All bounds are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Only ids below this.
    pub max_id: Option<i64>,
    /// Only ids above this, newest first.
    pub since_id: Option<i64>,
    /// Only ids above this, and of these the ones nearest to it (still answered newest first).
    pub min_id: Option<i64>,
    /// How many at most.
    pub limit: u32,
}

/// Entries of a page at most, whatever is asked for.
pub const LIMIT_MAX: u32 = 80;

impl Default for Page {
    fn default() -> Self {
        Self::newest(20)
    }
}

impl Page {
    /// The newest entries.
    #[must_use]
    pub fn newest(limit: u32) -> Self {
        Self {
            max_id: None,
            since_id: None,
            min_id: None,
            limit,
        }
    }

    /// Exclusive upper bound.
    pub(crate) fn below(&self) -> i64 {
        self.max_id.unwrap_or(i64::MAX)
    }

    /// Exclusive lower bound.
    pub(crate) fn above(&self) -> i64 {
        self.min_id.unwrap_or(-1).max(self.since_id.unwrap_or(-1))
    }

    /// Whether the oldest of the matching ones are wanted.
    pub(crate) fn is_from_oldest(&self) -> bool {
        self.min_id.is_some()
    }

    /// What of it lies behind an id, in the direction in which it is read.
    pub(crate) fn behind(&self, last: Option<i64>) -> Self {
        if self.is_from_oldest() {
            Self {
                min_id: last.or(self.min_id),
                ..*self
            }
        } else {
            Self {
                max_id: last.or(self.max_id),
                ..*self
            }
        }
    }

    /// The limit, bounded.
    pub(crate) fn size(&self) -> usize {
        self.limit.clamp(1, LIMIT_MAX) as usize
    }

    /// Completes `SELECT … WHERE … AND` for a list with the column `id`: bounds as ?1 and ?2, limit as ?3.
    pub(crate) fn sql(&self, select: &str, id: &str) -> String {
        let order = if self.is_from_oldest() { "ASC" } else { "DESC" };
        format!("{select} {id} < ?1 AND {id} > ?2 ORDER BY {id} {order} LIMIT ?3")
    }

    /// Shows what is wanted of a list, whose next rows `read` reads.
    pub(crate) fn sift<Row, T>(
        self,
        read: impl Fn(&Self) -> Result<Vec<Row>, Fault>,
        id: impl Fn(&Row) -> i64,
        mut show: impl FnMut(Row) -> Outcome<Option<T>>,
    ) -> Outcome<Sifted<T>> {
        let mut sieve = Sieve::new(self);
        while sieve.has_room() {
            let rows = read(&self.behind(sieve.last))?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                if !sieve.looks_at(id(&row)) {
                    break;
                }
                if let Some(shown) = show(row)? {
                    sieve.show(shown);
                }
            }
        }
        Ok(sieve.page())
    }

    /// Puts what [`Page::sql`] found into the order of the answer.
    pub(crate) fn newest_first<T>(&self, mut found: Vec<T>) -> Vec<T> {
        if self.is_from_oldest() {
            found.reverse();
        }
        found
    }
}

/// Rows that a page looks at, at most, to find what is shown.
pub(crate) const LOOKED_AT_MAX: usize = 2_000;

/// A page of a list of which not everything is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sifted<T> {
    /// What is shown, newest first: perhaps less than was asked for, though there is more.
    pub shown: Vec<T>,
    /// The newest and the oldest id of the stretch that was looked at: paging goes on behind them. `None` at the list's end.
    pub stretch: Option<(i64, i64)>,
}

impl<T> Sifted<T> {
    /// One page of several lists' pages, as if these were one list; what is in more than one is shown once.
    #[must_use]
    pub fn merge(parts: Vec<Self>, page: Page, id: impl Fn(&T) -> i64) -> Self {
        // In the order in which the page is read.
        let order = |id: i64| if page.is_from_oldest() { id } else { -id };
        let (mut rows, mut seen_up_to): (Vec<T>, _) = (Vec::new(), i64::MAX);
        for part in parts {
            let last = part
                .stretch
                .map(|(newest, oldest)| order(newest).max(order(oldest)));
            let is_cut = part.shown.iter().map(|row| order(id(row))).max() != last;
            if let Some(last) = last.filter(|_| is_cut) {
                seen_up_to = seen_up_to.min(last);
            }
            rows.extend(part.shown);
        }
        rows.sort_by_key(|row| order(id(row)));
        rows.dedup_by_key(|row| id(row));
        let mut sieve = Sieve::new(page);
        for row in rows {
            if order(id(&row)) > seen_up_to || !sieve.looks_at(id(&row)) {
                break;
            }
            sieve.show(row);
        }
        if sieve.has_room() && seen_up_to < i64::MAX {
            sieve.last = Some(order(seen_up_to));
            sieve.stretch_on();
        }
        sieve.page()
    }

    /// Where what is older goes on.
    #[must_use]
    pub fn oldest(&self) -> Option<i64> {
        self.stretch.map(|(_, oldest)| oldest)
    }
}

/// Makes a page of what is shown of a list, row by row.
pub(crate) struct Sieve<T> {
    page: Page,
    shown: Vec<T>,
    /// The first and the last id that are shown.
    stretch: Option<(i64, i64)>,
    /// The last id that was looked at.
    last: Option<i64>,
    looked_at: usize,
}

impl<T> Sieve<T> {
    pub(crate) fn new(page: Page) -> Self {
        Self {
            page,
            shown: Vec::new(),
            stretch: None,
            last: None,
            looked_at: 0,
        }
    }

    fn has_room(&self) -> bool {
        self.shown.len() < self.page.size() && self.looked_at < LOOKED_AT_MAX
    }

    /// Looks at this row, the next of the list; not if the page is complete.
    pub(crate) fn looks_at(&mut self, id: i64) -> bool {
        let looks = self.has_room();
        if looks {
            self.last = Some(id);
            self.looked_at += 1;
        }
        looks
    }

    /// Shows the row that was looked at last.
    pub(crate) fn show(&mut self, row: T) {
        self.shown.push(row);
        self.stretch_on();
    }

    fn stretch_on(&mut self) {
        let first = self.stretch.map(|(first, _)| first).or(self.last);
        self.stretch = first.zip(self.last);
    }

    pub(crate) fn page(mut self) -> Sifted<T> {
        if self.looked_at == LOOKED_AT_MAX {
            self.stretch_on();
        }
        Sifted {
            shown: self.page.newest_first(self.shown),
            stretch: self
                .stretch
                .map(|(first, last)| (first.max(last), first.min(last))),
        }
    }
}
