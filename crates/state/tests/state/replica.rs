//! Copies of a group: equal logs give equal tables, and a copy of the file goes on from where it was taken.

use crate::community::Community;
use proptest::prelude::*;
use tertulia_state::account::Lookup;
use tertulia_state::account::Who;
use tertulia_state::oauth::{Authorize, ExchangeCode};
use tertulia_state::session::SecretHash;
use tertulia_state::{
    AnyCommand, DataKey, Database, Location, Placed, Proposal, Reader, block, dweet, favourite, follow,
    marker, mute, redweet,
};
use tertulia_types::{Rejected, Scopes};

fn busy(groups: u32) -> Community {
    let mut community = Community::of(groups);
    let people: Vec<_> = (0..12)
        .map(|i| community.register(&format!("person{i}")))
        .collect();
    for (i, person) in people.iter().enumerate() {
        community.follow(*person, people[(i * 5 + 1) % 12].account);
        community.publish(*person, &format!("dweet {i}"));
    }
    community.carry();
    community
}

#[test]
fn r14_equal_logs_give_equal_tables() {
    let community = busy(3);
    for (group, log) in community.groups.iter().zip(&community.logs) {
        let location = Location::file(
            community
                .dir()
                .join(format!("copy{}.db", group.database.descriptor().group)),
        );
        let mut copy = Database::create(&location, group.database.descriptor()).expect("a copy");
        // In one batch, where the first copy took one command at a time.
        copy.apply(log, b"test").expect("no fault");
        assert_eq!(
            copy.digest().expect("a digest"),
            group.database.digest().expect("a digest")
        );
    }
}

#[test]
fn r14_a_difference_shows_in_the_digest() {
    let mut community = busy(1);
    let before = community.groups[0].database.digest().expect("a digest");
    let person = community.person("person3");
    community.publish(person, "one more");
    assert_ne!(community.groups[0].database.digest().expect("a digest"), before);
}

#[test]
fn a_snapshot_goes_on_from_where_it_was_taken() {
    let mut community = busy(2);
    let copy = Location::file(community.dir().join("snapshot.db"));
    let applied = community.groups[0].reader.copy_to(&copy).expect("a snapshot");
    assert_eq!(applied, b"test");
    let taken_at = community.logs[0].len();
    for i in 0..12 {
        let person = community.person(&format!("person{i}"));
        community.publish(person, "later");
    }
    community.carry();
    let mut database = Database::open(&copy).expect("opens");
    database
        .apply(&community.logs[0][taken_at..], b"test")
        .expect("no fault");
    assert_eq!(
        database.digest().expect("a digest"),
        community.groups[0].database.digest().expect("a digest")
    );
}

#[test]
fn a_database_under_a_key_says_the_same_and_opens_with_no_other() {
    let community = busy(1);
    let whole = community.groups[0].database.digest().expect("a digest");
    let clear = Location::file(community.dir().join("clear.db"));
    community.groups[0].reader.copy_to(&clear).expect("a copy");
    let under = |name: &str, key: u8| Location {
        key: Some(DataKey::new([key; 32])),
        ..Location::file(community.dir().join(name))
    };
    let sealed = under("sealed.db", 1);
    clear.encrypt_to(&sealed).expect("is encrypted");
    assert!(sealed.encrypt_to(&clear).is_err(), "there is no way back");
    let database = Database::open(&sealed).expect("opens");
    assert_eq!(database.digest().expect("a digest"), whole);
    // A snapshot of it lies under the same key.
    let copy = under("copy.db", 1);
    let reader = Reader::open(&sealed).expect("a reader");
    assert_eq!(reader.copy_to(&copy).expect("a copy"), b"test");
    assert_eq!(
        Database::open(&copy).expect("opens").digest().expect("a digest"),
        whole
    );
    assert!(Database::open(&under("copy.db", 2)).is_err());
    assert!(Database::open(&Location::file(&copy.path)).is_err());
    let shows = |location: &Location, text: &[u8]| {
        let bytes = std::fs::read(&location.path).expect("a file");
        bytes.windows(text.len()).any(|part| part == text)
    };
    for text in [&b"person0"[..], b"SQLite format 3"] {
        assert!(shows(&clear, text) && !shows(&sealed, text) && !shows(&copy, text));
    }
    assert!(!format!("{sealed:?}").contains("1, 1"), "a key is not shown");
}

#[test]
fn ownership_is_checked_when_a_query_is_read() {
    let community = busy(3);
    let nick = "person0".parse().expect("a nick");
    let owner = community.group_of(community.person("person0").account.home());
    let other = (owner + 1) % 3;
    let location = community.groups[other].database.location().clone();
    let mut reader = Reader::open(&location).expect("a reader");
    let answer = reader
        .query(&Lookup { who: Who::Nick(nick) }, 0)
        .expect("no fault");
    assert!(matches!(answer, Err(Rejected::Moved { .. })), "{answer:?}");
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let community = busy(1);
    let path = community.dir().join("newer.db");
    let location = Location::file(&path);
    drop(Database::create(&location, community.groups[0].database.descriptor()).expect("a database"));
    let conn = rusqlite::Connection::open(&path).expect("opens");
    conn.pragma_update(None, "user_version", 99).expect("set");
    drop(conn);
    let error = Database::open(&location).expect_err("refused").to_string();
    assert!(
        error.contains("version 99") && error.contains("newer tertulia"),
        "{error}"
    );
}

#[test]
fn a_group_is_not_made_where_one_is() {
    let community = busy(1);
    let database = &community.groups[0].database;
    assert!(Database::create(database.location(), database.descriptor()).is_err());
}

#[test]
fn what_cannot_be_read_stops_the_copy_and_leaves_nothing_of_its_batch() {
    let mut community = busy(1);
    let person = community.person("person3");
    let before = community.groups[0].database.digest().expect("a digest");
    let publish = dweet::Publish {
        actor: person,
        body: Community::body("half"),
        key: community.key(),
    };
    let publish = AnyCommand::from(publish).to_bytes().expect("encodes");
    let batch = Placed {
        proposal: Proposal {
            stamp_ms: community.clock_ms,
            commands: vec![publish, vec![0xFF; 9]],
        },
        ..Placed::default()
    };
    let database = &mut community.groups[0].database;
    assert!(database.apply(&[batch], b"later").is_err());
    assert_eq!(database.digest().expect("a digest"), before);
    assert_eq!(database.applied(), b"test");
}

/// Orders of a few people to a few others, many of which are refused, some after they have written something.
fn orders() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    proptest::collection::vec((0..12_usize, 0..4_usize, 0..4_usize), 1..60)
}

fn order(community: &mut Community, (what, who, whom): (usize, usize, usize)) -> AnyCommand {
    let actor = community.person(&format!("person{who}"));
    let other = community.person(&format!("person{whom}")).account;
    let key = community.key();
    let newest = |community: &mut Community, author| {
        let page = tertulia_state::page::Page::newest(1);
        let newest = dweet::Profile {
            author,
            viewer: None,
            page,
            exclude_replies: false,
            exclude_redweets: true,
            tagged: None,
        };
        community.query(newest).expect("a profile").shown.pop()
    };
    let body = Community::body(if whom == 3 { " " } else { "words" });
    let publish = dweet::Publish {
        actor,
        body: body.clone(),
        key,
    };
    let code = SecretHash([u8::try_from(who).expect("small"); 32]);
    match (what, newest(community, other)) {
        (0 | 1, _) | (2..=5, None) => publish.into(),
        (2, Some(theirs)) => dweet::Edit {
            actor,
            id: theirs.id,
            body,
            key,
        }
        .into(),
        (3, Some(theirs)) => dweet::Delete {
            actor,
            id: theirs.id,
            key,
        }
        .into(),
        (4, Some(original)) => redweet::Redweet { actor, original, key }.into(),
        (5, Some(theirs)) => favourite::SetFavourite {
            actor,
            dweet: theirs.id,
            stands: whom % 2 == 0,
            key,
        }
        .into(),
        (6, _) => follow::Follow {
            actor,
            author: other,
            redweets: true,
            key,
        }
        .into(),
        (7, _) => block::SetBlock {
            actor,
            target: other,
            stands: who < 2,
            key,
        }
        .into(),
        (8, _) => mute::SetMute {
            actor,
            target: other,
            mute: None,
            key,
        }
        .into(),
        (9, _) => marker::SetMarker {
            actor,
            timeline: marker::Timeline::Home,
            last_read_id: 1 << 60,
        }
        .into(),
        (10, _) => Authorize {
            account: actor.account,
            password_version: 1,
            code,
            client_id: "client".to_owned(),
            label: String::new(),
            website: None,
            redirect_uri: String::new(),
            scopes: Scopes::NONE,
            challenge: None,
        }
        .into(),
        // Takes the code and opens a session, and is refused for its address half of the time.
        _ => ExchangeCode {
            account: actor.account,
            code,
            client_id: "client".to_owned(),
            redirect_uri: "x".repeat(whom % 2),
            challenge: None,
            hash: community.secret(),
        }
        .into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// One by one or in batches, and with the refused commands or without them: the tables are the same.
    #[test]
    fn r13_r14_batches_and_refusals_make_no_difference(orders in orders(), cuts in proptest::collection::vec(1..9_usize, 60)) {
        let mut community = Community::of(1);
        for i in 0..4 {
            community.register(&format!("person{i}"));
        }
        let taken_at = community.logs[0].len();
        let mut kept = community.logs[0].clone();
        for this in orders {
            let command = order(&mut community, this).to_bytes().expect("encodes");
            let refused = community.deliver(&command).is_err();
            let proposal = community.logs[0].last().expect("a proposal").clone();
            if !refused {
                kept.push(proposal);
            }
            community.carry();
            let carried = community.logs[0].len();
            let from = community.logs[0].iter().rposition(|p| p.proposal.commands[0] == command).expect("it is there") + 1;
            kept.extend(community.logs[0][from..carried].iter().cloned());
        }
        // The last stamp of all logs is that of a command which is taken.
        let last = community.person("person0");
        community.publish(last, "last");
        kept.push(community.logs[0].last().expect("a proposal").clone());
        let original = community.groups[0].database.digest().expect("a digest");
        let copy = |name: &str| {
            let location = Location::file(community.dir().join(name));
            Database::create(&location, community.groups[0].database.descriptor()).expect("a copy")
        };
        let (mut batched, mut without) = (copy("batched.db"), copy("without.db"));
        let log = &community.logs[0];
        batched.apply(&log[..taken_at], b"test").expect("no fault");
        let (mut rest, mut cut) = (&log[taken_at..], 0);
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(cuts[cut % cuts.len()].min(rest.len()));
            batched.apply(batch, b"test").expect("no fault");
            (rest, cut) = (later, cut + 1);
        }
        prop_assert_eq!(batched.digest().expect("a digest"), original, "in batches");
        without.apply(&kept, b"test").expect("no fault");
        prop_assert_eq!(without.digest().expect("a digest"), original, "without what was refused");
    }
}
