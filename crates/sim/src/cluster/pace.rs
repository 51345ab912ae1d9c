//! How long the machines' disks take.
//!
//! A worker of a machine says whose it is and what it does, and is told how long to wait; that goes by a function without surroundings, so what it needs
//! lies in the thread of the run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use tertulia_node::{Lag, Stage};

use super::Name;
use super::chance::Chance;

/// How long a batch of work takes as a rule, at most.
const USUAL_MS: u64 = 2;
/// Batches that take longer (of a thousand), and how long they take at most.
const LONG_PERMILLE: u32 = 5;
const LONG_MS: u64 = 60;

struct Disks {
    chance: Chance,
    slow: BTreeMap<u64, u32>,
}

thread_local! {
    static DISKS: RefCell<Option<Disks>> = const { RefCell::new(None) };
}

/// Begins a run on this thread.
pub(super) fn begin(seed: u64) {
    let disks = Disks {
        chance: Chance::new(seed, "disks"),
        slow: BTreeMap::new(),
    };
    DISKS.set(Some(disks));
}

/// The stage on which a machine's workers run.
pub(super) fn stage(name: Name) -> Stage {
    Stage::Paced(Lag {
        machine: u64::from(name.0),
        of: lag,
    })
}

/// This machine's disk takes so many times as long from now on.
pub(super) fn slow(name: Name, times: u32) {
    DISKS.with_borrow_mut(|disks| {
        if let Some(disks) = disks {
            disks.slow.insert(u64::from(name.0), times);
        }
    });
}

/// No disk is slow any more.
pub(super) fn hurry() {
    DISKS.with_borrow_mut(|disks| {
        if let Some(disks) = disks {
            disks.slow.clear();
        }
    });
}

fn lag(machine: u64, _: &str) -> Duration {
    DISKS.with_borrow_mut(|disks| {
        disks.as_mut().map_or(Duration::ZERO, |disks| {
            let most = if disks.chance.permille(LONG_PERMILLE) {
                LONG_MS
            } else {
                USUAL_MS
            };
            disks.chance.millis(0, most) * disks.slow.get(&machine).copied().unwrap_or(1)
        })
    })
}
