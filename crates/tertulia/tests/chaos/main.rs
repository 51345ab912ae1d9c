//! Rings of real machines under attack, with people at work on them: machines are killed, frozen, stopped, joined, removed and let
//! go, and everything that was acknowledged is there afterwards, exactly once, read through every machine that is left.
//!
//! What runs in `make test` is a short slice. `make chaos` runs long, with the optimised program, and prints what it saw.
//! `TERTULIA_CHAOS_ROUNDS` says how often each attack is repeated, `TERTULIA_CHAOS_SEED` how lots are drawn, `TERTULIA_CHAOS_REPORT` into which file it is
//! written what was seen.

#![expect(clippy::unwrap_used, reason = "tests: what fails here fails the test")]
#![expect(clippy::print_stdout, reason = "a long run prints what it saw")]

mod ring;

mod report;

mod client;
mod cut;
mod disk;
mod gateway;
mod grown;
mod killed;
mod nick;
mod replaced;
mod stages;
mod stopped;
#[cfg(debug_assertions)]
mod upgraded;

use std::time::Duration;

use tertulia_sim::linear::crowd::Crowd;
use tertulia_sim::load::{self, Done, Load};
use tertulia_sim::lot::Lot;
use tokio::task::LocalSet;

use ring::Ring;

/// What people at work on a ring are, unless a test says otherwise.
const CROWD: load::Crowd = load::Crowd {
    authors: 3,
    redweeters: 2,
    newcomers: 1,
    talkers: 1,
    rest: Duration::from_millis(5),
};
/// Nobody may wait longer than this for anything while most machines are there. Half of these tests share their two processors with
/// others, and their program is not optimised: what is aimed at, and measured by the long run, is 5 s.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Runs a test with people on its own thread.
fn alone(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, test);
}

/// How often an attack is repeated: so often in the slice, or as said.
fn rounds(slice: u64) -> u64 {
    std::env::var("TERTULIA_CHAOS_ROUNDS").map_or(slice, |text| text.parse().unwrap())
}

fn seed() -> u64 {
    std::env::var("TERTULIA_CHAOS_SEED").map_or(1, |text| text.parse().unwrap())
}

fn lot() -> Lot {
    Lot::new(seed())
}

/// People beside the others who keep a history of what they see, which is checked in the end.
fn witnesses(ring: &Ring) -> Crowd {
    Crowd::begin("witness", ring.doors(), seed())
}

/// Lets people go on until so much more is acknowledged to them.
async fn progress(load: &mut Load, ring: &Ring, acts: u64) {
    if load.progress(acts).await.is_err() {
        let seen = ring.status(ring.running()[0]).await;
        panic!("nothing goes on; the ring: {seen:#?}");
    }
}

/// Ends the load, and checks that everything is there, through each machine that runs.
async fn account(name: &str, ring: &mut Ring, load: Load) -> Done {
    let mut done = load.end().await;
    let doors: Vec<_> = ring
        .running()
        .into_iter()
        .map(|number| ring.machine(number).address())
        .collect();
    done.check(&doors).await;
    report::tell(name, ring.faults(), &done.figures());
    done
}
