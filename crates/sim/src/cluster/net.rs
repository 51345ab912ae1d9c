//! The simulated network: each letter and each answer takes its own time, some are lost, and lines can be cut in one direction or both.
//!
//! What a real one does with a letter, this one does: it loses the letter or the answer, is late with either (also after the sender has given up), and lets
//! later ones overtake. It does not deliver a letter twice by itself, since the real transport never sends one again by itself. When a sender gives up, the
//! work at the other end is called off, or goes on, as the seed has it: in service it depends on whether the news comes through.
//!
//! **Invariant:** a line that is cut is looked at when the letter would arrive, not when it leaves: what was under way when the cut came is lost too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tertulia_node::switchboard::Network;
use tertulia_node::{Absence, Call, Letter, MachineId, Receive, Transport, Unreached};
use tokio::time::{sleep, sleep_until, timeout_at};

use super::Name;
use super::chance::Chance;
use super::life::Pulse;
use super::trace::Trace;

/// How the network is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// The longest time that a letter takes on its way as a rule.
    pub way_ms: u64,
    /// Letters, and answers, that take up to `late_ms` (of a thousand).
    pub late_permille: u32,
    /// How long these may take.
    pub late_ms: u64,
    /// Letters, and answers, that are lost (of a thousand).
    pub lost_permille: u32,
}

impl Weather {
    /// A good LAN.
    pub const FAIR: Self = Self {
        way_ms: 2,
        late_permille: 2,
        late_ms: 40,
        lost_permille: 0,
    };
}

/// The network. Clones are the same.
#[derive(Clone)]
pub struct Net(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    trace: Trace,
}

struct State {
    chance: Chance,
    weather: Weather,
    ends: BTreeMap<MachineId, End>,
    cut: BTreeSet<(Name, Name)>,
    slow: BTreeMap<Name, u32>,
    letters: u64,
    counts: Counts,
}

/// What the network has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Letters that left.
    pub letters: u64,
    /// Letters and answers that were lost.
    pub lost: u64,
    /// Snapshots that were put in place.
    pub snapshots: u64,
    /// Leads that were handed over.
    pub hand_overs: u64,
}

/// Where a machine is reached.
struct End {
    name: Name,
    pulse: Pulse,
    receiver: Weak<dyn Receive>,
}

/// A letter's fortune, drawn when it leaves.
struct Passage {
    number: u64,
    from: Name,
    machine: MachineId,
    to: MachineId,
    there: Duration,
    back: Duration,
    is_lost: bool,
    is_answer_lost: bool,
    is_called_off: bool,
}

/// How a passage ended.
enum Arrived {
    Answer(Result<Bytes, Absence>),
    /// Nobody listens there, and the computer says so.
    Refused,
    /// Nothing will ever come back.
    Lost,
}

impl Net {
    /// A network without machines, in fair weather.
    #[must_use]
    pub fn new(seed: u64, trace: Trace) -> Self {
        let state = State {
            chance: Chance::new(seed, "net"),
            weather: Weather::FAIR,
            ends: BTreeMap::new(),
            cut: BTreeSet::new(),
            slow: BTreeMap::new(),
            letters: 0,
            counts: Counts::default(),
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            trace,
        }))
    }

    /// The network as one life of a machine sees it.
    #[must_use]
    pub fn port(&self, name: Name, pulse: Pulse) -> Arc<dyn Network> {
        Arc::new(Port {
            net: self.clone(),
            name,
            pulse,
        })
    }

    /// Nothing that `from` sends to `to` arrives any more.
    pub fn cut(&self, from: Name, to: Name) {
        self.state().cut.insert((from, to));
    }

    /// All lines work again.
    pub fn heal(&self) {
        self.state().cut.clear();
    }

    /// The weather changes.
    pub fn set_weather(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// Whatever this machine sends or receives takes so many times as long from now on.
    pub fn slow(&self, name: Name, times: u32) {
        self.state().slow.insert(name, times);
    }

    /// No machine is slow any more.
    pub fn hurry(&self) {
        self.state().slow.clear();
    }

    /// What has been done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let state = self.state();
        Counts {
            letters: state.letters,
            ..state.counts
        }
    }

    /// Asks a machine as it would ask itself: at once, and whatever is cut.
    pub async fn observe(&self, to: MachineId, letter: Letter, deadline: Duration) -> Option<Bytes> {
        let (receiver, pulse) = {
            let state = self.state();
            let end = state.ends.get(&to)?;
            (end.receiver.upgrade()?, end.pulse.clone())
        };
        let answer = pulse
            .answer(tokio::time::timeout(deadline, receiver.receive(to, letter)))
            .await?;
        answer.ok()?.ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name_of(&self, machine: MachineId) -> Option<Name> {
        self.state().ends.get(&machine).map(|end| end.name)
    }

    /// A letter leaves.
    fn depart(&self, from: Name, machine: MachineId, to: MachineId) -> Passage {
        let mut state = self.state();
        state.letters += 1;
        let times = state
            .ends
            .get(&to)
            .map_or(1, |end| state.slowness(from) * state.slowness(end.name));
        let weather = state.weather;
        let chance = &mut state.chance;
        let mut way = || {
            let ms = if chance.permille(weather.late_permille) {
                chance.between(0, weather.late_ms)
            } else {
                chance.between(0, weather.way_ms)
            };
            Duration::from_millis(ms) * times
        };
        let (there, back) = (way(), way());
        Passage {
            from,
            machine,
            to,
            there,
            back,
            is_lost: chance.permille(weather.lost_permille),
            is_answer_lost: chance.permille(weather.lost_permille),
            is_called_off: chance.permille(500),
            number: state.letters,
        }
    }

    /// Takes a letter there, and its answer back.
    async fn carry(self, passage: Passage, letter: Letter) -> Arrived {
        let (call, group, bytes) = (letter.call, letter.group, letter.body.len());
        // Some answers to questions carry seals of the ring's authority. They are random whatever the seed, since the library draws from the kernel itself, and
        // decide nothing; but their length varies.
        let size = |bytes: usize| {
            if call == Call::Ask {
                "some bytes".to_owned()
            } else {
                format!("{bytes} bytes")
            }
        };
        let arrived = self.go(&passage, letter).await;
        let how = match &arrived {
            Arrived::Answer(Ok(answer)) => {
                self.count(call);
                size(answer.len())
            }
            Arrived::Answer(Err(absence)) => format!("{absence:?}"),
            Arrived::Refused => "refused".to_owned(),
            Arrived::Lost => {
                self.state().counts.lost += 1;
                "lost".to_owned()
            }
        };
        let to = self
            .name_of(passage.to)
            .map_or_else(|| "?".to_owned(), |name| name.to_string());
        self.0.trace.note(format_args!(
            "letter {} {}→{to} {call:?} {group:016x} {}: {how}",
            passage.number,
            passage.from,
            size(bytes)
        ));
        arrived
    }

    async fn go(&self, passage: &Passage, letter: Letter) -> Arrived {
        sleep(passage.there).await;
        let (name, pulse, receiver) = {
            let state = self.state();
            let Some(end) = state.ends.get(&passage.to) else {
                return Arrived::Refused;
            };
            if passage.is_lost || state.cut.contains(&(passage.from, end.name)) {
                return Arrived::Lost;
            }
            (end.name, end.pulse.clone(), end.receiver.upgrade())
        };
        if pulse.is_gone() {
            // A program that has ended leaves a computer that says so, more often than not.
            return if passage.is_called_off {
                Arrived::Refused
            } else {
                Arrived::Lost
            };
        }
        let Some(receiver) = receiver else {
            return Arrived::Refused;
        };
        let Some(answer) = pulse.answer(receiver.receive(passage.machine, letter)).await else {
            return Arrived::Lost;
        };
        sleep(passage.back).await;
        if passage.is_answer_lost || self.state().cut.contains(&(name, passage.from)) {
            return Arrived::Lost;
        }
        Arrived::Answer(answer)
    }

    fn count(&self, call: Call) {
        let counts = &mut self.state().counts;
        if call == Call::Install {
            counts.snapshots += 1;
        } else if call == Call::Transfer {
            counts.hand_overs += 1;
        }
    }
}

impl State {
    fn slowness(&self, name: Name) -> u32 {
        self.slow.get(&name).copied().unwrap_or(1)
    }
}

/// Where one life of a machine is plugged in.
struct Port {
    net: Net,
    name: Name,
    pulse: Pulse,
}

impl Network for Port {
    fn connect(&self, machine: MachineId, receiver: Weak<dyn Receive>) -> Arc<dyn Transport> {
        let end = End {
            name: self.name,
            pulse: self.pulse.clone(),
            receiver,
        };
        self.net.state().ends.insert(machine, end);
        Arc::new(Line {
            net: self.net.clone(),
            from: self.name,
            machine,
            pulse: self.pulse.clone(),
        })
    }
}

struct Line {
    net: Net,
    from: Name,
    machine: MachineId,
    pulse: Pulse,
}

#[async_trait]
impl Transport for Line {
    async fn exchange(
        &self,
        to: MachineId,
        letter: Letter,
        deadline: Duration,
    ) -> Result<Result<Bytes, Absence>, Unreached> {
        let until = tokio::time::Instant::now() + deadline;
        if self.pulse.is_gone() {
            sleep_until(until).await;
            return Err(Unreached::Silent(to));
        }
        let passage = self.net.depart(self.from, self.machine, to);
        let is_called_off = passage.is_called_off;
        // A task of its own: the letter is under way, whatever becomes of its sender.
        let mut trip = tokio::spawn(self.net.clone().carry(passage, letter));
        let arrived = timeout_at(until, &mut trip).await;
        match arrived {
            Ok(Ok(Arrived::Answer(answer))) if !self.pulse.is_gone() => Ok(answer),
            Ok(Ok(Arrived::Refused)) => Err(Unreached::NoWay(to)),
            Ok(_) => {
                sleep_until(until).await;
                Err(Unreached::Silent(to))
            }
            Err(_) => {
                if is_called_off {
                    trip.abort();
                }
                Err(Unreached::Silent(to))
            }
        }
    }
}
