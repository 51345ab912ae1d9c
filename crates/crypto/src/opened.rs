//! What passes through a conversation: a message is sealed, and what comes in is opened.
//!
//! A home hands on what it is given, in the order that it likes, more than once, changed or made up. So everything that opens
//! nothing has its own answer here: to keep until the commit before it comes, to forget, or to refuse.
//!
//! **Invariants**
//! - Bytes that were changed on the way leave the group as it was, and an unchanged copy opens afterwards.
//! - What was signed and sealed by a member and is refused all the same (a commit that lets a stranger in, a message of a device
//!   that does not live) has used up its place: it does not open a second time. Who wants to try again with newer chains rolls the
//!   transaction back.
//! - A commit changes only who is in the group, and the keys of its sender: anything else that the protocol knows is refused.
//!
//! Deliberately absent: what is in a message ([`crate::payload`]), and whether a member may do what it does. A commit is followed
//! whoever of the members made it, since the home has put it in order already, and who does not follow is alone; [`Opened::Changed`]
//! says who it was. So is one of a device that has been revoked since: nobody can tell any more whether it was made before.

use crate::conversation::{Conversation, known};
use crate::device::{self, DeviceKey, Devices, Stranger};
use crate::storage::{Fault, Provider, Storage};
use openmls::framing::errors::{MessageDecryptionError, SecretTreeError};
use openmls::framing::{
    MlsMessageBodyIn, MlsMessageIn, ProcessedMessage, ProcessedMessageContent, ProtocolMessage, Sender,
};
use openmls::group::{CreateMessageError, ProcessMessageError, StagedCommit, ValidationError};
use openmls::messages::proposals::Proposal;
use openmls::prelude::LeafNodeIndex;
use openmls::prelude::tls_codec::DeserializeBytes as _;
use openmls::treesync::LeafNode;
use std::error::Error;
use tertulia_types::message::{COMMIT_BYTES_MAX, MESSAGE_BYTES_MAX};
use tertulia_types::{AccountId, DeviceId, Epoch};

/// What has come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A message.
    Message {
        /// Whose device sent it.
        account: AccountId,
        /// Which device.
        device: DeviceId,
        /// In which epoch.
        epoch: Epoch,
        /// What it says: see [`crate::payload`].
        payload: Vec<u8>,
    },
    /// A commit, which has been followed.
    Changed {
        /// Whose device made it.
        by: (AccountId, DeviceId),
        /// Who is in now.
        added: Vec<(AccountId, DeviceId)>,
        /// Who is out now.
        removed: Vec<(AccountId, DeviceId)>,
        /// Whether this device is out: nothing more can be opened.
        is_own_removal: bool,
        /// Where the group is now.
        epoch: Epoch,
    },
    /// Of an epoch that this device has not come to, as the bytes say: to be kept until the commits before it have come. Nobody
    /// vouches for what they say.
    TooEarly {
        /// The epoch.
        epoch: Epoch,
    },
    /// Of a time whose keys are gone: a message too many epochs back or too far behind its followers, or a commit of an epoch that
    /// has ended.
    TooLate,
    /// Opened before.
    Repeat,
    /// Sealed by this device itself, message or commit: what it says is known here already. That a home hands a commit on means
    /// that it has accepted it; whether it is the one that waits is told by its bytes.
    Own,
}

/// Why nothing was opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The bytes are neither message nor commit, or too many.
    #[error("this is neither a message nor a commit")]
    Unreadable,
    /// Of another group.
    #[error("this is of another group")]
    OtherGroup,
    /// Changed on the way, or never of this group.
    #[error("this does not hold")]
    Forged(#[source] Box<dyn Error + Send + Sync>),
    /// Its sender, or a device that it lets in, cannot be believed.
    #[error(transparent)]
    Stranger(#[from] Stranger),
    /// A commit, or a proposal, that does more than change who is in.
    #[error("this would change more than who is in the group")]
    NotSpoken,
    /// Too many messages of its sender are missing before it.
    #[error("too many messages are missing before this one")]
    Skipped,
    /// This device has been removed from the group.
    #[error("this device is not in the group any more")]
    Gone,
    /// This device is sick.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why a message was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// This device has been removed from the group.
    #[error("this device is not in the group any more")]
    Gone,
    /// More than a message may weigh.
    #[error("a message weighs {MESSAGE_BYTES_MAX} bytes at most")]
    TooLong,
    /// This device is sick.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What sealing adds to a payload at most: header, signature and tags.
pub const SEALED_MORE_BYTES_MAX: usize = 512;

impl Conversation {
    /// Seals a message for all who are in the group now. The bytes go into the same transaction as the storage's turn, and nothing
    /// is sent before that is committed: bytes that left although their turn was rolled back would be followed by others made with
    /// the same key.
    ///
    /// # Errors
    /// If this device is out, the payload is too long, or the storage fails.
    pub fn seal(
        &mut self,
        storage: &impl Storage,
        device: &DeviceKey,
        payload: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        if payload.len() + SEALED_MORE_BYTES_MAX > MESSAGE_BYTES_MAX {
            return Err(SealError::TooLong);
        }
        if !self.is_in() {
            return Err(SealError::Gone);
        }
        let sealed = self
            .group
            .create_message(&Provider::new(storage), device, payload)
            .map_err(|error: CreateMessageError| Fault::of(error))?;
        Ok(sealed.to_bytes().map_err(Fault::of)?)
    }

    /// Opens what has come in, and follows it if it is a commit.
    ///
    /// # Errors
    /// If it is nothing that is opened here.
    pub fn open(
        &mut self,
        storage: &impl Storage,
        bytes: &[u8],
        devices: &Devices<'_>,
    ) -> Result<Opened, OpenError> {
        if !self.is_in() {
            return Err(OpenError::Gone);
        }
        let message = read(bytes).ok_or(OpenError::Unreadable)?;
        if *message.group_id() != self.group_name() {
            return Err(OpenError::OtherGroup);
        }
        if message.epoch() > self.group.epoch() {
            let epoch = self.epoch_at(message.epoch().as_u64());
            return Ok(Opened::TooEarly { epoch });
        }
        if message.is_handshake_message() && message.epoch() < self.group.epoch() {
            return Ok(Opened::TooLate);
        }
        let processed = match self.group.process_message(&Provider::new(storage), message) {
            Ok(processed) => processed,
            Err(error) => return not_opened(error),
        };
        self.take(storage, processed, devices)
    }

    fn take(
        &mut self,
        storage: &impl Storage,
        processed: ProcessedMessage,
        devices: &Devices<'_>,
    ) -> Result<Opened, OpenError> {
        let epoch = processed.epoch().as_u64();
        let Sender::Member(leaf) = *processed.sender() else {
            return Err(OpenError::NotSpoken);
        };
        let named = device::named_by(processed.credential());
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                let (account, device) = named.ok_or(Stranger::Unnamed)?;
                self.check_sender(account, device, devices)?;
                Ok(Opened::Message {
                    account,
                    device,
                    epoch: self.epoch_at(epoch),
                    payload: message.into_bytes(),
                })
            }
            ProcessedMessageContent::StagedCommitMessage(commit) => {
                self.follow(storage, leaf, *commit, devices)
            }
            ProcessedMessageContent::OwnPrivateMessage | ProcessedMessageContent::OwnPendingCommit => {
                Ok(Opened::Own)
            }
            ProcessedMessageContent::ProposalMessage(_)
            | ProcessedMessageContent::ExternalJoinProposalMessage(_) => Err(OpenError::NotSpoken),
        }
    }

    /// Whether the sender of a message lives. Its name was compared with its key when its leaf came in, and is made of the key: so
    /// a sender who has left since is known by the name alone.
    fn check_sender(
        &self,
        account: AccountId,
        device: DeviceId,
        devices: &Devices<'_>,
    ) -> Result<(), Stranger> {
        let named = devices(account, device).filter(|named| named.lives() && named.key.device() == device);
        named.map(drop).ok_or(Stranger::NotLive { account, device })
    }

    fn follow(
        &mut self,
        storage: &impl Storage,
        committer: LeafNodeIndex,
        commit: StagedCommit,
        devices: &Devices<'_>,
    ) -> Result<Opened, OpenError> {
        let by = self
            .group
            .member_at(committer)
            .and_then(|member| device::named_by(&member.credential))
            .ok_or(Stranger::Unnamed)?;
        // The sender's new leaf bears its old name, and so its old key.
        if let Some(leaf) = commit.update_path_leaf_node()
            && named_leaf(leaf) != Some(by)
        {
            return Err(Stranger::Unnamed.into());
        }
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for queued in commit.queued_proposals() {
            match queued.proposal() {
                Proposal::Add(add) => {
                    let leaf = add.key_package().leaf_node();
                    let key = leaf.signature_key().as_slice();
                    added.push(known(leaf.credential(), key, devices)?);
                }
                Proposal::Remove(remove) => {
                    let leaving = self.group.member_at(remove.removed());
                    removed.extend(leaving.and_then(|member| device::named_by(&member.credential)));
                }
                Proposal::Update(_)
                | Proposal::PreSharedKey(_)
                | Proposal::ReInit(_)
                | Proposal::ExternalInit(_)
                | Proposal::GroupContextExtensions(_)
                | Proposal::SelfRemove
                | Proposal::Custom(_) => return Err(OpenError::NotSpoken),
            }
        }
        let is_own_removal = commit.self_removed();
        self.group
            .merge_staged_commit(&Provider::new(storage), commit)
            .map_err(Fault::of)?;
        added.sort_unstable();
        removed.sort_unstable();
        Ok(Opened::Changed {
            by,
            added,
            removed,
            is_own_removal,
            epoch: self.epoch(),
        })
    }
}

fn read(bytes: &[u8]) -> Option<ProtocolMessage> {
    if bytes.len() > COMMIT_BYTES_MAX {
        return None;
    }
    let message: ProtocolMessage = match MlsMessageIn::tls_deserialize_exact_bytes(bytes).ok()?.extract() {
        MlsMessageBodyIn::PrivateMessage(message) => message.into(),
        MlsMessageBodyIn::PublicMessage(message) => message.into(),
        MlsMessageBodyIn::Welcome(_) | MlsMessageBodyIn::GroupInfo(_) | MlsMessageBodyIn::KeyPackage(_) => {
            return None;
        }
    };
    let bytes_max = if message.is_handshake_message() {
        COMMIT_BYTES_MAX
    } else {
        MESSAGE_BYTES_MAX
    };
    (bytes.len() <= bytes_max && !message.is_external()).then_some(message)
}

fn named_leaf(leaf: &LeafNode) -> Option<(AccountId, DeviceId)> {
    let (account, device, _) = device::named_with_key(leaf.credential(), leaf.signature_key().as_slice())?;
    Some((account, device))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other reasons of openmls are one to us"
)]
fn not_opened<E: Error + Send + Sync + 'static>(error: ProcessMessageError<E>) -> Result<Opened, OpenError> {
    match error {
        ProcessMessageError::StorageError(error) => Err(Fault::of(error).into()),
        ProcessMessageError::GroupStateError(_) => Err(OpenError::Gone),
        ProcessMessageError::ValidationError(ValidationError::NoPastEpochData) => Ok(Opened::TooLate),
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(
            MessageDecryptionError::SecretTreeError(SecretTreeError::TooDistantInThePast),
        )) => Ok(Opened::TooLate),
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(
            MessageDecryptionError::SecretTreeError(SecretTreeError::SecretReuseError),
        )) => Ok(Opened::Repeat),
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(
            MessageDecryptionError::SecretTreeError(SecretTreeError::TooDistantInTheFuture),
        )) => Err(OpenError::Skipped),
        error => Err(OpenError::Forged(Box::new(error))),
    }
}
