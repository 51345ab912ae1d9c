//! What the pointers of all machines ought to be.

use tertulia_ring::circle::{ahead, distance};
use tertulia_ring::{Pointer, Ring};

use crate::net::Net;

/// What is wrong with the ring that the members make, first in the order of positions; none if it is ideal: each one's
/// predecessor, list of successors and fingers are exactly those that follow from who is a member.
pub(crate) fn flaw(net: &Net) -> Option<String> {
    let mut members: Vec<_> = net.machines.values().filter(|ring| ring.is_member()).collect();
    members.sort_by_key(|ring| ring.me().position);
    let everybody: Vec<_> = members.iter().map(|ring| ring.me()).collect();
    if let Some(outside) = net.machines.values().find(|ring| !ring.is_member()) {
        return Some(format!("{} is no member", outside.me()));
    }
    members.into_iter().find_map(|ring| flaw_of(ring, &everybody))
}

fn flaw_of(ring: &Ring, everybody: &[Pointer]) -> Option<String> {
    let me = ring.me();
    let mut others: Vec<_> = everybody.iter().copied().filter(|&other| other != me).collect();
    others.sort_by_key(|other| distance(me.position, other.position));

    if ring.predecessor() != others.last().copied() {
        return Some(format!(
            "{me}: predecessor {:?}, not {:?}",
            ring.predecessor(),
            others.last()
        ));
    }
    let nearest: Vec<_> = others.iter().copied().take(ring.settings().successors).collect();
    if ring.successors() != nearest {
        return Some(format!(
            "{me}: successors {:?}, not {nearest:?}",
            ring.successors()
        ));
    }
    let reach = others
        .first()
        .map_or(u64::MAX, |first| distance(me.position, first.position));
    for exponent in (0..64).filter(|exponent| 1 << exponent > reach) {
        let target = ahead(me.position, exponent);
        let right = others
            .iter()
            .copied()
            .find(|other| distance(me.position, other.position) >= distance(me.position, target));
        let finger = ring
            .fingers()
            .find(|(e, _)| *e >= exponent)
            .map(|(_, finger)| finger);
        if finger != right {
            return Some(format!("{me}: finger {exponent} is {finger:?}, not {right:?}"));
        }
    }
    None
}
