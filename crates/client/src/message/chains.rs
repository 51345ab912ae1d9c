//! What people have said of their devices, and what this device believes of it.
//!
//! The ring hands chains out; nothing of them is believed but what is signed. The identity that was seen first is remembered: when
//! it changes the person is told, and so they are when the ring shows another history than the one that was seen, or that others
//! have seen.
//!
//! **Invariant:** a chain that is kept has been verified, and only grows.

use crate::ask::Ask;
use crate::failure::{Failure, Fault, Misuse};
use crate::message::Messenger;
use crate::message::alarm::{self, Kind};
use crate::nick;
use crate::time::now;
use rusqlite::{OptionalExtension, Params, Transaction};
use tertulia_crypto::chain::Chain;
use tertulia_crypto::identity::IdentityKey;
use tertulia_crypto::payload::Head;
use tertulia_types::AccountId;
use tertulia_types::device::{Link, PublicKey, SignedRecord};
use tertulia_types::entity::{Account, DeviceRecord};

/// For how long a chain is used without asking whether there is more of it. A home does not take what was written without knowing of
/// all devices of its recipient; so in a room, where there are many, it is asked for less often.
const FRESH_MS: i64 = 60_000;
const FRESH_IN_ROOM_MS: i64 = 600_000;
/// Statements that come in one answer.
const PAGE: usize = 200;

impl Messenger<'_> {
    /// Whose account a nick is.
    pub(crate) async fn account_of(&self, typed: &str) -> Result<AccountId, Failure> {
        let nick = nick::checked(typed)?;
        let sql = "SELECT account FROM person WHERE nick = ?1";
        let known = self
            .vault
            .store
            .first(sql, [nick.as_str()], |row| row.get::<_, i64>(0))?;
        if let Some(account) = known.and_then(AccountId::from_number) {
            return Ok(account);
        }
        let found = self
            .client
            .read(Ask::get("/api/v1/accounts/lookup").with("acct", nick.as_str()))
            .await;
        let account: Account = found.map_err(|failure| failure.named(404, "no_such_nick", nick.as_str()))?;
        self.meet(&account)
    }

    /// Learns the nicks of people of whom only the account is known.
    pub(crate) async fn learn_nicks(&self) -> Result<(), Failure> {
        let sql = "SELECT account FROM person WHERE nick IS NULL LIMIT 100";
        let unknown = self.vault.store.all(sql, [], |row| row.get::<_, i64>(0))?;
        for account in unknown {
            match self
                .client
                .read::<Account>(Ask::get(format!("/api/v1/accounts/{account}")))
                .await
            {
                Ok(account) => drop(self.meet(&account)?),
                // They have closed their account.
                Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    fn meet(&self, account: &Account) -> Result<AccountId, Failure> {
        let id: AccountId = account
            .id
            .parse()
            .map_err(|_| Misuse::NotANick(account.username.clone()))?;
        let sql = "INSERT INTO person (account, nick, name) VALUES (?1, ?2, ?3)
                   ON CONFLICT (account) DO UPDATE SET nick = excluded.nick, name = excluded.name";
        self.vault
            .store
            .execute(sql, (id.get(), &account.username, &account.display_name))?;
        Ok(id)
    }

    /// What somebody has said of their devices, asked for if that was not done of late, or if they had none then.
    pub(crate) async fn fresh_chain(&self, account: AccountId, is_in_room: bool) -> Result<Chain, Failure> {
        let fresh_ms = if is_in_room { FRESH_IN_ROOM_MS } else { FRESH_MS };
        let sql = "SELECT checked_ms FROM person WHERE account = ?1";
        let checked_ms = self
            .vault
            .store
            .first(sql, [account.get()], |row| row.get::<_, i64>(0))?;
        if checked_ms.is_some_and(|checked_ms| now().unix_ms - checked_ms < fresh_ms) {
            let known = self.vault.store.change(|tx| chain(tx, account))?;
            if !known.devices().is_empty() {
                return Ok(known);
            }
        }
        self.ask_chain(account).await
    }

    /// Asks for what somebody has said of their devices since it was asked for last.
    pub(crate) async fn ask_chain(&self, account: AccountId) -> Result<Chain, Failure> {
        loop {
            let known = self.vault.store.change(|tx| chain(tx, account))?;
            // The last one again: a history that was replaced shows there.
            let from = known.length().saturating_sub(1);
            let ask = Ask::get(format!("/api/tertulia/v1/accounts/{account}/devices")).with("from", from);
            let records: Vec<DeviceRecord> = self.client.read(ask).await?;
            let is_last = records.len() < PAGE;
            let chain = self.vault.store.change(|tx| extend(tx, account, from, records))?;
            if is_last {
                return chain.ok_or_else(|| Failure::Mistrusted(account));
            }
        }
    }
}

/// The statements that are kept of somebody's chain, oldest first.
pub(crate) fn records(tx: &Transaction<'_>, account: AccountId) -> Result<Vec<DeviceRecord>, Failure> {
    let mut statement =
        tx.prepare_cached("SELECT record FROM record WHERE account = ?1 ORDER BY sequence")?;
    let records = statement
        .query_map([account.get()], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let read = |record: String| serde_json::from_str(&record).map_err(|error| Fault::Row(error).into());
    records.into_iter().map(read).collect()
}

/// What is kept of somebody's chain.
pub(crate) fn chain(tx: &Transaction<'_>, account: AccountId) -> Result<Chain, Failure> {
    let mut chain = Chain::empty(account);
    for record in records(tx, account)? {
        let signed = SignedRecord::try_from(record).map_err(|error| Fault::Keys(error.into()))?;
        chain.append(&signed).map_err(|error| Fault::Keys(error.into()))?;
    }
    Ok(chain)
}

/// Takes in what the ring says behind what is known; none if it does not fit.
fn extend(
    tx: &Transaction<'_>,
    account: AccountId,
    from: u32,
    records: Vec<DeviceRecord>,
) -> Result<Option<Chain>, Failure> {
    let known = chain(tx, account)?;
    let mut chain = known.clone();
    let mut is_whole = from == 0 || !records.is_empty();
    for record in records {
        let json = serde_json::to_string(&record).map_err(Fault::Row)?;
        let sequence = record.sequence;
        let Ok(signed) = SignedRecord::try_from(record) else {
            is_whole = false;
            break;
        };
        if sequence < known.length() {
            is_whole &= known.extends((sequence, signed.record.link()));
            continue;
        }
        if !is_whole || chain.append(&signed).is_err() {
            is_whole = false;
            break;
        }
        tx.execute(
            "INSERT INTO record VALUES (?1, ?2, ?3)",
            (account.get(), sequence, json),
        )?;
    }
    if !is_whole {
        alarm::raise(tx, Kind::OtherHistory, Some(account), None)?;
        return Ok(None);
    }
    let sql = "INSERT INTO person (account, checked_ms) VALUES (?1, ?2)
               ON CONFLICT (account) DO UPDATE SET checked_ms = excluded.checked_ms";
    tx.execute(sql, (account.get(), now().unix_ms))?;
    if let Some(identity) = chain.identity() {
        pin(tx, account, identity)?;
    }
    Ok(Some(chain))
}

/// Remembers an identity; that it is another one than before is told, unless it was made on this computer.
fn pin(tx: &Transaction<'_>, account: AccountId, identity: PublicKey) -> Result<(), Failure> {
    let sql = "SELECT identity FROM person WHERE account = ?1";
    let pinned: Option<[u8; 32]> = tx.query_row(sql, [account.get()], |row| row.get(0))?;
    if pinned == Some(identity.0) {
        return Ok(());
    }
    let sql = "SELECT identity FROM own WHERE account = ?1";
    let own = tx.query_row(sql, [account.get()], |row| row.get::<_, Option<[u8; 32]>>(0));
    let is_made_here = own
        .optional()?
        .flatten()
        .is_some_and(|seed| IdentityKey::from_seed(&seed).public() == identity);
    let sql = "UPDATE person SET identity = ?2, is_verified = CASE is_verified WHEN 0 THEN 0 ELSE 2 END WHERE account = ?1
               RETURNING is_verified";
    let state: u8 = tx.query_row(sql, (account.get(), identity.0), |row| row.get(0))?;
    if pinned.is_some() && !is_made_here {
        let kind = match state {
            0 => Kind::NewIdentity,
            _ => Kind::OtherThanVerified,
        };
        alarm::raise(tx, kind, Some(account), None)?;
    }
    Ok(())
}

/// Compares what somebody else has seen of chains with what was seen here.
pub(crate) fn compare(tx: &Transaction<'_>, heads: &[Head]) -> Result<(), Failure> {
    for head in heads {
        let sql = "SELECT record FROM record WHERE account = ?1 AND sequence = ?2";
        match link(tx, sql, (head.account.get(), head.sequence))? {
            // There is more of it than is known here: it is asked for before it is used the next time.
            None => {
                let sql = "UPDATE person SET checked_ms = 0 WHERE account = ?1";
                tx.execute(sql, [head.account.get()])?;
            }
            Some((_, link)) if link == head.link => {}
            Some(_) => alarm::raise(tx, Kind::OtherHistory, Some(head.account), None)?,
        }
    }
    Ok(())
}

/// The first statement of those kept that a query finds: its number, and its hash.
fn link(tx: &Transaction<'_>, sql: &str, of: impl Params) -> Result<Option<(u32, Link)>, Failure> {
    let mut statement = tx.prepare_cached(sql)?;
    let record: Option<String> = statement.query_row(of, |row| row.get(0)).optional()?;
    let linked = |record: String| {
        let record: DeviceRecord = serde_json::from_str(&record).map_err(Fault::Row)?;
        let signed = SignedRecord::try_from(record).map_err(|error| Fault::Keys(error.into()))?;
        Ok((signed.record.sequence, signed.record.link()))
    };
    record.map(linked).transpose()
}

/// The newest statement that is known of somebody's chain.
pub(crate) fn head(tx: &Transaction<'_>, account: AccountId) -> Result<Option<Head>, Failure> {
    let sql = "SELECT record FROM record WHERE account = ?1 ORDER BY sequence DESC LIMIT 1";
    let last = link(tx, sql, [account.get()])?;
    Ok(last.map(|(sequence, link)| Head {
        account,
        sequence,
        link,
    }))
}
