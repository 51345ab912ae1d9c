//! Blocks. The truth lies at the home of the one who blocks, an image at the home of the one who is blocked, so that both
//! sides can be refused what they ask without asking the other home.

use crate::account;
use crate::edge;
use crate::errand::{self, Errand, Waiting, number};
use crate::error::{Fault, Outcome};
use crate::event::Event;
use crate::follow;
use crate::page::Page;
use crate::request::{Request, RequestKey};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use tertulia_types::view::Relationship;
use tertulia_types::{AccountId, NotificationId, Position, Rejected, Scopes};

/// Blocks someone or takes the block back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBlock {
    /// Who asks.
    pub actor: Actor,
    /// Whom.
    pub target: AccountId,
    /// Whether the block shall stand.
    pub stands: bool,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for SetBlock {
    type Reply = Relationship;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for SetBlock {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_BLOCKS))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Relationship> {
        let me = self.actor.account;
        if me == self.target {
            return Err(Rejected::Oneself.into());
        }
        set(tx, me, self.target, self.stands)?;
        if self.stands {
            follow::end(tx, me, self.target)?;
        }
        tx.tell(Event::Edges { account: me });
        edge::relationship(tx, me, self.target)
    }
}

/// Sets the truth of a block and posts it to the other's home.
pub(crate) fn set(tx: &mut Tx<'_>, me: AccountId, target: AccountId, stands: bool) -> Result<(), Fault> {
    if edge::blocks(tx, me, target)? == stands {
        return Ok(());
    }
    let slot = me.slot();
    let id = NotificationId::new(tx.fresh_ms(slot)?, slot);
    let sql =
        "INSERT INTO block (slot, account_id, target_id, version, state, id) VALUES (?1, ?2, ?3, 1, ?4, ?5)
               ON CONFLICT (slot, account_id, target_id) DO UPDATE
               SET version = version + 1, state = excluded.state, id = excluded.id";
    tx.write(sql, (slot.0, me.get(), target.get(), stands, id.get()))?;
    errand::post(tx, slot, Errand::Block, me.get(), &target.get().to_be_bytes())
}

/// Sets the image of a block at the home of the one who is blocked. Their own edge to the blocker ends, also when the
/// block was taken back before it came here: whoever blocks loses a follower.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBlockedBy {
    /// Who is blocked.
    pub account: AccountId,
    /// By whom.
    pub by: AccountId,
    /// The block's version.
    pub version: u64,
    /// Whether it stands.
    pub stands: bool,
}

impl Verb for SetBlockedBy {
    type Reply = ();

    fn home(&self) -> Position {
        self.account.home()
    }
}

impl Command for SetBlockedBy {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let sql = "INSERT INTO blocked_by (slot, account_id, by_id, version, state) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (slot, account_id, by_id) DO UPDATE SET version = excluded.version, state = excluded.state
                   WHERE excluded.version > version";
        let account = self.account;
        let params = (
            account.slot().0,
            account.get(),
            self.by.get(),
            self.version,
            self.stands,
        );
        if tx.write(sql, params)? > 0 {
            follow::end(tx, account, self.by)?;
            tx.tell(Event::Edges { account });
        }
        Ok(())
    }
}

pub(crate) fn parcel(view: &View<'_>, row: &Waiting) -> Outcome<Option<SetBlockedBy>> {
    let Some((by, account)) =
        AccountId::from_number(row.subject).zip(AccountId::from_number(number(&row.object)?))
    else {
        return Ok(None);
    };
    let sql = "SELECT version, state FROM block WHERE slot = ?1 AND account_id = ?2 AND target_id = ?3";
    let map = |row: &Row<'_>| {
        Ok(SetBlockedBy {
            account,
            by,
            version: row.get(0)?,
            stands: row.get(1)?,
        })
    };
    Ok(view.first(sql, (by.slot().0, by.get(), account.get()), map)?)
}

/// Whom the actor blocks, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocks {
    /// Who asks.
    pub actor: Actor,
    /// Which part.
    pub page: Page,
}

impl Verb for Blocks {
    type Reply = Vec<(NotificationId, AccountId)>;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for Blocks {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::READ_BLOCKS))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Vec<(NotificationId, AccountId)>> {
        let select = "SELECT id, target_id FROM block WHERE slot = ?4 AND account_id = ?5 AND state = 1 AND";
        edge::edges(view, select, self.actor.account, &self.page)
    }
}
