//! The machine's part in the ring: what it knows, what comes in, what goes out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tertulia_types::{MachineId, Position};

use crate::circle::{distance, next};
use crate::dice::Dice;
use crate::finger::{Fingers, first_beyond};
use crate::message::{Message, Nonsense, Step, Ticket};
use crate::output::{Event, Hop, JoinFailure, Output};
use crate::pointer::Pointer;
use crate::request::Request;
use crate::settings::Settings;
use crate::standing::Liveness;

/// One machine's part in the ring.
///
/// After each call that takes the time, [`Ring::poll`] until it gives nothing more, and wake it again at
/// [`Ring::next_deadline`]. Times are milliseconds of one clock that never goes back.
///
/// **Invariant:** `successors` is in the order of the ring, seen from this machine, and names no machine twice, nor this
/// one. Whoever became the first of it, or the predecessor, had answered this machine before.
#[derive(Clone, Debug)]
pub struct Ring {
    me: Pointer,
    settings: Settings,
    pub(crate) stage: Stage,
    predecessor: Option<Pointer>,
    successors: Vec<Pointer>,
    pub(crate) fingers: Fingers,
    /// The exponent whose finger is looked up next.
    pub(crate) finger_next: u8,
    /// Whether all fingers have been looked up once.
    pub(crate) fingers_swept: bool,
    pub(crate) liveness: Liveness,
    pub(crate) requests: BTreeMap<Ticket, Request>,
    /// None before the first wake.
    pub(crate) timers: Option<Timers>,
    pub(crate) dice: Dice,
    forgotten: BTreeSet<MachineId>,
    output: VecDeque<Output>,
}

/// How far the machine has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A part of a ring, if only of its own.
    Member,
    /// Looking for its place.
    Joining(Join),
    /// Asking the machines that it knew before the restart.
    Resuming {
        /// Those to ask, at the first wake.
        ask: Vec<Pointer>,
        /// Those that have answered, but are no members themselves.
        awake: Vec<Pointer>,
    },
    /// A join has failed.
    Outside,
    /// It has said goodbye.
    Left,
}

/// A join under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Join {
    pub(crate) contact: Pointer,
    pub(crate) attempts: u32,
    /// When to try again; none while an attempt is under way.
    pub(crate) again_ms: Option<u64>,
}

/// When each of the rounds comes next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    pub(crate) probe_ms: u64,
    pub(crate) stabilise_ms: u64,
    pub(crate) finger_ms: u64,
}

/// How a machine comes to its part, and gives it up.
impl Ring {
    /// A ring of one.
    #[must_use]
    pub fn new(me: Pointer, settings: Settings) -> Self {
        let successors = settings.successors.clamp(1, Settings::SUCCESSORS_MAX);
        Self {
            me,
            settings: Settings {
                successors,
                ..settings
            },
            stage: Stage::Member,
            predecessor: None,
            successors: Vec::new(),
            fingers: Fingers::default(),
            finger_next: 0,
            fingers_swept: false,
            liveness: Liveness::default(),
            requests: BTreeMap::new(),
            timers: None,
            dice: Dice::new(settings.seed ^ me.machine.0),
            forgotten: BTreeSet::new(),
            output: VecDeque::new(),
        }
    }

    /// A machine that was a member before it stopped. It asks the nearest of those that it has `known`, and is a member
    /// again when one of them has told its neighbours; or, when none is a member, together with those that are at least
    /// awake; or, when all are silent, alone until it meets somebody. Until then it answers that it is busy.
    #[must_use]
    pub fn resume(me: Pointer, known: Vec<Pointer>, settings: Settings) -> Self {
        let mut ring = Self::new(me, settings);
        let mut ask = known;
        ask.retain(|&pointer| ring.is_credible(pointer));
        ask.sort_by_key(|pointer| distance(me.position, pointer.position));
        ask.dedup_by_key(|pointer| pointer.machine);
        let side = ring.settings.successors;
        if ask.len() > 2 * side {
            // Who comes after this machine, and who may point at it.
            let behind = ask.split_off(ask.len() - side);
            ask.truncate(side);
            ask.extend(behind);
        }
        if !ask.is_empty() {
            ring.stage = Stage::Resuming {
                ask,
                awake: Vec::new(),
            };
        }
        ring
    }

    /// A member of a ring that has settled long ago: for simulations, which cannot wait until 100 000 machines have
    /// joined. `fingers` holds, in any order, the first machine at or after each power of two.
    #[must_use]
    pub fn settled(
        me: Pointer,
        predecessor: Option<Pointer>,
        successors: Vec<Pointer>,
        fingers: &[Pointer],
        settings: Settings,
    ) -> Self {
        let mut ring = Self::new(me, settings);
        ring.predecessor = predecessor;
        ring.successors = successors;
        ring.successors.truncate(ring.settings.successors);
        ring.fingers = Fingers::out_of(me.position, fingers);
        if let Some(first) = ring.successors.first() {
            ring.fingers.begin_at(first_beyond(me.position, first.position));
        }
        ring.fingers_swept = true;
        ring
    }

    /// Joins the ring of which `contact` is a member. All other pointers are let go.
    pub fn join(&mut self, now_ms: u64, contact: Pointer) {
        if self.stage == Stage::Left || contact.machine == self.me.machine {
            return;
        }
        self.requests.clear();
        self.liveness = Liveness::default();
        self.fingers = Fingers::default();
        self.finger_next = 0;
        self.fingers_swept = false;
        self.set_predecessor(None);
        self.set_successors(Vec::new());
        self.stage = Stage::Joining(Join {
            contact,
            attempts: 0,
            again_ms: None,
        });
        self.start_timers(now_ms);
        self.attempt_join(now_ms);
    }

    /// Says goodbye to the neighbours, and is silent from then on.
    pub fn leave(&mut self) {
        if self.is_member() {
            let after = self.successors.first().copied();
            let before = self.predecessor.filter(|&predecessor| Some(predecessor) != after);
            for neighbour in before.into_iter().chain(after) {
                let predecessor = self.predecessor;
                let successors = self.successors.clone();
                let message = Message::Leaving {
                    predecessor,
                    successors,
                };
                self.send(neighbour, message);
            }
        }
        self.requests.clear();
        self.stage = Stage::Left;
    }

    /// A machine was removed from the ring for good: it is dropped, and refused from now on.
    pub fn forget(&mut self, now_ms: u64, machine: MachineId) {
        self.forgotten.insert(machine);
        self.requests.retain(|_, request| request.to.machine != machine);
        self.drop_machine(now_ms, machine);
    }
}

/// What it knows.
impl Ring {
    /// This machine.
    #[must_use]
    pub fn me(&self) -> Pointer {
        self.me
    }

    /// What it goes by.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether it has its place, if only in a ring of its own: not while it joins or resumes, nor after a join that has
    /// failed, nor after it has left.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.stage == Stage::Member
    }

    /// The machine before it; none while it is not known, or when there is no other.
    #[must_use]
    pub fn predecessor(&self) -> Option<Pointer> {
        self.predecessor
    }

    /// The machines after it, nearest first; empty when there is no other.
    #[must_use]
    pub fn successors(&self) -> &[Pointer] {
        &self.successors
    }

    /// The fingers that reach beyond the first successor, each with the largest exponent of two that does not lead
    /// beyond it.
    pub fn fingers(&self) -> impl Iterator<Item = (u8, Pointer)> + '_ {
        self.fingers.iter()
    }

    /// All machines that it points at; some more than once.
    pub(crate) fn pointers(&self) -> impl Iterator<Item = Pointer> + '_ {
        let fingers = self.fingers.iter().map(|(_, pointer)| pointer);
        self.predecessor
            .into_iter()
            .chain(self.successors.iter().copied())
            .chain(fingers)
    }

    pub(crate) fn points_at(&self, machine: MachineId) -> bool {
        self.predecessor
            .is_some_and(|predecessor| predecessor.machine == machine)
            || self
                .successors
                .iter()
                .any(|successor| successor.machine == machine)
            || self.fingers.holds(machine)
    }

    /// Whether what others say of this machine may be followed up: it is not this one, not removed, and does not stand
    /// where this one stands.
    pub(crate) fn is_credible(&self, pointer: Pointer) -> bool {
        pointer.machine != self.me.machine
            && pointer.position != self.me.position
            && !self.forgotten.contains(&pointer.machine)
    }
}

/// What comes in and goes out.
impl Ring {
    /// Takes in a message. `from` is who has sent it, as the transport has made sure.
    ///
    /// # Errors
    /// If no machine that keeps the rules sends such a message: for the log. It has done no harm.
    pub fn handle(&mut self, now_ms: u64, from: Pointer, message: Message) -> Result<(), Nonsense> {
        if self.stage == Stage::Left {
            return Ok(());
        }
        if self.forgotten.contains(&from.machine) {
            return Err(Nonsense::Forgotten(from.machine));
        }
        if let Err(nonsense) = message.check(self.me, from) {
            self.heed_nonsense(&message, nonsense);
            return Err(nonsense);
        }
        let was_lost = self.hear(now_ms, from);
        let leaves = matches!(message, Message::Leaving { .. });
        self.dispatch(now_ms, from, message)?;
        if was_lost && !leaves {
            self.meet(now_ms, from);
        }
        Ok(())
    }

    fn dispatch(&mut self, now_ms: u64, from: Pointer, message: Message) -> Result<(), Nonsense> {
        match message {
            Message::Find { ticket, key, avoid } => {
                let answer = if self.is_member() {
                    let step = match self.next_hop_avoiding(key, &avoid) {
                        Some(Hop::Here) => Step::Owner(self.me),
                        Some(Hop::Owner(owner)) => Step::Owner(owner),
                        Some(Hop::Forward(nearer)) => Step::Forward(nearer),
                        None => Step::Nobody,
                    };
                    Message::Found { ticket, step }
                } else {
                    Message::Busy { ticket }
                };
                self.send(from, answer);
            }
            Message::Neighbours { ticket } => {
                let answer = if self.is_member() {
                    Message::Neighbourhood {
                        ticket,
                        predecessor: self.predecessor,
                        successors: self.successors.clone(),
                    }
                } else {
                    Message::Busy { ticket }
                };
                self.send(from, answer);
            }
            Message::Probe { ticket } => self.send(from, Message::Alive { ticket }),
            Message::ProbeFor { ticket, target } => self.probe_for(now_ms, from, ticket, target),
            Message::Notify => self.rectify(now_ms, from),
            Message::Leaving {
                predecessor,
                successors,
            } => self.part_from(now_ms, from, predecessor, &successors),
            Message::Meet { machine } => self.meet(now_ms, machine),
            Message::Found { ticket, .. }
            | Message::Neighbourhood { ticket, .. }
            | Message::Busy { ticket }
            | Message::Alive { ticket }
            | Message::Verdict { ticket, .. } => {
                if let Some(request) = self.answered(from, ticket, &message)? {
                    return self.take_answer(now_ms, request, message);
                }
            }
        }
        Ok(())
    }

    /// An answer to a joining machine that puts another machine at its very position says why the join cannot succeed.
    fn heed_nonsense(&mut self, message: &Message, nonsense: Nonsense) {
        let (Nonsense::OwnPosition(_), Stage::Joining(_)) = (nonsense, &self.stage) else {
            return;
        };
        if message
            .ticket()
            .is_some_and(|ticket| self.requests.contains_key(&ticket))
        {
            self.requests.clear();
            self.stage = Stage::Outside;
            let why = JoinFailure::Taken;
            self.tell(Event::JoinFailed { why });
        }
    }

    /// Does what is due.
    pub fn wake(&mut self, now_ms: u64) {
        let Some(due_ms) = self.next_deadline() else {
            return;
        };
        if self.timers.is_none() {
            self.start_timers(now_ms);
            self.begin_recall(now_ms);
        } else if now_ms > due_ms.saturating_add(self.settings.late_ms) {
            self.doubt_oneself(now_ms - due_ms);
        }
        self.expire(now_ms);
        if let Stage::Joining(join) = self.stage
            && join.again_ms.is_some_and(|again_ms| again_ms <= now_ms)
        {
            self.attempt_join(now_ms);
        }
        if !self.is_member() {
            return;
        }
        let is_due =
            |at: fn(&Timers) -> u64, timers: Option<Timers>| timers.is_some_and(|t| at(&t) <= now_ms);
        if is_due(|timers| timers.probe_ms, self.timers) {
            self.probe_round(now_ms);
            let wait_ms = self.dice.within(self.settings.probe);
            self.retime(|timers| timers.probe_ms = now_ms + wait_ms);
        }
        if is_due(|timers| timers.stabilise_ms, self.timers) {
            self.stabilise(now_ms);
            let wait_ms = self.dice.within(self.settings.stabilise);
            self.retime(|timers| timers.stabilise_ms = now_ms + wait_ms);
        }
        if is_due(|timers| timers.finger_ms, self.timers) {
            let wait_ms = self.dice.within(self.settings.finger);
            self.retime(|timers| timers.finger_ms = now_ms + wait_ms);
            self.refresh_finger(now_ms);
        }
    }

    /// When to wake it; at once if that is in the past, never if there is none.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        let Some(timers) = self.timers else {
            return (self.stage != Stage::Left).then_some(0);
        };
        let request = self.requests.values().map(|request| request.due_ms).min();
        let stage = match &self.stage {
            Stage::Member => Some(timers.probe_ms.min(timers.stabilise_ms).min(timers.finger_ms)),
            Stage::Joining(join) => join.again_ms,
            Stage::Resuming { .. } | Stage::Outside => None,
            Stage::Left => return None,
        };
        request.into_iter().chain(stage).min()
    }

    /// The next thing to do or to know.
    pub fn poll(&mut self) -> Option<Output> {
        self.output.pop_front()
    }
}

/// What the other modules of this crate build with.
impl Ring {
    pub(crate) fn send(&mut self, to: Pointer, message: Message) {
        self.output.push_back(Output::Send { to, message });
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.output.push_back(Output::Event(event));
    }

    pub(crate) fn set_predecessor(&mut self, predecessor: Option<Pointer>) {
        if self.predecessor != predecessor {
            self.predecessor = predecessor;
            self.tell(Event::Predecessor(predecessor));
        }
    }

    pub(crate) fn set_successors(&mut self, successors: Vec<Pointer>) {
        if self.successors != successors {
            self.successors = successors;
            self.tell(Event::Successors(self.successors.clone()));
        }
    }

    pub(crate) fn retime(&mut self, change: impl FnOnce(&mut Timers)) {
        if let Some(timers) = &mut self.timers {
            change(timers);
        }
    }

    /// It has its place. Its rounds begin now.
    pub(crate) fn become_member(&mut self, now_ms: u64) {
        self.stage = Stage::Member;
        self.start_timers(now_ms);
    }

    fn start_timers(&mut self, now_ms: u64) {
        self.timers = Some(Timers {
            probe_ms: now_ms + self.dice.within(self.settings.probe),
            stabilise_ms: now_ms + self.dice.within(self.settings.stabilise),
            finger_ms: now_ms + self.dice.within(self.settings.finger),
        });
    }

    /// What to look up in order to find who comes after this machine: the position right behind it.
    pub(crate) fn place(&self) -> Position {
        next(self.me.position)
    }
}
