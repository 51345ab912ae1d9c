//! Follows: the truth at one home, an image at the other, and what comes of both in timelines.

use crate::community::Community;
use crate::script::texts;
use tertulia_state::AnyCommand;
use tertulia_state::follow::{Follow, Followers, Following};
use tertulia_state::outbox::Parcel;
use tertulia_state::page::Page;
use tertulia_state::session::Actor;
use tertulia_state::timeline::HomeEntry;
use tertulia_types::{Position, Rejected};

/// The parcels that are of this kind.
fn of_kind(community: &mut Community, kind: &str) -> Vec<(Position, Parcel)> {
    let is_it = |parcel: &Parcel| {
        let bytes = parcel.command.as_ref();
        bytes.is_some_and(|bytes| AnyCommand::from_bytes(bytes).expect("a command").name() == kind)
    };
    community
        .pending()
        .into_iter()
        .filter(|(_, parcel)| is_it(parcel))
        .collect()
}

/// Carries a parcel to its destination; the answer is still on its way.
fn carry_out(community: &mut Community, (at, parcel): &(Position, Parcel)) -> (Position, u64, Vec<u8>) {
    let bytes = parcel.command.clone().expect("a command");
    (*at, parcel.seq, community.deliver(&bytes).expect("taken"))
}

fn settle(community: &mut Community, (at, seq, reply): (Position, u64, Vec<u8>)) {
    community.settle(at, seq, Ok(Some(reply)));
}

/// Two people whose homes are in one group.
fn neighbours(community: &mut Community) -> (Actor, Actor) {
    let first = community.register("neighbour");
    let group = community.group_of(first.account.home());
    for i in 0.. {
        let other = community.register(&format!("neighbour{i}"));
        if community.group_of(other.account.home()) == group {
            return (first, other);
        }
    }
    unreachable!("nicks never end")
}

#[test]
fn t2_both_homes_agree_on_an_edge_and_counts_change_only_with_its_state() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    assert_eq!((community.counts(ana), community.counts(ben)), ((0, 0), (0, 1)));
    community.carry();
    community.follow(ben, ana.account);
    community.carry();
    assert_eq!((community.counts(ana), community.counts(ben)), ((1, 0), (0, 1)));
    assert!(community.relationship(ana, ben.account).followed_by);
    community.unfollow(ben, ana.account);
    community.unfollow(ben, ana.account);
    community.carry();
    assert_eq!((community.counts(ana), community.counts(ben)), ((0, 0), (0, 0)));
}

#[test]
fn t2_an_old_edge_that_comes_late_changes_nothing() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    let stands = of_kind(&mut community, "SetFollower").remove(0);
    community.carry();
    community.unfollow(ben, ana.account);
    let ended = of_kind(&mut community, "SetFollower").remove(0);
    community.carry();
    carry_out(&mut community, &stands);
    assert_eq!(community.counts(ana), (0, 0));
    community.follow(ben, ana.account);
    community.carry();
    carry_out(&mut community, &ended);
    carry_out(&mut community, &stands);
    assert_eq!(community.counts(ana), (1, 0));
}

#[test]
fn t3_what_is_published_around_a_first_follow_comes_exactly_once() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.publish(ana, "before");
    let fetched = community.publish(ana, "fetched, and deleted between image and answer");
    community.follow(ben, ana.account);
    community.publish(ana, "between edge and image");
    let edge = of_kind(&mut community, "SetFollower").remove(0);
    let answer = carry_out(&mut community, &edge);
    community.publish(ana, "between image and answer");
    let gone = community.publish(ana, "deleted between image and answer");
    let delivered = of_kind(&mut community, "Deliver").remove(0);
    carry_out(&mut community, &delivered);
    community.delete(ana, gone.id);
    community.delete(ana, fetched.id);
    for (at, withdrawn) in of_kind(&mut community, "Deliver") {
        community.carry_one(at, withdrawn);
    }
    settle(&mut community, answer);
    community.publish(ana, "after");
    community.carry();
    let all = [
        "after",
        "between image and answer",
        "between edge and image",
        "before",
    ];
    assert_eq!(community.home(ben), all);
    assert_eq!(community.unseen(ben), 2, "what was fetched is not unseen");
    let (first, second) = (community.ask(ben, 10), community.ask(ben, 10));
    assert_eq!(
        (first.dweets.len(), second.dweets.len(), second.older),
        (2, 2, true)
    );
}

#[test]
fn t3_a_lost_answer_is_asked_for_again() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.publish(ana, "before");
    community.follow(ben, ana.account);
    let edge = of_kind(&mut community, "SetFollower").remove(0);
    let _lost = carry_out(&mut community, &edge);
    community.publish(ana, "after the image");
    community.carry();
    assert_eq!(community.home(ben), ["after the image", "before"]);
    assert_eq!(community.counts(ana), (1, 0));
}

#[test]
fn t3_all_that_was_published_since_a_follow_comes_however_late_the_answer_is() {
    let mut community = Community::of(7);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let publish = |community: &mut Community, what: &str, count: u32| -> Vec<String> {
        (0..count)
            .map(|number| {
                let text = format!("{what} {number}");
                community.publish(ana, &text);
                text
            })
            .collect()
    };
    let newest_first = |texts: &[Vec<String>]| {
        let mut all = texts.concat();
        all.reverse();
        all
    };
    let before = publish(&mut community, "before", 60);
    community.clock_ms += 3_600_000;
    community.follow(ben, ana.account);
    let mut since = publish(&mut community, "before the image", 10);
    let edge = of_kind(&mut community, "SetFollower").remove(0);
    let _lost = carry_out(&mut community, &edge);
    since.append(&mut publish(&mut community, "after it", 45));
    community.carry();
    // The page on which the oldest of them stands is full.
    assert_eq!(community.home(ben), newest_first(&[before[35..].to_vec(), since]));

    community.clock_ms += 3_600_000;
    community.follow(eva, ana.account);
    let many = publish(&mut community, "more than anybody reads", 450);
    community.carry();
    let mut found = Vec::new();
    let mut page = Page::newest(80);
    loop {
        let shown = community.home_page(eva, page);
        let Some(last) = shown.last() else { break };
        page.max_id = Some(last.dweet.id.get());
        found.append(&mut texts(&shown));
    }
    assert_eq!(found, newest_first(&[many[50..].to_vec()]));
}

#[test]
fn o1_a_follow_of_somebody_who_closes_meanwhile_is_taken_back() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    community.close(ana);
    community.carry();
    assert_eq!(community.counts(ben), (0, 0));
    assert!(!community.relationship(ben, ana.account).following);
}

#[test]
fn t4_the_last_unfollow_of_a_group_takes_the_entries_away() {
    let mut community = Community::of(7);
    let ana = community.register("ana");
    let (ben, eva) = neighbours(&mut community);
    for follower in [ben, eva] {
        community.follow(follower, ana.account);
    }
    community.carry();
    community.publish(ana, "only for followers' groups");
    community.carry();
    let group = format!("{} ", community.group_of(ben.account.home()));
    let entries = |community: &Community| {
        let found = community.holds("only for followers", &["dweet", "request"]);
        found.iter().filter(|at| at.starts_with(&group)).count()
    };
    community.unfollow(ben, ana.account);
    assert_eq!(
        (
            entries(&community),
            community.home(eva).len(),
            community.home(ben).len()
        ),
        (1, 1, 0)
    );
    community.unfollow(eva, ana.account);
    assert!(community.home(eva).is_empty());
    community.carry();
    assert_eq!(entries(&community), 0);
    community.publish(ana, "later, only for followers' groups");
    community.carry();
    assert_eq!(entries(&community), 0, "and nothing is delivered any more");
}

#[test]
fn t4_what_is_left_of_an_author_goes_little_by_little_and_is_never_seen_again() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    community.carry();
    let dweets: Vec<_> = (0..1_510)
        .map(|i| community.publish(ana, &format!("{i}")))
        .collect();
    community.carry();
    community.unfollow(ben, ana.account);
    assert_eq!(community.count(ben, "entry"), 1_010, "not all in one command");
    community.clock_ms += 120_000;
    community.follow(ben, ana.account);
    assert!(
        community.home(ben).is_empty(),
        "outdated until it was fetched anew"
    );
    assert_eq!(community.unseen(ben), 0);
    let id = dweets[1_509].id;
    let entry = HomeEntry { actor: ben, id };
    assert_eq!(community.query(entry), Err(Rejected::NotFound));
    community.delete(ana, id);
    let step = of_kind(&mut community, "GoOnForgetting").remove(0);
    carry_out(&mut community, &step);
    assert_eq!(community.count(ben, "entry"), 10);
    community.carry();
    assert_eq!(community.count(ben, "entry WHERE state = 1"), 40);
    assert_eq!(community.home(ben)[0], "1508");
    community.publish(ana, "later");
    community.carry();
    assert_eq!((community.home(ben).len(), community.unseen(ben)), (41, 1));
    community.unfollow(ben, ana.account);
    community.carry();
    assert_eq!(
        (community.count(ben, "entry"), community.count(ben, "card")),
        (0, 0)
    );
}

#[test]
fn t4_who_follows_while_the_last_other_leaves_misses_nothing() {
    let mut community = Community::of(7);
    let ana = community.register("ana");
    let (ben, eva) = neighbours(&mut community);
    community.follow(ben, ana.account);
    community.carry();
    let gone = community.publish(ana, "deleted in the gap");
    community.carry();
    // Eva's edge is on its way, and need not fetch; then ben's end overtakes it.
    community.follow(eva, ana.account);
    let edge = of_kind(&mut community, "SetFollower").remove(0);
    community.unfollow(ben, ana.account);
    let end = of_kind(&mut community, "SetFollower")
        .pop()
        .expect("ben's end, behind eva's edge");
    carry_out(&mut community, &end);
    community.publish(ana, "published in the gap");
    community.delete(ana, gone.id);
    let answer = carry_out(&mut community, &edge);
    settle(&mut community, answer);
    community.carry();
    assert_eq!(community.home(eva), ["published in the gap"]);
    assert_eq!(community.counts(ana), (1, 0));
}

#[test]
fn an_edge_to_nobody_is_taken_back() {
    let mut community = Community::of(7);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.close(ana);
    community.follow(ben, ana.account);
    assert_eq!(community.counts(ben), (0, 1));
    community.carry();
    assert_eq!(community.counts(ben), (0, 0));
    assert!(!community.relationship(ben, ana.account).following);
}

#[test]
fn one_cannot_follow_oneself() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let key = community.key();
    let follow = Follow {
        actor: ana,
        author: ana.account,
        redweets: true,
        key,
    };
    assert_eq!(community.submit(follow), Err(Rejected::Oneself));
}

#[test]
fn followers_and_followed_are_listed_newest_first_and_paged() {
    let mut community = Community::of(7);
    let ana = community.register("ana");
    let people: Vec<_> = (0..5)
        .map(|i| community.register(&format!("person{i}")))
        .collect();
    for person in &people {
        community.follow(*person, ana.account);
        community.follow(ana, person.account);
        community.carry();
    }
    let newest: Vec<_> = people.iter().rev().map(|person| person.account).collect();
    let (author, viewer) = (ana.account, None);
    let first = community
        .query(Followers {
            author,
            viewer,
            page: Page::newest(3),
        })
        .expect("a page");
    let page = Page {
        max_id: Some(first[2].0.get()),
        ..Page::newest(3)
    };
    let second = community
        .query(Followers { author, viewer, page })
        .expect("a page");
    let ids: Vec<_> = first.into_iter().chain(second).map(|(_, id)| id).collect();
    assert_eq!(ids, newest);
    let following = Following {
        follower: ana.account,
        viewer,
        page: Page::default(),
    };
    let ids: Vec<_> = community
        .query(following)
        .expect("a page")
        .into_iter()
        .map(|(_, id)| id)
        .collect();
    assert_eq!(ids, newest);
}

#[test]
fn a_first_follow_of_someone_with_much_to_say_brings_the_newest() {
    let mut community = Community::of(2);
    let [ana, ben] = community.people(["ana", "ben"]);
    for i in 0..60 {
        community.publish(ana, &format!("{i}"));
    }
    community.clock_ms += 120_000;
    community.follow(ben, ana.account);
    community.carry();
    let home = community.home(ben);
    assert_eq!(
        (home.len(), home[0].as_str(), home[39].as_str()),
        (40, "59", "20")
    );
}

#[test]
fn who_follows_as_many_as_one_may_can_still_change_an_edge() {
    let mut community = Community::of(1);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    community.follow(eva, ana.account);
    let file = &community.groups[0].database.location().path;
    let conn = rusqlite::Connection::open(file).expect("opens");
    conn.execute("UPDATE account SET following = 7500", [])
        .expect("many");
    let mut without_redweets = |author: Actor| {
        let key = community.key();
        let follow = Follow {
            actor: eva,
            author: author.account,
            redweets: false,
            key,
        };
        community.submit(follow)
    };
    let relationship = without_redweets(ana).expect("changed");
    assert!(relationship.following && !relationship.showing_redweets);
    assert!(matches!(without_redweets(ben), Err(Rejected::Limit(_))));
}
