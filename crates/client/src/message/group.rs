//! The group of a conversation: how it begins, and how it comes to be of the devices that the people of the conversation have.
//!
//! A commit is kept before it is handed in, and the same bytes are handed in until the conversation's home has answered (rule M2). When
//! another one was faster, this one is dropped and the mailbox read, where the winner is.
//!
//! A device without the group that a conversation is at, and for which no welcome waits, begins one of the next generation: it has lost
//! what it knew, or was added while nobody of the conversation was there to let it in.

use crate::ask::Ask;
use crate::failure::{Failure, Fault};
use crate::message::vault::keys;
use crate::message::{Messenger, chains, own, people};
use crate::moment::moment;
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
    /// This person is not in the room any more.
    Out,
    /// Others are changing the group all the time: later.
    Busy,
}

/// A commit that waits for its home's answer.
struct PendingCommit {
    at: Epoch,
    commit: Vec<u8>,
    welcome: Option<Vec<u8>>,
    welcomed: Vec<AccountId>,
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
    pub(crate) async fn make_ready(&self, id: ConversationId) -> Result<Readiness, Failure> {
        for _ in 0..RACES_MAX {
            self.settle_commit(id).await?;
            if id.is_of_room() && !self.vault.store.change(|tx| people::is_in(tx, id))? {
                return Ok(Readiness::Out);
            }
            let group = self.vault.store.change(|tx| writable(tx, id))?;
            let is_made = match group {
                None => self.begin_group(id).await?,
                Some(group) => self.renew_group(&group).await?,
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
    async fn begin_group(&self, id: ConversationId) -> Result<Made, Failure> {
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
        let chains = self.chains_of(id).await?;
        let packages = self.claim(&chains, |_, found| found != device.id()).await?;
        // A room may be of one person for a while, a conversation of two may not.
        let is_with_others = packages.iter().any(|package| package.account() != self.me);
        if !id.is_of_room() && !is_with_others {
            return Ok(Made::NoDevice);
        }
        let next = now.generation + 1;
        self.vault.store.change(|tx| {
            if pending(tx, id)?.is_some() {
                return Ok(());
            }
            let people = self.people_after(tx, id, &packages)?;
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
                &packages,
                &people,
            )
        })?;
        Ok(Made::Commit)
    }

    /// Makes the commit that adds the devices that are missing and removes those that are not there any more.
    async fn renew_group(&self, group: &Conversation) -> Result<Made, Failure> {
        let (id, device) = (group.id(), self.device()?);
        let chains = self.chains_of(id).await?;
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
            let is_with_others = here.iter().any(|(account, _)| *account != self.me);
            return Ok(match id.is_of_room() || is_with_others {
                true => Made::Nothing,
                false => Made::NoDevice,
            });
        }
        self.vault.store.change(|tx| {
            let is_waiting = pending(tx, id)?.is_some();
            let now = current(tx, id)?.filter(|now| !is_waiting && now.epoch() == group.epoch());
            // Something has changed meanwhile: it is looked at again.
            let Some(mut group) = now else {
                return Ok(());
            };
            let people = self.people_after(tx, id, &packages)?;
            let change = group.change(&keys(tx), &device, &packages, &gone);
            keep(
                tx,
                id,
                change.map_err(|error| Fault::Keys(error.into()))?,
                &packages,
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
            return self
                .vault
                .store
                .change(|tx| settle(tx, self.me, id, waiting.at, false));
        }
        let PendingCommit {
            at,
            commit,
            welcome,
            welcomed,
            people,
        } = waiting;
        moment("commit-made");
        let body = json!({
            "generation": at.generation, "epoch": at.number, "commit": Base64(commit),
            "welcome": welcome.map(Base64), "welcomed": welcomed, "people": people,
        });
        let ask = Ask::post(format!("/api/tertulia/v1/conversations/{id}/commits"), body);
        let is_accepted = match self.client.read::<Committed>(ask).await {
            Ok(committed) => committed.is_accepted,
            // This person is not in it any more, or the home will never take it. Whoever is only told to wait asks again: an earlier try
            // may have been taken.
            Err(failure @ Failure::Refused(_)) if failure.settles() => false,
            Err(failure) => return Err(failure),
        };
        moment("commit-answered");
        self.vault
            .store
            .change(|tx| settle(tx, self.me, id, at, is_accepted))?;
        moment("commit-settled");
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

    /// The chains of those whose devices the group ought to have.
    async fn chains_of(&self, id: ConversationId) -> Result<BTreeMap<AccountId, Chain>, Failure> {
        let wanted = self.vault.store.change(|tx| people::wanted(tx, self.me, id))?;
        let mut chains = BTreeMap::new();
        for account in wanted {
            let chain = match self.fresh_chain(account, id.is_of_room()).await {
                Ok(chain) => chain,
                // One who has closed their account does not keep the others of a room from talking, nor one whose chain does not hold: of
                // them only the devices count that were believed before.
                Err(Failure::Refused(refusal)) if id.is_of_room() && refusal.status == 404 => {
                    Chain::empty(account)
                }
                Err(Failure::Mistrusted(_)) if id.is_of_room() => {
                    self.vault.store.change(|tx| chains::chain(tx, account))?
                }
                Err(failure) => return Err(failure),
            };
            chains.insert(account, chain);
        }
        Ok(chains)
    }

    /// Who is in the conversation when those have been let in whose packages these are. Of a room, who has never had a device in it is
    /// not in it yet.
    fn people_after(
        &self,
        tx: &Transaction<'_>,
        id: ConversationId,
        packages: &[Package],
    ) -> Result<Vec<AccountId>, Failure> {
        let mut wanted = people::wanted(tx, self.me, id)?;
        if id.is_of_room() {
            let members = people::members(tx, id)?;
            let is_let_in = |account| packages.iter().any(|package| package.account() == account);
            wanted.retain(|account| members.contains(account) || is_let_in(*account));
        }
        Ok(wanted.into_iter().collect())
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
    let sql = "SELECT generation, epoch, body, welcome, welcomed, people FROM pending_commit WHERE conversation = ?1";
    let read = |row: &Row<'_>| {
        let at = Epoch {
            generation: row.get(0)?,
            number: row.get(1)?,
        };
        let accounts = (row.get::<_, String>(4)?, row.get::<_, String>(5)?);
        Ok((at, row.get(2)?, row.get(3)?, accounts))
    };
    let found = tx.query_row(sql, [id.0], read).optional()?;
    found
        .map(|(at, commit, welcome, (welcomed, people))| {
            Ok(PendingCommit {
                at,
                commit,
                welcome,
                welcomed: serde_json::from_str(&welcomed).map_err(Fault::Row)?,
                people: serde_json::from_str(&people).map_err(Fault::Row)?,
            })
        })
        .transpose()
}

/// Keeps a commit until its home has answered.
fn keep(
    tx: &Transaction<'_>,
    id: ConversationId,
    change: Change,
    packages: &[Package],
    people: &[AccountId],
) -> Result<(), Failure> {
    let Change {
        epoch_before: at,
        commit,
        welcome,
    } = change;
    let sql = "INSERT INTO pending_commit (conversation, generation, epoch, body, welcome, welcomed, people)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let welcomed: BTreeSet<AccountId> = packages.iter().map(Package::account).collect();
    let welcomed = serde_json::to_string(&welcomed).map_err(Fault::Row)?;
    let people = serde_json::to_string(people).map_err(Fault::Row)?;
    tx.execute(
        sql,
        (id.0, at.generation, at.number, commit, welcome, welcomed, people),
    )?;
    own::step(tx)
}

/// The home has taken the commit that waits, or another one.
fn settle(
    tx: &Transaction<'_>,
    me: AccountId,
    id: ConversationId,
    at: Epoch,
    is_accepted: bool,
) -> Result<(), Failure> {
    let sql = "DELETE FROM pending_commit WHERE conversation = ?1 AND generation = ?2 AND epoch = ?3";
    if tx.execute(sql, (id.0, at.generation, at.number))? == 0 {
        return Ok(());
    }
    let Some(mut group) = Conversation::load(&keys(tx), id, at.generation)? else {
        return Ok(());
    };
    if is_accepted {
        group.accepted(&keys(tx))?;
        enter(tx, id, at.generation)?;
        people::await_missing(tx, id, &accounts(&group))?;
        return people::follow(tx, me, id, me, &accounts(&group));
    }
    group.rejected(&keys(tx))?;
    if at.number == 0 {
        group.delete(&keys(tx))?;
    }
    Ok(())
}

/// Whether a commit is this device's own, which waits: then its home has taken it.
pub(crate) fn own_commit(
    tx: &Transaction<'_>,
    me: AccountId,
    id: ConversationId,
    body: &[u8],
) -> Result<bool, Failure> {
    match pending(tx, id)? {
        Some(waiting) if waiting.commit == body => {
            settle(tx, me, id, waiting.at, true)?;
            Ok(true)
        }
        Some(_) | None => Ok(false),
    }
}

/// Drops this device's own beginning of a generation, if one waits.
pub(crate) fn drop_beginning(
    tx: &Transaction<'_>,
    me: AccountId,
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
            settle(tx, me, id, waiting.at, false)
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

/// Whose devices are in a group.
pub(crate) fn accounts(group: &Conversation) -> BTreeSet<AccountId> {
    group.members().into_iter().map(|(account, _)| account).collect()
}
