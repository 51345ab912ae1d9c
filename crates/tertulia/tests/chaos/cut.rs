//! Machines on computers of their own, whose network is cut, or gives them other addresses. They need root and `ip`, and say so.

use tertulia_sim::load::Load;
use tertulia_sim::person::{Person, Undone};

use crate::ring::Ring;
use crate::{CROWD, PAUSE_MAX, account, alone, lot, progress, rounds};

/// How much is acknowledged between two things that happen.
const ACTS: u64 = 40;

#[test]
fn a_machine_that_is_cut_off_acknowledges_nothing_and_learns_what_it_missed() {
    alone(async {
        let mut ring = Ring::on_a_network("off", 3).await;
        let mut lot = lot();
        let mut load = Load::begin(ring.doors(), CROWD).await;
        for _ in 0..rounds(1) {
            progress(&mut load, &ring, ACTS).await;
            let victim = *lot.one_of(&ring.running());
            ring.cut_off(&[victim]);
            progress(&mut load, &ring, ACTS).await;
            ring.reconnect();
            progress(&mut load, &ring, ACTS).await;
            ring.settle().await;
        }
        let done = account("a machine cut off", &mut ring, load).await;
        assert!(done.figures().longest.took < PAUSE_MAX, "{}", done.figures());
    });
}

/// Acknowledgements on the way back are lost too: to the others it is as if it were gone, and itself it hears everything.
#[test]
fn a_leader_that_hears_and_is_not_heard_is_done_without() {
    alone(async {
        let mut ring = Ring::on_a_network("mute", 3).await;
        let mut load = Load::begin(ring.doors(), CROWD).await;
        for _ in 0..rounds(1) {
            progress(&mut load, &ring, ACTS).await;
            let leader = ring.busiest_leader().await;
            ring.be_heard(leader, false);
            progress(&mut load, &ring, ACTS).await;
            ring.be_heard(leader, true);
            progress(&mut load, &ring, ACTS).await;
            ring.settle().await;
        }
        let done = account("a leader that is not heard", &mut ring, load).await;
        assert!(done.figures().longest.took < PAUSE_MAX, "{}", done.figures());
    });
}

#[test]
fn j4_a_ring_that_was_cut_in_two_is_one_again_and_the_smaller_part_has_promised_nothing() {
    alone(async {
        let mut ring = Ring::on_a_network("two", 5).await;
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;
        ring.cut_off(&[0, 1]);
        // Who can reach the smaller part alone gets nothing; the larger part goes on.
        for number in [0, 1] {
            let door = ring.machine(number).address();
            let nick = format!("stranded_{number}");
            let registered = Person::register(door, &nick, &nick).await;
            assert!(
                matches!(registered, Err(Undone::Busy(_))),
                "a minority has acknowledged: {registered:?}"
            );
        }
        progress(&mut load, &ring, ACTS).await;
        ring.reconnect();
        progress(&mut load, &ring, ACTS).await;
        ring.settle().await;
        account("a ring cut in two", &mut ring, load).await;
    });
}

#[test]
fn j5_machines_that_all_got_other_addresses_find_each_other_on_the_local_network() {
    alone(async {
        let mut ring = Ring::on_a_network("move", 3).await;
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;
        let machines = ring.running();
        for number in &machines {
            ring.kill(*number);
            ring.move_house(*number);
        }
        ring.start_all(&machines).await;
        progress(&mut load, &ring, ACTS).await;
        ring.settle().await;
        account("all with other addresses", &mut ring, load).await;
    });
}
