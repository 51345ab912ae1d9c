//! Blocks.

use crate::community::Community;
use tertulia_state::block::Blocks;
use tertulia_state::follow::{Follow, Followers};
use tertulia_state::page::Page;
use tertulia_types::Rejected;

#[test]
fn a_block_ends_follows_both_ways_and_hides_each_from_the_other() {
    for groups in [1, 7] {
        let mut community = Community::of(groups);
        let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
        for (follower, author) in [(ana, ben), (ben, ana), (eva, ana), (ben, eva)] {
            community.follow(follower, author.account);
        }
        community.carry();
        let dweet = community.publish(ana, "hola");
        community.publish(ben, "qué tal");
        community.redweet(eva, &dweet);
        community.publish_body(ben, community.naming("@ana", &["ana"]));
        community.carry();
        assert_eq!(
            community.told(ana).iter().filter(|told| told.1 == "ben").count(),
            2
        );
        let relationship = community.block(ana, ben.account, true);
        assert!(relationship.blocking && !relationship.following && !relationship.followed_by);
        community.carry();
        assert!(community.relationship(ben, ana.account).blocked_by);
        assert_eq!(
            (community.counts(ana), community.counts(ben)),
            ((1, 0), (0, 1)),
            "{groups} groups"
        );
        assert_eq!(community.show(dweet.id, Some(ben)), Err(Rejected::NotFound));
        assert_eq!(community.profile(ana.account, Some(ben)), Err(Rejected::NotFound));
        let (author, viewer, page) = (ana.account, Some(ben.account), Page::default());
        assert_eq!(
            community.query(Followers { author, viewer, page }),
            Err(Rejected::NotFound)
        );
        assert!(
            !community.home(ben).contains(&"hola".to_owned()),
            "not by a redweet either"
        );
        assert!(!community.home(ana).contains(&"qué tal".to_owned()));
        assert!(community.told(ana).iter().all(|told| told.1 != "ben"));
        for (one, other) in [(ana, ben), (ben, ana)] {
            let key = community.key();
            let follow = Follow {
                actor: one,
                author: other.account,
                redweets: true,
                key,
            };
            assert_eq!(community.submit(follow), Err(Rejected::Blocked));
        }
        let listed = community.query(Blocks { actor: ana, page }).expect("blocks");
        assert_eq!(
            listed.iter().map(|(_, id)| *id).collect::<Vec<_>>(),
            [ben.account]
        );
        community.block(ana, ben.account, false);
        community.carry();
        assert!(!community.relationship(ben, ana.account).blocked_by);
        community.follow(ben, ana.account);
        community.carry();
        assert_eq!(community.counts(ana), (2, 0));
        assert!(community.home(ben).contains(&"hola".to_owned()));
    }
}

#[test]
fn t2_a_block_that_is_taken_back_before_it_is_carried_still_ends_the_follow_on_both_sides() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    community.carry();
    community.block(ana, ben.account, true);
    community.block(ana, ben.account, false);
    community.carry();
    assert_eq!((community.counts(ana), community.counts(ben)), ((0, 0), (0, 0)));
    assert!(!community.relationship(ben, ana.account).following);
    community.follow(ben, ana.account);
    community.carry();
    community.publish(ana, "hola");
    community.carry();
    assert_eq!(community.home(ben), ["hola"]);
}

#[test]
fn o1_a_follow_that_meets_a_block_on_its_way_is_taken_back() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.publish(ana, "hola");
    community.follow(ben, ana.account);
    community.block(ana, ben.account, true);
    community.carry();
    assert_eq!((community.counts(ana), community.counts(ben)), ((0, 0), (0, 0)));
    assert!(community.home(ben).is_empty());
}
