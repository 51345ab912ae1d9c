//! The machine is killed (`kill -9`) fifty times under load. Whatever it has acknowledged is there afterwards,
//! exactly once, in the profile of its author and in the timeline of every follower.
//!
//! `TERTULIA_KILLS` sets another number of kills (for a search by night, or for a short look).

#![expect(clippy::unwrap_used, reason = "a test: what fails here fails the test")]

use std::path::Path;
use std::time::Duration;

use tertulia_sim::load::{Crowd, Doors, Load};
use tertulia_sim::lot::Lot;
use tertulia_sim::machine::Machine;
use tokio::task::LocalSet;

const KILLS: u32 = 50;
const CROWD: Crowd = Crowd {
    authors: 3,
    redweeters: 2,
    newcomers: 2,
    talkers: 1,
    rest: Duration::ZERO,
};
/// A kill comes after at least one and at most so many acknowledgements.
const ACKNOWLEDGED_PER_LIFE_MAX: u64 = 60;
/// One life in so many ends while the machine is still starting.
const STILLBORN_ONE_IN: u32 = 10;

#[tokio::test]
async fn whatever_was_acknowledged_is_there_exactly_once_after_fifty_kills() {
    LocalSet::new().run_until(fifty_kills()).await;
}

async fn fifty_kills() {
    let kills = std::env::var("TERTULIA_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_tertulia"));
    let mut machine = Machine::new(program, &folder.path().join("machine")).unwrap();
    machine.start().await.unwrap();
    let doors = Doors::new(vec![machine.address()]);

    let mut load = Load::begin(&doors, CROWD).await;
    let mut lot = Lot::new(0);
    for number in 1..=kills {
        load.progress(1 + lot.below(ACKNOWLEDGED_PER_LIFE_MAX))
            .await
            .unwrap_or_else(|_| {
                panic!(
                    "no progress in life {number}; the machine said:\n{}",
                    machine.said()
                )
            });
        machine.kill();
        if number % STILLBORN_ONE_IN == 0 {
            machine.spawn().unwrap();
            machine.kill();
        }
        machine.start().await.unwrap();
        doors.set(vec![machine.address()]);
    }
    let mut done = load.end().await;
    // Once more after one more kill: what was delivered meanwhile has to be on the disk too.
    for _ in 0..2 {
        done.check(&[machine.address()]).await;
        machine.kill();
        machine.start().await.unwrap();
    }
}
