//! Asking for new dweets: the home timeline.
//!
//! The ring remembers per account what was seen. Each time it is asked, it gives the newest unseen dweets first, then
//! older ones, and tells how many are still unseen (rule T6).

use crate::ask::Ask;
use crate::client::Client;
use crate::dweet::{Dweet, dweets};
use crate::failure::Failure;
use crate::view::Seen;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tertulia_types::entity::{More, Status, Unseen};

/// The name under which the home timeline is kept.
const VIEW: &str = "home";

/// A page of home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedPage {
    /// Newest first.
    pub dweets: Vec<Dweet>,
    /// What is unseen after this page; unknown without a machine.
    pub unseen: Option<Unseen>,
    /// Whether asking again brings older ones.
    pub older: bool,
}

impl Client {
    /// The next page of home: what is new first, then older. `from` pages through what is kept when no machine answers.
    pub async fn feed(&self, from: Option<&str>, limit: usize) -> Result<Seen<FeedPage>, Failure> {
        let ask = Ask::post("/api/tertulia/v1/home/next", json!({ "limit": limit }));
        match self.act::<More>(ask).await {
            Ok(next) => {
                let dweets = dweets(next.dweets);
                self.add(VIEW, &dweets)?;
                // Below what is new lie older ones; below older ones, more of them unless the page was not full.
                let older = !next.older || dweets.len() >= limit;
                Ok(Seen::now(FeedPage {
                    dweets,
                    unseen: Some(next.unseen),
                    older,
                }))
            }
            Err(failure) => self.kept_home(failure, from, limit),
        }
    }

    /// The top of home, or what lies below the row `from`, without marking anything as seen.
    pub async fn latest(&self, from: Option<&str>, limit: usize) -> Result<Seen<FeedPage>, Failure> {
        let ask = Ask::get("/api/v1/timelines/home")
            .with("limit", limit)
            .with_some("max_id", from);
        match self.read::<Vec<Status>>(ask).await {
            Ok(page) => {
                let dweets = dweets(page);
                self.keep(VIEW, &dweets, from.and_then(|from| from.parse().ok()))?;
                let older = dweets.len() >= limit;
                let unseen = self.unseen().await.ok();
                Ok(Seen::now(FeedPage {
                    dweets,
                    unseen,
                    older,
                }))
            }
            Err(failure) => self.kept_home(failure, from, limit),
        }
    }

    /// How many dweets are unseen.
    pub async fn unseen(&self) -> Result<Unseen, Failure> {
        self.read(Ask::get("/api/tertulia/v1/home/unseen")).await
    }

    fn kept_home(
        &self,
        failure: Failure,
        from: Option<&str>,
        limit: usize,
    ) -> Result<Seen<FeedPage>, Failure> {
        let kept = self.kept_after(failure, VIEW, from.and_then(|from| from.parse().ok()), limit)?;
        Ok(kept.map(|dweets: Vec<Dweet>| FeedPage {
            older: dweets.len() >= limit,
            dweets,
            unseen: None,
        }))
    }
}
