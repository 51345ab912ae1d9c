//! When everything has come to rest: each range has a leader and all its copies, which are equal, and nobody owes anybody anything.

use std::collections::BTreeMap;

use tertulia_node::{Member, Standing};
use tertulia_types::{Position, Slot};

use super::census;
use super::invariant::replicas;
use super::world::{World, led};

/// The groups that are led, each as the leader sees it that has the newest range.
#[must_use]
pub fn groups(world: &World) -> BTreeMap<u64, Standing> {
    let mut groups: BTreeMap<u64, Standing> = BTreeMap::new();
    for standing in world.lives().iter().flat_map(|life| led(life)) {
        let known = groups.get(&standing.descriptor.group);
        if known.is_none_or(|known| known.descriptor.epoch <= standing.descriptor.epoch) {
            groups.insert(standing.descriptor.group, standing);
        }
    }
    groups
}

/// The ends of the ranges of those groups that are led.
#[must_use]
pub fn ends(world: &World) -> Vec<Position> {
    let groups = groups(world).into_values();
    groups.map(|standing| standing.descriptor.range.end()).collect()
}

/// What is missing for every range to be where it belongs.
#[must_use]
pub fn missing(world: &World) -> Option<String> {
    if let Some(name) = world.underway().first() {
        return Some(format!("{name} has yet to find its place, or to leave"));
    }
    let groups = groups(world);
    let width: u64 = groups
        .values()
        .map(|standing| u64::from(standing.descriptor.range.slots().1))
        .sum();
    if width != u64::from(Slot::COUNT) {
        return Some(format!(
            "groups that are led own {width} slots of {}",
            Slot::COUNT
        ));
    }
    let lives = world.lives();
    let has_copy = |group: u64, member: Member| {
        lives.iter().any(|life| {
            let standings = life.node.standings();
            let is_here = |standing: &Standing| standing.descriptor.group == group;
            life.node.member() == member && standings.iter().any(is_here)
        })
    };
    let copies = world.copies();
    let voters = copies - (copies + 1) % 2;
    for (group, standing) in &groups {
        let votes = standing.seats.iter().filter(|seat| seat.votes).count();
        if standing.seats.len() != copies || votes != voters {
            return Some(format!(
                "group {group:016x} has {} copies, of which {votes} vote, instead of {copies} and {voters}",
                standing.seats.len()
            ));
        }
        if let Some(seat) = standing.seats.iter().find(|seat| !has_copy(*group, seat.member)) {
            return Some(format!(
                "group {group:016x} counts on a copy at machine {} that is not there",
                seat.member.machine
            ));
        }
    }
    for life in &lives {
        for standing in life.node.standings() {
            let group = standing.descriptor.group;
            let own = life.node.member();
            let is_member = groups
                .get(&group)
                .is_some_and(|led| led.seats.iter().any(|seat| seat.member == own));
            if !is_member {
                return Some(format!(
                    "{} has a copy of group {group:016x}, and is no member",
                    life.name
                ));
            }
        }
    }
    None
}

/// Waits until all is where it belongs; notes what is missing if that takes too long.
pub async fn until_settled(world: &World) -> bool {
    let mut last = None;
    let settled = world
        .until("each range is where it belongs", async || {
            last = missing(world);
            last.is_none()
        })
        .await;
    if let Some(last) = last.filter(|_| !settled) {
        world.breach("liveness", last);
    }
    settled
}

/// Waits until everything has come to rest.
pub async fn until_at_rest(world: &World) -> bool {
    let is_settled = until_settled(world).await;
    let is_at_rest = is_settled
        && world
            .until("no group owes anything to another home", async || {
                let Some(life) = world.lives().into_iter().next() else {
                    return false;
                };
                census::is_at_rest(&life.node, ends(world)).await
            })
            .await;
    is_at_rest
        && world.until(replicas::NAME, async || are_equal(world).await).await
        && world
            .until("each machine finds each range", async || are_found(world).await)
            .await
}

/// Whether each machine finds the group that owns each of some positions.
pub async fn are_found(world: &World) -> bool {
    let groups = groups(world);
    for life in world.lives() {
        for (group, standing) in &groups {
            let found = life.node.lookup(standing.descriptor.range.end()).await;
            if found.is_none_or(|(_, descriptor, _)| descriptor.group != *group) {
                return false;
            }
        }
    }
    true
}

async fn are_equal(world: &World) -> bool {
    let mut copies = BTreeMap::new();
    for life in world.lives() {
        for standing in life.node.standings() {
            let group = standing.descriptor.group;
            let Ok(copy) = life.node.digest_at(group).await else {
                return false;
            };
            if *copies.entry(group).or_insert(copy) != copy {
                return false;
            }
        }
    }
    true
}
