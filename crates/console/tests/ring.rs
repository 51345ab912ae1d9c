//! How the ring looks to those who run it, in both languages, with and without Unicode.

use tertulia_console::look::Look;
use tertulia_console::page::Paint;
use tertulia_console::ring::{self, Glyphs};
use tertulia_console::words::{Language, Words};
use tertulia_types::entity::Timestamp;
use tertulia_types::ring::{
    CopyKind, CopyStatus, DiskRoom, EventKind, GroupId, Hindrance, Hop, HopKind, LeaveProgress, LookupPath,
    MachineState, MachineStatus, RangeStatus, RingEvent, RingFacts, RingStatus,
};
use tertulia_types::{MachineId, Position, Range, Role, Slot};

const NOW_MS: i64 = 1_795_236_184_931;

fn look(language: Language, columns: usize) -> Look {
    Look {
        words: Words::new(language),
        talking: false,
        columns,
        rows: 24,
        resizes: false,
        paint: Paint::Bare,
        now: || Timestamp::from_unix_ms(NOW_MS),
    }
}

fn id(number: u64) -> MachineId {
    MachineId(number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn machine(number: u64, of: u64) -> MachineStatus {
    let slot = Slot(u16::try_from(65_536 * number / of - 1).expect("a slot"));
    MachineStatus {
        id: id(number),
        role: Role::Node,
        state: MachineState::Alive,
        position: Some(slot.end()),
        peers: vec![format!("192.168.1.{number}:8788")],
        http: vec![format!("https://192.168.1.{number}:8787")],
        is_entry: true,
        version: Some("0.1.0".to_owned()),
        is_this: number == 1,
        silent_for_ms: None,
        clock_off_ms: None,
        sick: Vec::new(),
        disk: None,
    }
}

fn copy(number: u64, kind: CopyKind) -> CopyStatus {
    CopyStatus {
        machine: id(number),
        node: number,
        kind,
        lag_entries: Some(0),
        is_stranger: false,
    }
}

/// A ring of so many machines and ranges, each range on so many machines in the order of the ring.
fn even(machines: u64, voters: u64) -> (Vec<MachineStatus>, Vec<RangeStatus>) {
    let ranges = Range::even(u32::try_from(machines).expect("few"));
    let held = |at: u64| (0..voters).map(move |further| (at + further) % machines + 1);
    let ranges = ranges.into_iter().zip(0..).map(|(range, at)| RangeStatus {
        group: GroupId(0xabc0 + at),
        range,
        end: Some(id(at + 1)),
        epoch: 3,
        leader: Some(id(at + 1)),
        is_led: true,
        copies: held(at).map(|number| copy(number, CopyKind::Voter)).collect(),
        rows: Some(1_200),
        bytes: Some(345_678 * (at + 1)),
    });
    (
        (1..=machines).map(|number| machine(number, machines)).collect(),
        ranges.collect(),
    )
}

fn put_together((machines, ranges): (Vec<MachineStatus>, Vec<RangeStatus>), is_partial: bool) -> RingStatus {
    let facts = RingFacts {
        id: 0xfeed,
        name: "Barrio de la Viña".to_owned(),
        replicas: 5,
    };
    RingStatus::of(facts, machines, ranges, is_partial)
}

fn rings() -> Vec<(&'static str, RingStatus)> {
    let two = {
        let (machines, mut ranges) = even(2, 1);
        for (range, learner) in ranges.iter_mut().zip([2, 1]) {
            range.copies.push(CopyStatus {
                lag_entries: Some(120),
                ..copy(learner, CopyKind::Learner)
            });
        }
        (machines, ranges)
    };
    let suspect = {
        let (mut machines, mut ranges) = even(3, 3);
        machines[1].state = MachineState::Suspect;
        machines[1].silent_for_ms = Some(12_345);
        ranges[1].leader = None;
        (machines, ranges)
    };
    let orphaned = {
        let (mut machines, mut ranges) = even(4, 3);
        machines[2].state = MachineState::Dead;
        machines[2].silent_for_ms = Some(3_600_000);
        ranges[2].end = None;
        ranges[2].leader = Some(id(4));
        machines[3].clock_off_ms = Some(-7_000);
        machines[0].disk = Some(DiskRoom {
            free_bytes: 312_000_000,
            total_bytes: 8_000_000_000,
        });
        (machines, ranges)
    };
    let lagging = {
        let (mut machines, mut ranges) = even(3, 3);
        machines.push(MachineStatus {
            role: Role::Gateway,
            position: None,
            version: Some("0.2.0".to_owned()),
            ..machine(4, 4)
        });
        machines.push(MachineStatus {
            state: MachineState::Left,
            ..machine(5, 5)
        });
        machines[0].state = MachineState::Leaving;
        machines[2].role = Role::Replica;
        ranges[0].copies[0].is_stranger = true;
        ranges[0].copies[2] = CopyStatus {
            lag_entries: Some(40_000),
            ..copy(3, CopyKind::Learner)
        };
        (machines, ranges)
    };
    let partial = {
        let (machines, mut ranges) = even(3, 3);
        ranges.remove(1);
        (machines, ranges)
    };
    let lost = {
        let (mut machines, ranges) = even(3, 3);
        machines[1].state = MachineState::Dead;
        machines[2].state = MachineState::Dead;
        (machines, ranges)
    };
    vec![
        ("one", put_together(even(1, 1), false)),
        ("two", put_together(two, false)),
        ("three", put_together(even(3, 3), false)),
        ("seven", put_together(even(7, 5), false)),
        ("suspect", put_together(suspect, false)),
        ("orphaned", put_together(orphaned, false)),
        ("lagging", put_together(lagging, false)),
        ("partial", put_together(partial, true)),
        ("lost", put_together(lost, true)),
        ("empty", put_together((Vec::new(), Vec::new()), true)),
    ]
}

#[test]
fn the_ring_looks_as_it_should() {
    for (language, glyphs, columns, name) in [
        (Language::English, Glyphs::UNICODE, 80, "ring_en"),
        (Language::Spanish, Glyphs::UNICODE, 80, "ring_es"),
        (Language::English, Glyphs::ASCII, 80, "ring_ascii"),
        (Language::Spanish, Glyphs::UNICODE, 40, "ring_narrow"),
    ] {
        let look = look(language, columns);
        let shown: Vec<String> = rings()
            .iter()
            .map(|(name, status)| {
                let page = ring::status(&look, glyphs, status).print(Paint::Bare);
                for line in page.lines() {
                    let wide = tertulia_console::plain::width(line);
                    assert!(wide <= columns, "{name}: {wide} columns: {line}");
                }
                format!("--- {name}\n{page}")
            })
            .collect();
        insta::assert_snapshot!(name, shown.join("\n"));
    }
}

#[test]
fn a_large_ring_fits_the_screen_too() {
    let status = put_together(even(60, 5), false);
    let page = ring::status(&look(Language::English, 80), Glyphs::UNICODE, &status).print(Paint::Bare);
    assert!(
        page.lines()
            .all(|line| tertulia_console::plain::width(line) <= 80),
        "{page}"
    );
    for machine in &status.machines {
        let short: String = machine.id.to_string().chars().take(8).collect();
        assert!(page.contains(&short), "{short}");
    }
}

#[test]
fn without_unicode_the_drawing_is_ascii() {
    let look = look(Language::English, 80);
    for (name, mut status) in rings() {
        status.ring.name = "Barrio".to_owned();
        let page = ring::status(&look, Glyphs::ASCII, &status).print(Paint::Colours);
        let strange: String = page.chars().filter(|char| !char.is_ascii()).collect();
        // The texts are the person's language, whatever the terminal; typographic quotes may be among them.
        assert!(
            strange.chars().all(|char| "“”".contains(char)),
            "{name}: {strange}"
        );
    }
}

#[test]
fn colour_says_nothing_that_is_not_in_the_words() {
    for (name, status) in rings() {
        let page = ring::status(&look(Language::English, 80), Glyphs::UNICODE, &status);
        let painted = page.print(Paint::Colours);
        let mut bare = String::new();
        for piece in painted.split('\u{1b}') {
            let text = piece.strip_prefix('[').and_then(|rest| rest.split_once('m'));
            bare.push_str(text.map_or(piece, |(_, text)| text));
        }
        assert_eq!(bare, page.print(Paint::Bare), "{name}");
    }
}

#[test]
fn every_event_and_way_and_progress_has_its_words() {
    let kinds = [
        EventKind::Joined,
        EventKind::Leaving,
        EventKind::Left,
        EventKind::Suspect,
        EventKind::Returned,
        EventKind::Dead,
        EventKind::Removed,
        EventKind::Split,
        EventKind::Adopted,
        EventKind::Moved,
        EventKind::Leader,
        EventKind::Recovered,
    ];
    for (language, name) in [
        (Language::English, "happened_en"),
        (Language::Spanish, "happened_es"),
    ] {
        let look = look(language, 80);
        let mut shown = String::new();
        for kind in kinds {
            let event = RingEvent {
                time_ms: 1_795_236_184_931,
                kind,
                machine: Some(id(1)),
                group: Some(GroupId(0xabc)),
            };
            shown.push_str(&ring::event_line(&look, &event));
            shown.push('\n');
        }
        let hops = [
            HopKind::Start,
            HopKind::Finger,
            HopKind::Successor,
            HopKind::Known,
            HopKind::Host,
        ];
        let path = LookupPath {
            nick: "ana".parse().expect("a nick"),
            position: Position(0x1234_5678_9abc_def0),
            hops: hops
                .into_iter()
                .zip(1..)
                .map(|(kind, at)| Hop {
                    machine: id(at),
                    kind,
                })
                .collect(),
            group: GroupId(0xabc),
            range: Range::whole(),
            leader: Some(id(5)),
        };
        shown.push_str(&ring::path(&look, Glyphs::UNICODE, &path).print(Paint::Bare));
        let homeless = LookupPath { leader: None, ..path };
        shown.push_str(&ring::path(&look, Glyphs::ASCII, &homeless).print(Paint::Bare));
        for hindrance in [
            None,
            Some(Hindrance::CatchingUp { group: GroupId(1) }),
            Some(Hindrance::NoLeader { group: GroupId(2) }),
            Some(Hindrance::Silent { machine: id(3) }),
        ] {
            let progress = LeaveProgress {
                copies: 5,
                copies_left: 2,
                hindrance,
            };
            shown.push_str(&ring::progress(&look, &progress));
            shown.push('\n');
        }
        insta::assert_snapshot!(name, shown);
    }
}

#[test]
fn what_others_call_themselves_is_harmless() {
    let (mut machines, ranges) = even(1, 1);
    machines[0].peers = vec!["\u{1b}[2Jevil\n:1".to_owned()];
    let mut status = put_together((machines, ranges), false);
    status.ring.name = "\u{1b}]0;owned\u{7}".to_owned();
    let page = ring::status(&look(Language::English, 80), Glyphs::UNICODE, &status).print(Paint::Bare);
    assert!(
        page.chars().all(|char| char == '\n' || !char.is_control()),
        "{page:?}"
    );
}
