//! Requests are sent, and answered or not: what either leads to.

use tertulia_types::MachineId;

use crate::message::{Message, Nonsense, Ticket};
use crate::output::JoinFailure;
use crate::pointer::Pointer;
use crate::request::{Aim, Request};
use crate::ring::{Ring, Stage};

/// How many requests may be under way. It takes a fault to have more than a few dozen.
const REQUESTS_MAX: usize = 512;

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
