//! Presences: where a person's devices can be reached by other clients directly. They lie at the home of the person.
//!
//! The home keeps the newest of each device, and gives it to those who write to that person. Whether the device has signed it, its
//! readers find out. A device says it anew when its addresses change, and before it expires; that it still lives is said nowhere
//! (rule P7).
//!
//! **Invariant:** of a device the one with the highest counter is kept, and it goes with the device.
//!
//! Deliberately absent: whether anybody answers there.

use crate::account;
use crate::device;
use crate::edge;
use crate::error::{Fault, Outcome, decode, encode};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use tertulia_types::message::DEVICES_MAX;
use tertulia_types::presence::{ADDRESSES_MAX, LIFETIME_MS, SignedPresence};
use tertulia_types::{AccountId, DeviceId, Position, Rejected, Scopes};

/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 64;
/// A device's clock may be ahead by so much; more is cut.
const AHEAD_MS: u64 = 3_600_000;

/// Says where one of one's devices can be reached, or that it cannot be any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPresence {
    /// Who asks.
    pub actor: Actor,
    /// What is said.
    pub record: SignedPresence,
}

impl Verb for SetPresence {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for SetPresence {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_MESSAGES))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let (account, said) = (self.actor.account, &self.record.presence);
        if said.account != account || self.record.signature.len() != SIGNATURE_BYTES {
            return Err(Rejected::Invalid("this is no presence of one's own device".to_owned()).into());
        }
        if said.addresses.len() > ADDRESSES_MAX {
            return Err(Rejected::Invalid(format!("a device has up to {ADDRESSES_MAX} addresses")).into());
        }
        device::check(tx, account, said.device)?;
        if let Some(known) = of_device(tx, account, said.device)? {
            match said.counter.cmp(&known.presence.counter) {
                Ordering::Less => return Err(Rejected::Conflict.into()),
                Ordering::Equal if known == self.record => return Ok(()),
                Ordering::Equal => return Err(Rejected::Conflict.into()),
                Ordering::Greater => {}
            }
        }
        let now_ms = tx.now_ms;
        let expires_ms = said.until_ms.min(now_ms + LIFETIME_MS + AHEAD_MS);
        let sql = "INSERT OR REPLACE INTO presence (slot, account_id, device, record, stamp_ms, expires_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (slot, owner, record) = (account.slot().0, account.get(), encode(&self.record)?);
        tx.write(sql, (slot, owner, said.device.0, record, now_ms, expires_ms))?;
        Ok(())
    }
}

/// Where somebody's devices can be reached. That `by` has a session was asked at their home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presences {
    /// Who asks.
    pub by: AccountId,
    /// Whose devices.
    pub of: AccountId,
}

impl Verb for Presences {
    /// What each has said, and when.
    type Reply = Vec<(SignedPresence, u64)>;

    fn home(&self) -> Position {
        self.of.home()
    }
}

impl Query for Presences {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<(SignedPresence, u64)>> {
        account::standing(view, self.of)?;
        if edge::blocks(view, self.of, self.by)? {
            return Err(Rejected::Blocked.into());
        }
        let sql =
            "SELECT record, stamp_ms FROM presence WHERE slot = ?1 AND account_id = ?2 AND expires_ms > ?3
                   ORDER BY device LIMIT ?4";
        let of = (self.of.slot().0, self.of.get(), view.now_ms, DEVICES_MAX);
        let rows = view.all(sql, of, |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?;
        let said = rows.iter().map(|(record, stamp_ms)| {
            let record: SignedPresence = decode("presence", record)?;
            Ok((record, *stamp_ms))
        });
        Ok(said.collect::<Result<_, Fault>>()?)
    }
}

/// What a device has said last, expired or not.
fn of_device(view: &View<'_>, account: AccountId, device: DeviceId) -> Result<Option<SignedPresence>, Fault> {
    let sql = "SELECT record FROM presence WHERE slot = ?1 AND account_id = ?2 AND device = ?3";
    let of = (account.slot().0, account.get(), device.0);
    let record = view.first(sql, of, |row| row.get::<_, Vec<u8>>(0))?;
    record.map(|record| decode("presence", &record)).transpose()
}
