//! Who owns what, as far as this machine knows: ranges, their groups, and the machines that host them.
//!
//! It may be out of date at any moment. That costs a detour, never a wrong answer, since a group checks what it owns when it applies and when it reads.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tertulia_state::Descriptor;
use tertulia_types::{MachineId, Position, Range, Slot};

/// What is known of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Route {
    /// The group and its range.
    pub(crate) descriptor: Descriptor,
    /// Machines that host it, the likeliest leader first.
    pub(crate) machines: Vec<MachineId>,
}

/// All routes, by the end of their range.
#[derive(Debug, Default)]
pub(crate) struct Table(RwLock<BTreeMap<Position, Route>>);

impl Table {
    /// Takes in what was heard of a group, unless something newer is known.
    pub(crate) fn learn(&self, route: Route) {
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = routes
            .values()
            .find(|known| known.descriptor.group == route.descriptor.group);
        if known.is_some_and(|known| known.descriptor.epoch > route.descriptor.epoch) {
            return;
        }
        let same_group = |_: &Position, known: &mut Route| known.descriptor.group != route.descriptor.group;
        routes.retain(same_group);
        routes.insert(route.descriptor.range.end(), route);
    }

    /// Nothing is known of a group any more.
    pub(crate) fn forget(&self, group: u64) {
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        routes.retain(|_, route| route.descriptor.group != group);
    }

    /// The first slot behind this one that somebody is known to own.
    pub(crate) fn next_start(&self, from: Slot) -> Option<Slot> {
        let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        routes
            .values()
            .filter_map(|route| route.descriptor.range.start().slot().next())
            .filter(|slot| *slot > from)
            .min()
    }

    /// A group has said that its range is another one.
    pub(crate) fn moved(&self, group: u64, range: Range, epoch: u64) {
        if let Some(route) = self.of(group) {
            self.learn(Route {
                descriptor: Descriptor { group, range, epoch },
                ..route
            });
        }
    }

    /// A machine leads a group, or may know who does.
    pub(crate) fn prefer(&self, group: u64, machine: MachineId) {
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.values_mut().find(|route| route.descriptor.group == group) {
            route.machines.retain(|known| *known != machine);
            route.machines.insert(0, machine);
        }
    }

    /// The machine that was asked first does not help: the next one is first from now on.
    pub(crate) fn turn(&self, group: u64) {
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.values_mut().find(|route| route.descriptor.group == group)
            && !route.machines.is_empty()
        {
            route.machines.rotate_left(1);
        }
    }

    /// The route to a position, if anybody is known to own it.
    pub(crate) fn at(&self, position: Position) -> Option<Route> {
        let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let next = routes.range(position..).next().or_else(|| routes.iter().next());
        next.map(|(_, route)| route)
            .filter(|route| route.descriptor.range.contains(position))
            .cloned()
    }

    /// The route to a group.
    pub(crate) fn of(&self, group: u64) -> Option<Route> {
        let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        routes
            .values()
            .find(|route| route.descriptor.group == group)
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    fn route(group: u64, range: Range, epoch: u64) -> Route {
        Route {
            descriptor: Descriptor { group, range, epoch },
            machines: vec![MachineId(group)],
        }
    }

    proptest! {
        #[test]
        fn each_position_has_the_route_of_its_range(count in 1_u32..100, position in any::<u64>()) {
            let table = Table::default();
            for (group, range) in (1..).zip(Range::even(count)) {
                table.learn(route(group, range, 1));
            }
            let found = table.at(Position(position)).map(|route| route.descriptor.range.contains(Position(position)));
            prop_assert_eq!(found, Some(true));
        }
    }

    #[test]
    fn news_replace_what_is_older_and_never_what_is_newer() {
        let table = Table::default();
        let halves = Range::even(2);
        table.learn(route(1, Range::whole(), 1));
        table.moved(1, halves[1], 2);
        assert_eq!(
            table.at(Position(0)),
            None,
            "nobody is known to own the half that was given away"
        );
        table.learn(route(1, Range::whole(), 1));
        assert_eq!(table.of(1).map(|route| route.descriptor.range), Some(halves[1]));
    }
}
