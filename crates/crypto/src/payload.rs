//! What is written in a message, before it is sealed: JSON, so that a program in a browser reads it without a codec of ours.
//!
//! Sealing hides everything but the length, and lengths tell much: a receipt, a "yes", a whole letter. So a payload is padded, with
//! spaces after its end, which every reader of JSON skips, and comes in few lengths only: 256 bytes, 1 KiB, 4 KiB, and multiples of
//! 16 KiB. Most messages are of the first.
//!
//! Every message takes along heads of [`crate::chain`]s, as its sender has seen them. With them a home is found out that shows
//! different people different histories.
//!
//! A newer program may say what this one does not know. Such a content is [`Content::Unknown`] here, and people are told that there
//! is something to see with a newer version.
//!
//! **Invariants**
//! - All payloads of one bucket have one length.
//! - What has been read keeps to the limits, whoever wrote it.
//!
//! Deliberately absent: cleaning. A text can hold whatever Unicode holds, and what it does to a terminal is the business of whoever
//! shows it.

use crate::opened::SEALED_MORE_BYTES_MAX;
use serde::{Deserialize, Serialize};
use tertulia_types::device::{Link, PublicKey};
use tertulia_types::message::MESSAGE_BYTES_MAX;
use tertulia_types::{AccountId, MessageId};

/// A text, in characters.
pub const TEXT_CHARACTERS_MAX: usize = 10_000;
/// A room's name, in characters.
pub const NAME_CHARACTERS_MAX: usize = 80;
/// Messages that one receipt is about.
pub const RECEIPT_MESSAGES_MAX: usize = 256;
/// Heads that one message takes along.
pub const HEADS_MAX: usize = 32;
/// Contacts that one message tells of.
pub const CONTACTS_MAX: usize = 128;

/// The lengths up to the step.
const BUCKETS_BYTES: [usize; 3] = [256, 1 << 10, 4 << 10];
/// From there on, its multiples.
const STEP_BYTES: usize = 16 << 10;
/// The longest payload: as many steps as still fit, sealed, into a message.
pub const PAYLOAD_BYTES_MAX: usize = (MESSAGE_BYTES_MAX - SEALED_MORE_BYTES_MAX) / STEP_BYTES * STEP_BYTES;

/// What one message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Its name: a message that is sent a second time has the same.
    pub id: MessageId,
    /// When it was written, by the clock of the device that wrote it.
    pub sent_ms: u64,
    /// The newest statements of people's chains that its sender has seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<Head>,
    /// What it says.
    pub content: Content,
}

/// The newest statement that somebody has seen of an account's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose chain.
    pub account: AccountId,
    /// The statement's number.
    pub sequence: u32,
    /// Its hash: 64 hexadecimal digits.
    #[serde(with = "digits")]
    pub link: Link,
}

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Something said.
    Text {
        /// What.
        text: String,
        /// To which message it is an answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<MessageId>,
    },
    /// What has become of messages.
    Receipt {
        /// What.
        kind: Receipt,
        /// Of which.
        of: Vec<MessageId>,
    },
    /// Somebody is writing.
    Typing,
    /// What the room is called from now on.
    RoomName {
        /// Its name.
        name: String,
    },
    /// Its sender leaves the room: their devices are to be put out, which they cannot do themselves.
    Left,
    /// Whom a person knows, told by one of their devices to the others. From anybody else it means nothing.
    Contacts {
        /// Them.
        contacts: Vec<Contact>,
    },
    /// What only a newer program knows.
    #[serde(other)]
    Unknown,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// It is on a device of the one it was for.
    Delivered,
    /// It has been seen.
    Read,
    /// What only a newer program knows.
    #[serde(other)]
    Unknown,
}

/// Somebody whom a person knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Who.
    pub account: AccountId,
    /// Their identity as it was seen: 64 hexadecimal digits.
    #[serde(with = "digits")]
    pub identity: PublicKey,
    /// Whether the two have compared their [`crate::number`].
    pub is_verified: bool,
}

/// Why a payload is none.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// Not the JSON that is expected.
    #[error("this cannot be read as a message")]
    Unreadable(#[source] serde_json::Error),
    /// A text of no character, or of too many.
    #[error("a text has 1 to {TEXT_CHARACTERS_MAX} characters")]
    TextLength,
    /// A name of no character, or of too many.
    #[error("a room's name has 1 to {NAME_CHARACTERS_MAX} characters")]
    NameLength,
    /// More of something than one message holds: heads, contacts, or messages of a receipt.
    #[error("too many things in one message")]
    TooMany,
    /// Longer than any payload, written as JSON.
    #[error("a message has {PAYLOAD_BYTES_MAX} bytes at most")]
    TooLong,
    /// Nobody writes what they do not know.
    #[error("what is not known cannot be written")]
    Unknown,
}

impl Payload {
    /// Writes it, padded.
    ///
    /// # Errors
    /// If it does not keep to the limits.
    pub fn encode(&self) -> Result<Vec<u8>, PayloadError> {
        self.check()?;
        if !self.content.is_known() {
            return Err(PayloadError::Unknown);
        }
        let mut bytes = serde_json::to_vec(self).map_err(PayloadError::Unreadable)?;
        let padded = bucket_bytes(bytes.len()).ok_or(PayloadError::TooLong)?;
        bytes.resize(padded, b' ');
        Ok(bytes)
    }

    /// Reads one.
    ///
    /// # Errors
    /// If it is none, or does not keep to the limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, PayloadError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(PayloadError::TooLong);
        }
        let payload: Self = serde_json::from_slice(bytes).map_err(PayloadError::Unreadable)?;
        payload.check()?;
        Ok(payload)
    }

    fn check(&self) -> Result<(), PayloadError> {
        let is_within = |count: usize, max: usize| (count <= max).then_some(()).ok_or(PayloadError::TooMany);
        is_within(self.heads.len(), HEADS_MAX)?;
        match &self.content {
            Content::Text { text, .. } => (1..=TEXT_CHARACTERS_MAX)
                .contains(&text.chars().count())
                .then_some(())
                .ok_or(PayloadError::TextLength),
            Content::RoomName { name } => (1..=NAME_CHARACTERS_MAX)
                .contains(&name.chars().count())
                .then_some(())
                .ok_or(PayloadError::NameLength),
            Content::Receipt { of, .. } => is_within(of.len(), RECEIPT_MESSAGES_MAX),
            Content::Contacts { contacts } => is_within(contacts.len(), CONTACTS_MAX),
            Content::Typing | Content::Left | Content::Unknown => Ok(()),
        }
    }
}

impl Content {
    fn is_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Receipt { kind, .. } => *kind != Receipt::Unknown,
            Self::Text { .. } | Self::Typing | Self::RoomName { .. } | Self::Left | Self::Contacts { .. } => {
                true
            }
        }
    }
}

/// The length to which so many bytes are padded; none if there is none so long.
fn bucket_bytes(bytes: usize) -> Option<usize> {
    let small = BUCKETS_BYTES.into_iter().find(|bucket| bytes <= *bucket);
    let padded = small.unwrap_or_else(|| bytes.next_multiple_of(STEP_BYTES));
    (padded <= PAYLOAD_BYTES_MAX).then_some(padded)
}

/// 32 bytes as 64 hexadecimal digits.
mod digits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;
    use tertulia_types::device::{Link, PublicKey};
    use tertulia_types::hexadecimal;

    pub(super) trait Bytes: Copy {
        fn bytes(self) -> [u8; 32];
        fn of(bytes: [u8; 32]) -> Self;
    }

    impl Bytes for Link {
        fn bytes(self) -> [u8; 32] {
            self.0
        }

        fn of(bytes: [u8; 32]) -> Self {
            Self(bytes)
        }
    }

    impl Bytes for PublicKey {
        fn bytes(self) -> [u8; 32] {
            self.0
        }

        fn of(bytes: [u8; 32]) -> Self {
            Self(bytes)
        }
    }

    pub(super) fn serialize<T: Bytes, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hexadecimal::digits(&value.bytes()))
    }

    pub(super) fn deserialize<'de, T: Bytes, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        read(&text)
            .map(T::of)
            .ok_or_else(|| D::Error::custom("64 hexadecimal digits are expected"))
    }

    fn read(text: &str) -> Option<[u8; 32]> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let value = |digit: u8| {
            char::from(digit)
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS_BYTES, CONTACTS_MAX, HEADS_MAX, NAME_CHARACTERS_MAX, PAYLOAD_BYTES_MAX};
    use super::{Contact, Content, Head, Payload, PayloadError, RECEIPT_MESSAGES_MAX, Receipt, STEP_BYTES};
    use super::{TEXT_CHARACTERS_MAX, bucket_bytes};
    use crate::testing::account;
    use proptest::prelude::{
        BoxedStrategy, Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    };
    use tertulia_types::device::{Link, PublicKey};
    use tertulia_types::{AccountId, MessageId};

    fn payload(content: Content) -> Payload {
        Payload {
            id: MessageId([0xAB; 16]),
            sent_ms: 1_800_000_000_000,
            heads: Vec::new(),
            content,
        }
    }

    fn text(text: &str) -> Payload {
        payload(Content::Text {
            text: text.to_owned(),
            reply_to: None,
        })
    }

    #[test]
    fn a_payload_is_json_that_any_program_can_read() {
        let mut written = text("hola");
        written.heads = vec![Head {
            account: account(1),
            sequence: 3,
            link: Link([0x0F; 32]),
        }];
        let bytes = written.encode().unwrap();
        assert_eq!(bytes.len(), 256);
        let expected = concat!(
            r#"{"id":"abababababababababababababababab","sent_ms":1800000000000,"#,
            r#""heads":[{"account":"65536","sequence":3,"#,
            r#""link":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"}],"#,
            r#""content":{"type":"text","text":"hola"}}"#
        );
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap().trim_end_matches(' '),
            expected
        );
        assert_eq!(Payload::decode(&bytes).unwrap(), written);
    }

    #[test]
    fn the_names_of_contents_stay() {
        let json = |content: Content| serde_json::to_string(&content).unwrap();
        let name = "tertulia".to_owned();
        let receipt = Content::Receipt {
            kind: Receipt::Delivered,
            of: vec![MessageId([1; 16])],
        };
        assert_eq!(json(Content::Typing), r#"{"type":"typing"}"#);
        assert_eq!(json(Content::Left), r#"{"type":"left"}"#);
        assert_eq!(
            json(Content::RoomName { name }),
            r#"{"type":"room_name","name":"tertulia"}"#
        );
        assert_eq!(
            json(receipt),
            r#"{"type":"receipt","kind":"delivered","of":["01010101010101010101010101010101"]}"#
        );
        let contact = Contact {
            account: account(1),
            identity: PublicKey([0; 32]),
            is_verified: true,
        };
        let zeros = "00".repeat(32);
        assert_eq!(
            json(Content::Contacts {
                contacts: vec![contact]
            }),
            format!(
                r#"{{"type":"contacts","contacts":[{{"account":"65536","identity":"{zeros}","is_verified":true}}]}}"#
            )
        );
    }

    #[test]
    fn what_a_newer_program_says_is_unknown_and_not_an_error() {
        let of_content = |content: &str| {
            let json = format!(
                r#"{{"id":"abababababababababababababababab","sent_ms":1,"mood":"good","content":{content}}}"#
            );
            Payload::decode(json.as_bytes()).map(|payload| payload.content)
        };
        let poll = of_content(r#"{"type":"poll","options":[{"a":1},[]]}"#);
        assert_eq!(poll.unwrap(), Content::Unknown);
        let heard = of_content(r#"{"type":"receipt","kind":"heard","of":[]}"#);
        assert!(matches!(
            heard,
            Ok(Content::Receipt {
                kind: Receipt::Unknown,
                ..
            })
        ));
        let coloured = of_content(r#"{"type":"text","text":"hola","colour":"red"}"#);
        assert!(matches!(coloured, Ok(Content::Text { .. })));
        assert!(of_content(r#"{"text":"no type"}"#).is_err());
        assert!(of_content(r#"{"type":"text"}"#).is_err());
    }

    #[test]
    fn nobody_writes_what_they_do_not_know() {
        let refused = payload(Content::Unknown).encode();
        assert!(matches!(refused, Err(PayloadError::Unknown)));
        let receipt = Content::Receipt {
            kind: Receipt::Unknown,
            of: Vec::new(),
        };
        assert!(matches!(payload(receipt).encode(), Err(PayloadError::Unknown)));
    }

    /// Refused when written, and when somebody else has written it all the same.
    fn is_refused(payload: &Payload) -> bool {
        let written = serde_json::to_vec(payload).unwrap();
        payload.encode().is_err() && Payload::decode(&written).is_err()
    }

    #[test]
    fn limits_hold_for_what_is_written_and_for_what_is_read() {
        assert!(is_refused(&text("")));
        assert!(!is_refused(&text(&"ñ".repeat(TEXT_CHARACTERS_MAX))));
        assert!(!is_refused(&text(&"\u{1F600}".repeat(TEXT_CHARACTERS_MAX))));
        assert!(is_refused(&text(&"ñ".repeat(TEXT_CHARACTERS_MAX + 1))));

        let room = |count: usize| {
            payload(Content::RoomName {
                name: "a".repeat(count),
            })
        };
        assert!(is_refused(&room(0)));
        assert!(!is_refused(&room(NAME_CHARACTERS_MAX)));
        assert!(is_refused(&room(NAME_CHARACTERS_MAX + 1)));

        let receipt = |count: usize| {
            payload(Content::Receipt {
                kind: Receipt::Read,
                of: vec![MessageId([1; 16]); count],
            })
        };
        assert!(!is_refused(&receipt(RECEIPT_MESSAGES_MAX)));
        assert!(is_refused(&receipt(RECEIPT_MESSAGES_MAX + 1)));

        let contact = Contact {
            account: AccountId::MAX,
            identity: PublicKey([1; 32]),
            is_verified: false,
        };
        let contacts = |count: usize| {
            payload(Content::Contacts {
                contacts: vec![contact; count],
            })
        };
        assert!(!is_refused(&contacts(CONTACTS_MAX)));
        assert!(is_refused(&contacts(CONTACTS_MAX + 1)));

        let head = Head {
            account: AccountId::MAX,
            sequence: u32::MAX,
            link: Link([1; 32]),
        };
        let heads = |count: usize| Payload {
            heads: vec![head; count],
            ..payload(Content::Typing)
        };
        assert!(!is_refused(&heads(HEADS_MAX)));
        assert!(is_refused(&heads(HEADS_MAX + 1)));
    }

    #[test]
    fn a_text_that_grows_too_long_as_json_is_refused() {
        let refused = text(&"\u{1}".repeat(TEXT_CHARACTERS_MAX)).encode();
        assert!(matches!(refused, Err(PayloadError::TooLong)));
    }

    #[test]
    fn every_length_has_its_bucket() {
        let expected = [
            (0, Some(256)),
            (256, Some(256)),
            (257, Some(1_024)),
            (1_025, Some(4_096)),
            (4_097, Some(16_384)),
            (16_385, Some(32_768)),
            (PAYLOAD_BYTES_MAX, Some(PAYLOAD_BYTES_MAX)),
            (PAYLOAD_BYTES_MAX + 1, None),
        ];
        for (bytes, bucket) in expected {
            assert_eq!(bucket_bytes(bytes), bucket, "{bytes}");
        }
        assert_eq!(PAYLOAD_BYTES_MAX, 3 * STEP_BYTES);
    }

    fn some_content() -> BoxedStrategy<Content> {
        let id = || any::<[u8; 16]>().prop_map(MessageId);
        let kind = prop_oneof![Just(Receipt::Delivered), Just(Receipt::Read)];
        let contact =
            (0..i64::MAX, any::<[u8; 32]>(), any::<bool>()).prop_map(|(number, key, is_verified)| Contact {
                account: AccountId::from_number(number).unwrap(),
                identity: PublicKey(key),
                is_verified,
            });
        prop_oneof![
            (
                proptest::collection::vec(any::<char>(), 1..3_000),
                proptest::option::of(id())
            )
                .prop_map(|(characters, reply_to)| Content::Text {
                    text: characters.into_iter().collect(),
                    reply_to
                }),
            (kind, proptest::collection::vec(id(), 0..RECEIPT_MESSAGES_MAX))
                .prop_map(|(kind, of)| Content::Receipt { kind, of }),
            Just(Content::Typing),
            Just(Content::Left),
            proptest::collection::vec(any::<char>(), 1..NAME_CHARACTERS_MAX).prop_map(|characters| {
                Content::RoomName {
                    name: characters.into_iter().collect(),
                }
            }),
            proptest::collection::vec(contact, 0..CONTACTS_MAX)
                .prop_map(|contacts| Content::Contacts { contacts }),
        ]
        .boxed()
    }

    fn some_payload() -> impl Strategy<Value = Payload> {
        let head = (0..i64::MAX, any::<u32>(), any::<[u8; 32]>()).prop_map(|(number, sequence, link)| Head {
            account: AccountId::from_number(number).unwrap(),
            sequence,
            link: Link(link),
        });
        let heads = proptest::collection::vec(head, 0..4);
        (any::<[u8; 16]>(), any::<u64>(), heads, some_content()).prop_map(|(id, sent_ms, heads, content)| {
            Payload {
                id: MessageId(id),
                sent_ms,
                heads,
                content,
            }
        })
    }

    proptest! {
        #[test]
        fn a_payload_is_the_same_after_writing_and_reading(written in some_payload()) {
            let bytes = written.encode().expect("within the limits");
            prop_assert_eq!(Payload::decode(&bytes).expect("read"), written);
        }

        #[test]
        fn payloads_come_in_few_lengths_only(written in some_payload()) {
            let plain = serde_json::to_vec(&written).expect("written").len();
            let padded = written.encode().expect("within the limits").len();
            prop_assert!(BUCKETS_BYTES.contains(&padded) || padded % STEP_BYTES == 0);
            prop_assert!(padded >= plain);
            // All lengths between the bucket below and this one give this one.
            let below = BUCKETS_BYTES.into_iter().rev().find(|bucket| *bucket < padded).unwrap_or(0);
            let below = if padded > STEP_BYTES { padded - STEP_BYTES } else { below };
            prop_assert!(plain > below);
        }

        #[test]
        fn texts_of_one_bucket_have_one_length(one in "[a-z]{1,100}", other in "[a-z]{1,100}") {
            prop_assert_eq!(text(&one).encode().unwrap().len(), text(&other).encode().unwrap().len());
        }

        #[test]
        fn any_bytes_can_be_read(bytes in any::<Vec<u8>>()) {
            prop_assert!(Payload::decode(&bytes).is_err());
        }

        #[test]
        fn a_payload_with_other_bytes_in_it_is_read_within_the_limits_or_not_at_all(
            written in some_payload(), place in any::<proptest::sample::Index>(), byte in any::<u8>()
        ) {
            let mut bytes = written.encode().expect("within the limits");
            let at = place.index(bytes.len());
            bytes[at] = byte;
            if let Ok(read) = Payload::decode(&bytes) {
                prop_assert!(read.check().is_ok());
            }
        }
    }
}
