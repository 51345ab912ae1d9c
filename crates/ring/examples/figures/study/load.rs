//! How evenly keys fall to machines (figure 8 of the paper), with positions by chance and as we give them.

use tertulia_ring::dice::Dice;
use tertulia_types::Position;

use super::plot::{Plot, Series};
use super::population::{even_positions, random_positions};
use super::sample::Sample;

/// What theory says of positions by chance, as multiples of the mean: a machine's share is exponentially distributed.
const THEORY_P1: f64 = 0.01;
const THEORY_P99: f64 = 4.61;

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) machines: usize,
    pub(crate) keys: Vec<u64>,
    pub(crate) seeds: u64,
}

/// What was measured for one number of keys.
pub(crate) struct Row {
    pub(crate) keys: u64,
    pub(crate) mean: f64,
    pub(crate) random: Sample,
    pub(crate) even: Sample,
}

/// What was measured.
pub(crate) struct Table {
    pub(crate) machines: usize,
    pub(crate) rows: Vec<Row>,
}

pub(crate) fn measure(scale: &Scale, seed: u64) -> Table {
    let mut dice = Dice::new(seed ^ 4);
    let mut rows: Vec<_> = scale
        .keys
        .iter()
        .map(|&keys| Row {
            keys,
            mean: keys as f64 / scale.machines as f64,
            random: Sample::default(),
            even: Sample::default(),
        })
        .collect();
    for _ in 0..scale.seeds {
        let random = random_positions(&mut dice, scale.machines);
        let even = even_positions(&mut dice, scale.machines);
        for row in &mut rows {
            count(&random, row.keys, &mut dice, &mut row.random);
            count(&even, row.keys, &mut dice, &mut row.even);
        }
    }
    Table {
        machines: scale.machines,
        rows,
    }
}

/// Throws keys at the ring, and adds how many each machine has caught.
fn count(positions: &[Position], keys: u64, dice: &mut Dice, sample: &mut Sample) {
    let mut caught = vec![0; positions.len()];
    for _ in 0..keys {
        let key = Position(dice.roll());
        let owner = positions.partition_point(|&position| position < key) % positions.len();
        caught[owner] += 1;
    }
    caught.into_iter().for_each(|count| sample.add(count));
}

impl Row {
    fn multiple(&self, count: u64) -> f64 {
        count as f64 / self.mean
    }

    /// The 99th percentile of positions by chance, as a multiple of the mean.
    pub(crate) fn random_p99(&self) -> f64 {
        self.multiple(self.random.percentile(99))
    }

    /// The same with our placement.
    pub(crate) fn even_p99(&self) -> f64 {
        self.multiple(self.even.percentile(99))
    }
}

impl Table {
    /// By chance as in theory within 3 %; evenly, 99 of 100 machines below twice the mean.
    pub(crate) fn is_reached(&self) -> bool {
        self.rows
            .last()
            .is_some_and(|row| (row.random_p99() / THEORY_P99 - 1.0).abs() <= 0.03 && row.even_p99() <= 2.0)
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = "| keys | per machine | by chance: p1 | p99 | most | theory: p1 / p99 | evenly (ours): p1 | p99 | most |\n|---|---|---|---|---|---|---|---|---|\n".to_owned();
        for row in &self.rows {
            text += &format!(
                "| {} | {:.0} | {:.2} | {:.2} | {:.2} | {THEORY_P1} / {THEORY_P99} | **{:.2}** | **{:.2}** | **{:.2}** |\n",
                row.keys,
                row.mean,
                row.multiple(row.random.percentile(1)),
                row.random_p99(),
                row.multiple(row.random.max()),
                row.multiple(row.even.percentile(1)),
                row.even_p99(),
                row.multiple(row.even.max()),
            );
        }
        text
    }

    pub(crate) fn plot(&self) -> Plot {
        let of = |value: fn(&Row) -> f64| -> Vec<_> {
            self.rows
                .iter()
                .map(|row| (row.keys as f64 / 1000.0, value(row)))
                .collect()
        };
        Plot {
            title: format!("Keys per machine, {} machines", self.machines),
            x: "thousands of keys".to_owned(),
            y: "keys at a machine / mean".to_owned(),
            series: vec![
                Series::line("by chance, p99", of(Row::random_p99)),
                Series::line("by chance, p1", of(|row| row.multiple(row.random.percentile(1)))),
                Series::line("evenly (ours), p99", of(Row::even_p99)),
                Series::line(
                    "evenly (ours), p1",
                    of(|row| row.multiple(row.even.percentile(1))),
                ),
                Series::dashed("theory for chance, p99", of(|_| THEORY_P99)),
            ],
        }
    }
}
