//! A person's devices: which they are, shutting one out, and beginning anew when none is left.

use crate::failure::{Failure, Misuse};
use crate::message::group::Readiness;
use crate::message::own::LABEL;
use crate::message::vault::forget_keys;
use crate::message::{Messenger, outgoing};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use tertulia_crypto::device::DeviceKey;
use tertulia_crypto::identity::IdentityKey;
use tertulia_types::entity::Timestamp;
use tertulia_types::{ConversationId, DeviceId};

/// How many digits of a device's name are shown: enough for sixteen.
const SHORT_DIGITS: usize = 8;

/// One of a person's devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDevice {
    /// Its name.
    pub id: DeviceId,
    /// The beginning of it, by which it can be named.
    pub short: String,
    /// What it is called.
    pub label: String,
    /// Since when it is one, by its clock then.
    pub since: Timestamp,
    /// Whether it is this one.
    pub is_this: bool,
}

/// A device was shut out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShutOut {
    /// Which.
    pub short: String,
    /// Conversations whose groups have yet to be renewed without it: this is done before anything is said there.
    pub waiting: usize,
}

/// The beginning of a device's name.
#[must_use]
pub fn short(device: DeviceId) -> String {
    device.to_string().chars().take(SHORT_DIGITS).collect()
}

impl Messenger<'_> {
    /// The person's devices, as they stand now.
    pub async fn devices(&self) -> Result<Vec<OwnDevice>, Failure> {
        let this = match self.is_device()? {
            true => Some(self.device_id()?),
            false => None,
        };
        let chain = self.ask_chain(self.me).await?;
        let mut devices: Vec<OwnDevice> = chain
            .devices()
            .iter()
            .map(|(id, device)| OwnDevice {
                id: *id,
                short: short(*id),
                label: device.label.clone(),
                since: Timestamp::from_unix_ms(i64::try_from(device.made_ms).unwrap_or(i64::MAX)),
                is_this: this == Some(*id),
            })
            .collect();
        devices.sort_by_key(|device| (device.since.unix_ms, device.id));
        Ok(devices)
    }

    /// Shuts one of the devices out, named by the beginning of its name: it can fetch nothing any more, is logged out, and the groups of
    /// all conversations are renewed without it, so that it reads nothing that is said from now on.
    pub async fn revoke(&self, typed: &str) -> Result<ShutOut, Failure> {
        self.enrol().await?;
        let typed = typed.trim().to_ascii_lowercase();
        let devices = self.devices().await?;
        let mut named = devices
            .iter()
            .filter(|device| !typed.is_empty() && device.id.to_string().starts_with(&typed));
        let (Some(device), None) = (named.next(), named.next()) else {
            return Err(Misuse::NotADevice(typed).into());
        };
        if device.is_this {
            return Err(Misuse::ThisDevice.into());
        }
        self.shut_out(device.id).await?;
        Ok(ShutOut {
            short: device.short.clone(),
            waiting: self.renew_groups().await?,
        })
    }

    /// Sees to it that the groups of all conversations are of the devices that there are now. Answers how many are not yet.
    pub(crate) async fn renew_groups(&self) -> Result<usize, Failure> {
        let sql = "SELECT id FROM conversation WHERE generation > 0 AND is_left = 0";
        let conversations = self
            .vault
            .store
            .all(sql, [], |row| row.get(0).map(ConversationId))?;
        let mut waiting = 0;
        for id in conversations {
            match self.make_ready(id).await {
                Ok(Readiness::Ready | Readiness::NoDevice | Readiness::Out) => {}
                Ok(Readiness::Busy) => waiting += 1,
                // They are gone, or block: nothing will be said there.
                Err(Failure::Refused(_) | Failure::Mistrusted(_)) => {}
                Err(failure) if failure.is_unreachable() => waiting += 1,
                Err(failure) => return Err(failure),
            }
        }
        Ok(waiting)
    }

    /// Begins anew with another identity, for somebody who has lost all devices and has no recovery code: all devices from before are
    /// void, and everybody who writes to the person is told. What was said stays where this computer has it.
    pub async fn reset_devices(&self) -> Result<(), Failure> {
        self.forget_device()?;
        let chain = self.ask_chain(self.me).await?;
        self.adopt(&DeviceKey::random(self.me), &IdentityKey::random(), &chain, LABEL)?;
        self.enter().await
    }

    /// Forgets that this computer is a device, with all keys of groups. What was said, and what waits to be sent, stays.
    pub(crate) fn forget_device(&self) -> Result<(), Failure> {
        self.vault.store.change(|tx| {
            let sealed = tx
                .prepare("SELECT seq FROM sealed")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            for sealed in sealed {
                outgoing::seal_anew(tx, sealed)?;
            }
            forget(tx)
        })
    }
}

fn forget(tx: &Transaction<'_>) -> Result<(), Failure> {
    forget_keys(tx)?;
    for sql in [
        "DELETE FROM own",
        "DELETE FROM package",
        "DELETE FROM pending_commit",
        "DELETE FROM early",
        "UPDATE conversation SET generation = 0, spent = 0",
    ] {
        tx.execute(sql, [])?;
    }
    Ok(())
}
