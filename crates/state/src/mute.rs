//! Mutes: whose dweets, redweets and, if wished, notifications a person does not want to see. They concern nobody else,
//! and lie only at the home of the one who mutes.

use crate::account;
use crate::edge;
use crate::error::Outcome;
use crate::event::Event;
use crate::page::Page;
use crate::request::{Request, RequestKey};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::view::Relationship;
use tertulia_types::{AccountId, NotificationId, Position, Rejected, Scopes};

/// Mutes someone or takes it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetMute {
    /// Who asks.
    pub actor: Actor,
    /// Whom.
    pub target: AccountId,
    /// `None` takes the mute back.
    pub mute: Option<Mute>,
    /// For repeats.
    pub key: RequestKey,
}

/// How one mutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Their notifications as well.
    pub notifications: bool,
    /// For how long; `None` is until it is taken back.
    pub duration_ms: Option<u64>,
}

impl Verb for SetMute {
    type Reply = Relationship;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for SetMute {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_MUTES))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Relationship> {
        let me = self.actor.account;
        if me == self.target {
            return Err(Rejected::Oneself.into());
        }
        let (slot, target) = (me.slot(), self.target.get());
        tx.write(
            "DELETE FROM mute WHERE slot = ?1 AND account_id = ?2 AND target_id = ?3",
            (slot.0, me.get(), target),
        )?;
        if let Some(mute) = self.mute {
            let id = NotificationId::new(tx.fresh_ms(slot)?, slot);
            let expires_ms = mute
                .duration_ms
                .map(|duration_ms| tx.now_ms.saturating_add(duration_ms).min(1 << 60));
            let sql = "INSERT INTO mute (slot, account_id, target_id, notifications, expires_ms, id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            tx.write(
                sql,
                (slot.0, me.get(), target, mute.notifications, expires_ms, id.get()),
            )?;
        }
        tx.tell(Event::Edges { account: me });
        edge::relationship(tx, me, self.target)
    }
}

/// Whom the actor mutes, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutes {
    /// Who asks.
    pub actor: Actor,
    /// Which part.
    pub page: Page,
}

impl Verb for Mutes {
    type Reply = Vec<(NotificationId, AccountId)>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Mutes {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_MUTES))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<(NotificationId, AccountId)>> {
        let select = "SELECT id, target_id FROM mute WHERE slot = ?4 AND account_id = ?5
                      AND (expires_ms IS NULL OR expires_ms > ?6) AND";
        let (me, page) = (self.actor.account, &self.page);
        let params = (
            page.below(),
            page.above(),
            page.size(),
            me.slot().0,
            me.get(),
            view.now_ms,
        );
        let rows = view.all(&page.sql(select, "id"), params, edge::edge_from)?;
        Ok(page.newest_first(rows))
    }
}
