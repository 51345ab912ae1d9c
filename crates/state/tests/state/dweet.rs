//! Publishing, editing, deleting, reading.

use crate::community::Community;
use crate::script::{private, text, texts};
use tertulia_state::dweet::{Edit, History, Profile, Public, Publish, ShowMany};
use tertulia_state::favourite::FavouritedBy;
use tertulia_state::page::Page;
use tertulia_state::redweet::RedweetedBy;
use tertulia_state::timeline::HomeEntry;
use tertulia_types::view::{Body, Visibility};
use tertulia_types::{DweetId, Rejected};

#[test]
fn c3_ids_grow_also_when_the_clock_goes_back() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let first = community.publish(ana, "one").id;
    community.clock_ms -= 3_600_000;
    let second = community.publish(ana, "two").id;
    let edited = community.edit(ana, second, Community::body("two")).edited_ms;
    assert!(
        edited.map(|ms| ms + 100) > Some(first.unix_ms()),
        "times do not go back either"
    );
    let third = community.publish(ana, "three").id;
    assert!(first < second && second < third);
    assert!(
        second.unix_ms() - first.unix_ms() < 100,
        "the last stamp stands in for the clock"
    );
    assert_eq!(
        community.profile(ana.account, None),
        Ok(vec!["three".into(), "two".into(), "one".into()])
    );
}

#[test]
fn c3_ids_of_one_millisecond_and_slot_differ() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let mut ids: Vec<DweetId> = Vec::new();
    for i in 0..50 {
        community.clock_ms -= 1;
        ids.push(community.publish(ana, &format!("{i}")).id);
    }
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert!(
        ids.iter().all(|id| id.slot() == ana.account.slot()),
        "each names its home"
    );
}

#[test]
fn what_is_empty_or_too_long_or_names_too_many_is_refused() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let tags = (0..61).map(|i| format!("t{i}")).collect();
    let bodies = [
        Community::body(" \n "),
        Community::body(&"x".repeat(16_385)),
        Body {
            tags,
            ..Community::body("many")
        },
    ];
    for body in bodies {
        let key = community.key();
        let refused = community.submit(Publish {
            actor: ana,
            body,
            key,
        });
        assert!(
            matches!(refused, Err(Rejected::Invalid(_) | Rejected::Limit(_))),
            "{refused:?}"
        );
    }
    assert_eq!(community.account(ana.account).expect("an account").dweets, 0);
}

/// A private dweet of ana's: cid follows her, dan is named in it, eva has nothing to do with it.
#[test]
fn p_private_dweets_are_read_by_followers_and_those_named_alone() {
    for groups in [1, 7] {
        let mut community = Community::of(groups);
        let [ana, cid, dan, eva] = community.people(["ana", "cid", "dan", "eva"]);
        community.follow(cid, ana.account);
        community.carry();
        let body = Body {
            visibility: Visibility::Private,
            ..community.naming("for friends", &["dan"])
        };
        let dweet = community.publish_body(ana, body);
        let edited = Body {
            visibility: Visibility::Public,
            ..community.naming("for friends", &["dan"])
        };
        community.edit(ana, dweet.id, edited);
        community.carry();
        let id = dweet.id;
        for (viewer, may) in [
            (Some(ana), true),
            (Some(cid), true),
            (Some(dan), true),
            (Some(eva), false),
            (None, false),
        ] {
            let account = viewer.map(|viewer| viewer.account);
            assert_eq!(community.show(id, viewer).is_ok(), may, "show");
            let many = ShowMany {
                at: id.home(),
                ids: vec![id],
                viewer: account,
            };
            assert_eq!(
                community.query(many).expect("some").len(),
                usize::from(may),
                "show many"
            );
            assert_eq!(
                community.query(History { id, viewer: account }).is_ok(),
                may,
                "history"
            );
            assert_eq!(
                community.profile(ana.account, viewer).expect("a profile").len(),
                usize::from(may),
                "profile"
            );
            let page = Page::default();
            assert_eq!(
                community
                    .query(FavouritedBy {
                        dweet: id,
                        viewer: account,
                        page
                    })
                    .is_ok(),
                may
            );
            assert_eq!(
                community
                    .query(RedweetedBy {
                        dweet: id,
                        viewer: account,
                        page
                    })
                    .is_ok(),
                may
            );
        }
        for (reader, may) in [(cid, true), (dan, false), (eva, false)] {
            assert_eq!(community.home(reader).len(), usize::from(may), "home");
            assert_eq!(
                community.query(HomeEntry { actor: reader, id }).is_ok(),
                may,
                "entry"
            );
        }
        assert_eq!(community.told(dan).len(), 1);
        assert!(community.told(eva).is_empty());
        for viewer in [ana, cid] {
            let seen = community.show(id, Some(viewer)).expect("readable");
            assert_eq!(community.try_redweet(viewer, &seen), Err(Rejected::Forbidden));
        }
        for group in 0..community.groups.len() {
            let at = community.groups[group].database.descriptor().range.end();
            let public = community
                .query(Public {
                    at,
                    page: Page::default(),
                })
                .expect("a page");
            assert!(public.shown.is_empty());
        }
        // Who follows no more reads no more.
        community.unfollow(cid, ana.account);
        community.carry();
        assert_eq!(community.show(id, Some(cid)), Err(Rejected::NotFound));
        assert!(community.home(cid).is_empty());
    }
}

#[test]
fn p_private_dweets_that_a_first_follow_brings_are_for_the_follower_alone() {
    let mut community = Community::of(1);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    community.publish_body(ana, private("for friends"));
    community.follow(ben, ana.account);
    community.carry();
    assert_eq!(community.home(ben), ["for friends"]);
    assert!(community.home(eva).is_empty());
}

#[test]
fn public_shows_what_is_listed_newest_first() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    let first = community.publish(ana, "one");
    let unlisted = Body {
        visibility: Visibility::Unlisted,
        ..Community::body("unlisted")
    };
    community.publish_body(ana, unlisted);
    community.publish_body(ben, private("private"));
    community.publish_body(ben, crate::script::answer(&first, "a reply"));
    community.redweet(ben, &first);
    let gone = community.publish(ben, "gone");
    community.delete(ben, gone.id);
    community.publish(ben, "two");
    let at = community.groups[0].database.descriptor().range.end();
    let public = community
        .query(Public {
            at,
            page: Page::default(),
        })
        .expect("a page");
    assert_eq!(public.shown.iter().map(text).collect::<Vec<_>>(), ["two", "one"]);
}

#[test]
fn an_edit_reaches_followers_and_keeps_what_was_said() {
    let mut community = Community::of(5);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    community.carry();
    let dweet = community.publish(ana, "helo");
    community.carry();
    let edited = community.edit(ana, dweet.id, Community::body("hello"));
    assert!(edited.version > dweet.version && edited.edited_ms.is_some());
    community.carry();
    assert_eq!(community.home(ben), ["hello"]);
    assert_eq!(community.unseen(ben), 1, "an edit is no second dweet");
    let (now, versions) = community
        .query(History {
            id: dweet.id,
            viewer: None,
        })
        .expect("a history");
    let words: Vec<_> = versions.iter().map(|(_, body)| body.text.as_str()).collect();
    assert_eq!((text(&now).as_str(), words), ("hello", vec!["helo", "hello"]));
    let key = community.key();
    let by_another = Edit {
        actor: ben,
        id: dweet.id,
        body: Community::body("mine"),
        key,
    };
    // His home does not know it, or knows that it is not his.
    assert!(community.submit(by_another).is_err());
}

#[test]
fn an_edited_dweet_tells_whom_it_names_now_and_takes_back_the_others() {
    let mut community = Community::of(5);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let dweet = community.publish_body(ana, community.naming("hi @ben", &["ben"]));
    community.carry();
    assert_eq!((community.told(ben).len(), community.told(eva).len()), (1, 0));
    let body = community.naming("hi @eva", &["eva"]);
    community.edit(ana, dweet.id, body);
    community.carry();
    assert_eq!((community.told(ben).len(), community.told(eva).len()), (0, 1));
    let body = community.naming("hi @ben @eva", &["ben", "eva"]);
    community.edit(ana, dweet.id, body);
    community.carry();
    assert_eq!(community.told(ben)[0].2, "hi @ben @eva");
    assert_eq!(community.told(eva)[0].2, "hi @ben @eva");
    community.delete(ana, dweet.id);
    community.carry();
    assert!(community.told(ben).is_empty() && community.told(eva).is_empty());
}

#[test]
fn a_deleted_dweet_leaves_no_words_in_any_table_but_remembered_replies() {
    let mut community = Community::of(3);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    community.carry();
    let body = Body {
        tags: vec!["tag".to_owned()],
        ..community.naming("unsayable @ben", &["ben"])
    };
    let dweet = community.publish_body(ana, body);
    community.carry();
    community.redweet(ben, &dweet);
    community.carry();
    community.delete(ana, dweet.id);
    community.carry();
    assert_eq!(community.holds("unsayable", &["request"]), Vec::<String>::new());
    assert_eq!(community.show(dweet.id, Some(ana)), Err(Rejected::NotFound));
    assert_eq!(community.account(ana.account).expect("an account").dweets, 0);
    assert_eq!(community.account(ben.account).expect("an account").dweets, 0);
}

#[test]
fn a_profile_is_paged_both_ways_and_filtered() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    let of_ben = community.publish(ben, "ben's");
    for i in 0..6 {
        let tags = if i % 2 == 0 {
            vec!["even".to_owned()]
        } else {
            Vec::new()
        };
        community.publish_body(
            ana,
            Body {
                tags,
                ..Community::body(&format!("{i}"))
            },
        );
    }
    community.publish_body(ana, crate::script::answer(&of_ben, "reply"));
    community.redweet(ana, &of_ben);
    let profile = Profile {
        author: ana.account,
        viewer: None,
        page: Page::newest(3),
        exclude_replies: true,
        exclude_redweets: true,
        tagged: None,
    };
    let mut walk = |profile: &Profile| {
        let found = community.query(profile.clone()).expect("a page");
        (found.shown.iter().map(text).collect::<Vec<_>>(), found.oldest())
    };
    let (first, last) = walk(&profile);
    assert_eq!(first, ["5", "4", "3"]);
    let older = Profile {
        page: Page {
            max_id: last,
            ..profile.page
        },
        ..profile.clone()
    };
    assert_eq!(walk(&older).0, ["2", "1", "0"]);
    let newer = Profile {
        page: Page {
            min_id: walk(&older).1,
            limit: 2,
            ..profile.page
        },
        ..profile.clone()
    };
    assert_eq!(walk(&newer).0, ["2", "1"], "the nearest above, newest first");
    let since = Profile {
        page: Page {
            since_id: walk(&older).1,
            limit: 2,
            ..profile.page
        },
        ..profile.clone()
    };
    assert_eq!(walk(&since).0, ["5", "4"], "the newest above");
    let tagged = Profile {
        tagged: Some("even".to_owned()),
        ..profile.clone()
    };
    assert_eq!(walk(&tagged).0, ["4", "2", "0"]);
    let all = Profile {
        exclude_replies: false,
        exclude_redweets: false,
        ..profile
    };
    assert_eq!(walk(&all).0, ["ben's", "reply", "5"]);
}

#[test]
fn t5_the_same_dweet_is_shown_once_per_page() {
    let mut community = Community::of(3);
    let [ana, ben, cid, eva] = community.people(["ana", "ben", "cid", "eva"]);
    for author in [ana, ben, cid] {
        community.follow(eva, author.account);
    }
    community.carry();
    let original = community.publish(ana, "original");
    community.publish(cid, "between");
    for author in [ben, cid] {
        community.redweet(author, &original);
    }
    community.carry();
    assert_eq!(community.home(eva), ["original", "between"]);
    let newest = community.home_page(eva, Page::newest(1));
    assert_eq!(
        newest[0].dweet.author.id, cid.account,
        "the latest who passed it on"
    );
    let upwards = Page {
        min_id: Some(1),
        ..Page::newest(80)
    };
    assert_eq!(texts(&community.home_page(eva, upwards)), ["between", "original"]);
    let next = community.ask(eva, 80);
    assert_eq!((texts(&next.dweets).len(), next.unseen.count), (2, 0));
}

#[test]
fn t10_an_authors_new_name_reaches_their_dweets_in_timelines() {
    let mut community = Community::of(5);
    let [ana, ben] = community.people(["ana", "ben"]);
    community.follow(ben, ana.account);
    community.carry();
    community.publish(ana, "hola");
    community.carry();
    let edit = tertulia_state::account::EditProfile {
        actor: ana,
        name: Some("Ana María".to_owned()),
        note: None,
        bot: None,
        discoverable: None,
        defaults: None,
    };
    community.submit(edit).expect("edited");
    assert_eq!(
        community.account(ana.account).expect("an account").name,
        "Ana María",
        "on the profile at once"
    );
    community.carry();
    let home = community.home_page(ben, Page::default());
    assert_eq!(home[0].dweet.author.name, "Ana María");
}

#[test]
fn an_edit_that_names_no_language_leaves_it() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let in_language = |language: Option<&str>| Body {
        language: language.map(str::to_owned),
        ..Community::body("hola")
    };
    let dweet = community.publish_body(ana, in_language(Some("es")));
    let mut edited = |language| {
        let edited = community.edit(ana, dweet.id, in_language(language));
        edited.body().and_then(|body| body.language.clone())
    };
    assert_eq!(edited(None).as_deref(), Some("es"));
    assert_eq!(edited(Some("gl")).as_deref(), Some("gl"));
}
