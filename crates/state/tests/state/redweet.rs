//! Redweets.

use crate::community::Community;
use crate::script::text;
use tertulia_state::page::Page;
use tertulia_state::redweet::RedweetedBy;
use tertulia_types::Rejected;
use tertulia_types::view::NotificationKind;

#[test]
fn one_redweets_once_and_can_undo_it() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    let original = community.publish(ana, "worth it");
    let first = community.redweet(ben, &original);
    assert_eq!(community.redweet(ben, &original).id, first.id);
    community.carry();
    let count = |community: &mut Community| community.show(original.id, None).expect("there").redweets;
    assert_eq!(count(&mut community), 1);
    assert!(community.unredweet(ben, original.id));
    assert!(!community.unredweet(ben, original.id));
    let again = community.redweet(ben, &original);
    community.carry();
    assert_ne!(again.id, first.id);
    assert_eq!(count(&mut community), 1);
    let by = RedweetedBy {
        dweet: original.id,
        viewer: None,
        page: Page::default(),
    };
    assert_eq!(community.query(by), Ok(vec![(again.id, ben.account)]));
    assert!(community.unredweet(ben, original.id));
    community.carry();
    assert_eq!(count(&mut community), 0);
    assert!(community.told(ana).is_empty(), "what was undone is not told");
}

#[test]
fn t5_a_deleted_original_withdraws_its_redweets_everywhere() {
    let mut community = Community::of(7);
    let [ana, eva] = community.people(["ana", "eva"]);
    let original = community.publish(ana, "a mistake");
    let redweeters: Vec<_> = (0..20)
        .map(|i| community.register(&format!("person{i}")))
        .collect();
    let redweets: Vec<_> = redweeters
        .iter()
        .map(|person| community.redweet(*person, &original))
        .collect();
    for person in &redweeters {
        community.follow(eva, person.account);
    }
    community.carry();
    assert_eq!(community.home(eva), ["a mistake"]);
    community.delete(ana, original.id);
    community.carry();
    assert!(community.home(eva).is_empty());
    for (person, redweet) in redweeters.iter().zip(redweets) {
        assert_eq!(community.show(redweet.id, None), Err(Rejected::NotFound));
        assert_eq!(community.account(person.account).expect("an account").dweets, 0);
    }
}

#[test]
fn o1_a_redweet_of_what_is_gone_already_is_withdrawn_when_it_is_refused() {
    let mut community = Community::of(7);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    community.follow(eva, ben.account);
    community.carry();
    let original = community.publish(ana, "a mistake");
    community.delete(ana, original.id);
    let redweet = community.redweet(ben, &original);
    community.carry();
    assert_eq!(community.show(redweet.id, None), Err(Rejected::NotFound));
    assert!(community.home(eva).is_empty());
}

#[test]
fn o1_a_redweet_by_someone_who_was_blocked_meanwhile_is_withdrawn() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    let original = community.publish(ana, "worth it");
    community.redweet(ben, &original);
    community.block(ana, ben.account, true);
    community.carry();
    assert!(
        community
            .profile(ben.account, None)
            .expect("a profile")
            .is_empty()
    );
    assert_eq!(community.show(original.id, None).expect("there").redweets, 0);
    assert_eq!(community.try_redweet(ben, &original), Err(Rejected::Blocked));
}

#[test]
fn an_edit_reaches_the_redweets_and_their_followers() {
    for groups in [1, 7] {
        let mut community = Community::of(groups);
        let [ana, ben, cid, eva] = community.people(["ana", "ben", "cid", "eva"]);
        community.follow(eva, ben.account);
        community.carry();
        let original = community.publish(ana, "helo");
        let redweet = community.redweet(ben, &original);
        community.carry();
        community.edit(ana, original.id, Community::body("hello"));
        // Redweeted with the old words still on the screen, and counted when the new ones stand.
        let late = community.redweet(cid, &original);
        community.carry();
        assert_eq!(community.home(eva), ["hello"]);
        assert_eq!(community.unseen(eva), 1);
        for id in [redweet.id, late.id] {
            assert_eq!(
                text(&community.show(id, None).expect("there")),
                "hello",
                "{groups} groups"
            );
        }
    }
}

#[test]
fn a_redweet_tells_the_author_but_not_of_their_own() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    let original = community.publish(ana, "worth it");
    community.redweet(ben, &original);
    community.redweet(ana, &original);
    community.carry();
    let told = community.told(ana);
    assert_eq!(
        told,
        [(NotificationKind::Redweet, "ben".to_owned(), "worth it".to_owned())]
    );
    assert_eq!(community.show(original.id, None).expect("there").redweets, 2);
}

#[test]
fn a_redweet_of_a_redweet_is_refused() {
    let mut community = Community::of(1);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let original = community.publish(ana, "worth it");
    let redweet = community.redweet(ben, &original);
    assert_eq!(community.try_redweet(eva, &redweet), Err(Rejected::Forbidden));
}

#[test]
fn redweets_of_someone_can_be_left_out_of_the_home_timeline() {
    let mut community = Community::of(3);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    community.follow(eva, ben.account);
    community.carry();
    let original = community.publish(ana, "original");
    community.redweet(ben, &original);
    community.publish(ben, "own");
    community.carry();
    assert_eq!(community.home(eva), ["own", "original"]);
    let key = community.key();
    let without = tertulia_state::follow::Follow {
        actor: eva,
        author: ben.account,
        redweets: false,
        key,
    };
    assert!(!community.submit(without).expect("follows").showing_redweets);
    community.carry();
    assert_eq!(community.home(eva), ["own"]);
    assert_eq!(community.unseen(eva), 1);
}
