//! What others did that concerns the person.

use crate::client::Client;
use crate::dweet::{Author, Dweet};
use crate::failure::Failure;
use crate::view::{Keep, Seen};
use crate::wire::Ask;
use serde::{Deserialize, Serialize};
use tertulia_types::entity::{self, NotificationKind, Timestamp};

/// The name under which notifications are kept.
const VIEW: &str = "notifications";

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Its id.
    pub id: String,
    /// What it was.
    pub kind: NotificationKind,
    /// When.
    pub created_at: Timestamp,
    /// Who did it.
    pub who: Author,
    /// With which dweet.
    pub dweet: Option<Dweet>,
}

impl Keep for Notification {
    fn sort(&self) -> i64 {
        self.id.parse().unwrap_or(0)
    }

    fn dweet(&self) -> &str {
        self.dweet.as_ref().map_or("", |dweet| &dweet.id)
    }

    fn nicks(&self) -> Vec<&str> {
        vec![&self.who.nick]
    }
}

impl Client {
    /// What others did, newest first, from below the row `from` on.
    pub async fn notifications(
        &self,
        from: Option<&str>,
        limit: usize,
    ) -> Result<Seen<Vec<Notification>>, Failure> {
        let below = from.and_then(|from| from.parse().ok());
        let ask = Ask::get("/api/v1/notifications")
            .with("limit", limit)
            .with_some("max_id", from);
        match self.read::<Vec<entity::Notification>>(ask).await {
            Ok(page) => {
                let page: Vec<Notification> = page.into_iter().map(Notification::of).collect();
                self.keep(VIEW, &page, below)?;
                Ok(Seen::now(page))
            }
            Err(failure) => self.kept_after(failure, VIEW, below, limit),
        }
    }
}

impl Notification {
    fn of(entity: entity::Notification) -> Self {
        Self {
            id: entity.id,
            kind: entity.kind,
            created_at: entity.created_at,
            who: Author::of(entity.account),
            dweet: entity.status.map(Dweet::of),
        }
    }
}
