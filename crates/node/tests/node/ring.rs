//! A ring of several machines: copies come and go by themselves, and nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::community::{follow, home, publish, register, registration, until};
use crate::neighbourhood::{HASTE, Neighbourhood};
use tertulia_node::{Failure, Heard, JoinError, LeaveError, Node, Patience, Standing, Unavailable, unix_ms};
use tertulia_state::Event;
use tertulia_state::range::Split;
use tertulia_types::ring::LeaveProgress;
use tertulia_types::{Rejected, Role, Slot};
use tokio::sync::watch;

#[tokio::test(flavor = "multi_thread")]
async fn v3_three_machines_have_three_voters_and_each_of_them_serves_all() {
    let ring = Neighbourhood::of(3, Role::Replica).await;
    let ana = register(&ring.machines[0], "ana").await;
    ring.until_settled(3, 3).await;
    let eva = register(&ring.machines[1], "eva").await;
    follow(&ring.machines[2], eva, ana.account).await;
    publish(&ring.machines[1], ana, "hola").await.unwrap();
    for machine in &ring.machines {
        until("the dweet is seen at each machine", || async {
            home(machine, eva).await == ["hola"]
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn v2_two_machines_have_one_voter_and_a_learner() {
    let ring = Neighbourhood::of(2, Role::Replica).await;
    ring.until_settled(1, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leads_may_be_lost_and_the_others_go_on() {
    let mut ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let ana = register(&ring.machines[0], "ana").await;
    publish(&ring.machines[0], ana, "before").await.unwrap();
    let leader = ring.machines[0].standings()[0].leader;
    let place = ring
        .machines
        .iter()
        .position(|node| Some(node.member().machine) == leader);
    ring.lose(place.unwrap()).await;
    until("the others go on", || async {
        publish(&ring.machines[0], ana, "after").await.is_ok()
    })
    .await;
    assert_eq!(home(&ring.machines[1], ana).await, ["after", "before"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn j6_the_copies_of_a_lost_machine_are_made_again_elsewhere() {
    let mut ring = Neighbourhood::of(6, Role::Replica).await;
    ring.until_settled(5, 5).await;
    let ana = register(&ring.machines[0], "ana").await;
    // One that keeps a copy.
    let place = ring
        .machines
        .iter()
        .rposition(|node| !node.standings().is_empty())
        .unwrap();
    let lost = ring.lose(place).await;
    publish(&ring.machines[0], ana, "hola").await.unwrap();
    until("the copy is made again", || async {
        let status = ring.machines[0].status().await;
        status
            .ranges
            .iter()
            .all(|range| range.copies.len() == 5 && range.copies.iter().all(|copy| copy.machine != lost))
    })
    .await;
    ring.until_settled(5, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j7_a_machine_leaves_when_all_it_held_is_elsewhere_and_the_last_cannot() {
    let ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let ana = register(&ring.machines[0], "ana").await;
    let (progress, _) = watch::channel(LeaveProgress::default());
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, ring.machines[0].leave(&progress))
        .await
        .expect("within the limit")
        .unwrap();
    assert!(ring.machines[0].standings().is_empty());
    publish(&ring.machines[1], ana, "hola").await.unwrap();
    tokio::time::timeout(limit, ring.machines[2].leave(&progress))
        .await
        .expect("within the limit")
        .unwrap();
    assert_eq!(home(&ring.machines[1], ana).await, ["hola"]);
    ring.machines[1].leave(&progress).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn j7_r5_a_leader_that_leaves_and_does_not_hear_of_its_heir_can_go_all_the_same() {
    let mut ring = Neighbourhood::of(4, Role::Replica).await;
    ring.until_settled(3, 4).await;
    let ana = register(&ring.machines[0], "ana").await;
    let leader = ring.machines[0].standings()[0].leader;
    let machine = |node: &Arc<Node>| node.member().machine;
    let place = ring
        .machines
        .iter()
        .position(|node| Some(machine(node)) == leader)
        .unwrap();
    let goes = ring.machines.remove(place);
    // What it says is heard and answered; what others have to say does not come: not that its heir leads, nor that it is a member no longer.
    for other in &ring.machines {
        ring.switchboard.cut(machine(other), machine(&goes));
    }
    let (progress, _) = watch::channel(LeaveProgress::default());
    let leave = goes.leave(&progress);
    let others_go_on = async {
        until("its group does without it", || async {
            let standings = ring.machines[0].standings();
            let is_member =
                |standing: &Standing| standing.seats.iter().any(|seat| seat.member == goes.member());
            standings
                .iter()
                .all(|standing| standing.leader != leader && !is_member(standing))
        })
        .await;
        publish(&ring.machines[0], ana, "hola").await.unwrap();
        ring.switchboard.heal();
    };
    let both = async { tokio::join!(leave, others_go_on).0 };
    tokio::time::timeout(Duration::from_secs(60), both)
        .await
        .expect("within the limit")
        .unwrap();
    assert!(goes.standings().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn j7_of_all_that_want_to_leave_at_once_one_stays() {
    let ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let ana = register(&ring.machines[0], "ana").await;
    publish(&ring.machines[0], ana, "hola").await.unwrap();
    let leaving = ring.machines.iter().map(|node| async move {
        let (progress, _) = watch::channel(LeaveProgress::default());
        node.leave(&progress).await
    });
    let left = tokio::time::timeout(Duration::from_secs(60), futures::future::join_all(leaving))
        .await
        .expect("nobody waits for ever");
    let stay: Vec<_> = left
        .iter()
        .zip(&ring.machines)
        .filter(|(left, _)| matches!(left, Err(LeaveError::Last)))
        .map(|(_, node)| node)
        .collect();
    let Some(stays) = stay.first() else {
        panic!("one stays: {left:?}")
    };
    let gone = left.iter().filter(|left| left.is_ok()).count();
    assert!(gone == 3 - stay.len() && !stays.is_leaving(), "{left:?}");
    assert_eq!(home(stays, ana).await, ["hola"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_has_left_says_so_when_it_is_started_again() {
    let mut ring = Neighbourhood::of(2, Role::Replica).await;
    ring.until_settled(1, 2).await;
    let (progress, _) = watch::channel(LeaveProgress::default());
    tokio::time::timeout(Duration::from_secs(30), ring.machines[1].leave(&progress))
        .await
        .expect("within the limit")
        .unwrap();
    let again = ring.reopen(1, |_| {}).await;
    let settled = again.settle_in(Some(Role::Replica)).await;
    assert!(matches!(settled, Err(JoinError::HasLeft)), "{settled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_stores_nothing_and_serves_all() {
    let mut ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let gateway = ring.join(Role::Gateway).await;
    let ana = register(&gateway, "ana").await;
    publish(&gateway, ana, "hola").await.unwrap();
    assert_eq!(home(&gateway, ana).await, ["hola"]);
    assert!(gateway.standings().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn j8_a_gateway_says_nothing_that_no_person_says() {
    let mut ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let gateway = ring.join(Role::Gateway).await;
    let id = gateway.member().machine;
    until("all know that it is one", || async {
        ring.machines.iter().all(|node| node.book().get(id).is_some())
    })
    .await;
    register(&gateway, "ana").await;
    let split = Split {
        at: Slot(77).end(),
        machine: id,
        incarnation: gateway.member().incarnation,
    };
    let refused = gateway.submit(split.clone()).await;
    assert!(matches!(refused, Err(Failure::Unavailable(_))), "{refused:?}");
    assert_eq!(ring.machines[0].status().await.ranges.len(), 1);
    ring.machines[0].submit(split).await.expect("who stores may");
}

#[tokio::test(flavor = "multi_thread")]
async fn j1_each_node_that_joins_takes_over_a_stretch_of_the_ring() {
    let mut ring = Neighbourhood::new().await;
    let mut people = Vec::new();
    for count in 2..=5 {
        let nick = format!("p{count}");
        people.push((register(&ring.machines[0], &nick).await, nick));
        ring.join(Role::Node).await;
    }
    ring.until_settled(5, 5).await;
    let status = ring.machines[4].status().await;
    assert_eq!(status.ranges.len(), 5);
    assert!(
        status.ranges.iter().all(|range| range.end.is_some()),
        "{status:#?}"
    );
    assert!(!status.is_partial && status.tolerates == 2, "{status:#?}");
    let (author, _) = people[0];
    for (person, _) in &people[1..] {
        follow(&ring.machines[1], *person, author.account).await;
    }
    publish(&ring.machines[2], author, "hola").await.unwrap();
    for (person, nick) in &people[1..] {
        until("each follower sees it, at each machine", || async {
            let seen = home(&ring.machines[3], *person).await;
            seen == ["hola"]
        })
        .await;
        let taken = ring.machines[4].submit(registration(nick).0).await.unwrap_err();
        assert_eq!(taken, Failure::Rejected(Rejected::NickTaken));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn j3_an_empty_disk_replaces_a_lost_machine_and_takes_its_end() {
    let mut ring = Neighbourhood::of(3, Role::Node).await;
    ring.until_settled(3, 3).await;
    let ana = register(&ring.machines[0], "ana").await;
    let lost = ring.lose(1).await;
    until("the others know that it is dead", || async {
        let status = ring.machines[0].status().await;
        status.machines.iter().any(|machine| {
            machine.id == lost && machine.silent_for_ms.is_some_and(|silent_ms| silent_ms > 4_000)
        })
    })
    .await;
    let newcomer = ring.join(Role::Node).await;
    until("its copies are on the new one", || async {
        let status = ring.machines[0].status().await;
        status.ranges.len() == 3
            && status.ranges.iter().all(|range| {
                range.copies.len() == 3
                    && range.end != Some(lost)
                    && range.copies.iter().all(|copy| copy.machine != lost)
            })
    })
    .await;
    publish(&newcomer, ana, "hola").await.unwrap();
    assert_eq!(home(&newcomer, ana).await, ["hola"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_a_command_that_a_member_does_not_know_is_not_proposed() {
    let ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let ana = register(&ring.machines[0], "ana").await;
    let say = async |text| publish(&ring.machines[0], ana, text).await;
    say("before").await.unwrap();
    let older = ring.machines[2].book();
    let newest = older.own().unwrap().commands;
    older.update(|own| own.commands = 1).unwrap();
    until("the leader knows that a member is older", || async {
        say("meanwhile").await == Err(Failure::Unavailable(Unavailable::Older))
    })
    .await;
    older.update(|own| own.commands = newest).unwrap();
    until("all members know the command", || async {
        say("after").await.is_ok()
    })
    .await;
    assert_eq!(
        home(&ring.machines[1], ana).await.first().map(String::as_str),
        Some("after")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_stops_hands_over_what_it_leads() {
    let mut ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let leader = ring.machines[0].standings()[0].leader.unwrap();
    let place = ring
        .machines
        .iter()
        .position(|node| node.member().machine == leader);
    let stopping = ring.machines.remove(place.unwrap());
    stopping.stop().await;
    let leaders: Vec<_> = ring
        .machines
        .iter()
        .filter_map(|node| node.standings()[0].leader)
        .collect();
    // Nobody had to find out that it is gone: an election by timeout would still be to come.
    assert!(leaders.iter().any(|now| *now != leader), "{leaders:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_hears_what_happens_elsewhere() {
    let mut ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let gateway = ring.join(Role::Gateway).await;
    let ana = register(&gateway, "ana").await;
    let mut listener = gateway.listen();
    let heard = async {
        loop {
            match listener.next().await.expect("the machine runs") {
                Heard::Event(happened) => {
                    assert!(gateway.range_of(happened.group).is_some());
                    if matches!(happened.event, Event::Published { author, .. } if author == ana.account) {
                        return;
                    }
                }
                // Only what is published after the relay has begun is told for certain.
                Heard::Missed(_) => drop(publish(&ring.machines[0], ana, "hola").await.unwrap()),
            }
        }
    };
    publish(&ring.machines[0], ana, "hola").await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), heard)
        .await
        .expect("what is published elsewhere is heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_who_alone_has_all_leads_though_its_clock_is_wrong() {
    let mut ring = Neighbourhood::of(2, Role::Replica).await;
    let off_ms = Arc::new(AtomicU64::new(0));
    let theirs = off_ms.clone();
    let clock = move || unix_ms() + theirs.load(Ordering::Relaxed);
    let wrong = ring
        .join_with(Role::Replica, |options| options.clock = Arc::new(clock))
        .await;
    ring.until_settled(3, 3).await;
    // One more that knows what time it is, and votes for nobody.
    ring.join(Role::Gateway).await;
    off_ms.store(60_000, Ordering::Relaxed);
    let (wrong_id, leader) = (wrong.member().machine, || wrong.standings()[0].leader);
    until(
        "it is told that its clock is wrong, and leads nothing",
        || async {
            wrong.book().own().is_some_and(|own| own.abstains)
                && leader().is_some_and(|leader| leader != wrong_id)
        },
    )
    .await;
    let ana = register(&wrong, "ana").await;
    let leads = leader().unwrap();
    let other = |node: &Arc<Node>| ![wrong_id, leads].contains(&node.member().machine);
    let lags = ring.machines[..3]
        .iter()
        .find(|node| other(node))
        .unwrap()
        .clone();
    ring.switchboard.isolate(lags.member().machine);
    publish(&wrong, ana, "not heard by all").await.unwrap();
    // Whoever led is lost before the other one has heard of it.
    ring.switchboard.isolate(leads);
    let place = ring
        .machines
        .iter()
        .position(|node| node.member().machine == leads);
    let lost = ring.machines.remove(place.unwrap());
    lost.stop().await;
    ring.switchboard.heal();
    until("the two that are left go on", || async {
        publish(&lags, ana, "after").await.is_ok()
    })
    .await;
    assert_eq!(home(&lags, ana).await, ["after", "not heard by all"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_a_machine_with_a_wrong_clock_does_not_lead() {
    let mut ring = Neighbourhood::new().await;
    let off_ms = Arc::new(AtomicU64::new(0));
    for _ in 0..2 {
        ring.join(Role::Replica).await;
    }
    let theirs = off_ms.clone();
    let clock = move || unix_ms() + theirs.load(Ordering::Relaxed);
    let wrong = ring
        .join_with(Role::Node, |options| options.clock = Arc::new(clock))
        .await;
    ring.until_settled(3, 4).await;
    let leads = |machine: &Node| {
        let id = machine.member().machine;
        machine.standings().iter().any(|group| group.leader == Some(id))
    };
    until("the newcomer leads what it stands for", || async {
        leads(&wrong)
    })
    .await;
    off_ms.store(60_000, Ordering::Relaxed);
    until("it leads nothing any more", || async { !leads(&wrong) }).await;
    until("and says so", || async {
        wrong.book().own().is_some_and(|own| own.abstains)
    })
    .await;
    off_ms.store(0, Ordering::Relaxed);
    until("it leads again when its clock is right", || async {
        leads(&wrong)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_a_leader_whose_clock_goes_wrong_hands_over_at_once() {
    let off_ms = Arc::new(AtomicU64::new(0));
    let theirs = off_ms.clone();
    // The lead never goes home here: it moves only when whoever has it hands it over.
    let patience = Some(Patience {
        homecoming: Duration::from_secs(3_600),
        ..HASTE
    });
    let mut ring = Neighbourhood::new_with(|options| {
        options.patience = patience;
        options.clock = Arc::new(move || unix_ms() + theirs.load(Ordering::Relaxed));
    })
    .await;
    for _ in 0..2 {
        ring.join_with(Role::Replica, |options| options.patience = patience)
            .await;
    }
    ring.until_settled(3, 3).await;
    let founder = ring.machines[0].member().machine;
    let leader = || ring.machines[1].standings()[0].leader;
    until("the founder leads", || async { leader() == Some(founder) }).await;
    off_ms.store(20_000, Ordering::Relaxed);
    until("another one leads", || async {
        leader().is_some_and(|leader| leader != founder)
    })
    .await;
}
