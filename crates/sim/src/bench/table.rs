//! The figures as a person reads them, and as a program does.
//!
//! **Invariant:** a peer's figure is of the same run, or it is marked as recorded elsewhere.
//!
//! Deliberately absent: history. Keep the JSON of each run if you want to compare.

use std::fmt::{Display, Formatter, Result};

use serde::Serialize;

/// One measured thing.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// The figure.
    pub ours: f64,
    /// What the figure counts.
    pub unit: &'static str,
    /// What others do.
    pub peer: Option<Peer>,
    /// What it should reach.
    pub reach: Option<Reach>,
    /// Latencies, cost, and what else explains the figure.
    pub remarks: String,
}

/// A peer's figure.
#[derive(Debug, Clone, Serialize)]
pub struct Peer {
    /// The peer and its version.
    pub name: String,
    /// Its figure, in the row's unit.
    pub value: f64,
    /// Measured in this run? Otherwise it was recorded on another day, on a computer like this.
    pub same_run: bool,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// At least so many times the peer's.
    TimesPeer(f64),
}

impl Row {
    /// How many times the peer's figure ours is.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        self.peer.as_ref().map(|peer| self.ours / peer.value)
    }

    /// Does it reach what it should? `None` when nothing is asked, or nothing is there to compare with.
    #[must_use]
    pub fn is_reached(&self) -> Option<bool> {
        match self.reach? {
            Reach::AtLeast(value) => Some(self.ours >= value),
            Reach::AtMost(value) => Some(self.ours <= value),
            Reach::TimesPeer(times) => Some(self.ratio()? >= times),
        }
    }
}

/// All rows of a run.
#[derive(Debug, Default, Serialize)]
pub struct Table {
    /// In the order in which they were measured.
    pub rows: Vec<Row>,
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let titles = ["what", "ours", "peer", "ratio", "reach", ""].map(str::to_owned);
        let mut lines = vec![titles];
        lines.extend(self.rows.iter().map(cells));
        let width = |column: usize| {
            lines
                .iter()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..6).map(width).collect();
        for (number, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(&widths) {
                write!(f, "{cell:width$}  ")?;
            }
            writeln!(f)?;
            if number > 0 && !self.rows[number - 1].remarks.is_empty() {
                writeln!(f, "    {}", self.rows[number - 1].remarks)?;
            }
        }
        Ok(())
    }
}

fn cells(row: &Row) -> [String; 6] {
    let peer = row.peer.as_ref();
    [
        row.what.clone(),
        format!("{} {}", number(row.ours), row.unit),
        peer.map_or_else(String::new, |peer| {
            let mark = if peer.same_run { "" } else { " (recorded)" };
            format!("{} {}{mark}", peer.name, number(peer.value))
        }),
        row.ratio()
            .map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        row.reach.map_or_else(String::new, |reach| match reach {
            Reach::AtLeast(value) => format!(">= {}", number(value)),
            Reach::AtMost(value) => format!("<= {}", number(value)),
            Reach::TimesPeer(times) => format!(">= {times} x peer"),
        }),
        match row.is_reached() {
            Some(true) => "reached".to_owned(),
            Some(false) => "BELOW".to_owned(),
            None => String::new(),
        },
    ]
}

/// With as many digits as say something, and spaces between thousands.
fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{Peer, Reach, Row, Table};

    fn row(ours: f64, reach: Reach) -> Row {
        let peer = Some(Peer {
            name: "etcd".to_owned(),
            value: 20_000.0,
            same_run: true,
        });
        Row {
            what: "touch".to_owned(),
            ours,
            unit: "/s",
            peer,
            reach: Some(reach),
            remarks: String::new(),
        }
    }

    #[test]
    fn a_row_says_whether_it_reaches_what_it_should() {
        assert_eq!(row(30_000.0, Reach::TimesPeer(1.0)).is_reached(), Some(true));
        assert_eq!(row(10_000.0, Reach::TimesPeer(1.0)).is_reached(), Some(false));
        assert_eq!(row(10_000.0, Reach::AtMost(20_000.0)).is_reached(), Some(true));
        assert_eq!(row(10_000.0, Reach::AtLeast(20_000.0)).is_reached(), Some(false));
    }

    #[test]
    fn the_table_lines_up() {
        let table = Table {
            rows: vec![row(31_234.0, Reach::TimesPeer(1.0))],
        }
        .to_string();
        assert!(
            table.contains("touch  31 234 /s  etcd 20 000  1.56   >= 1 x peer  reached"),
            "{table}"
        );
    }
}
