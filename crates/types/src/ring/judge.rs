//! What the reports of the machines mean: how many machines may be lost, and what an operator ought to know.
//!
//! A range survives as long as a majority of its voters does (V1). So the ring bears as many losses as its weakest range;
//! a machine that does not answer counts as lost already, and so does a copy that its machine does not know of.

use super::{
    CopyKind, CopyStatus, DiskRoom, GroupId, MachineState, MachineStatus, RangeStatus, RingFacts, RingStatus,
};
use crate::MachineId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Room for so many of the largest copy that a machine keeps: a division copies it, and a copy that is made anew comes beside the old one.
const LARGEST_COPIES_MIN: u64 = 2;
/// A machine whose clock is further off than this does not lead (C3).
const CLOCK_OFF_MS_MAX: u64 = 5_000;

/// Something that an operator ought to know, or may do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// What.
    pub kind: NoteKind,
    /// About which machine.
    pub machine: Option<MachineId>,
    /// About which group.
    pub group: Option<GroupId>,
    /// How many, or how much: see the kind.
    pub n: Option<i64>,
}

/// What a note says. The order is that of gravity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The group has lost its majority: it does not serve until `n` of its voters are back.
    NoMajority,
    /// The group has no leader just now.
    NoLeader,
    /// The group serves, but one more loss stops it, though there are machines enough for more.
    Weak,
    /// `n` copies on the machine cannot be used: they are made anew from others, if there are any.
    SickCopies,
    /// The machine does not answer, for `n` milliseconds if that is known.
    Suspect,
    /// The machine is dead: its copies are made again elsewhere, if there are machines for it.
    Dead,
    /// The machine's disk has `n` bytes left, which may not be enough for long: a full one stops it.
    LowDisk,
    /// The machine's clock is `n` milliseconds off: it does not lead.
    ClockOff,
    /// The machine is about to leave.
    Leaving,
    /// The group has fewer voters than it ought to have: copies are being made.
    FewCopies,
    /// The group's end is orphaned: the next machine that joins adopts it.
    OrphanedEnd,
    /// `n` different versions run.
    VersionsDiffer,
    /// With one machine nothing may be lost; `n` more are needed before one may be.
    OneMachine,
    /// With two machines nothing may be lost; a third makes the ring fault tolerant.
    TwoMachines,
    /// With `n` more machines one more may be lost.
    MoreMachines,
}

impl NoteKind {
    /// Whether something is wrong, or at least not as it should be.
    #[must_use]
    pub fn is_bad(self) -> bool {
        match self {
            Self::NoMajority
            | Self::NoLeader
            | Self::Weak
            | Self::SickCopies
            | Self::Suspect
            | Self::Dead
            | Self::LowDisk
            | Self::ClockOff => true,
            Self::Leaving
            | Self::FewCopies
            | Self::OrphanedEnd
            | Self::VersionsDiffer
            | Self::OneMachine
            | Self::TwoMachines
            | Self::MoreMachines => false,
        }
    }
}

impl RingStatus {
    /// Puts reports together. Of several reports about one machine or one group the better one counts: of a machine what
    /// it says of itself (it stands first in the list), of a group what its leader says, else what is newer.
    ///
    /// `is_partial` says that a machine that should have reported did not.
    #[must_use]
    pub fn of(
        ring: RingFacts,
        machines: Vec<MachineStatus>,
        ranges: Vec<RangeStatus>,
        is_partial: bool,
    ) -> Self {
        let machines = in_order(machines);
        let ranges = best(ranges);
        let by_id: BTreeMap<MachineId, &MachineStatus> =
            machines.iter().map(|machine| (machine.id, machine)).collect();
        let is_up = |machine: MachineId, group: GroupId| {
            let machine = by_id.get(&machine);
            machine.is_some_and(|machine| serves(machine, group))
        };
        let voters_wanted = voters_wanted(&ring, &machines);
        let votes: Vec<Votes> = ranges
            .iter()
            .map(|range| Votes::of(range, voters_wanted, is_up))
            .collect();
        let is_whole = is_whole(&ranges);
        // Of a stretch that nobody tells of nothing is known, so nothing is promised.
        let tolerates = votes
            .iter()
            .map(Votes::spare)
            .min()
            .filter(|_| is_whole)
            .unwrap_or_default();
        let mut notes: Vec<Note> = [
            of_ranges(&ranges, &votes),
            of_machines(&machines, &ranges),
            of_size(&ring, &machines),
        ]
        .concat();
        notes.sort();
        let is_partial = is_partial || !is_whole;
        Self {
            ring,
            machines,
            ranges,
            tolerates,
            notes,
            is_partial,
        }
    }

    /// The groups that would have no majority without a machine. What it alone has of them would be lost with it.
    #[must_use]
    pub fn bereft_without(&self, machine: MachineId) -> Vec<GroupId> {
        let is_up = |of: MachineId, group: GroupId| of != machine && self.serves(of, group);
        let is_bereft = |range: &&RangeStatus| {
            let has_vote = |copy: &CopyStatus| copy.kind == CopyKind::Voter && copy.machine == machine;
            let votes = Votes::of(range, 0, is_up);
            range.copies.iter().any(has_vote) && votes.up < votes.majority()
        };
        let bereft = self.ranges.iter().filter(is_bereft);
        bereft.map(|range| range.group).collect()
    }

    /// Whether something is told of each stretch of the ring.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        is_whole(&self.ranges)
    }

    fn serves(&self, machine: MachineId, group: GroupId) -> bool {
        self.machine(machine)
            .is_some_and(|machine| serves(machine, group))
    }

    /// The machine of an id.
    #[must_use]
    pub fn machine(&self, id: MachineId) -> Option<&MachineStatus> {
        self.machines.iter().find(|machine| machine.id == id)
    }
}

/// Whether a machine answers, and its copy of a group, if it has one, can be used.
fn serves(machine: &MachineStatus, group: GroupId) -> bool {
    machine.state.is_up() && !machine.sick.contains(&group)
}

/// By position, those without one at the end; each once.
fn in_order(machines: Vec<MachineStatus>) -> Vec<MachineStatus> {
    let mut once: BTreeMap<MachineId, MachineStatus> = BTreeMap::new();
    for machine in machines {
        once.entry(machine.id).or_insert(machine);
    }
    let mut machines: Vec<_> = once.into_values().collect();
    machines.sort_by_key(|machine| (machine.position.is_none(), machine.position, machine.id));
    machines
}

/// Of each group the best report, in the order of the ends.
fn best(ranges: Vec<RangeStatus>) -> Vec<RangeStatus> {
    let mut once: BTreeMap<GroupId, RangeStatus> = BTreeMap::new();
    for mut range in ranges {
        range
            .copies
            .sort_by_key(|copy| (copy.kind, copy.machine, copy.node));
        let better = once
            .get(&range.group)
            .is_none_or(|known| (range.is_led, range.epoch) > (known.is_led, known.epoch));
        if better {
            once.insert(range.group, range);
        }
    }
    let mut ranges: Vec<_> = once.into_values().collect();
    ranges.sort_by_key(|range| (range.range.end(), range.group));
    ranges
}

/// Whether the ranges cover the ring, each stretch once.
fn is_whole(ranges: &[RangeStatus]) -> bool {
    let before = ranges.iter().cycle().skip(ranges.len().saturating_sub(1));
    !ranges.is_empty()
        && ranges
            .iter()
            .zip(before)
            .all(|(range, before)| range.range.start() == before.range.end())
}

/// How many voters each group ought to have (V1).
fn voters_wanted(ring: &RingFacts, machines: &[MachineStatus]) -> u32 {
    odd(u32::from(ring.replicas).min(storing(machines)))
}

/// Machines that store and are not about to leave.
fn storing(machines: &[MachineStatus]) -> u32 {
    let stay = machines.iter().filter(|machine| {
        let stays = machine.state.is_member() && machine.state != MachineState::Leaving;
        stays && machine.role.stores()
    });
    u32::try_from(stay.count()).unwrap_or(u32::MAX)
}

/// The largest odd number up to this one.
fn odd(number: u32) -> u32 {
    number.saturating_sub(1 - number % 2)
}

/// The voters of a group.
struct Votes {
    all: u32,
    up: u32,
    wanted: u32,
}

impl Votes {
    fn of(range: &RangeStatus, wanted: u32, is_up: impl Fn(MachineId, GroupId) -> bool) -> Self {
        let voters = range.copies.iter().filter(|copy| copy.kind == CopyKind::Voter);
        let (mut all, mut up) = (0, 0);
        for copy in voters {
            all += 1;
            up += u32::from(is_up(copy.machine, range.group) && !copy.is_stranger);
        }
        Self { all, up, wanted }
    }

    fn majority(&self) -> u32 {
        self.all / 2 + 1
    }

    /// How many more may be lost.
    fn spare(&self) -> u32 {
        self.up.saturating_sub(self.majority())
    }
}

fn note(kind: NoteKind) -> Note {
    Note {
        kind,
        machine: None,
        group: None,
        n: None,
    }
}

fn of_ranges(ranges: &[RangeStatus], votes: &[Votes]) -> Vec<Note> {
    let mut notes = Vec::new();
    for (range, votes) in ranges.iter().zip(votes) {
        let about = |kind| Note {
            group: Some(range.group),
            ..note(kind)
        };
        if votes.up < votes.majority() {
            let missing = i64::from(votes.majority() - votes.up);
            notes.push(Note {
                n: Some(missing),
                ..about(NoteKind::NoMajority)
            });
        } else if range.leader.is_none() {
            notes.push(about(NoteKind::NoLeader));
        } else if votes.spare() == 0 && votes.wanted > 1 && votes.all > 1 {
            notes.push(about(NoteKind::Weak));
        } else if votes.all < votes.wanted {
            notes.push(about(NoteKind::FewCopies));
        }
        if range.end.is_none() {
            notes.push(about(NoteKind::OrphanedEnd));
        }
    }
    notes
}

fn of_machines(machines: &[MachineStatus], ranges: &[RangeStatus]) -> Vec<Note> {
    let mut notes = Vec::new();
    for machine in machines {
        let about = |kind, n| Note {
            machine: Some(machine.id),
            n,
            ..note(kind)
        };
        let silent = machine.silent_for_ms.and_then(|ms| i64::try_from(ms).ok());
        match machine.state {
            MachineState::Suspect => notes.push(about(NoteKind::Suspect, silent)),
            MachineState::Dead => notes.push(about(NoteKind::Dead, silent)),
            MachineState::Leaving => notes.push(about(NoteKind::Leaving, None)),
            MachineState::Alive | MachineState::Left | MachineState::Removed => {}
        }
        if let sick @ 1.. = machine.sick.len() {
            notes.push(about(NoteKind::SickCopies, i64::try_from(sick).ok()));
        }
        if let Some(disk) = machine.disk
            && disk.free_bytes < disk_free_bytes_min(machine.id, ranges)
        {
            notes.push(about(NoteKind::LowDisk, i64::try_from(disk.free_bytes).ok()));
        }
        let off = machine.clock_off_ms;
        if off.is_some_and(|ms| ms.unsigned_abs() > CLOCK_OFF_MS_MAX) && machine.state.is_up() {
            notes.push(about(NoteKind::ClockOff, off));
        }
    }
    notes
}

/// How much room a machine needs to go on without worry.
fn disk_free_bytes_min(machine: MachineId, ranges: &[RangeStatus]) -> u64 {
    let kept = ranges
        .iter()
        .filter(|range| range.copies.iter().any(|copy| copy.machine == machine));
    let largest_bytes = kept.filter_map(|range| range.bytes).max().unwrap_or(0);
    DiskRoom::FREE_BYTES_MIN.max(largest_bytes.saturating_mul(LARGEST_COPIES_MIN))
}

/// What the number of machines means, and what their versions do.
fn of_size(ring: &RingFacts, machines: &[MachineStatus]) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut versions: Vec<&str> = machines
        .iter()
        .filter(|machine| machine.state.is_up())
        .filter_map(|machine| machine.version.as_deref())
        .collect();
    versions.sort_unstable();
    versions.dedup();
    if versions.len() > 1 {
        notes.push(Note {
            n: i64::try_from(versions.len()).ok(),
            ..note(NoteKind::VersionsDiffer)
        });
    }
    let (storing, replicas) = (storing(machines), u32::from(ring.replicas));
    // Two more voters bear one more loss; a ring that keeps fewer copies than that bears none, whatever its size.
    let next = odd(storing.min(replicas)) + 2;
    if next <= replicas {
        let more = Some(i64::from(next.saturating_sub(storing)));
        notes.push(match storing {
            0 | 1 => Note {
                n: more,
                ..note(NoteKind::OneMachine)
            },
            2 => note(NoteKind::TwoMachines),
            _ => Note {
                n: more,
                ..note(NoteKind::MoreMachines)
            },
        });
    }
    notes
}
