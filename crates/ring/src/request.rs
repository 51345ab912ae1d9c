//! Requests that are under way, and what each was sent for. What its answer or its silence leads to is in `exchange`.

use tertulia_types::{MachineId, Position};

use crate::message::{Message, Ticket};
use crate::pointer::Pointer;

/// A request that has not been answered yet.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) to: Pointer,
    pub(crate) sent_ms: u64,
    pub(crate) due_ms: u64,
    pub(crate) aim: Aim,
}

/// What a request was sent for.
#[derive(Clone, Debug)]
pub(crate) enum Aim {
    /// `Probe`: a sign of life.
    Life,
    /// `Probe`: a sign of life, because another machine asks for it.
    LifeFor { asker: Pointer, ticket: Ticket },
    /// `ProbeFor`: whether another machine can reach a suspect.
    Doubt { suspect: MachineId },
    /// `Probe`: whether the machine that would become the finger is there.
    Finger { exponent: u8 },
    /// `Probe`: whether the machine that a leaving predecessor has named is there.
    Predecessor,
    /// `Neighbours`, to the first successor.
    Stabilise,
    /// `Neighbours`, to a machine that may be a nearer successor.
    Nearer,
    /// `Neighbours`, to the machine that a lookup has found to come after a joining one.
    Copy,
    /// `Neighbours`, to a machine that was known before the restart.
    Recall,
    /// `Find`: a step of a lookup.
    Lookup(Lookup),
}

/// A lookup under way, one machine after the other.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    pub(crate) key: Position,
    pub(crate) purpose: Purpose,
    /// The machines that have led here, in order: who to go back to when the next one is silent.
    pub(crate) path: Vec<Pointer>,
    /// The machines that were silent.
    pub(crate) avoid: Vec<MachineId>,
    pub(crate) steps: u32,
}

impl Aim {
    /// Whether this kind of message answers this kind of request.
    pub(crate) fn awaits(&self, message: &Message) -> bool {
        match message {
            Message::Alive { .. } => match self {
                Self::Life
                | Self::LifeFor { .. }
                | Self::Doubt { .. }
                | Self::Finger { .. }
                | Self::Predecessor => true,
                Self::Stabilise | Self::Nearer | Self::Copy | Self::Recall | Self::Lookup(_) => false,
            },
            Message::Neighbourhood { .. } => self.asks_neighbours(),
            Message::Busy { .. } => self.asks_neighbours() || matches!(self, Self::Lookup(_)),
            Message::Found { .. } => matches!(self, Self::Lookup(_)),
            Message::Verdict { .. } => matches!(self, Self::Doubt { .. }),
            Message::Find { .. }
            | Message::Neighbours { .. }
            | Message::Notify
            | Message::Probe { .. }
            | Message::ProbeFor { .. }
            | Message::Leaving { .. }
            | Message::Meet { .. } => false,
        }
    }

    fn asks_neighbours(&self) -> bool {
        matches!(self, Self::Stabilise | Self::Nearer | Self::Copy | Self::Recall)
    }
}

/// What a lookup is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To find the machine that comes after a joining one.
    Join,
    /// To refresh a finger.
    Finger(u8),
    /// To find who comes after this machine in the ring of a machine that has answered it when it was alone.
    Place,
}

impl Lookup {
    /// No lookup takes more steps, whatever the answers. A ring of 2^20 machines needs 15 at the 99th percentile.
    pub(crate) const STEPS_MAX: u32 = 128;

    pub(crate) fn new(key: Position, purpose: Purpose) -> Self {
        Self {
            key,
            purpose,
            path: Vec::new(),
            avoid: Vec::new(),
            steps: 0,
        }
    }
}
