use super::{
    CopyKind, CopyStatus, DiskRoom, GroupId, MachineState, MachineStatus, Note, NoteKind, RangeStatus,
    RingFacts, RingStatus,
};
use crate::{MachineId, Range, Role};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

fn facts(replicas: u8) -> RingFacts {
    RingFacts {
        id: 0xfeed,
        name: "Barrio".to_owned(),
        replicas,
    }
}

fn machine(id: u64, state: MachineState) -> MachineStatus {
    MachineStatus {
        id: MachineId(id),
        role: Role::Node,
        state,
        position: None,
        peers: Vec::new(),
        http: Vec::new(),
        is_entry: true,
        version: Some("0.1.0".to_owned()),
        is_this: false,
        silent_for_ms: None,
        clock_off_ms: None,
        sick: Vec::new(),
        disk: None,
    }
}

fn alive(count: u64) -> Vec<MachineStatus> {
    (1..=count).map(|id| machine(id, MachineState::Alive)).collect()
}

fn range(group: u64, range: Range, voters: &[u64]) -> RangeStatus {
    let copy = |id: &u64| CopyStatus {
        machine: MachineId(*id),
        node: *id,
        kind: CopyKind::Voter,
        lag_entries: None,
        is_stranger: false,
    };
    RangeStatus {
        group: GroupId(group),
        range,
        end: Some(MachineId(voters[0])),
        epoch: 1,
        leader: Some(MachineId(voters[0])),
        is_led: true,
        copies: voters.iter().map(copy).collect(),
        rows: None,
        bytes: None,
    }
}

fn whole(voters: &[u64]) -> Vec<RangeStatus> {
    vec![range(1, Range::whole(), voters)]
}

fn kinds(status: &RingStatus) -> Vec<NoteKind> {
    status.notes.iter().map(|note| note.kind).collect()
}

#[test]
fn v2_with_two_machines_nothing_may_be_lost_and_that_is_said() {
    let one = RingStatus::of(facts(5), alive(1), whole(&[1]), false);
    assert_eq!((one.tolerates, kinds(&one)), (0, vec![NoteKind::OneMachine]));
    assert_eq!(one.notes[0].n, Some(2));
    let two = RingStatus::of(facts(5), alive(2), whole(&[1]), false);
    assert_eq!((two.tolerates, kinds(&two)), (0, vec![NoteKind::TwoMachines]));
    let three = RingStatus::of(facts(5), alive(3), whole(&[1, 2, 3]), false);
    assert_eq!(
        (three.tolerates, kinds(&three)),
        (1, vec![NoteKind::MoreMachines])
    );
    let four = RingStatus::of(facts(5), alive(4), whole(&[1, 2, 3]), false);
    assert_eq!((four.tolerates, four.notes[0].n), (1, Some(1)));
    let five = RingStatus::of(facts(5), alive(5), whole(&[1, 2, 3, 4, 5]), false);
    assert_eq!((five.tolerates, kinds(&five)), (2, vec![]));
}

#[test]
fn a_ring_that_keeps_few_copies_is_not_helped_by_machines() {
    for replicas in [1, 2] {
        let status = RingStatus::of(facts(replicas), alive(4), whole(&[1]), false);
        assert_eq!((status.tolerates, kinds(&status)), (0, vec![]), "{replicas}");
    }
    let status = RingStatus::of(facts(4), alive(6), whole(&[1, 2, 3]), false);
    assert_eq!((status.tolerates, kinds(&status)), (1, vec![]));
}

#[test]
fn the_weakest_range_decides() {
    let halves = Range::even(2);
    let ranges = vec![
        range(1, halves[0], &[1, 2, 3, 4, 5]),
        range(2, halves[1], &[1, 2, 3]),
    ];
    let status = RingStatus::of(facts(5), alive(5), ranges, false);
    assert_eq!((status.tolerates, kinds(&status)), (1, vec![NoteKind::FewCopies]));
    assert_eq!(status.notes[0].group, Some(GroupId(2)));
}

#[test]
fn who_does_not_answer_counts_as_lost() {
    let with = |states: [MachineState; 3]| {
        let machines = (1..).zip(states).map(|(id, state)| machine(id, state)).collect();
        RingStatus::of(facts(3), machines, whole(&[1, 2, 3]), false)
    };
    let (up, suspect) = (MachineState::Alive, MachineState::Suspect);
    let weak = with([up, suspect, up]);
    assert_eq!(
        (weak.tolerates, kinds(&weak)),
        (0, vec![NoteKind::Weak, NoteKind::Suspect])
    );
    let lost = with([up, MachineState::Dead, suspect]);
    assert_eq!(
        kinds(&lost),
        [NoteKind::NoMajority, NoteKind::Suspect, NoteKind::Dead]
    );
    assert_eq!((lost.tolerates, lost.notes[0].n), (0, Some(1)));
    assert!(lost.notes[0].kind.is_bad());
    // One who leaves still counts: it votes until it is replaced.
    assert_eq!(with([up, MachineState::Leaving, up]).tolerates, 1);
}

#[test]
fn without_a_machine_that_is_needed_ranges_have_no_majority() {
    let ranges = Range::even(3);
    let ranges = vec![
        range(1, ranges[0], &[1, 2, 3]),
        range(2, ranges[1], &[1]),
        range(3, ranges[2], &[3, 4, 5]),
    ];
    let mut machines = alive(5);
    let without = |machines: &[MachineStatus], id| {
        let status = RingStatus::of(facts(3), machines.to_vec(), ranges.clone(), false);
        assert!(status.is_whole());
        let groups = status.bereft_without(MachineId(id)).into_iter();
        groups.map(|group| group.0).collect::<Vec<_>>()
    };
    assert_eq!(without(&machines, 1), [2]);
    assert_eq!(without(&machines, 2), [0; 0]);
    machines[2].state = MachineState::Dead;
    assert_eq!(without(&machines, 3), [0; 0], "the others of its ranges answer");
    assert_eq!(without(&machines, 2), [1], "of three two");
    assert_eq!(without(&machines, 4), [3]);
    machines[1].sick = vec![GroupId(1)];
    assert_eq!(
        without(&machines, 3),
        [1],
        "one answers, but its copy cannot be used"
    );
}

#[test]
fn r1_a_copy_that_cannot_be_used_counts_as_lost_and_is_told() {
    let mut machines = alive(3);
    machines[1].sick = vec![GroupId(1), GroupId(7)];
    let status = RingStatus::of(facts(3), machines, whole(&[1, 2, 3]), false);
    assert_eq!(
        (status.tolerates, kinds(&status)),
        (0, vec![NoteKind::Weak, NoteKind::SickCopies])
    );
    let told = &status.notes[1];
    assert_eq!((told.machine, told.n), (Some(MachineId(2)), Some(2)));
}

#[test]
fn a_disk_that_is_nearly_full_is_told_before_it_is() {
    let mut machines = alive(5);
    let disk = |free_bytes| {
        Some(DiskRoom {
            free_bytes,
            total_bytes: 64 << 30,
        })
    };
    machines[0].disk = disk((1 << 30) - 1);
    machines[1].disk = disk(1 << 30);
    machines[2].disk = disk(3 << 30);
    machines[3].disk = disk(5 << 30);
    let mut ranges = whole(&[1, 2, 3, 4, 5]);
    let told = |ranges: &[RangeStatus]| {
        let status = RingStatus::of(facts(5), machines.clone(), ranges.to_vec(), false);
        let low = status.notes.iter().filter(|note| note.kind == NoteKind::LowDisk);
        low.map(|note| (note.machine.expect("named").0, note.n))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&ranges), [(1, Some((1 << 30) - 1))]);
    // What is kept there is large: it could not be copied twice any more.
    ranges[0].bytes = Some(2 << 30);
    let expected = [(1, (1 << 30) - 1), (2, 1 << 30), (3, 3 << 30)];
    assert_eq!(told(&ranges), expected.map(|(id, free)| (id, Some(free))));
}

#[test]
fn r3_a_copy_that_its_machine_does_not_know_of_counts_as_lost() {
    let mut ranges = whole(&[1, 2, 3]);
    assert_eq!(
        RingStatus::of(facts(3), alive(3), ranges.clone(), false).tolerates,
        1
    );
    ranges[0].copies[1].is_stranger = true;
    let status = RingStatus::of(facts(3), alive(3), ranges, false);
    assert_eq!((status.tolerates, kinds(&status)), (0, vec![NoteKind::Weak]));
    assert_eq!(status.bereft_without(MachineId(3)), [GroupId(1)]);
}

#[test]
fn a_copy_on_an_unknown_machine_counts_as_lost() {
    let status = RingStatus::of(facts(3), alive(2), whole(&[1, 2, 9]), false);
    assert_eq!((status.tolerates, kinds(&status)[0]), (0, NoteKind::TwoMachines));
    let status = RingStatus::of(facts(3), alive(1), whole(&[1, 8, 9]), false);
    assert_eq!(kinds(&status)[0], NoteKind::NoMajority);
}

#[test]
fn what_is_wrong_with_machines_is_said() {
    let mut machines = alive(5);
    machines[0].clock_off_ms = Some(-5_001);
    machines[1].clock_off_ms = Some(5_000);
    machines[2].version = Some("0.2.0".to_owned());
    machines[3].version = None;
    let mut ranges = whole(&[1, 2, 3, 4, 5]);
    ranges[0].end = None;
    ranges[0].leader = None;
    let status = RingStatus::of(facts(5), machines, ranges, false);
    let expected = [
        NoteKind::NoLeader,
        NoteKind::ClockOff,
        NoteKind::OrphanedEnd,
        NoteKind::VersionsDiffer,
    ];
    assert_eq!(kinds(&status), expected);
    let clock = &status.notes[1];
    assert_eq!((clock.machine, clock.n), (Some(MachineId(1)), Some(-5_001)));
    assert_eq!(status.notes[3].n, Some(2));
}

#[test]
fn of_several_reports_the_better_one_counts() {
    let mut says_itself = machine(1, MachineState::Leaving);
    says_itself.is_this = true;
    let machines = vec![
        says_itself,
        machine(1, MachineState::Alive),
        machine(2, MachineState::Alive),
    ];
    let report = |epoch, is_led, leader| RangeStatus {
        epoch,
        is_led,
        leader: Some(MachineId(leader)),
        ..range(1, Range::whole(), &[1])
    };
    let ranges = vec![
        report(7, false, 3),
        report(5, true, 1),
        report(6, true, 2),
        report(9, false, 4),
    ];
    let status = RingStatus::of(facts(5), machines, ranges, false);
    assert_eq!(status.machines.len(), 2);
    assert_eq!(
        status.machine(MachineId(1)).map(|found| found.state),
        Some(MachineState::Leaving)
    );
    let best: Vec<_> = status
        .ranges
        .iter()
        .map(|range| (range.epoch, range.leader))
        .collect();
    assert_eq!(best, [(6, Some(MachineId(2)))]);
}

#[test]
fn a_gap_makes_it_a_part() {
    let thirds = Range::even(3);
    let mut ranges: Vec<_> = (1..)
        .zip(&thirds)
        .map(|(group, third)| range(group, *third, &[1]))
        .collect();
    let whole = RingStatus::of(facts(5), alive(1), ranges.clone(), false);
    assert!(!whole.is_partial);
    ranges.remove(1);
    let part = RingStatus::of(facts(5), alive(1), ranges, false);
    assert!(part.is_partial && part.tolerates == 0);
    assert!(RingStatus::of(facts(5), alive(1), Vec::new(), false).is_partial);
    assert!(RingStatus::of(facts(5), whole.machines, whole.ranges, true).is_partial);
}

#[test]
fn the_json_is_what_scripts_rely_on() {
    let mut machines = alive(1);
    machines[0].position = Some(Range::whole().end());
    let status = RingStatus::of(facts(5), machines, whole(&[1]), false);
    let json = serde_json::to_value(&status).expect("written");
    let expected = serde_json::json!({
        "ring": { "id": "000000000000feed", "name": "Barrio", "replicas": 5 },
        "machines": [{
            "id": "0000000000000001", "role": "node", "state": "alive", "position": "ffffffffffffffff",
            "peers": [], "http": [], "is_entry": true, "version": "0.1.0", "is_this": false,
            "silent_for_ms": null, "clock_off_ms": null, "sick": [], "disk": null,
        }],
        "ranges": [{
            "group": "0000000000000001",
            "range": { "start": "ffffffffffffffff", "end": "ffffffffffffffff" },
            "end": "0000000000000001", "epoch": 1, "leader": "0000000000000001", "is_led": true,
            "copies": [{
                "machine": "0000000000000001", "node": 1, "kind": "voter", "lag_entries": null,
                "is_stranger": false,
            }],
            "rows": null, "bytes": null,
        }],
        "tolerates": 0,
        "notes": [{ "kind": "one_machine", "machine": null, "group": null, "n": 2 }],
        "is_partial": false,
    });
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<RingStatus>(json).expect("read"), status);
}

#[test]
fn reports_travel_between_machines_as_bytes() {
    let status = RingStatus::of(facts(5), alive(2), whole(&[1]), true);
    let bytes = postcard::to_stdvec(&status).expect("written");
    assert_eq!(postcard::from_bytes::<RingStatus>(&bytes).expect("read"), status);
}

proptest! {
    /// The judgement against its meaning: take away every set of that many machines, and each range has its majority.
    #[test]
    fn v1_as_many_machines_may_be_lost_as_it_says(
        voters in proptest::collection::vec(proptest::collection::btree_set(1_u64..=7, 1..=7), 1..4),
        silent in proptest::collection::btree_set(1_u64..=7, 0..3),
    ) {
        let ranges = Range::even(u32::try_from(voters.len()).expect("few")).into_iter().zip(1..).zip(&voters);
        let ranges = ranges.map(|((stretch, group), voters)| range(group, stretch, &voters.iter().copied().collect::<Vec<_>>()));
        let state = |id| if silent.contains(&id) { MachineState::Dead } else { MachineState::Alive };
        let machines = (1..=7).map(|id| machine(id, state(id))).collect();
        let status = RingStatus::of(facts(7), machines, ranges.collect(), false);
        let survives = |lost: u32| (0_u32..128).filter(|set| set.count_ones() == lost).all(|set| {
            voters.iter().all(|voters| {
                let up = voters.iter().filter(|id| !silent.contains(id) && set & (1 << (*id - 1)) == 0).count();
                up > voters.len() / 2
            })
        });
        // Where a majority is lost already, nothing is borne, and that is said.
        let is_whole = survives(0);
        let says_lost = status.notes.iter().any(|note| note.kind == NoteKind::NoMajority);
        prop_assert_eq!(is_whole, !says_lost);
        if is_whole {
            // Silent machines may be among those that are taken away; that makes it no worse.
            prop_assert!((0..=status.tolerates).all(survives));
            prop_assert!(!survives(status.tolerates + 1));
        } else {
            prop_assert_eq!(status.tolerates, 0);
        }
    }

    #[test]
    fn notes_come_with_the_graver_ones_first(count in 1_u64..6) {
        let mut machines = alive(count);
        machines[0].state = MachineState::Suspect;
        let status = RingStatus::of(facts(5), machines, whole(&[1]), false);
        let sorted = { let mut notes: Vec<Note> = status.notes.clone(); notes.sort(); notes };
        prop_assert_eq!(status.notes, sorted);
    }
}
