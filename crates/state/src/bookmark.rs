//! Bookmarks: dweets that a person wants to find again. They concern nobody else: no count, nobody is told, and they lie
//! only at the home of the one who keeps them. What a bookmarked dweet says is read at its own home.

use crate::account;
use crate::edge;
use crate::error::Outcome;
use crate::page::Page;
use crate::request::{Request, RequestKey};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::{DweetId, NotificationId, Position, Scopes};

/// Bookmarks a dweet or takes it back. That it exists and may be read was asked at its home before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBookmark {
    /// Who asks.
    pub actor: Actor,
    /// Which dweet; never a redweet.
    pub dweet: DweetId,
    /// Whether it shall be bookmarked.
    pub stands: bool,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for SetBookmark {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for SetBookmark {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_BOOKMARKS))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let (account, slot) = (self.actor.account, self.actor.account.slot());
        let key = (slot.0, account.get(), self.dweet.get());
        if !self.stands {
            let sql = "DELETE FROM bookmark WHERE slot = ?1 AND account_id = ?2 AND dweet_id = ?3";
            tx.write(sql, key)?;
            return Ok(());
        }
        let sql = "SELECT 1 FROM bookmark WHERE slot = ?1 AND account_id = ?2 AND dweet_id = ?3";
        if !tx.exists(sql, key)? {
            let id = NotificationId::new(tx.fresh_ms(slot)?, slot);
            let sql = "INSERT INTO bookmark (slot, account_id, dweet_id, id) VALUES (?1, ?2, ?3, ?4)";
            tx.write(sql, (slot.0, account.get(), self.dweet.get(), id.get()))?;
        }
        Ok(())
    }
}

/// One's bookmarks, the latest first: for each the id by which one pages, and the dweet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmarks {
    /// Who asks.
    pub actor: Actor,
    /// Which part.
    pub page: Page,
}

impl Verb for Bookmarks {
    type Reply = Vec<(NotificationId, DweetId)>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Bookmarks {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_BOOKMARKS))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<(NotificationId, DweetId)>> {
        let select = "SELECT id, dweet_id FROM bookmark WHERE slot = ?4 AND account_id = ?5 AND";
        edge::marked(view, select, self.actor.account, &self.page)
    }
}
