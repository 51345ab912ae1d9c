//! What has outlived its time.

use crate::community::Community;
use tertulia_state::mute::{Mute, Mutes};
use tertulia_state::page::Page;
use tertulia_state::prune::Prune;
use tertulia_types::Slot;

#[test]
fn a_round_visits_all_slots_and_ends() {
    let mut community = Community::of(1);
    let at = community.groups[0].database.descriptor().range.end();
    let (mut from, mut commands) = (Some(Slot(0)), 0);
    while let Some(slot) = from {
        from = community.submit(Prune { at, from: slot }).expect("pruned");
        commands += 1;
    }
    assert_eq!(commands, 64);
}

#[test]
fn p6_the_newest_replies_of_one_actor_are_kept_when_there_are_too_many() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let file = community.groups[0].database.location().path.clone();
    let conn = rusqlite::Connection::open(file).expect("opens");
    let (slot, id) = (ana.account.slot().0, ana.account.get());
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20010)
                INSERT INTO request (slot, actor, key, kind, reply, stamp_ms) SELECT ?1, ?2, randomblob(16), 1, x'', ?3 + i FROM n";
    conn.execute(fill, (slot, id, community.clock_ms))
        .expect("filled");
    let at = community.groups[0].database.descriptor().range.end();
    let from = Slot(slot / 1024 * 1024);
    community.submit(Prune { at, from }).expect("pruned");
    let (kept, oldest): (u64, u64) = conn
        .query_row(
            "SELECT count(*), min(stamp_ms) FROM request WHERE kind = 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("counted");
    assert_eq!((kept, oldest), (20_000, community.clock_ms - 1 + 11));
}

#[test]
fn a_mute_that_has_run_out_is_gone() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    let mute = Mute {
        notifications: true,
        duration_ms: Some(1_000),
    };
    assert!(community.mute(ana, ben.account, Some(mute)).muting);
    let mutes = Mutes {
        actor: ana,
        page: Page::default(),
    };
    assert_eq!(community.query(mutes.clone()).expect("mutes").len(), 1);
    community.clock_ms += 1_000;
    assert!(community.query(mutes).expect("mutes").is_empty());
    assert!(!community.relationship(ana, ben.account).muting);
}
