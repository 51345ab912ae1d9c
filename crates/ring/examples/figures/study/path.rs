//! How long a lookup's path is, by the number of machines (figure 10 of the paper).

use std::ops::RangeInclusive;

use tertulia_ring::dice::Dice;
use tertulia_ring::{Hop, Settings};
use tertulia_types::Position;

use super::plot::{Plot, Series};
use super::population::{Population, even_positions, random_positions};
use super::sample::Sample;

/// The exponent of the ring whose distribution is shown.
const DISTRIBUTION: u32 = 12;

/// The paper's figure 10a: mean, 1st and 99th percentile, from 2^3 on.
const PAPER: [(f64, u64, u64); 12] = [
    (1.72, 1, 3),
    (2.09, 1, 4),
    (2.49, 1, 5),
    (2.96, 1, 5),
    (3.39, 1, 6),
    (3.88, 1, 7),
    (4.38, 1, 7),
    (4.89, 2, 8),
    (5.36, 2, 9),
    (5.85, 2, 10),
    (6.35, 2, 10),
    (6.87, 3, 11),
];

/// The same of an independent program with ideal fingers.
const ORACLE: [(f64, u64, u64); 15] = [
    (1.14, 0, 3),
    (1.69, 0, 4),
    (2.26, 0, 5),
    (2.80, 0, 5),
    (3.32, 0, 6),
    (3.84, 1, 7),
    (4.34, 1, 7),
    (4.86, 1, 8),
    (5.36, 2, 9),
    (5.85, 2, 10),
    (6.36, 2, 10),
    (6.85, 3, 11),
    (7.36, 3, 12),
    (7.86, 3, 12),
    (8.36, 4, 13),
];

/// The paper's figure 10b: the share of paths of length 1 to 12 on a ring of 2^12.
const PAPER_SHARES: [f64; 12] = [
    0.0033, 0.0180, 0.0571, 0.1288, 0.2124, 0.2254, 0.1938, 0.1094, 0.0412, 0.0092, 0.0012, 0.0002,
];
const ORACLE_SHARES: [f64; 12] = [
    0.0028, 0.0169, 0.0567, 0.1300, 0.2074, 0.2350, 0.1904, 0.1074, 0.0419, 0.0096, 0.0012, 0.0001,
];

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) exponents: RangeInclusive<u32>,
    /// So many rings are made that they have this many machines together,
    pub(crate) machines: u64,
    /// but not fewer than this.
    pub(crate) rings_min: u64,
    /// Over all rings of one size.
    pub(crate) lookups: u64,
}

/// What was measured on rings of one size.
pub(crate) struct Row {
    pub(crate) exponent: u32,
    /// Random positions, first successor and fingers: hops to the key's predecessor.
    pub(crate) plain: Sample,
    /// The same with positions as we give them.
    pub(crate) even: Sample,
    /// Positions and lists as we have them: hops with the last one, to the key's owner.
    pub(crate) ours: Sample,
    pub(crate) wrong: u64,
}

/// What was measured.
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
}

pub(crate) fn measure(scale: &Scale, seed: u64, say: &impl Fn(String)) -> Table {
    let mut dice = Dice::new(seed);
    let rows = scale
        .exponents
        .clone()
        .map(|exponent| {
            let row = measure_row(scale, exponent, &mut dice);
            say(format!(
                "path length, 2^{exponent} machines: {:.3}",
                row.plain.mean()
            ));
            row
        })
        .collect();
    Table { rows }
}

fn measure_row(scale: &Scale, exponent: u32, dice: &mut Dice) -> Row {
    let count = 1_usize << exponent;
    let rings = (scale.machines >> exponent).max(scale.rings_min);
    let lookups = scale.lookups.div_ceil(rings);
    let mut row = Row {
        exponent,
        plain: Sample::default(),
        even: Sample::default(),
        ours: Sample::default(),
        wrong: 0,
    };
    for _ in 0..rings {
        let positions = random_positions(dice, count);
        let plain = Population::settled(&positions, 1);
        row.wrong += walk(&plain, dice, lookups, |forwards, _| row.plain.add(forwards));
        drop(plain);
        let positions = even_positions(dice, count);
        let even = Population::settled(&positions, 1);
        row.wrong += walk(&even, dice, lookups, |forwards, _| row.even.add(forwards));
        drop(even);
        let ours = Population::settled(&positions, Settings::default().successors);
        row.wrong += walk(&ours, dice, lookups, |forwards, last| {
            row.ours.add(forwards + last)
        });
    }
    row
}

/// Random machines look random keys up. Says of each lookup how often it was forwarded, and whether (1 or 0) there was
/// one more hop, to the owner. Answers how many lookups have ended at another machine than the owner.
fn walk(population: &Population, dice: &mut Dice, lookups: u64, mut seen: impl FnMut(u64, u64)) -> u64 {
    let mut wrong = 0;
    for _ in 0..lookups {
        let mut at = dice.below(population.rings.len() as u64) as usize;
        let key = Position(dice.roll());
        let mut forwards = 0;
        let (found, last) = loop {
            match population.rings[at].next_hop(key) {
                Hop::Here => break (at, 0),
                Hop::Owner(owner) => break (Population::place(owner.machine), 1),
                Hop::Forward(nearer) => at = Population::place(nearer.machine),
            }
            forwards += 1;
        };
        wrong += u64::from(found != population.owner(key));
        seen(forwards, last);
    }
    wrong
}

impl Row {
    /// What the mean should be: ½·log2 N − 0.14.
    pub(crate) fn formula(&self) -> f64 {
        f64::from(self.exponent) / 2.0 - 0.14
    }

    /// By which share the mean is off.
    pub(crate) fn deviation(&self) -> f64 {
        self.plain.mean() / self.formula() - 1.0
    }
}

impl Table {
    pub(crate) fn is_reached(&self) -> bool {
        let large = self.rows.iter().filter(|row| row.exponent >= 9);
        large.clone().all(|row| row.deviation().abs() <= 0.01) && self.rows.iter().all(|row| row.wrong == 0)
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = "| machines | mean | p1 / p50 / p99 | ½·log2 N − 0.14 | off by | paper: mean, p1 / p99 | oracle: mean, p1 / p99 | even placement | as it is: even placement, 10 successors, with the last hop |\n|---|---|---|---|---|---|---|---|---|\n".to_owned();
        for row in &self.rows {
            let of = |figures: &[(f64, u64, u64)]| {
                let figure = figures.get(row.exponent.wrapping_sub(3) as usize);
                figure.map_or("".to_owned(), |(mean, p1, p99)| {
                    format!("{mean:.2}, {p1} / {p99}")
                })
            };
            let off = if row.exponent >= 9 {
                format!("{:+.2} %", row.deviation() * 100.0)
            } else {
                String::new()
            };
            text += &format!(
                "| 2^{} | **{:.3}** | {} / {} / {} | {:.2} | {off} | {} | {} | {:.3} | {:.3} |\n",
                row.exponent,
                row.plain.mean(),
                row.plain.percentile(1),
                row.plain.percentile(50),
                row.plain.percentile(99),
                row.formula(),
                of(&PAPER),
                of(&ORACLE),
                row.even.mean(),
                row.ours.mean(),
            );
        }
        text
    }

    fn distribution(&self) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.exponent == DISTRIBUTION)
            .or(self.rows.last())
    }

    /// The largest difference to the oracle's share, in points of a hundred; only for a ring of 2^12.
    pub(crate) fn distribution_error(&self) -> Option<f64> {
        let row = self.distribution().filter(|row| row.exponent == DISTRIBUTION)?;
        (1..)
            .zip(ORACLE_SHARES)
            .map(|(hops, share)| (row.plain.share(hops) - share).abs() * 100.0)
            .reduce(f64::max)
    }

    pub(crate) fn markdown_distribution(&self) -> String {
        let Some(row) = self.distribution() else {
            return String::new();
        };
        let mut text = format!(
            "| hops to the predecessor, 2^{} machines | ours | paper | oracle |\n|---|---|---|---|\n",
            row.exponent
        );
        for hops in 0..=PAPER_SHARES.len() {
            let of = |shares: &[f64; 12]| match hops.checked_sub(1) {
                Some(place) => format!("{:.4}", shares[place]),
                None => String::new(),
            };
            let ours = row.plain.share(hops as u64);
            text += &format!(
                "| {hops} | {ours:.4} | {} | {} |\n",
                of(&PAPER_SHARES),
                of(&ORACLE_SHARES)
            );
        }
        text
    }

    pub(crate) fn plot(&self) -> Plot {
        let figures = |name, figures: &[(f64, u64, u64)]| {
            let points = (3..)
                .zip(figures)
                .map(|(exponent, (mean, _, _))| (f64::from(exponent), *mean));
            Series::points(name, points.collect())
        };
        let of = |value: fn(&Row) -> f64| -> Vec<_> {
            self.rows
                .iter()
                .map(|row| (f64::from(row.exponent), value(row)))
                .collect()
        };
        Plot {
            title: "Path length by number of machines".to_owned(),
            x: "log2 of the number of machines".to_owned(),
            y: "hops to the key's predecessor".to_owned(),
            series: vec![
                Series::line("ours, mean", of(|row| row.plain.mean())),
                Series::line("ours, p99", of(|row| row.plain.percentile(99) as f64)),
                Series::line("ours, p1", of(|row| row.plain.percentile(1) as f64)),
                Series::line("ours, even placement, mean", of(|row| row.even.mean())),
                figures("paper, mean", &PAPER),
                figures("oracle, mean", &ORACLE),
                Series::dashed("½·log2 N − 0.14", of(Row::formula)),
            ],
        }
    }

    pub(crate) fn plot_distribution(&self) -> Plot {
        let shares = |name, shares: &[f64; 12]| {
            let points = (1..).zip(shares).map(|(hops, share)| (f64::from(hops), *share));
            Series::points(name, points.collect())
        };
        let row = self.distribution();
        let ours = row.map_or(Vec::new(), |row| {
            (0..=12)
                .map(|hops| (hops as f64, row.plain.share(hops)))
                .collect()
        });
        Plot {
            title: format!(
                "Distribution of path lengths, 2^{} machines",
                row.map_or(0, |row| row.exponent)
            ),
            x: "hops to the key's predecessor".to_owned(),
            y: "share of lookups".to_owned(),
            series: vec![
                Series::line("ours", ours),
                shares("paper", &PAPER_SHARES),
                shares("oracle", &ORACLE_SHARES),
            ],
        }
    }
}
