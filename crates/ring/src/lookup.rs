//! Lookups: from machine to machine towards a key, for a join or for a finger.
//!
//! The machine that wants to know asks one after the other itself. So a silent machine costs it one wait, after which the
//! one that named it is asked for another.

use crate::circle::{ahead, between, distance};
use crate::finger::{EXPONENTS, first_beyond};
use crate::message::{AVOID_MAX, Message, Nonsense, Step};
use crate::output::{Hop, JoinFailure};
use crate::pointer::Pointer;
use crate::request::{Aim, Lookup, Purpose};
use crate::ring::Ring;

impl Ring {
    /// Looks the next finger up.
    pub(crate) fn refresh_finger(&mut self, now_ms: u64) {
        let Some(first) = self.successors().first() else {
            return;
        };
        if self.requests.values().any(|request| {
            matches!(&request.aim, Aim::Lookup(lookup) if lookup.purpose != Purpose::Place)
                || matches!(request.aim, Aim::Finger { .. })
        }) {
            return;
        }
        let me = self.me().position;
        let exponent = self.finger_next.max(first_beyond(me, first.position));
        if exponent >= EXPONENTS {
            self.end_sweep();
            return;
        }
        let lookup = Lookup::new(ahead(me, exponent), Purpose::Finger(exponent));
        self.begin_step(now_ms, lookup);
    }

    /// The machine has answered: it is the finger.
    pub(crate) fn enter_finger(&mut self, now_ms: u64, exponent: u8, pointer: Pointer) {
        self.finger_next = self.fingers.enter(self.me().position, exponent, pointer);
        if !self.fingers_swept {
            self.retime(|timers| timers.finger_ms = now_ms);
        }
    }

    /// This finger stays as it is for now.
    pub(crate) fn pass_finger(&mut self, exponent: u8) {
        self.finger_next = exponent + 1;
    }

    fn end_sweep(&mut self) {
        self.finger_next = 0;
        self.fingers_swept = true;
    }

    /// The first step of a lookup starts from what is known here.
    fn begin_step(&mut self, now_ms: u64, lookup: Lookup) {
        match self.next_hop_avoiding(lookup.key, &lookup.avoid) {
            Some(Hop::Here) => self.end_lookup(now_ms, &lookup, Some(self.me())),
            Some(Hop::Owner(owner)) => self.end_lookup(now_ms, &lookup, Some(owner)),
            Some(Hop::Forward(nearer)) => self.ask_step(now_ms, nearer, lookup),
            None => self.end_lookup(now_ms, &lookup, None),
        }
    }

    /// Asks a machine for the next step.
    pub(crate) fn ask_step(&mut self, now_ms: u64, to: Pointer, mut lookup: Lookup) {
        lookup.steps += 1;
        if lookup.steps > Lookup::STEPS_MAX || lookup.avoid.len() > AVOID_MAX {
            self.end_lookup(now_ms, &lookup, None);
            return;
        }
        let (key, avoid) = (lookup.key, lookup.avoid.clone());
        let patience_ms = self.settings().reply_timeout_ms;
        self.ask(now_ms, to, Aim::Lookup(lookup), patience_ms, |ticket| {
            Message::Find { ticket, key, avoid }
        });
    }

    /// `from` has said where to go on.
    pub(crate) fn take_step(
        &mut self,
        now_ms: u64,
        from: Pointer,
        mut lookup: Lookup,
        step: Step,
    ) -> Result<(), Nonsense> {
        let key = lookup.key;
        match step {
            Step::Owner(owner)
                if owner == from
                    || distance(from.position, key) <= distance(from.position, owner.position) =>
            {
                self.end_lookup(now_ms, &lookup, Some(owner));
                Ok(())
            }
            Step::Forward(nearer)
                if between(from.position, nearer.position, key)
                    && !lookup.avoid.contains(&nearer.machine) =>
            {
                lookup.path.push(from);
                self.ask_step(now_ms, nearer, lookup);
                Ok(())
            }
            Step::Nobody => {
                self.step_back(now_ms, from, lookup);
                Ok(())
            }
            Step::Owner(astray) | Step::Forward(astray) => {
                self.step_back(now_ms, from, lookup);
                Err(Nonsense::Astray(astray))
            }
        }
    }

    /// `silent` is of no use: asks the one that named it again, without it.
    pub(crate) fn step_back(&mut self, now_ms: u64, silent: Pointer, mut lookup: Lookup) {
        lookup.avoid.push(silent.machine);
        match (lookup.path.pop(), lookup.purpose) {
            (Some(before), _) => self.ask_step(now_ms, before, lookup),
            (None, Purpose::Finger(_)) if lookup.steps < Lookup::STEPS_MAX => self.begin_step(now_ms, lookup),
            (None, Purpose::Finger(_) | Purpose::Join | Purpose::Place) => {
                self.end_lookup(now_ms, &lookup, None)
            }
        }
    }

    fn end_lookup(&mut self, now_ms: u64, lookup: &Lookup, owner: Option<Pointer>) {
        let other = owner.filter(|owner| owner.machine != self.me().machine);
        match (lookup.purpose, other) {
            (Purpose::Join, Some(successor)) => self.ask_neighbours(now_ms, successor, Aim::Copy),
            (Purpose::Join, None) => {
                // Only this machine itself and the contact have been tried.
                let at_contact = lookup.steps <= 1;
                let why = if at_contact {
                    JoinFailure::Contact
                } else {
                    JoinFailure::Lookup
                };
                self.fail_join(now_ms, why);
            }
            (Purpose::Finger(exponent), Some(finger)) => self.probe(now_ms, finger, Aim::Finger { exponent }),
            (Purpose::Finger(exponent), None) if owner.is_some() => {
                // That far on there is only this machine itself.
                self.fingers.end_before(exponent);
                self.end_sweep();
            }
            (Purpose::Finger(exponent), None) => self.pass_finger(exponent),
            (Purpose::Place, Some(successor)) => self.meet(now_ms, successor),
            (Purpose::Place, None) => {}
        }
    }
}
