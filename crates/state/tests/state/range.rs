//! Splits: what each half has at once, what goes little by little, and that nobody outside notices.

use crate::community::{Community, Group};
use crate::script::texts;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tertulia_state::account::{Lookup, Who};
use tertulia_state::dweet::Public;
use tertulia_state::outbox::{Hop, Resume, Settle};
use tertulia_state::page::Page;
use tertulia_state::range::{FindEnd, Holder, Split, TakeEnd, Trim};
use tertulia_state::search::{Count, SearchAccounts};
use tertulia_state::session::Actor;
use tertulia_state::{AnyCommand, Descriptor};
use tertulia_types::{AccountId, MachineId, Position, Range, Rejected, Slot};

/// The middle of the ring.
const MIDDLE: Position = Position((1 << 63) - 1);

fn descriptor(community: &Community, group: usize) -> Descriptor {
    community.groups[group].database.descriptor()
}

/// Some people who follow each other, and have said something.
fn busy(groups: u32, people: usize) -> Community {
    let mut community = Community::of(groups);
    let actors: Vec<_> = (0..people)
        .map(|i| community.register(&format!("person{i}")))
        .collect();
    for (i, actor) in actors.iter().enumerate() {
        for step in [1, 5, 7] {
            let other = actors[(i + step) % people].account;
            if other != actor.account {
                community.follow(*actor, other);
            }
        }
        community.publish(*actor, &format!("hola {i}"));
    }
    community
}

/// Two people: one whose home is in the lower half of the ring, and one in the upper.
fn one_in_each_half(community: &mut Community) -> [Actor; 2] {
    [true, false].map(|is_low| {
        let mut nicks = (0..).map(|i| format!("someone{i}"));
        let fits = |nick: &String| (Position::of("nick", nick) <= MIDDLE) == is_low;
        community.register(&nicks.find(fits).expect("one"))
    })
}

/// Trims all groups; answers how many commands that took.
fn trim(community: &mut Community) -> usize {
    let mut commands = 0;
    for group in 0..community.groups.len() {
        let Descriptor { range, epoch, .. } = descriptor(community, group);
        let mut from = Some(AccountId::MIN);
        while let Some(next) = from {
            let trim = Trim {
                at: range.end(),
                epoch,
                from: next,
            };
            from = community.submit(trim).expect("trimmed");
            commands += 1;
        }
        assert!(community.groups[group].database.is_trimmed());
    }
    commands
}

/// How many rows of a group, by table, lie outside its range.
fn strays(group: &Group) -> Vec<(String, u32)> {
    let conn = rusqlite::Connection::open(&group.database.location().path).expect("opens");
    let sql = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'slot'";
    let mut statement = conn.prepare(sql).expect("prepares");
    let tables = statement
        .query_map([], |row| row.get::<_, String>(0))
        .expect("tables");
    let range = group.database.descriptor().range;
    let mut found = Vec::new();
    for table in tables.map(|table| table.expect("a name")) {
        let mut statement = conn
            .prepare(&format!("SELECT slot FROM {table}"))
            .expect("prepares");
        let slots = statement
            .query_map([], |row| row.get::<_, u16>(0))
            .expect("slots");
        let outside = slots.filter(|slot| !range.contains(Slot(*slot.as_ref().expect("a slot")).end()));
        let count = u32::try_from(outside.count()).expect("few");
        if count > 0 {
            found.push((table, count));
        }
    }
    found
}

/// What everybody sees from outside: timelines with what is unseen, profiles, counts, the public timeline, the search.
fn seen(community: &mut Community, people: usize) -> String {
    let mut seen = String::new();
    for person in 0..people {
        let actor = community.person(&format!("person{person}"));
        let account = community.account(actor.account).expect("an account");
        let unseen = community.unseen(actor);
        let home = community.home(actor);
        seen += &format!("{account:?} {unseen} {home:?}\n");
    }
    let ends: Vec<_> = (0..community.groups.len())
        .map(|group| descriptor(community, group).range.end())
        .collect();
    let (mut accounts, mut dweets) = (0, 0);
    let (mut public, mut found) = (Vec::new(), Vec::new());
    for at in ends {
        let size = community.query(Count { at }).expect("counts");
        accounts += size.accounts;
        dweets += size.dweets;
        let page = Page::newest(80);
        public.extend(community.query(Public { at, page }).expect("public").shown);
        let search = SearchAccounts {
            at,
            beginning: "person".to_owned(),
            limit: 80,
        };
        found.extend(
            community
                .query(search)
                .expect("found")
                .into_iter()
                .map(|found| found.nick),
        );
    }
    public.sort_by_key(|dweet| dweet.id);
    found.sort();
    seen + &format!("{accounts} {dweets} {public:?} {found:?}")
}

#[test]
fn r8_nobody_notices_a_split_neither_at_once_nor_when_the_halves_are_trimmed() {
    let mut community = busy(1, 20);
    community.carry();
    let before = seen(&mut community, 20);
    community.split(MIDDLE, 7).expect("divided");
    let halves = [descriptor(&community, 1).range, descriptor(&community, 0).range];
    assert_eq!(halves, <[Range; 2]>::try_from(Range::even(2)).expect("two"));
    assert_eq!(seen(&mut community, 20), before, "at once");
    assert!(community.groups.iter().all(|group| !strays(group).is_empty()));
    trim(&mut community);
    for group in &community.groups {
        let left: Vec<String> = strays(group).into_iter().map(|(table, _)| table).collect();
        // The clocks of slots, and the end that was cut off.
        let allowed = ["slot_clock".to_owned(), "range_end".to_owned()];
        assert!(left.iter().all(|table| allowed.contains(table)), "{left:?}");
    }
    assert_eq!(seen(&mut community, 20), before, "when all is trimmed");
    assert_eq!(community.carry(), 0, "nothing has to be carried again");
}

#[test]
fn r8_a_trim_removes_a_bounded_number_of_rows() {
    let mut community = Community::of(1);
    let [low, _] = one_in_each_half(&mut community);
    let file = community.groups[0].database.location().path.clone();
    let conn = rusqlite::Connection::open(file).expect("opens");
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                INSERT INTO request (slot, actor, key, kind, reply, stamp_ms) SELECT ?1, ?2, 'k' || i, 1, x'', i FROM n";
    conn.execute(fill, (low.account.slot().0, low.account.get()))
        .expect("filled");
    community.split(MIDDLE, 7).expect("divided");
    let rows = || -> u32 {
        conn.query_row("SELECT count(*) FROM request WHERE kind = 1", [], |row| {
            row.get(0)
        })
        .expect("counted")
    };
    let Descriptor { range, epoch, .. } = descriptor(&community, 0);
    let step = Trim {
        at: range.end(),
        epoch,
        from: AccountId::MIN,
    };
    let mut counts = vec![rows()];
    while community.submit(step.clone()).expect("trimmed").is_some() {
        counts.push(rows());
    }
    counts.push(rows());
    assert_eq!((counts[0], counts.last()), (5_000, Some(&0)));
    assert!(
        counts.windows(2).all(|pair| pair[0] - pair[1] <= 500),
        "{counts:?}"
    );
    assert!(community.groups[0].database.is_trimmed());
    let again = community.submit(step).expect("nothing to do");
    assert_eq!(again, None);
}

#[test]
fn r8_a_round_of_trimming_ends_when_the_group_is_divided_again() {
    let mut community = busy(1, 10);
    community.split(MIDDLE, 7).expect("divided");
    let Descriptor { range, epoch, .. } = descriptor(&community, 0);
    community.split(Range::even(4)[2].end(), 8).expect("divided");
    let late = Trim {
        at: range.end(),
        epoch,
        from: AccountId::MAX,
    };
    assert_eq!(community.submit(late), Err(Rejected::Conflict));
    trim(&mut community);
}

#[test]
fn r7_the_lower_half_is_a_new_group_and_the_upper_half_keeps_the_id() {
    let mut community = busy(3, 6);
    let before = descriptor(&community, 1);
    let (start, end) = (before.range.start().slot().0, before.range.end().slot().0);
    let at = Slot(start + (end - start) / 3).end();
    let birth = community.split(at, 7).expect("divided");
    assert_eq!(
        (birth.parent.group, birth.parent.epoch),
        (before.group, before.epoch + 1)
    );
    assert_eq!(
        (birth.parent.range.start(), birth.parent.range.end()),
        (at, before.range.end())
    );
    assert_eq!(
        (birth.child.range.start(), birth.child.range.end()),
        (before.range.start(), at)
    );
    assert_eq!(birth.child.epoch, birth.parent.epoch);
    assert!(![0, u64::MAX, before.group].contains(&birth.child.group));
    assert_eq!(birth.index, community.logs[1].last().expect("an entry").index);
    assert_eq!(
        (descriptor(&community, 1), descriptor(&community, 3)),
        (birth.parent, birth.child)
    );
    // And over the end of the ring: the first group of three ends where the last begins.
    let birth = community.split(Slot(9).end(), 8).expect("divided");
    assert_eq!(birth.child.range, Range::between(Slot(u16::MAX), Slot(9)));
}

#[test]
fn r6_a_split_is_refused_while_the_membership_is_joint() {
    let mut community = busy(1, 4);
    let before = descriptor(&community, 0);
    community.is_settled = false;
    assert_eq!(community.split(MIDDLE, 7), Err(Rejected::Conflict));
    assert_eq!((descriptor(&community, 0), community.groups.len()), (before, 1));
    community.is_settled = true;
    assert!(community.split(MIDDLE, 7).is_ok());
}

#[test]
fn c2_a_read_of_what_was_given_away_is_refused() {
    let mut community = busy(1, 4);
    let child = community.split(MIDDLE, 7).expect("divided").child;
    let parent = descriptor(&community, 0);
    let now_ms = community.clock_ms;
    let mut ask = |of| {
        let reader = &mut community.groups[0].reader;
        reader.query(&FindEnd { of }, now_ms).expect("no fault")
    };
    assert_eq!(ask(parent.range.end()).map(|end| end.descriptor), Ok(parent));
    let (range, epoch) = (parent.range, parent.epoch);
    assert_eq!(ask(child.range.end()), Err(Rejected::Moved { range, epoch }));
}

#[test]
fn j2_a_repeat_is_answered_as_the_first_time_and_another_machine_is_refused() {
    let mut community = busy(1, 4);
    let birth = community.split(MIDDLE, 7).expect("divided");
    let (parent, child) = (descriptor(&community, 0), descriptor(&community, 1));
    assert_eq!(community.split(MIDDLE, 7), Ok(birth));
    assert_eq!(community.split(MIDDLE, 8), Err(Rejected::EndTaken));
    assert_eq!(community.split(Range::whole().end(), 8), Err(Rejected::EndTaken));
    assert_eq!(
        (parent, child),
        (descriptor(&community, 0), descriptor(&community, 1))
    );
    let inside = community.split(Position(MIDDLE.0 + 1), 8);
    assert!(matches!(inside, Err(Rejected::Invalid(_))), "{inside:?}");
    // Still so when the child has been divided in turn.
    community.split(Slot(100).end(), 9).expect("divided");
    assert_eq!(community.split(MIDDLE, 7), Ok(birth));
}

#[test]
fn j2_a_range_of_one_slot_is_not_divided() {
    let mut community = Community::of(1);
    community.split(Slot(10).end(), 7).expect("divided");
    community.split(Slot(9).end(), 8).expect("divided");
    // (9, 10] is one slot now, and machine 7 has its end.
    assert_eq!(community.split(Slot(10).end(), 9), Err(Rejected::Indivisible));
    assert!(community.split(Slot(10).end(), 7).is_ok());
}

#[test]
fn j3_an_orphaned_end_is_taken_by_one_machine() {
    let mut community = Community::of(1);
    let at = community.split(MIDDLE, 7).expect("divided").child.range.end();
    let take = |machine: u64, instead_of| TakeEnd {
        at,
        machine: MachineId(machine),
        incarnation: machine,
        instead_of,
    };
    let holder = |community: &mut Community, of| community.query(FindEnd { of }).expect("an end").holder;
    let of = |machine| {
        Some(Holder {
            machine: MachineId(machine),
            incarnation: machine,
        })
    };
    assert_eq!(
        holder(&mut community, Position(5)).map(|holder| holder.machine),
        Some(MachineId(7))
    );
    let child = descriptor(&community, 1);
    assert_eq!(community.submit(take(8, Some(MachineId(7)))), Ok(child));
    assert_eq!(holder(&mut community, at), of(8));
    assert_eq!(
        community.submit(take(8, Some(MachineId(7)))),
        Ok(child),
        "a repeat"
    );
    assert_eq!(
        community.submit(take(9, Some(MachineId(7)))),
        Err(Rejected::EndTaken),
        "too late"
    );
    assert_eq!(
        community.split(at, 8).map(|birth| birth.child),
        Ok(child),
        "its end"
    );
    // An end from the founding is nobody's at first.
    assert_eq!(holder(&mut community, Position(u64::MAX)), None);
    let end = Range::whole().end();
    let first = TakeEnd {
        at: end,
        ..take(1, None)
    };
    assert_eq!(community.submit(first), Ok(descriptor(&community, 0)));
    assert_eq!(holder(&mut community, Position(u64::MAX)), of(1));
    let nowhere = TakeEnd {
        at: Slot(77).end(),
        ..take(1, None)
    };
    assert_eq!(community.submit(nowhere), Err(Rejected::NotFound));
}

#[test]
fn t7_c3_the_child_inherits_counters_stamp_and_clocks() {
    let mut community = busy(1, 12);
    community.carry();
    let published: Vec<_> = (0..12)
        .map(|i| {
            let actor = community.person(&format!("person{i}"));
            (actor, community.publish(actor, "before"))
        })
        .collect();
    community.carry();
    let meta = |group: &Group, key: &str| -> Vec<u8> {
        let conn = rusqlite::Connection::open(&group.database.location().path).expect("opens");
        conn.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .expect(key)
    };
    community.split(MIDDLE, 7).expect("divided");
    let (parent, child) = (&community.groups[0], &community.groups[1]);
    assert_eq!(meta(parent, "arrivals"), meta(child, "arrivals"));
    assert_eq!(parent.database.last_stamp_ms(), child.database.last_stamp_ms());
    assert!(child.database.last_stamp_ms() > 1_700_000_000_000);
    trim(&mut community);
    // A leader whose clock is far behind: ids go on all the same.
    community.clock_ms -= 1_000_000;
    for (actor, before) in published {
        let after = community.publish(actor, "after");
        assert!(after.id > before.id);
    }
}

#[test]
fn t3_an_edge_under_way_and_a_first_follow_after_the_split_fetch_what_the_half_has_missed() {
    // Two readers in different halves; the author in a group of her own, so that the courier can be held back.
    let mut community = Community::of(1);
    let nicks: Vec<String> = (0..40).map(|i| format!("reader{i}")).collect();
    let readers: Vec<_> = nicks.iter().map(|nick| community.register(nick)).collect();
    let low = *readers
        .iter()
        .find(|reader| reader.account.home() <= MIDDLE)
        .expect("one");
    let lows: Vec<_> = readers
        .iter()
        .filter(|reader| reader.account.home() <= MIDDLE)
        .collect();
    let (late, waiting) = (*lows[1], *lows[2]);
    let high = *readers
        .iter()
        .find(|reader| reader.account.home() > MIDDLE)
        .expect("one");
    let author = *readers
        .iter()
        .rfind(|reader| reader.account.home() > MIDDLE)
        .expect("one");
    assert!(low != late && high != author);
    let other = *readers
        .iter()
        .filter(|reader| reader.account.home() > MIDDLE && reader.account != author.account)
        .nth(1)
        .expect("one");
    community.follow(high, author.account);
    community.follow(high, other.account);
    let mistake = community.publish(other, "a mistake");
    community.carry();
    let kept = community.publish(author, "kept");
    let deleted = community.publish(author, "deleted");
    community.carry();
    // An edge that the author's home has not heard of when the group is divided.
    community.follow(waiting, author.account);
    community.split(MIDDLE, 7).expect("divided");
    community.publish(author, "between");
    community.delete(author, deleted.id);
    // The follow that waits, first.
    community.carry();
    assert_eq!(community.home(waiting), ["between", "kept"], "under way");
    // What the lower half has of this other one is there for the upper half's people.
    community.delete(other, mistake.id);
    community.publish(other, "no mistake");
    community.carry();
    community.follow(late, other.account);
    community.carry();
    assert_eq!(
        community.home(late),
        ["no mistake"],
        "nothing that was deleted meanwhile"
    );
    community.unfollow(late, other.account);
    community.carry();
    community.unfollow(waiting, author.account);
    community.carry();
    let edited = community.edit(author, kept.id, Community::body("kept and edited"));
    assert_eq!(edited.id, kept.id);
    community.carry();
    community.follow(late, author.account);
    community.carry();
    assert_eq!(
        community.home(late),
        ["between", "kept and edited"],
        "after the split"
    );
    assert_eq!(community.home(high), ["no mistake", "between", "kept and edited"]);
    assert_eq!(community.unseen(late), 0);
    trim(&mut community);
    assert_eq!(community.home(late), ["between", "kept and edited"]);
    assert_eq!(
        texts(&community.home_page(low, Page::default())),
        Vec::<String>::new()
    );
}

#[test]
fn t4_entries_that_nobody_of_a_half_wants_go_with_the_trimming() {
    let mut community = busy(1, 30);
    community.carry();
    community.split(MIDDLE, 7).expect("divided");
    trim(&mut community);
    for group in &community.groups {
        let conn = rusqlite::Connection::open(&group.database.location().path).expect("opens");
        for (table, author) in [("entry", "author_id"), ("card", "account_id")] {
            let sql = format!(
                "SELECT count(*), sum(NOT EXISTS (SELECT 1 FROM following f WHERE f.author_id = t.{author} AND f.state = 1)) FROM {table} t"
            );
            let (all, unwanted): (u32, u32) = conn
                .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
                .expect("counted");
            assert!(all > 0 && unwanted == 0, "{table}: {unwanted} of {all}");
        }
    }
}

/// Who follows an author whom their group knows already fetches nothing: deliveries to the group have kept it up to date. So a delivery that is under way to
/// a neighbour must be theirs too, when the group is divided between the two before it comes.
#[test]
fn o2_who_came_while_a_hop_was_under_way_gets_it_when_their_group_is_divided() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    let mut readers: Vec<_> = (0..8)
        .map(|i| community.register(&format!("reader{i}")))
        .collect();
    readers.sort_by_key(|reader| reader.account.slot());
    let (first, last) = (readers[0], readers[7]);
    community.follow(last, ana.account);
    community.carry();
    community.publish(ana, "hola");
    let (_, delivery) = community.pending().remove(0);
    community.follow(first, ana.account);
    let (at, edge) = community.pending().remove(1);
    community.carry_one(at, edge);
    community.split(first.account.slot().end(), 7).expect("divided");
    let at = descriptor(&community, community.group_of(ana.account.home()))
        .range
        .end();
    community.carry_one(at, delivery);
    for reader in [first, last] {
        assert_eq!(community.home(reader).len(), 1);
    }
}

#[test]
fn o1_what_waits_at_the_split_is_carried_once_by_the_half_that_owns_it() {
    let mut community = busy(2, 20);
    // Nothing has been carried yet: all follows and deliveries wait, also across the split.
    let waiting = community.pending();
    let at = Slot(0x3FFF).end();
    community.split(at, 7).expect("divided");
    let of = |community: &Community, group: usize| -> BTreeSet<u64> {
        let conn =
            rusqlite::Connection::open(&community.groups[group].database.location().path).expect("opens");
        let mut statement = conn.prepare("SELECT seq FROM outbox").expect("prepares");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("numbers")
    };
    let (upper, lower) = (of(&community, 0), of(&community, 2));
    let first_end = Range::even(2)[0].end();
    let all: BTreeSet<u64> = waiting
        .iter()
        .filter(|(end, _)| *end == first_end)
        .map(|(_, parcel)| parcel.seq)
        .collect();
    assert!(!upper.is_empty() && !lower.is_empty() && upper.is_disjoint(&lower));
    assert_eq!(&upper | &lower, all);
    // A courier that was under way with a row of the other half learns that it is gone, and settles nothing.
    let end = descriptor(&community, 0).range.end();
    let hop = |seq: &u64| Hop {
        seq: *seq,
        from: Slot(0),
        to: Slot(0),
        next: None,
    };
    let rows: Vec<_> = lower.iter().map(hop).collect();
    let resumed = community.query(Resume { at: end, rows }).expect("resumed");
    assert!(resumed.is_empty());
    community
        .submit(Settle {
            at: end,
            parcels: Vec::new(),
        })
        .expect("settled");
    community.carry();
    let mut whole = busy(1, 20);
    whole.carry();
    for person in 0..20 {
        let nick = format!("person{person}");
        let (here, there) = (community.person(&nick), whole.person(&nick));
        assert_eq!(community.home(here), whole.home(there), "{nick}");
        assert_eq!(community.counts(here), whole.counts(there), "{nick}");
        assert_eq!(community.told(here).len(), whole.told(there).len(), "{nick}");
    }
}

#[test]
fn p5_closing_an_account_and_editing_an_original_touch_the_own_half_only() {
    let mut community = busy(1, 24);
    let author = community.register("author");
    for person in 0..24 {
        let actor = community.person(&format!("person{person}"));
        community.follow(actor, author.account);
    }
    let original = community.publish(author, "original");
    for person in 0..24 {
        let actor = community.person(&format!("person{person}"));
        community.redweet(actor, &original);
    }
    community.carry();
    community.split(MIDDLE, 7).expect("divided");
    community.edit(author, original.id, Community::body("edited"));
    community.carry();
    community.close(author);
    community.carry();
    for person in 0..24 {
        let actor = community.person(&format!("person{person}"));
        assert!(!community.home(actor).contains(&"edited".to_owned()));
        assert!(!community.relationship(actor, author.account).following);
    }
    trim(&mut community);
}

#[test]
fn r13_an_entry_with_more_than_a_split_is_divided_where_the_split_stands() {
    let mut community = busy(1, 4);
    let [low, high] = one_in_each_half(&mut community);
    let publish = |community: &mut Community, actor, text: &str| {
        let publish = tertulia_state::dweet::Publish {
            actor,
            body: Community::body(text),
            key: community.key(),
        };
        AnyCommand::from(publish).to_bytes().expect("encodes")
    };
    let split = |at, machine| {
        let split = Split {
            at,
            machine: MachineId(machine),
            incarnation: 1,
        };
        AnyCommand::from(split).to_bytes().expect("encodes")
    };
    let commands = vec![
        publish(&mut community, low, "before, low"),
        publish(&mut community, high, "before, high"),
        split(MIDDLE, 7),
        publish(&mut community, low, "after, low"),
        publish(&mut community, high, "after, high"),
        // A second one in the same entry would give its child the same id.
        split(Slot(0xF000).end(), 8),
    ];
    let replies = community.apply_all(0, commands);
    let refused: Vec<Option<Rejected>> = replies
        .iter()
        .map(|reply| match reply.split_first() {
            Some((0, _)) => None,
            _ => postcard::from_bytes::<Result<(), Rejected>>(reply)
                .expect("a refusal")
                .err(),
        })
        .collect();
    let Descriptor { range, epoch, .. } = descriptor(&community, 0);
    let moved = Rejected::Moved { range, epoch };
    assert_eq!(
        refused,
        [None, None, None, Some(moved), None, Some(Rejected::Conflict)]
    );
    assert_eq!(community.groups.len(), 2);
    assert_eq!(
        community.profile(low.account, None),
        Ok(vec!["before, low".to_owned()])
    );
    assert_eq!(
        community.profile(high.account, None),
        Ok(vec!["after, high".to_owned(), "before, high".to_owned()])
    );
    // Nothing of the child's part went into the other half, not even out of sight.
    let entries = community.groups[1].database.last_stamp_ms();
    assert_eq!(entries, community.groups[0].database.last_stamp_ms());
}

#[test]
fn p3_a_nick_has_one_owner_before_during_and_after() {
    let mut community = busy(1, 16);
    for round in 0..3 {
        for person in 0..16 {
            let nick = format!("person{person}");
            assert_eq!(
                community.try_register(&nick).err(),
                Some(Rejected::NickTaken),
                "{nick}"
            );
            let who = Who::Nick(nick.parse().expect("a nick"));
            let account = community.query(Lookup { who }).expect("found");
            assert_eq!(account.id, community.person(&nick).account);
        }
        match round {
            0 => drop(community.split(MIDDLE, 7).expect("divided")),
            _ => drop(trim(&mut community)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 50, ..ProptestConfig::default() })]

    /// Wherever and however often the ring is cut, with or without trimming in between: all is there, once.
    #[test]
    fn r8_any_cuts_leave_everything_in_sight_once(cuts in proptest::collection::vec((any::<u16>(), any::<bool>()), 1..5)) {
        let mut community = busy(1, 12);
        community.carry();
        let before = seen(&mut community, 12);
        for (number, (slot, is_trimmed)) in cuts.into_iter().enumerate() {
            // The same slot twice is refused, and that is all right too.
            drop(community.split(Slot(slot).end(), number as u64));
            if is_trimmed {
                trim(&mut community);
            }
            prop_assert_eq!(&seen(&mut community, 12), &before);
        }
        trim(&mut community);
        prop_assert_eq!(&seen(&mut community, 12), &before);
        for group in &community.groups {
            let left = strays(group);
            prop_assert!(left.iter().all(|(table, _)| ["slot_clock", "range_end"].contains(&table.as_str())), "{:?}", left);
        }
    }
}
