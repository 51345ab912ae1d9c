//! A conversation's group as one of its devices holds it: who is in it, and how that changes.
//!
//! A group goes from epoch to epoch by commits, and its home puts them in order: of two made in the same epoch one wins. So a
//! change is made in two steps. [`Conversation::change`] makes the commit and keeps it pending in the storage; the caller keeps its
//! bytes with it, sends them until the home answers, and tells the answer: [`Conversation::accepted`] goes into the new epoch, and
//! [`Conversation::rejected`] drops the change, after which the winner's commit is opened like any other ([`crate::opened`]) and the
//! change, if it is still wanted, made anew.
//!
//! A group that cannot go on is left behind: the conversation begins another one, of the next generation. The name of a group is
//! therefore the conversation's 16 bytes and then the generation's four, the highest first.
//!
//! **Invariants**
//! - Every leaf that comes into a group, at its joining or by a commit, is of a device named after its key, which its owner's chain has
//!   named, as far as the caller's [`Devices`] know. It may have been revoked since: then it is to be removed by whoever changes
//!   the group next, and is let in by nobody, since a [`Package`] is of a device that lives.
//! - Nothing is made a second time for a repeat: the bytes that were given out are what is sent, however often.
//!
//! Deliberately absent: sending, committing to the database, the decision who may change a room, and joining from outside without
//! a welcome.

use crate::device::{self, DeviceKey, Devices, Stranger};
use crate::package::{self, Package};
use crate::storage::{Fault, Provider, Storage};
use openmls::credentials::Credential;
use openmls::framing::{MlsMessageBodyIn, MlsMessageIn};
use openmls::group::{
    CommitBuilderStageError, CreateCommitError, GroupId, MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY, MlsGroup,
    MlsGroupCreateConfig, MlsGroupJoinConfig, NewGroupError, StagedWelcome, WelcomeError,
};
use openmls::messages::Welcome;
use openmls::prelude::tls_codec::DeserializeBytes as _;
use openmls::prelude::{LeafNodeIndex, SenderRatchetConfiguration};
use openmls_traits::OpenMlsProvider as _;
use std::error::Error;
use std::fmt;
use tertulia_types::message::COMMIT_BYTES_MAX;
use tertulia_types::{AccountId, ConversationId, DeviceId, Epoch};

/// How many epochs back a message can still be opened: it was on its way when a commit overtook it.
const PAST_EPOCHS_MAX: usize = 4;
/// How far behind the newest one a message of the same sender may come in.
const BEHIND_MAX: u32 = 10;
/// How many messages of one sender may be missing before the next.
const MISSING_MAX: u32 = 2_000;

/// A group, as this device holds it.
///
/// What is in memory is as far as the storage that it was last used with: see the invariant in [`crate::storage`].
pub struct Conversation {
    pub(crate) group: MlsGroup,
    id: ConversationId,
    generation: u32,
}

/// A group that this device has been let into.
#[derive(Debug)]
pub struct Joined {
    /// It.
    pub conversation: Conversation,
    /// Who let this device in.
    pub by: (AccountId, DeviceId),
}

/// A change that waits for the home's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The epoch that it ends: the home takes one commit for it.
    pub epoch_before: Epoch,
    /// What all members are to open.
    pub commit: Vec<u8>,
    /// What lets the added devices in; none if nobody is added. To be given to them only when the commit is accepted.
    pub welcome: Option<Vec<u8>>,
}

/// Why no group is begun.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// This device is in a group of that conversation and generation.
    #[error("this device is in that group already")]
    AlreadyIn,
    /// It is sick.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why a welcome lets nobody in.
///
/// The package that it was made for is used up with it, unless the transaction is rolled back.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The bytes are none, or too many.
    #[error("this is no welcome")]
    Unreadable,
    /// For no package that this device keeps: it has been used, or was never its own.
    #[error("the welcome is for no package of this device")]
    NoPackage,
    /// Into another group than the one that was said.
    #[error("the welcome is for another group")]
    OtherGroup,
    /// This device is in that group.
    #[error("this device is in that group already")]
    AlreadyIn,
    /// A law of the protocol is broken.
    #[error("the welcome does not hold")]
    Forged(#[source] Box<dyn Error + Send + Sync>),
    /// A member is not who it says.
    #[error(transparent)]
    Stranger(#[from] Stranger),
    /// This device is sick.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// This device has been removed from the group.
    #[error("this device is not in the group any more")]
    Gone,
    /// Another change waits for its answer.
    #[error("another change waits for its answer")]
    Pending,
    /// A device that is in cannot be added.
    #[error("the device {0} is in the group")]
    AlreadyIn(DeviceId),
    /// A device that is not in cannot be removed.
    #[error("the device {0} is not in the group")]
    NotIn(DeviceId),
    /// A device does not remove itself: another one has to.
    #[error("a device cannot remove itself")]
    OwnDevice,
    /// A package cannot be used in this group: out of its time by this machine's clock, most likely.
    #[error("this change cannot be made")]
    Unfit(#[source] Box<dyn Error + Send + Sync>),
    /// This device is sick.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Conversation {
    /// Begins a group with this device alone in it.
    ///
    /// # Errors
    /// If there is that group already, or the storage fails.
    pub fn create(
        storage: &impl Storage,
        device: &DeviceKey,
        id: ConversationId,
        generation: u32,
        now_ms: u64,
    ) -> Result<Self, CreateError> {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(package::SUITE)
            .capabilities(package::capabilities())
            .lifetime(package::lifetime(now_ms))
            .wire_format_policy(MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .padding_size(0)
            .max_past_epochs(PAST_EPOCHS_MAX)
            .sender_ratchet_configuration(SenderRatchetConfiguration::new(BEHIND_MAX, MISSING_MAX))
            .use_ratchet_tree_extension(true)
            .build();
        let group = MlsGroup::new_with_group_id(
            &Provider::new(storage),
            device,
            &config,
            name(id, generation),
            device.credential(),
        );
        let group = group.map_err(not_created)?;
        Ok(Self {
            group,
            id,
            generation,
        })
    }

    /// What the storage holds of a group; none if it holds nothing.
    ///
    /// # Errors
    /// If the storage fails.
    pub fn load(storage: &impl Storage, id: ConversationId, generation: u32) -> Result<Option<Self>, Fault> {
        let group = MlsGroup::load(storage, &name(id, generation)).map_err(Fault::of)?;
        Ok(group.map(|group| Self {
            group,
            id,
            generation,
        }))
    }

    /// Goes into the group that a welcome leads to, which has to be the one of this conversation and generation.
    ///
    /// # Errors
    /// If the welcome is not for this device or this group, does not hold, or a member is no device that its owner has named.
    pub fn join(
        storage: &impl Storage,
        welcome: &[u8],
        id: ConversationId,
        generation: u32,
        devices: &Devices<'_>,
    ) -> Result<Joined, JoinError> {
        let welcome = read_welcome(welcome).ok_or(JoinError::Unreadable)?;
        let provider = Provider::new(storage);
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .padding_size(0)
            .max_past_epochs(PAST_EPOCHS_MAX)
            .sender_ratchet_configuration(SenderRatchetConfiguration::new(BEHIND_MAX, MISSING_MAX))
            .use_ratchet_tree_extension(true)
            .build();
        let builder = StagedWelcome::build_from_welcome(&provider, &config, welcome).map_err(not_joined)?;
        let info = builder.processed_welcome().unverified_group_info();
        if *info.group_id() != name(id, generation) {
            return Err(JoinError::OtherGroup);
        }
        // Members who have not changed anything since they came in have leaves as old as their packages.
        let staged = builder.skip_lifetime_validation().build().map_err(not_joined)?;
        for member in staged.members() {
            known(&member.credential, &member.signature_key, devices)?;
        }
        let context = staged.group_context().extensions();
        if context.external_senders().is_some() {
            return Err(JoinError::Forged("somebody outside may change the group".into()));
        }
        let sender = staged.welcome_sender().map_err(Fault::of)?;
        let by = device::named_by(sender.credential()).ok_or(Stranger::Unnamed)?;
        let group = staged.into_group(&provider).map_err(not_joined)?;
        let conversation = Self {
            group,
            id,
            generation,
        };
        Ok(Joined { conversation, by })
    }

    /// Makes a change: adds devices, removes others, and in any case gives this device new keys, so that whoever has stolen the old
    /// ones is out. Nothing to add and nothing to remove is a change too.
    ///
    /// # Errors
    /// If the change cannot be made, or another one waits; the group is as it was.
    pub fn change(
        &mut self,
        storage: &impl Storage,
        device: &DeviceKey,
        add: &[Package],
        remove: &[DeviceId],
    ) -> Result<Change, ChangeError> {
        if !self.is_in() {
            return Err(ChangeError::Gone);
        }
        if self.is_changing() {
            return Err(ChangeError::Pending);
        }
        let leaves = self.leaves_to_remove(device.id(), remove)?;
        let here = self.members();
        let stays = |id: DeviceId| !remove.contains(&id) && here.iter().any(|(_, member)| *member == id);
        if let Some(package) = add.iter().find(|package| stays(package.device())) {
            return Err(ChangeError::AlreadyIn(package.device()));
        }
        let epoch_before = self.epoch();
        let provider = Provider::new(storage);
        let made = self
            .group
            .commit_builder()
            .consume_proposal_store(false)
            .force_self_update(true)
            .propose_adds(add.iter().map(|package| package.key_package().clone()))
            .propose_removals(leaves)
            .load_psks(storage)
            .map_err(not_made)?
            .create_group_info(false)
            .build(provider.rand(), provider.crypto(), device, |_| true)
            .map_err(not_made)?
            .stage_commit(&provider)
            .map_err(not_staged)?;
        let (commit, welcome, _) = made.into_messages();
        let welcome = welcome.map(|welcome| welcome.to_bytes()).transpose();
        Ok(Change {
            epoch_before,
            commit: commit.to_bytes().map_err(Fault::of)?,
            welcome: welcome.map_err(Fault::of)?,
        })
    }

    /// The home has taken the change: the group is in its new epoch. Without a change that waits, nothing happens.
    ///
    /// # Errors
    /// If the storage fails.
    pub fn accepted(&mut self, storage: &impl Storage) -> Result<(), Fault> {
        if !self.is_changing() {
            return Ok(());
        }
        self.group
            .merge_pending_commit(&Provider::new(storage))
            .map_err(Fault::of)
    }

    /// The home has taken another commit: the change is dropped. Without a change that waits, nothing happens.
    ///
    /// # Errors
    /// If the storage fails.
    pub fn rejected(&mut self, storage: &impl Storage) -> Result<(), Fault> {
        self.group.clear_pending_commit(storage).map_err(Fault::of)
    }

    /// Forgets the group: nothing of it can be opened any more.
    ///
    /// # Errors
    /// If the storage fails.
    pub fn delete(mut self, storage: &impl Storage) -> Result<(), Fault> {
        self.group.delete(storage).map_err(Fault::of)
    }

    /// Which conversation.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        self.id
    }

    /// How far it has come.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch_at(self.group.epoch().as_u64())
    }

    /// Whether this device is still in it.
    #[must_use]
    pub fn is_in(&self) -> bool {
        self.group.is_active()
    }

    /// Whether a change waits for the home's answer.
    #[must_use]
    pub fn is_changing(&self) -> bool {
        self.group.pending_commit().is_some()
    }

    /// The devices in it, this one among them, in the order of their accounts.
    #[must_use]
    pub fn members(&self) -> Vec<(AccountId, DeviceId)> {
        let mut members: Vec<_> = self
            .group
            .members()
            .filter_map(|member| device::named_by(&member.credential))
            .collect();
        members.sort_unstable();
        members
    }

    /// What all members of this epoch have in common and nobody else knows: two devices that say the same have followed the same
    /// commits.
    #[must_use]
    pub fn authenticator(&self) -> Vec<u8> {
        self.group.epoch_authenticator().as_slice().to_vec()
    }

    pub(crate) fn epoch_at(&self, number: u64) -> Epoch {
        Epoch {
            generation: self.generation,
            number,
        }
    }

    pub(crate) fn group_name(&self) -> GroupId {
        name(self.id, self.generation)
    }

    fn leaves_to_remove(
        &self,
        own: DeviceId,
        remove: &[DeviceId],
    ) -> Result<Vec<LeafNodeIndex>, ChangeError> {
        let leaf_of = |wanted: DeviceId| {
            self.group
                .members()
                .find(|member| {
                    device::named_by(&member.credential).is_some_and(|(_, device)| device == wanted)
                })
                .map(|member| member.index)
                .ok_or(ChangeError::NotIn(wanted))
        };
        if remove.contains(&own) {
            return Err(ChangeError::OwnDevice);
        }
        remove.iter().map(|wanted| leaf_of(*wanted)).collect()
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation")
            .field("id", &self.id)
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}

/// Whose device a leaf is of, if its owner has ever named it.
pub(crate) fn known(
    credential: &Credential,
    key: &[u8],
    devices: &Devices<'_>,
) -> Result<(AccountId, DeviceId), Stranger> {
    let (account, device, key) = device::named_with_key(credential, key).ok_or(Stranger::Unnamed)?;
    if devices(account, device).is_some_and(|named| named.key == key) {
        Ok((account, device))
    } else {
        Err(Stranger::Unknown { account, device })
    }
}

fn name(id: ConversationId, generation: u32) -> GroupId {
    GroupId::from_slice(&[&id.0[..], &generation.to_be_bytes()[..]].concat())
}

fn read_welcome(bytes: &[u8]) -> Option<Welcome> {
    if bytes.len() > COMMIT_BYTES_MAX {
        return None;
    }
    match MlsMessageIn::tls_deserialize_exact_bytes(bytes).ok()?.extract() {
        MlsMessageBodyIn::Welcome(welcome) => Some(welcome),
        MlsMessageBodyIn::PublicMessage(_)
        | MlsMessageBodyIn::PrivateMessage(_)
        | MlsMessageBodyIn::KeyPackage(_)
        | MlsMessageBodyIn::GroupInfo(_) => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other reasons of openmls are one to us"
)]
fn not_created<E: Error + Send + Sync + 'static>(error: NewGroupError<E>) -> CreateError {
    match error {
        NewGroupError::GroupAlreadyExists => CreateError::AlreadyIn,
        error => CreateError::Fault(Fault::of(error)),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other reasons of openmls are one to us"
)]
fn not_joined<E: Error + Send + Sync + 'static>(error: WelcomeError<E>) -> JoinError {
    match error {
        WelcomeError::NoMatchingKeyPackage => JoinError::NoPackage,
        WelcomeError::GroupAlreadyExists => JoinError::AlreadyIn,
        WelcomeError::StorageError(error) => JoinError::Fault(Fault::of(error)),
        error => JoinError::Forged(Box::new(error)),
    }
}

fn not_made(error: CreateCommitError) -> ChangeError {
    ChangeError::Unfit(Box::new(error))
}

fn not_staged<E: Error + Send + Sync + 'static>(error: CommitBuilderStageError<E>) -> ChangeError {
    ChangeError::Fault(Fault::of(error))
}
