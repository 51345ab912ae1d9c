//! A person's devices: the chain of statements that says which these are, at the home of the person.
//!
//! The home keeps the order and nothing else: each statement has to name the one before by its hash, so that two devices that say
//! something at once do not overwrite each other. Whether a statement is signed by whom it should be, its readers find out.
//!
//! **Invariant:** the chain only grows; the devices that stand are those that it names.

use crate::account;
use crate::error::{Fault, Outcome, decode, encode};
use crate::event::Event;
use crate::letter;
use crate::request::{Request, RequestKey};
use crate::session::{self, Actor};
use crate::tx::{Tx, View};
use crate::verb::{Command, Query, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::device::{Change, Link, RECORDS_MAX, SignedRecord};
use tertulia_types::message::DEVICES_MAX;
use tertulia_types::{AccountId, DeviceId, Position, Rejected, Scopes};

/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 64;
/// Statements in one answer at most.
const PAGE_MAX: usize = 200;

/// Says something of one's devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendRecord {
    /// Who asks.
    pub actor: Actor,
    /// What is said.
    pub record: SignedRecord,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for AppendRecord {
    type Reply = ();

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for AppendRecord {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::ALL))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<()> {
        let (account, said) = (self.actor.account, &self.record.record);
        said.check()
            .map_err(|unfit| Rejected::Invalid(unfit.to_string()))?;
        if said.account != account || self.record.signature.len() != SIGNATURE_BYTES {
            return Err(Rejected::Invalid("this is no statement about one's own devices".to_owned()).into());
        }
        let last = last(tx, account)?;
        let (sequence, previous) = last
            .as_ref()
            .map_or((0, Link::default()), |last| (last.sequence + 1, last.link()));
        if (said.sequence, said.previous) != (sequence, previous) {
            return Err(Rejected::Conflict.into());
        }
        if said.sequence as usize >= RECORDS_MAX {
            return Err(Rejected::Limit(format!("{RECORDS_MAX} changes of devices")).into());
        }
        if last.is_some_and(|last| last.identity != said.identity) {
            for device in standing(tx, account)? {
                remove(tx, &self.actor, device)?;
            }
        }
        match &said.change {
            Change::Add { key, .. } => add(tx, &self.actor, key.device())?,
            Change::Revoke { device } => remove(tx, &self.actor, *device)?,
        }
        let sql = "INSERT INTO device_record (slot, account_id, sequence, record) VALUES (?1, ?2, ?3, ?4)";
        let record = encode(&self.record)?;
        tx.write(sql, (account.slot().0, account.get(), sequence, record))?;
        Ok(())
    }
}

/// What a person has said of their devices, oldest first. Anybody may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// Whose.
    pub account: AccountId,
    /// From which on; 200 at once.
    pub from: u32,
}

impl Verb for Records {
    type Reply = Vec<SignedRecord>;

    fn home(&self) -> Position {
        self.account.home()
    }
}

impl Query for Records {
    fn read(&self, view: &View<'_>) -> Outcome<Vec<SignedRecord>> {
        account::keeping(view, self.account)?;
        let sql = "SELECT record FROM device_record WHERE slot = ?1 AND account_id = ?2 AND sequence >= ?3
                   ORDER BY sequence LIMIT ?4";
        let of = (self.account.slot().0, self.account.get(), self.from, PAGE_MAX);
        let records = view.all(sql, of, |row| row.get::<_, Vec<u8>>(0))?;
        Ok(records
            .iter()
            .map(|record| decode("statement about devices", record))
            .collect::<Result<_, _>>()?)
    }
}

/// The last statement of a chain.
fn last(view: &View<'_>, account: AccountId) -> Result<Option<tertulia_types::device::Record>, Fault> {
    let sql =
        "SELECT record FROM device_record WHERE slot = ?1 AND account_id = ?2 ORDER BY sequence DESC LIMIT 1";
    let of = (account.slot().0, account.get());
    let record = view.first(sql, of, |row| row.get::<_, Vec<u8>>(0))?;
    let said = record.map(|record| decode::<SignedRecord>("statement about devices", &record));
    Ok(said.transpose()?.map(|said| said.record))
}

/// How many statements somebody has made about their devices.
pub(crate) fn statements(view: &View<'_>, account: AccountId) -> Result<u32, Fault> {
    Ok(last(view, account)?.map_or(0, |last| last.sequence + 1))
}

/// The devices that stand.
pub(crate) fn standing(view: &View<'_>, account: AccountId) -> Result<Vec<DeviceId>, Fault> {
    let sql = "SELECT id FROM device WHERE slot = ?1 AND account_id = ?2 ORDER BY id";
    view.all(sql, (account.slot().0, account.get()), |row| {
        row.get(0).map(DeviceId)
    })
}

/// Refuses what is not one of the person's devices.
pub(crate) fn check(view: &View<'_>, account: AccountId, device: DeviceId) -> Outcome<()> {
    let sql = "SELECT 1 FROM device WHERE slot = ?1 AND account_id = ?2 AND id = ?3";
    if view.exists(sql, (account.slot().0, account.get(), device.0))? {
        Ok(())
    } else {
        Err(Rejected::NoDevice.into())
    }
}

/// A device begins behind all letters that have come: they were not written for it.
fn add(tx: &mut Tx<'_>, actor: &Actor, device: DeviceId) -> Outcome<()> {
    let account = actor.account;
    let standing = standing(tx, account)?;
    if standing.contains(&device) {
        return Err(Rejected::Conflict.into());
    }
    if standing.len() >= DEVICES_MAX {
        return Err(Rejected::Limit(format!("{DEVICES_MAX} devices")).into());
    }
    let sql = "INSERT INTO device (slot, account_id, id, session, acknowledged) VALUES (?1, ?2, ?3, ?4,
               coalesce((SELECT top FROM mailbox WHERE slot = ?1 AND account_id = ?2), 0))";
    let session = actor.session.0;
    tx.write(sql, (account.slot().0, account.get(), device.0, session))?;
    Ok(())
}

/// A device that is not the person's any more is logged out too, unless it is the one that says so.
fn remove(tx: &mut Tx<'_>, actor: &Actor, device: DeviceId) -> Outcome<()> {
    let account = actor.account;
    check(tx, account, device)?;
    let of = (account.slot().0, account.get());
    let sql = "DELETE FROM device WHERE slot = ?1 AND account_id = ?2 AND id = ?3 RETURNING session";
    let session = tx.first(sql, (of.0, of.1, device.0), |row| {
        row.get::<_, Option<[u8; 32]>>(0)
    })?;
    if let Some(session) = session.flatten().filter(|session| *session != actor.session.0) {
        let sql = "DELETE FROM session WHERE slot = ?1 AND account_id = ?2 AND hash = ?3
                   RETURNING slot, hash, account_id, id";
        if session::end(tx, sql, (of.0, of.1, session))? > 0 {
            tx.tell(Event::SessionsEnded { account });
        }
    }
    let packages = "DELETE FROM key_package WHERE slot = ?1 AND account_id = ?2 AND device = ?3";
    tx.write(packages, (of.0, of.1, device.0))?;
    let own_box = "DELETE FROM sealed_box WHERE slot = ?1 AND account_id = ?2 AND name = ?3";
    tx.write(own_box, (of.0, of.1, device.0))?;
    let presence = "DELETE FROM presence WHERE slot = ?1 AND account_id = ?2 AND device = ?3";
    tx.write(presence, (of.0, of.1, device.0))?;
    // What it had not fetched waits for nobody else.
    Ok(letter::delete_fetched(tx, account)?)
}
