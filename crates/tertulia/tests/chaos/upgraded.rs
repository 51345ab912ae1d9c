//! Machines of two versions in one ring: upgraded one by one under load, and back (R15).

use tertulia_sim::load::{Crowd, Load, WAIT_MAX};
use tokio::time::{Duration, Instant, sleep};

use crate::ring::Ring;
use crate::{CROWD, account, alone, progress};

/// How much is acknowledged between two machines.
const ACTS: u64 = 20;
const MACHINES: usize = 3;
/// Between two things that somebody does: it is the machines that are tried here.
const REST: Duration = Duration::from_millis(40);
/// Between two looks at what machines say.
const LOOK: Duration = Duration::from_millis(100);
/// What a machine of the next version says of the command that only it knows.
const DONE: &str = "what the next version knows is carried out";
const HELD_BACK: &str = "what the next version knows is not proposed: a member is older";

const MADE_ANEW: &str = "a copy that cannot be used is put away";

/// How often machines have said something, all together.
fn said(ring: &mut Ring, what: &str) -> usize {
    (0..MACHINES)
        .map(|number| ring.machine(number).said().matches(what).count())
        .sum()
}

async fn until_said_again(ring: &mut Ring, what: &str) {
    let (before, end) = (said(ring, what), Instant::now() + WAIT_MAX);
    while said(ring, what) == before {
        assert!(Instant::now() < end, "nobody says “{what}”");
        sleep(LOOK).await;
    }
}

/// Stops a machine as an operator does, and starts it as one of another version.
async fn change_version(ring: &mut Ring, load: &mut Load, number: usize, is_next: bool) {
    ring.stop(number).await;
    ring.machine(number).change_version(is_next);
    ring.start(number).await;
    progress(load, ring, ACTS).await;
    ring.settle().await;
}

#[test]
fn r15_a_ring_is_upgraded_machine_by_machine_under_load_and_back() {
    alone(async {
        let mut ring = Ring::of(MACHINES).await;
        let crowd = Crowd { rest: REST, ..CROWD };
        let mut load = Load::begin(ring.doors(), crowd).await;
        for number in 0..MACHINES {
            assert_eq!(
                said(&mut ring, DONE),
                0,
                "what an older machine cannot read is in the log"
            );
            change_version(&mut ring, &mut load, number, true).await;
            if number + 1 < MACHINES {
                until_said_again(&mut ring, HELD_BACK).await;
            }
        }
        until_said_again(&mut ring, DONE).await;
        for number in 0..MACHINES {
            change_version(&mut ring, &mut load, number, false).await;
        }
        // What an older machine has missed of the next version's it cannot read when it comes back: then its copies are made anew.
        println!("copies made anew on the way back: {}", said(&mut ring, MADE_ANEW));
        account("upgraded and back", &mut ring, load).await;
    });
}
