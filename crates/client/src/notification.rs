//! What others did that concerns the person.

use crate::client::Client;
use crate::dweet::{Account, Author, Dweet, Status};
use crate::failure::Failure;
use crate::view::{Keep, Seen};
use crate::wire::Ask;
use serde::{Deserialize, Serialize};

/// The name under which notifications are kept.
const VIEW: &str = "notifications";

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Its id.
    pub id: String,
    /// `follow`, `mention`, `reblog` or `favourite`; others may come.
    pub kind: String,
    /// When.
    pub created_at: String,
    /// Who did it.
    pub who: Author,
    /// With which dweet.
    pub dweet: Option<Dweet>,
}

#[derive(Deserialize)]
struct Entity {
    id: String,
    r#type: String,
    #[serde(default)]
    created_at: String,
    account: Account,
    status: Option<Status>,
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
    pub async fn notifications(&self, from: Option<&str>, limit: usize) -> Result<Seen<Vec<Notification>>, Failure> {
        let below = from.and_then(|from| from.parse().ok());
        let ask = Ask::get("/api/v1/notifications").with("limit", limit).with_some("max_id", from);
        match self.read::<Vec<Entity>>(ask).await {
            Ok(page) => {
                let page: Vec<Notification> = page.into_iter().map(Entity::notification).collect();
                self.keep(VIEW, &page, below)?;
                Ok(Seen::now(page))
            }
            Err(failure) => self.kept_after(failure, VIEW, below, limit),
        }
    }
}

impl Entity {
    fn notification(self) -> Notification {
        Notification {
            id: self.id,
            kind: self.r#type,
            created_at: self.created_at,
            who: self.account.author(),
            dweet: self.status.map(Status::dweet),
        }
    }
}
