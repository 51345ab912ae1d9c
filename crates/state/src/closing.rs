//! Closing an account (rule P5): one command ends the sessions and empties the profile; the rest goes step by step through
//! the outbox, so that no single command is long. The row stays as a tombstone, and the nick is never given out again.

use crate::block;
use crate::database::{Tx, View};
use crate::dweet::{self, dweet_id};
use crate::error::Outcome;
use crate::favourite;
use crate::follow;
use crate::outbox::{self, Errand, HOP_ROWS_MAX, Waiting};
use crate::session::{self, Actor};
use crate::verb::{AnyCommand, Command, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::{AccountId, Position, Rejected, Scopes};

/// Rows that nobody else has to hear of: each table with its owner and its key.
const LISTS: [(&str, &str, &str); 3] = [
    ("notification", "account_id", "id"),
    ("mute", "account_id", "target_id"),
    ("request", "actor", "key"),
];

/// Rows of each other kind that one step takes away.
const STEP_ROWS: u32 = 100;

/// Closes the actor's account for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseAccount {
    /// Who asks.
    pub actor: Actor,
    /// The version of the password that was verified outside.
    pub verified_version: u64,
}

impl Verb for CloseAccount {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for CloseAccount {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let id = self.actor.account;
        let now_ms = tx.now_ms;
        let sql = "UPDATE account SET closed_ms = ?4, name = '', name_key = '', note = '', password = '', discoverable = 0,
                   version = version + 1, password_version = password_version + 1
                   WHERE slot = ?1 AND id = ?2 AND password_version = ?3 AND closed_ms IS NULL";
        if tx.write(sql, (id.slot().0, id.get(), self.verified_version, now_ms))? == 0 {
            return Err(Rejected::Conflict.into());
        }
        session::end_all(tx, id, None)?;
        for table in ["marker", "reader"] {
            tx.write(
                &format!("DELETE FROM {table} WHERE slot = ?1 AND account_id = ?2"),
                (id.slot().0, id.get()),
            )?;
        }
        outbox::post(tx, id.slot(), Errand::Card, id.get(), &[])?;
        Ok(outbox::post(tx, id.slot(), Errand::Closing, id.get(), &[])?)
    }
}

/// Takes away the next rows of a closed account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoOnClosing {
    /// The closed account.
    pub account: AccountId,
}

impl Verb for GoOnClosing {
    type Reply = ();

    fn home(&self) -> Position {
        self.account.home()
    }
}

impl Command for GoOnClosing {
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let account = self.account;
        let (slot, id) = (account.slot().0, account.get());
        let closed = "SELECT 1 FROM account WHERE slot = ?1 AND id = ?2 AND closed_ms IS NOT NULL";
        if !tx.exists(closed, (slot, id))? {
            return Err(Rejected::NotFound.into());
        }
        let mut left = false;
        for (table, owner, key) in LISTS {
            let sql = format!(
                "DELETE FROM {table} WHERE slot = ?1 AND {owner} = ?2 AND {key} IN (
                   SELECT {key} FROM {table} WHERE slot = ?1 AND {owner} = ?2 ORDER BY {key} LIMIT ?3)"
            );
            left |= tx.write(&sql, (slot, id, HOP_ROWS_MAX))? == HOP_ROWS_MAX;
        }
        if left {
            return Ok(outbox::post(tx, account.slot(), Errand::Closing, id, &[])?);
        }
        let mut some = |tx: &Tx<'_>, sql: &str| -> Outcome<Vec<i64>> {
            let rows = tx.all(sql, (slot, id, STEP_ROWS), |row| row.get::<_, i64>(0))?;
            left |= !rows.is_empty();
            Ok(rows)
        };
        let sql = "SELECT id FROM dweet WHERE slot = ?1 AND author_id = ?2 AND deleted_ms IS NULL ORDER BY id LIMIT ?3";
        for dweet in some(tx, sql)? {
            let stored = dweet::standing(tx, dweet_id(dweet))?;
            dweet::remove(tx, &stored)?;
        }
        let sql = "SELECT author_id FROM following WHERE slot = ?1 AND follower_id = ?2 AND state = 1 ORDER BY id LIMIT ?3";
        for author in some(tx, sql)?.into_iter().filter_map(AccountId::from_number) {
            follow::end(tx, account, author)?;
        }
        let sql = "SELECT dweet_id FROM favourite WHERE slot = ?1 AND account_id = ?2 AND state = 1 ORDER BY 1 LIMIT ?3";
        for dweet in some(tx, sql)? {
            favourite::set(tx, account, dweet_id(dweet), false)?;
        }
        let sql = "SELECT target_id FROM block WHERE slot = ?1 AND account_id = ?2 AND state = 1 ORDER BY id LIMIT ?3";
        for target in some(tx, sql)?.into_iter().filter_map(AccountId::from_number) {
            block::set(tx, account, target, false)?;
        }
        if left {
            outbox::post(tx, account.slot(), Errand::Closing, id, &[])?;
        }
        Ok(())
    }
}

pub(crate) fn parcel(_: &View<'_>, row: &Waiting) -> Outcome<Option<AnyCommand>> {
    Ok(AccountId::from_number(row.subject).map(|account| GoOnClosing { account }.into()))
}
