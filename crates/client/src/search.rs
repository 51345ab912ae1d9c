//! Searching for people, dweets and hashtags.

use crate::client::Client;
use crate::dweet::{Author, Dweet, dweets};
use crate::failure::Failure;
use crate::wire::Ask;
use serde::{Deserialize, Serialize};
use tertulia_types::entity::{Search, Status};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// People.
    pub people: Vec<Author>,
    /// Dweets, newest first.
    pub dweets: Vec<Dweet>,
    /// Hashtags, without `#`.
    pub hashtags: Vec<String>,
}

impl Client {
    /// Searches for words; a single `#hashtag` gives the dweets that carry it.
    pub async fn search(&self, words: &str, limit: usize) -> Result<Found, Failure> {
        if let Some(tag) = words
            .trim()
            .strip_prefix('#')
            .and_then(tertulia_types::text::hashtag)
        {
            let page: Vec<Status> = self
                .read(Ask::get(format!("/api/v1/timelines/tag/{tag}")).with("limit", limit))
                .await?;
            return Ok(Found {
                dweets: dweets(page),
                ..Found::default()
            });
        }
        let answer: Search = self
            .read(
                Ask::get("/api/v2/search")
                    .with("q", words.trim())
                    .with("limit", limit),
            )
            .await?;
        Ok(Found {
            people: answer.accounts.into_iter().map(Author::of).collect(),
            dweets: dweets(answer.statuses),
            hashtags: answer.hashtags.into_iter().map(|tag| tag.name).collect(),
        })
    }
}
