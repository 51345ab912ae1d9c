//! Lookups while machines come and go (table III of the paper): real messages, real stabilisation, at the paper's pace.
//!
//! A lookup here asks one machine after the other, as the paper's. What it finds last is asked whether the key is its own:
//! if a machine nearer to the key has come before it meanwhile, it says so, and the lookup goes one hop further. Counted
//! are both: what a lookup would have believed without that question, as the paper's did, and what it has found.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_ring::circle::between;
use tertulia_ring::dice::Dice;
use tertulia_ring::{Hop, Interval, Pointer, Ring, Settings};
use tertulia_types::{MachineId, Position};

use super::plot::{Plot, Series};
use super::population::{Population, random_positions};
use super::sample::Sample;
use crate::net::{Delay, Net, exponential};

/// Mean delay of a message, and how long a lookup waits for an answer.
const DELAY_MS: f64 = 50.0;
const TIMEOUT_MS: u64 = 500;
/// One lookup in a second, on average.
const LOOKUP_MS: f64 = 1000.0;
/// The paper's list.
const SUCCESSORS: usize = 20;
/// The paper's mean time between stabilisations.
const PERIOD_S: f64 = 30.0;
/// No lookup asks more often.
const STEPS_MAX: usize = 100;

/// The paper's figures by rate in joins (and leaves) per hundred seconds: path, timeouts, failures in 10 000.
const PAPER: [(u64, f64, f64, u64); 8] = [
    (5, 3.90, 0.05, 0),
    (10, 3.83, 0.11, 0),
    (15, 3.84, 0.16, 2),
    (20, 3.81, 0.23, 5),
    (25, 3.83, 0.30, 6),
    (30, 3.91, 0.34, 8),
    (35, 3.94, 0.42, 16),
    (40, 4.06, 0.46, 15),
];

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) machines: usize,
    /// Joins in a hundred seconds, and as many leaves.
    pub(crate) rates_percent: Vec<u64>,
    pub(crate) warm_up_s: u64,
    /// Rings at each rate: how many machines there are at a time, and so the length of paths, is left to chance.
    pub(crate) runs: u64,
    /// In each run.
    pub(crate) lookups: u64,
}

/// What was measured at one rate.
pub(crate) struct Row {
    pub(crate) rate_percent: u64,
    pub(crate) path: Sample,
    pub(crate) timeouts: Sample,
    /// Lookups whose first answer was not the owner.
    pub(crate) misled: u64,
    /// Lookups that have found another machine than the owner in the end, or none.
    pub(crate) failed: u64,
    pub(crate) lookups: u64,
    /// Of each machine, in the mean of all runs.
    pub(crate) messages_per_s: f64,
    runs: u64,
}

impl Row {
    /// In whole numbers, as the paper gives them.
    fn failed_in_10_000(&self) -> u64 {
        (self.failed * 10_000 + self.lookups / 2) / self.lookups.max(1)
    }

    fn add(&mut self, other: &Self) {
        self.path.add_all(&other.path);
        self.timeouts.add_all(&other.timeouts);
        self.misled += other.misled;
        self.failed += other.failed;
        self.lookups += other.lookups;
        self.messages_per_s += other.messages_per_s;
        self.runs += other.runs;
    }
}

/// What was measured.
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
}

pub(crate) fn measure(scale: &Scale, seed: u64, say: &impl Fn(String)) -> Table {
    let rows = scale
        .rates_percent
        .iter()
        .map(|&rate_percent| {
            let run = |number: u64| {
                let seed = seed ^ (rate_percent << 8) ^ (number << 32);
                Churn::new(scale, seed, rate_percent).run(scale)
            };
            let mut row = run(0);
            for number in 1..scale.runs {
                row.add(&run(number));
            }
            say(format!(
                "churn at {rate_percent}/100 s: path {:.2}",
                row.path.mean()
            ));
            row
        })
        .collect();
    Table { rows }
}

/// The paper's machines: they stabilise every 15 to 45 s, refresh one finger as often, and take one silence for the end.
fn settings(seed: u64) -> Settings {
    let pace = Interval {
        min_ms: 15_000,
        max_ms: 45_000,
    };
    Settings {
        successors: SUCCESSORS,
        watched: 1,
        probe: pace,
        stabilise: pace,
        finger: pace,
        misses: 1,
        probers: 0,
        reply_timeout_ms: TIMEOUT_MS,
        seed,
        ..Settings::default()
    }
}

/// A lookup on its way.
struct Lookup {
    key: Position,
    /// The machines that have answered, in order.
    path: Vec<MachineId>,
    /// Who is asked now, and whether as the owner.
    asked: Pointer,
    as_owner: bool,
    silent: Vec<MachineId>,
    hops: u64,
    timeouts: u64,
    steps: usize,
    misled: bool,
}

/// What the clock brings besides messages and alarms.
enum Coming {
    Join,
    Leave,
    Start,
    /// The question of a lookup reaches the machine that it is meant for.
    Arrive(Lookup),
}

struct Churn {
    net: Net,
    dice: Dice,
    coming: BTreeMap<(u64, u64), Coming>,
    sequence: u64,
    /// All members by position.
    members: BTreeMap<Position, MachineId>,
    everybody: Vec<MachineId>,
    joining: BTreeSet<MachineId>,
    row: Row,
}

impl Churn {
    fn new(scale: &Scale, seed: u64, rate_percent: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut net = Net::new(dice.roll(), Delay::Exponential { mean_ms: DELAY_MS });
        let positions = random_positions(&mut dice, scale.machines);
        let mut members = BTreeMap::new();
        for ring in Population::settled(&positions, SUCCESSORS).rings {
            let fingers: Vec<_> = ring.fingers().map(|(_, finger)| finger).collect();
            let (me, list) = (ring.me(), ring.successors().to_vec());
            members.insert(me.position, me.machine);
            net.add(Ring::settled(
                me,
                ring.predecessor(),
                list,
                &fingers,
                settings(dice.roll()),
            ));
        }
        Self {
            net,
            coming: BTreeMap::new(),
            sequence: 0,
            everybody: members.values().copied().collect(),
            members,
            joining: BTreeSet::new(),
            row: Row {
                rate_percent,
                path: Sample::default(),
                timeouts: Sample::default(),
                misled: 0,
                failed: 0,
                lookups: 0,
                messages_per_s: 0.0,
                runs: 1,
            },
            dice,
        }
    }

    fn run(mut self, scale: &Scale) -> Row {
        let start_ms = scale.warm_up_s * 1000;
        self.plan(0.0, Coming::Join);
        self.plan(0.0, Coming::Leave);
        self.plan(start_ms as f64, Coming::Start);
        let pause_ms = 100_000.0 / self.row.rate_percent as f64;
        while self.row.lookups < scale.lookups {
            let Some(((at_ms, _), coming)) = self.coming.pop_first() else {
                break;
            };
            self.net.run_until(at_ms);
            self.admit();
            match coming {
                Coming::Join => {
                    self.join();
                    let wait_ms = exponential(&mut self.dice, pause_ms);
                    self.plan(wait_ms, Coming::Join);
                }
                Coming::Leave => {
                    self.leave();
                    let wait_ms = exponential(&mut self.dice, pause_ms);
                    self.plan(wait_ms, Coming::Leave);
                }
                Coming::Start => {
                    self.start();
                    let wait_ms = exponential(&mut self.dice, LOOKUP_MS);
                    self.plan(wait_ms, Coming::Start);
                }
                Coming::Arrive(lookup) => self.arrive(lookup),
            }
        }
        let machines_s = self.everybody.len() as f64 * (self.net.now_ms as f64 / 1000.0);
        self.row.messages_per_s = self.net.sent as f64 / machines_s;
        self.row
    }

    fn plan(&mut self, wait_ms: f64, coming: Coming) {
        self.sequence += 1;
        self.coming
            .insert((self.net.now_ms + wait_ms as u64, self.sequence), coming);
    }

    /// Those whose join has succeeded by now are members.
    fn admit(&mut self) {
        self.net.events.clear();
        let mut joined = Vec::new();
        for &machine in &self.joining {
            joined.extend(
                self.net
                    .machines
                    .get(&machine)
                    .filter(|ring| ring.is_member())
                    .map(Ring::me),
            );
        }
        for me in joined {
            self.joining.remove(&me.machine);
            self.members.insert(me.position, me.machine);
            self.everybody.push(me.machine);
        }
    }

    fn any_member(&mut self) -> MachineId {
        self.everybody[self.dice.below(self.everybody.len() as u64) as usize]
    }

    fn join(&mut self) {
        let contact = self.any_member();
        let contact = self.net.machines[&contact].me();
        let me = Pointer {
            machine: MachineId(self.dice.roll()),
            position: Position(self.dice.roll()),
        };
        let mut ring = Ring::new(me, settings(self.dice.roll()));
        ring.join(self.net.now_ms, contact);
        self.net.add(ring);
        self.joining.insert(me.machine);
    }

    fn leave(&mut self) {
        let place = self.dice.below(self.everybody.len() as u64) as usize;
        let machine = self.everybody.swap_remove(place);
        self.net.with(machine, |ring, _| ring.leave());
        if let Some(ring) = self.net.crash(machine) {
            self.members.remove(&ring.me().position);
        }
    }

    fn start(&mut self) {
        let start = self.any_member();
        let mut lookup = Lookup {
            key: Position(self.dice.roll()),
            path: vec![start],
            asked: self.net.machines[&start].me(),
            as_owner: false,
            silent: Vec::new(),
            hops: 0,
            timeouts: 0,
            steps: 0,
            misled: false,
        };
        match self.net.machines[&start].next_hop(lookup.key) {
            Hop::Here => self.end(lookup, Some(start)),
            Hop::Owner(owner) => {
                lookup.misled = owner.machine != self.owner(lookup.key);
                self.ask(lookup, owner, true);
            }
            Hop::Forward(nearer) => self.ask(lookup, nearer, false),
        }
    }

    /// The answer of one machine goes back to whoever looks up, which asks the next one.
    fn ask(&mut self, mut lookup: Lookup, next: Pointer, as_owner: bool) {
        lookup.asked = next;
        lookup.as_owner = as_owner;
        lookup.steps += 1;
        let wait_ms = exponential(&mut self.dice, DELAY_MS) + exponential(&mut self.dice, DELAY_MS);
        self.plan(wait_ms, Coming::Arrive(lookup));
    }

    /// A question arrives at a machine, or where one was.
    fn arrive(&mut self, mut lookup: Lookup) {
        if lookup.steps > STEPS_MAX {
            self.end(lookup, None);
            return;
        }
        let asked = lookup.asked.machine;
        let answers = self.net.machines.get(&asked).is_some_and(Ring::is_member);
        if !answers {
            lookup.timeouts += 1;
            lookup.silent.push(asked);
            self.ask_last_again(lookup);
            return;
        }
        lookup.hops += 1;
        let ring = &self.net.machines[&asked];
        if lookup.as_owner {
            // Perhaps somebody nearer to the key has come before it; one that was silent has gone.
            let nearer = ring.predecessor().filter(|nearer| {
                let owns = between(lookup.key, nearer.position, ring.me().position);
                (owns || lookup.key == nearer.position) && !lookup.silent.contains(&nearer.machine)
            });
            match nearer {
                Some(nearer) => self.ask(lookup, nearer, true),
                None => self.end(lookup, Some(asked)),
            }
            return;
        }
        lookup.path.push(asked);
        self.step(lookup);
    }

    /// The last of the path says where to go on.
    fn step(&mut self, mut lookup: Lookup) {
        let Some(ring) = lookup.path.last().and_then(|last| self.net.machines.get(last)) else {
            // It has left in the meantime.
            lookup.path.pop();
            if lookup.path.is_empty() {
                self.end(lookup, None);
            } else {
                self.step(lookup);
            }
            return;
        };
        match ring.next_hop_avoiding(lookup.key, &lookup.silent) {
            Some(Hop::Here) => {
                let here = ring.me().machine;
                self.end(lookup, Some(here));
            }
            Some(Hop::Owner(owner)) => {
                lookup.misled = owner.machine != self.owner(lookup.key);
                self.ask(lookup, owner, true);
            }
            Some(Hop::Forward(nearer)) => self.ask(lookup, nearer, false),
            None => {
                lookup.silent.extend(lookup.path.pop());
                self.step(lookup);
            }
        }
    }

    fn ask_last_again(&mut self, mut lookup: Lookup) {
        lookup.steps += 1;
        if lookup.path.is_empty() || lookup.steps > STEPS_MAX {
            self.end(lookup, None);
            return;
        }
        // It waits first; then question and answer take their time, and count as no hop, for they go nowhere new.
        self.step(lookup);
    }

    fn owner(&self, key: Position) -> MachineId {
        let first = self
            .members
            .range(key..)
            .next()
            .or(self.members.first_key_value());
        first.map_or(MachineId(0), |(_, &machine)| machine)
    }

    fn end(&mut self, lookup: Lookup, found: Option<MachineId>) {
        self.row.lookups += 1;
        self.row.path.add(lookup.hops);
        self.row.timeouts.add(lookup.timeouts);
        self.row.misled += u64::from(lookup.misled);
        self.row.failed += u64::from(found != Some(self.owner(lookup.key)));
    }
}

impl Table {
    /// Paths not longer than the paper's by more than 3 %, no more timeouts, no more failures in 10 000.
    pub(crate) fn is_reached(&self) -> bool {
        self.rows.iter().all(|row| {
            let paper = PAPER.iter().find(|(rate, ..)| *rate == row.rate_percent);
            paper.is_none_or(|&(_, path, timeouts, failures)| {
                row.path.mean() <= path * 1.03
                    && row.timeouts.mean() <= timeouts * 1.03 + 0.01
                    && row.failed_in_10_000() <= failures
            })
        })
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = "| joins/s, leaves/s (per period) | path: mean (p1, p99) | paper | timeouts: mean (p1, p99) | paper | wrong at first, in 10 000 | paper: failed | wrong in the end | messages/s and machine |\n|---|---|---|---|---|---|---|---|---|\n".to_owned();
        for row in &self.rows {
            let paper = PAPER.iter().find(|(rate, ..)| *rate == row.rate_percent);
            let of = |value: fn(&(u64, f64, f64, u64)) -> String| paper.map_or(String::new(), value);
            let rate = row.rate_percent as f64 / 100.0;
            text += &format!(
                "| {rate:.2} ({:.1}) | **{:.2}** ({}, {}) | {} | **{:.2}** ({}, {}) | {} | {:.0} | {} | **{}** of {} | {:.2} |\n",
                rate * PERIOD_S,
                row.path.mean(),
                row.path.percentile(1),
                row.path.percentile(99),
                of(|paper| format!("{:.2}", paper.1)),
                row.timeouts.mean(),
                row.timeouts.percentile(1),
                row.timeouts.percentile(99),
                of(|paper| format!("{:.2}", paper.2)),
                row.misled as f64 * 10_000.0 / row.lookups.max(1) as f64,
                of(|paper| paper.3.to_string()),
                row.failed,
                row.lookups,
                row.messages_per_s / row.runs as f64,
            );
        }
        text
    }

    pub(crate) fn plot(&self) -> Plot {
        let of = |value: fn(&Row) -> f64| -> Vec<_> {
            self.rows
                .iter()
                .map(|row| (row.rate_percent as f64 / 100.0, value(row)))
                .collect()
        };
        let paper = |name, value: fn(&(u64, f64, f64, u64)) -> f64| {
            let points = PAPER.iter().map(|row| (row.0 as f64 / 100.0, value(row)));
            Series::points(name, points.collect())
        };
        Plot {
            title: "About 1000 machines that come and go".to_owned(),
            x: "joins per second, and as many leaves".to_owned(),
            y: "hops with the last one; timeouts".to_owned(),
            series: vec![
                Series::line("ours, path", of(|row| row.path.mean())),
                Series::line("ours, timeouts", of(|row| row.timeouts.mean())),
                paper("paper, path", |row| row.1),
                paper("paper, timeouts", |row| row.2),
            ],
        }
    }
}
