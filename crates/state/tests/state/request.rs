//! Remembered replies.

use crate::community::Community;
use tertulia_state::dweet::Publish;
use tertulia_state::follow::Follow;
use tertulia_state::prune::Prune;
use tertulia_state::request::KEPT_MS;
use tertulia_types::{Rejected, Slot};

#[test]
fn p6_a_repeated_request_gets_the_first_reply_and_has_no_second_effect() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    let key = community.key();
    let publish = Publish {
        actor: ana,
        body: Community::body("hola"),
        key,
    };
    let first = community.submit(publish.clone()).expect("published");
    assert_eq!(community.submit(publish.clone()), Ok(first));
    assert_eq!(community.profile(ana.account, None), Ok(vec!["hola".to_owned()]));
    // Keys are per actor, and per kind of verb.
    let of_ben = Publish {
        actor: ben,
        ..publish
    };
    community.submit(of_ben).expect("published");
    let follow = Follow {
        actor: ana,
        author: ben.account,
        redweets: true,
        key,
    };
    assert_eq!(community.submit(follow), Err(Rejected::KeyReused));
}

#[test]
fn p6_a_refused_request_may_be_tried_again_with_its_key() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let key = community.key();
    let empty = Publish {
        actor: ana,
        body: Community::body(" "),
        key,
    };
    assert!(matches!(community.submit(empty), Err(Rejected::Invalid(_))));
    let mended = Publish {
        actor: ana,
        body: Community::body("hola"),
        key,
    };
    assert!(community.submit(mended).is_ok());
}

#[test]
fn p6_replies_are_forgotten_after_a_day_of_stamped_time() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let publish = Publish {
        actor: ana,
        body: Community::body("hola"),
        key: community.key(),
    };
    let first = community.submit(publish.clone()).expect("published");
    let prune = |community: &mut Community| {
        let at = community.groups[0].database.descriptor().range.end();
        let from = Slot(ana.account.slot().0 / 1024 * 1024);
        community.submit(Prune { at, from }).expect("pruned");
    };
    community.clock_ms += KEPT_MS - 10;
    prune(&mut community);
    assert_eq!(community.submit(publish.clone()), Ok(first.clone()));
    community.clock_ms += 20;
    prune(&mut community);
    assert_ne!(community.submit(publish), Ok(first));
}
