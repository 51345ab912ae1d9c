//! What machines ask each other beside the groups' own business: each question has its answer's type.
//!
//! A question travels as a letter to group 0, postcard inside. **Invariant:** new questions are added at the end of [`Question`]; a machine that cannot read
//! one says so, and the asker goes on without.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tertulia_ring::message::Message;
use tertulia_state::{Descriptor, Event};
use tertulia_types::ring::{Hop, MachineStatus, RangeStatus};
use tertulia_types::{MachineId, Position};

use crate::events::Place;
use crate::failure::Unavailable;
use crate::peers::{News, Seen};
use crate::raft::network::{Call, Letter, Transport};
use crate::raft::{Member, NodeId};
use crate::roll::Roll;
use crate::table::Route;
use crate::trace;

/// The group that questions to the machine itself are addressed to; no group has this id.
pub(crate) const MACHINE: u64 = 0;

/// A question, and what answers it.
pub(crate) trait Ask: Into<Question> + Send {
    /// What the other machine says.
    type Answer: Serialize + DeserializeOwned + Send;
}

/// Any question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    Chord(Chord),
    Locate(Locate),
    Report(Report),
    Invite(Invite),
    Dismiss(Dismiss),
    CallRoll(CallRoll),
    Compare(Compare),
    Exchange(Exchange),
    Opinion(Opinion),
    Hear(Hear),
    Hour(Hour),
    Muster(Muster),
    Rest(Rest),
    Lend(Lend),
    TakeBack(TakeBack),
}

macro_rules! questions {
    ($($name:ident => $answer:ty),* $(,)?) => {$(
        impl From<$name> for Question {
            fn from(question: $name) -> Self {
                Self::$name(question)
            }
        }
        impl Ask for $name {
            type Answer = $answer;
        }
    )*};
}

questions! {
    Chord => (),
    Locate => Option<Located>,
    Report => Reported,
    Invite => Result<Member, Refused>,
    Dismiss => bool,
    CallRoll => Option<Roll>,
    Compare => Option<Vec<Seen>>,
    Exchange => Vec<News>,
    Opinion => Option<u64>,
    Hear => Option<Told>,
    Hour => u64,
    Muster => Mustered,
    Rest => bool,
    Lend => Result<Lent, NotLent>,
    TakeBack => (),
}

/// What have you of a group that may be lost (V4)?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Muster {
    pub(crate) group: u64,
}

/// What a machine has of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mustered {
    /// No copy that runs.
    Nothing,
    /// A copy; its log ends so.
    Copy { end: (u64, u64) },
    /// It goes on from its own copy, as another group, or is about to.
    GoesOn,
}

/// A message of the ring's, one way; the sender stands at this position.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Chord {
    pub(crate) position: Position,
    pub(crate) message: Message,
}

/// Who keeps a position? Asked from machine to machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Locate {
    pub(crate) position: Position,
    /// How many more machines may be asked on the way.
    pub(crate) hops: u8,
    /// Machines that have been asked, or do not answer.
    pub(crate) avoid: Vec<MachineId>,
}

/// Where a position is kept, and the way there: its last hop is the machine that knew.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Located {
    pub(crate) route: Route,
    pub(crate) hops: Vec<Hop>,
}

/// How are you, and what do you keep?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Report {}

/// A machine's own account of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reported {
    pub(crate) machine: MachineStatus,
    pub(crate) ranges: Vec<RangeStatus>,
    /// Its clock, milliseconds since 1970.
    pub(crate) clock_ms: u64,
}

/// Become a learner of a group that I lead (R2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Invite {
    pub(crate) origin: Descriptor,
    pub(crate) node: NodeId,
    /// The members now: a copy that is there under an id which is not among them goes first.
    pub(crate) roll: Roll,
}

/// Why an invitation cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum Refused {
    /// A member under another id is here, or a newer one was.
    #[error("a copy of the group is there already")]
    KnownHere,
    /// This machine stores nothing, or is leaving.
    #[error("the machine takes no copies")]
    TakesNone,
    /// The disk or the like.
    #[error("the machine cannot make a copy now; its log says why")]
    Failed,
    /// Another group goes on instead (V4).
    #[error("the group was given up; another goes on instead")]
    GivenUp,
}

/// You are no member of this group any more (R5).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dismiss {
    pub(crate) group: u64,
    pub(crate) roll: Roll,
}

/// Who belongs to this group, as far as is committed (R5)?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct CallRoll {
    pub(crate) group: u64,
}

/// Do our address books say the same? If not, the answer is what yours has, in short.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Compare {
    pub(crate) digest: [u8; 32],
}

/// Take these news of mine, and give me what I do not have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) summary: Vec<Seen>,
    pub(crate) news: Vec<News>,
}

/// For how long have you not heard of this machine, in milliseconds (J6)? `None`: it answers, or was never known.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Opinion {
    pub(crate) machine: MachineId,
}

/// What has happened in this group since then? The answer comes when there is something, or after a while; `None` without a copy of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Hear {
    pub(crate) group: u64,
    /// `None` to begin now.
    pub(crate) after: Option<Place>,
}

/// What has happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) events: Vec<Event>,
    /// To go on from.
    pub(crate) place: Place,
    /// Whether nothing is missing.
    pub(crate) is_all: bool,
}

/// What time is it, in milliseconds since 1970 (C3)?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Hour {}

/// Carry nothing of what homes owe each other for a while: a backup is being made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Rest {
    /// Which backup.
    pub(crate) backup: u64,
    pub(crate) rests: Rests,
}

/// What is to become of a rest. The answer says whether it has begun, or has lasted until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rests {
    /// It begins.
    Begin,
    /// It lasts longer.
    GoOn,
    /// It is over.
    End,
}

/// Make a copy of the group that owns a position, of all that was acknowledged before now, and keep it for a while.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Lend {
    pub(crate) position: Position,
    /// What the copy is called from now on; drawn by whoever asks.
    pub(crate) loan: u64,
}

/// Why no copy is lent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum NotLent {
    /// Not now, or not here.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The disk would be full.
    #[error("there is no room for a copy on its disk")]
    NoRoom,
}

/// A copy that was lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lent {
    /// The group as of then.
    pub(crate) descriptor: Descriptor,
    /// The last entry whose effects are in it.
    pub(crate) applied: u64,
    pub(crate) length_bytes: u64,
}

/// A block of a copy that was lent: what is there from an offset on, up to a length; with none, the copy is kept for longer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Leaf {
    pub(crate) loan: u64,
    pub(crate) offset_bytes: u64,
    pub(crate) length_bytes: u32,
}

/// I need these copies no more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TakeBack {
    pub(crate) loans: Vec<u64>,
}

/// Asks.
#[derive(Clone)]
pub(crate) struct Caller(pub(crate) Arc<dyn Transport>);

impl Caller {
    /// Asks a machine, and waits for its answer until the deadline at most.
    pub(crate) async fn ask<A: Ask>(
        &self,
        to: MachineId,
        question: A,
        deadline: Duration,
    ) -> Result<A::Answer, Unavailable> {
        let question: Question = question.into();
        let body = postcard::to_stdvec(&question).map_err(|_| Unavailable::Sick)?;
        let letter = Letter {
            group: MACHINE,
            to: None,
            call: Call::Ask,
            body: body.into(),
            trace: trace::id(),
        };
        let answer = self.0.exchange(to, letter, deadline).await;
        match answer {
            Ok(Ok(bytes)) => postcard::from_bytes(&bytes).map_err(|_| Unavailable::Unreached),
            Ok(Err(_)) | Err(crate::raft::network::Unreached::NoWay(_)) => Err(Unavailable::Unreached),
            Err(crate::raft::network::Unreached::Silent(_)) => Err(Unavailable::Timeout),
        }
    }
}

impl Caller {
    /// Asks for a block of a copy that was lent; nothing, if the other machine has it no more.
    pub(crate) async fn leaf(&self, to: MachineId, leaf: Leaf, deadline: Duration) -> Option<Bytes> {
        let letter = Letter {
            group: MACHINE,
            to: None,
            call: Call::Lent,
            body: postcard::to_stdvec(&leaf).ok()?.into(),
            trace: None,
        };
        self.0.exchange(to, letter, deadline).await.ok()?.ok()
    }
}

/// An answer as it travels.
pub(crate) fn encoded<A: Ask>(answer: &A::Answer) -> Option<Bytes> {
    postcard::to_stdvec(answer).ok().map(Bytes::from)
}
