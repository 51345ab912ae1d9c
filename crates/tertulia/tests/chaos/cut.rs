//! Machines on computers of their own, whose network is cut, or gives them other addresses. They need root and `ip`, and say so.

use std::net::SocketAddr;
use std::time::Duration;

use tertulia_sim::load::{Load, patiently};
use tertulia_sim::person::{Person, Undone};
use tokio::time::Instant;

use crate::ring::Ring;
use crate::{CROWD, PAUSE_MAX, account, alone, lot, progress, report, rounds, witnesses};

/// How much is acknowledged between two things that happen.
const ACTS: u64 = 40;
/// How long a ring is cut in two: in the slice, and in a long run.
const CUT: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(60)];
/// A machine that cannot do something says so within this time: it tries for 5 s.
const REFUSAL_MAX: Duration = Duration::from_secs(12);
/// What was cut is one ring again within this time.
const ONE_RING_MAX: Duration = Duration::from_secs(120);

fn cut_time() -> Duration {
    CUT[usize::from(std::env::var_os("TERTULIA_CHAOS_ROUNDS").is_some())]
}

/// Somebody registers at a machine, however long it takes until that one knows who leads.
async fn registered(door: SocketAddr, nick: &str) {
    patiently(async || Person::register(door, nick, nick).await).await;
}

#[test]
fn a_machine_that_is_cut_off_acknowledges_nothing_and_learns_what_it_missed() {
    alone(async {
        let mut ring = Ring::on_a_network("off", 3).await;
        let mut lot = lot();
        let mut load = Load::begin(ring.doors(), CROWD).await;
        let witnesses = witnesses(&ring);
        for _ in 0..rounds(1) {
            progress(&mut load, &ring, ACTS).await;
            let victim = *lot.one_of(&ring.running());
            ring.cut_off(&[victim]);
            progress(&mut load, &ring, ACTS).await;
            ring.reconnect();
            progress(&mut load, &ring, ACTS).await;
            ring.settle().await;
        }
        report::tell_history("a machine cut off", &witnesses.end().await);
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
        let witnesses = witnesses(&ring);
        progress(&mut load, &ring, ACTS).await;
        let doors: Vec<SocketAddr> = (0..5).map(|number| ring.machine(number).address()).collect();
        ring.cut_off(&[0, 1]);
        let until = Instant::now() + cut_time();
        let mut number = 0;
        while number == 0 || Instant::now() < until {
            // Who can reach the smaller part alone gets nothing, and is told so; the same nick is given away by the larger part.
            let nick = format!("stranded_{number}");
            for door in &doors[..2] {
                let asked = Instant::now();
                let registered = Person::register(*door, &nick, &format!("{nick} at {door}")).await;
                assert!(
                    matches!(registered, Err(Undone::Busy(_))),
                    "a minority has acknowledged: {registered:?}"
                );
                assert!(asked.elapsed() < REFUSAL_MAX, "after {:?}", asked.elapsed());
            }
            progress(&mut load, &ring, ACTS).await;
            registered(doors[2 + number % 3], &nick).await;
            number += 1;
        }
        ring.reconnect();
        let healed = Instant::now();
        progress(&mut load, &ring, ACTS).await;
        ring.settle().await;
        assert!(healed.elapsed() < ONE_RING_MAX, "after {:?}", healed.elapsed());
        for number in 0..number {
            let nick = format!("stranded_{number}");
            let again = patiently(async || {
                match Person::register(doors[0], &nick, &format!("{nick} at {}", doors[0])).await {
                    Err(Undone::Refused { status, .. }) => Ok(status),
                    Err(undone) => Err(undone),
                    Ok(_) => panic!("{nick} is granted twice"),
                }
            });
            assert_eq!(again.await, 422, "{nick}");
        }
        report::tell_history("a ring cut in two", &witnesses.end().await);
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
