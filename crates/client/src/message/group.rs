//! The group of a conversation: how it begins, and how it comes to be of the devices that the people of the conversation have.
//!
//! A commit is kept before it is handed in, and the same bytes are handed in until the conversation's home has answered (rule M2). When
//! another one was faster, this one is dropped and the mailbox read, where the winner is.
//!
//! A device without the group that a conversation is at, and for which no welcome waits, begins one of the next generation: it has lost
//! what it knew, or was added while nobody of the conversation was there to let it in.

use crate::ask::Ask;
use crate::failure::{Failure, Fault, Misuse};
use crate::message::vault::keys;
use crate::message::{Messenger, chains, own};
use crate::time::now_ms;
use rusqlite::{OptionalExtension, Row, Transaction};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tertulia_crypto::chain::Chain;
use tertulia_crypto::conversation::{Change, Conversation};
use tertulia_crypto::package::Package;
use tertulia_types::entity::{self, Base64, Committed, KeyPackage};
use tertulia_types::{AccountId, ConversationId, DeviceId, Epoch};

/// How often another commit may be faster before this is left for later.
const RACES_MAX: usize = 5;

/// Whether a message can be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// The group is there, with the devices that it ought to have.
    Ready,
    /// The other one has no device yet (rule M6).
    NoDevice,
    /// Others are changing the group all the time: later.
    Busy,
}

/// A commit that waits for its home's answer.
struct PendingCommit {
    at: Epoch,
    commit: Vec<u8>,
    welcome: Option<Vec<u8>>,
    people: Vec<AccountId>,
}

/// Which group of a conversation is used here.
pub(crate) fn generation(tx: &Transaction<'_>, id: ConversationId) -> Result<u32, Failure> {
    let sql = "SELECT generation FROM conversation WHERE id = ?1";
    let generation = tx.query_row(sql, [id.0], |row| row.get(0)).optional()?;
    Ok(generation.unwrap_or(0))
}

/// The group that is used here, if there is one.
pub(crate) fn current(tx: &Transaction<'_>, id: ConversationId) -> Result<Option<Conversation>, Failure> {
    match generation(tx, id)? {
        0 => Ok(None),
        generation => Ok(Conversation::load(&keys(tx), id, generation)?),
    }
}

/// The group that this device may write in, if there is one: see `steps`.
pub(crate) fn writable(tx: &Transaction<'_>, id: ConversationId) -> Result<Option<Conversation>, Failure> {
    let sql = "SELECT generation > spent FROM conversation WHERE id = ?1";
    let is_fresh = tx.query_row(sql, [id.0], |row| row.get(0)).optional()?;
    let group = current(tx, id)?.filter(|_| is_fresh.unwrap_or(false));
    Ok(group.filter(Conversation::is_in))
}

/// A group is used from now on; the one before stays for what is still on its way.
pub(crate) fn enter(tx: &Transaction<'_>, id: ConversationId, generation: u32) -> Result<(), Failure> {
    let sql = "UPDATE conversation SET generation = ?2 WHERE id = ?1 AND generation < ?2";
    tx.execute(sql, (id.0, generation))?;
    Ok(())
}

impl Messenger<'_> {
    /// Sees to it that a conversation has a group of the devices that its people have.
    pub(crate) async fn make_ready(
        &self,
        id: ConversationId,
        other: AccountId,
    ) -> Result<Readiness, Failure> {
        for _ in 0..RACES_MAX {
            self.settle_commit(id).await?;
            let group = self.vault.store.change(|tx| writable(tx, id))?;
            let is_made = match group {
                None => self.begin_group(id, other).await?,
                Some(group) => self.renew_group(&group, other).await?,
            };
            match is_made {
                Made::Nothing => return Ok(Readiness::Ready),
                Made::NoDevice => return Ok(Readiness::NoDevice),
                Made::Commit => {}
            }
        }
        Ok(Readiness::Busy)
    }

    /// Makes the commit that begins a group, if there is none that this device could be let into.
    async fn begin_group(&self, id: ConversationId, other: AccountId) -> Result<Made, Failure> {
        let now = self.progress_of(id).await?;
        if now.generation > 0 {
            // Somebody may have let this device in.
            self.fetch().await?;
            if self.vault.store.change(|tx| generation(tx, id))? == now.generation {
                let group = self.vault.store.change(|tx| writable(tx, id))?;
                if group.is_some() {
                    return Ok(Made::Commit);
                }
            }
        }
        let device = self.device()?;
        let chains = self.chains_of(other).await?;
        let packages = self.claim(&chains, |_, found| found != device.id()).await?;
        if !packages.iter().any(|package| package.account() == other) {
            return Ok(Made::NoDevice);
        }
        let (next, people) = (now.generation + 1, chains.keys().copied().collect::<Vec<_>>());
        self.vault.store.change(|tx| {
            if pending(tx, id)?.is_some() {
                return Ok(());
            }
            // What an earlier try has left.
            if let Some(left) = Conversation::load(&keys(tx), id, next)? {
                left.delete(&keys(tx))?;
            }
            let created = Conversation::create(&keys(tx), &device, id, next, now_ms());
            let mut group = created.map_err(|error| Fault::Keys(error.into()))?;
            let change = group.change(&keys(tx), &device, &packages, &[]);
            keep(
                tx,
                id,
                change.map_err(|error| Fault::Keys(error.into()))?,
                &people,
            )
        })?;
        Ok(Made::Commit)
    }

    /// Makes the commit that adds the devices that are missing and removes those that are not there any more.
    async fn renew_group(&self, group: &Conversation, other: AccountId) -> Result<Made, Failure> {
        let (id, device) = (group.id(), self.device()?);
        let chains = self.chains_of(other).await?;
        let here: BTreeSet<(AccountId, DeviceId)> = group.members().into_iter().collect();
        let there: BTreeSet<(AccountId, DeviceId)> = chains
            .iter()
            .flat_map(|(account, chain)| chain.devices().keys().map(|device| (*account, *device)))
            .collect();
        let gone: Vec<DeviceId> = here.difference(&there).map(|(_, device)| *device).collect();
        let missing: BTreeSet<(AccountId, DeviceId)> = there.difference(&here).copied().collect();
        let packages = if missing.is_empty() {
            Vec::new()
        } else {
            let is_missing = |account, device| missing.contains(&(account, device));
            self.claim(&chains, is_missing).await?
        };
        // A device without a package waits until it has left some.
        if packages.is_empty() && gone.is_empty() {
            return Ok(match here.iter().any(|(account, _)| *account == other) {
                true => Made::Nothing,
                false => Made::NoDevice,
            });
        }
        let people: Vec<AccountId> = chains.keys().copied().collect();
        self.vault.store.change(|tx| {
            let is_waiting = pending(tx, id)?.is_some();
            let now = current(tx, id)?.filter(|now| !is_waiting && now.epoch() == group.epoch());
            // Something has changed meanwhile: it is looked at again.
            let Some(mut group) = now else {
                return Ok(());
            };
            let change = group.change(&keys(tx), &device, &packages, &gone);
            keep(
                tx,
                id,
                change.map_err(|error| Fault::Keys(error.into()))?,
                &people,
            )
        })?;
        Ok(Made::Commit)
    }

    /// Hands in a commit that waits, and does what the answer says.
    async fn settle_commit(&self, id: ConversationId) -> Result<(), Failure> {
        let Some(waiting) = self.vault.store.change(|tx| pending(tx, id))? else {
            return Ok(());
        };
        if !self.tell_step().await? {
            return self.vault.store.change(|tx| settle(tx, id, waiting.at, false));
        }
        let PendingCommit {
            at,
            commit,
            welcome,
            people,
        } = waiting;
        let body = json!({
            "generation": at.generation, "epoch": at.number, "commit": Base64(commit),
            "welcome": welcome.map(Base64), "people": people,
        });
        let ask = Ask::post(format!("/api/tertulia/v1/conversations/{id}/commits"), body);
        let is_accepted = match self.client.read::<Committed>(ask).await {
            Ok(committed) => committed.is_accepted,
            // This person is not in it any more, or the home will never take it. Whoever is only told to wait asks again: an earlier try
            // may have been taken.
            Err(failure @ Failure::Refused(_)) if failure.settles() => false,
            Err(failure) => return Err(failure),
        };
        self.vault.store.change(|tx| settle(tx, id, at, is_accepted))?;
        if !is_accepted {
            self.fetch().await?;
        }
        Ok(())
    }

    async fn progress_of(&self, id: ConversationId) -> Result<Epoch, Failure> {
        let ask = Ask::get(format!("/api/tertulia/v1/conversations/{id}"))
            .with("generation", u32::MAX)
            .with("epoch", 0);
        let found: entity::Conversation = self.client.read(ask).await?;
        Ok(found.now.into())
    }

    /// The chains of the two.
    async fn chains_of(&self, other: AccountId) -> Result<BTreeMap<AccountId, Chain>, Failure> {
        let mut chains = BTreeMap::new();
        for account in [self.me, other] {
            chains.insert(account, self.fresh_chain(account).await?);
        }
        Ok(chains)
    }

    /// Claims packages of the devices that are wanted; those that do not hold are left out.
    async fn claim(
        &self,
        chains: &BTreeMap<AccountId, Chain>,
        is_wanted: impl Fn(AccountId, DeviceId) -> bool,
    ) -> Result<Vec<Package>, Failure> {
        let mut packages = Vec::new();
        for (account, chain) in chains {
            if !chain.devices().keys().any(|device| is_wanted(*account, *device)) {
                continue;
            }
            let ask = Ask::post(
                format!("/api/tertulia/v1/accounts/{account}/key_packages"),
                json!({}),
            );
            let claimed: Vec<KeyPackage> = self.client.act(ask).await?;
            let wanted = claimed
                .into_iter()
                .filter(|claimed| is_wanted(*account, claimed.device));
            let held = wanted.filter_map(|claimed| {
                let package = Package::check(&claimed.package.0, chain, now_ms()).ok()?;
                (package.device() == claimed.device).then_some(package)
            });
            packages.extend(held);
        }
        Ok(packages)
    }
}

/// What was made towards a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    /// Nothing is missing.
    Nothing,
    /// A commit, or something has changed meanwhile: look again.
    Commit,
    /// The other one has no device that could be let in.
    NoDevice,
}

fn pending(tx: &Transaction<'_>, id: ConversationId) -> Result<Option<PendingCommit>, Failure> {
    let sql = "SELECT generation, epoch, body, welcome, people FROM pending_commit WHERE conversation = ?1";
    let read = |row: &Row<'_>| {
        let at = Epoch {
            generation: row.get(0)?,
            number: row.get(1)?,
        };
        Ok((at, row.get(2)?, row.get(3)?, row.get::<_, String>(4)?))
    };
    let found = tx.query_row(sql, [id.0], read).optional()?;
    found
        .map(|(at, commit, welcome, people)| {
            let people = serde_json::from_str(&people).map_err(Fault::Row)?;
            Ok(PendingCommit {
                at,
                commit,
                welcome,
                people,
            })
        })
        .transpose()
}

/// Keeps a commit until its home has answered.
fn keep(
    tx: &Transaction<'_>,
    id: ConversationId,
    change: Change,
    people: &[AccountId],
) -> Result<(), Failure> {
    let Change {
        epoch_before: at,
        commit,
        welcome,
    } = change;
    let sql = "INSERT INTO pending_commit (conversation, generation, epoch, body, welcome, people) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let people = serde_json::to_string(people).map_err(Fault::Row)?;
    tx.execute(sql, (id.0, at.generation, at.number, commit, welcome, people))?;
    own::step(tx)
}

/// The home has taken the commit that waits, or another one.
fn settle(tx: &Transaction<'_>, id: ConversationId, at: Epoch, is_accepted: bool) -> Result<(), Failure> {
    let sql = "DELETE FROM pending_commit WHERE conversation = ?1 AND generation = ?2 AND epoch = ?3";
    if tx.execute(sql, (id.0, at.generation, at.number))? == 0 {
        return Ok(());
    }
    let Some(mut group) = Conversation::load(&keys(tx), id, at.generation)? else {
        return Ok(());
    };
    if is_accepted {
        group.accepted(&keys(tx))?;
        return enter(tx, id, at.generation);
    }
    group.rejected(&keys(tx))?;
    if at.number == 0 {
        group.delete(&keys(tx))?;
    }
    Ok(())
}

/// Whether a commit is this device's own, which waits: then its home has taken it.
pub(crate) fn own_commit(tx: &Transaction<'_>, id: ConversationId, body: &[u8]) -> Result<bool, Failure> {
    match pending(tx, id)? {
        Some(waiting) if waiting.commit == body => {
            settle(tx, id, waiting.at, true)?;
            Ok(true)
        }
        Some(_) | None => Ok(false),
    }
}

/// Drops this device's own beginning of a generation, if one waits.
pub(crate) fn drop_beginning(
    tx: &Transaction<'_>,
    id: ConversationId,
    generation: u32,
) -> Result<(), Failure> {
    match pending(tx, id)? {
        Some(waiting)
            if waiting.at
                == (Epoch {
                    generation,
                    number: 0,
                }) =>
        {
            settle(tx, id, waiting.at, false)
        }
        Some(_) | None => Ok(()),
    }
}

/// What the keys of members are compared with.
pub(crate) fn devices<'a>(
    tx: &'a Transaction<'_>,
) -> impl Fn(AccountId, DeviceId) -> Option<tertulia_types::device::PublicKey> + 'a {
    move |account, device| chains::chain(tx, account).ok()?.key(device)
}

/// A conversation of two is kept from now on.
pub(crate) fn remember(
    tx: &Transaction<'_>,
    me: AccountId,
    other: AccountId,
) -> Result<ConversationId, Failure> {
    if me == other {
        return Err(Misuse::ToOneself.into());
    }
    let id = ConversationId::of_two(me, other);
    tx.execute(
        "INSERT OR IGNORE INTO person (account) VALUES (?1)",
        [other.get()],
    )?;
    tx.execute(
        "INSERT OR IGNORE INTO conversation (id, other) VALUES (?1, ?2)",
        (id.0, other.get()),
    )?;
    Ok(id)
}
