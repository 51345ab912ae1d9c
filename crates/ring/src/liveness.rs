//! Who is silent: probes, suspicion, the opinion of others, and doubts about oneself.
//!
//! A machine whose probes stay unanswered a few times in a row is a suspect. Others are then asked to probe it, as in
//! SWIM (Das, Gupta, Motivala, 2002), and only when none of them has reached it is it held dead. Any message of a machine
//! is a sign of life. A machine that was itself away – paused, swapped out, starved – would find everybody silent: when
//! its own timers run late it suspects nobody until a round of probes has passed calmly, and gives no bad opinion of
//! others either, as in Lifeguard (Dadgar, Phillips, Currey, 2018).
//!
//! **Invariant:** what is held dead costs a detour if it is wrong, never data: copies are re-made by the groups, after a
//! grace period of their own (J6).

use tertulia_types::MachineId;

use crate::message::{Message, Ticket};
use crate::output::Event;
use crate::pointer::Pointer;
use crate::request::{Aim, Request};
use crate::ring::Ring;
use crate::standing::{Standing, Suspicion};

/// How many probes for others may be under way.
const PROBES_FOR_OTHERS_MAX: usize = 64;
/// How many rounds of probes must be on time before a machine that was late trusts itself: the one in which it has
/// noticed, and one more.
const CALM_ROUNDS: u32 = 2;

impl Ring {
    /// Whether a machine is suspected: silent to this one, and not yet held dead.
    #[must_use]
    pub fn is_suspect(&self, machine: MachineId) -> bool {
        self.liveness
            .standings
            .get(&machine)
            .is_some_and(|standing| standing.suspicion.is_some())
    }

    /// All suspects, in the order of the ring from this machine on.
    #[must_use]
    pub fn suspects(&self) -> Vec<Pointer> {
        let mut suspects = self.machines_from(self.me().position);
        suspects.retain(|pointer| self.is_suspect(pointer.machine));
        suspects
    }

    /// Whether this machine trusts its own timers: if not, it raises no alarm about others.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.liveness.uneasy_rounds == 0
    }

    /// A sign of life. Answers whether the machine was held dead, or had left.
    pub(crate) fn hear(&mut self, now_ms: u64, from: Pointer) -> bool {
        let moved = self
            .pointers()
            .any(|p| p.machine == from.machine && p.position != from.position);
        if moved {
            self.drop_machine(now_ms, from.machine);
        }
        let was_lost = self.liveness.lost.remove(&from.machine).is_some();
        let mut was_suspect = false;
        if self.points_at(from.machine) {
            let standing = self.liveness.standings.entry(from.machine).or_default();
            was_suspect = standing.suspicion.is_some();
            *standing = Standing {
                heard_ms: Some(now_ms),
                ..Standing::default()
            };
        }
        if was_suspect {
            self.end_questions(from.machine);
        }
        if was_suspect || was_lost {
            self.tell(Event::Cleared(from));
        }
        was_lost
    }

    /// A request has found no answer.
    pub(crate) fn miss(&mut self, now_ms: u64, request: &Request) {
        let machine = request.to.machine;
        // The last word on a suspect is spoken by `judge`.
        let is_last_word = matches!(request.aim, Aim::Doubt { suspect } if suspect == machine);
        if !self.is_member() || !self.is_calm() || is_last_word || !self.points_at(machine) {
            return;
        }
        let misses_max = self.settings().misses.max(1);
        let standing = self.liveness.standings.entry(machine).or_default();
        // Several requests at one time are one miss; and it may have answered something that was asked later.
        let since_ms = standing.heard_ms.max(standing.missed_ms);
        if since_ms.is_some_and(|since_ms| since_ms > request.sent_ms) {
            return;
        }
        standing.missed_ms = Some(now_ms);
        standing.misses += 1;
        if standing.misses >= misses_max && standing.suspicion.is_none() {
            standing.suspicion = Some(Suspicion::default());
            self.tell(Event::Suspected(request.to));
            self.question(now_ms, request.to);
        }
    }

    /// One round of probes: the neighbours, whoever has missed one, and one of the others in turn.
    pub(crate) fn probe_round(&mut self, now_ms: u64) {
        if self.liveness.uneasy_rounds > 0 {
            self.liveness.uneasy_rounds -= 1;
            if self.is_calm() {
                self.tell(Event::Calm);
            }
        }
        self.liveness.lost.retain(|_, until_ms| *until_ms > now_ms);
        let known: Vec<_> = self.machines_from(self.place());
        self.liveness
            .standings
            .retain(|machine, _| known.iter().any(|pointer| pointer.machine == *machine));

        let watched = self.settings().watched;
        let neighbours: Vec<_> = self
            .predecessor()
            .into_iter()
            .chain(self.successors().iter().copied().take(watched.max(1)))
            .collect();
        self.liveness.turn = self.liveness.turn.wrapping_add(1);
        let others: Vec<_> = known
            .iter()
            .filter(|pointer| pointer.machine != self.me().machine && !neighbours.contains(pointer))
            .collect();
        let in_turn = others
            .get(self.liveness.turn % others.len().max(1))
            .map(|pointer| pointer.machine);

        for &pointer in &known {
            let standing = self
                .liveness
                .standings
                .get(&pointer.machine)
                .copied()
                .unwrap_or_default();
            let wanted =
                neighbours.contains(&pointer) || standing.misses > 0 || Some(pointer.machine) == in_turn;
            let fresh_ms = self.settings().probe.min_ms;
            let is_fresh = standing
                .heard_ms
                .is_some_and(|heard_ms| now_ms < heard_ms + fresh_ms);
            if pointer.machine == self.me().machine || !wanted || is_fresh {
                continue;
            }
            if standing.suspicion.is_some()
                && self.is_calm()
                && !self.requests.values().any(|r| questions(&r.aim, pointer.machine))
            {
                self.question(now_ms, pointer);
            } else if !self.is_asking(pointer.machine, |_| true) {
                self.probe(now_ms, pointer, Aim::Life);
            }
        }
    }

    /// Asks others about a suspect, and the suspect itself once more.
    fn question(&mut self, now_ms: u64, suspect: Pointer) {
        let mut helpers: Vec<_> = self.machines_from(suspect.position);
        helpers.retain(|helper| {
            helper.machine != self.me().machine
                && helper.machine != suspect.machine
                && !self.is_suspect(helper.machine)
        });
        let wanted = self.settings().probers.min(helpers.len());
        for place in 0..wanted {
            let rest = (helpers.len() - place) as u64;
            let chosen = place + self.dice.below(rest) as usize;
            helpers.swap(place, chosen);
        }
        helpers.truncate(wanted);
        if let Some(suspicion) = self.liveness.suspicion(suspect.machine) {
            *suspicion = Suspicion {
                rounds: suspicion.rounds + 1,
                asked: wanted,
                answered: 0,
                reached: false,
            };
        }
        // The helper's wait, and the way there and back.
        let patience_ms = 3 * self.settings().reply_timeout_ms;
        let aim = Aim::Doubt {
            suspect: suspect.machine,
        };
        for helper in helpers {
            self.ask(now_ms, helper, aim.clone(), patience_ms, |ticket| {
                Message::ProbeFor {
                    ticket,
                    target: suspect,
                }
            });
        }
        self.ask(now_ms, suspect, aim, patience_ms, |ticket| Message::Probe {
            ticket,
        });
    }

    pub(crate) fn take_verdict(&mut self, now_ms: u64, suspect: MachineId, alive: bool) {
        if let Some(suspicion) = self.liveness.suspicion(suspect) {
            suspicion.answered += 1;
            suspicion.reached |= alive;
        }
        self.judge(now_ms, suspect);
    }

    /// When the last of those asked has spoken, or has been silent too long: is the suspect dead?
    pub(crate) fn judge(&mut self, now_ms: u64, suspect: MachineId) {
        if self
            .requests
            .values()
            .any(|request| questions(&request.aim, suspect))
            || !self.is_calm()
        {
            return;
        }
        let pointer = self.pointers().find(|pointer| pointer.machine == suspect);
        let (Some(pointer), Some(&mut suspicion)) = (pointer, self.liveness.suspicion(suspect)) else {
            return;
        };
        if suspicion.reached {
            // Only the way from here to there is broken. It stays a suspect, and the next round asks again.
            return;
        }
        if suspicion.asked > 0 && suspicion.answered == 0 && suspicion.rounds < 2 {
            // Nobody has an opinion: perhaps it is this machine that is cut off. Ask others.
            self.question(now_ms, pointer);
            return;
        }
        self.liveness.lose(now_ms, suspect, self.settings().hearsay_ms);
        self.tell(Event::Dead(pointer));
        self.drop_machine(now_ms, suspect);
    }

    /// Another machine asks whether `target` can be reached from here.
    pub(crate) fn probe_for(&mut self, now_ms: u64, asker: Pointer, ticket: Ticket, target: Pointer) {
        if target.machine == self.me().machine {
            self.send(asker, Message::Verdict { ticket, alive: true });
            return;
        }
        let is_for_others = |request: &&Request| matches!(request.aim, Aim::LifeFor { .. });
        let under_way = self.requests.values().filter(is_for_others).count();
        if under_way < PROBES_FOR_OTHERS_MAX && self.is_credible(target) {
            self.probe(now_ms, target, Aim::LifeFor { asker, ticket });
        }
    }

    /// This machine woke too late: what it has missed may have been said.
    pub(crate) fn doubt_oneself(&mut self, late_ms: u64) {
        if self.is_calm() {
            self.tell(Event::Late { late_ms });
        }
        self.liveness.uneasy_rounds = CALM_ROUNDS;
        self.requests
            .retain(|_, request| !matches!(request.aim, Aim::Doubt { .. }));
        for standing in self.liveness.standings.values_mut() {
            if let Some(suspicion) = &mut standing.suspicion {
                suspicion.rounds = 0;
            }
        }
    }

    fn end_questions(&mut self, suspect: MachineId) {
        self.requests
            .retain(|_, request| !questions(&request.aim, suspect));
    }
}

/// Whether the request asks whether this machine is dead.
fn questions(aim: &Aim, machine: MachineId) -> bool {
    matches!(aim, Aim::Doubt { suspect } if *suspect == machine)
}
