//! A ring that grows and shrinks while people use it and machines are killed.

use tertulia_sim::load::Load;
use tertulia_sim::lot::Lot;
use tertulia_types::ring::RingStatus;

use crate::ring::Ring;
use crate::{CROWD, account, alone, lot, progress, rounds};

/// How much is acknowledged between two things that happen.
const ACTS: u64 = 20;
/// The most machines, in a long run and in a short one, and the fewest.
const MANY: usize = 7;
const MANY_IN_SHORT: usize = 5;
const FEW: usize = 3;

/// With so many machines one is killed in every run; in a long one, with any number that bears it. A machine that was away counts
/// for less for a minute after its return (J6), and who wants to leave may have to wait for that.
const KILLED_WITH: [usize; 2] = [3, 4];

/// Whether this is the slice that runs with all tests.
fn is_short() -> bool {
    rounds(1) == 1
}

/// Kills one of the machines, and starts it again a while later. Only where the ring says that any one may be lost: when it has
/// grown to three a moment ago, that takes a while.
async fn kill_one(ring: &mut Ring, load: &mut Load, lot: &mut Lot) {
    let machines = ring.running().len();
    if machines < FEW || (is_short() && !KILLED_WITH.contains(&machines)) {
        return;
    }
    let bears_it = |status: &RingStatus| status.tolerates > 0 && !status.is_partial;
    ring.until(ring.running()[0], bears_it, "one machine may be lost")
        .await;
    let victim = *lot.one_of(&ring.running());
    ring.kill(victim);
    progress(load, ring, ACTS).await;
    ring.start(victim).await;
}

#[test]
fn a_ring_grows_from_one_machine_to_many_and_shrinks_to_three_while_machines_are_killed() {
    alone(async {
        let many = if is_short() { MANY_IN_SHORT } else { MANY };
        let mut lot = lot();
        let mut ring = Ring::of(1).await;
        let mut load = Load::begin(ring.doors(), CROWD).await;
        for _ in 0..rounds(1) {
            while ring.running().len() < many {
                progress(&mut load, &ring, ACTS).await;
                ring.join().await;
                kill_one(&mut ring, &mut load, &mut lot).await;
            }
            while ring.running().len() > FEW {
                progress(&mut load, &ring, ACTS).await;
                let leaver = *lot.one_of(&ring.running());
                ring.leave(leaver).await;
                kill_one(&mut ring, &mut load, &mut lot).await;
            }
        }
        ring.settle().await;
        account("grown to many, shrunk to three", &mut ring, load).await;
    });
}
