//! Messages, however they come.

use crate::scene::{GENERATION, ROOM, now_ms, three, two};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, proptest};
use proptest::sample::Index;
use std::cell::RefCell;
use tertulia_crypto::conversation::Conversation;
use tertulia_crypto::device::Stranger;
use tertulia_crypto::opened::{OpenError, Opened, SEALED_MORE_BYTES_MAX, SealError};
use tertulia_types::message::MESSAGE_BYTES_MAX;
use tertulia_types::{ConversationId, Epoch};

#[test]
fn two_devices_talk_both_ways() {
    let (world, [mut ana, mut ben]) = two();
    let sealed = ana.seal("hola");
    let opened = ben.open(&sealed, &world).unwrap();
    let expected = Opened::Message {
        account: ana.key.account(),
        device: ana.id(),
        epoch: Epoch {
            generation: GENERATION,
            number: 1,
        },
        payload: b"hola".to_vec(),
    };
    assert_eq!(opened, expected);
    let answer = ben.seal("hello");
    assert_eq!(ana.read(&answer, &world).as_deref(), Some("hello"));
}

#[test]
fn what_one_of_three_says_the_others_read() {
    let (world, mut machines) = three();
    for speaker in 0..3 {
        let sealed = machines[speaker].seal("to all");
        for (index, machine) in machines.iter_mut().enumerate() {
            let read = machine.read(&sealed, &world);
            assert_eq!(read.is_some(), index != speaker);
        }
    }
}

#[test]
fn nine_messages_open_in_any_order_both_ways() {
    let (world, [mut ana, mut ben]) = two();
    let order = [4, 8, 0, 7, 2, 6, 1, 5, 3];
    for _ in 0..2 {
        let sealed: Vec<_> = (0..9).map(|number| ana.seal(&number.to_string())).collect();
        for number in order {
            assert_eq!(ben.read(&sealed[number], &world), Some(number.to_string()));
        }
        std::mem::swap(&mut ana, &mut ben);
    }
}

#[test]
fn a_message_opens_once() {
    let (world, [mut ana, mut ben]) = two();
    let first = ana.seal("one");
    let second = ana.seal("two");
    for sealed in [&second, &first] {
        assert!(ben.read(sealed, &world).is_some());
        assert_eq!(ben.open(sealed, &world).unwrap(), Opened::Repeat);
    }
}

#[test]
fn bytes_changed_on_the_way_open_nothing_and_a_good_copy_does_afterwards() {
    let (world, [mut ana, mut ben]) = two();
    let sealed = ana.seal("hola");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 0x10;
        assert_eq!(ben.read(&changed, &world), None, "byte {at}");
    }
    for length in 0..sealed.len() {
        assert_eq!(ben.read(&sealed[..length], &world), None, "{length} bytes");
    }
    assert_eq!(ben.read(&sealed, &world).as_deref(), Some("hola"));
}

#[test]
fn a_commit_changed_on_the_way_changes_nothing_and_a_good_copy_does_afterwards() {
    let (world, [mut ana, mut ben]) = two();
    let change = ana.changed(&[], &[]);
    for at in 0..change.commit.len() {
        let mut changed = change.commit.clone();
        changed[at] ^= 0x10;
        let opened = ben.open(&changed, &world);
        assert!(!matches!(opened, Ok(Opened::Changed { .. })), "byte {at}");
    }
    ben.follow(&change.commit, &world);
    assert_eq!(ana.authenticator(), ben.authenticator());
}

#[test]
fn an_own_message_handed_back_is_known_as_such() {
    let (world, [mut ana, mut ben]) = two();
    let sealed = ana.seal("hola");
    assert_eq!(ana.open(&sealed, &world).unwrap(), Opened::Own);
    assert!(ben.read(&sealed, &world).is_some());
}

#[test]
fn a_message_overtaken_by_four_commits_opens_and_by_five_does_not() {
    let (world, [mut ana, mut ben]) = two();
    let mut sealed = Vec::new();
    for number in 0..6 {
        sealed.push(ben.seal(&number.to_string()));
        let change = ana.changed(&[], &[]);
        ben.follow(&change.commit, &world);
    }
    assert_eq!(ana.open(&sealed[0], &world).unwrap(), Opened::TooLate);
    assert_eq!(ana.open(&sealed[1], &world).unwrap(), Opened::TooLate);
    for (number, bytes) in sealed.iter().enumerate().skip(2) {
        assert_eq!(ana.read(bytes, &world), Some(number.to_string()));
        assert_eq!(ana.open(bytes, &world).unwrap(), Opened::Repeat);
    }
}

#[test]
fn a_message_that_comes_before_its_commit_is_kept_until_then() {
    let (world, [mut ana, mut ben]) = two();
    let change = ana.changed(&[], &[]);
    let sealed = ana.seal("new times");
    let epoch = Epoch {
        generation: GENERATION,
        number: 2,
    };
    assert_eq!(ben.open(&sealed, &world).unwrap(), Opened::TooEarly { epoch });
    ben.follow(&change.commit, &world);
    assert_eq!(ben.read(&sealed, &world).as_deref(), Some("new times"));
}

#[test]
fn a_message_too_far_behind_its_followers_is_too_late() {
    let (world, [mut ana, mut ben]) = two();
    let sealed: Vec<_> = (0..12).map(|number| ana.seal(&number.to_string())).collect();
    assert!(ben.read(&sealed[11], &world).is_some());
    assert_eq!(ben.open(&sealed[1], &world).unwrap(), Opened::TooLate);
    assert!(ben.read(&sealed[2], &world).is_some());
}

#[test]
fn two_thousand_messages_may_be_missing_and_no_more() {
    let (world, [mut ana, mut ben]) = two();
    let sealed = ana.step(|group, storage, key| {
        let seal = |_| group.seal(storage, key, b"again").unwrap();
        (0..2_002).map(seal).collect::<Vec<_>>()
    });
    assert!(matches!(
        ben.open(&sealed[2_001], &world),
        Err(OpenError::Skipped)
    ));
    assert!(ben.read(&sealed[2_000], &world).is_some());
    assert!(ben.read(&sealed[2_001], &world).is_some());
}

#[test]
fn a_message_of_a_revoked_device_is_refused() {
    let (mut world, [mut ana, mut ben]) = two();
    let before = ana.seal("before");
    assert!(ben.read(&before, &world).is_some());
    world.revoke(&ana);
    let after = ana.seal("after");
    let (account, device) = ana.name();
    let opened = ben.open(&after, &world);
    assert!(
        matches!(opened, Err(OpenError::Stranger(stranger)) if stranger == Stranger::NotLive { account, device }),
        "{opened:?}"
    );
}

#[test]
fn a_message_of_another_group_is_told_apart() {
    let (world, [mut ana, mut ben]) = two();
    for (conversation, generation) in [(ConversationId([8; 16]), GENERATION), (ROOM, GENERATION + 1)] {
        let sealed = ana.store(|storage, key| {
            let mut other = Conversation::create(storage, key, conversation, generation, now_ms()).unwrap();
            other.seal(storage, key, b"elsewhere").unwrap()
        });
        assert!(matches!(ben.open(&sealed, &world), Err(OpenError::OtherGroup)));
    }
}

#[test]
fn the_longest_payload_makes_no_more_than_a_message_may_weigh() {
    let (world, [mut ana, mut ben]) = two();
    let longest = vec![b' '; MESSAGE_BYTES_MAX - SEALED_MORE_BYTES_MAX];
    let sealed = ana
        .step(|group, storage, key| group.seal(storage, key, &longest))
        .unwrap();
    assert!(sealed.len() <= MESSAGE_BYTES_MAX);
    assert!(ben.read(&sealed, &world).is_some());
    let longer = [&longest[..], b" "].concat();
    let refused = ana.step(|group, storage, key| group.seal(storage, key, &longer));
    assert!(matches!(refused, Err(SealError::TooLong)));
}

#[test]
fn payloads_of_one_length_make_messages_of_one_length() {
    let (_, [mut ana, _]) = two();
    let lengths: Vec<_> = ["a".repeat(256), "b".repeat(256)]
        .iter()
        .map(|text| ana.seal(text).len())
        .collect();
    assert_eq!(lengths[0], lengths[1]);
}

fn some_changes() -> impl Strategy<Value = Vec<(Index, u8)>> {
    proptest::collection::vec((any::<Index>(), any::<u8>()), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_bytes_can_be_opened(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        thread_local! {
            static PLACE: RefCell<Option<(crate::scene::World, [crate::scene::Machine; 2])>> = const { RefCell::new(None) };
        }
        PLACE.with_borrow_mut(|place| {
            let (world, [ana, _]) = place.get_or_insert_with(two);
            prop_assert!(ana.open(&bytes, world).is_err());
            prop_assert!(ana.join(&bytes, world).is_err());
            Ok(())
        })?;
    }

    #[test]
    fn whatever_is_changed_in_a_message_and_a_commit_they_open_only_whole(changes in some_changes()) {
        let (world, [mut ana, mut ben]) = two();
        let sealed = ana.seal("hola");
        let commit = ana.changed(&[], &[]).commit;
        for good in [sealed, commit] {
            let mut changed = good.clone();
            for (place, value) in &changes {
                let at = place.index(changed.len());
                changed[at] = *value;
            }
            if changed != good {
                let opened = ben.open(&changed, &world);
                let is_opened = matches!(opened, Ok(Opened::Message { .. } | Opened::Changed { .. }));
                prop_assert!(!is_opened, "{opened:?}");
            }
            let opened = ben.open(&good, &world);
            prop_assert!(matches!(opened, Ok(Opened::Message { .. } | Opened::Changed { .. })), "{opened:?}");
        }
    }
}
