//! Looks at the machines all the time: who leads, who answers for which slot, whether copies are equal, whether a machine has logged an error.
//!
//! It asks machines directly, as if it stood beside them, so that no cut line hides anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tertulia_node::{Call, Letter, MachineId, Unavailable};
use tertulia_state::AnyQuery;
use tertulia_state::outbox::{Parcel, Pending};
use tertulia_types::{Position, Range, Rejected, Slot};
use tokio::time::sleep;

use super::chance::Chance;
use super::invariant::owner::{self, Claim, Owners};
use super::invariant::replicas::{self, Copies};
use super::life::Life;
use super::rest;
use super::world::{World, led};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// Looks after which the copies are compared.
const LOOKS_PER_COMPARISON: u64 = 10;
/// How long a machine may take to answer for a slot.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// Slots that are asked for, evenly over the ring: few, so that each is asked for often.
const SLOTS: u64 = 16;

/// One who watches. Clones are the same.
#[derive(Clone)]
pub struct Watch {
    world: World,
    seen: Arc<Mutex<Seen>>,
}

/// What was seen.
#[derive(Default)]
struct Seen {
    owners: Owners,
    copies: Copies,
    /// Who leads each group, since somebody who asked at a certain time was answered.
    leaders: BTreeMap<u64, (u64, MachineId)>,
    elections: u64,
    claims: u64,
    comparisons: u64,
    /// The groups there are, and how many there were at first.
    groups: BTreeSet<u64>,
    founded: usize,
}

/// How much was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// Changes of a group's leader, the first one not counted.
    pub elections: u64,
    /// Groups that there were not at the beginning.
    pub splits: u64,
    /// Answers for slots.
    pub claims: u64,
    /// Copies that were compared with another at the same index, or stand to be.
    pub comparisons: u64,
}

impl Watch {
    /// Begins to watch.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self {
            world,
            seen: Arc::default(),
        }
    }

    /// Watches until it is dropped.
    pub async fn run(self) {
        let groups: BTreeSet<u64> = rest::groups(&self.world).into_keys().collect();
        self.seen().founded = groups.len();
        let mut chance = Chance::new(self.world.seed(), "watch");
        for look in 1_u64.. {
            sleep(LOOK).await;
            self.world.reap();
            for life in self.world.lives() {
                self.look(&life, &mut chance);
                if look.is_multiple_of(LOOKS_PER_COMPARISON) {
                    tokio::spawn(self.clone().compare(life));
                }
            }
            let may_complain_of_a_clock = self.world.clocks_parted();
            let may_miss_a_copy = self.world.is_copy_lost();
            for error in self.world.trace().take_errors() {
                let is_right = may_complain_of_a_clock && error.contains("timekeeper: the clock")
                    || may_miss_a_copy && error.contains("a copy on this machine cannot be used");
                if !is_right {
                    self.world.breach("no machine logs an error", error);
                }
            }
        }
    }

    /// How much has been seen.
    #[must_use]
    pub fn sightings(&self) -> Sightings {
        let seen = self.seen();
        Sightings {
            elections: seen.elections,
            splits: seen.groups.len().saturating_sub(seen.founded) as u64,
            claims: seen.claims,
            comparisons: seen.comparisons,
        }
    }

    fn look(&self, life: &Arc<Life>, chance: &mut Chance) {
        for standing in life.node.standings() {
            let descriptor = standing.descriptor;
            let wrong = self
                .seen()
                .owners
                .describe(descriptor.group, descriptor.epoch, descriptor.range);
            if let Some(wrong) = wrong {
                self.world.breach(owner::NAME, wrong);
            }
            self.seen().groups.insert(descriptor.group);
        }
        for standing in led(life) {
            let slot = slots_in(&standing.descriptor.range);
            if let Some(slot) = chance.pick(&slot) {
                tokio::spawn(self.clone().ask(life.clone(), standing.descriptor.group, *slot));
            }
        }
    }

    /// Asks a machine for a slot that its group should own, with everything that makes an answer right.
    async fn ask(self, life: Arc<Life>, group: u64, slot: Slot) {
        let asked_ms = self.world.trace().now_ms();
        let Some(letter) = letter(group, slot.end()) else {
            return;
        };
        let answer = self
            .world
            .net()
            .observe(life.node.member().machine, letter, ANSWER_LIMIT)
            .await;
        if !answer.is_some_and(|answer| is_owned(&answer)) {
            return;
        }
        let claim = Claim {
            slot,
            group,
            asked_ms,
            answered_ms: self.world.trace().now_ms(),
        };
        let (wrong, is_new) = {
            let mut seen = self.seen();
            seen.claims += 1;
            let is_new = seen.note_leader(group, asked_ms, life.node.member().machine);
            (seen.owners.claim(claim), is_new)
        };
        if is_new {
            self.world
                .trace()
                .note(format_args!("{} leads {group:016x}", life.name));
        }
        if let Some(wrong) = wrong {
            self.world
                .breach(owner::NAME, format!("{wrong}, the last time at {}", life.name));
        }
    }

    async fn compare(self, life: Arc<Life>) {
        for standing in life.node.standings() {
            let group = standing.descriptor.group;
            let digest = life.pulse.answer(life.node.digest_at(group)).await;
            // A copy that has stopped, or is being made, has nothing to compare; nor has one that was invited and waits for its first snapshot: it is
            // empty, and knows the range as it was at its invitation.
            let Some(Ok((next_index @ 1.., digest))) = digest else {
                continue;
            };
            let wrong = {
                let mut seen = self.seen();
                seen.comparisons += 1;
                seen.copies
                    .compare(group, next_index, digest, &life.name.to_string())
            };
            if let Some(wrong) = wrong {
                self.world.breach(replicas::NAME, wrong);
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// A machine has shown that it led a group at some instant after it was asked; true if it was another one before.
    fn note_leader(&mut self, group: u64, asked_ms: u64, machine: MachineId) -> bool {
        let known = self.leaders.entry(group).or_insert((asked_ms, machine));
        if known.0 > asked_ms {
            return false;
        }
        let before = std::mem::replace(known, (asked_ms, machine)).1;
        let is_new = before != machine;
        self.elections += u64::from(is_new);
        is_new
    }
}

/// The slots in a range that are asked for.
fn slots_in(range: &Range) -> Vec<Slot> {
    let all = (1..=SLOTS).map(|number| Slot((u64::from(Slot::COUNT) * number / SLOTS - 1) as u16));
    all.filter(|slot| range.contains(slot.end())).collect()
}

/// A question that costs little and belongs to a position.
fn letter(group: u64, at: Position) -> Option<Letter> {
    let query: AnyQuery = Pending {
        at,
        after_seq: u64::MAX >> 1,
        limit: 1,
    }
    .into();
    Some(Letter {
        group,
        to: None,
        call: Call::Query,
        body: query.to_bytes().ok()?.into(),
        trace: None,
    })
}

/// Whether a machine has answered, and not said that the position is another's.
fn is_owned(answer: &Bytes) -> bool {
    let carried: Result<Result<Vec<u8>, Unavailable>, _> = postcard::from_bytes(answer);
    let Ok(Ok(reply)) = carried else { return false };
    let reply: Result<Result<Vec<Parcel>, Rejected>, _> = postcard::from_bytes(&reply);
    matches!(reply, Ok(Ok(_)))
}
