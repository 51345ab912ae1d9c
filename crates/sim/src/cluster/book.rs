//! What has been run so far, kept in a small file from one day to the next: on which computer, which version of the code, how many seeds, and what came of them.
//!
//! Runs of the same code on the same computer, each of which goes on where the one before ended, are one [`Campaign`]. A long run may be ended at any time:
//! what it has done by then is in the file.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::report::Outcome;

/// All campaigns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// In the order in which they began.
    pub campaigns: Vec<Campaign>,
}

/// On what, and with what, seeds are run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// The version of the code.
    pub code: String,
    /// The computer's processor and memory.
    pub computer: String,
    /// How many runs at a time.
    pub jobs: usize,
    /// How long trouble lasts in each run, in virtual time.
    pub length_s: u64,
}

/// Seeds that were run on the same ground, one after another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// On what.
    #[serde(flatten)]
    pub ground: Ground,
    /// The first seed.
    pub from: u64,
    /// How many were run.
    pub seeds: u64,
    /// How many of them count.
    pub counted: u64,
    /// Seeds of runs in which something was wrong.
    pub violations: Vec<u64>,
    /// How long it took, all processors at work.
    pub took_s: u64,
    /// Sums over all runs.
    pub sums: BTreeMap<String, u64>,
    /// How often each kind of fault came.
    pub faults: BTreeMap<String, u64>,
}

impl Book {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// If it cannot be read, or is no such file.
    pub fn read(path: &Path) -> io::Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        std::fs::write(path, text)
    }

    /// Where seeds have not been run on this ground yet.
    #[must_use]
    pub fn next_seed(&self, ground: &Ground) -> u64 {
        let mine = self
            .campaigns
            .iter()
            .filter(|campaign| campaign.ground == *ground);
        mine.map(|campaign| campaign.from + campaign.seeds)
            .max()
            .unwrap_or(0)
    }

    /// The campaign that goes on on this ground with this seed; a new one where none does.
    pub fn campaign(&mut self, ground: &Ground, from: u64) -> &mut Campaign {
        let goes_on =
            |campaign: &Campaign| campaign.ground == *ground && campaign.from + campaign.seeds == from;
        let at = self.campaigns.iter().position(goes_on).unwrap_or_else(|| {
            self.campaigns.push(Campaign::new(ground.clone(), from));
            self.campaigns.len() - 1
        });
        &mut self.campaigns[at]
    }
}

impl Campaign {
    /// One in which nothing has been run yet.
    #[must_use]
    pub fn new(ground: Ground, from: u64) -> Self {
        Self {
            ground,
            from,
            seeds: 0,
            counted: 0,
            violations: Vec::new(),
            took_s: 0,
            sums: BTreeMap::new(),
            faults: BTreeMap::new(),
        }
    }

    /// Takes a run in.
    pub fn add(&mut self, run: &Outcome) {
        self.seeds += 1;
        self.counted += u64::from(run.counts());
        if !run.breaches.is_empty() {
            self.violations.push(run.seed);
        }
        for (kind, count) in &run.faults {
            *self.faults.entry(kind.clone()).or_default() += count;
        }
        for (what, count) in run.counters() {
            *self.sums.entry(what.to_owned()).or_default() += count;
        }
    }
}

impl fmt::Display for Campaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &BTreeMap<String, u64>| {
            let counts = counts.iter().map(|(what, count)| format!("{count} {what}"));
            counts.collect::<Vec<_>>().join(", ")
        };
        writeln!(
            f,
            "seeds {} to {}: {} of {} count, in {} s on {} ({} at a time)",
            self.from,
            self.from + self.seeds.max(1) - 1,
            self.counted,
            self.seeds,
            self.took_s,
            self.ground.computer,
            self.ground.jobs
        )?;
        writeln!(f, "faults: {}", list(&self.faults))?;
        writeln!(f, "seen: {}", list(&self.sums))?;
        write!(f, "violations: {:?}", self.violations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64) -> Outcome {
        Outcome {
            seed,
            faults: BTreeMap::from([("crash".to_owned(), 2)]),
            elections: 3,
            splits: 1,
            ..Outcome::default()
        }
    }

    #[test]
    fn what_goes_on_is_one_campaign_and_another_ground_is_another() {
        let ground = Ground {
            code: "a".to_owned(),
            ..Ground::default()
        };
        let mut book = Book::default();
        book.campaign(&ground, 0).add(&run(0));
        assert_eq!(book.next_seed(&ground), 1);
        let mut broken = run(1);
        broken.breaches = Outcome::broken(1, "why", Vec::new()).breaches;
        book.campaign(&ground, 1).add(&broken);
        let other = Ground::default();
        assert_eq!(book.next_seed(&other), 0);
        book.campaign(&other, 0).add(&run(0));
        assert_eq!(book.campaigns.len(), 2);
        let first = &book.campaigns[0];
        assert_eq!((first.seeds, first.counted), (2, 2));
        assert_eq!(first.violations, [1]);
        assert_eq!((first.sums["elections"], first.faults["crash"]), (6, 4));
    }

    #[test]
    fn a_book_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.json");
        let mut book = Book::read(&path).unwrap();
        book.campaign(&Ground::default(), 7).add(&run(7));
        book.write(&path).unwrap();
        assert_eq!(Book::read(&path).unwrap(), book);
    }
}
