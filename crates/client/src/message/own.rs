//! This device: its key, its place among the person's devices, and the key packages that it leaves for others.

use crate::ask::Ask;
use crate::failure::{Failure, Misuse};
use crate::message::vault::keys;
use crate::message::{Messenger, chains};
use crate::moment::moment;
use crate::time::{now, now_ms};
use rand::Rng;
use rusqlite::{OptionalExtension, Transaction};
use serde_json::json;
use tertulia_crypto::chain::Chain;
use tertulia_crypto::device::DeviceKey;
use tertulia_crypto::identity::IdentityKey;
use tertulia_crypto::package::{forget_package, make_packages};
use tertulia_types::device::Change;
use tertulia_types::entity::{Base64, DeviceRecord, EmptyObject, PackagesLeft};
use tertulia_types::{BoxName, DeviceId};
use zeroize::Zeroizing;

/// Packages that lie at home when there are enough.
const PACKAGES: usize = 50;
/// With fewer, more are made.
const PACKAGES_MIN: u32 = 20;
/// How often another statement about devices may be faster.
const RACES_MAX: usize = 5;
/// How long a last resort serves, and after how long the secret half of one that was replaced is forgotten.
pub(crate) const LAST_RESORT_MS: i64 = 7 * 24 * 3_600_000;
/// After how long all packages are made anew: whoever takes one wants it to live for a month still (see `tertulia_crypto::package`).
const RENEWAL_MS: i64 = 45 * 24 * 3_600_000;
const FORGET_MS: i64 = 40 * 24 * 3_600_000;
/// What a device is called where its computer has no name.
pub(crate) const LABEL: &str = "terminal";

impl Messenger<'_> {
    /// The key of this device.
    pub(crate) fn device(&self) -> Result<DeviceKey, Failure> {
        let sql = "SELECT device FROM own WHERE account = ?1";
        let seed = self.vault.store.first(sql, [self.me.get()], |row| row.get(0))?;
        let seed: [u8; 32] = seed.ok_or(Misuse::NoDevice)?;
        Ok(DeviceKey::from_seed(self.me, &seed))
    }

    pub(crate) fn device_id(&self) -> Result<DeviceId, Failure> {
        Ok(self.device()?.id())
    }

    /// The person's identity key, where this computer has it.
    pub(crate) fn identity(&self) -> Result<Option<IdentityKey>, Failure> {
        let sql = "SELECT identity FROM own WHERE account = ?1";
        let seed = self
            .vault
            .store
            .first(sql, [self.me.get()], |row| row.get::<_, Option<[u8; 32]>>(0))?;
        let seed = seed.flatten().map(Zeroizing::new);
        Ok(seed.map(|seed| IdentityKey::from_seed(&seed)))
    }

    /// Whether this computer is one of the person's devices, as far as it knows.
    pub fn is_device(&self) -> Result<bool, Failure> {
        let sql = "SELECT 1 FROM own WHERE account = ?1";
        Ok(self
            .vault
            .store
            .first(sql, [self.me.get()], |_| Ok(()))?
            .is_some())
    }

    /// Makes this computer one of the person's devices, if it is none yet; the first one makes their identity.
    pub(crate) async fn enrol(&self) -> Result<(), Failure> {
        if self.waiting_record()?.is_none() {
            let chain = self.ask_chain(self.me).await?;
            if !chain.devices().is_empty() {
                return Err(Misuse::OtherDevices.into());
            }
            if chain.identity().is_some() && self.open_box(BoxName::SAFE).await?.is_some() {
                return Err(Misuse::BackupWaits.into());
            }
            self.adopt(&DeviceKey::random(self.me), &IdentityKey::random(), &chain, LABEL)?;
            moment("device-kept");
        }
        self.enter().await
    }

    /// What says that this computer is one of the devices, until the ring has it; none if it is none, and nothing in it if it is one.
    fn waiting_record(&self) -> Result<Option<Option<String>>, Failure> {
        let sql = "SELECT record FROM own WHERE account = ?1";
        self.vault.store.first(sql, [self.me.get()], |row| row.get(0))
    }

    /// Keeps the keys of a device that is to be one of the person's, and the statement that makes it one. If another process was faster,
    /// its keys stay.
    pub(crate) fn adopt(
        &self,
        device: &DeviceKey,
        identity: &IdentityKey,
        chain: &Chain,
        label: &str,
    ) -> Result<(), Failure> {
        let change = Change::Add {
            key: device.public(),
            label: label.to_owned(),
        };
        let record = identity.sign(chain.next(identity.public(), change, now_ms()));
        let record = json!(DeviceRecord::from(&record)).to_string();
        let sql = "INSERT OR IGNORE INTO own (account, device, identity, record) VALUES (?1, ?2, ?3, ?4)";
        let row = (self.me.get(), *device.seed(), *identity.seed(), &record);
        self.vault.store.execute(sql, row)?;
        Ok(())
    }

    /// Tells the ring of this device, if it does not know of it yet.
    pub(crate) async fn enter(&self) -> Result<(), Failure> {
        for _ in 0..RACES_MAX {
            let Some(record) = self.waiting_record()?.flatten() else {
                // What could not be handed in when it was made.
                return self.hand_in_packages(&self.device()?).await;
            };
            let record: DeviceRecord = serde_json::from_str(&record).map_err(crate::failure::Fault::Row)?;
            let ask = Ask::post("/api/tertulia/v1/devices", json!(record));
            match self.client.act::<EmptyObject>(ask).await {
                Ok(_) => {}
                // Another device was first, or the answer to an earlier try was lost.
                Err(Failure::Refused(refusal)) if refusal.status == 409 => {
                    let chain = self.ask_chain(self.me).await?;
                    if chain.key(self.device_id()?).is_none() {
                        self.say_anew(record, &chain)?;
                        continue;
                    }
                }
                Err(failure) => return Err(failure),
            }
            moment("device-told");
            self.vault.store.execute("UPDATE own SET record = NULL", [])?;
            self.ask_chain(self.me).await?;
            return self.stock(0).await;
        }
        Err(Misuse::DevicesChange.into())
    }

    /// Another statement came before the one that adds this device: it is made once more behind that one, if it is of the same identity.
    fn say_anew(&self, record: DeviceRecord, chain: &Chain) -> Result<(), Failure> {
        let identity = self.identity()?;
        let identity = identity.filter(|identity| chain.identity() == Some(identity.public()));
        let (Some(identity), Some(added)) = (identity, record.add) else {
            self.vault.store.execute("DELETE FROM own", [])?;
            return Err(Misuse::OtherDevices.into());
        };
        let change = Change::Add {
            key: self.device()?.public(),
            label: added.label,
        };
        let record = identity.sign(chain.next(identity.public(), change, now_ms()));
        let record = json!(DeviceRecord::from(&record)).to_string();
        self.vault
            .store
            .execute("UPDATE own SET record = ?1 WHERE record IS NOT NULL", [record])?;
        Ok(())
    }

    /// Tells the home what it has forgotten of what the person has said of their devices: it was brought back from a backup, and may not know
    /// this device at all. Nothing is told where it knows as much, or something else. Answers whether something was told.
    pub(crate) async fn tell_again(&self) -> Result<bool, Failure> {
        let known = self.vault.store.change(|tx| chains::records(tx, self.me))?;
        let Some(last) = known.len().checked_sub(1) else {
            return Ok(false);
        };
        // What it knows, the last first: mostly all of it.
        let mut there = 0;
        for from in (0..=last).rev() {
            let ask = Ask::get(format!("/api/tertulia/v1/accounts/{}/devices", self.me)).with("from", from);
            let records: Vec<DeviceRecord> = self.client.read(ask).await?;
            if let Some(first) = records.first() {
                there = if *first == known[from] {
                    from + records.len()
                } else {
                    known.len()
                };
                break;
            }
        }
        let mut has_told = false;
        for record in known.into_iter().skip(there) {
            let ask = Ask::post("/api/tertulia/v1/devices", json!(record));
            let _: EmptyObject = self.client.act(ask).await?;
            has_told = true;
        }
        Ok(has_told)
    }

    /// Says that one of the devices is none of the person's any more.
    pub(crate) async fn shut_out(&self, device: DeviceId) -> Result<(), Failure> {
        let identity = self.identity()?.ok_or(Misuse::NoDevice)?;
        for _ in 0..RACES_MAX {
            let chain = self.ask_chain(self.me).await?;
            if chain.identity() != Some(identity.public()) || chain.key(device).is_none() {
                return Ok(());
            }
            let record = identity.sign(chain.next(identity.public(), Change::Revoke { device }, now_ms()));
            let ask = Ask::post("/api/tertulia/v1/devices", json!(DeviceRecord::from(&record)));
            match self.client.act::<EmptyObject>(ask).await {
                Ok(_) => {}
                Err(Failure::Refused(refusal)) if refusal.status == 409 => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Misuse::DevicesChange.into())
    }

    /// Says that this computer is none of the person's devices any more, as far as it can: it needs their identity key for that.
    pub(crate) async fn retire(&self) -> Result<(), Failure> {
        match self.waiting_record()? {
            Some(None) if self.identity()?.is_some() => self.shut_out(self.device_id()?).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Leaves more key packages at home, when few are left or the last resort is old.
    pub(crate) async fn stock(&self, left: u32) -> Result<(), Failure> {
        let device = self.device()?;
        let made_ms = now_ms();
        let now = i64::try_from(made_ms).unwrap_or(i64::MAX);
        self.vault.store.change(|tx| {
            let waiting = "SELECT count(*) FROM package WHERE is_stocked = 0 AND is_last_resort = 0";
            let waiting: u32 = tx.query_row(waiting, [], |row| row.get(0))?;
            let last = "SELECT max(made_ms) FROM package WHERE is_last_resort = 1";
            let last: Option<i64> = tx.query_row(last, [], |row| row.get(0))?;
            let renewed: i64 = tx.query_row("SELECT renewed_ms FROM own", [], |row| row.get(0))?;
            let is_renewal = now - renewed > RENEWAL_MS;
            let there = if is_renewal { 0 } else { left + waiting };
            let mut new = Vec::new();
            if is_renewal {
                tx.execute(
                    "DELETE FROM package WHERE is_stocked = 0 AND is_last_resort = 0",
                    [],
                )?;
            }
            if there < PACKAGES_MIN {
                let missing = PACKAGES.saturating_sub(there as usize);
                let packages = make_packages(&keys(tx), &device, missing, made_ms, false)?;
                new.extend(packages.into_iter().map(|package| (package, false)));
            }
            if last.is_none_or(|last| now - last > LAST_RESORT_MS) {
                let packages = make_packages(&keys(tx), &device, 1, made_ms, true)?;
                new.extend(packages.into_iter().map(|package| (package, true)));
            }
            for (package, is_last_resort) in new {
                let sql = "INSERT INTO package (package, is_last_resort, made_ms) VALUES (?1, ?2, ?3)";
                tx.execute(sql, (package, is_last_resort, now))?;
            }
            let old = "DELETE FROM package WHERE is_last_resort = 1 AND made_ms < ?1 RETURNING package";
            let old: Option<Vec<u8>> = tx
                .query_row(old, [now - FORGET_MS], |row| row.get(0))
                .optional()?;
            if let Some(old) = old {
                forget_package(&keys(tx), &old)?;
            }
            Ok(())
        })?;
        self.hand_in_packages(&device).await
    }

    async fn hand_in_packages(&self, device: &DeviceKey) -> Result<(), Failure> {
        let sql = "SELECT package, is_last_resort FROM package WHERE is_stocked = 0 ORDER BY made_ms, package LIMIT ?1";
        moment("packages-made");
        let new = self.vault.store.all(sql, [2 * PACKAGES], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, bool>(1)?))
        })?;
        if new.is_empty() {
            return Ok(());
        }
        let (mut packages, mut last_resort) = (Vec::new(), None);
        for (package, is_last_resort) in &new {
            match is_last_resort {
                true => last_resort = Some(Base64(package.clone())),
                false => packages.push(Base64(package.clone())),
            }
        }
        let renewed = self
            .vault
            .store
            .first("SELECT renewed_ms FROM own", [], |row| row.get::<_, i64>(0))?;
        let now = now().unix_ms;
        let replaces = renewed.is_none_or(|renewed| now - renewed > RENEWAL_MS);
        let body = json!({ "device": device.id(), "packages": packages, "replaces": replaces, "last_resort": last_resort });
        let ask = Ask::post("/api/tertulia/v1/key_packages", body);
        let _: PackagesLeft = self.client.act(ask).await?;
        moment("packages-told");
        self.vault.store.change(|tx| {
            if replaces {
                tx.execute("UPDATE own SET renewed_ms = ?1", [now])?;
            }
            for (package, is_last_resort) in &new {
                // The bytes of those that are given out once are needed here no more.
                let sql = match is_last_resort {
                    true => "UPDATE package SET is_stocked = 1 WHERE package = ?1",
                    false => "DELETE FROM package WHERE package = ?1",
                };
                tx.execute(sql, [package])?;
            }
            Ok(())
        })
    }
}

/// Something is newly sealed: the home is to be told before it leaves (see `steps`).
pub(crate) fn step(tx: &Transaction<'_>) -> Result<(), Failure> {
    let mut step = [0; 16];
    rand::rng().fill_bytes(&mut step);
    tx.execute("UPDATE own SET step = ?1 WHERE step IS NULL", [step])?;
    Ok(())
}
