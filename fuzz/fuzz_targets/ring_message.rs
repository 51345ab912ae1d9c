//! Messages of the ring into a machine's part in it, in any order and at any time: its pointers stay in the order of the ring, and what it keeps stays small.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tertulia_fuzz::{Chance, Pool};
use tertulia_ring::circle::distance;
use tertulia_ring::{Message, Output, Pointer, Ring, Settings};
use tertulia_types::{MachineId, Position};

const STEPS_MAX: usize = 96;
/// Machines that mean something.
const MACHINES: u64 = 12;
/// What one call may give to do at most.
const OUTPUTS_MAX: usize = 1_024;
/// What a machine keeps, written out for people.
const STATE_BYTES_MAX: usize = 1 << 20;
/// Tickets that are kept in mind.
const TICKETS_MAX: usize = 64;

/// One machine, the time, and what it has asked.
struct Life {
    ring: Ring,
    now_ms: u64,
    asked: Vec<(Pointer, u64)>,
}

fuzz_target!(|bytes: &[u8]| {
    let mut pool = Pool {
        numbers: (0..MACHINES).collect(),
        ..Pool::default()
    };
    pool.pairs.insert(
        "Pointer",
        (0..MACHINES)
            .map(|place| (place, pointer(place).position.0))
            .collect(),
    );
    let mut chance = Chance::new(bytes, &pool);
    let ring = begin(&mut chance);
    let mut life = Life {
        ring,
        now_ms: 0,
        asked: Vec::new(),
    };
    life.ring.wake(0);
    life.look();
    for _ in 0..STEPS_MAX {
        if chance.rest().is_empty() {
            break;
        }
        life.step(&mut chance);
        life.look();
    }
    let size_bytes = format!("{:?}", life.ring).len();
    assert!(size_bytes < STATE_BYTES_MAX, "{size_bytes} bytes are kept");
});

fn pointer(place: u64) -> Pointer {
    Pointer {
        machine: MachineId(place),
        position: Position((place << 60) | 0xFFFF_FFFF_FFFF),
    }
}

/// A ring of one, a settled one, one that comes back, one that joins.
fn begin(chance: &mut Chance<'_, '_>) -> Ring {
    let me = pointer(3);
    let settings = Settings {
        successors: 1 + chance.one_of(8),
        ..Settings::default()
    };
    let others: Vec<Pointer> = [4, 5, 8, 1].map(pointer).into();
    match chance.byte() & 3 {
        0 => Ring::new(me, settings),
        1 => Ring::settled(me, Some(pointer(1)), others.clone(), &others, settings),
        2 => Ring::resume(me, chance.value().unwrap_or(others), settings),
        _ => {
            let mut ring = Ring::new(me, settings);
            ring.join(0, pointer(5));
            ring
        }
    }
}

impl Life {
    fn step(&mut self, chance: &mut Chance<'_, '_>) {
        let kind = chance.byte();
        match kind & 7 {
            // It is woken when it wants to, or late.
            0 | 1 => {
                let due_ms = self.ring.next_deadline().unwrap_or(self.now_ms);
                self.now_ms = self.now_ms.max(due_ms) + [0, 0, 1, 700, 60_000][chance.one_of(5)];
                self.ring.wake(self.now_ms);
                let next = self.ring.next_deadline();
                assert!(
                    next.is_none_or(|next_ms| next_ms > self.now_ms),
                    "it would be woken for ever"
                );
            }
            2 => self.now_ms += u64::from(chance.byte()) * 16,
            // Who was asked answers.
            3 | 4 if !self.asked.is_empty() => {
                let (to, ticket) = self.asked.swap_remove(chance.one_of(self.asked.len()));
                if let Some(message) = chance.value::<Message>() {
                    let _ = self.ring.handle(self.now_ms, to, ticketed(message, ticket));
                }
            }
            5 if kind & 0xF0 == 0xF0 => self.ring.forget(self.now_ms, MachineId(chance.number())),
            5 if kind & 0xF0 == 0xE0 => self.ring.leave(),
            5 if kind & 0xF0 == 0xD0 => {
                if let Some(contact) = chance.value() {
                    self.ring.join(self.now_ms, contact);
                }
            }
            5 => {
                if let Some(machine) = chance.value() {
                    self.ring.meet(self.now_ms, machine);
                }
            }
            _ => {
                if let (Some(from), Some(message)) = (chance.value::<Pointer>(), chance.value::<Message>()) {
                    let _ = self.ring.handle(self.now_ms, from, message);
                }
            }
        }
    }

    /// Takes what there is to do, and looks whether all is as it must be.
    fn look(&mut self) {
        let mut count = 0;
        while let Some(output) = self.ring.poll() {
            count += 1;
            if let Output::Send { to, message } = output
                && let Some(ticket) = asks(&message)
            {
                assert!(to.machine != self.ring.me().machine, "it asks itself");
                self.asked.push((to, ticket));
            }
        }
        assert!(count <= OUTPUTS_MAX, "{count} things to do at once");
        let surplus = self.asked.len().saturating_sub(TICKETS_MAX);
        self.asked.drain(..surplus);

        let (me, successors) = (self.ring.me(), self.ring.successors());
        assert!(successors.len() <= self.ring.settings().successors);
        let ways: Vec<u64> = successors
            .iter()
            .map(|next| distance(me.position, next.position))
            .collect();
        assert!(
            ways.iter().all(|way| *way > 0) && ways.is_sorted_by(|one, other| one < other),
            "{successors:?}"
        );
        let mut named: Vec<MachineId> = successors.iter().map(|next| next.machine).collect();
        named.sort();
        assert!(named.windows(2).all(|two| two[0] != two[1]), "{successors:?}");
        let pointers = successors.iter().copied().chain(self.ring.predecessor());
        for pointer in pointers.chain(self.ring.fingers().map(|(_, finger)| finger)) {
            assert!(
                pointer.machine != me.machine && pointer.position != me.position,
                "{pointer:?}"
            );
        }
        assert!(self.ring.fingers().count() <= 64);
    }
}

/// The ticket of a request.
fn asks(message: &Message) -> Option<u64> {
    match message {
        Message::Find { ticket, .. }
        | Message::Neighbours { ticket }
        | Message::Probe { ticket }
        | Message::ProbeFor { ticket, .. } => Some(*ticket),
        Message::Found { .. }
        | Message::Neighbourhood { .. }
        | Message::Busy { .. }
        | Message::Notify
        | Message::Alive { .. }
        | Message::Verdict { .. }
        | Message::Leaving { .. }
        | Message::Meet { .. } => None,
    }
}

/// The message as an answer to a request.
fn ticketed(mut message: Message, asked: u64) -> Message {
    match &mut message {
        Message::Found { ticket, .. }
        | Message::Neighbourhood { ticket, .. }
        | Message::Busy { ticket }
        | Message::Alive { ticket }
        | Message::Verdict { ticket, .. } => *ticket = asked,
        Message::Find { .. }
        | Message::Neighbours { .. }
        | Message::Notify
        | Message::Probe { .. }
        | Message::ProbeFor { .. }
        | Message::Leaving { .. }
        | Message::Meet { .. } => {}
    }
    message
}
