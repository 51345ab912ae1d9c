//! The group of a conversation: how it begins, and how it comes to be of the devices that the people of the conversation have.
//!
//! A commit is kept before it is handed in, and the same bytes are handed in until the conversation's home has answered (rule M2). When
//! another one was faster, this one is dropped and the mailbox read, where the winner is.
//!
//! A device without the group that a conversation is at, and for which no welcome waits, begins one of the next generation: it has lost
//! what it knew, or was added while nobody of the conversation was there to let it in.
//!
//! A device that was revoked may still be in a group to which this one has come: who was away follows what was done while that one
//! lived. Nothing is said to it: the group is renewed without it first.

use crate::ask::Ask;
use crate::failure::{Failure, Fault};
use crate::message::alarm::{self, Kind};
use crate::message::vault::keys;
use crate::message::{Messenger, chains, own, people};
use crate::moment::moment;
use crate::time::{now, now_ms};
use rand::RngExt;
use rusqlite::{OptionalExtension, Row, Transaction};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tertulia_crypto::chain::Chain;
use tertulia_crypto::conversation::{Change, ChangeError, Conversation};
use tertulia_crypto::device::{DeviceKey, Named};
use tertulia_crypto::package::Package;
use tertulia_types::entity::{self, Base64, Committed, KeyPackage, Letter};
use tertulia_types::message::GENERATIONS_AHEAD;
use tertulia_types::{AccountId, ConversationId, DeviceId, Epoch};

/// How often another commit may be faster before this is left for later.
const RACES_MAX: usize = 5;
/// Within which time somebody who leaves a room is put out, or a device that was revoked: each device waits for a part of it drawn by lot,
/// so that few make the same commit.
pub(crate) const PUT_OUT_MS: i64 = 10_000;

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

/// Whether the home of a conversation is so far ahead of a group that the ring was brought back from a backup: then no commit of the group
/// counts any more, and nobody is told which ones did.
pub(crate) fn is_left_behind(at: Epoch, now: Epoch) -> bool {
    now.generation >= at.generation.saturating_add(GENERATIONS_AHEAD)
}

/// This device writes nothing more in a group, and begins the next one when it has something to say.
pub(crate) fn leave(tx: &Transaction<'_>, id: ConversationId, generation: u32) -> Result<(), Failure> {
    let sql = "UPDATE conversation SET spent = max(spent, ?2) WHERE id = ?1";
    tx.execute(sql, (id.0, generation))?;
    Ok(())
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
        let is_with_others = |packages: &[Package]| {
            id.is_of_room() || packages.iter().any(|package| package.account() != self.me)
        };
        if !is_with_others(&packages) {
            return Ok(Made::NoDevice);
        }
        let next = now.generation + 1;
        self.vault.store.change(|tx| {
            if pending(tx, id)?.is_some() {
                return Ok(Made::Commit);
            }
            // What an earlier try has left.
            if let Some(left) = Conversation::load(&keys(tx), id, next)? {
                left.delete(&keys(tx))?;
            }
            let created = Conversation::create(&keys(tx), &device, id, next, now_ms());
            let mut group = created.map_err(|error| Fault::Keys(error.into()))?;
            let (change, packages) = change(tx, &mut group, &device, packages, &[])?;
            if !is_with_others(&packages) {
                group.rejected(&keys(tx))?;
                group.delete(&keys(tx))?;
                return Ok(Made::NoDevice);
            }
            let people = self.people_after(tx, id, &packages)?;
            keep(tx, id, change, &packages, &people)?;
            Ok(Made::Commit)
        })
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
        let is_with_others = id.is_of_room() || here.iter().any(|(account, _)| *account != self.me);
        let nothing = match is_with_others {
            true => Made::Nothing,
            false => Made::NoDevice,
        };
        if packages.is_empty() && gone.is_empty() {
            return Ok(nothing);
        }
        self.vault.store.change(|tx| {
            let is_waiting = pending(tx, id)?.is_some();
            let now = current(tx, id)?.filter(|now| !is_waiting && now.epoch() == group.epoch());
            // Something has changed meanwhile: it is looked at again.
            let Some(mut group) = now else {
                return Ok(Made::Commit);
            };
            let (change, packages) = change(tx, &mut group, &device, packages, &gone)?;
            if packages.is_empty() && gone.is_empty() {
                group.rejected(&keys(tx))?;
                return Ok(nothing);
            }
            let people = self.people_after(tx, id, &packages)?;
            keep(tx, id, change, &packages, &people)?;
            Ok(Made::Commit)
        })
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
        let mut is_left_behind = false;
        let is_accepted = match self.client.read::<Committed>(ask).await {
            Ok(committed) => {
                is_left_behind = committed
                    .now
                    .is_some_and(|now| self::is_left_behind(at, now.into()));
                committed.is_accepted
            }
            // This person is not in it any more, or the home will never take it. Whoever is only told to wait asks again: an earlier try
            // may have been taken.
            Err(failure @ Failure::Refused(_)) if failure.settles() => false,
            Err(failure) => return Err(failure),
        };
        moment("commit-answered");
        self.vault.store.change(|tx| {
            settle(tx, self.me, id, at, is_accepted)?;
            match is_left_behind {
                true => leave(tx, id, at.generation),
                false => Ok(()),
            }
        })?;
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

/// Makes a change with those of the packages that fit. What is signed as it should be may still not go into the group beside the others (one
/// key in two of them, a device that says it cannot do what all do): such a one is left out, or its owner would keep all others from
/// talking. The person is told, once.
fn change(
    tx: &Transaction<'_>,
    group: &mut Conversation,
    device: &DeviceKey,
    packages: Vec<Package>,
    gone: &[DeviceId],
) -> Result<(Change, Vec<Package>), Failure> {
    let failed = |error: ChangeError| Failure::from(Fault::Keys(error.into()));
    match group.change(&keys(tx), device, &packages, gone) {
        Err(ChangeError::Unfit(_)) => {}
        made => return Ok((made.map_err(failed)?, packages)),
    }
    let (mut fit, mut unfit) = (Vec::new(), Vec::new());
    for package in packages {
        fit.push(package);
        match group.change(&keys(tx), device, &fit, gone) {
            Ok(_) => group.rejected(&keys(tx))?,
            Err(ChangeError::Unfit(_)) => unfit.extend(fit.pop()),
            Err(error) => return Err(failed(error)),
        }
    }
    // Of a device for which a home has handed out two packages one is enough.
    unfit.retain(|package| fit.iter().all(|other| other.device() != package.device()));
    for package in unfit {
        let sql = "INSERT OR IGNORE INTO unfit (device) VALUES (?1)";
        if tx.execute(sql, [package.device().0])? > 0 {
            alarm::raise(tx, Kind::UnfitPackage, Some(package.account()), None)?;
        }
    }
    let change = group.change(&keys(tx), device, &fit, gone).map_err(failed)?;
    Ok((change, fit))
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
pub(crate) fn devices<'a>(tx: &'a Transaction<'_>) -> impl Fn(AccountId, DeviceId) -> Option<Named> + 'a {
    move |account, device| chains::chain(tx, account).ok()?.named(device)
}

/// Whether a device lives, as far as is known here.
pub(crate) fn lives(tx: &Transaction<'_>, (account, device): (AccountId, DeviceId)) -> bool {
    devices(tx)(account, device).is_some_and(|named| named.lives())
}

/// Whether a device could let people into a room when a letter came in: it lives, or was revoked later, by the clocks of the home and of who
/// revoked it. Its key may be in other hands from then on.
pub(crate) fn could_let_in(
    tx: &Transaction<'_>,
    (account, device): (AccountId, DeviceId),
    letter: &Letter,
) -> bool {
    let came_ms = u64::try_from(letter.arrived_at.unix_ms).unwrap_or(0);
    devices(tx)(account, device).is_some_and(|named| named.ended_ms.is_none_or(|ended_ms| came_ms < ended_ms))
}

/// Whose devices are in a group to which a device's commit or welcome has led this one: of a room, as far as that device could let people in.
/// One that could not has put out whom it has put out; whom it has let in counts as let in by the next one who changes the group and
/// leaves them there.
pub(crate) fn accounts_by(
    tx: &Transaction<'_>,
    group: &Conversation,
    by: (AccountId, DeviceId),
    letter: &Letter,
) -> Result<BTreeSet<AccountId>, Failure> {
    let mut there = accounts(group);
    if !could_let_in(tx, by, letter) {
        let before = people::members(tx, group.id())?;
        there.retain(|account| before.contains(account));
    }
    Ok(there)
}

/// If one of these devices, which this one has found in a group, does not live any more, the group is looked at again soon. Who has not agreed to a
/// conversation does nothing in it that others would see.
pub(crate) fn shut_out_soon(
    tx: &Transaction<'_>,
    group: &Conversation,
    found: &[(AccountId, DeviceId)],
) -> Result<(), Failure> {
    let id = group.id();
    let all_live = || found.iter().all(|device| lives(tx, *device));
    if !group.is_in() || people::asker(tx, id)?.is_some() || all_live() {
        return Ok(());
    }
    let due_ms = now().unix_ms + rand::rng().random_range(0..PUT_OUT_MS);
    tx.execute(
        "UPDATE conversation SET renew_ms = ?2 WHERE id = ?1",
        (id.0, due_ms),
    )?;
    Ok(())
}

/// Whose devices are in a group.
pub(crate) fn accounts(group: &Conversation) -> BTreeSet<AccountId> {
    group.members().into_iter().map(|(account, _)| account).collect()
}

#[cfg(test)]
mod tests {
    use super::{accounts, accounts_by, change, could_let_in, devices, keys, shut_out_soon};
    use crate::message::people::{follow, members, remember_room};
    use crate::message::vault::Vault;
    use crate::place::Place;
    use crate::time::now_ms;
    use rusqlite::Transaction;
    use std::collections::BTreeSet;
    use tempfile::TempDir;
    use tertulia_crypto::chain::Chain;
    use tertulia_crypto::conversation::Conversation;
    use tertulia_crypto::device::DeviceKey;
    use tertulia_crypto::identity::IdentityKey;
    use tertulia_crypto::opened::Opened;
    use tertulia_crypto::package::{Package, make_packages};
    use tertulia_types::device::{Change, SignedRecord};
    use tertulia_types::entity::{Base64, DeviceRecord, Letter, Timestamp};
    use tertulia_types::message::LetterKind;
    use tertulia_types::{AccountId, ConversationId, MessageId};

    fn room() -> ConversationId {
        ConversationId::of_room([7; 16])
    }

    fn account(number: i64) -> AccountId {
        AccountId::from_number(number).expect("an id")
    }

    fn ids(numbers: &[i64]) -> BTreeSet<AccountId> {
        numbers.iter().copied().map(account).collect()
    }

    /// Somebody with a device, and where it keeps its messages.
    struct Person {
        identity: IdentityKey,
        device: DeviceKey,
        chain: Chain,
        said: Vec<SignedRecord>,
        vault: Vault,
        _directory: TempDir,
    }

    impl Person {
        fn new(number: i64) -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            let place = Place::open(directory.path()).expect("a place");
            let mut person = Self {
                identity: IdentityKey::random(),
                device: DeviceKey::random(account(number)),
                chain: Chain::empty(account(number)),
                said: Vec::new(),
                vault: Vault::open(&place, account(number)).expect("opens"),
                _directory: directory,
            };
            let key = person.device.public();
            let label = "phone".to_owned();
            person.say(Change::Add { key, label }, 1);
            person
        }

        fn say(&mut self, change: Change, made_ms: u64) {
            let record = self.chain.next(self.identity.public(), change, made_ms);
            let signed = self.identity.sign(record);
            self.chain.append(&signed).expect("holds");
            self.said.push(signed);
        }

        fn packages(&self, count: usize) -> Vec<Package> {
            let made = self
                .vault
                .store
                .change(|tx| Ok(make_packages(&keys(tx), &self.device, count, now_ms(), false)?));
            let checked = |bytes: &Vec<u8>| Package::check(bytes, &self.chain, now_ms()).expect("good");
            made.expect("made").iter().map(checked).collect()
        }
    }

    /// What these have said of their devices is heard.
    fn hear(tx: &Transaction<'_>, people: &[&Person]) {
        for person in people {
            for signed in &person.said {
                let record = serde_json::to_string(&DeviceRecord::from(signed)).expect("written");
                let (owner, sequence) = (signed.record.account.get(), signed.record.sequence);
                let sql = "INSERT OR IGNORE INTO record VALUES (?1, ?2, ?3)";
                tx.execute(sql, (owner, sequence, record)).expect("kept");
            }
        }
    }

    /// A commit as it came to the home then.
    fn came(at_ms: i64, sender: AccountId, body: Vec<u8>) -> Letter {
        Letter {
            number: 1,
            kind: LetterKind::Commit,
            sender,
            id: MessageId([1; 16]),
            conversation: room(),
            generation: 1,
            epoch: 1,
            body: Base64(body),
            arrived_at: Timestamp { unix_ms: at_ms },
        }
    }

    #[test]
    fn a_revoked_device_lets_nobody_into_a_room_until_somebody_who_lives_leaves_them_there() {
        let [me, mut ana, ben, mallory] = [1, 2, 3, 4].map(Person::new);
        let phone = (ana.device.account(), ana.device.id());
        let begun = me.vault.store.change(|tx| {
            hear(tx, &[&me, &ana, &ben, &mallory]);
            remember_room(tx, room(), Some("garden"), &ids(&[1, 2, 3]), None)?;
            let mut group = Conversation::create(&keys(tx), &me.device, room(), 1, now_ms()).expect("begun");
            let packages = [ana.packages(1), ben.packages(1)].concat();
            let (change, _) = change(tx, &mut group, &me.device, packages, &[])?;
            group.accepted(&keys(tx))?;
            super::enter(tx, room(), 1)?;
            Ok(change.welcome.expect("a welcome"))
        });
        let welcome = begun.expect("begun");
        let join = |person: &Person| {
            let joined = person.vault.store.change(|tx| {
                hear(tx, &[&me, &ana, &ben, &mallory]);
                Conversation::join(&keys(tx), &welcome, room(), 1, &devices(tx)).expect("joins");
                Ok(())
            });
            joined.expect("joined");
        };
        join(&ana);
        join(&ben);
        // The phone puts Ben out and lets Mallory in, after Ana has revoked it.
        let commit = ana.vault.store.change(|tx| {
            let mut group = Conversation::load(&keys(tx), room(), 1)?.expect("the group");
            let packages = mallory.packages(1);
            Ok(change(tx, &mut group, &ana.device, packages, &[ben.device.id()])?
                .0
                .commit)
        });
        let commit = commit.expect("made");
        let revoke = Change::Revoke {
            device: ana.device.id(),
        };
        ana.say(revoke, 1_000);
        let told = me.vault.store.change(|tx| {
            hear(tx, &[&ana]);
            let mut group = Conversation::load(&keys(tx), room(), 1)?.expect("the group");
            let opened = group
                .open(&keys(tx), &commit, &devices(tx))
                .expect("it is the way");
            assert!(
                matches!(opened, Opened::Changed { by, .. } if by == phone),
                "{opened:?}"
            );
            assert_eq!(accounts(&group), ids(&[1, 2, 4]));
            let before = came(999, phone.0, commit.clone());
            assert!(could_let_in(tx, phone, &before));
            assert_eq!(accounts_by(tx, &group, phone, &before)?, ids(&[1, 2, 4]));
            let behind = came(1_000, phone.0, commit.clone());
            assert!(!could_let_in(tx, phone, &behind));
            let there = accounts_by(tx, &group, phone, &behind)?;
            assert_eq!(there, ids(&[1, 2]));
            follow(tx, account(1), room(), phone.0, &there)?;
            assert_eq!(members(tx, room())?, ids(&[1, 2]));
            shut_out_soon(tx, &group, &[phone])?;
            let sql = "SELECT renew_ms IS NOT NULL FROM conversation WHERE id = ?1";
            assert!(
                tx.query_row(sql, [room().0], |row| row.get(0))?,
                "it is looked at again"
            );
            // Somebody who lives changes the group, and leaves her there.
            let mallory = (mallory.device.account(), mallory.device.id());
            let there = accounts_by(tx, &group, mallory, &behind)?;
            follow(tx, account(1), room(), mallory.0, &there)?;
            assert_eq!(members(tx, room())?, ids(&[1, 2, 4]));
            Ok(())
        });
        told.expect("followed");
    }

    #[test]
    fn a_home_that_hands_out_two_packages_of_a_device_lets_it_in_once() {
        let [me, ana, ben] = [1, 2, 3].map(Person::new);
        let made = me.vault.store.change(|tx| {
            hear(tx, &[&me, &ana, &ben]);
            let mut group = Conversation::create(&keys(tx), &me.device, room(), 1, now_ms()).expect("begun");
            let packages = [ana.packages(2), ben.packages(1)].concat();
            let (_, fit) = change(tx, &mut group, &me.device, packages, &[])?;
            group.accepted(&keys(tx))?;
            assert_eq!(accounts(&group), ids(&[1, 2, 3]));
            assert_eq!(fit.len(), 2);
            let alarms: u32 = tx.query_row("SELECT count(*) FROM alarm", [], |row| row.get(0))?;
            assert_eq!(alarms, 0, "nobody is kept out");
            Ok(())
        });
        made.expect("made");
    }
}
