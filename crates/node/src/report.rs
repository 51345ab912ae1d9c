//! What this machine says of itself and its groups, and what all machines together say of the ring.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tertulia_state::range::FindEnd;
use tertulia_types::ring::{
    CopyKind, CopyStatus, GroupId, MachineState, MachineStatus, RangeStatus, RingFacts, RingStatus,
};
use tertulia_types::{MachineId, Position, Role};

use crate::ask::{Caller, Report, Reported};
use crate::batch::Clock;
use crate::census;
use crate::driver::Driver;
use crate::group::Group;
use crate::peers::{Book, Entry, RingFile, State};
use crate::room;
use crate::roster::Roster;

/// How long a machine may take to report.
const REPORT_DEADLINE: Duration = Duration::from_millis(1500);

/// Reports.
pub(crate) struct Reporter {
    pub(crate) me: MachineId,
    pub(crate) ring: RingFile,
    pub(crate) roster: Arc<Roster>,
    pub(crate) driver: Arc<Driver>,
    pub(crate) book: Arc<Book>,
    pub(crate) caller: Caller,
    pub(crate) clock: Clock,
    pub(crate) grace: Duration,
    /// Where the machine's data lies.
    pub(crate) data: PathBuf,
}

impl Reporter {
    /// This machine's own account.
    pub(crate) fn report(&self) -> Reported {
        let mut machine = self.book.own().map_or_else(
            || MachineStatus {
                id: self.me,
                role: Role::default(),
                state: MachineState::Alive,
                position: None,
                peers: Vec::new(),
                http: Vec::new(),
                is_entry: false,
                version: None,
                is_this: true,
                silent_for_ms: None,
                clock_off_ms: None,
                sick: Vec::new(),
                disk: None,
            },
            |entry| self.of_entry(&entry),
        );
        machine.version = Some(env!("CARGO_PKG_VERSION").to_owned());
        let sick = self.roster.sick().into_iter();
        machine.sick = sick.map(|(group, _)| GroupId(group)).collect();
        machine.disk = room::of(&self.data);
        let placed = census::placed_from(&self.book, Position(0));
        let range = |group: Arc<Group>| self.range(&group, &placed);
        Reported {
            machine,
            ranges: self.roster.groups().into_iter().map(range).collect(),
            clock_ms: (self.clock)(),
        }
    }

    fn range(&self, group: &Group, placed: &[census::Placed]) -> RangeStatus {
        let descriptor = group.descriptor();
        let mut at_end = placed
            .iter()
            .filter(|placed| placed.position == descriptor.range.end() && placed.role == Role::Node)
            .map(|placed| placed.machine);
        // Two may have stood there one after the other: the group says whose it is now. The founder's first end is nobody's in the state.
        let find = FindEnd {
            of: descriptor.range.end(),
        };
        let holder = group
            .look(&find)
            .ok()
            .and_then(Result::ok)
            .and_then(|end| end.holder);
        let end = match holder {
            Some(holder) => at_end.find(|machine| *machine == holder.machine),
            None => at_end.next(),
        };
        let progress = group.progress();
        let strangers = group.strangers();
        let copy = |seat: crate::membership::Seat| CopyStatus {
            machine: seat.member.machine,
            node: seat.node,
            kind: if seat.votes {
                CopyKind::Voter
            } else {
                CopyKind::Learner
            },
            lag_entries: progress
                .iter()
                .find(|one| one.seat.node == seat.node)
                .and_then(|one| one.lag_entries),
            is_stranger: strangers.contains(&seat.node),
        };
        RangeStatus {
            group: GroupId(group.id),
            range: descriptor.range,
            end,
            epoch: descriptor.epoch,
            leader: group.leader(),
            is_led: group.is_leading(),
            copies: group.seats().into_iter().map(copy).collect(),
            rows: None,
            bytes: group.size_bytes(),
        }
    }

    /// What all machines say.
    pub(crate) async fn ring(&self) -> RingStatus {
        let entries = self.book.all();
        let asked = entries
            .iter()
            .filter(|entry| entry.machine != self.me && matches!(entry.state, State::Active | State::Leaving))
            .map(|entry| self.caller.ask(entry.machine, Report {}, REPORT_DEADLINE));
        let own = self.report();
        let mut ranges = own.ranges;
        let mut machines = vec![own.machine];
        let mut clocks = vec![(self.me, own.clock_ms)];
        let mut is_partial = false;
        for answer in futures::future::join_all(asked).await {
            match answer {
                Ok(mut reported) => {
                    reported.machine.is_this = false;
                    clocks.push((reported.machine.id, reported.clock_ms));
                    machines.push(reported.machine);
                    ranges.extend(reported.ranges);
                }
                Err(_) => is_partial = true,
            }
        }
        let answered: BTreeSet<MachineId> = machines.iter().map(|machine| machine.id).collect();
        for entry in &entries {
            if !answered.contains(&entry.machine) {
                let mut machine = self.of_entry(entry);
                if machine.state == MachineState::Alive {
                    machine.state = MachineState::Suspect;
                }
                machines.push(machine);
            }
        }
        compare_clocks(&mut machines, &mut clocks);
        let facts = RingFacts {
            id: self.ring.known_as.0,
            name: self.ring.title.clone(),
            replicas: u8::try_from(self.ring.replicas).unwrap_or(u8::MAX),
        };
        RingStatus::of(facts, machines, ranges, is_partial)
    }

    /// What the address book and the pointers say of a machine.
    fn of_entry(&self, entry: &Entry) -> MachineStatus {
        let silent = self.driver.silent_for(entry.machine);
        let state = match entry.state {
            State::Left => MachineState::Left,
            State::Removed => MachineState::Removed,
            State::Active | State::Leaving if silent.is_some_and(|silent| silent >= self.grace) => {
                MachineState::Dead
            }
            State::Active | State::Leaving if self.driver.is_in_doubt(entry.machine) => MachineState::Suspect,
            State::Leaving => MachineState::Leaving,
            State::Active => MachineState::Alive,
        };
        MachineStatus {
            id: entry.machine,
            role: entry.role,
            state,
            position: entry.position,
            peers: entry.addresses.clone(),
            http: entry.urls.clone(),
            is_entry: entry.is_entry,
            version: None,
            is_this: entry.machine == self.me,
            silent_for_ms: silent.map(|silent| u64::try_from(silent.as_millis()).unwrap_or(u64::MAX)),
            clock_off_ms: None,
            sick: Vec::new(),
            disk: None,
        }
    }
}

/// How far each clock is from the median of all. The answers were not read at the same moment, so a second or two means nothing.
fn compare_clocks(machines: &mut [MachineStatus], clocks: &mut [(MachineId, u64)]) {
    clocks.sort_by_key(|(_, clock_ms)| *clock_ms);
    let Some((_, median_ms)) = clocks.get(clocks.len() / 2).copied() else {
        return;
    };
    for machine in machines {
        machine.clock_off_ms = clocks
            .iter()
            .find(|(id, _)| *id == machine.id)
            .map(|(_, clock_ms)| {
                let (clock, median) = (i128::from(*clock_ms), i128::from(median_ms));
                i64::try_from(clock - median).unwrap_or(i64::MAX)
            });
    }
}
