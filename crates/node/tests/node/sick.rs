//! Copies that cannot be used: the others go on, and a lost one is made anew from its siblings.

use std::path::{Path, PathBuf};

use crate::community::{home, options, publish, register, until};
use crate::moving::{all_equal, groups, id};
use crate::neighbourhood::Neighbourhood;
use tertulia_node::Node;
use tertulia_types::Role;
use tertulia_types::ring::{GroupId, LeaveProgress, NoteKind};
use tokio::sync::watch;

const GARBAGE: [u8; 8192] = [0x5a; 8192];

/// The files of a group's database in a machine's directory that end so.
fn files(directory: &Path, group: u64, ending: &str) -> Vec<PathBuf> {
    let begins = format!("{group:016x}.");
    let all = std::fs::read_dir(directory.join("state")).expect("is there");
    all.map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            name.starts_with(&begins) && name.ends_with(ending)
        })
        .collect()
}

/// As a sick disk may do.
fn damage(directory: &Path, group: u64) {
    let databases = files(directory, group, ".db");
    assert_eq!(databases.len(), 1);
    std::fs::write(&databases[0], GARBAGE).expect("writes");
    for companion in files(directory, group, ".db-wal") {
        std::fs::remove_file(companion).expect("removes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_a_damaged_copy_keeps_no_other_from_running_and_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let node = Node::open(options(directory.path(), 3)).await.unwrap();
    let all = groups(&node);
    let ana = register(&node, "ana").await;
    node.stop().await;
    drop(node);
    let sick = all
        .iter()
        .find(|group| !group.range.contains(ana.account.home()))
        .expect("there are three");
    damage(directory.path(), sick.group);

    let node = Node::open(options(directory.path(), 3))
        .await
        .expect("the others go on");
    node.until_ready().await;
    publish(&node, ana, "hola").await.unwrap();
    assert!(groups(&node).iter().all(|group| group != sick) && groups(&node).len() == 2);
    let status = node.status().await;
    assert_eq!(status.machines[0].sick, [GroupId(sick.group)]);
    assert!(status.notes.iter().any(|note| note.kind == NoteKind::SickCopies));
    assert!(status.is_partial, "nobody knows what is in it");
    node.stop().await;
    let left = files(directory.path(), sick.group, ".db");
    assert_eq!(std::fs::read(&left[0]).unwrap(), GARBAGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_r2_a_damaged_copy_is_made_anew_by_its_siblings_under_a_fresh_id() {
    let mut ring = Neighbourhood::of(3, Role::Replica).await;
    ring.until_settled(3, 3).await;
    let ana = register(&ring.machines[0], "ana").await;
    publish(&ring.machines[0], ana, "hola").await.unwrap();
    let group = groups(&ring.machines[2])[0].group;
    let machine = id(&ring.machines[2]);
    let ids = |node: &Node| -> Vec<u64> {
        let seats = node.standings().into_iter().flat_map(|standing| standing.seats);
        seats
            .filter(|seat| seat.member.machine == machine)
            .map(|seat| seat.node)
            .collect()
    };
    let before = ids(&ring.machines[0]);
    ring.reopen(2, |directory| damage(directory, group)).await;
    until("another copy is there", || async {
        let now = ids(&ring.machines[0]);
        now.len() == 1 && now[0] > before[0]
    })
    .await;
    ring.until_settled(3, 3).await;
    until("all copies are equal", || all_equal(&ring.machines, group)).await;
    assert_eq!(home(&ring.machines[2], ana).await, ["hola"]);
    let kept = files(&ring.path("2"), group, ".sick");
    assert_eq!(
        std::fs::read(&kept[0]).unwrap(),
        GARBAGE,
        "it is kept for whoever looks for it"
    );
    let status = ring.machines[0].status().await;
    assert!(status.machines.iter().all(|machine| machine.sick.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn j7_a_machine_does_not_leave_while_it_has_a_copy_that_cannot_be_used() {
    let mut ring = Neighbourhood::of(2, Role::Replica).await;
    ring.until_settled(1, 2).await;
    let group = groups(&ring.machines[0])[0];
    let voter = group_voter(&ring);
    // The only one that votes: the other follows, and may not have all.
    let node = ring
        .reopen(voter, |directory| damage(directory, group.group))
        .await;
    let is_placed = |node: &Node| {
        let all = node.book().all();
        all.iter().filter(|entry| entry.position.is_some()).count() == 2
    };
    until("it has heard of the other one again", || async {
        is_placed(&node)
    })
    .await;
    let (progress, mut told) = watch::channel(LeaveProgress::default());
    tokio::select! {
        left = node.leave(&progress) => panic!("it takes what is needed along: {left:?}"),
        waits = told.wait_for(|told| told.copies_left == 1) => assert!(waits.is_ok()),
    }
}

/// Which machine of two votes for their one range.
fn group_voter(ring: &Neighbourhood) -> usize {
    let standing = &ring.machines[0].standings()[0];
    let voter = standing.seats.iter().find(|seat| seat.votes).expect("one votes");
    let is_voter = |node: &std::sync::Arc<Node>| id(node) == voter.member.machine;
    ring.machines.iter().position(is_voter).expect("is there")
}
