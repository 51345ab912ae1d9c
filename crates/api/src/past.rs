//! What has happened on the ring since this machine was started, for those who ask from time to time.
//!
//! **Invariant:** only so much is remembered; whoever asks too late is told that there is a gap.

use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tertulia_node::Node;
use tertulia_types::ring::RingEvent;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Events that are remembered.
const EVENTS_MAX: usize = 500;

/// What has happened. Places in it are named by a number of this process and a count, so that another machine's place is known for one.
pub(crate) struct Past {
    life: u32,
    /// How many there were before those that are remembered, and they.
    told: Mutex<(u64, VecDeque<RingEvent>)>,
}

/// What happened behind a place.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Told {
    /// The oldest first.
    #[schema(value_type = Vec<Object>)]
    events: Vec<RingEvent>,
    /// From where to ask next.
    next: String,
    /// Whether more happened than is told: look at the whole picture again.
    missed: bool,
}

impl Past {
    /// Listens to what happens from now on, until `closing`.
    pub(crate) fn of(node: &Node, closing: &CancellationToken) -> Arc<Self> {
        let past = Arc::new(Self {
            life: rand::random(),
            told: Mutex::default(),
        });
        let (mut events, remembered) = (node.ring_events(), past.clone());
        tokio::spawn(closing.clone().run_until_cancelled_owned(async move {
            loop {
                match events.recv().await {
                    Ok(event) => remembered.remember(Some(event)),
                    Err(RecvError::Lagged(_)) => remembered.remember(None),
                    Err(RecvError::Closed) => return,
                }
            }
        }));
        past
    }

    /// Remembers an event; none: some were missed, so that what came before is no whole story.
    fn remember(&self, event: Option<RingEvent>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, events) = &mut *told;
        match event {
            Some(event) => events.push_back(event),
            None => {
                *before += events.len() as u64 + 1;
                events.clear();
            }
        }
        while events.len() > EVENTS_MAX {
            events.pop_front();
            *before += 1;
        }
    }

    /// What happened behind a place; without one, all that is remembered.
    pub(crate) fn since(&self, place: Option<&str>) -> Told {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, events) = &*told;
        let end = before + events.len() as u64;
        let known = place.and_then(|place| {
            let (life, count) = place.split_once('-')?;
            let is_ours = u32::from_str_radix(life, 16) == Ok(self.life);
            count.parse::<u64>().ok().filter(|count| is_ours && *count <= end)
        });
        let from = known.unwrap_or(*before).max(*before);
        let skipped = usize::try_from(from - before).unwrap_or(usize::MAX);
        Told {
            events: events.iter().skip(skipped).cloned().collect(),
            next: format!("{:08x}-{end}", self.life),
            missed: place.is_some() && known.is_none_or(|known| known < *before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EVENTS_MAX, Past};
    use std::sync::Mutex;
    use tertulia_types::ring::{EventKind, RingEvent};

    fn event(time_ms: u64) -> RingEvent {
        RingEvent {
            time_ms,
            kind: EventKind::Leader,
            machine: None,
            group: None,
        }
    }

    #[test]
    fn events_are_told_once_from_a_place_on_and_gaps_are_said() {
        let past = Past {
            life: 7,
            told: Mutex::default(),
        };
        let times = |told: &super::Told| told.events.iter().map(|event| event.time_ms).collect::<Vec<_>>();
        let begin = past.since(None);
        assert!(begin.events.is_empty() && !begin.missed);
        past.remember(Some(event(1)));
        past.remember(Some(event(2)));
        let two = past.since(Some(&begin.next));
        assert_eq!((times(&two), two.missed), (vec![1, 2], false));
        assert!(past.since(Some(&two.next)).events.is_empty());
        for time in 3..(EVENTS_MAX as u64 + 4) {
            past.remember(Some(event(time)));
        }
        let late = past.since(Some(&begin.next));
        assert_eq!((late.events.len(), late.missed), (EVENTS_MAX, true));
        assert!(!past.since(Some(&late.next)).missed);
        past.remember(None);
        let gap = past.since(Some(&late.next));
        assert!(gap.events.is_empty() && gap.missed);
        for strange in ["00000008-0", "x", "", "00000007-99999"] {
            assert!(past.since(Some(strange)).missed, "{strange}");
        }
    }
}
