//! Finds who keeps a position: among the groups here, else by asking from machine to machine along the ring.
//!
//! **Invariant:** a search asks a bounded number of machines in bounded time, whatever they answer and whatever the question claims; it ends with a route or
//! with nothing, never with "not there" (J1). What it finds is a hint: the group itself checks what it owns.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rand::seq::IteratorRandom;
use tertulia_ring::Hop as Next;
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
        self.locate(question, HopKind::Start).await
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
            let position = question.position;
            let next = |avoid: &BTreeSet<MachineId>| self.next(position, avoid);
            let caller = &self.caller;
            let ask = |machine, asked: Locate, deadline| async move {
                caller.ask(machine, asked, deadline).await.ok()
            };
            let searched = go_on(self.me, question, next, ask);
            let mut located = tokio::time::timeout(SEARCH_DEADLINE, searched).await.ok()??;
            located.hops.insert(0, here);
            Some(located)
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

/// Asks others, one after another: `ask` gives what a machine answers, `None` if it does not.
///
/// Who answers that it has found nothing has searched as far as the question let it: from then on the others are asked for what they know themselves. Else a
/// position that nobody knows would be looked for along every path there is.
async fn go_on<Answered: Future<Output = Option<Option<Located>>>>(
    me: MachineId,
    question: Locate,
    next: impl Fn(&BTreeSet<MachineId>) -> Option<(MachineId, HopKind)>,
    ask: impl Fn(MachineId, Locate, Duration) -> Answered,
) -> Option<Located> {
    // The asker may say what it likes.
    let mut hops = question.hops.min(HOPS_MAX).checked_sub(1)?;
    let mut avoid: BTreeSet<MachineId> = question.avoid.into_iter().take(AVOID_MAX).collect();
    avoid.insert(me);
    for _ in 0..TRIES_MAX {
        let (machine, kind) = next(&avoid)?;
        let asked = Locate {
            position: question.position,
            hops,
            avoid: avoid.iter().copied().take(AVOID_MAX).collect(),
        };
        let deadline = (HOP_DEADLINE * u32::from(hops.max(1))).min(SEARCH_DEADLINE);
        match ask(machine, asked, deadline).await {
            Some(Some(mut located)) => {
                if let Some(first) = located.hops.first_mut() {
                    first.kind = kind;
                }
                return Some(located);
            }
            Some(None) => hops = 0,
            None => {}
        }
        avoid.insert(machine);
    }
    None
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Mutex;

    use tertulia_state::Descriptor;
    use tertulia_types::Range;

    use super::*;
    use crate::ask::{Question, encoded};
    use crate::stand_in::Town;

    /// Machines of which each knows where to go on, and none what is looked for.
    struct Maze {
        machines: u64,
        asked: Cell<usize>,
        deepest: Cell<usize>,
    }

    impl Maze {
        fn search(
            &self,
            me: MachineId,
            question: Locate,
            depth: usize,
        ) -> Pin<Box<dyn Future<Output = Option<Located>> + '_>> {
            self.deepest.set(self.deepest.get().max(depth));
            Box::pin(async move {
                let next = |avoid: &BTreeSet<MachineId>| {
                    let mut all = (0..self.machines).map(MachineId);
                    all.find(|machine| !avoid.contains(machine))
                        .map(|machine| (machine, HopKind::Finger))
                };
                let ask = |machine, asked, _: Duration| {
                    self.asked.set(self.asked.get() + 1);
                    assert!(self.asked.get() < 10_000, "without end");
                    async move { Some(self.search(machine, asked, depth + 1).await) }
                };
                go_on(me, question, next, ask).await
            })
        }
    }

    #[tokio::test]
    async fn j1_a_search_for_what_nobody_knows_ends_after_few_questions() {
        for machines in [1, 2, 9, 100] {
            let maze = Maze {
                machines,
                asked: Cell::new(0),
                deepest: Cell::new(0),
            };
            // A machine of another mind asks for more than anybody may.
            let question = Locate {
                position: Position(7),
                hops: u8::MAX,
                avoid: Vec::new(),
            };
            assert!(maze.search(MachineId(0), question, 0).await.is_none());
            let (asked, deepest) = (maze.asked.get(), maze.deepest.get());
            assert!(asked <= usize::from(HOPS_MAX) * TRIES_MAX, "{machines}: {asked}");
            assert!(deepest <= usize::from(HOPS_MAX), "{machines}: {deepest}");
            assert!(
                asked + 1 >= usize::try_from(machines).unwrap().min(32),
                "{machines}: {asked}"
            );
        }
    }

    #[tokio::test]
    async fn j1_a_question_that_may_go_no_further_ends_here() {
        let question = Locate {
            position: Position(7),
            hops: 0,
            avoid: Vec::new(),
        };
        let next = |_: &BTreeSet<MachineId>| Some((MachineId(1), HopKind::Finger));
        let ask = |_, _: Locate, _: Duration| -> std::future::Ready<_> { panic!("nobody is asked") };
        assert!(go_on(MachineId(0), question, next, ask).await.is_none());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn j1_who_is_asked_for_what_it_does_not_keep_asks_on_within_the_bound() {
        let mut town = Town::new().await;
        let asked = Arc::new(Mutex::new(Vec::<Locate>::new()));
        let descriptor = Descriptor {
            group: 9,
            range: Range::whole(),
            epoch: 1,
        };
        // The first that is asked cannot help, the second can.
        for position in [1, 2] {
            let asked = asked.clone();
            town.add(Some(Position(position)), move |question| {
                let Question::Locate(locate) = question else {
                    return None;
                };
                let mut asked = asked.lock().unwrap();
                asked.push(locate);
                let route = Route {
                    descriptor,
                    machines: Vec::new(),
                };
                let hops = vec![Hop {
                    machine: MachineId(position),
                    kind: HopKind::Start,
                }];
                encoded::<Locate>(&(asked.len() > 1).then_some(Located { route, hops }))
            });
        }
        town.until_heard().await;
        let (caller, me) = (Caller(town.line()), town.other.member().machine);
        let founder = town.founder.member().machine;
        let ask = async |hops| {
            let locate = Locate {
                position: Position(3),
                hops,
                avoid: vec![founder],
            };
            caller.ask(me, locate, SEARCH_DEADLINE).await.expect("answers")
        };

        let located = ask(9).await.expect("the second one knows");
        assert_eq!(located.route.descriptor, descriptor);
        assert_eq!((located.hops.len(), located.hops[0].machine), (2, me));
        let questions = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(questions.len(), 2);
        // One less than were left, and nothing more once somebody has searched in vain.
        assert_eq!((questions[0].hops, questions[1].hops), (8, 0));
        for question in questions {
            assert!(question.avoid.contains(&me) && question.avoid.contains(&founder));
        }
        assert!(ask(0).await.is_none());
        assert!(asked.lock().unwrap().is_empty(), "the bound is reached");
        town.stop().await;
    }
}
