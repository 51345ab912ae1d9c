//! Searching for people, and for dweets by their hashtags.
//!
//! Deliberately absent: the words inside dweets. The ring does not index them.

use crate::ask::Ask;
use crate::client::Client;
use crate::dweet::{Author, Dweet, dweets};
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use tertulia_types::entity::{Search, Status};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// People.
    pub people: Vec<Author>,
    /// Dweets with the hashtag, newest first.
    pub dweets: Vec<Dweet>,
    /// The hashtag, without `#`, where dweets carry it.
    pub hashtags: Vec<String>,
}

impl Client {
    /// People whose nick or name begins so, and the dweets that carry the word as a hashtag. A leading `#` asks for the
    /// dweets alone.
    pub async fn search(&self, words: &str, limit: usize) -> Result<Found, Failure> {
        let words = words.trim();
        let people = if words.starts_with('#') {
            Vec::new()
        } else {
            self.people(words, limit).await?
        };
        let mut found = Found {
            people,
            ..Found::default()
        };
        if let Some(tag) = tertulia_types::text::hashtag(words) {
            let ask = Ask::get(format!("/api/v1/timelines/tag/{tag}")).with("limit", limit);
            found.dweets = dweets(self.read::<Vec<Status>>(ask).await?);
            if !found.dweets.is_empty() {
                found.hashtags.push(tag);
            }
        }
        Ok(found)
    }

    async fn people(&self, words: &str, limit: usize) -> Result<Vec<Author>, Failure> {
        let ask = Ask::get("/api/v2/search")
            .with("q", words)
            .with("type", "accounts")
            .with("limit", limit);
        let found: Search = self.read(ask).await?;
        Ok(found.accounts.into_iter().map(Author::of).collect())
    }
}
