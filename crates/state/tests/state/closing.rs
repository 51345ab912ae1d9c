//! Closing an account.

use crate::community::Community;
use crate::script::answer;
use tertulia_state::closing::{CloseAccount, GoOnClosing};
use tertulia_state::follow::{Followers, Following};
use tertulia_state::oauth::Authorize;
use tertulia_state::page::Page;
use tertulia_state::search::{Count, SearchAccounts};
use tertulia_state::session::{OpenSession, SecretHash, Sessions};
use tertulia_types::Rejected;
use tertulia_types::view::Body;

/// Ana, who does everything to ten others, and they to her.
fn busy(groups: u32) -> Community {
    let mut community = Community::of(groups);
    let ana = community.register("unspeakable");
    let edit = tertulia_state::account::EditProfile {
        actor: ana,
        name: Some("Unspeakable".to_owned()),
        note: Some("Unspeakable, too".to_owned()),
        bot: None,
        discoverable: None,
        defaults: None,
    };
    community.submit(edit).expect("edited");
    for i in 0..10 {
        let other = community.register(&format!("person{i}"));
        let of_other = community.publish(other, "theirs");
        community.follow(ana, other.account);
        community.follow(other, ana.account);
        community.carry();
        let own = Body {
            tags: vec!["tag".to_owned()],
            ..community.naming("Unspeakable words", &[&format!("person{i}")])
        };
        let own = community.publish_body(ana, own);
        community.publish_body(ana, answer(&of_other, "Unspeakable reply"));
        let edited = community.publish(ana, "Unspeakable before");
        community.edit(ana, edited.id, Community::body("Unspeakable after"));
        community.redweet(ana, &of_other);
        community.redweet(other, &own);
        community.favourite(ana, of_other.id, true);
        community.favourite(other, own.id, true);
        community.publish_body(other, answer(&own, "theirs to her"));
    }
    let stranger = community.register("stranger");
    community.block(ana, stranger.account, true);
    community.carry();
    community
}

#[test]
fn p5_a_closed_account_leaves_nothing_readable_and_right_counts_everywhere() {
    for groups in [1, 7] {
        let mut community = busy(groups);
        let ana = community.person("unspeakable");
        assert!(community.holds("Unspeakable", &["request"]).len() >= 8);
        community.close(ana);
        community.carry();
        // Only the nick stays, in the tombstone; replies are remembered for a day, at homes of their own.
        assert_eq!(
            community.holds("Unspeakable", &["request"]),
            Vec::<String>::new(),
            "{groups} groups"
        );
        let nicks = community.holds("unspeakable", &["request"]);
        assert_eq!(
            nicks,
            [format!("{} account", community.group_of(ana.account.home()))]
        );
        assert_eq!(community.account(ana.account), Err(Rejected::NotFound));
        assert_eq!(community.profile(ana.account, None), Err(Rejected::NotFound));
        for i in 0..10 {
            let other = community.person(&format!("person{i}"));
            assert_eq!(community.counts(other), (0, 0));
            let theirs = community.profile(other.account, None).expect("a profile");
            assert_eq!(theirs, ["theirs to her", "theirs"]);
            assert_eq!(community.home(other), ["theirs to her", "theirs"]);
            assert!(community.told(other).is_empty());
            assert_eq!(community.unseen(other), 0);
            let account = community.account(other.account).expect("an account");
            assert_eq!(account.dweets, 2);
        }
        let stranger = community.person("stranger");
        assert!(!community.relationship(stranger, ana.account).blocked_by);
        let (mut accounts, mut dweets) = (0, 0);
        for group in 0..groups as usize {
            let at = community.groups[group].database.descriptor().range.end();
            let size = community.query(Count { at }).expect("counted");
            accounts += size.accounts;
            dweets += size.dweets;
            let beginning = "unsp".to_owned();
            assert!(
                community
                    .query(SearchAccounts {
                        at,
                        beginning,
                        limit: 10
                    })
                    .expect("some")
                    .is_empty()
            );
        }
        assert_eq!((accounts, dweets), (11, 20));
    }
}

#[test]
fn p5_one_command_ends_the_sessions_and_empties_the_profile() {
    let mut community = busy(7);
    let ana = community.person("unspeakable");
    let wrong = CloseAccount {
        actor: ana,
        verified_version: 2,
    };
    assert_eq!(community.submit(wrong), Err(Rejected::Conflict));
    community.close(ana);
    assert_eq!(community.query(Sessions { actor: ana }), Err(Rejected::NoSession));
    assert_eq!(community.account(ana.account), Err(Rejected::NotFound));
    assert_eq!(community.profile(ana.account, None), Err(Rejected::NotFound));
    let (author, viewer, page) = (ana.account, None, Page::default());
    assert_eq!(
        community.query(Followers { author, viewer, page }),
        Err(Rejected::NotFound)
    );
    assert_eq!(
        community.query(Following {
            follower: author,
            viewer,
            page
        }),
        Err(Rejected::NotFound)
    );
    let session = tertulia_state::session::NewSession {
        hash: SecretHash([5; 32]),
        scopes: tertulia_types::Scopes::EVERYTHING,
        label: String::new(),
        client: None,
    };
    for password_version in [1, 2] {
        let open = OpenSession {
            account: ana.account,
            password_version,
            session: session.clone(),
        };
        assert_eq!(community.submit(open), Err(Rejected::WrongPassword));
        let authorize = Authorize {
            account: ana.account,
            password_version,
            code: SecretHash([6; 32]),
            client_id: String::new(),
            label: String::new(),
            website: None,
            redirect_uri: String::new(),
            scopes: tertulia_types::Scopes::NONE,
            challenge: None,
        };
        assert_eq!(community.submit(authorize), Err(Rejected::WrongPassword));
    }
}

#[test]
fn p5_closing_goes_on_step_by_step_and_never_without_being_asked_for() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    for i in 0..250 {
        community.publish(ana, &format!("{i}"));
    }
    community.carry();
    let account = ana.account;
    assert_eq!(community.submit(GoOnClosing { account }), Err(Rejected::NotFound));
    community.close(ana);
    community.submit(GoOnClosing { account }).expect("a step");
    let left = |community: &Community| community.count(ana, "dweet WHERE deleted_ms IS NULL");
    assert_eq!(left(&community), 150);
    community.carry();
    assert_eq!(left(&community), 0);
    assert!(community.home(ben).is_empty());
}

#[test]
fn p5_closing_takes_away_what_a_person_was_told_little_by_little() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    for _ in 0..1_010 {
        community.publish_body(ben, community.naming("@ana", &["ana"]));
    }
    community.carry();
    let account = ana.account;
    community.close(ana);
    assert_eq!(community.count(ana, "notification"), 1_010, "not in one command");
    community.submit(GoOnClosing { account }).expect("a step");
    assert_eq!(community.count(ana, "notification"), 510);
    community.carry();
    assert_eq!(community.count(ana, "notification"), 0);
}

#[test]
fn a_closed_account_with_more_followers_than_one_hop_takes_leaves_none_behind() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let readers: Vec<_> = (0..520)
        .map(|i| community.register(&format!("reader{i}")))
        .collect();
    for reader in &readers {
        community.follow(*reader, ana.account);
    }
    community.carry();
    assert_eq!(community.counts(ana), (520, 0));
    let dweet = community.publish(ana, "hola");
    for reader in &readers {
        community.redweet(*reader, &dweet);
    }
    community.carry();
    community.close(ana);
    community.carry();
    for reader in readers {
        assert_eq!(community.counts(reader), (0, 0));
        assert!(
            community
                .profile(reader.account, None)
                .expect("a profile")
                .is_empty()
        );
    }
}
