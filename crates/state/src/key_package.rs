//! Key packages: what somebody else needs to take a device into a conversation while it is away. They lie at the home of the
//! device's owner; most are given out once, the last resort as often as it must be.
//!
//! **Invariant:** a package that is no last resort is given to one claim at most, and a claim that is repeated gets the same ones
//! (rule M4).

use crate::account;
use crate::device;
use crate::edge;
use crate::error::{Fault, Outcome, decode, encode};
use crate::request::{Request, RequestKey};
use crate::session::Actor;
use crate::tx::{Tx, View};
use crate::verb::{Command, Verb};
use serde::{Deserialize, Serialize};
use tertulia_types::message::KEY_PACKAGE_BYTES_MAX;
use tertulia_types::{AccountId, DeviceId, Position, Rejected, Scopes};

/// Packages that are given out once, of one device, at most.
pub const PACKAGES_MAX: usize = 100;
/// Claims of one person on another of which the answers are remembered; who asks more often within a day gets the last resort only,
/// so that nobody can use up the others.
const CLAIMS_MAX: u32 = 10;

/// Puts packages of a device where others find them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockPackages {
    /// Who asks.
    pub actor: Actor,
    /// The device that can use them.
    pub device: DeviceId,
    /// To be given out once each.
    pub packages: Vec<Vec<u8>>,
    /// Whether they come in place of those that are there: a package does not live for ever.
    pub replaces: bool,
    /// In place of the last resort that is there.
    pub last_resort: Option<Vec<u8>>,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for StockPackages {
    /// How many there are now that are given out once.
    type Reply = u32;

    fn home(&self) -> Position {
        self.actor.account.home()
    }
}

impl Command for StockPackages {
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        Some((&self.actor, Scopes::WRITE_MESSAGES))
    }

    fn request(&self) -> Option<Request> {
        Some(account::request(&self.actor, self.key))
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<u32> {
        let account = self.actor.account;
        device::check(tx, account, self.device)?;
        let is_fit = |package: &Vec<u8>| (1..=KEY_PACKAGE_BYTES_MAX).contains(&package.len());
        if !self.packages.iter().chain(&self.last_resort).all(is_fit) {
            let bound = format!("a key package has up to {KEY_PACKAGE_BYTES_MAX} bytes");
            return Err(Rejected::Invalid(bound).into());
        }
        if self.replaces {
            let sql =
                "DELETE FROM key_package WHERE slot = ?1 AND account_id = ?2 AND device = ?3 AND number > 0";
            tx.write(sql, (account.slot().0, account.get(), self.device.0))?;
        }
        if self.packages.len() + left(tx, account, self.device)? as usize > PACKAGES_MAX {
            return Err(Rejected::Limit(format!("{PACKAGES_MAX} key packages of a device")).into());
        }
        let (slot, owner, device) = (account.slot().0, account.get(), self.device.0);
        let sql = "INSERT OR REPLACE INTO key_package (slot, account_id, device, number, package) VALUES (?1, ?2, ?3, ?4, ?5)";
        if let Some(last_resort) = &self.last_resort {
            tx.write(sql, (slot, owner, device, 0, last_resort))?;
        }
        let highest = "SELECT coalesce(max(number), 0) FROM key_package WHERE slot = ?1 AND account_id = ?2 AND device = ?3";
        let highest: i64 = tx
            .first(highest, (slot, owner, device), |row| row.get(0))?
            .unwrap_or(0);
        for (number, package) in (highest + 1..).zip(&self.packages) {
            tx.write(sql, (slot, owner, device, number, package))?;
        }
        Ok(left(tx, account, self.device)?)
    }
}

/// Takes a package of each device of somebody: the oldest, or the last resort. That `by` has a session was asked at their home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimPackages {
    /// Who asks.
    pub by: AccountId,
    /// Whose devices.
    pub of: AccountId,
    /// For repeats.
    pub key: RequestKey,
}

impl Verb for ClaimPackages {
    /// One of each device that has any; nothing where a person has no device yet (rule M6).
    type Reply = Vec<(DeviceId, Vec<u8>)>;

    fn home(&self) -> Position {
        self.of.home()
    }
}

impl Command for ClaimPackages {
    fn is_of_people(&self) -> bool {
        true
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Vec<(DeviceId, Vec<u8>)>> {
        account::keeping(tx, self.of)?;
        if edge::blocks(tx, self.of, self.by)? {
            return Err(Rejected::Blocked.into());
        }
        let (slot, owner, by) = (self.of.slot().0, self.of.get(), self.by.get());
        let known =
            "SELECT packages FROM claim WHERE slot = ?1 AND account_id = ?2 AND by_id = ?3 AND key = ?4";
        if let Some(packages) = tx.first(known, (slot, owner, by, self.key.0), |row| {
            row.get::<_, Vec<u8>>(0)
        })? {
            return Ok(decode("claimed packages", &packages)?);
        }
        let claims = "SELECT count(*) FROM claim WHERE slot = ?1 AND account_id = ?2 AND by_id = ?3";
        let claims: u32 = tx
            .first(claims, (slot, owner, by), |row| row.get(0))?
            .unwrap_or(0);
        let mut packages = Vec::new();
        for device in device::standing(tx, self.of)? {
            let mut row = None;
            if claims < CLAIMS_MAX {
                row = package(tx, self.of, device, false)?;
            }
            if row.is_none() {
                row = package(tx, self.of, device, true)?;
            }
            let Some((number, package)) = row else {
                continue;
            };
            if number > 0 {
                let given = "DELETE FROM key_package WHERE slot = ?1 AND account_id = ?2 AND device = ?3 AND number = ?4";
                tx.write(given, (slot, owner, device.0, number))?;
            }
            packages.push((device, package));
        }
        if claims < CLAIMS_MAX {
            let sql = "INSERT INTO claim (slot, account_id, by_id, key, packages, stamp_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let stamp_ms = tx.now_ms;
            tx.write(sql, (slot, owner, by, self.key.0, encode(&packages)?, stamp_ms))?;
        }
        Ok(packages)
    }
}

/// The oldest of those that are given out once, or the last resort.
fn package(
    view: &View<'_>,
    of: AccountId,
    device: DeviceId,
    is_last_resort: bool,
) -> Result<Option<(i64, Vec<u8>)>, Fault> {
    let sql = "SELECT number, package FROM key_package WHERE slot = ?1 AND account_id = ?2 AND device = ?3 AND number >= ?4
               ORDER BY number LIMIT 1";
    let least = i64::from(!is_last_resort);
    let found = view.first(sql, (of.slot().0, of.get(), device.0, least), |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(found.filter(|(number, _)| (*number == 0) == is_last_resort))
}

/// How many packages of a device are left that are given out once.
pub(crate) fn left(view: &View<'_>, account: AccountId, device: DeviceId) -> Result<u32, Fault> {
    let sql =
        "SELECT count(*) FROM key_package WHERE slot = ?1 AND account_id = ?2 AND device = ?3 AND number > 0";
    let of = (account.slot().0, account.get(), device.0);
    Ok(view.first(sql, of, |row| row.get(0))?.unwrap_or(0))
}
