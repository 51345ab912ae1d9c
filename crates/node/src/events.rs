//! What was applied here, told to those who watch: the courier, streams, caches.
//!
//! **Invariant:** an event is told after its effects can be read. Events are hints: who misses one reads the tables.

use std::sync::Arc;

use tertulia_state::Event;
use tokio::sync::broadcast;

/// Events that a slow listener may fall behind; then it is told that it missed some.
const BEHIND_MAX: usize = 4096;

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
    /// It was too slow: some events were not kept for it.
    Missed,
}

/// The events of all groups of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Events(broadcast::Sender<Arc<Happened>>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::channel(BEHIND_MAX).0)
    }
}

impl Events {
    /// Tells all who listen.
    pub(crate) fn tell(&self, group: u64, events: Vec<Event>) {
        for event in events {
            // Nobody listens: nobody needs to know.
            drop(self.0.send(Arc::new(Happened { group, event })));
        }
    }

    /// Hears what happens from now on.
    pub(crate) fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

/// One who listens.
#[derive(Debug)]
pub struct Listener(broadcast::Receiver<Arc<Happened>>);

impl Listener {
    /// The next event; `None` when the machine has stopped.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.0.recv().await {
            Ok(happened) => Some(Heard::Event(happened)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Heard::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
