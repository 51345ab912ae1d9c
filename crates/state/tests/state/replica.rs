//! Copies of a group: equal logs give equal tables, and a copy of the file goes on from where it was taken.

use crate::community::Community;
use tertulia_state::account::Lookup;
use tertulia_state::account::Who;
use tertulia_state::{Database, Location, Reader};
use tertulia_types::Rejected;

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
