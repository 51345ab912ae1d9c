//! Several machines: a group moves from one to another while people go on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::community::{follow, home, options, publish, register, until};
use crate::split::three;
use tertulia_node::switchboard::Switchboard;
use tertulia_node::{
    CharterError, DirectoryError, GroupError, Lag, MachineId, Node, NodeError, Options, Stage,
};
use tertulia_state::Descriptor;
use tertulia_state::account::{Lookup, Who};
use tertulia_state::search::Count;
use tertulia_state::session::Actor;

/// A machine on a switchboard, in a directory of its own.
async fn machine(switchboard: &Switchboard, directory: &std::path::Path, groups: u32) -> Arc<Node> {
    let limit = Instant::now() + Duration::from_secs(10);
    loop {
        let options = Options {
            network: Arc::new(switchboard.clone()),
            ..options(directory, groups)
        };
        match Node::open(options).await {
            // Somebody who was answered at the last moment may still hold what the machine was in its former life.
            Err(NodeError::Charter(CharterError::Directory(DirectoryError::InUse(_))))
                if Instant::now() < limit =>
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            opened => return opened.expect("opens"),
        }
    }
}

/// The groups of a machine, in the order of the ring.
pub(crate) fn groups(node: &Node) -> Vec<Descriptor> {
    let mut groups: Vec<_> = node
        .standings()
        .into_iter()
        .map(|standing| standing.descriptor)
        .collect();
    groups.sort_by_key(|group| group.range.end());
    groups
}

pub(crate) fn id(node: &Node) -> MachineId {
    node.member().machine
}

/// Invites a machine into a group that is led from `from`, and waits until it has a copy.
pub(crate) async fn invite(from: &Node, to: &Node, group: Descriptor) -> u64 {
    let node = from.fresh_node(group.group).await.expect("a node id");
    from.cut_log(group.group).await.expect("cuts");
    to.host(group, node).await.expect("hosts");
    from.admit(group.group, node, to.member()).await.expect("admits");
    node
}

/// Moves a group from one machine to another: learner, voter, lead, farewell.
async fn relocate(from: &Node, to: &Node, group: Descriptor) {
    let node = invite(from, to, group).await;
    match from.elect(group.group, BTreeSet::from([node])).await {
        // The newcomer may lead before the last step is known here.
        Ok(()) | Err(NodeError::Group(GroupError::Unseated { .. })) => {}
        Err(error) => panic!("{error}"),
    }
    until("the newcomer leads", || async {
        let standings = to.standings();
        standings
            .iter()
            .any(|standing| standing.descriptor.group == group.group && standing.leader == Some(id(to)))
    })
    .await;
    let standings = to.standings();
    let seats = standings
        .iter()
        .filter(|standing| standing.descriptor.group == group.group)
        .flat_map(|standing| &standing.seats);
    let old = seats
        .filter(|seat| seat.member.machine == id(from))
        .map(|seat| seat.node)
        .collect();
    to.release(group.group, old)
        .await
        .expect("the one that votes no more goes");
    until("the one that has left is told so", || async {
        match to.roll(group.group) {
            Some(roll) => from.dismiss(group.group, &roll).await.is_ok(),
            None => false,
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_moves_by_snapshot_while_dweets_and_the_courier_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let switchboard = Switchboard::default();
    let one = machine(&switchboard, &directory.path().join("one"), 3).await;
    let two = machine(&switchboard, &directory.path().join("two"), 0).await;
    let groups = groups(&one);
    for group in &groups {
        two.learn(*group, vec![id(&one)]);
    }
    let ana = register(&one, "ana").await;
    let mut readers = Vec::new();
    for reader in 0..12 {
        let reader = register(&one, &format!("reader{reader}")).await;
        follow(&one, reader, ana.account).await;
        readers.push(reader);
    }

    let is_over = Arc::new(AtomicBool::new(false));
    let publishing = tokio::spawn({
        let (one, is_over) = (one.clone(), is_over.clone());
        async move {
            let mut published = Vec::new();
            while !is_over.load(Ordering::Relaxed) && published.len() < 2000 {
                let text = format!("hola {}", published.len());
                publish(&one, ana, &text).await.unwrap();
                published.push(text);
            }
            published
        }
    });
    let moved = groups[1];
    relocate(&one, &two, moved).await;
    // The author's own group too: the one that the publisher and its courier live in.
    let own = *groups
        .iter()
        .find(|group| group.range.contains(ana.account.home()))
        .unwrap();
    if own != moved {
        relocate(&one, &two, own).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let published = publishing.await.unwrap();
    assert!(published.len() > 3, "the move took no time at all");
    let last: Vec<String> = published.iter().rev().take(20).cloned().collect();
    for reader in readers {
        until("each dweet is on each timeline, once", || async {
            let shown = home(&two, reader).await;
            shown.iter().take(20).eq(last.iter())
        })
        .await;
    }
    let hosted: BTreeSet<u64> = one
        .standings()
        .iter()
        .map(|standing| standing.descriptor.group)
        .collect();
    assert!(!hosted.contains(&moved.group) && !hosted.contains(&own.group));
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_three_copies_are_equal_and_any_one_may_go() {
    let directory = tempfile::tempdir().unwrap();
    let switchboard = Switchboard::default();
    let machines = three(&switchboard, directory.path()).await;
    let group = groups(&machines[0])[0];
    let ana = register(&machines[0], "ana").await;
    publish_some(&machines[1], ana, 30).await;
    until("all copies are equal", || all_equal(&machines, group.group)).await;

    // The leader is gone: the other two go on.
    let leader = machines[1].standings()[0].leader.unwrap();
    switchboard.isolate(leader);
    let rest: Vec<Arc<Node>> = machines
        .iter()
        .filter(|machine| id(machine) != leader)
        .cloned()
        .collect();
    publish_some(&rest[0], ana, 10).await;
    switchboard.heal();
    until("the one that was away has caught up", || {
        all_equal(&machines, group.group)
    })
    .await;
    for machine in machines {
        machine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c1_a_leader_that_is_cut_off_answers_nothing_rather_than_something_old() {
    let directory = tempfile::tempdir().unwrap();
    let switchboard = Switchboard::default();
    let machines = three(&switchboard, directory.path()).await;
    let ana = register(&machines[0], "ana").await;
    publish_some(&machines[1], ana, 1).await;
    let leader = machines[1].standings()[0].leader.unwrap();
    let (cut_off, rest): (Vec<_>, Vec<_>) = machines.iter().partition(|machine| id(machine) == leader);
    switchboard.isolate(leader);
    publish_some(rest[0], ana, 1).await;
    let asked = Lookup {
        who: Who::Id(ana.account),
    };
    assert!(
        cut_off[0].query(asked.clone()).await.is_err(),
        "it does not know of the second dweet, and must not say that there is one only"
    );
    switchboard.heal();
    until("it answers, with what happened meanwhile", || async {
        let answer = cut_off[0].query(asked.clone()).await;
        answer.is_ok_and(|account| account.dweets == 2)
    })
    .await;
    for machine in machines {
        machine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_new_leader_whose_database_lags_shows_what_was_committed_before() {
    let directory = tempfile::tempdir().unwrap();
    let switchboard = Switchboard::default();
    let one = machine(&switchboard, &directory.path().join("one"), 1).await;
    let of = |_: u64, worker: &str| match worker.starts_with("db-") {
        true => Duration::from_millis(400),
        false => Duration::ZERO,
    };
    let slow = Node::open(Options {
        stage: Stage::Paced(Lag { machine: 0, of }),
        network: Arc::new(switchboard.clone()),
        ..options(&directory.path().join("slow"), 0)
    });
    let slow = slow.await.expect("opens");
    let group = groups(&one)[0];
    slow.learn(group, vec![id(&one)]);
    let ana = register(&one, "ana").await;
    let first = one.standings()[0].seats[0].node;
    let node = invite(&one, &slow, group).await;
    one.elect(group.group, BTreeSet::from([first, node]))
        .await
        .expect("both vote");
    // In the logs of both, and acknowledged.
    publish_some(&one, ana, 10).await;
    one.hand_over(group.group, node).await.expect("hands over");
    until("the other one leads", || async {
        slow.standings()[0].leader == Some(id(&slow))
    })
    .await;
    assert_eq!(home(&slow, ana).await.len(), 10);
    one.stop().await;
    slow.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_a_question_to_all_groups_says_that_a_group_has_not_answered() {
    let directory = tempfile::tempdir().unwrap();
    let switchboard = Switchboard::default();
    let one = machine(&switchboard, &directory.path().join("one"), 2).await;
    let two = machine(&switchboard, &directory.path().join("two"), 0).await;
    let groups = groups(&one);
    for group in &groups {
        two.learn(*group, vec![id(&one)]);
    }
    relocate(&one, &two, groups[0]).await;
    one.learn(groups[0], vec![id(&two)]);
    let all = one.query_all(|at| Count { at }).await;
    assert!(!all.is_partial && all.replies.len() == 2);
    switchboard.isolate(id(&two));
    let some = one.query_all(|at| Count { at }).await;
    assert!(some.is_partial && some.replies.len() == 1);
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_each_group_has_a_file_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let one = machine(&Switchboard::default(), directory.path(), 3).await;
    let files: BTreeSet<String> = std::fs::read_dir(directory.path().join("state"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".db"))
        .collect();
    let names = |group: &Descriptor| format!("{:016x}.", group.group);
    assert_eq!(files.len(), 3);
    assert!(
        groups(&one)
            .iter()
            .all(|group| files.iter().any(|file| file.starts_with(&names(group))))
    );
    one.stop().await;
}

async fn publish_some(node: &Node, author: Actor, count: usize) {
    for number in 0..count {
        publish(node, author, &format!("dweet {number}"))
            .await
            .expect("publishes");
    }
}

pub(crate) async fn all_equal(machines: &[Arc<Node>], group: u64) -> bool {
    let digests = futures::future::join_all(machines.iter().map(|machine| machine.digest(group))).await;
    let digests: Vec<_> = digests
        .into_iter()
        .map(|digest| digest.expect("a digest"))
        .collect();
    digests.iter().all(|digest| *digest == digests[0])
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_r5_an_old_node_id_is_never_used_again_and_no_member_is_dismissed() {
    let directory = tempfile::tempdir().unwrap();
    let switchboard = Switchboard::default();
    let one = machine(&switchboard, &directory.path().join("one"), 1).await;
    let two = machine(&switchboard, &directory.path().join("two"), 0).await;
    let group = groups(&one)[0];
    let first = invite(&one, &two, group).await;
    two.host(group, first)
        .await
        .expect("asked again, and here already");
    assert!(
        two.host(group, first + 1).await.is_err(),
        "it is here under another id"
    );
    until("its leader knows that it is a member", || async {
        let roll = one.roll(group.group);
        roll.is_some_and(|roll| roll.members.contains_key(&first))
    })
    .await;
    let member = one.roll(group.group).expect("knows its members");
    assert!(two.dismiss(group.group, &member).await.is_err(), "it is a member");
    let mut without = member.clone();
    without.members.remove(&first);
    without.as_of = first - 1;
    assert!(
        two.dismiss(group.group, &without).await.is_err(),
        "older than the invitation"
    );
    without.as_of = member.as_of + 1;
    without.index = member.as_of + 1;
    two.dismiss(group.group, &without).await.unwrap();
    assert!(two.host(group, first).await.is_err(), "that id is used up");
    two.stop().await;
    drop(two);
    let two = machine(&switchboard, &directory.path().join("two"), 0).await;
    assert!(two.host(group, first).await.is_err(), "also after a restart");
    one.release(group.group, BTreeSet::from([first]))
        .await
        .expect("nobody has that id any more");
    let second = invite(&one, &two, group).await;
    assert!(second > first);
    tokio::time::timeout(
        Duration::from_secs(30),
        until("the copy is there", || async { !two.standings().is_empty() }),
    )
    .await
    .unwrap();
    one.stop().await;
    two.stop().await;
}
