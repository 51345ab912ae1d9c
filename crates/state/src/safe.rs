//! Sealed boxes: bytes that a person's devices leave for each other, or for the day on which all of them are lost, at the person's home.
//!
//! What is in a box only they can open. Some stay: the person's safe, their contacts, and one of each device, which has the device's name and goes
//! with it. The others carry things from one device to the next, and go when they are emptied, or after [`PASSING_MS`].
//!
//! **Invariants**
//! - A box is filled over what was there before, or not at all: who fills it says which version they have seen.
//! - What one person may leave is bounded: see [`BOX_BYTES_MAX`], [`PASSING_MAX`] and [`LASTING_MAX`].

use crate::error::{Fault, Outcome};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::message::{BOX_BYTES_MAX, DEVICES_MAX};
use tertulia_types::{AccountId, BoxName, Position, Rejected, Scopes};

/// How long a box waits that does not stay: ten minutes.
pub const PASSING_MS: u64 = 10 * 60_000;
/// Boxes of one person that do not stay.
pub const PASSING_MAX: u32 = 16;
/// Boxes of one person that stay: their safe, their contacts, and one of each device.
pub const LASTING_MAX: u32 = DEVICES_MAX as u32 + 2;

/// Puts bytes into a box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillBox {
    /// Who asks.
    pub actor: Actor,
    /// Which box.
    pub name: BoxName,
    /// The version that is filled over: 0 for an empty box.
    pub before: u64,
    /// Whether it stays.
    pub is_lasting: bool,
    /// What only devices of the person can read.
    pub body: Vec<u8>,
}

impl Verb for FillBox {
    /// The new version.
    type Reply = u64;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for FillBox {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<u64> {
        let account = self.actor.account;
        if !(1..=BOX_BYTES_MAX).contains(&self.body.len()) {
            return Err(Rejected::Invalid(format!("a box holds 1 to {BOX_BYTES_MAX} bytes")).into());
        }
        let version = self.before.saturating_add(1);
        let found = find(tx, account, self.name)?;
        if found
            .as_ref()
            .is_some_and(|found| found.version == version && found.body == self.body)
        {
            // A repeat.
            return Ok(version);
        }
        if found.as_ref().map_or(0, |found| found.version) != self.before {
            return Err(Rejected::Conflict.into());
        }
        let (slot, owner) = (account.slot().0, account.get());
        let counted = "SELECT count(*) FROM sealed_box WHERE slot = ?1 AND account_id = ?2 AND name <> ?3
                       AND (expires_ms IS NULL) = ?4 AND coalesce(expires_ms > ?5, 1)";
        let others = (slot, owner, self.name.0, self.is_lasting, tx.now_ms);
        let others: u32 = tx.first(counted, others, |row| row.get(0))?.unwrap_or(0);
        let most = if self.is_lasting { LASTING_MAX } else { PASSING_MAX };
        if others >= most {
            return Err(Rejected::Limit(format!("{most} boxes at once")).into());
        }
        let expires_ms = (!self.is_lasting).then_some(tx.now_ms + PASSING_MS);
        let sql = "INSERT OR REPLACE INTO sealed_box (slot, account_id, name, version, expires_ms, body)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        tx.write(sql, (slot, owner, self.name.0, version, expires_ms, &self.body))?;
        Ok(version)
    }
}

/// Takes out what is in a box, if it is still that version; what is not there is out already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyBox {
    /// Who asks.
    pub actor: Actor,
    /// Which box.
    pub name: BoxName,
    /// The version that was seen.
    pub version: u64,
}

impl Verb for EmptyBox {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for EmptyBox {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let account = self.actor.account;
        let sql = "DELETE FROM sealed_box WHERE slot = ?1 AND account_id = ?2 AND name = ?3 AND version = ?4";
        tx.write(sql, (account.slot().0, account.get(), self.name.0, self.version))?;
        Ok(())
    }
}

/// Looks into a box of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenBox {
    /// Who asks.
    pub actor: Actor,
    /// Which box.
    pub name: BoxName,
}

/// What is in a box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// How often it was filled.
    pub version: u64,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Verb for OpenBox {
    type Reply = Contents;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Query for OpenBox {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn read(&self, view: &View<'_>) -> Outcome<Contents> {
        Ok(find(view, self.actor.account, self.name)?.ok_or(Rejected::NotFound)?)
    }
}

/// What is in a box; one whose time is over is empty.
fn find(view: &View<'_>, account: AccountId, name: BoxName) -> Result<Option<Contents>, Fault> {
    let sql = "SELECT version, body FROM sealed_box WHERE slot = ?1 AND account_id = ?2 AND name = ?3
               AND (expires_ms IS NULL OR expires_ms > ?4)";
    let of = (account.slot().0, account.get(), name.0, view.now_ms);
    view.first(sql, of, |row| {
        Ok(Contents {
            version: row.get(0)?,
            body: row.get(1)?,
        })
    })
}
