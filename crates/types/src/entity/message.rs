//! Private messages in the HTTP API: devices, key packages, letters and conversations. What only devices can read travels as base64.

use super::Timestamp;
use crate::device::{Change, Link, PublicKey, Record, SignedRecord};
use crate::id::AccountId;
use crate::message::{ConversationId, DeviceId, Epoch, LetterKind, MessageId};
use crate::presence::{self, SignedPresence};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::net::SocketAddr;

/// Bytes, in JSON as base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = Byte))]
pub struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.as_bytes());
        bytes
            .map(Self)
            .map_err(|_| serde::de::Error::custom("base64 with its padding is expected"))
    }
}

impl Base64 {
    /// The bytes, if there are as many as that.
    #[must_use]
    pub fn array<const BYTES: usize>(&self) -> Option<[u8; BYTES]> {
        self.0.as_slice().try_into().ok()
    }
}

/// What a person says of one of their devices: see [`crate::device`]. One of `add` and `revoke` is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceRecord {
    /// Whose devices.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub account: AccountId,
    /// The person's identity key: 32 bytes.
    pub identity: Base64,
    /// 0 for the first, and one more for each.
    pub sequence: u32,
    /// The SHA-256 of the statement before; 32 zero bytes before the first.
    pub previous: Base64,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// The device that is the person's from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add: Option<AddedDevice>,
    /// The device that is not theirs any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub revoke: Option<DeviceId>,
    /// By the identity key, over the statement: 64 bytes.
    pub signature: Base64,
}

/// A device that is added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddedDevice {
    /// Its signature key: 32 bytes. The first half of its SHA-256 is the device's id.
    pub key: Base64,
    /// What its owner calls it.
    pub label: String,
}

/// The JSON is no statement about a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("keys and hashes have 32 bytes, and a statement either adds a device or revokes one")]
pub struct NotARecord;

impl From<&SignedRecord> for DeviceRecord {
    fn from(signed: &SignedRecord) -> Self {
        let record = &signed.record;
        let (add, revoke) = match &record.change {
            Change::Add { key, label } => {
                let (key, label) = (Base64(key.0.to_vec()), label.clone());
                (Some(AddedDevice { key, label }), None)
            }
            Change::Revoke { device } => (None, Some(*device)),
        };
        Self {
            account: record.account,
            identity: Base64(record.identity.0.to_vec()),
            sequence: record.sequence,
            previous: Base64(record.previous.0.to_vec()),
            made_ms: record.made_ms,
            add,
            revoke,
            signature: Base64(signed.signature.clone()),
        }
    }
}

impl TryFrom<DeviceRecord> for SignedRecord {
    type Error = NotARecord;

    fn try_from(entity: DeviceRecord) -> Result<Self, NotARecord> {
        let change = match (entity.add, entity.revoke) {
            (Some(added), None) => Change::Add {
                key: PublicKey(added.key.array().ok_or(NotARecord)?),
                label: added.label,
            },
            (None, Some(device)) => Change::Revoke { device },
            (None, None) | (Some(_), Some(_)) => return Err(NotARecord),
        };
        let record = Record {
            account: entity.account,
            identity: PublicKey(entity.identity.array().ok_or(NotARecord)?),
            sequence: entity.sequence,
            previous: Link(entity.previous.array().ok_or(NotARecord)?),
            made_ms: entity.made_ms,
            change,
        };
        Ok(Self {
            record,
            signature: entity.signature.0,
        })
    }
}

/// Where a device says that it can be reached directly: see [`crate::presence`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Presence {
    /// Whose device.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub account: AccountId,
    /// Which.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub device: DeviceId,
    /// Grows from one presence of the device to the next.
    pub counter: u64,
    /// After this moment it says nothing any more; milliseconds since 1970, a day ahead at most.
    pub until_ms: u64,
    /// The Ed25519 key that whoever listens there shows: 32 bytes.
    pub key: Base64,
    /// Where, each as `IP:PORT`: up to 8. None: the device cannot be reached directly.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub addresses: Vec<SocketAddr>,
    /// By the device's key, over the statement: 64 bytes.
    pub signature: Base64,
    /// When it was said, by the home's clock; only in answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// The JSON is no presence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a key has 32 bytes")]
pub struct NotAPresence;

impl From<&SignedPresence> for Presence {
    fn from(signed: &SignedPresence) -> Self {
        let presence = &signed.presence;
        Self {
            account: presence.account,
            device: presence.device,
            counter: presence.counter,
            until_ms: presence.until_ms,
            key: Base64(presence.key.0.to_vec()),
            addresses: presence.addresses.clone(),
            signature: Base64(signed.signature.clone()),
            updated_at: None,
        }
    }
}

impl TryFrom<Presence> for SignedPresence {
    type Error = NotAPresence;

    fn try_from(entity: Presence) -> Result<Self, NotAPresence> {
        let presence = presence::Presence {
            account: entity.account,
            device: entity.device,
            counter: entity.counter,
            until_ms: entity.until_ms,
            key: PublicKey(entity.key.array().ok_or(NotAPresence)?),
            addresses: entity.addresses,
        };
        Ok(Self {
            presence,
            signature: entity.signature.0,
        })
    }
}

/// A key package of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyPackage {
    /// Whose.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub device: DeviceId,
    /// A `KeyPackage` of RFC 9420.
    pub package: Base64,
}

/// What is in a sealed box that a person's devices leave for each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SealedBox {
    /// How often it was filled.
    pub version: u64,
    /// What only the devices can read.
    pub body: Base64,
}

/// A box was filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Filled {
    /// Its version now.
    pub version: u64,
}

/// How many key packages a device has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackagesLeft {
    /// Those that are given out once.
    pub left: u32,
}

/// A letter that waits in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Letter {
    /// Its number in this mailbox.
    pub number: u64,
    /// What it is: `message`, `commit` or `welcome`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: LetterKind,
    /// Who handed it in. Who wrote it is inside.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub sender: AccountId,
    /// Its name, by which a repeat is known.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: MessageId,
    /// Of which conversation.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub conversation: ConversationId,
    /// Which group of the conversation.
    pub generation: u32,
    /// Where the group was when it was written; of a commit and a welcome, the epoch that it ended.
    pub epoch: u64,
    /// An `MLSMessage` of RFC 9420.
    pub body: Base64,
    /// When it came.
    pub arrived_at: Timestamp,
}

impl Letter {
    /// Where the conversation's group was.
    #[must_use]
    pub fn at(&self) -> Epoch {
        Epoch {
            generation: self.generation,
            number: self.epoch,
        }
    }
}

/// Letters for a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mailbox {
    /// Oldest first: some of them. The number of the last one asks for more.
    pub letters: Vec<Letter>,
    /// The number of the last letter that came.
    pub top: u64,
    /// Up to where this device has acknowledged.
    pub acknowledged: u64,
    /// How many key packages the device has left.
    pub packages_left: u32,
}

/// What became of a letter at the home of one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deposited {
    /// The recipient.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub account: AccountId,
    /// Its number in their mailbox, on a majority's disks; not there if it was refused, or their home did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Why not, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why not, for a program: as in other refusals. With `unavailable`, `busy` or `limit` it may be tried again later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Committed {
    /// Whether it counts.
    pub is_accepted: bool,
    /// If not: where the conversation is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Progress>,
    /// If not: the commit that ended the epoch, if it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winner: Option<Base64>,
}

/// How far a conversation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// Which group of the conversation; 0 if there is none yet.
    pub generation: u32,
    /// How many commits the group has gone through.
    pub epoch: u64,
}

impl From<Epoch> for Progress {
    fn from(epoch: Epoch) -> Self {
        Self {
            generation: epoch.generation,
            epoch: epoch.number,
        }
    }
}

impl From<Progress> for Epoch {
    fn from(progress: Progress) -> Self {
        Self {
            generation: progress.generation,
            number: progress.epoch,
        }
    }
}

/// A commit that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Commit {
    /// The epoch that it ended.
    #[serde(flatten)]
    pub at: Progress,
    /// An `MLSMessage` of RFC 9420.
    pub commit: Base64,
}

/// A conversation, as its home knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    /// How far it has come.
    #[serde(flatten)]
    pub now: Progress,
    /// Who is in it.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub people: Vec<AccountId>,
    /// Its commits, oldest first: some of them. The epoch behind the last one asks for more.
    pub commits: Vec<Commit>,
}

#[cfg(test)]
mod tests {
    use super::{Base64, DeviceRecord, NotARecord};
    use crate::device::{Change, Link, PublicKey, Record, SignedRecord};
    use crate::id::AccountId;

    #[test]
    fn a_statement_comes_back_from_json_as_it_was() {
        let key = PublicKey([2; 32]);
        for change in [
            Change::Add {
                key,
                label: "laptop".to_owned(),
            },
            Change::Revoke { device: key.device() },
        ] {
            let record = Record {
                account: AccountId::MAX,
                identity: PublicKey([1; 32]),
                sequence: 3,
                previous: Link([4; 32]),
                made_ms: 5,
                change,
            };
            let signed = SignedRecord {
                record,
                signature: vec![9; 64],
            };
            let json = serde_json::to_string(&DeviceRecord::from(&signed)).expect("written");
            let entity: DeviceRecord = serde_json::from_str(&json).expect("read");
            assert_eq!(SignedRecord::try_from(entity.clone()), Ok(signed));
            let short = DeviceRecord {
                identity: Base64(vec![1; 31]),
                ..entity.clone()
            };
            assert_eq!(SignedRecord::try_from(short), Err(NotARecord));
            let neither = DeviceRecord {
                add: None,
                revoke: None,
                ..entity
            };
            assert_eq!(SignedRecord::try_from(neither), Err(NotARecord));
        }
    }

    #[test]
    fn bytes_are_base64_in_json() {
        assert_eq!(
            serde_json::to_string(&Base64(vec![0, 255, 1])).expect("written"),
            "\"AP8B\""
        );
        assert_eq!(
            serde_json::from_str::<Base64>("\"AP8B\"").expect("read"),
            Base64(vec![0, 255, 1])
        );
        for wrong in ["\"AP8\"", "\"A P8B\"", "\"AP-B\"", "7"] {
            serde_json::from_str::<Base64>(wrong).unwrap_err();
        }
    }
}
