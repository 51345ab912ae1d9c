//! What is said on a connection: a letter, and whether it is kept. Each is one JSON object, and the end of the stream ends it.
//!
//! **Invariant:** in the clear is nothing that the recipient's home would not see.

use crate::time::now;
use serde::{Deserialize, Serialize};
use tertulia_types::entity::{Base64, Letter};
use tertulia_types::message::{LetterKind, MESSAGE_BYTES_MAX};
use tertulia_types::{AccountId, ConversationId, MessageId};

/// The protocol's name in the handshake.
pub(super) const PROTOCOL: &[u8] = b"tertulia-direct/1";
/// A letter of the greatest weight, in base64, and what stands around it.
pub(super) const HANDED_BYTES_MAX: usize = MESSAGE_BYTES_MAX / 3 * 4 + 1_024;
/// An answer is shorter.
pub(super) const ANSWER_BYTES_MAX: usize = 512;

/// A message, as it is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handed {
    /// Its name, by which a repeat is known.
    pub(crate) id: MessageId,
    /// Of which conversation.
    pub(crate) conversation: ConversationId,
    /// Which group of the conversation.
    pub(crate) generation: u32,
    /// Where the group was when it was written.
    pub(crate) epoch: u64,
    /// Whose device hands it over, as it says.
    pub(crate) sender: AccountId,
    /// How many statements about devices the recipient had made when it was written, as it is said to their home.
    pub(crate) devices: u32,
    /// What only devices can read.
    pub(crate) body: Base64,
}

/// What becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The device has it: its signature over [`tertulia_types::presence::Kept`].
    Kept(Base64),
    /// It is to come by the mailbox.
    NotKept,
}

impl From<Handed> for Letter {
    /// As if it had come by the mailbox, where it has no place: its number is 0.
    fn from(handed: Handed) -> Self {
        Self {
            number: 0,
            kind: LetterKind::Message,
            sender: handed.sender,
            id: handed.id,
            conversation: handed.conversation,
            generation: handed.generation,
            epoch: handed.epoch,
            body: handed.body,
            arrived_at: now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ANSWER_BYTES_MAX, Answer, HANDED_BYTES_MAX, Handed};
    use tertulia_types::entity::Base64;
    use tertulia_types::message::MESSAGE_BYTES_MAX;
    use tertulia_types::{AccountId, ConversationId, MessageId};

    #[test]
    fn the_heaviest_letter_and_its_answer_fit() {
        let handed = Handed {
            id: MessageId([255; 16]),
            conversation: ConversationId([255; 16]),
            generation: u32::MAX,
            epoch: u64::MAX,
            sender: AccountId::MAX,
            devices: u32::MAX,
            body: Base64(vec![0; MESSAGE_BYTES_MAX]),
        };
        let written = serde_json::to_vec(&handed).expect("written");
        assert!(written.len() <= HANDED_BYTES_MAX, "{}", written.len());
        assert_eq!(serde_json::from_slice::<Handed>(&written).expect("read"), handed);
        let kept = serde_json::to_string(&Answer::Kept(Base64(vec![0; 64]))).expect("written");
        assert!(kept.len() <= ANSWER_BYTES_MAX);
        let not_kept = serde_json::to_string(&Answer::NotKept).expect("written");
        assert_eq!(not_kept, "\"not_kept\"");
    }
}
