//! How an entry lies in the log engine.
//!
//! The engine wants protobuf messages. A record is one in name only: a fixed head and opaque bytes, written and read by hand, so that a payload is
//! neither encoded twice nor described by a schema. The engine adds checksums, compression and the index.
//!
//! **Invariant:** a kind's number never changes its meaning; a new meaning is a new number.

use std::any::Any;
use std::sync::LazyLock;

use bytes::Bytes;
use openraft::EntryPayload;
use openraft::vote::leader_id_std::CommittedLeaderId;
use protobuf::reflect::MessageDescriptor;
use protobuf::{
    Clear, CodedInputStream, CodedOutputStream, Message, ProtobufError, ProtobufResult, UnknownFields,
};

use super::{Entry, LogId, Payload};
use crate::seal::Sealer;

const BLANK: u8 = 0;
const NORMAL: u8 = 1;
const MEMBERSHIP: u8 = 2;

/// Index, term and kind, before the payload's length.
const HEAD_BYTES: u32 = 8 + 8 + 1;

/// One entry of one group's log, as stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    index: u64,
    term: u64,
    kind: u8,
    payload: Bytes,
    absent: UnknownFields,
}

/// A record that this version cannot read: written by another one, or damaged beyond what the engine's checksums see.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A kind of entry that this version does not know.
    #[error("log entry {index} is of the unknown kind {kind}; a newer version wrote it")]
    Kind {
        /// Where.
        index: u64,
        /// What was found.
        kind: u8,
    },
    /// It does not open with the ring's data key.
    #[error(
        "log entry {index} is not encrypted under this ring's key, or is damaged; have this machine removed and join again with an empty data directory"
    )]
    Sealed {
        /// Where.
        index: u64,
    },
    /// A membership that does not decode.
    #[error("log entry {index} holds no readable membership")]
    Membership {
        /// Where.
        index: u64,
        /// Why.
        source: postcard::Error,
    },
}

impl Record {
    /// Its place in the order of all entries.
    pub(crate) fn log_id(&self) -> LogId {
        LogId::new(CommittedLeaderId::new(self.term), self.index)
    }

    /// The same record with its content sealed; its place stays readable.
    pub(crate) fn sealed(self, group: u64, sealer: &Sealer) -> std::io::Result<Self> {
        let payload = sealer.seal(&self.about(group), &self.payload)?.into();
        Ok(Self { payload, ..self })
    }

    /// The record as it was before it was sealed.
    pub(crate) fn unsealed(self, group: u64, sealer: &Sealer) -> Result<Self, Unreadable> {
        let payload = sealer.open(&self.about(group), &self.payload);
        let payload = payload.ok_or(Unreadable::Sealed { index: self.index })?.into();
        Ok(Self { payload, ..self })
    }

    /// What a sealed content belongs to.
    fn about(&self, group: u64) -> Vec<u8> {
        [
            &b"entry"[..],
            &group.to_be_bytes(),
            &self.index.to_be_bytes(),
            &self.term.to_be_bytes(),
            &[self.kind],
        ]
        .concat()
    }

    /// The record of an entry.
    pub(crate) fn of(entry: &Entry) -> Result<Self, postcard::Error> {
        let (kind, payload) = match &entry.payload {
            EntryPayload::Blank => (BLANK, Bytes::new()),
            EntryPayload::Normal(payload) => (NORMAL, payload.0.clone()),
            EntryPayload::Membership(membership) => {
                (MEMBERSHIP, Bytes::from(postcard::to_stdvec(membership)?))
            }
        };
        Ok(Self {
            index: entry.log_id.index,
            term: entry.log_id.leader_id.term,
            kind,
            payload,
            absent: UnknownFields::new(),
        })
    }

    /// The entry of a record.
    pub(crate) fn entry(self) -> Result<Entry, Unreadable> {
        let log_id = self.log_id();
        let index = self.index;
        let payload = match self.kind {
            BLANK => EntryPayload::Blank,
            NORMAL => EntryPayload::Normal(Payload(self.payload)),
            MEMBERSHIP => EntryPayload::Membership(
                postcard::from_bytes(&self.payload)
                    .map_err(|source| Unreadable::Membership { index, source })?,
            ),
            kind => return Err(Unreadable::Kind { index, kind }),
        };
        Ok(Entry { log_id, payload })
    }
}

/// Tells the engine where a record's index is.
pub(crate) struct Layout;

impl raft_engine::MessageExt for Layout {
    type Entry = Record;

    fn index(record: &Record) -> u64 {
        record.index
    }
}

impl Clear for Record {
    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Message for Record {
    fn descriptor(&self) -> &'static MessageDescriptor {
        unreachable!("only asked for to name the missing fields of a message, and a record has none")
    }

    fn is_initialized(&self) -> bool {
        true
    }

    fn merge_from(&mut self, input: &mut CodedInputStream<'_>) -> ProtobufResult<()> {
        self.index = input.read_raw_little_endian64()?;
        self.term = input.read_raw_little_endian64()?;
        self.kind = input.read_raw_byte()?;
        let length = input.read_raw_varint32()?;
        if u64::from(length) > input.bytes_until_limit() {
            return Err(ProtobufError::IoError(std::io::ErrorKind::UnexpectedEof.into()));
        }
        self.payload = Bytes::from(input.read_raw_bytes(length)?);
        Ok(())
    }

    fn write_to_with_cached_sizes(&self, output: &mut CodedOutputStream<'_>) -> ProtobufResult<()> {
        output.write_raw_little_endian64(self.index)?;
        output.write_raw_little_endian64(self.term)?;
        output.write_raw_byte(self.kind)?;
        output.write_raw_varint32(self.payload.len() as u32)?;
        output.write_raw_bytes(&self.payload)
    }

    fn compute_size(&self) -> u32 {
        let length = self.payload.len() as u32;
        HEAD_BYTES + protobuf::rt::compute_raw_varint32_size(length) + length
    }

    fn get_cached_size(&self) -> u32 {
        self.compute_size()
    }

    fn get_unknown_fields(&self) -> &UnknownFields {
        &self.absent
    }

    fn mut_unknown_fields(&mut self) -> &mut UnknownFields {
        &mut self.absent
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn new() -> Self {
        Self::default()
    }

    fn default_instance() -> &'static Self {
        static EMPTY: LazyLock<Record> = LazyLock::new(Record::default);
        &EMPTY
    }
}
