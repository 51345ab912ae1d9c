//! Lookups right after many machines have failed in the same moment, before anything is repaired (table II of the paper).

use tertulia_ring::Hop;
use tertulia_ring::dice::Dice;
use tertulia_types::{MachineId, Position};

use super::plot::{Plot, Series};
use super::population::{Population, random_positions};
use super::sample::Sample;

/// The size of the paper's ring, and its list of successors.
const MACHINES: usize = 1000;
const SUCCESSORS: usize = 20;
/// A list that is too short for such a disaster, and the list that we have.
const SHORT: usize = 4;
const OURS: usize = 10;
/// How many tenths of the machines fail.
const TENTHS: [u64; 6] = [0, 1, 2, 3, 4, 5];

/// Path with the last hop and timeouts, means: of the paper, and of an independent program with ideal pointers.
const PAPER: [(f64, f64); 6] = [
    (3.84, 0.0),
    (4.03, 0.60),
    (4.22, 1.17),
    (4.44, 2.02),
    (4.69, 3.23),
    (5.09, 5.10),
];
const ORACLE: [(f64, f64); 6] = [
    (3.83, 0.0),
    (3.99, 0.51),
    (4.19, 1.17),
    (4.46, 2.17),
    (4.75, 3.54),
    (5.17, 5.67),
];
/// The same program on a ring of 2^17 with lists of 34.
const ORACLE_LARGE: [(f64, f64); 6] = [
    (6.97, 0.0),
    (7.38, 1.03),
    (7.86, 2.34),
    (8.49, 4.26),
    (9.24, 6.96),
    (10.37, 11.57),
];
/// The share of lookups that fail there with lists of 4 on a ring of 1000, in percent.
const ORACLE_SHORT_PERCENT: [f64; 6] = [0.0, 0.04, 0.70, 4.1, 12.6, 28.8];
const LARGE_SUCCESSORS: usize = 34;

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) rings: u64,
    /// On each ring.
    pub(crate) lookups: u64,
    pub(crate) large: Option<Large>,
}

/// A ring larger than the paper's.
#[derive(Clone, Debug)]
pub(crate) struct Large {
    pub(crate) exponent: u32,
    pub(crate) lookups: u64,
}

/// What came of lookups among so many failures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Hops to machines that are alive, with the last one; of lookups that have found the owner.
    pub(crate) path: Sample,
    pub(crate) timeouts: Sample,
    pub(crate) failed: u64,
    pub(crate) lookups: u64,
}

/// What was measured for one share of failures.
pub(crate) struct Row {
    pub(crate) tenths: u64,
    pub(crate) papers: Outcome,
    pub(crate) ours: Outcome,
    /// Lists of 4: without going back, as in the oracle, and with it.
    pub(crate) short: Outcome,
    pub(crate) short_back: Outcome,
    pub(crate) large: Option<Outcome>,
}

/// What was measured.
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
}

pub(crate) fn measure(scale: &Scale, seed: u64, say: &impl Fn(String)) -> Table {
    let mut dice = Dice::new(seed ^ 2);
    let mut rows: Vec<_> = TENTHS
        .map(|tenths| Row {
            tenths,
            papers: Outcome::default(),
            ours: Outcome::default(),
            short: Outcome::default(),
            short_back: Outcome::default(),
            large: scale.large.as_ref().map(|_| Outcome::default()),
        })
        .into();
    for _ in 0..scale.rings {
        let positions = random_positions(&mut dice, MACHINES);
        let [papers, ours, short] =
            [SUCCESSORS, OURS, SHORT].map(|successors| Population::settled(&positions, successors));
        for row in &mut rows {
            let alive = survivors(&mut dice, MACHINES, row.tenths);
            look_up(&papers, &alive, &mut dice, scale.lookups, false, &mut row.papers);
            look_up(&ours, &alive, &mut dice, scale.lookups, true, &mut row.ours);
            look_up(&short, &alive, &mut dice, scale.lookups, false, &mut row.short);
            look_up(
                &short,
                &alive,
                &mut dice,
                scale.lookups,
                true,
                &mut row.short_back,
            );
        }
    }
    if let Some(large) = &scale.large {
        let count = 1 << large.exponent;
        let population = Population::settled(&random_positions(&mut dice, count), LARGE_SUCCESSORS);
        for row in &mut rows {
            let alive = survivors(&mut dice, count, row.tenths);
            if let Some(outcome) = &mut row.large {
                look_up(&population, &alive, &mut dice, large.lookups, false, outcome);
            }
        }
    }
    say("simultaneous failures: done".to_owned());
    Table { rows }
}

/// Which machines are alive after exactly this share has failed.
fn survivors(dice: &mut Dice, count: usize, tenths: u64) -> Vec<bool> {
    let mut alive = vec![true; count];
    let mut left = count as u64 * tenths / 10;
    while left > 0 {
        let victim = dice.below(count as u64) as usize;
        if alive[victim] {
            alive[victim] = false;
            left -= 1;
        }
    }
    alive
}

fn look_up(
    population: &Population,
    alive: &[bool],
    dice: &mut Dice,
    lookups: u64,
    goes_back: bool,
    outcome: &mut Outcome,
) {
    for _ in 0..lookups {
        let start = loop {
            let place = dice.below(alive.len() as u64) as usize;
            if alive[place] {
                break place;
            }
        };
        let key = Position(dice.roll());
        let mut owner = population.owner(key);
        while !alive[owner] {
            owner = (owner + 1) % alive.len();
        }
        one(population, alive, start, key, owner, goes_back, outcome);
    }
}

/// One lookup. A machine that does not answer costs a timeout, and then the one that has named it is asked for another.
/// If it has no other, the lookup has failed; or it goes back one more hop.
fn one(
    population: &Population,
    alive: &[bool],
    start: usize,
    key: Position,
    owner: usize,
    goes_back: bool,
    outcome: &mut Outcome,
) {
    let mut at = vec![start];
    let mut silent: Vec<MachineId> = Vec::new();
    let (mut hops, mut timeouts) = (0, 0);
    let found = loop {
        let Some(&here) = at.last() else { break None };
        let (next, is_last) = match population.rings[here].next_hop_avoiding(key, &silent) {
            Some(Hop::Here) => break Some(here),
            Some(Hop::Owner(next)) => (next, true),
            Some(Hop::Forward(next)) => (next, false),
            None if goes_back => {
                // It is of no use as long as these are silent.
                silent.push(population.rings[here].me().machine);
                at.pop();
                hops += 1;
                continue;
            }
            None => break None,
        };
        let place = Population::place(next.machine);
        if !alive[place] {
            timeouts += 1;
            silent.push(next.machine);
        } else if is_last {
            hops += 1;
            break Some(place);
        } else {
            hops += 1;
            at.push(place);
        }
    };
    outcome.lookups += 1;
    if found == Some(owner) {
        outcome.path.add(hops);
        outcome.timeouts.add(timeouts);
    } else {
        outcome.failed += 1;
    }
}

impl Outcome {
    pub(crate) fn failed_percent(&self) -> f64 {
        100.0 * self.failed as f64 / self.lookups.max(1) as f64
    }
}

impl Table {
    /// The largest share by which a mean path is off the oracle's.
    pub(crate) fn path_deviation(&self) -> f64 {
        let pairs = self.rows.iter().zip(ORACLE);
        pairs
            .map(|(row, (path, _))| (row.papers.path.mean() / path - 1.0).abs())
            .fold(0.0, f64::max)
    }

    /// Path within 3 % of the oracle, timeouts not above its by more than 3 %, and no lookup failed.
    pub(crate) fn is_reached(&self) -> bool {
        let mut pairs = self.rows.iter().zip(ORACLE);
        let timely = pairs.all(|(row, (_, timeouts))| row.papers.timeouts.mean() <= timeouts * 1.03 + 0.03);
        self.path_deviation() <= 0.03 && timely && self.rows.iter().all(|row| row.papers.failed == 0)
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = "| failed | path: mean (p1, p99) | paper | oracle | timeouts: mean (p1, p99) | paper | oracle | lookups failed |\n|---|---|---|---|---|---|---|---|\n".to_owned();
        for (place, row) in self.rows.iter().enumerate() {
            text += &format!(
                "| {} % | **{:.2}** ({}, {}) | {:.2} | {:.2} | **{:.2}** ({}, {}) | {:.2} | {:.2} | {} of {} |\n",
                row.tenths * 10,
                row.papers.path.mean(),
                row.papers.path.percentile(1),
                row.papers.path.percentile(99),
                PAPER[place].0,
                ORACLE[place].0,
                row.papers.timeouts.mean(),
                row.papers.timeouts.percentile(1),
                row.papers.timeouts.percentile(99),
                PAPER[place].1,
                ORACLE[place].1,
                row.papers.failed,
                row.papers.lookups,
            );
        }
        text
    }

    pub(crate) fn markdown_lists(&self) -> String {
        let mut text = "| failed | 4 successors: failed | oracle | 4, and going back: failed | 10 successors (ours), and going back: failed | path | timeouts | 2^17 machines, 34 successors: path | oracle | timeouts | oracle | failed |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n".to_owned();
        for (place, row) in self.rows.iter().enumerate() {
            let large = row.large.as_ref().map_or("| | | | |".to_owned(), |large| {
                format!(
                    "| {:.2} | {:.2} | {:.2} | {:.2} | {} of {} ",
                    large.path.mean(),
                    ORACLE_LARGE[place].0,
                    large.timeouts.mean(),
                    ORACLE_LARGE[place].1,
                    large.failed,
                    large.lookups
                )
            });
            text += &format!(
                "| {} % | {:.2} % | {:.2} % | {:.2} % | {:.3} % | {:.2} | {:.2} {large}|\n",
                row.tenths * 10,
                row.short.failed_percent(),
                ORACLE_SHORT_PERCENT[place],
                row.short_back.failed_percent(),
                row.ours.failed_percent(),
                row.ours.path.mean(),
                row.ours.timeouts.mean(),
            );
        }
        text
    }

    pub(crate) fn plot(&self) -> Plot {
        let of = |value: fn(&Row) -> f64| -> Vec<_> {
            self.rows
                .iter()
                .map(|row| (row.tenths as f64 * 10.0, value(row)))
                .collect()
        };
        let figures = |name, values: Vec<f64>| {
            let points = TENTHS
                .iter()
                .zip(values)
                .map(|(tenths, value)| (*tenths as f64 * 10.0, value));
            Series::points(name, points.collect())
        };
        Plot {
            title: format!("{MACHINES} machines, {SUCCESSORS} successors, simultaneous failures"),
            x: "machines failed, %".to_owned(),
            y: "hops with the last one; timeouts".to_owned(),
            series: vec![
                Series::line("ours, path", of(|row| row.papers.path.mean())),
                Series::line("ours, timeouts", of(|row| row.papers.timeouts.mean())),
                figures("paper, path", PAPER.map(|figure| figure.0).into()),
                figures("paper, timeouts", PAPER.map(|figure| figure.1).into()),
                figures("oracle, path", ORACLE.map(|figure| figure.0).into()),
                figures("oracle, timeouts", ORACLE.map(|figure| figure.1).into()),
            ],
        }
    }
}
