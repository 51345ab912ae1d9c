//! What a person can put on a dweet and take off again, and the lists that come of it.

use crate::ask::Ask;
use crate::client::Client;
use crate::dweet::{Dweet, dweets};
use crate::failure::Failure;
use crate::view::{Placed, Seen};
use serde_json::json;
use tertulia_types::entity::Status;

/// It stands on one's own profile and reaches one's followers.
pub const REDWEET: Mark = Mark {
    word: "redweet",
    verb: "reblog",
    list: None,
};
/// One likes it; its author is told.
pub const FAVOURITE: Mark = Mark {
    word: "favourite",
    verb: "favourite",
    list: Some(FAVOURITES),
};
/// One wants to find it again; nobody else learns of it.
pub const BOOKMARK: Mark = Mark {
    word: "bookmark",
    verb: "bookmark",
    list: Some(BOOKMARKS),
};
/// What one likes.
pub const FAVOURITES: List = List("favourites");
/// What one wants to find again.
pub const BOOKMARKS: List = List("bookmarks");

/// All of them.
const MARKS: &[Mark] = &[REDWEET, FAVOURITE, BOOKMARK];

/// What a person can put on a dweet, and take off again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    word: &'static str,
    /// The API's name.
    verb: &'static str,
    list: Option<List>,
}

/// A list of the dweets that have one of the person's marks: its name, the API's too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List(&'static str);

/// A page of a list, what was marked last first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage {
    /// The dweets that are still there.
    pub dweets: Vec<Dweet>,
    /// Behind what the next page begins; none: there is no more.
    pub next: Option<String>,
}

impl Mark {
    /// The mark of a name such as `favourite`, which `unfavourite` takes off.
    #[must_use]
    pub fn called(name: &str) -> Option<(Self, bool)> {
        let of = |word: &str| MARKS.iter().find(|mark| mark.word == word).copied();
        match of(name) {
            Some(mark) => Some((mark, false)),
            None => Some((of(name.strip_prefix("un")?)?, true)),
        }
    }

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.word
    }
}

impl List {
    /// The list of a name such as `favourites`.
    #[must_use]
    pub fn called(name: &str) -> Option<Self> {
        MARKS
            .iter()
            .filter_map(|mark| mark.list)
            .find(|list| list.0 == name)
    }

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.0
    }
}

impl Client {
    /// Puts a mark on a dweet, or takes it off.
    pub async fn mark(&self, id: &str, mark: Mark, undo: bool) -> Result<Dweet, Failure> {
        let (un, verb) = (if undo { "un" } else { "" }, mark.verb);
        let ask = Ask::post(format!("/api/v1/statuses/{id}/{un}{verb}"), json!({}));
        self.act(ask).await.map(Dweet::of)
    }

    /// A page of a list: its top, or what lies behind `from`.
    pub async fn marked(
        &self,
        list: List,
        from: Option<&str>,
        limit: usize,
    ) -> Result<Seen<ListPage>, Failure> {
        let view = list.word();
        let below = from.and_then(|from| from.parse().ok());
        let ask = Ask::get(format!("/api/v1/{view}"))
            .with("limit", limit)
            .with_some("max_id", from);
        match self.read_page::<Vec<Status>>(ask).await {
            Ok((page, next)) => {
                let dweets = dweets(page);
                // The ids by which one pages are further apart than a page is long: the places between them are free.
                let rows: Vec<Placed> = (next.unwrap_or(0)..)
                    .zip(dweets.iter().rev())
                    .map(|(sort, dweet)| Placed::new(-sort, dweet))
                    .collect();
                self.keep(view, &rows, below)?;
                let next = next.map(|next| next.to_string());
                Ok(Seen::now(ListPage { dweets, next }))
            }
            Err(failure) => {
                let kept = self.kept_after::<Placed>(failure, view, below, limit)?;
                Ok(kept.map(|rows| ListPage {
                    next: rows.last().map(|row| (-row.place).to_string()),
                    dweets: rows.into_iter().map(|row| row.dweet).collect(),
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{List, MARKS, Mark};

    #[test]
    fn marks_and_lists_are_found_by_their_names() {
        for mark in MARKS {
            assert_eq!(Mark::called(mark.word), Some((*mark, false)));
            assert_eq!(Mark::called(&format!("un{}", mark.word)), Some((*mark, true)));
            assert_eq!(mark.list.and_then(|list| List::called(list.word())), mark.list);
        }
        assert_eq!(Mark::called("follow"), None);
        assert_eq!(Mark::called("unfollow"), None);
        assert_eq!(List::called("notifications"), None);
    }
}
