//! Pages of things that are listed by id, newest first, as Mastodon's clients ask for them.

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

    /// The limit, bounded.
    pub(crate) fn size(&self) -> usize {
        self.limit.clamp(1, LIMIT_MAX) as usize
    }

    /// Completes `SELECT … WHERE … AND` for a list with the column `id`: bounds as ?1 and ?2, limit as ?3.
    pub(crate) fn sql(&self, select: &str, id: &str) -> String {
        let order = if self.is_from_oldest() { "ASC" } else { "DESC" };
        format!("{select} {id} < ?1 AND {id} > ?2 ORDER BY {id} {order} LIMIT ?3")
    }

    /// Puts what [`Page::sql`] found into the order of the answer.
    pub(crate) fn newest_first<T>(&self, mut found: Vec<T>) -> Vec<T> {
        if self.is_from_oldest() {
            found.reverse();
        }
        found
    }
}
