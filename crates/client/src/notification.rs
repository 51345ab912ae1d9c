//! What others did that concerns the person.

use crate::ask::Ask;
use crate::client::Client;
use crate::dweet::{Author, Dweet};
use crate::failure::Failure;
use crate::view::{Keep, Seen};
use serde::{Deserialize, Serialize};
use tertulia_types::entity::{self, NotificationKind, Timestamp};

/// The name under which notifications are kept.
const VIEW: &str = "notifications";

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Named the person, or answered.
    Mention,
    /// Redweeted the person's dweet.
    Redweet,
    /// Marked the person's dweet as a favourite.
    Favourite,
    /// Follows the person now.
    Follow,
}

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Its id.
    pub id: String,
    /// What it was.
    pub kind: Kind,
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

impl Kind {
    fn of(kind: NotificationKind) -> Self {
        match kind {
            NotificationKind::Mention => Kind::Mention,
            NotificationKind::Reblog => Kind::Redweet,
            NotificationKind::Favourite => Kind::Favourite,
            NotificationKind::Follow => Kind::Follow,
        }
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
    pub(crate) fn of(entity: entity::Notification) -> Self {
        Self {
            id: entity.id,
            kind: Kind::of(entity.kind),
            created_at: entity.created_at,
            who: Author::of(entity.account),
            dweet: entity.status.map(Dweet::of),
        }
    }
}
