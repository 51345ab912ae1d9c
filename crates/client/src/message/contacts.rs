//! Whom a person wants to find again, and what they call them. The list is kept at home, sealed, so that all of the person's devices have
//! it and a new one gets it.
//!
//! **Invariant:** of two changes of one contact the later one counts, on every device, in whichever order they come to know of them.

use crate::ask::Ask;
use crate::failure::{Failure, Fault, Misuse};
use crate::message::{Messenger, people};
use crate::time::now;
use rusqlite::{Row, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tertulia_crypto::identity::IdentityKey;
use tertulia_crypto::kept;
use tertulia_types::entity::{Base64, Filled, SealedBox};
use tertulia_types::{AccountId, BoxName};

/// How the seal calls it.
const THING: &str = "contacts";
/// The longest name that a person gives somebody.
const NAME_CHARACTERS_MAX: usize = 80;
/// More contacts, those that were removed among them, would not fit into the box.
const CONTACTS_MAX: usize = 400;
/// How often another device may be faster.
const RACES_MAX: usize = 5;

/// Somebody whom a person wants to find again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Who; none while the nick is not known.
    pub nick: Option<String>,
    /// What the person calls them.
    pub name: Option<String>,
    /// Whether their safety number was compared.
    pub is_verified: bool,
}

/// A contact, as it is kept at home.
#[derive(Serialize, Deserialize)]
struct Entry {
    account: AccountId,
    name: Option<String>,
    is_removed: bool,
    changed_ms: i64,
}

impl Messenger<'_> {
    /// The contacts, by name; and whether no machine answered, so that they are those that are known here.
    pub async fn contacts(&self) -> Result<(Vec<Contact>, bool), Failure> {
        let exchanged = self.exchange_contacts(true).await;
        let is_offline = match exchanged {
            Ok(()) => false,
            Err(failure) if failure.is_unreachable() => true,
            Err(failure) => return Err(failure),
        };
        if !is_offline {
            self.learn_nicks().await?;
        }
        let sql = "SELECT person.nick, contact.name, person.is_verified FROM contact
                   LEFT JOIN person ON person.account = contact.account
                   WHERE NOT is_removed ORDER BY coalesce(contact.name, person.nick) COLLATE NOCASE";
        let contacts = self.vault.store.all(sql, [], |row| {
            Ok(Contact {
                nick: row.get(0)?,
                name: row.get(1)?,
                is_verified: row.get::<_, Option<u8>>(2)? == Some(1),
            })
        })?;
        Ok((contacts, is_offline))
    }

    /// Adds somebody, or calls them otherwise.
    pub async fn add_contact(&self, nick: &str, name: Option<&str>) -> Result<(), Failure> {
        let name = name.map(fit).transpose()?;
        let account = self.account_of(nick).await?;
        self.change_contact(account, name.as_deref(), false).await
    }

    /// Calls a contact otherwise.
    pub async fn rename_contact(&self, nick: &str, name: &str) -> Result<(), Failure> {
        let (name, account) = (fit(name)?, self.contact_of(nick).await?);
        self.change_contact(account, Some(&name), false).await
    }

    /// Removes a contact. What was said stays.
    pub async fn remove_contact(&self, nick: &str) -> Result<(), Failure> {
        let account = self.contact_of(nick).await?;
        self.change_contact(account, None, true).await
    }

    async fn contact_of(&self, nick: &str) -> Result<AccountId, Failure> {
        let account = self.account_of(nick).await?;
        let sql = "SELECT 1 FROM contact WHERE account = ?1 AND NOT is_removed";
        match self.vault.store.first(sql, [account.get()], |_| Ok(()))? {
            Some(()) => Ok(account),
            None => Err(Misuse::NotAContact(nick.to_owned()).into()),
        }
    }

    async fn change_contact(
        &self,
        account: AccountId,
        name: Option<&str>,
        is_removed: bool,
    ) -> Result<(), Failure> {
        self.vault.store.change(|tx| {
            let sql = "SELECT count(*) FROM contact WHERE account <> ?1";
            let others: usize = tx.query_row(sql, [account.get()], |row| row.get(0))?;
            if others >= CONTACTS_MAX {
                return Err(Misuse::ContactsFull(CONTACTS_MAX).into());
            }
            // Later than what is known of it, whatever the clocks of other devices say.
            let sql = "INSERT INTO contact (account, name, is_removed, changed_ms) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT (account) DO UPDATE SET name = excluded.name, is_removed = excluded.is_removed,
                         changed_ms = max(excluded.changed_ms, contact.changed_ms + 1)";
            tx.execute(sql, (account.get(), name, is_removed, now().unix_ms))?;
            if !is_removed {
                people::agree_to_all_of(tx, account)?;
            }
            tx.execute("UPDATE own SET has_contacts_changed = 1", [])?;
            Ok(())
        })?;
        match self.exchange_contacts(false).await {
            // It is known here, and told to the others with the next delivery.
            Err(failure) if !failure.is_unreachable() => Err(failure),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Takes in what the person's other devices have changed, if `is_wanted` or if there is something to tell them, and tells them.
    pub(crate) async fn exchange_contacts(&self, is_wanted: bool) -> Result<(), Failure> {
        let Some(identity) = self.identity()? else {
            return Ok(());
        };
        for _ in 0..RACES_MAX {
            let sql = "SELECT has_contacts_changed FROM own";
            let has_changed = self.vault.store.first(sql, [], |row| row.get::<_, bool>(0))?;
            let has_changed = has_changed == Some(true);
            if !is_wanted && !has_changed {
                return Ok(());
            }
            let found = self.open_box(BoxName::CONTACTS).await?;
            let version = found.as_ref().map_or(0, |found| found.version);
            let entries = self.vault.store.change(|tx| {
                if let Some(found) = &found {
                    take(tx, &identity, found)?;
                }
                entries(tx)
            })?;
            if !has_changed {
                return Ok(());
            }
            let told = serde_json::to_vec(&entries).map_err(Fault::Row)?;
            let sealed = kept::seal(&identity, THING, version + 1, &told);
            let body = json!({ "before": version, "is_lasting": true, "body": Base64(sealed) });
            let ask = Ask::post(format!("/api/tertulia/v1/boxes/{}", BoxName::CONTACTS), body);
            match self.client.read::<Filled>(ask).await {
                Ok(_) => {
                    return self.vault.store.change(|tx| {
                        // What was changed meanwhile is told with the next delivery.
                        if serde_json::to_vec(&self::entries(tx)?).map_err(Fault::Row)? == told {
                            tx.execute("UPDATE own SET has_contacts_changed = 0", [])?;
                        }
                        Ok(())
                    });
                }
                // Another device was faster.
                Err(Failure::Refused(refusal)) if refusal.status == 409 => {}
                Err(failure) => return Err(failure),
            }
        }
        // It is told with the next delivery.
        Ok(())
    }
}

fn entries(tx: &Transaction<'_>) -> Result<Vec<Entry>, Failure> {
    let sql = "SELECT account, name, is_removed, changed_ms FROM contact ORDER BY account";
    let entry = |row: &Row<'_>| {
        let account = AccountId::from_number(row.get(0)?);
        Ok((account, row.get(1)?, row.get(2)?, row.get(3)?))
    };
    let rows = tx
        .prepare(sql)?
        .query_map([], entry)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let entries = rows
        .into_iter()
        .filter_map(|(account, name, is_removed, changed_ms)| {
            Some(Entry {
                account: account?,
                name,
                is_removed,
                changed_ms,
            })
        });
    Ok(entries.collect())
}

/// Takes in what lies at home. What cannot be read was sealed under an identity from before, and counts no more.
fn take(tx: &Transaction<'_>, identity: &IdentityKey, found: &SealedBox) -> Result<(), Failure> {
    let plain = kept::open(identity, THING, found.version, &found.body.0);
    let entries = plain.and_then(|plain| serde_json::from_slice::<Vec<Entry>>(&plain).ok());
    for entry in entries.into_iter().flatten().take(CONTACTS_MAX) {
        tx.execute(
            "INSERT OR IGNORE INTO person (account) VALUES (?1)",
            [entry.account.get()],
        )?;
        let sql = "INSERT INTO contact (account, name, is_removed, changed_ms) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (account) DO UPDATE SET name = excluded.name, is_removed = excluded.is_removed,
                     changed_ms = excluded.changed_ms WHERE excluded.changed_ms > contact.changed_ms";
        let row = (
            entry.account.get(),
            &entry.name,
            entry.is_removed,
            entry.changed_ms,
        );
        if tx.execute(sql, row)? > 0 && !entry.is_removed {
            people::agree_to_all_of(tx, entry.account)?;
        }
    }
    Ok(())
}

fn fit(typed: &str) -> Result<String, Failure> {
    let name = typed.trim();
    let count = name.chars().count();
    match (1..=NAME_CHARACTERS_MAX).contains(&count) && !name.chars().any(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(Misuse::NotAName.into()),
    }
}
