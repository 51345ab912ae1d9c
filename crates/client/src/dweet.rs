//! Dweets as a person sees them, and what a person does with them.

use crate::client::Client;
use crate::failure::{Failure, Misuse};
use crate::html;
use crate::time;
use crate::wire::Ask;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tertulia_types::DweetId;

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
    /// `public`, `unlisted` or `private`.
    pub visibility: String,
    /// When it was written.
    pub created_at: String,
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
}

impl Dweet {
    /// When it was written, in milliseconds since 1970; its id tells where the date does not.
    #[must_use]
    pub fn created_ms(&self) -> u64 {
        let of_id = || self.id.parse::<DweetId>().map_or(0, DweetId::unix_ms);
        time::parse(&self.created_at).unwrap_or_else(of_id)
    }

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
        Ok(self.act::<Status>(Ask::post("/api/v1/statuses", body)).await?.dweet())
    }

    /// Redweets a dweet, or undoes it.
    pub async fn redweet(&self, id: &str, undo: bool) -> Result<Dweet, Failure> {
        self.toggle(id, if undo { "unreblog" } else { "reblog" }).await
    }

    /// Marks a dweet as a favourite, or undoes it.
    pub async fn favourite(&self, id: &str, undo: bool) -> Result<Dweet, Failure> {
        self.toggle(id, if undo { "unfavourite" } else { "favourite" }).await
    }

    /// Deletes a dweet of one's own, everywhere.
    pub async fn delete(&self, id: &str) -> Result<(), Failure> {
        let me = self.me()?;
        self.act::<serde_json::Value>(Ask::delete(format!("/api/v1/statuses/{id}"))).await?;
        self.store.execute("DELETE FROM entry WHERE person = ?1 AND dweet = ?2", (me.nick, id)).map(drop)
    }

    /// One dweet.
    pub async fn dweet(&self, id: &str) -> Result<Dweet, Failure> {
        Ok(self.read::<Status>(Ask::get(format!("/api/v1/statuses/{id}"))).await?.dweet())
    }

    async fn toggle(&self, id: &str, verb: &str) -> Result<Dweet, Failure> {
        Ok(self.act::<Status>(Ask::post(format!("/api/v1/statuses/{id}/{verb}"), json!({}))).await?.dweet())
    }
}

/// The `Status` of the API, as far as it is read. What is missing is taken as empty: servers differ.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    id: String,
    #[serde(default)]
    created_at: String,
    account: Account,
    #[serde(default)]
    content: String,
    #[serde(default)]
    spoiler_text: String,
    #[serde(default)]
    visibility: String,
    reblog: Option<Box<Status>>,
    in_reply_to_id: Option<String>,
    in_reply_to_account_id: Option<String>,
    #[serde(default)]
    mentions: Vec<Mention>,
    #[serde(default)]
    reblogs_count: u64,
    #[serde(default)]
    favourites_count: u64,
    #[serde(default)]
    replies_count: u64,
    reblogged: Option<bool>,
    favourited: Option<bool>,
}

/// The `Account` of the API, as far as dweets show it.
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) display_name: String,
}

impl Account {
    pub(crate) fn author(self) -> Author {
        let name = if self.display_name.trim().is_empty() { self.username.clone() } else { self.display_name };
        Author { nick: self.username, name }
    }
}

#[derive(Debug, Deserialize)]
struct Mention {
    id: String,
    username: String,
}

impl Status {
    pub(crate) fn dweet(mut self) -> Dweet {
        let entry_id = self.id.clone();
        match self.reblog.take() {
            Some(original) => {
                let redweeted_by = Some(self.account.author());
                Dweet { entry_id, redweeted_by, ..original.dweet() }
            }
            None => self.original(),
        }
    }

    fn original(self) -> Dweet {
        let answered = self.in_reply_to_account_id;
        let oneself = answered.as_ref() == Some(&self.account.id);
        let mentioned = self.mentions.into_iter().find(|mention| Some(&mention.id) == answered.as_ref());
        let author = self.account.author();
        let answers = if oneself { Some(author.nick.clone()) } else { mentioned.map(|mention| mention.username) };
        Dweet {
            entry_id: self.id.clone(),
            id: self.id,
            author,
            text: html::text(&self.content),
            warning: self.spoiler_text,
            visibility: self.visibility,
            created_at: self.created_at,
            redweeted_by: None,
            in_reply_to: self.in_reply_to_id,
            answers,
            redweets: self.reblogs_count,
            favourites: self.favourites_count,
            replies: self.replies_count,
            redweeted: self.reblogged.unwrap_or(false),
            favourited: self.favourited.unwrap_or(false),
        }
    }
}

/// The dweets of a page.
pub(crate) fn dweets(page: Vec<Status>) -> Vec<Dweet> {
    page.into_iter().map(Status::dweet).collect()
}

#[cfg(test)]
mod tests {
    use super::Status;
    use serde_json::json;

    #[test]
    fn a_redweet_shows_the_original_and_who_passed_it_on() {
        let original = json!({
            "id": "10", "created_at": "2026-11-21T04:43:04.931Z", "content": "<p>hola</p>",
            "account": { "id": "1", "username": "ana", "display_name": "Ana" },
            "in_reply_to_id": "9", "in_reply_to_account_id": "7",
            "mentions": [{ "id": "7", "username": "leo" }], "reblogs_count": 3,
        });
        let wrapper = json!({
            "id": "11", "content": "<p>hola</p>", "reblog": original, "account": { "id": "2", "username": "bob" },
        });
        let dweet = serde_json::from_value::<Status>(wrapper).expect("a status").dweet();
        assert_eq!((dweet.id.as_str(), dweet.entry_id.as_str()), ("10", "11"));
        assert_eq!((dweet.author.nick.as_str(), dweet.text.as_str(), dweet.redweets), ("ana", "hola", 3));
        assert_eq!(dweet.redweeted_by.map(|author| author.name).as_deref(), Some("bob"));
        assert_eq!(dweet.answers.as_deref(), Some("leo"));
    }
}
