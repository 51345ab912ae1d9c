//! Machines whose disk is lost, that come back from elsewhere, or that may not come back.

use std::path::Path;

use tertulia_sim::load::Load;
use tertulia_sim::machine::Machine;
use tertulia_sim::person::Person;
use tertulia_types::MachineId;
use tertulia_types::ring::{MachineState, RangeStatus, RingStatus};

use crate::ring::Ring;
use crate::{CROWD, account, alone, progress};

/// How much is acknowledged between two things that happen.
const ACTS: u64 = 40;

/// Where ranges end, and who stands there.
fn ends(status: &RingStatus) -> Vec<(u64, Option<MachineId>)> {
    let ends = status.ranges.iter();
    ends.map(|range| (range.range.end().0, range.end)).collect()
}

#[test]
fn j3_a_machine_with_an_empty_disk_takes_the_place_of_a_lost_one() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let lost = ring.id(1).await;
        let before = ends(&ring.status(0).await.unwrap());
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;

        ring.kill(1);
        std::fs::remove_dir_all(ring.machine(1).data()).unwrap();
        progress(&mut load, &ring, ACTS).await;
        ring.command(0, &["remove", &lost.to_string(), "--yes"]).await;
        ring.goes(1);
        let number = ring.join().await;
        let new = ring.id(number).await;
        progress(&mut load, &ring, ACTS).await;
        ring.settle().await;

        let after = ends(&ring.status(0).await.unwrap());
        let wanted: Vec<_> = before
            .into_iter()
            .map(|(end, holder)| (end, if holder == Some(lost) { Some(new) } else { holder }))
            .collect();
        assert_eq!(
            after, wanted,
            "the same ranges, with the new machine at the end of the lost one's"
        );
        // Its copies count: with another machine away the ring goes on, and has everything.
        ring.kill(2);
        progress(&mut load, &ring, ACTS).await;
        account("a disk replaced by an empty one", &mut ring, load).await;
    });
}

#[test]
fn a_machine_that_was_away_comes_back_when_another_ones_disk_is_lost() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let lost = ring.id(1).await;
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;
        // From here on everything is on two disks: on machine 0's, which stays, and on the one that will be lost.
        ring.kill(2);
        progress(&mut load, &ring, 3 * ACTS).await;
        ring.kill(1);
        std::fs::remove_dir_all(ring.machine(1).data()).unwrap();
        ring.start(2).await;
        progress(&mut load, &ring, ACTS).await;
        ring.command(0, &["remove", &lost.to_string(), "--yes"]).await;
        ring.goes(1);
        ring.join().await;
        progress(&mut load, &ring, ACTS).await;
        ring.settle().await;
        account("one away, then another's disk lost", &mut ring, load).await;
    });
}

#[test]
fn j5_all_machines_start_again_with_new_ports_and_find_each_other() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let before = ends(&ring.status(0).await.unwrap());
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;
        let machines = ring.running();
        for number in &machines {
            ring.kill(*number);
            ring.machine(*number).take_new_ports().unwrap();
        }
        // No address book is right any more. Two of them are told where the third one is now, and that is enough.
        let contact = ring.machine(0).peer().to_string();
        for number in [1, 2] {
            ring.machine(number).be_started_by(["join", &contact]);
        }
        ring.start_all(&machines).await;
        progress(&mut load, &ring, ACTS).await;
        ring.settle().await;
        assert_eq!(
            ends(&ring.status(1).await.unwrap()),
            before,
            "nobody has founded a ring, or joined anew"
        );
        account("all started again with new ports", &mut ring, load).await;
    });
}

#[test]
fn a_machine_that_was_removed_is_refused_everywhere_and_so_are_its_tokens() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let removed = ring.id(2).await;
        let (_, token_of_removed) = ring.invitation_of(2).await;
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;
        ring.kill(2);
        ring.command(0, &["remove", &removed.to_string(), "--yes"]).await;
        ring.goes(2);
        let is_removed = |status: &RingStatus| {
            let known = status.machine(removed);
            known.is_some_and(|machine| machine.state == MachineState::Removed)
        };
        for number in [0, 1] {
            ring.until(number, is_removed, "the removal is known").await;
        }
        progress(&mut load, &ring, ACTS).await;

        // Its token lets nobody in.
        for number in [0, 1] {
            let (contacts, _) = ring.invitation_of(number).await;
            let mut newcomer = stranger(&ring, "newcomer", &contacts[0], &token_of_removed);
            newcomer.spawn().unwrap();
            assert!(newcomer.until_ended().await.is_err(), "it is let in by {number}");
            assert!(
                newcomer.said().contains("removed"),
                "it says why not: {}",
                newcomer.said()
            );
        }
        // Started again, with its key and all its data, it is listened to by nobody, and nobody is served there.
        ring.machine(2).spawn().unwrap();
        tertulia_sim::load::until(async || ring.machine(2).said().contains("removed"))
            .await
            .unwrap_or_else(|()| panic!("it does not say why it stands alone: {}", ring.machine(2).said()));
        let door = ring.machine(2).address();
        let registered = Person::register(door, "too_late", "too_late").await;
        assert!(
            registered.is_err(),
            "a removed machine has taken somebody in: {registered:?}"
        );
        progress(&mut load, &ring, ACTS).await;
        let keeps = |range: &RangeStatus| {
            range.leader == Some(removed) || range.copies.iter().any(|copy| copy.machine == removed)
        };
        let is_without = |status: &RingStatus| is_removed(status) && !status.ranges.iter().any(keeps);
        ring.until(0, is_without, "it stays removed, keeps nothing and leads nothing")
            .await;
        account("a removed machine comes back", &mut ring, load).await;
    });
}

/// Somebody who tries to join, at this address and with this token.
fn stranger(ring: &Ring, name: &str, contact: &str, token: &str) -> Machine {
    let program = Path::new(env!("CARGO_BIN_EXE_tertulia"));
    let mut machine = Machine::new(program, &ring.folder().join(name)).unwrap();
    machine.be_started_by(["join", contact, "--token", token]);
    machine
}
