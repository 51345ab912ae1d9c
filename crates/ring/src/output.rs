//! What the machine wants done, and what it has noticed.

use crate::message::Message;
use crate::pointer::Pointer;

/// Something for the shell to do or to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Carry this to that machine, once, without waiting. What is lost on the way is asked again later.
    Send {
        /// To whom.
        to: Pointer,
        /// What.
        message: Message,
    },
    /// This has happened.
    Event(Event),
}

/// What has happened to this machine's picture of the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The machine is a member: its successor has answered and its list is copied.
    Joined {
        /// The machine that comes after it.
        successor: Pointer,
    },
    /// The join was given up. The machine is outside; `join` may be called again, with another contact.
    JoinFailed {
        /// What stood in the way at the last attempt.
        why: JoinFailure,
    },
    /// The list of successors is another one now, nearest first; empty when the machine is alone.
    Successors(Vec<Pointer>),
    /// The predecessor is another one now; none while it is not known, or when the machine is alone.
    Predecessor(Option<Pointer>),
    /// It has left too many probes unanswered; others are being asked. Route around it, lead instead of it.
    Suspected(Pointer),
    /// It was suspected or held dead, and has given a sign of life.
    Cleared(Pointer),
    /// It was suspected, and nobody asked could reach it: dropped from all pointers. Remember it, and try it now and
    /// then: if it answers, call `meet`.
    Dead(Pointer),
    /// It has said goodbye, and is dropped from all pointers.
    Left(Pointer),
    /// This machine itself was away for so long that its silence may be the others' complaint. It suspects nobody until
    /// a round of probes has passed calmly.
    Late {
        /// By how much it woke too late.
        late_ms: u64,
    },
    /// A round has passed calmly after [`Event::Late`].
    Calm,
}

/// Why a join came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinFailure {
    /// The contact did not answer, or is no member itself.
    Contact,
    /// The contact knows the way no further: the machines that it named do not answer.
    Lookup,
    /// The machine that would be the successor did not answer.
    Successor,
    /// Another machine stands at this very position. That is not tried again.
    Taken,
}

/// Where a lookup for a key goes from one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// Nowhere: this machine is the first at or after the key, as far as it knows.
    Here,
    /// To the first machine at or after the key, which is one of this machine's successors: the last hop.
    Owner(Pointer),
    /// To a machine between this one and the key, the nearest to the key that is known here.
    Forward(Pointer),
}
