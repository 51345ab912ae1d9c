//! Where this device can be reached, as it says at home, and where others can, as their homes say.
//!
//! **Invariant** (rule P7): a presence is said when it has changed, and before it expires, and not in between.
//! **Invariant:** what is kept of others has been signed by a device that lived.

use crate::ask::Ask;
use crate::failure::{Failure, Fault};
use crate::message::direct::listener::Door;
use crate::message::{Messenger, chains};
use crate::time::{now, now_ms};
use rusqlite::Transaction;
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use tertulia_crypto::direct::{is_said_by, sign_presence};
use tertulia_types::AccountId;
use tertulia_types::device::PublicKey;
use tertulia_types::entity;
use tertulia_types::entity::EmptyObject;
use tertulia_types::presence::{ADDRESSES_MAX, LIFETIME_MS, Presence, SignedPresence, is_address};

/// For how long what a home has said of somebody is used without asking again.
const FRESH_MS: i64 = 5 * 60_000;
/// An address at which nobody answered is not tried for so long, and then asked for again.
pub(super) const REST_MS: i64 = 60_000;
/// How long saying goodbye may take.
const GOODBYE_TIME_MAX: Duration = Duration::from_secs(2);

impl Messenger<'_> {
    /// Says at home where this device can be reached, if that is not known there.
    pub(in crate::message) async fn show_presence(&self, door: &Door) -> Result<(), Failure> {
        let last = self.said()?;
        let (key, addresses) = (door.key(), door.addresses());
        if !is_due(last.as_ref(), key, &addresses, now_ms()) {
            return Ok(());
        }
        let shown = self.say_presence(last.as_ref(), key, addresses).await;
        match shown {
            // It is tried again with the next look.
            Err(failure @ Failure::Local(_)) => Err(failure),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Says at home that this device cannot be reached any more, if it was said that it can. If no machine answers it is forgotten there
    /// when its time is over.
    pub(in crate::message) async fn withdraw_presence(&self) -> Result<(), Failure> {
        let last = self.said()?;
        let Some(last) = last.filter(|last| !last.addresses.is_empty() && last.until_ms > now_ms()) else {
            return Ok(());
        };
        let withdrawing = self.say_presence(Some(&last), last.key, Vec::new());
        match tokio::time::timeout(GOODBYE_TIME_MAX, withdrawing).await {
            Ok(Err(failure @ Failure::Local(_))) => Err(failure),
            Ok(Ok(()) | Err(_)) | Err(_) => Ok(()),
        }
    }

    /// What was said last and taken.
    fn said(&self) -> Result<Option<Presence>, Failure> {
        let said = self
            .vault
            .store
            .first("SELECT said FROM presence", [], |row| row.get::<_, String>(0))?;
        let said = said.map(|said| serde_json::from_str::<Presence>(&said).map_err(Fault::Row));
        Ok(said.transpose()?)
    }

    async fn say_presence(
        &self,
        last: Option<&Presence>,
        key: PublicKey,
        addresses: Vec<SocketAddr>,
    ) -> Result<(), Failure> {
        let (device, now_ms) = (self.device()?, now_ms());
        let presence = Presence {
            account: self.me,
            device: device.id(),
            counter: last.map_or(0, |last| last.counter + 1).max(now_ms),
            until_ms: now_ms + LIFETIME_MS,
            key,
            addresses,
        };
        let json = serde_json::to_string(&presence).map_err(Fault::Row)?;
        let said = sign_presence(&device, presence);
        let ask = Ask::post("/api/tertulia/v1/presence", json!(entity::Presence::from(&said)));
        let _: EmptyObject = self.client.read(ask).await?;
        let sql = "INSERT OR REPLACE INTO presence (id, said) VALUES (0, ?1)";
        self.vault.store.execute(sql, [json])?;
        Ok(())
    }

    /// Asks where somebody's devices can be reached, if that was not done of late. What cannot be asked now is not known: nothing depends
    /// on it.
    pub(in crate::message) async fn ask_presence(&self, account: AccountId) -> Result<(), Failure> {
        let sql = "SELECT looked_ms FROM person WHERE account = ?1";
        let looked_ms = self
            .vault
            .store
            .first(sql, [account.get()], |row| row.get::<_, i64>(0))?;
        if looked_ms.is_some_and(|looked_ms| now().unix_ms - looked_ms < FRESH_MS) {
            return Ok(());
        }
        let ask = Ask::get(format!("/api/tertulia/v1/accounts/{account}/presence"));
        let said = match self.client.read::<Vec<entity::Presence>>(ask).await {
            Ok(said) => said,
            Err(Failure::Refused(_)) => Vec::new(),
            Err(failure @ Failure::Local(_)) => return Err(failure),
            Err(_) => return Ok(()),
        };
        self.vault.store.change(|tx| learn(tx, account, said))
    }
}

/// Whether something has to be said.
fn is_due(last: Option<&Presence>, key: PublicKey, addresses: &[SocketAddr], now_ms: u64) -> bool {
    let lasts = now_ms + LIFETIME_MS / 2..=now_ms + LIFETIME_MS;
    last.is_none_or(|last| last.key != key || last.addresses != addresses || !lasts.contains(&last.until_ms))
}

/// Keeps what a home has said of somebody's devices: what they have signed, and never something older than what is known.
fn learn(tx: &Transaction<'_>, account: AccountId, said: Vec<entity::Presence>) -> Result<(), Failure> {
    let chain = chains::chain(tx, account)?;
    let known = addresses(tx, account)?;
    tx.execute("DELETE FROM address WHERE account = ?1", [account.get()])?;
    for said in said {
        let Ok(said) = SignedPresence::try_from(said) else {
            continue;
        };
        let presence = &said.presence;
        let is_theirs = chain
            .key(presence.device)
            .is_some_and(|key| is_said_by(key, &said));
        if !is_theirs || presence.account != account || presence.addresses.len() > ADDRESSES_MAX {
            continue;
        }
        let before = known.iter().find(|(known, _)| known.device == presence.device);
        let (presence, failed_ms) = match before {
            Some((known, failed_ms)) if known.counter >= presence.counter => (known, *failed_ms),
            Some(_) | None => (presence, 0),
        };
        let json = serde_json::to_string(presence).map_err(Fault::Row)?;
        let sql = "INSERT OR REPLACE INTO address (account, device, said, failed_ms) VALUES (?1, ?2, ?3, ?4)";
        tx.execute(sql, (account.get(), presence.device.0, json, failed_ms))?;
    }
    let sql = "UPDATE person SET looked_ms = ?2 WHERE account = ?1";
    tx.execute(sql, (account.get(), now().unix_ms))?;
    Ok(())
}

/// What is known of somebody's devices, and when each was last found wrong.
fn addresses(tx: &Transaction<'_>, account: AccountId) -> Result<Vec<(Presence, i64)>, Failure> {
    let mut statement = tx.prepare_cached("SELECT said, failed_ms FROM address WHERE account = ?1")?;
    let rows = statement.query_map([account.get()], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let mut known = Vec::new();
    for row in rows {
        let (said, failed_ms) = row?;
        known.push((serde_json::from_str(&said).map_err(Fault::Row)?, failed_ms));
    }
    Ok(known)
}

/// Where somebody's devices may answer now.
pub(super) fn dialable(tx: &Transaction<'_>, account: AccountId) -> Result<Vec<Presence>, Failure> {
    let now_ms = now().unix_ms;
    let known = addresses(tx, account)?.into_iter();
    let rested = known.filter(|(_, failed_ms)| now_ms - failed_ms >= REST_MS);
    let present = rested.map(|(mut presence, _)| {
        presence.addresses.retain(is_address);
        presence
    });
    Ok(present
        .filter(|presence| !presence.addresses.is_empty() && presence.until_ms > now_ms.unsigned_abs())
        .collect())
}

/// Nobody has answered there: it rests, and then the home is asked for it again.
pub(super) fn rest(tx: &Transaction<'_>, presence: &Presence) -> Result<(), Failure> {
    let (now_ms, account) = (now().unix_ms, presence.account.get());
    let sql = "UPDATE address SET failed_ms = ?3 WHERE account = ?1 AND device = ?2";
    tx.execute(sql, (account, presence.device.0, now_ms))?;
    let sql = "UPDATE person SET looked_ms = min(looked_ms, ?2) WHERE account = ?1";
    tx.execute(sql, (account, now_ms - FRESH_MS + REST_MS))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FRESH_MS, REST_MS, dialable, is_due, rest};
    use crate::time::now;
    use rusqlite::Connection;
    use std::net::SocketAddr;
    use tertulia_types::device::PublicKey;
    use tertulia_types::presence::{LIFETIME_MS, Presence};
    use tertulia_types::{AccountId, DeviceId};

    #[test]
    fn where_nobody_answered_is_not_dialled_for_a_while_and_then_asked_for_again() {
        let mut connection = Connection::open_in_memory().expect("opens");
        let schema = concat!(include_str!("../schema.sql"), include_str!("../direct.sql"));
        connection.execute_batch(schema).expect("laid out");
        let tx = connection.transaction().expect("begins");
        let now_ms = now().unix_ms;
        let account = AccountId::MIN;
        let presence = |device, addresses: &[&str], until_ms: i64| Presence {
            account,
            device: DeviceId([device; 16]),
            counter: 1,
            until_ms: until_ms.unsigned_abs(),
            key: PublicKey([1; 32]),
            addresses: addresses
                .iter()
                .map(|address| address.parse::<SocketAddr>().expect("an address"))
                .collect(),
        };
        let good = presence(1, &["192.0.2.1:6000", "224.0.0.251:5353"], now_ms + 60_000);
        let others = [
            presence(2, &["192.0.2.1:6000"], now_ms - 1),
            presence(3, &["224.0.0.251:5353"], now_ms + 60_000),
            presence(4, &[], now_ms + 60_000),
        ];
        let sql = "INSERT INTO person (account, looked_ms) VALUES (?1, ?2)";
        tx.execute(sql, (account.get(), now_ms)).expect("kept");
        for presence in others.iter().chain([&good]) {
            let said = serde_json::to_string(presence).expect("written");
            let sql = "INSERT INTO address (account, device, said) VALUES (?1, ?2, ?3)";
            tx.execute(sql, (account.get(), presence.device.0, said))
                .expect("kept");
        }
        let found = dialable(&tx, account).expect("read");
        let devices: Vec<DeviceId> = found.iter().map(|presence| presence.device).collect();
        assert_eq!(devices, [good.device]);
        assert_eq!(found[0].addresses, good.addresses[..1]);
        rest(&tx, &good).expect("kept");
        assert!(dialable(&tx, account).expect("read").is_empty());
        let looked_ms = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let looked_ms = tx.query_row("SELECT looked_ms FROM person", [], looked_ms);
        let again_ms = looked_ms.expect("read") + FRESH_MS;
        assert!((now_ms..now_ms + REST_MS + 10_000).contains(&again_ms));
        let earlier = "UPDATE address SET failed_ms = failed_ms - ?1";
        tx.execute(earlier, [REST_MS]).expect("kept");
        assert_eq!(dialable(&tx, account).expect("read").len(), 1);
    }

    #[test]
    fn p7_a_presence_is_said_when_it_changes_and_once_in_half_of_its_lifetime() {
        let (key, address) = (PublicKey([1; 32]), "192.0.2.1:6000".parse().expect("an address"));
        let said_ms = 1_000_000_000_000;
        let last = Presence {
            account: AccountId::MIN,
            device: DeviceId([2; 16]),
            counter: 1,
            until_ms: said_ms + LIFETIME_MS,
            key,
            addresses: vec![address],
        };
        let due = |key, addresses: &[_], now_ms| is_due(Some(&last), key, addresses, now_ms);
        assert!(is_due(None, key, &[address], said_ms));
        for beat in 0..=LIFETIME_MS / 2 / 15_000 {
            assert!(!due(key, &[address], said_ms + beat * 15_000), "{beat}");
        }
        assert!(due(key, &[address], said_ms + LIFETIME_MS / 2 + 1));
        assert!(due(PublicKey([3; 32]), &[address], said_ms));
        let moved = "192.0.2.2:6000".parse().expect("an address");
        for addresses in [&[moved][..], &[address, moved], &[]] {
            assert!(due(key, addresses, said_ms));
        }
        assert!(due(key, &[address], said_ms - 1), "a clock that was ahead");
    }
}
