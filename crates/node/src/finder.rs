//! Finds who keeps a position: among the groups here, else by asking from machine to machine along the ring.
//!
//! **Invariant:** a search asks a bounded number of machines, and no machine twice; it ends with a route or with nothing, never with "not there" (J1). What
//! it finds is a hint: the group itself checks what it owns.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rand::seq::IteratorRandom;
use tertulia_ring::hop::Hop as Next;
use tertulia_types::ring::{Hop, HopKind};
use tertulia_types::{MachineId, Position};

use crate::ask::{Caller, Locate, Located};
use crate::census;
use crate::driver::Driver;
use crate::group::Group;
use crate::peers::Book;
use crate::roster::Roster;
use crate::table::{Route, Table};

/// Machines that one search asks at most, one after another. A lookup in a ring of 100 000 machines takes nine on average.
pub(crate) const HOPS_MAX: u8 = 32;
/// Machines to avoid in one question at most.
const AVOID_MAX: usize = 32;
/// How long the rest of a search may take, for each hop that is left and in all.
const HOP_DEADLINE: Duration = Duration::from_millis(500);
const SEARCH_DEADLINE: Duration = Duration::from_secs(2);
/// Machines that are tried from here, when the first do not answer.
const TRIES_MAX: usize = 6;

/// Finds.
pub(crate) struct Finder {
    pub(crate) me: MachineId,
    pub(crate) roster: Arc<Roster>,
    pub(crate) driver: Arc<Driver>,
    pub(crate) book: Arc<Book>,
    pub(crate) table: Arc<Table>,
    pub(crate) caller: Caller,
}

impl Finder {
    /// Where a position is kept.
    pub(crate) async fn find(&self, position: Position) -> Option<Located> {
        let question = Locate {
            position,
            hops: HOPS_MAX,
            avoid: Vec::new(),
        };
        tokio::time::timeout(SEARCH_DEADLINE, self.locate(question, HopKind::Start))
            .await
            .unwrap_or_default()
    }

    /// Answers another machine's search, or goes on with it.
    pub(crate) fn locate(
        &self,
        question: Locate,
        kind: HopKind,
    ) -> Pin<Box<dyn Future<Output = Option<Located>> + Send + '_>> {
        Box::pin(async move {
            let here = Hop {
                machine: self.me,
                kind,
            };
            if let Some(route) = self.known_here(question.position) {
                return Some(Located {
                    route,
                    hops: vec![here],
                });
            }
            let hops = question.hops.checked_sub(1)?;
            let mut avoid: BTreeSet<MachineId> = question.avoid.into_iter().take(AVOID_MAX).collect();
            avoid.insert(self.me);
            for _ in 0..TRIES_MAX {
                let (next, kind) = self.next(question.position, &avoid)?;
                let asked = Locate {
                    position: question.position,
                    hops,
                    avoid: avoid.iter().copied().take(AVOID_MAX).collect(),
                };
                let deadline = (HOP_DEADLINE * u32::from(hops.max(1))).min(SEARCH_DEADLINE);
                let located = self.caller.ask(next, asked, deadline).await;
                if let Ok(Some(mut located)) = located {
                    if let Some(first) = located.hops.first_mut() {
                        first.kind = kind;
                    }
                    located.hops.insert(0, here);
                    return Some(located);
                }
                avoid.insert(next);
            }
            None
        })
    }

    /// The route to a position that a group here owns, as far as its copy here shows.
    fn known_here(&self, position: Position) -> Option<Route> {
        self.roster
            .groups()
            .into_iter()
            .filter(|group| !group.is_sick() && group.descriptor().range.contains(position))
            .map(|group| route(&group))
            // A copy that lags may show a range that its group has given away.
            .find(|found| {
                let known = self.table.of(found.descriptor.group);
                known.is_none_or(|known| known.descriptor.epoch <= found.descriptor.epoch)
            })
    }

    /// Whom to ask next: along the ring from here; a machine that stands nowhere asks any that does.
    fn next(&self, position: Position, avoid: &BTreeSet<MachineId>) -> Option<(MachineId, HopKind)> {
        let tried: Vec<MachineId> = avoid.iter().copied().collect();
        match self.driver.hop(position, &tried) {
            Some(Next::Owner(pointer)) if !avoid.contains(&pointer.machine) => {
                return Some((pointer.machine, HopKind::Successor));
            }
            Some(Next::Forward(pointer)) if !avoid.contains(&pointer.machine) => {
                return Some((pointer.machine, HopKind::Finger));
            }
            // This machine comes first, and has no copy (yet): those behind it do.
            Some(_) | None => {}
        }
        let behind = self
            .driver
            .machines_from(position)
            .into_iter()
            .map(|(pointer, _)| pointer.machine)
            .find(|machine| !avoid.contains(machine));
        if let Some(machine) = behind {
            return Some((machine, HopKind::Successor));
        }
        census::storage_machines(&self.book)
            .into_iter()
            .filter(|machine| !avoid.contains(machine) && !self.driver.is_in_doubt(*machine))
            .choose(&mut rand::rng())
            .map(|machine| (machine, HopKind::Known))
    }
}

/// The way to a group that runs here: who leads it first, then the others.
pub(crate) fn route(group: &Group) -> Route {
    let mut machines: Vec<MachineId> = group.leader().into_iter().collect();
    for seat in group.seats() {
        if !machines.contains(&seat.member.machine) {
            machines.push(seat.member.machine);
        }
    }
    Route {
        descriptor: group.descriptor(),
        machines,
    }
}
