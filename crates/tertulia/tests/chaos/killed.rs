//! Machines that are killed under load.

use tertulia_sim::load::Load;

use crate::ring::Ring;
use crate::{CROWD, PAUSE_MAX, account, alone, lot, progress, report, rounds, witnesses};

/// How much is acknowledged before, while and after a machine is away.
const ACTS: u64 = 40;

/// So many machines, any of which are killed at once, again and again.
async fn kill_at_once(name: &str, machines: usize, victims: usize, rounds: u64) {
    let mut ring = Ring::of(machines).await;
    let mut lot = lot();
    let mut load = Load::begin(ring.doors(), CROWD).await;
    let witnesses = witnesses(&ring);
    for _ in 0..rounds {
        progress(&mut load, &ring, ACTS).await;
        let mut killed = Vec::new();
        while killed.len() < victims {
            let victim = *lot.one_of(&ring.running());
            ring.kill(victim);
            killed.push(victim);
        }
        progress(&mut load, &ring, ACTS).await;
        for victim in killed {
            ring.start(victim).await;
        }
        ring.settle().await;
    }
    report::tell_history(name, &witnesses.end().await);
    let done = account(name, &mut ring, load).await;
    assert!(done.figures().longest.took < PAUSE_MAX, "{}", done.figures());
}

#[test]
fn three_machines_go_on_when_any_one_is_killed_and_nothing_is_lost() {
    alone(kill_at_once("three machines, one killed", 3, 1, rounds(2)));
}

#[test]
fn five_machines_go_on_when_any_two_are_killed_at_once_and_nothing_is_lost() {
    alone(kill_at_once("five machines, two killed at once", 5, 2, rounds(1)));
}
