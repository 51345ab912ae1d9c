//! A backup that is restored: whatever was counted since goes on behind it, and whatever it has is there.

use crate::community::Community;
use crate::message::{epoch, numbers};
use tertulia_state::actor::Actor;
use tertulia_state::conversation::Verdict;
use tertulia_state::{Descriptor, restoring};
use tertulia_types::message::{GENERATIONS_AHEAD, LETTERS_AHEAD};
use tertulia_types::{ConversationId, Rejected};

impl Community {
    /// As if a backup of now were restored, at this moment.
    fn restore(&mut self, now_ms: u64) {
        for group in &mut self.groups {
            let before = group.database.descriptor();
            let heir = Descriptor {
                epoch: before.epoch + (1 << 32),
                ..before
            };
            restoring::restore(&mut group.database, heir, b"test", now_ms).expect("restored");
        }
    }
}

fn superseded(now: (u32, u64)) -> Result<Verdict, Rejected> {
    Ok(Verdict::Superseded {
        now: epoch(now),
        winner: None,
    })
}

#[test]
fn m4_letters_that_come_after_a_restore_are_new_to_a_device_that_knows_more_than_the_backup() {
    let mut community = Community::of(3);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let (of_ben, of_eva) = (community.equip(ben, 1)[0], community.equip(eva, 1)[0]);
    assert_eq!(community.deposit(ana, ben, 1), Ok(1));
    community.restore(0);
    // Whatever ben's device has seen since the backup was made, this is behind it.
    assert_eq!(community.deposit(ana, ben, 2), Ok(LETTERS_AHEAD + 2));
    let fetched = community.fetch(ben, of_ben, 1_000);
    assert_eq!(numbers(&fetched), [LETTERS_AHEAD + 2]);
    // A device that is ahead says so: what it has not had stays.
    community.acknowledge(ben, of_ben, 1_000);
    assert_eq!(
        numbers(&community.fetch(ben, of_ben, 1)),
        [LETTERS_AHEAD + 2],
        "what it has is gone, what it has not is there"
    );
    assert_eq!(
        community.deposit(ana, eva, 3),
        Ok(LETTERS_AHEAD + 1),
        "the same where nothing had come"
    );
    assert_eq!(numbers(&community.fetch(eva, of_eva, 7)), [LETTERS_AHEAD + 1]);
    community.restore(0);
    assert_eq!(
        community.deposit(ana, eva, 4),
        Ok(2 * LETTERS_AHEAD + 2),
        "each time"
    );
}

#[test]
fn m1_no_commit_of_a_group_from_before_a_restore_counts_and_the_next_generation_can_be_begun() {
    let mut community = Community::of(3);
    let both: [Actor; 2] = community.people(["ana", "ben"]);
    let [ana, ben] = both;
    let room = ConversationId::of_room([1; 16]);
    let later = ConversationId::of_two(ana.account, ben.account);
    assert_eq!(
        community.commit(ana, room, (1, 0), b"a", &both),
        Ok(Verdict::Accepted)
    );
    community.restore(0);
    let ahead = (GENERATIONS_AHEAD + 1, 1);
    // One device has not heard of a commit that came after the backup, the other one has; none of the two may go on alone.
    for at in [(1, 1), (1, 5), (2, 0)] {
        assert_eq!(
            community.commit(ben, room, at, b"b", &both),
            superseded(ahead),
            "{at:?}"
        );
    }
    assert_eq!(
        community.commit(ben, room, (GENERATIONS_AHEAD + 2, 0), b"c", &both),
        Ok(Verdict::Accepted)
    );
    // The backup knows nothing of a conversation that began after it.
    for at in [(1, 1), (1, 0), (2, 0)] {
        let unbegun = superseded((GENERATIONS_AHEAD, 0));
        assert_eq!(community.commit(ana, later, at, b"d", &both), unbegun, "{at:?}");
    }
    assert_eq!(
        community.commit(ana, later, (GENERATIONS_AHEAD + 1, 0), b"e", &both),
        Ok(Verdict::Accepted)
    );
}

#[test]
fn no_key_package_is_given_out_twice_by_way_of_a_restore() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    let device = community.equip(ben, 1)[0];
    community.stock(ben, device, &[b"one", b"two"], Some(b"last resort"));
    community.restore(0);
    assert_eq!(community.claim(ana, ben), [b"last resort"]);
    assert_eq!(
        community.fetch(ben, device, 0).packages_left,
        0,
        "and so it leaves new ones"
    );
}

#[test]
fn c3_what_is_made_after_a_restore_is_younger_than_the_restore_and_what_was_there_is_there() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    let before = community.publish(ana, "from before");
    community.close(ben);
    community.carry();
    let now_ms = community.groups[0].database.last_stamp_ms() + 1_000_000;
    community.restore(now_ms);
    assert_eq!(community.show(before.id, None).expect("there").id, before.id);
    let after = community.publish(ana, "from after");
    assert!(after.id.unix_ms() >= now_ms, "no id is given twice");
    assert!(
        community.try_register("ben").is_err(),
        "a closed account's nick stays closed"
    );
    community.try_register("eva").expect("a new nick is free");
}
