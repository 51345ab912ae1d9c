//! Dweets as a person sees them, and what a person does with them.

use crate::ask::Ask;
use crate::client::Client;
use crate::failure::{Failure, Misuse};
use crate::html;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tertulia_types::entity::{Account, Status, Timestamp, Visibility};

/// Somebody's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The unique one.
    pub nick: String,
    /// The one that they chose to be shown by; the nick if they chose none.
    pub name: String,
}

/// A dweet, as it stands in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dweet {
    /// Its id.
    pub id: String,
    /// The id of its row in the list: of the redweet, where it is one. Lists are paged by it.
    pub entry_id: String,
    /// Who wrote it.
    pub author: Author,
    /// Plain text, as it was typed: text from outside, not yet made harmless.
    pub text: String,
    /// A warning that stands before the text; mostly empty.
    pub warning: String,
    /// For whom it is.
    pub visibility: Visibility,
    /// When it was written.
    pub created_at: Timestamp,
    /// Who redweeted it, where it is shown for that.
    pub redweeted_by: Option<Author>,
    /// The dweet that it answers.
    pub in_reply_to: Option<String>,
    /// Whom it answers, where that is known.
    pub answers: Option<String>,
    /// How many redweeted it.
    pub redweets: u64,
    /// How many favour it.
    pub favourites: u64,
    /// How many answered.
    pub replies: u64,
    /// Whether the person redweeted it.
    pub redweeted: bool,
    /// Whether the person favours it.
    pub favourited: bool,
    /// Whether the person bookmarked it.
    #[serde(default)]
    pub bookmarked: bool,
}

impl Dweet {
    /// What its row is sorted by.
    pub(crate) fn sort(&self) -> i64 {
        self.entry_id.parse().unwrap_or(0)
    }
}

impl Client {
    /// Publishes a dweet, or an answer to one.
    pub async fn publish(&self, text: &str, in_reply_to: Option<&str>) -> Result<Dweet, Failure> {
        let fit = tertulia_types::text::dweet(text, "").map_err(Misuse::Unfit)?;
        let body = match in_reply_to {
            Some(id) => json!({ "status": fit.text, "in_reply_to_id": id }),
            None => json!({ "status": fit.text }),
        };
        self.act(Ask::post("/api/v1/statuses", body)).await.map(Dweet::of)
    }

    /// Deletes a dweet of one's own, everywhere.
    pub async fn delete(&self, id: &str) -> Result<(), Failure> {
        let me = self.me()?;
        let deleted = self
            .act::<serde_json::Value>(Ask::delete(format!("/api/v1/statuses/{id}")))
            .await;
        deleted.map_err(|failure| failure.named(404, "not_yours_or_gone", ""))?;
        self.store
            .execute(
                "DELETE FROM entry WHERE person = ?1 AND dweet = ?2",
                (me.nick, id),
            )
            .map(drop)
    }

    /// One dweet.
    pub async fn dweet(&self, id: &str) -> Result<Dweet, Failure> {
        self.read(Ask::get(format!("/api/v1/statuses/{id}")))
            .await
            .map(Dweet::of)
    }
}

impl Author {
    /// The names on an account.
    pub(crate) fn of(account: Account) -> Self {
        let name = if account.display_name.trim().is_empty() {
            account.username.clone()
        } else {
            account.display_name
        };
        Self {
            nick: account.username,
            name,
        }
    }
}

impl Dweet {
    /// A dweet from the API's entity: the original, if it is a redweet.
    pub(crate) fn of(mut status: Status) -> Self {
        let entry_id = status.id.clone();
        match status.reblog.take() {
            Some(original) => {
                let redweeted_by = Some(Author::of(status.account));
                Self {
                    entry_id,
                    redweeted_by,
                    ..Self::of(*original)
                }
            }
            None => Self::original(status),
        }
    }

    fn original(status: Status) -> Self {
        let answered = status.in_reply_to_account_id;
        let oneself = answered.as_ref() == Some(&status.account.id);
        let mentioned = status
            .mentions
            .into_iter()
            .find(|mention| Some(&mention.id) == answered.as_ref());
        let author = Author::of(status.account);
        let answers = if oneself {
            Some(author.nick.clone())
        } else {
            mentioned.map(|mention| mention.username)
        };
        Self {
            entry_id: status.id.clone(),
            id: status.id,
            author,
            text: html::text(&status.content),
            warning: status.spoiler_text,
            visibility: status.visibility,
            created_at: status.created_at,
            redweeted_by: None,
            in_reply_to: status.in_reply_to_id,
            answers,
            redweets: status.reblogs_count,
            favourites: status.favourites_count,
            replies: status.replies_count,
            redweeted: status.reblogged.unwrap_or(false),
            favourited: status.favourited.unwrap_or(false),
            bookmarked: status.bookmarked.unwrap_or(false),
        }
    }
}

/// The dweets of a page.
pub(crate) fn dweets(page: Vec<Status>) -> Vec<Dweet> {
    page.into_iter().map(Dweet::of).collect()
}
