//! Giving a letter to all devices of a person oneself.
//!
//! **Invariant** (rule M5): a person is answered for only if each of their devices has signed that it keeps this very letter. Which
//! devices these are their chain says, and the group whose keys the letter was sealed with: if the two do not agree, the letter goes
//! by the mailbox, whose home knows better.

use crate::failure::Failure;
use crate::message::direct::letter::{Answer, Handed};
use crate::message::direct::presence::{dialable, rest};
use crate::message::{Messenger, chains, group};
use rusqlite::Transaction;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tertulia_crypto::direct::is_kept_by;
use tertulia_types::device::PublicKey;
use tertulia_types::presence::{Kept, Presence};
use tertulia_types::{AccountId, ConversationId, DeviceId};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Devices that are dialled for one letter; where there are more it goes by the mailbox.
const DIALLED_MAX: usize = 64;

/// A device that is dialled: which, its key in its owner's chain, and where it says that it is.
struct Target {
    device: DeviceId,
    key: PublicKey,
    presence: Presence,
}

impl Messenger<'_> {
    /// Hands a letter to the devices of people, as far as they can be reached. Answers whose devices all keep it.
    pub(in crate::message) async fn give(
        &self,
        letters: BTreeMap<AccountId, Handed>,
    ) -> Result<Vec<AccountId>, Failure> {
        let own = self.device_id()?;
        let mut targets = BTreeMap::new();
        let mut dialled = 0;
        for (account, handed) in &letters {
            let wanted = (*account, handed.devices);
            let found = self
                .vault
                .store
                .change(|tx| targets_of(tx, own, handed.conversation, wanted))?;
            dialled += found.len();
            if !found.is_empty() && dialled <= DIALLED_MAX {
                targets.insert(*account, found);
            }
        }
        let answers = self.dial(&letters, &targets).await;
        let mut kept = Vec::new();
        for (account, targets) in targets {
            let Some(handed) = letters.get(&account) else {
                continue;
            };
            let silent = targets
                .iter()
                .filter(|target| !answers.contains_key(&target.device));
            let silent: Vec<&Presence> = silent.map(|target| &target.presence).collect();
            if !silent.is_empty() {
                self.vault
                    .store
                    .change(|tx| silent.iter().try_for_each(|presence| rest(tx, presence)))?;
            }
            if targets.iter().all(|target| target.keeps(handed, &answers)) {
                kept.push(account);
            }
        }
        Ok(kept)
    }

    /// What devices answer within the time that they have.
    async fn dial(
        &self,
        letters: &BTreeMap<AccountId, Handed>,
        targets: &BTreeMap<AccountId, Vec<Target>>,
    ) -> BTreeMap<DeviceId, Answer> {
        let end = Instant::now() + self.client.direct_patience;
        let mut dialled = JoinSet::new();
        for (account, targets) in targets {
            let Some(handed) = letters.get(account).map(|handed| Arc::new(handed.clone())) else {
                continue;
            };
            for target in targets {
                let (dialler, handed) = (Arc::clone(&self.dialler), Arc::clone(&handed));
                let (device, Presence { key, addresses, .. }) = (target.device, target.presence.clone());
                dialled.spawn(async move { (device, dialler.hand(key, &addresses, &handed).await) });
            }
        }
        let mut answers = BTreeMap::new();
        while let Ok(Some(answered)) = timeout_at(end, dialled.join_next()).await {
            if let Ok((device, Some(answer))) = answered {
                answers.insert(device, answer);
            }
        }
        answers
    }

    /// Whether everybody in a conversation can be dialled, as far as is known here.
    pub(in crate::message) fn can_give(&self, id: ConversationId) -> Result<bool, Failure> {
        let own = self.device_id()?;
        self.vault.store.change(|tx| {
            let Some(group) = group::current(tx, id)? else {
                return Ok(false);
            };
            let members = group.members().into_iter();
            let others = members.filter(|(_, device)| *device != own);
            let accounts: BTreeSet<AccountId> = others.map(|(account, _)| account).collect();
            for account in &accounts {
                let devices = chains::chain(tx, *account)?.length();
                if targets_of(tx, own, id, (*account, devices))?.is_empty() {
                    return Ok(false);
                }
            }
            Ok(!accounts.is_empty())
        })
    }
}

impl Target {
    fn keeps(&self, handed: &Handed, answers: &BTreeMap<DeviceId, Answer>) -> bool {
        match answers.get(&self.device) {
            Some(Answer::Kept(signature)) => {
                let kept = Kept::of(self.device, handed.id, &handed.body.0);
                is_kept_by(self.key, &kept, &signature.0)
            }
            Some(Answer::NotKept) | None => false,
        }
    }
}

/// All devices of somebody that must get what is sealed for a conversation; none if one of them cannot be dialled, or if it was sealed for
/// others than they have.
fn targets_of(
    tx: &Transaction<'_>,
    own: DeviceId,
    id: ConversationId,
    (account, devices): (AccountId, u32),
) -> Result<Vec<Target>, Failure> {
    let present = dialable(tx, account)?;
    if present.is_empty() {
        return Ok(Vec::new());
    }
    let chain = chains::chain(tx, account)?;
    let members = group::current(tx, id)?.map_or_else(Vec::new, |group| group.members());
    let members = members.into_iter().filter(|(of, _)| *of == account);
    let members: BTreeSet<DeviceId> = members
        .map(|(_, device)| device)
        .filter(|device| *device != own)
        .collect();
    let live: BTreeSet<DeviceId> = chain
        .devices()
        .keys()
        .copied()
        .filter(|device| *device != own)
        .collect();
    if members != live || chain.length() != devices {
        return Ok(Vec::new());
    }
    let targets = present.into_iter().filter_map(|presence| {
        let device = presence.device;
        let key = chain.key(device).filter(|_| live.contains(&device))?;
        Some(Target {
            device,
            key,
            presence,
        })
    });
    let targets: Vec<Target> = targets.collect();
    Ok(if targets.len() == live.len() {
        targets
    } else {
        Vec::new()
    })
}
