//! Requests that are under way: what each was sent for, and what its answer or its silence leads to.

use tertulia_types::{MachineId, Position};

use crate::message::{Message, Nonsense, Ticket};
use crate::output::JoinFailure;
use crate::pointer::Pointer;
use crate::ring::{Ring, Stage};

/// How many requests may be under way. It takes a fault to have more than a few dozen.
const REQUESTS_MAX: usize = 512;

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

impl Ring {
    /// Sends a request; `message` is given its ticket.
    pub(crate) fn ask(
        &mut self,
        now_ms: u64,
        to: Pointer,
        aim: Aim,
        patience_ms: u64,
        message: impl FnOnce(Ticket) -> Message,
    ) {
        if self.requests.len() >= REQUESTS_MAX {
            return;
        }
        let ticket = self.dice.roll();
        let request = Request {
            to,
            sent_ms: now_ms,
            due_ms: now_ms + patience_ms,
            aim,
        };
        self.requests.insert(ticket, request);
        self.send(to, message(ticket));
    }

    pub(crate) fn probe(&mut self, now_ms: u64, to: Pointer, aim: Aim) {
        let patience_ms = self.settings().reply_timeout_ms;
        self.ask(now_ms, to, aim, patience_ms, |ticket| Message::Probe { ticket });
    }

    pub(crate) fn ask_neighbours(&mut self, now_ms: u64, to: Pointer, aim: Aim) {
        let patience_ms = self.settings().reply_timeout_ms;
        self.ask(now_ms, to, aim, patience_ms, |ticket| Message::Neighbours {
            ticket,
        });
    }

    pub(crate) fn is_asking(&self, machine: MachineId, aim: impl Fn(&Aim) -> bool) -> bool {
        self.requests
            .values()
            .any(|request| request.to.machine == machine && aim(&request.aim))
    }

    /// The request that this message answers; none if there is no such request any more.
    pub(crate) fn answered(
        &mut self,
        from: Pointer,
        ticket: Ticket,
        message: &Message,
    ) -> Result<Option<Request>, Nonsense> {
        let Some(request) = self.requests.get(&ticket) else {
            return Ok(None);
        };
        if request.to != from || !request.aim.awaits(message) {
            return Err(Nonsense::NotAsked(ticket));
        }
        Ok(self.requests.remove(&ticket))
    }

    pub(crate) fn take_answer(
        &mut self,
        now_ms: u64,
        request: Request,
        message: Message,
    ) -> Result<(), Nonsense> {
        let from = request.to;
        match (request.aim, message) {
            (Aim::Lookup(lookup), Message::Found { step, .. }) => {
                return self.take_step(now_ms, from, lookup, step);
            }
            (
                aim,
                Message::Neighbourhood {
                    predecessor,
                    successors,
                    ..
                },
            ) => self.take_neighbours(now_ms, from, &aim, predecessor, successors),
            (Aim::Recall, Message::Busy { .. }) => {
                if let Stage::Resuming { awake, .. } = &mut self.stage {
                    awake.push(from);
                }
                self.end_recall(now_ms);
            }
            (aim, Message::Busy { .. }) => self.give_up(now_ms, from, aim),
            (Aim::LifeFor { asker, ticket }, Message::Alive { .. }) => {
                self.send(asker, Message::Verdict { ticket, alive: true });
            }
            (Aim::Finger { exponent }, Message::Alive { .. }) => self.enter_finger(now_ms, exponent, from),
            (Aim::Predecessor, Message::Alive { .. }) => self.rectify(now_ms, from),
            (Aim::Doubt { suspect }, Message::Verdict { alive, .. }) => {
                self.take_verdict(now_ms, suspect, alive)
            }
            // A sign of life, and heard as one already.
            (_, _) => {}
        }
        Ok(())
    }

    /// Requests that have waited long enough.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        let due: Vec<_> = self
            .requests
            .iter()
            .filter(|(_, request)| request.due_ms <= now_ms)
            .map(|(&ticket, _)| ticket)
            .collect();
        for ticket in due {
            // The silence of one may have ended others.
            if let Some(request) = self.requests.remove(&ticket) {
                self.miss(now_ms, &request);
                self.give_up(now_ms, request.to, request.aim);
            }
        }
    }

    /// What was asked of `to` will not be answered.
    fn give_up(&mut self, now_ms: u64, to: Pointer, aim: Aim) {
        match aim {
            Aim::LifeFor { asker, ticket } if self.is_calm() => {
                self.send(asker, Message::Verdict { ticket, alive: false });
            }
            Aim::Doubt { suspect } => self.judge(now_ms, suspect),
            Aim::Finger { exponent } => self.pass_finger(exponent),
            Aim::Copy => self.fail_join(now_ms, JoinFailure::Successor),
            Aim::Recall => self.end_recall(now_ms),
            Aim::Lookup(lookup) => self.step_back(now_ms, to, lookup),
            Aim::Life | Aim::LifeFor { .. } | Aim::Predecessor | Aim::Stabilise | Aim::Nearer => {}
        }
    }
}
