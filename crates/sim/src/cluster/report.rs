//! What came of a run.

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
    /// The bug that it was to find, by name, and whether the machines had it.
    #[serde(default)]
    pub bug: Option<(String, bool)>,
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
            bug: settings
                .bug
                .map(|bug| (bug.name().to_owned(), settings.is_planted)),
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

    /// All that was counted, by name.
    #[must_use]
    pub fn counters(&self) -> [(&'static str, u64); 14] {
        [
            ("elections", self.elections),
            ("splits", self.splits),
            ("snapshots", self.snapshots),
            ("hand_overs", self.hand_overs),
            ("acknowledged", self.acknowledged),
            ("refused", self.refused),
            ("unknown", self.unknown),
            ("reads", self.reads),
            ("claims", self.claims),
            ("comparisons", self.comparisons),
            ("letters", self.letters),
            ("lost", self.lost),
            ("virtual_ms", self.virtual_ms),
            ("real_ms", self.real_ms),
        ]
    }

    /// Whether enough has happened for the run to count: at least two faults, and at least two *kinds* of what a cluster does about them, which are
    /// elections, splits, snapshots and hand-overs.
    #[must_use]
    pub fn counts(&self) -> bool {
        let faults: u64 = self.faults.values().sum();
        let kinds = [self.elections, self.splits, self.snapshots, self.hand_overs];
        faults >= 2 && kinds.iter().filter(|count| **count > 0).count() >= 2
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
            if let Some((bug, is_planted)) = &self.bug {
                write!(f, " --plant {bug}{}", if *is_planted { "" } else { " --spare" })?;
            }
        }
        if let Some(trace) = &self.trace {
            write!(f, "\n  trace: {}", trace.display())?;
        }
        Ok(())
    }
}
