//! What came of a run, and of many.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::invariant::Breach;
use super::ledger::Ledger;
use super::settings::Settings;
use super::watch::Sightings;
use super::world::World;

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// What must not have happened.
    pub breaches: Vec<Breach>,
    /// How often each kind of fault came.
    pub faults: BTreeMap<String, u64>,
    /// Changes of a group's leader.
    pub elections: u64,
    /// Groups that came out of others.
    pub splits: u64,
    /// Snapshots that were put in place.
    pub snapshots: u64,
    /// Leads that were handed over.
    pub hand_overs: u64,
    /// Writes that were acknowledged.
    pub acknowledged: u64,
    /// Writes that were refused.
    pub refused: u64,
    /// Writes of which nobody knows.
    pub unknown: u64,
    /// Reads that were answered.
    pub reads: u64,
    /// Answers for slots that were held against each other.
    pub claims: u64,
    /// Digests of copies that were held against each other.
    pub comparisons: u64,
    /// Letters between machines.
    pub letters: u64,
    /// Letters and answers that were lost.
    pub lost: u64,
    /// How long it was in virtual time, and how long it took.
    pub virtual_ms: u64,
    /// How long it took.
    pub real_ms: u64,
    /// Tells this run's course from others.
    pub digest: u64,
    /// Where the trace is, if it was written.
    pub trace: Option<PathBuf>,
}

impl Outcome {
    /// What has come of a run.
    #[must_use]
    pub fn of(world: &World, ledger: &Ledger, seen: &Sightings, settings: &Settings) -> Self {
        let net = world.net().counts();
        let faults = world.faults().into_iter();
        Self {
            seed: settings.seed,
            breaches: world.breaches(),
            faults: faults.map(|(kind, count)| (kind.to_owned(), count)).collect(),
            elections: seen.elections,
            splits: seen.splits,
            snapshots: net.snapshots,
            hand_overs: net.hand_overs,
            acknowledged: ledger.writes.acknowledged,
            refused: ledger.writes.refused,
            unknown: ledger.writes.unknown,
            reads: ledger.reads,
            claims: seen.claims,
            comparisons: seen.comparisons,
            letters: net.letters,
            lost: net.lost,
            virtual_ms: world.trace().now_ms(),
            real_ms: 0,
            digest: world.trace().digest(),
            trace: None,
        }
    }

    /// A run that did not come to its end.
    #[must_use]
    pub fn broken(seed: u64, why: &str, details: Vec<String>) -> Self {
        let breach = |what: String| Breach {
            invariant: "the run comes to its end".to_owned(),
            what,
            at_ms: 0,
        };
        let mut breaches = vec![breach(why.to_owned())];
        breaches.extend(details.into_iter().map(breach));
        Self {
            seed,
            breaches,
            ..Self::default()
        }
    }

    /// Whether enough has happened for the run to count: at least two faults, and two of elections, splits, snapshots and hand-overs.
    #[must_use]
    pub fn counts(&self) -> bool {
        let faults: u64 = self.faults.values().sum();
        let events = self.elections + self.splits + self.snapshots + self.hand_overs;
        faults >= 2 && events >= 2
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.faults.values().sum();
        write!(
            f,
            "seed {}: {faults} faults, {} elections, {} splits, {} snapshots, {} hand-overs; {} writes acknowledged, {} refused, {} unknown; \
             {} reads, {} slots answered for, {} copies compared; {} letters, {} lost; {} s in {} ms",
            self.seed,
            self.elections,
            self.splits,
            self.snapshots,
            self.hand_overs,
            self.acknowledged,
            self.refused,
            self.unknown,
            self.reads,
            self.claims,
            self.comparisons,
            self.letters,
            self.lost,
            self.virtual_ms / 1000,
            self.real_ms
        )?;
        for breach in &self.breaches {
            write!(
                f,
                "\n  BROKEN at {} ms: {}: {}",
                breach.at_ms, breach.invariant, breach.what
            )?;
        }
        if !self.breaches.is_empty() {
            write!(
                f,
                "\n  again: cargo run -p tertulia-sim --bin sim -- --seed {}",
                self.seed
            )?;
        }
        if let Some(trace) = &self.trace {
            write!(f, "\n  trace: {}", trace.display())?;
        }
        Ok(())
    }
}

/// What came of many runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Runs that count.
    pub counted: u64,
    /// Seeds of runs in which fewer than two faults, or fewer than two elections, splits, snapshots and hand-overs, came: they do not count.
    pub quiet: Vec<u64>,
    /// Seeds of runs in which something was wrong.
    pub broken: Vec<u64>,
    /// Seeds whose second run took another course, if each was run twice.
    pub unlike: Vec<u64>,
    /// Sums over all runs.
    pub sum: Outcome,
    /// Each run.
    pub runs: Vec<Outcome>,
}

impl Report {
    /// Adds a run.
    pub fn add(&mut self, run: Outcome) {
        if !run.breaches.is_empty() {
            self.broken.push(run.seed);
        }
        if run.counts() {
            self.counted += 1;
        } else {
            self.quiet.push(run.seed);
        }
        let sum = &mut self.sum;
        for (kind, count) in &run.faults {
            *sum.faults.entry(kind.clone()).or_default() += count;
        }
        for (sum, one) in [
            (&mut sum.elections, run.elections),
            (&mut sum.splits, run.splits),
            (&mut sum.snapshots, run.snapshots),
            (&mut sum.hand_overs, run.hand_overs),
            (&mut sum.acknowledged, run.acknowledged),
            (&mut sum.refused, run.refused),
            (&mut sum.unknown, run.unknown),
            (&mut sum.reads, run.reads),
            (&mut sum.claims, run.claims),
            (&mut sum.comparisons, run.comparisons),
            (&mut sum.letters, run.letters),
            (&mut sum.lost, run.lost),
            (&mut sum.virtual_ms, run.virtual_ms),
            (&mut sum.real_ms, run.real_ms),
        ] {
            *sum += one;
        }
        self.runs.push(run);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = &self.sum;
        writeln!(
            f,
            "{} runs, of which {} count: {} elections, {} splits, {} snapshots, {} hand-overs; {} writes acknowledged, {} refused, {} unknown; {} reads; \
             {} letters, {} lost; {} min of virtual time",
            self.runs.len(),
            self.counted,
            sum.elections,
            sum.splits,
            sum.snapshots,
            sum.hand_overs,
            sum.acknowledged,
            sum.refused,
            sum.unknown,
            sum.reads,
            sum.letters,
            sum.lost,
            sum.virtual_ms / 60_000
        )?;
        writeln!(f, "faults: {:?}", sum.faults)?;
        writeln!(f, "too quiet to count: {:?}", self.quiet)?;
        if !self.unlike.is_empty() {
            writeln!(f, "took another course the second time: {:?}", self.unlike)?;
        }
        write!(f, "broken: {:?}", self.broken)
    }
}
