//! What goes over the wire between machines: gRPC (HTTP/2, protobuf) in TLS, with the messages written down here.
//!
//! `Talk` is a stream in both directions, of [`Frame`]s: after a [`Hello`] from each end come letters and answers in any order, an answer naming its letter by
//! number. Each pair of machines keeps two open, a swift one and one for the blocks of snapshots ([`Class`]), so that bulk never delays a heartbeat.
//! `Ask` is the [door](super::door).
//!
//! **Invariant:** the meaning of a number never changes; what is new gets a new one. Numbers that are not known are answered, not obeyed.

use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use prost::{Message, Oneof};
use tertulia_state::Descriptor;
use tertulia_state::range::Origin;
use tertulia_types::{MachineId, Range, Slot};

use super::ring_id::RingId;
use crate::raft::network::{Absence, Call, Letter, Recipient};

/// How long the other end may take to say hello. It may have to ask a second self first.
pub(crate) const HELLO_TIME_MAX: Duration = Duration::from_secs(3);
/// A silent connection is asked for a sign of life this often, and given up after that long without one.
pub(crate) const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(2);
pub(crate) const KEEP_ALIVE_TIME_MAX: Duration = Duration::from_secs(4);
/// What may be under way before the other end takes it.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 8 << 20;
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// Headers of one request.
pub(crate) const HEADER_BYTES_MAX: u32 = 16 << 10;
/// The protocol that this version speaks, and the oldest one that it understands.
pub(crate) const VERSION: u32 = 1;
pub(crate) const VERSION_MIN: u32 = 1;
/// The largest message. Consensus sends less at a time; a verb is much smaller.
pub(crate) const FRAME_BYTES_MAX: usize = 8 << 20;
/// What a letter or answer may carry: the rest is for the frame around it.
pub(crate) const BODY_BYTES_MAX: usize = FRAME_BYTES_MAX - 4096;
/// The largest question at the door; nobody has proved anything yet.
pub(crate) const QUESTION_BYTES_MAX: usize = 64 << 10;

pub(crate) const TALK: &str = "/tertulia.Peers/Talk";
pub(crate) const ASK: &str = "/tertulia.Door/Ask";

pub(crate) fn path(path: &'static str) -> PathAndQuery {
    PathAndQuery::from_static(path)
}

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// All but the blocks of snapshots and of copies that are lent.
    Swift,
    /// These.
    Bulk,
}

impl Class {
    pub(crate) fn of(letter: &Letter) -> Self {
        if matches!(letter.call, Call::Block | Call::Lent) {
            Self::Bulk
        } else {
            Self::Swift
        }
    }

    fn number(self) -> u32 {
        match self {
            Self::Swift => 0,
            Self::Bulk => 1,
        }
    }
}

/// One message of `Talk`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Frame {
    #[prost(oneof = "Content", tags = "1, 2, 3, 4, 5, 6")]
    pub(crate) content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Content {
    #[prost(message, tag = "1")]
    Hello(Hello),
    #[prost(message, tag = "2")]
    Refusal(RefusalFrame),
    #[prost(message, tag = "3")]
    Letter(LetterFrame),
    #[prost(message, tag = "4")]
    Answer(AnswerFrame),
    /// Are you there? Not asked of the connection, but of the process.
    #[prost(uint64, tag = "5")]
    Ping(u64),
    #[prost(uint64, tag = "6")]
    Pong(u64),
}

impl From<Content> for Frame {
    fn from(content: Content) -> Self {
        Self {
            content: Some(content),
        }
    }
}

/// The first frame of each end.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Hello {
    #[prost(uint32, tag = "1")]
    pub(crate) version: u32,
    #[prost(uint32, tag = "2")]
    pub(crate) version_min: u32,
    #[prost(fixed64, tag = "3")]
    pub(crate) ring: u64,
    #[prost(fixed64, tag = "4")]
    pub(crate) machine: u64,
    /// The life of the data directory.
    #[prost(fixed64, tag = "5")]
    pub(crate) incarnation: u64,
    /// The life of the process: random at its start.
    #[prost(fixed64, tag = "6")]
    pub(crate) run: u64,
    #[prost(uint32, tag = "7")]
    pub(crate) class: u32,
}

impl Hello {
    pub(crate) fn new(ring: RingId, machine: MachineId, life: Life, class: Class) -> Self {
        Self {
            version: VERSION,
            version_min: VERSION_MIN,
            ring: ring.0,
            machine: machine.0,
            incarnation: life.incarnation,
            run: life.run,
            class: class.number(),
        }
    }

    pub(crate) fn class(&self) -> Option<Class> {
        [Class::Swift, Class::Bulk]
            .into_iter()
            .find(|class| class.number() == self.class)
    }

    pub(crate) fn life(&self) -> Life {
        Life {
            incarnation: self.incarnation,
            run: self.run,
        }
    }

    pub(crate) fn is_understood(&self) -> bool {
        self.version >= VERSION_MIN && self.version_min <= VERSION
    }
}

/// Which process speaks for a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) incarnation: u64,
    pub(crate) run: u64,
}

/// Instead of a hello.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RefusalFrame {
    #[prost(uint32, tag = "1")]
    pub(crate) reason: u32,
}

/// Why a machine does not want to talk with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// It speaks something newer or older.
    #[error("it speaks another version of the protocol; bring both machines to the same version")]
    Version,
    /// It belongs to another ring.
    #[error("it belongs to another ring")]
    Ring,
    /// It was removed for good.
    #[error(
        "the machine was removed from the ring for good; a new data directory makes it another machine, which may join"
    )]
    Removed,
    /// It has shown no certificate, or another machine's.
    #[error("the machine that answers there is another one")]
    Certificate,
    /// Its certificate has expired, or a clock is wrong.
    #[error("the machine's certificate has expired, or the clock of one of the two is wrong")]
    Expired,
    /// Somebody else is it already.
    #[error(
        "two machines run with one identity; stop one of them, and give it a data directory of its own with which it may join"
    )]
    SecondSelf,
    /// Not now.
    #[error("it has too much to do")]
    Busy,
    /// Something that this version does not know.
    #[error("it gives a reason that this version does not know")]
    Unknown,
}

impl Refusal {
    const ALL: [(Self, u32); 7] = [
        (Self::Version, 1),
        (Self::Ring, 2),
        (Self::Removed, 3),
        (Self::Certificate, 4),
        (Self::Expired, 5),
        (Self::SecondSelf, 6),
        (Self::Busy, 7),
    ];

    pub(crate) fn to_frame(self) -> Frame {
        let number = Self::ALL.iter().find(|(reason, _)| *reason == self);
        let reason = number.map_or(0, |(_, number)| *number);
        Content::Refusal(RefusalFrame { reason }).into()
    }

    pub(crate) fn from_number(number: u32) -> Self {
        let known = Self::ALL.iter().find(|(_, known)| *known == number);
        known.map_or(Self::Unknown, |(reason, _)| *reason)
    }
}

/// A letter.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct LetterFrame {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    /// How long the sender waits.
    #[prost(uint64, tag = "2")]
    pub(crate) deadline_ms: u64,
    #[prost(fixed64, tag = "3")]
    pub(crate) group: u64,
    #[prost(message, optional, tag = "4")]
    pub(crate) to: Option<RecipientFrame>,
    #[prost(uint32, tag = "5")]
    pub(crate) call: u32,
    #[prost(bytes = "bytes", tag = "6")]
    pub(crate) body: Bytes,
    /// For which request; 0 for none.
    #[prost(fixed64, tag = "7")]
    pub(crate) trace: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RecipientFrame {
    #[prost(uint64, tag = "1")]
    pub(crate) node: u64,
    #[prost(fixed64, tag = "2")]
    pub(crate) incarnation: u64,
    #[prost(message, optional, tag = "3")]
    pub(crate) origin: Option<OriginFrame>,
    #[prost(message, optional, tag = "4")]
    pub(crate) stretch: Option<StretchFrame>,
}

/// What a group owns: the slots behind `after`, up to and with `last`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct StretchFrame {
    #[prost(uint32, tag = "1")]
    pub(crate) after: u32,
    #[prost(uint32, tag = "2")]
    pub(crate) last: u32,
    #[prost(uint64, tag = "3")]
    pub(crate) epoch: u64,
}

impl StretchFrame {
    fn new(descriptor: Descriptor) -> Self {
        Self {
            after: descriptor.range.start().slot().0.into(),
            last: descriptor.range.end().slot().0.into(),
            epoch: descriptor.epoch,
        }
    }

    fn descriptor(&self, group: u64) -> Option<Descriptor> {
        let slot = |number: u32| u16::try_from(number).ok().map(Slot);
        Some(Descriptor {
            group,
            range: Range::between(slot(self.after)?, slot(self.last)?),
            epoch: self.epoch,
        })
    }
}

/// The split that a group was born by.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct OriginFrame {
    #[prost(fixed64, tag = "1")]
    pub(crate) parent: u64,
    #[prost(uint64, tag = "2")]
    pub(crate) index: u64,
}

/// What came of a letter.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct AnswerFrame {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    /// 0: the body is the answer; else why there is none.
    #[prost(uint32, tag = "2")]
    pub(crate) absence: u32,
    #[prost(bytes = "bytes", tag = "3")]
    pub(crate) body: Bytes,
}

/// A question at the door, or the answer to one: postcard, in the shape of its version.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Envelope {
    #[prost(uint32, tag = "1")]
    pub(crate) version: u32,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) body: Bytes,
}

impl LetterFrame {
    pub(crate) fn new(id: u64, deadline_ms: u64, letter: Letter) -> Self {
        Self {
            id,
            deadline_ms,
            group: letter.group,
            to: letter.to.map(|to| RecipientFrame {
                node: to.node,
                incarnation: to.incarnation,
                origin: to
                    .origin
                    .map(|Origin { parent, index }| OriginFrame { parent, index }),
                stretch: to.descriptor.map(StretchFrame::new),
            }),
            call: call_number(letter.call),
            body: letter.body,
            trace: letter.trace.unwrap_or(0),
        }
    }

    /// The letter; `None` if it asks for something that this version does not know.
    pub(crate) fn letter(self) -> Option<Letter> {
        Some(Letter {
            group: self.group,
            to: self.to.map(|to| Recipient {
                node: to.node,
                incarnation: to.incarnation,
                origin: to
                    .origin
                    .map(|OriginFrame { parent, index }| Origin { parent, index }),
                descriptor: to.stretch.and_then(|stretch| stretch.descriptor(self.group)),
            }),
            call: call_of(self.call)?,
            body: self.body,
            trace: Some(self.trace).filter(|id| *id != 0),
        })
    }
}

impl AnswerFrame {
    pub(crate) fn new(id: u64, answer: Result<Bytes, Absence>) -> Self {
        let (absence, body) = match answer {
            Ok(body) if body.len() <= BODY_BYTES_MAX => (0, body),
            Ok(body) => {
                tracing::error!(bytes = body.len(), "an answer is too long for the wire");
                (absence_number(Absence::Garbled), Bytes::new())
            }
            Err(absence) => (absence_number(absence), Bytes::new()),
        };
        Self { id, absence, body }
    }

    pub(crate) fn answer(self) -> Result<Bytes, Absence> {
        match self.absence {
            0 => Ok(self.body),
            number => Err(absence_of(number)),
        }
    }
}

/// All calls, each with its number.
const CALLS: [Call; 10] = [
    Call::Append,
    Call::Vote,
    Call::PreVote,
    Call::Transfer,
    Call::Block,
    Call::Install,
    Call::Submit,
    Call::Query,
    Call::Ask,
    Call::Lent,
];

fn call_number(call: Call) -> u32 {
    match call {
        Call::Append => 1,
        Call::Vote => 2,
        Call::PreVote => 3,
        Call::Transfer => 4,
        Call::Block => 5,
        Call::Install => 6,
        Call::Submit => 7,
        Call::Query => 8,
        Call::Ask => 9,
        Call::Lent => 10,
    }
}

fn call_of(number: u32) -> Option<Call> {
    CALLS.into_iter().find(|call| call_number(*call) == number)
}

fn absence_number(absence: Absence) -> u32 {
    match absence {
        Absence::NotYet => 1,
        Absence::Gone => 2,
        Absence::NeverHeard => 3,
        Absence::Garbled => 4,
        Absence::Stopped => 5,
    }
}

fn absence_of(number: u32) -> Absence {
    let all = [
        Absence::NotYet,
        Absence::Gone,
        Absence::NeverHeard,
        Absence::Garbled,
        Absence::Stopped,
    ];
    let known = all.into_iter().find(|absence| absence_number(*absence) == number);
    known.unwrap_or(Absence::Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_call_and_reason_survives_the_wire() {
        for call in CALLS {
            let letter = Letter {
                group: 7,
                to: Some(Recipient {
                    node: 3,
                    incarnation: u64::MAX,
                    origin: Some(Origin { parent: 5, index: 6 }),
                    descriptor: Some(Descriptor {
                        group: 7,
                        range: Range::between(Slot(9), Slot(4)),
                        epoch: 2,
                    }),
                }),
                call,
                body: Bytes::from_static(b"body"),
                trace: Some(11),
            };
            let frame = LetterFrame::new(9, 100, letter.clone());
            let frame = LetterFrame::decode(&*frame.encode_to_vec()).unwrap();
            assert_eq!((frame.id, frame.deadline_ms), (9, 100));
            assert_eq!(frame.letter(), Some(letter));
        }
        assert_eq!(call_of(0), None);
        assert_eq!(call_of(CALLS.len() as u32 + 1), None, "a new call is in the list");
        for absence in [
            Absence::NotYet,
            Absence::Gone,
            Absence::NeverHeard,
            Absence::Garbled,
            Absence::Stopped,
        ] {
            assert_eq!(AnswerFrame::new(1, Err(absence)).answer(), Err(absence));
        }
        for (reason, number) in Refusal::ALL {
            assert_eq!(Refusal::from_number(number), reason);
        }
        assert_eq!(Refusal::from_number(99), Refusal::Unknown);
        let long = Bytes::from(vec![0; BODY_BYTES_MAX + 1]);
        assert_eq!(AnswerFrame::new(1, Ok(long)).answer(), Err(Absence::Garbled));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(frame) = Frame::decode(&*bytes) {
                prop_assert_eq!(Frame::decode(&*frame.encode_to_vec()).unwrap(), frame);
            }
        }
    }
}
