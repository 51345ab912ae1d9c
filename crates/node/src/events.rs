//! What was applied here, told to those who watch: the courier, streams, caches, and other machines whose people listen.
//!
//! **Invariant:** an event is told after its effects can be read. Events are hints: who misses one reads the tables.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tertulia_state::Event;
use tokio::sync::broadcast;

/// Events that a slow listener may fall behind; then it is told that it missed some.
const BEHIND_MAX: usize = 4096;
/// Events that are told to another machine at once.
const TOLD_MAX: usize = 1024;

/// Something became visible in a group.
#[derive(Clone, Debug)]
pub struct Happened {
    /// The group.
    pub group: u64,
    /// What.
    pub event: Event,
}

/// What a listener hears.
#[derive(Clone, Debug)]
pub enum Heard {
    /// An event.
    Event(Arc<Happened>),
    /// Some events were not kept for it: those of a group that another machine's people keep, or, when it was too slow, of
    /// all groups.
    Missed(Option<u64>),
}

/// How far somebody has heard this machine's own events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Which life of the machine.
    life: u64,
    /// So many events had been told in it.
    count: u64,
}

/// The events of all groups of this machine, and those that were heard from others.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    teller: broadcast::Sender<Heard>,
    recent: Arc<Mutex<Recent>>,
}

/// The last events of this machine's own.
#[derive(Debug)]
struct Recent {
    life: u64,
    /// How many have been told, those that are not kept any more too.
    count: u64,
    kept: VecDeque<Arc<Happened>>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            teller: broadcast::channel(BEHIND_MAX).0,
            recent: Arc::new(Mutex::new(Recent {
                life: rand::random(),
                count: 0,
                kept: VecDeque::new(),
            })),
        }
    }
}

impl Events {
    /// Tells all who listen what has happened in a group here.
    pub(crate) fn tell(&self, group: u64, events: Vec<Event>) {
        for event in events {
            let happened = Arc::new(Happened { group, event });
            {
                let mut recent = self.recent();
                recent.count += 1;
                if recent.kept.len() == BEHIND_MAX {
                    recent.kept.pop_front();
                }
                recent.kept.push_back(happened.clone());
            }
            // Nobody listens: nobody needs to know.
            drop(self.teller.send(Heard::Event(happened)));
        }
    }

    /// Tells those who listen here what another machine has told.
    pub(crate) fn pass_on(&self, group: u64, events: Vec<Event>) {
        for event in events {
            drop(
                self.teller
                    .send(Heard::Event(Arc::new(Happened { group, event }))),
            );
        }
    }

    /// Tells those who listen here that something may have happened in a group elsewhere which nobody has told.
    pub(crate) fn tell_of_gap(&self, group: u64) {
        drop(self.teller.send(Heard::Missed(Some(group))));
    }

    /// What has happened in a group here since a place, how far that reaches, and whether it is all.
    pub(crate) fn since(&self, group: u64, place: Option<Place>) -> (Vec<Event>, Place, bool) {
        let recent = self.recent();
        let now = Place {
            life: recent.life,
            count: recent.count,
        };
        let first = recent.count - recent.kept.len() as u64;
        let Some(from) =
            place.filter(|place| place.life == now.life && (first..=now.count).contains(&place.count))
        else {
            return (Vec::new(), now, place.is_none());
        };
        let skip = usize::try_from(from.count - first).unwrap_or(usize::MAX);
        let new = recent
            .kept
            .iter()
            .skip(skip)
            .filter(|happened| happened.group == group);
        let mut events: Vec<Event> = new.map(|happened| happened.event.clone()).collect();
        let is_all = events.len() <= TOLD_MAX;
        events.truncate(TOLD_MAX);
        (events, now, is_all)
    }

    /// Hears what happens from now on.
    pub(crate) fn listen(&self) -> Listener {
        Listener(self.teller.subscribe())
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who listens.
#[derive(Debug)]
pub struct Listener(broadcast::Receiver<Heard>);

impl Listener {
    /// The next event; `None` when the machine has stopped.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.0.recv().await {
            Ok(heard) => Some(heard),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Heard::Missed(None)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tertulia_types::AccountId;

    fn edges(account: AccountId) -> Event {
        Event::Edges { account }
    }

    #[test]
    fn another_machine_hears_what_it_has_not_heard_or_that_it_missed_some() {
        let events = Events::default();
        let who = AccountId::MIN;
        events.tell(1, vec![edges(who)]);
        let (told, place, is_all) = events.since(1, None);
        assert!(told.is_empty() && is_all, "it begins now");
        events.tell(1, vec![edges(who)]);
        events.tell(2, vec![edges(who), edges(who)]);
        let (told, next, is_all) = events.since(1, Some(place));
        assert_eq!((told, is_all), (vec![edges(who)], true));
        assert_eq!(events.since(1, Some(next)), (Vec::new(), next, true));
        for _ in 0..BEHIND_MAX {
            events.tell(2, vec![edges(who)]);
        }
        assert!(!events.since(1, Some(place)).2, "not all of them are kept");
        let other = Place {
            life: !next.life,
            ..next
        };
        assert!(!events.since(1, Some(other)).2, "it has started anew");
    }
}
