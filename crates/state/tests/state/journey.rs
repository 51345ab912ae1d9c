//! The journeys that the design is made of, over one group and over seven.

use crate::community::Community;
use tertulia_state::dweet::{Delete, Show};
use tertulia_state::notification::Notifications;
use tertulia_state::page::Page;
use tertulia_state::redweet::Redweet;
use tertulia_state::timeline::{CountUnseen, Home, Next, NextPage, SetReader};
use tertulia_types::Rejected;
use tertulia_types::view::{NotificationKind, Shown};

fn texts(shown: &[Shown]) -> Vec<String> {
    shown
        .iter()
        .filter_map(|entry| entry.dweet.body())
        .map(|body| body.text.clone())
        .collect()
}

fn ask(community: &mut Community, nick: &str, limit: u32) -> Next {
    let actor = community.person(nick);
    let next = community
        .query(NextPage {
            actor,
            limit,
            from: None,
        })
        .expect("a page");
    let (before, after) = (next.before, next.after);
    let key = community.key();
    community
        .submit(SetReader {
            actor,
            before,
            after,
            key,
        })
        .expect("recorded");
    next
}

#[test]
fn a_dweet_reaches_its_followers_exactly_once() {
    for groups in [1, 7] {
        let mut community = Community::of(groups);
        let ana = community.register("ana");
        let readers: Vec<_> = (0..20)
            .map(|i| community.register(&format!("reader{i}")))
            .collect();
        for reader in &readers {
            community.follow(*reader, ana.account);
        }
        community.carry();
        community.publish(ana, "hola");
        community.carry();
        for reader in readers {
            let home = community
                .query(Home {
                    actor: reader,
                    page: Page::default(),
                })
                .expect("home")
                .shown;
            assert_eq!(texts(&home), ["hola"], "{groups} groups");
            assert_eq!(
                community
                    .query(CountUnseen { actor: reader })
                    .expect("a count")
                    .count,
                1
            );
        }
        let own = community
            .query(Home {
                actor: ana,
                page: Page::default(),
            })
            .expect("home")
            .shown;
        assert_eq!(texts(&own), ["hola"]);
    }
}

#[test]
fn t3_a_first_follow_brings_recent_dweets_that_are_not_unseen() {
    let mut community = Community::of(5);
    let (ana, ben) = (community.register("ana"), community.register("ben"));
    for i in 0..3 {
        community.publish(ana, &format!("old {i}"));
    }
    community.follow(ben, ana.account);
    community.carry();
    let home = community
        .query(Home {
            actor: ben,
            page: Page::default(),
        })
        .expect("home")
        .shown;
    assert_eq!(texts(&home), ["old 2", "old 1", "old 0"]);
    assert_eq!(
        community
            .query(CountUnseen { actor: ben })
            .expect("a count")
            .count,
        0
    );
}

#[test]
fn t6_asking_shows_the_newest_unseen_first_and_then_older_ones() {
    let mut community = Community::of(3);
    let (ana, ben) = (community.register("ana"), community.register("ben"));
    community.publish(ana, "before");
    community.follow(ben, ana.account);
    community.carry();
    for i in 0..5 {
        community.publish(ana, &format!("new {i}"));
    }
    community.carry();
    let first = ask(&mut community, "ben", 2);
    assert_eq!(
        (texts(&first.dweets), first.unseen.count),
        (vec!["new 4".to_owned(), "new 3".to_owned()], 3)
    );
    community.publish(ana, "late");
    community.carry();
    assert_eq!(texts(&ask(&mut community, "ben", 2).dweets), ["new 2", "new 1"]);
    let third = ask(&mut community, "ben", 2);
    assert_eq!(
        (texts(&third.dweets), third.unseen.count, third.older),
        (vec!["new 0".to_owned()], 1, false)
    );
    assert_eq!(texts(&ask(&mut community, "ben", 2).dweets), ["late"]);
    let older = ask(&mut community, "ben", 10);
    assert!(older.older);
    assert_eq!(
        texts(&older.dweets),
        ["new 4", "new 3", "new 2", "new 1", "new 0", "before"]
    );
    assert!(ask(&mut community, "ben", 10).dweets.is_empty());
}

#[test]
fn a_redweet_reaches_the_redweeters_followers_and_tells_the_author() {
    let mut community = Community::of(7);
    let (ana, ben, eva) = (
        community.register("ana"),
        community.register("ben"),
        community.register("eva"),
    );
    community.follow(eva, ben.account);
    community.carry();
    let original = community.publish(ana, "worth reading");
    let key = community.key();
    community
        .submit(Redweet {
            actor: ben,
            original: original.clone(),
            key,
        })
        .expect("redweeted");
    community.carry();
    let home = community
        .query(Home {
            actor: eva,
            page: Page::default(),
        })
        .expect("home")
        .shown;
    assert_eq!(texts(&home), ["worth reading"]);
    assert_eq!(home[0].dweet.author.id, ben.account);
    let shown = community
        .query(Show {
            id: original.id,
            viewer: None,
        })
        .expect("the original");
    assert_eq!(shown.redweets, 1);
    let told = Notifications {
        actor: ana,
        page: Page::default(),
        kinds: Vec::new(),
        from: None,
    };
    let told = community.query(told).expect("notifications");
    assert_eq!(
        told.shown.iter().map(|n| n.kind).collect::<Vec<_>>(),
        [NotificationKind::Redweet]
    );
}

#[test]
fn t5_a_deletion_reaches_timelines_and_redweets() {
    let mut community = Community::of(7);
    let (ana, ben, eva) = (
        community.register("ana"),
        community.register("ben"),
        community.register("eva"),
    );
    community.follow(eva, ben.account);
    community.follow(ben, ana.account);
    community.carry();
    let original = community.publish(ana, "a mistake");
    community.carry();
    let key = community.key();
    let redweet = community
        .submit(Redweet {
            actor: ben,
            original: original.clone(),
            key,
        })
        .expect("redweeted");
    community.carry();
    let key = community.key();
    community
        .submit(Delete {
            actor: ana,
            id: original.id,
            key,
        })
        .expect("deleted");
    community.carry();
    for actor in [ana, ben, eva] {
        assert!(
            community
                .query(Home {
                    actor,
                    page: Page::default()
                })
                .expect("home")
                .shown
                .is_empty()
        );
    }
    assert_eq!(
        community.query(Show {
            id: redweet.id,
            viewer: None
        }),
        Err(Rejected::NotFound)
    );
}
