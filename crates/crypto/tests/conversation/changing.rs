//! Who is in, and how that changes.

use crate::scene::{GENERATION, Machine, ROOM, World, account, now_ms, three, two};
use tertulia_crypto::conversation::{ChangeError, Conversation, CreateError, JoinError};
use tertulia_crypto::opened::{OpenError, Opened};
use tertulia_crypto::package::Package;
use tertulia_types::ConversationId;

fn same_epoch(machines: &mut [Machine]) {
    let known: Vec<_> = machines
        .iter_mut()
        .map(|machine| machine.step(|group, _, _| (group.epoch(), group.members(), group.authenticator())))
        .collect();
    assert!(known.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_device_added_reads_what_comes_after_and_knows_who_let_it_in() {
    let (mut world, [mut ana, mut ben]) = two();
    let before = ana.seal("before");
    let mut eve = world.device(3);
    let package = eve.package(&world);
    let change = ben.changed(&[package], &[]);
    let opened = ana.open(&change.commit, &world).unwrap();
    let expected = Opened::Changed {
        by: ben.name(),
        added: vec![eve.name()],
        removed: Vec::new(),
        is_own_removal: false,
        epoch: ana.step(|group, _, _| group.epoch()),
    };
    assert_eq!(opened, expected);
    assert_eq!(change.epoch_before.number + 1, ana.number());

    assert_eq!(eve.join(&change.welcome.unwrap(), &world).unwrap(), ben.name());
    assert_eq!(eve.read(&before, &world), None);
    let after = ana.seal("after");
    assert_eq!(eve.read(&after, &world).as_deref(), Some("after"));
    same_epoch(&mut [ana, ben, eve]);
}

#[test]
fn a_device_removed_knows_it_and_reads_nothing_afterwards() {
    let (world, [mut ana, mut ben, mut eve]) = three();
    let change = ana.changed(&[], &[eve.id()]);
    ben.follow(&change.commit, &world);
    let opened = eve.open(&change.commit, &world).unwrap();
    assert!(
        matches!(&opened, Opened::Changed { is_own_removal: true, removed, .. } if *removed == [eve.name()]),
        "{opened:?}"
    );

    let after = ana.seal("without eve");
    assert_eq!(ben.read(&after, &world).as_deref(), Some("without eve"));
    assert!(matches!(eve.open(&after, &world), Err(OpenError::Gone)));
    assert!(matches!(eve.change(&[], &[]), Err(ChangeError::Gone)));
    assert!(!eve.step(|group, _, _| group.is_in()));
    let sealed = eve.step(|group, storage, key| group.seal(storage, key, b"still here?"));
    assert!(sealed.is_err());
    assert_eq!(ana.members().len(), 2);
}

#[test]
fn a_device_removed_that_has_not_heard_of_it_reads_nothing_either() {
    let (world, [mut ana, mut ben, mut eve]) = three();
    let change = ana.changed(&[], &[eve.id()]);
    ben.follow(&change.commit, &world);
    let after = ana.seal("without eve");
    assert!(matches!(eve.open(&after, &world), Ok(Opened::TooEarly { .. })));
    // What eve says in the epoch that has passed still opens, like any message on its way.
    let late = eve.seal("on its way");
    assert_eq!(ben.read(&late, &world).as_deref(), Some("on its way"));
}

#[test]
fn of_two_commits_one_wins_and_the_loser_follows_it() {
    let (world, [mut ana, mut ben, mut eve]) = three();
    let winner = ana.change(&[], &[]).unwrap();
    let loser = ben.change(&[], &[]).unwrap();
    assert_eq!(winner.epoch_before, loser.epoch_before);
    ana.accepted();
    ben.rejected();
    ben.follow(&winner.commit, &world);
    eve.follow(&winner.commit, &world);
    assert_eq!(eve.open(&loser.commit, &world).unwrap(), Opened::TooLate);

    let again = ben.changed(&[], &[]);
    ana.follow(&again.commit, &world);
    eve.follow(&again.commit, &world);
    same_epoch(&mut [ana, ben, eve]);
}

#[test]
fn a_commit_followed_drops_the_own_change_that_waits() {
    let (world, [mut ana, mut ben]) = two();
    let winner = ana.changed(&[], &[]);
    ben.change(&[], &[]).unwrap();
    ben.follow(&winner.commit, &world);
    assert!(!ben.step(|group, _, _| group.is_changing()));
    ben.accepted();
    same_epoch(&mut [ana, ben]);
}

#[test]
fn while_a_change_waits_messages_pass_and_no_other_is_made() {
    let (world, [mut ana, mut ben]) = two();
    ana.change(&[], &[]).unwrap();
    assert!(matches!(ana.change(&[], &[]), Err(ChangeError::Pending)));
    let sealed = ana.seal("meanwhile");
    assert!(ben.read(&sealed, &world).is_some());
    let answer = ben.seal("and back");
    assert!(ana.read(&answer, &world).is_some());
}

#[test]
fn an_own_commit_handed_back_is_known_as_such() {
    let (world, [mut ana, mut ben]) = two();
    let change = ana.change(&[], &[]).unwrap();
    assert_eq!(ana.open(&change.commit, &world).unwrap(), Opened::Own);
    ana.accepted();
    assert_eq!(ana.open(&change.commit, &world).unwrap(), Opened::TooLate);
    ben.follow(&change.commit, &world);
    same_epoch(&mut [ana, ben]);
}

#[test]
fn an_answer_for_no_change_does_nothing() {
    let (world, [mut ana, mut ben]) = two();
    ana.accepted();
    ana.rejected();
    let sealed = ben.seal("hola");
    assert!(ana.read(&sealed, &world).is_some());
    same_epoch(&mut [ana, ben]);
}

#[test]
fn two_devices_of_one_person_are_two_members() {
    let mut world = World::default();
    let mut machines = [world.device(1), world.device(1), world.device(2)];
    world.gather(&mut machines);
    let of_one = machines[0].members();
    assert_eq!(of_one.iter().filter(|(owner, _)| *owner == account(1)).count(), 2);
    let [mut laptop, mut phone, mut ben] = machines;
    let sealed = laptop.seal("from my laptop");
    assert!(phone.read(&sealed, &world).is_some());
    assert!(ben.read(&sealed, &world).is_some());
    same_epoch(&mut [laptop, phone, ben]);
}

#[test]
fn what_cannot_be_changed_is_told_and_changes_nothing() {
    let (mut world, [mut ana, mut ben]) = two();
    let own = ana.id();
    assert!(matches!(ana.change(&[], &[own]), Err(ChangeError::OwnDevice)));
    let eve = world.device(3);
    assert!(matches!(ana.change(&[], &[eve.id()]), Err(ChangeError::NotIn(device)) if device == eve.id()));
    let package = ben.package(&world);
    assert!(matches!(ana.change(&[package], &[]), Err(ChangeError::AlreadyIn(device)) if device == ben.id()));
    let mut eve = eve;
    let twice = [eve.package(&world), eve.package(&world)];
    assert!(matches!(ana.change(&twice, &[]), Err(ChangeError::Unfit(_))));
    assert!(!ana.step(|group, _, _| group.is_changing()));
    let sealed = ana.seal("as before");
    assert!(ben.read(&sealed, &world).is_some());
}

#[test]
fn a_device_that_has_lost_its_group_is_let_in_again_in_one_change() {
    let (world, [mut ana, mut ben, mut eve]) = three();
    ben.store(|storage, _| {
        let group = Conversation::load(storage, ROOM, GENERATION).unwrap().unwrap();
        group.delete(storage).unwrap();
        assert!(Conversation::load(storage, ROOM, GENERATION).unwrap().is_none());
    });
    let package = ben.package(&world);
    let change = ana.changed(&[package], &[ben.id()]);
    eve.follow(&change.commit, &world);
    ben.join(&change.welcome.unwrap(), &world).unwrap();
    same_epoch(&mut [ana, ben, eve]);
}

#[test]
fn a_package_serves_once_and_the_last_resort_for_two_groups() {
    let other = ConversationId([8; 16]);
    for is_last_resort in [false, true] {
        let mut world = World::default();
        let (mut ana, mut ben) = (world.device(1), world.device(2));
        let bytes = ben.package_bytes(is_last_resort);
        let mut let_in = |conversation: ConversationId| {
            let package = Package::check(&bytes, world.chain(account(2)), now_ms()).unwrap();
            let welcome = ana.store(|storage, key| {
                let mut group =
                    Conversation::create(storage, key, conversation, GENERATION, now_ms()).unwrap();
                let change = group.change(storage, key, &[package], &[]).unwrap();
                group.accepted(storage).unwrap();
                change.welcome.unwrap()
            });
            ben.store(|storage, _| {
                Conversation::join(storage, &welcome, conversation, GENERATION, &|owner, device| {
                    world.named(owner, device)
                })
                .map(|joined| joined.by)
            })
        };
        let_in(ROOM).unwrap();
        let second = let_in(other);
        if is_last_resort {
            second.unwrap();
        } else {
            assert!(matches!(second, Err(JoinError::NoPackage)), "{second:?}");
        }
    }
}

#[test]
fn a_welcome_that_comes_twice_lets_in_once() {
    for is_last_resort in [false, true] {
        let mut world = World::default();
        let (mut ana, mut ben) = (world.device(1), world.device(2));
        ana.create();
        let bytes = ben.package_bytes(is_last_resort);
        let package = Package::check(&bytes, world.chain(account(2)), now_ms()).unwrap();
        let welcome = ana.changed(&[package], &[]).welcome.unwrap();
        ben.join(&welcome, &world).unwrap();
        let again = ben.join(&welcome, &world);
        assert!(matches!(again, Err(JoinError::NoPackage | JoinError::AlreadyIn)));
        let sealed = ana.seal("hola");
        assert!(ben.read(&sealed, &world).is_some());
    }
}

#[test]
fn a_welcome_to_another_group_than_was_said_lets_nobody_in() {
    let mut world = World::default();
    let (mut ana, mut ben) = (world.device(1), world.device(2));
    ana.create();
    let package = ben.package(&world);
    let welcome = ana.changed(&[package], &[]).welcome.unwrap();
    for (conversation, generation) in [(ConversationId([8; 16]), GENERATION), (ROOM, GENERATION + 1)] {
        let transaction = ben.database.transaction().unwrap();
        let joined = Conversation::join(
            &crate::scene::Storage::new(&transaction),
            &welcome,
            conversation,
            generation,
            &|owner, device| world.named(owner, device),
        );
        assert!(matches!(joined, Err(JoinError::OtherGroup)), "{joined:?}");
    }
    // Rolled back both times, and so the package still serves.
    ben.join(&welcome, &world).unwrap();
}

#[test]
fn a_group_is_begun_once() {
    let mut world = World::default();
    let mut ana = world.device(1);
    ana.create();
    let again = ana.store(|storage, key| Conversation::create(storage, key, ROOM, GENERATION, now_ms()));
    assert!(matches!(again, Err(CreateError::AlreadyIn)));
}

#[test]
fn fifty_devices_come_and_go_and_agree() {
    let mut world = World::default();
    let mut machines: Vec<_> = (1..=50).map(|person| world.device(person)).collect();
    world.gather(&mut machines);
    same_epoch(&mut machines);
    for round in 0_usize..4 {
        // Somebody takes one out and lets another in, each time another.
        let leaving = machines.remove(7 * (round + 1));
        let mut coming = world.device(100 + i64::try_from(round).unwrap());
        let package = coming.package(&world);
        let by = 11 * round;
        let change = machines[by].changed(&[package], &[leaving.id()]);
        for (index, machine) in machines.iter_mut().enumerate() {
            if index != by {
                machine.follow(&change.commit, &world);
            }
        }
        coming.join(&change.welcome.unwrap(), &world).unwrap();
        machines.push(coming);
    }
    same_epoch(&mut machines);
    let sealed = machines[20].seal("all here?");
    let readers = machines
        .iter_mut()
        .filter_map(|machine| machine.read(&sealed, &world))
        .count();
    assert_eq!(readers, 49);
}
