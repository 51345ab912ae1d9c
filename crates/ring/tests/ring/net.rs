//! A net in memory: machines, messages on their way, and a clock that is moved by hand.
//!
//! **Invariant:** what happens follows from the seed: nothing here waits, and equal times keep the order of sending.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_ring::dice::Dice;
use tertulia_ring::{Event, Interval, Message, Nonsense, Output, Pointer, Ring};
use tertulia_types::MachineId;

/// How long a message is on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delay {
    /// Any time of the interval, each as likely.
    Even(Interval),
    /// Exponentially distributed.
    Exponential {
        /// The mean.
        mean_ms: f64,
    },
}

#[derive(Clone, Debug)]
struct Letter {
    from: Pointer,
    to: MachineId,
    message: Message,
}

/// The net and all that are on it.
pub(crate) struct Net {
    pub(crate) now_ms: u64,
    pub(crate) machines: BTreeMap<MachineId, Ring>,
    /// What the machines have told their shells: when, who, what.
    pub(crate) events: Vec<(u64, MachineId, Event)>,
    /// What was refused: who has refused it, and why.
    pub(crate) refused: Vec<(MachineId, Nonsense)>,
    pub(crate) sent: u64,
    pub(crate) dice: Dice,
    delay: Delay,
    on_the_way: BTreeMap<(u64, u64), Letter>,
    /// When each machine is to be woken.
    alarms: BTreeSet<(u64, MachineId)>,
    alarm_of: BTreeMap<MachineId, u64>,
    /// On which side of a cut each machine is; all on side 0 if there is none.
    sides: BTreeMap<MachineId, u8>,
    /// Ways on which nothing arrives.
    blocked: BTreeSet<(MachineId, MachineId)>,
    /// How many of a thousand messages are lost.
    lost_per_mille: u64,
    /// Machines that hear nothing and do nothing until then, and do not notice.
    stalled: BTreeMap<MachineId, u64>,
}

impl Net {
    pub(crate) fn new(seed: u64, delay: Delay) -> Self {
        Self {
            now_ms: 0,
            machines: BTreeMap::new(),
            events: Vec::new(),
            refused: Vec::new(),
            sent: 0,
            dice: Dice::new(seed),
            delay,
            on_the_way: BTreeMap::new(),
            alarms: BTreeSet::new(),
            alarm_of: BTreeMap::new(),
            sides: BTreeMap::new(),
            blocked: BTreeSet::new(),
            lost_per_mille: 0,
            stalled: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, ring: Ring) {
        let machine = ring.me().machine;
        self.machines.insert(machine, ring);
        self.settle(machine);
    }

    /// Switches a machine off, without a word.
    pub(crate) fn crash(&mut self, machine: MachineId) -> Option<Ring> {
        self.stalled.remove(&machine);
        if let Some(at_ms) = self.alarm_of.remove(&machine) {
            self.alarms.remove(&(at_ms, machine));
        }
        self.machines.remove(&machine)
    }

    /// Does something with a machine, and what it wants done in consequence.
    pub(crate) fn with(&mut self, machine: MachineId, act: impl FnOnce(&mut Ring, u64)) {
        if let Some(ring) = self.machines.get_mut(&machine) {
            act(ring, self.now_ms);
        }
        self.settle(machine);
    }

    /// Puts a message into a machine's ear.
    pub(crate) fn hand(&mut self, to: MachineId, from: Pointer, message: Message) {
        if let Some(ring) = self.machines.get_mut(&to)
            && let Err(nonsense) = ring.handle(self.now_ms, from, message)
        {
            self.refused.push((to, nonsense));
        }
        self.settle(to);
    }

    /// Cuts the net: only machines of the same side reach each other. Those that are not named are on side 0.
    pub(crate) fn cut(&mut self, sides: BTreeMap<MachineId, u8>) {
        self.sides = sides;
        self.blocked.clear();
    }

    /// From now on nothing comes from one machine to another.
    pub(crate) fn block(&mut self, from: MachineId, to: MachineId) {
        self.blocked.insert((from, to));
    }

    /// From now on so many of a thousand messages are lost.
    pub(crate) fn lose(&mut self, per_mille: u64) {
        self.lost_per_mille = per_mille;
    }

    pub(crate) fn stall(&mut self, machine: MachineId, until_ms: u64) {
        self.stalled.insert(machine, until_ms);
    }

    /// Lets time pass until then.
    pub(crate) fn run_until(&mut self, until_ms: u64) {
        loop {
            let letter = self.on_the_way.first_key_value().map(|(&(at_ms, _), _)| at_ms);
            let alarm = self.alarms.first().map(|&(at_ms, _)| at_ms);
            let Some(next_ms) = letter.into_iter().chain(alarm).min() else {
                break;
            };
            if next_ms > until_ms {
                break;
            }
            self.now_ms = self.now_ms.max(next_ms);
            if letter == Some(next_ms) {
                self.deliver();
            } else {
                self.wake();
            }
        }
        self.now_ms = self.now_ms.max(until_ms);
    }

    fn deliver(&mut self) {
        let Some((_, letter)) = self.on_the_way.pop_first() else {
            return;
        };
        if let Some(&until_ms) = self.stalled.get(&letter.to)
            && until_ms > self.now_ms
        {
            self.sent += 1;
            self.on_the_way.insert((until_ms, self.sent), letter);
            return;
        }
        let passes = self.side(letter.from.machine) == self.side(letter.to)
            && !self.blocked.contains(&(letter.from.machine, letter.to))
            && self.dice.below(1000) >= self.lost_per_mille;
        if passes {
            self.hand(letter.to, letter.from, letter.message);
        }
    }

    fn wake(&mut self) {
        let Some((at_ms, machine)) = self.alarms.pop_first() else {
            return;
        };
        if let Some(&until_ms) = self.stalled.get(&machine)
            && until_ms > at_ms
        {
            self.alarms.insert((until_ms, machine));
            self.alarm_of.insert(machine, until_ms);
            return;
        }
        self.alarm_of.remove(&machine);
        self.with(machine, Ring::wake);
    }

    fn side(&self, machine: MachineId) -> u8 {
        self.sides.get(&machine).copied().unwrap_or_default()
    }

    /// Carries out what a machine wants, and sets its alarm anew.
    fn settle(&mut self, machine: MachineId) {
        let Some(ring) = self.machines.get_mut(&machine) else {
            return;
        };
        let me = ring.me();
        while let Some(output) = ring.poll() {
            match output {
                Output::Send { to, message } => {
                    let delay_ms = match self.delay {
                        Delay::Even(interval) => self.dice.within(interval),
                        Delay::Exponential { mean_ms } => exponential(&mut self.dice, mean_ms) as u64,
                    };
                    self.sent += 1;
                    let letter = Letter {
                        from: me,
                        to: to.machine,
                        message,
                    };
                    self.on_the_way
                        .insert((self.now_ms + delay_ms, self.sent), letter);
                }
                Output::Event(event) => self.events.push((self.now_ms, machine, event)),
            }
        }
        let at_ms = ring.next_deadline().map(|at_ms| at_ms.max(self.now_ms));
        let was_ms = match at_ms {
            Some(at_ms) => self.alarm_of.insert(machine, at_ms),
            None => self.alarm_of.remove(&machine),
        };
        if was_ms != at_ms {
            if let Some(was_ms) = was_ms {
                self.alarms.remove(&(was_ms, machine));
            }
            if let Some(at_ms) = at_ms {
                self.alarms.insert((at_ms, machine));
            }
        }
    }
}

/// A time out of the exponential distribution.
pub(crate) fn exponential(dice: &mut Dice, mean: f64) -> f64 {
    // 53 bits, and never 0.
    let share = ((dice.roll() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    -share.ln() * mean
}
