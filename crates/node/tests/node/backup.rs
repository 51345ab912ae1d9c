//! Copies of a whole ring, and a ring that begins anew from them.

use std::path::Path;

use crate::community::{follow, home, options, publish, register, until};
use crate::neighbourhood::Neighbourhood;
use tertulia_node::backup::{Backup, BackupError};
use tertulia_node::restore::{RestoreError, Restored, place_of, restore, state_of};
use tertulia_node::{Node, Standing, unix_ms};
use tertulia_state::session::Actor;
use tertulia_types::{Role, Slot};
use tokio::runtime::Handle;

/// Fetches all copies into an empty data directory.
async fn fetch(backup: &Backup, directory: &Path) -> Vec<Restored> {
    std::fs::create_dir_all(state_of(directory)).expect("a directory");
    let mut restored = Vec::new();
    for (number, lot) in backup.lots().into_iter().enumerate() {
        let mut copy = Vec::new();
        while (copy.len() as u64) < lot.length_bytes {
            let block = backup.block(number, copy.len() as u64).await;
            copy.extend(block.expect("a block"));
        }
        let behind = backup.block(number, lot.length_bytes).await;
        assert!(behind.expect("nothing").is_empty());
        let path = place_of(directory, lot.descriptor.group);
        std::fs::write(&path, copy).expect("is written");
        restored.push(Restored {
            descriptor: lot.descriptor,
            applied: lot.applied,
            path,
            is_to_be_encrypted: false,
        });
    }
    restored
}

#[tokio::test(flavor = "multi_thread")]
async fn v5_a_backup_shows_one_moment_and_a_ring_begins_anew_from_it() {
    let ring = Neighbourhood::of(3, Role::Node).await;
    ring.until_settled(3, 3).await;
    let [one, two, three] = &ring.machines[..] else {
        unreachable!("there are three")
    };
    let mut people = Vec::new();
    for number in 0..8 {
        people.push(register(one, &format!("person{number}")).await);
    }
    let author = people[0];
    for reader in &people[1..] {
        follow(two, *reader, author.account).await;
    }
    publish(one, author, "before").await.unwrap();
    let backup = three.begin_backup(|_| {}).await.unwrap();
    assert!(backup.is_one_moment());
    let covered: u32 = backup
        .lots()
        .iter()
        .map(|lot| lot.descriptor.range.slots().1)
        .sum();
    assert_eq!((backup.lots().len(), covered), (3, Slot::COUNT));
    publish(one, author, "after").await.unwrap();
    for reader in &people[1..] {
        until("what homes owe each other is carried again", || async {
            home(two, *reader).await == ["after", "before"]
        })
        .await;
    }

    let directory = tempfile::tempdir().unwrap();
    let copies = fetch(&backup, directory.path()).await;
    drop(backup);
    let papers = one.charter().ring.clone();
    restore(directory.path(), None, papers.clone(), copies, unix_ms())
        .await
        .unwrap();
    let anew = Node::open(options(directory.path(), 1)).await.unwrap();
    anew.until_ready().await;
    for reader in &people[1..] {
        until("what was on its way is carried after the restore", || async {
            home(&anew, *reader).await == ["before"]
        })
        .await;
    }
    publish(&anew, author, "anew").await.unwrap();
    let ring_anew = &anew.charter().ring;
    assert_eq!(ring_anew.known_as, papers.ring, "people's programs know it");
    assert_ne!(ring_anew.ring, papers.ring, "machines of before do not");
    let old: Vec<u64> = one
        .standings()
        .iter()
        .map(|standing| standing.descriptor.group)
        .collect();
    assert!(
        anew.standings()
            .iter()
            .all(|standing| !old.contains(&standing.descriptor.group))
    );
    anew.stop().await;
}

/// Brings a ring to life from a backup that is not of one moment, and looks whether all that was before is there once, and people go on.
async fn assert_serves_anew(one: &Node, backup: Backup, author: Actor, readers: &[Actor]) {
    let directory = tempfile::tempdir().expect("a directory");
    let copies = fetch(&backup, directory.path()).await;
    drop(backup);
    let papers = one.charter().ring.clone();
    restore(directory.path(), None, papers, copies, unix_ms())
        .await
        .expect("a ring is restored");
    let anew = Node::open(options(directory.path(), 1)).await.expect("opens");
    anew.until_ready().await;
    publish(&anew, author, "anew").await.expect("published");
    for reader in readers {
        until("what is published anew comes, and what was before", || async {
            home(&anew, *reader).await == ["anew", "before"]
        })
        .await;
    }
    anew.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v5_a_backup_is_not_called_one_moment_when_a_machine_does_not_say_that_it_has_rested() {
    let ring = Neighbourhood::of(3, Role::Node).await;
    ring.until_settled(3, 3).await;
    let (one, silent) = (&ring.machines[0], ring.machines[1].member().machine);
    let author = register(one, "author").await;
    let reader = register(one, "reader").await;
    follow(one, reader, author.account).await;
    publish(one, author, "before").await.unwrap();
    let cut_off = |slots| {
        if slots == Slot::COUNT {
            ring.switchboard.isolate(silent);
        }
    };
    let backup = one.begin_backup(cut_off).await.unwrap();
    assert!(!backup.is_one_moment());
    ring.switchboard.heal();
    assert_serves_anew(one, backup, author, &[reader]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v5_a_backup_is_not_called_one_moment_when_a_machine_comes_back_that_was_not_told_to_rest() {
    let ring = Neighbourhood::of(4, Role::Node).await;
    ring.until_settled(3, 4).await;
    let (one, late) = (&ring.machines[0], ring.machines[3].member().machine);
    let author = register(one, "author").await;
    let reader = register(one, "reader").await;
    follow(one, reader, author.account).await;
    publish(one, author, "before").await.unwrap();
    ring.switchboard.isolate(late);
    until("its silence is noticed, and others lead", || async {
        let leads = |standing: &Standing| standing.leader == Some(late);
        one.is_in_doubt(late) && !one.standings().iter().any(leads)
    })
    .await;
    let come_back = |slots| {
        if slots == Slot::COUNT {
            ring.switchboard.heal();
            let comes = until("it is heard again", || async { !one.is_in_doubt(late) });
            tokio::task::block_in_place(|| Handle::current().block_on(comes));
        }
    };
    let backup = one.begin_backup(come_back).await.unwrap();
    assert!(!backup.is_one_moment());
    assert_serves_anew(one, backup, author, &[reader]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v5_copies_that_are_not_what_they_are_said_to_be_make_no_ring() {
    let ring = Neighbourhood::new().await;
    let node = &ring.machines[0];
    register(node, "ana").await;
    let backup = node.begin_backup(|_| {}).await.unwrap();
    let papers = node.charter().ring.clone();
    let lie: [fn(&mut Restored); 2] = [|copy| copy.applied += 1, |copy| copy.descriptor.epoch += 1];
    for lie in lie {
        let directory = tempfile::tempdir().unwrap();
        let mut copies = fetch(&backup, directory.path()).await;
        lie(&mut copies[0]);
        let refused = restore(directory.path(), None, papers.clone(), copies, unix_ms()).await;
        assert!(matches!(refused, Err(RestoreError::Other(_))), "{refused:?}");
        assert!(
            !directory.path().join("ring.json").exists(),
            "it belongs to no ring"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn v5_only_machines_that_store_have_copies_lent_to_them() {
    let mut ring = Neighbourhood::new().await;
    let gateway = ring.join(Role::Gateway).await;
    let refused = gateway.begin_backup(|_| {}).await;
    assert!(matches!(refused, Err(BackupError::StoresNothing)));
}
