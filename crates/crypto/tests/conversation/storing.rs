//! What is stored, and what a crash leaves.

use crate::scene::{GENERATION, Machine, ROOM, Storage, World, two};
use rusqlite::Connection;
use tertulia_crypto::conversation::Conversation;
use tertulia_crypto::opened::Opened;

/// Seals in a transaction that is rolled back, as if the machine had stopped before its end.
fn seal_and_crash(machine: &mut Machine, text: &str) -> Vec<u8> {
    let transaction = machine.database.transaction().expect("a transaction");
    let storage = Storage::new(&transaction);
    let mut group = Conversation::load(&storage, ROOM, GENERATION)
        .expect("read")
        .expect("the group");
    group
        .seal(&storage, &machine.key, text.as_bytes())
        .expect("sealed")
}

#[test]
fn a_message_sealed_and_rolled_back_is_sealed_again_without_loss() {
    let (world, [mut ana, mut ben]) = two();
    let first = ana.seal("one");
    seal_and_crash(&mut ana, "two, before the crash");
    let second = ana.seal("two, after the crash");
    let third = ana.seal("three");
    for (sealed, text) in [(first, "one"), (second, "two, after the crash"), (third, "three")] {
        assert_eq!(ben.read(&sealed, &world).as_deref(), Some(text));
    }
}

#[test]
fn bytes_that_left_before_their_transaction_ended_cost_the_next_message() {
    // Why nothing may be sent before: the key of the bytes that left is used again.
    let (world, [mut ana, mut ben]) = two();
    let left = seal_and_crash(&mut ana, "left too soon");
    assert!(ben.read(&left, &world).is_some());
    let next = ana.seal("lost");
    assert_eq!(ben.open(&next, &world).unwrap(), Opened::Repeat);
}

#[test]
fn a_message_opened_and_rolled_back_opens_again() {
    let (world, [mut ana, mut ben]) = two();
    let sealed = ana.seal("hola");
    let transaction = ben.database.transaction().unwrap();
    let storage = Storage::new(&transaction);
    let mut group = Conversation::load(&storage, ROOM, GENERATION).unwrap().unwrap();
    let devices = |account, device| world.named(account, device);
    assert!(matches!(
        group.open(&storage, &sealed, &devices),
        Ok(Opened::Message { .. })
    ));
    assert_eq!(group.open(&storage, &sealed, &devices).unwrap(), Opened::Repeat);
    drop(transaction);
    assert_eq!(ben.read(&sealed, &world).as_deref(), Some("hola"));
}

#[test]
fn a_change_rolled_back_was_never_made() {
    let (world, [mut ana, mut ben]) = two();
    let transaction = ana.database.transaction().unwrap();
    let storage = Storage::new(&transaction);
    let mut group = Conversation::load(&storage, ROOM, GENERATION).unwrap().unwrap();
    group.change(&storage, &ana.key, &[], &[]).unwrap();
    drop(transaction);
    assert!(!ana.step(|group, _, _| group.is_changing()));
    let change = ana.changed(&[], &[]);
    ben.follow(&change.commit, &world);
    assert_eq!(ana.authenticator(), ben.authenticator());
}

#[test]
fn a_device_stopped_after_every_step_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::default();
    let paths = [folder.path().join("ana"), folder.path().join("ben")];
    let mut machines: Vec<_> = paths
        .iter()
        .zip(1..)
        .map(|(path, person)| world.device_in(person, Connection::open(path).unwrap()))
        .collect();
    let restart = |machines: &mut Vec<Machine>| {
        for (machine, path) in machines.iter_mut().zip(&paths) {
            machine.reopen(path);
        }
    };
    machines[0].create();
    restart(&mut machines);
    let package = machines[1].package(&world);
    restart(&mut machines);
    let change = machines[0].change(&[package], &[]).unwrap();
    restart(&mut machines);
    assert!(machines[0].step(|group, _, _| group.is_changing()));
    machines[0].accepted();
    restart(&mut machines);
    machines[1].join(&change.welcome.unwrap(), &world).unwrap();
    for round in 0..3 {
        restart(&mut machines);
        let early = machines[0].seal("early");
        restart(&mut machines);
        let sealed = machines[0].seal("hola");
        restart(&mut machines);
        assert!(machines[1].read(&sealed, &world).is_some(), "round {round}");
        restart(&mut machines);
        let change = machines[1].change(&[], &[]).unwrap();
        restart(&mut machines);
        machines[1].accepted();
        restart(&mut machines);
        machines[0].follow(&change.commit, &world);
        restart(&mut machines);
        // Behind its follower, and of the epoch before.
        assert!(machines[1].read(&early, &world).is_some(), "round {round}");
        assert_eq!(machines[0].authenticator(), machines[1].authenticator());
    }
}

#[test]
fn a_group_forgotten_leaves_only_what_is_no_groups() {
    let (_, [mut ana, _]) = two();
    let rows = |machine: &Machine| {
        [
            "openmls_group_data",
            "openmls_epoch_keys_pairs",
            "openmls_own_leaf_nodes",
            "openmls_proposals",
        ]
        .map(|table| {
            let count = format!("SELECT count(*) FROM {table}");
            machine
                .database
                .query_row(&count, [], |row| row.get::<_, i64>(0))
                .expect("counted")
        })
    };
    assert!(rows(&ana)[0] > 0);
    ana.store(|storage, _| {
        let group = Conversation::load(storage, ROOM, GENERATION).unwrap().unwrap();
        group.delete(storage).unwrap();
    });
    assert_eq!(rows(&ana), [0; 4]);
}
