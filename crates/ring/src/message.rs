//! What machines of a ring say to each other, and what is not worth an answer.
//!
//! Every request carries a ticket, which its reply brings back; whoever gets a reply without having asked ignores it.
//! Messages travel one way and may be lost, doubled, late or forged.
//!
//! **Invariant:** new kinds are added at the end, and none is taken out or changed: the encoding counts them. A machine
//! that cannot read a message drops it, which to its sender looks like a lost one.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};
use tertulia_types::{MachineId, Position};

use crate::circle::distance;
use crate::pointer::Pointer;
use crate::settings::Settings;

/// Names a request; drawn at random, so that a reply to a former life of this machine does not fit.
pub type Ticket = u64;

/// How many machines a [`Message::Find`] may ask to be passed over.
pub const AVOID_MAX: usize = 32;

/// One message from one machine to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Who is the first machine at or after `key`? One step of a lookup.
    Find {
        /// Brought back by [`Message::Found`] or [`Message::Busy`].
        ticket: Ticket,
        /// The position that is looked up.
        key: Position,
        /// Machines that were tried and did not answer.
        avoid: Vec<MachineId>,
    },
    /// The next step towards it.
    Found {
        /// The request's.
        ticket: Ticket,
        /// Where to go on.
        step: Step,
    },
    /// Who are your predecessor and successors?
    Neighbours {
        /// Brought back by [`Message::Neighbourhood`] or [`Message::Busy`].
        ticket: Ticket,
    },
    /// The sender's own neighbours.
    Neighbourhood {
        /// The request's.
        ticket: Ticket,
        /// Its predecessor, if it knows one.
        predecessor: Option<Pointer>,
        /// Its successors, nearest first.
        successors: Vec<Pointer>,
    },
    /// The sender is alive, but no member (yet): it cannot answer.
    Busy {
        /// The request's.
        ticket: Ticket,
    },
    /// The sender takes itself for the receiver's predecessor.
    Notify,
    /// Are you there?
    Probe {
        /// Brought back by [`Message::Alive`].
        ticket: Ticket,
    },
    /// Yes.
    Alive {
        /// The request's.
        ticket: Ticket,
    },
    /// I cannot reach `target`: can you?
    ProbeFor {
        /// Brought back by [`Message::Verdict`].
        ticket: Ticket,
        /// Whom to probe.
        target: Pointer,
    },
    /// What came of a [`Message::ProbeFor`].
    Verdict {
        /// The request's.
        ticket: Ticket,
        /// Whether the target answered.
        alive: bool,
    },
    /// The sender leaves the ring, and says who its neighbours were.
    Leaving {
        /// Its predecessor, if it knows one.
        predecessor: Option<Pointer>,
        /// Its successors, nearest first.
        successors: Vec<Pointer>,
    },
    /// There is a machine between you and your successor, perhaps one that you do not know: it has joined, or comes from
    /// another ring.
    Meet {
        /// Which.
        machine: Pointer,
    },
}

/// An answer to one step of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// This is the first machine at or after the key, as far as the sender knows.
    Owner(Pointer),
    /// Ask this one, which is nearer to the key.
    Forward(Pointer),
    /// All that the sender knows on the way there are machines to be passed over.
    Nobody,
}

/// Why a message is refused: it can not come from a machine that keeps the rules. Nothing has changed by it; for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonsense {
    /// The sender has this machine's own name.
    OwnName,
    /// It puts another machine at this machine's position.
    OwnPosition(Pointer),
    /// It puts this machine at a position that it does not have.
    Misplaced(Position),
    /// A list is longer than any machine's.
    Oversized(usize),
    /// A list of successors is not in the order of the ring, or names a machine twice, or its owner.
    Disordered(Pointer),
    /// A reply of the wrong kind for its request, or from another machine than the one asked.
    NotAsked(Ticket),
    /// A step of a lookup that leads away from the key.
    Astray(Pointer),
    /// The sender was removed from the ring for good.
    Forgotten(MachineId),
}

impl fmt::Display for Nonsense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnName => write!(f, "the sender bears this machine's name"),
            Self::OwnPosition(pointer) => write!(f, "{pointer} would stand where this machine stands"),
            Self::Misplaced(position) => write!(f, "this machine does not stand at {position}"),
            Self::Oversized(length) => write!(f, "a list of {length} machines is too long"),
            Self::Disordered(pointer) => write!(f, "{pointer} is not in the order of the ring"),
            Self::NotAsked(ticket) => write!(f, "not an answer to request {ticket:016x}"),
            Self::Astray(pointer) => write!(f, "{pointer} does not lead to the key"),
            Self::Forgotten(machine) => write!(f, "machine {machine} was removed from the ring"),
        }
    }
}

impl Error for Nonsense {}

impl Message {
    /// The ticket that a reply brings back; none of anything else.
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        match self {
            Self::Found { ticket, .. }
            | Self::Neighbourhood { ticket, .. }
            | Self::Busy { ticket }
            | Self::Alive { ticket }
            | Self::Verdict { ticket, .. } => Some(*ticket),
            Self::Find { .. }
            | Self::Neighbours { .. }
            | Self::Notify
            | Self::Probe { .. }
            | Self::ProbeFor { .. }
            | Self::Leaving { .. }
            | Self::Meet { .. } => None,
        }
    }

    /// Whether the message can come from a machine that keeps the rules.
    ///
    /// # Errors
    /// What is wrong with it, for `me` to whom `from` has sent it.
    pub(crate) fn check(&self, me: Pointer, from: Pointer) -> Result<(), Nonsense> {
        if from.machine == me.machine {
            return Err(Nonsense::OwnName);
        }
        check_pointer(me, from)?;
        match self {
            Self::Neighbourhood {
                predecessor,
                successors,
                ..
            }
            | Self::Leaving {
                predecessor,
                successors,
            } => {
                if let Some(predecessor) = predecessor {
                    check_pointer(me, *predecessor)?;
                }
                check_list(me, from, successors)
            }
            Self::Find { avoid, .. } if avoid.len() > AVOID_MAX => Err(Nonsense::Oversized(avoid.len())),
            Self::Found { step, .. } => match step {
                Step::Owner(pointer) | Step::Forward(pointer) => check_pointer(me, *pointer),
                Step::Nobody => Ok(()),
            },
            Self::ProbeFor { target, .. } => check_pointer(me, *target),
            Self::Meet { machine } => check_pointer(me, *machine),
            Self::Find { .. }
            | Self::Neighbours { .. }
            | Self::Busy { .. }
            | Self::Notify
            | Self::Probe { .. }
            | Self::Alive { .. }
            | Self::Verdict { .. } => Ok(()),
        }
    }
}

fn check_pointer(me: Pointer, pointer: Pointer) -> Result<(), Nonsense> {
    match (pointer.machine == me.machine, pointer.position == me.position) {
        (true, false) => Err(Nonsense::Misplaced(pointer.position)),
        (false, true) => Err(Nonsense::OwnPosition(pointer)),
        (true, true) | (false, false) => Ok(()),
    }
}

/// A list of successors goes once round at most: each one further from its owner than the one before.
fn check_list(me: Pointer, owner: Pointer, list: &[Pointer]) -> Result<(), Nonsense> {
    if list.len() > Settings::SUCCESSORS_MAX {
        return Err(Nonsense::Oversized(list.len()));
    }
    let mut reached = 0;
    for (place, &pointer) in list.iter().enumerate() {
        check_pointer(me, pointer)?;
        let way = distance(owner.position, pointer.position);
        let named_before = list[..place].iter().any(|other| other.machine == pointer.machine);
        if way <= reached || pointer.machine == owner.machine || named_before {
            return Err(Nonsense::Disordered(pointer));
        }
        reached = way;
    }
    Ok(())
}
