//! Machines that are stopped as an operator stops them, and machines that hang.

use tertulia_sim::load::Load;

use crate::ring::Ring;
use crate::{CROWD, PAUSE_MAX, account, alone, lot, progress, rounds};

/// How much is acknowledged before, while and after a machine is away.
const ACTS: u64 = 40;

#[test]
fn a_leader_that_is_told_to_stop_under_load_loses_nothing() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let mut load = Load::begin(ring.doors(), CROWD).await;
        for _ in 0..rounds(1) {
            progress(&mut load, &ring, ACTS).await;
            let leader = ring.busiest_leader().await;
            ring.stop(leader).await;
            progress(&mut load, &ring, ACTS).await;
            ring.start(leader).await;
            ring.settle().await;
        }
        let done = account("a leader told to stop", &mut ring, load).await;
        assert!(done.figures().longest.took < PAUSE_MAX, "{}", done.figures());
    });
}

#[test]
fn a_machine_that_hangs_is_done_without_and_what_it_missed_it_learns() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let mut lot = lot();
        let mut load = Load::begin(ring.doors(), CROWD).await;
        for _ in 0..rounds(1) {
            progress(&mut load, &ring, ACTS).await;
            let victim = *lot.one_of(&ring.running());
            ring.freeze(victim);
            progress(&mut load, &ring, ACTS).await;
            ring.thaw(victim);
            progress(&mut load, &ring, ACTS).await;
            ring.settle().await;
        }
        let done = account("a machine that hangs", &mut ring, load).await;
        assert!(done.figures().longest.took < PAUSE_MAX, "{}", done.figures());
    });
}
