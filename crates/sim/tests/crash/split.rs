//! A machine whose group is divided, and divided again, and that loses power at some step of it: either nothing has happened, or each half is there, whole.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tertulia_node::{MachineId, Node};
use tertulia_sim::disk::Disk;
use tertulia_state::account::Credentials;
use tertulia_state::range::{Birth, Split};
use tertulia_types::{Position, Range, Slot};

use crate::machine::{left, nick, open, part_of, register, runtime};

/// People who register before, between and after the splits, two at a time: with homes in all parts.
const PEOPLE: u32 = 6;
/// Where the group is cut: first the whole, then its child.
const CUTS: [Slot; 2] = [Slot(0x7FFF), Slot(0x3FFF)];
/// How long a child may take to come to life.
const LIMIT: Duration = Duration::from_secs(20);

/// What was acknowledged before the power went.
#[derive(Debug, Default)]
struct Acknowledged {
    people: Vec<u32>,
    births: Vec<(Slot, Birth)>,
    /// The disk's steps when each split began, and at the end.
    steps: Vec<u64>,
}

fn split(at: Slot) -> Split {
    Split {
        at: at.end(),
        machine: MachineId(u64::from(at.0)),
        incarnation: 1,
    }
}

/// Lives: people come, the group is divided, people come, its child is divided, people come.
async fn live(disk: &Disk) -> Result<Acknowledged, String> {
    let mut acknowledged = Acknowledged::default();
    let node = open(disk).await?;
    let said = |error: tertulia_node::Failure| error.to_string();
    for number in 0..PEOPLE {
        node.submit(register(number)).await.map_err(said)?;
        if !disk.has_crashed() {
            acknowledged.people.push(number);
        }
        if number % 2 == 1
            && let Some(at) = CUTS.get(number as usize / 2)
        {
            acknowledged.steps.push(disk.steps());
            let birth = node.submit(split(*at)).await.map_err(said)?;
            if !disk.has_crashed() {
                acknowledged.births.push((*at, birth));
            }
        }
    }
    node.stop().await;
    acknowledged.steps.push(disk.steps());
    Ok(acknowledged)
}

/// What is wrong with the disk after the power came back, if anything is.
async fn damage(disk: &Disk, acknowledged: &Acknowledged) -> Option<String> {
    let node = match open(disk).await {
        Ok(node) => node,
        Err(error) => return Some(error),
    };
    let found = examine(&node, acknowledged).await.err();
    node.stop().await;
    found
}

async fn examine(node: &Arc<Node>, acknowledged: &Acknowledged) -> Result<(), String> {
    until_covered(node).await?;
    for number in &acknowledged.people {
        let nick = nick(*number).parse().expect("a nick");
        let found = node.query(Credentials { nick }).await;
        found.map_err(|error| format!("p{number} was registered, and now: {error}"))?;
    }
    // It goes on: the splits are made or answered as before, and so is each registration.
    for at in CUTS {
        let birth = node.submit(split(at)).await;
        let birth = birth.map_err(|error| format!("a split at {at:?}: {error}"))?;
        if let Some((_, before)) = acknowledged.births.iter().find(|(cut, _)| *cut == at)
            && *before != birth
        {
            return Err(format!("a split at {at:?} was {before:?}, and is now {birth:?}"));
        }
    }
    for number in 0..PEOPLE {
        let again = node.submit(register(number)).await;
        again.map_err(|error| format!("a repeat of p{number}: {error}"))?;
    }
    until_covered(node).await?;
    let ranges: BTreeSet<Position> = node
        .standings()
        .iter()
        .map(|standing| standing.descriptor.range.end())
        .collect();
    let wanted = CUTS.map(Slot::end).into_iter().chain([Range::whole().end()]);
    (ranges == wanted.collect())
        .then_some(())
        .ok_or(format!("the ranges end at {ranges:?}"))
}

/// Waits until each part of the ring has one group here: a child is born anew while its parent serves already.
async fn until_covered(node: &Node) -> Result<(), String> {
    let covered = async {
        loop {
            node.until_ready().await;
            if is_covered(node).is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    match tokio::time::timeout(LIMIT, covered).await {
        Ok(()) => Ok(()),
        Err(_) => is_covered(node),
    }
}

/// Each part of the ring has one group here.
fn is_covered(node: &Node) -> Result<(), String> {
    let standings = node.standings();
    let owners = |slot: u32| {
        let position = Slot((slot & 0xFFFF) as u16).end();
        standings
            .iter()
            .filter(|standing| standing.descriptor.range.contains(position))
            .count()
    };
    match (0..Slot::COUNT).step_by(0x1000).find(|slot| owners(*slot) != 1) {
        Some(slot) => Err(format!("slot {slot:04x} has {} owners", owners(slot))),
        None => Ok(()),
    }
}

/// Loses power at a step; returns what was lost, if anything was.
fn lose_power(disk: Disk, step: u64, seed: Option<u64>) -> Option<String> {
    disk.freeze_after(step);
    let acknowledged = match runtime().block_on(live(&disk)) {
        Ok(acknowledged) => acknowledged,
        Err(error) => return Some(format!("before the crash: {error}")),
    };
    let left = left(&disk, seed, !acknowledged.people.is_empty());
    runtime().block_on(damage(&left, &acknowledged))
}

/// The steps of a run that nothing disturbs, from the first split to the end; what is before is a matter of [`machine`](crate::machine).
fn steps() -> RangeInclusive<u64> {
    let disk = Disk::new();
    let acknowledged = runtime().block_on(live(&disk)).expect("nothing disturbs it");
    assert_eq!(acknowledged.people.len() as u32, PEOPLE);
    assert_eq!(acknowledged.births.len(), CUTS.len());
    acknowledged.steps[0]..=disk.steps()
}

fn lose_power_in_part(part: usize) {
    let steps = steps();
    for (step, seed) in part_of(steps.clone(), part) {
        let damage = lose_power(Disk::new(), step, seed);
        assert_eq!(
            damage, None,
            "power lost at step {step} of {steps:?}, seed {seed:?}"
        );
    }
}

#[test]
fn r2_r4_r8_a_split_is_whole_or_not_at_all_first_part() {
    lose_power_in_part(0);
}

#[test]
fn r2_r4_r8_a_split_is_whole_or_not_at_all_second_part() {
    lose_power_in_part(1);
}

#[test]
fn r2_r4_r8_a_split_is_whole_or_not_at_all_third_part() {
    lose_power_in_part(2);
}

#[test]
fn a_disk_whose_syncs_do_nothing_loses_a_split() {
    let steps = steps();
    let mut some = steps.step_by(40);
    let found = some.any(|step| lose_power(Disk::lying(), step, None).is_some());
    assert!(found, "the check would not see a loss");
}
