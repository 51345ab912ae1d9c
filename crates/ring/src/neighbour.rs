//! The order of the ring: joining, stabilising, rectifying, leaving, and two rings that become one.
//!
//! The operations are those that Zave has proved: a joiner copies its successor's list; a nearer successor is adopted
//! only together with the list that it has sent itself; a list is always the first successor's with that successor put
//! in front; a predecessor gives way to a nearer machine, or when it is silent. The rest is here, too:
//!
//! **Two rings** arise when the network is cut. When it is mended, somebody meets a machine of the other ring
//! ([`Ring::meet`]). The news is passed clockwise to that machine's predecessor in this ring, which adopts it. Whoever
//! adopts a machine tells it of the one that was adopted before, if it does not list it: which goes on around the
//! circle like the teeth of a zip, until each machine has the nearest of both rings after it.
//! (After Shafaat, Ghodsi, Haridi, "Handling network partitions and mergers in structured overlay networks", 2007.)

use std::mem;

use tertulia_types::MachineId;

use crate::circle::{between, distance};
use crate::finger::first_beyond;
use crate::message::Message;
use crate::output::{Event, JoinFailure};
use crate::pointer::Pointer;
use crate::request::{Aim, Lookup, Purpose};
use crate::ring::{Join, Ring, Stage};

impl Ring {
    /// A machine that was lost, or is new, has answered somebody. If it belongs between this machine and its successor
    /// it is adopted as soon as it has answered; else the news is passed on towards its place.
    pub fn meet(&mut self, now_ms: u64, pointer: Pointer) {
        if !self.is_member() || !self.is_credible(pointer) {
            return;
        }
        self.liveness.believe(pointer.machine);
        let me = self.me().position;
        match self.successors().first().copied() {
            None => self.ask_nearer(now_ms, pointer),
            Some(first) if between(me, pointer.position, first.position) => self.ask_nearer(now_ms, pointer),
            Some(_) if self.successors().contains(&pointer) => {}
            Some(_) => {
                let closest = self
                    .successors()
                    .iter()
                    .copied()
                    .chain(self.fingers().map(|(_, finger)| finger))
                    .filter(|other| between(me, other.position, pointer.position))
                    .filter(|other| !self.is_suspect(other.machine))
                    .max_by_key(|other| distance(me, other.position));
                if let Some(closest) = closest {
                    self.send(closest, Message::Meet { machine: pointer });
                }
            }
        }
    }

    /// One more try to find the successor.
    pub(crate) fn attempt_join(&mut self, now_ms: u64) {
        let Stage::Joining(join) = &mut self.stage else {
            return;
        };
        join.attempts += 1;
        join.again_ms = None;
        let contact = join.contact;
        let mut lookup = Lookup::new(self.place(), Purpose::Join);
        lookup.avoid.push(self.me().machine);
        self.ask_step(now_ms, contact, lookup);
    }

    pub(crate) fn fail_join(&mut self, now_ms: u64, why: JoinFailure) {
        let wait_ms = self.dice.within(self.settings().stabilise);
        let attempts_max = self.settings().join_attempts;
        let Stage::Joining(Join {
            attempts, again_ms, ..
        }) = &mut self.stage
        else {
            return;
        };
        if *attempts < attempts_max {
            *again_ms = Some(now_ms + wait_ms);
        } else {
            self.stage = Stage::Outside;
            self.tell(Event::JoinFailed { why });
        }
    }

    /// Asks the first successor how things are; also the first that is no suspect, lest a broken way to the next one make
    /// the list grow old. Alone, a machine asks whoever else it has heard of.
    pub(crate) fn stabilise(&mut self, now_ms: u64) {
        if let Some(&first) = self.successors().first() {
            let sound = self
                .successors()
                .iter()
                .copied()
                .find(|s| !self.is_suspect(s.machine));
            if let Some(sound) = sound.filter(|&sound| sound != first) {
                self.ask_neighbours(now_ms, sound, Aim::Stabilise);
            }
            if !self.is_asking(first.machine, |aim| matches!(aim, Aim::Stabilise)) {
                self.ask_neighbours(now_ms, first, Aim::Stabilise);
            }
            return;
        }
        let me = self.me().position;
        let nearest = self
            .pointers()
            .min_by_key(|pointer| distance(me, pointer.position));
        if let Some(nearest) = nearest {
            self.ask_nearer(now_ms, nearest);
        }
    }

    /// A machine has told its neighbours.
    pub(crate) fn take_neighbours(
        &mut self,
        now_ms: u64,
        from: Pointer,
        aim: &Aim,
        predecessor: Option<Pointer>,
        successors: Vec<Pointer>,
    ) {
        let joins = matches!(aim, Aim::Copy) && matches!(self.stage, Stage::Joining(_));
        if joins || matches!(self.stage, Stage::Resuming { .. }) {
            self.become_member(now_ms);
        }
        if !self.is_member() {
            return;
        }
        let me = self.me().position;
        let first = self.successors().first().copied();
        match first {
            Some(first) if first == from => self.copy(from, &successors),
            Some(first) if between(me, from.position, first.position) => {
                self.copy(from, &successors);
                if !successors.contains(&first) {
                    self.send(from, Message::Meet { machine: first });
                }
            }
            Some(_) => {
                self.copy_behind_suspects(from, &successors);
                return;
            }
            None => {
                self.copy(from, &successors);
                if !joins && !successors.is_empty() {
                    // Whoever answers a machine that was alone need not be the one that comes after it.
                    let mut lookup = Lookup::new(self.place(), Purpose::Place);
                    lookup.avoid.push(self.me().machine);
                    self.ask_step(now_ms, from, lookup);
                }
            }
        }
        if joins {
            self.tell(Event::Joined { successor: from });
            self.retime(|timers| timers.finger_ms = now_ms);
        }
        self.send(from, Message::Notify);
        if let Some(nearer) = predecessor
            && between(me, nearer.position, from.position)
            && self.liveness.believes(now_ms, nearer.machine)
        {
            self.ask_nearer(now_ms, nearer);
        }
    }

    /// Makes the list of `first` its own, with `first` in front.
    fn copy(&mut self, first: Pointer, list: &[Pointer]) {
        self.append(Vec::new(), first, list);
        self.fingers
            .begin_at(first_beyond(self.me().position, first.position));
    }

    /// All that come before `sound` are suspects: they stay in front, and its list comes behind it.
    fn copy_behind_suspects(&mut self, sound: Pointer, list: &[Pointer]) {
        let place = self.successors().iter().position(|&successor| successor == sound);
        let before = self.successors()[..place.unwrap_or_default()].to_vec();
        if !before.is_empty() && before.iter().all(|successor| self.is_suspect(successor.machine)) {
            self.append(before, sound, list);
        }
    }

    /// The new list: `front`, `next`, and the list of `next`, which ends where it has gone once round.
    fn append(&mut self, front: Vec<Pointer>, next: Pointer, list: &[Pointer]) {
        let me = self.me().position;
        let mut successors = front;
        successors.push(next);
        let mut reached = distance(me, next.position);
        for &pointer in list {
            let way = distance(me, pointer.position);
            if way <= reached || successors.len() >= self.settings().successors {
                break;
            }
            reached = way;
            if self.is_credible(pointer) && !self.liveness.is_lost(pointer.machine) {
                successors.push(pointer);
            }
        }
        self.set_successors(successors);
    }

    /// A machine that lives may be a nearer successor: adopted when it has sent its list.
    fn ask_nearer(&mut self, now_ms: u64, pointer: Pointer) {
        let asked = self.is_asking(pointer.machine, |aim| matches!(aim, Aim::Nearer | Aim::Stabilise));
        if !asked && self.is_credible(pointer) && !self.is_suspect(pointer.machine) {
            self.ask_neighbours(now_ms, pointer, Aim::Nearer);
        }
    }

    /// `from`, which lives, takes itself for the predecessor.
    pub(crate) fn rectify(&mut self, now_ms: u64, from: Pointer) {
        if !self.is_member() {
            return;
        }
        match self.predecessor() {
            Some(predecessor) if predecessor == from => {}
            Some(predecessor) if !between(predecessor.position, from.position, self.me().position) => {
                // It is further away: right only if the nearer one is silent.
                if !self.is_asking(predecessor.machine, |_| true) {
                    self.probe(now_ms, predecessor, Aim::Life);
                }
            }
            Some(further) => {
                self.set_predecessor(Some(from));
                // It would notice by itself at its next stabilisation. Until then the newcomer would have no predecessor.
                self.send(further, Message::Meet { machine: from });
            }
            None => self.set_predecessor(Some(from)),
        }
        if self.successors().is_empty() {
            self.ask_nearer(now_ms, from);
        }
    }

    /// `from` leaves. Whom it names instead is asked before it is believed.
    pub(crate) fn part_from(
        &mut self,
        now_ms: u64,
        from: Pointer,
        predecessor: Option<Pointer>,
        successors: &[Pointer],
    ) {
        if !self.is_member() || !self.points_at(from.machine) {
            return;
        }
        let was_predecessor = self.predecessor() == Some(from);
        self.tell(Event::Left(from));
        self.liveness
            .lose(now_ms, from.machine, self.settings().hearsay_ms);
        self.drop_machine(now_ms, from.machine);
        if let Some(heir) = predecessor
            && was_predecessor
            && self.is_credible(heir)
        {
            self.probe(now_ms, heir, Aim::Predecessor);
        }
        if let Some(&heir) = successors.first()
            && self.successors().is_empty()
        {
            self.ask_nearer(now_ms, heir);
        }
    }

    /// Takes a machine out of all pointers.
    pub(crate) fn drop_machine(&mut self, now_ms: u64, machine: MachineId) {
        self.fingers.remove(machine);
        if self
            .predecessor()
            .is_some_and(|predecessor| predecessor.machine == machine)
        {
            self.set_predecessor(None);
        }
        if self
            .successors()
            .iter()
            .any(|successor| successor.machine == machine)
        {
            let mut left = self.successors().to_vec();
            left.retain(|successor| successor.machine != machine);
            self.set_successors(left);
            // The list is one short until the next stabilisation: let it be soon.
            self.retime(|timers| timers.stabilise_ms = timers.stabilise_ms.min(now_ms));
        }
        self.liveness.drop_standing(machine);
    }

    /// After a restart: asks those that were known.
    pub(crate) fn begin_recall(&mut self, now_ms: u64) {
        if let Stage::Resuming { ask, .. } = &mut self.stage {
            for pointer in mem::take(ask) {
                self.ask_neighbours(now_ms, pointer, Aim::Recall);
            }
        }
    }

    /// When the last of those that were asked has been silent or was no member itself: makes a ring of those awake.
    pub(crate) fn end_recall(&mut self, now_ms: u64) {
        if self
            .requests
            .values()
            .any(|request| matches!(request.aim, Aim::Recall))
        {
            return;
        }
        let Stage::Resuming { awake, .. } = &mut self.stage else {
            return;
        };
        let mut awake = mem::take(awake);
        let me = self.me().position;
        awake.sort_by_key(|pointer| distance(me, pointer.position));
        self.become_member(now_ms);
        self.set_predecessor(awake.last().copied());
        awake.truncate(self.settings().successors);
        self.set_successors(awake);
        self.retime(|timers| timers.stabilise_ms = now_ms);
    }
}
