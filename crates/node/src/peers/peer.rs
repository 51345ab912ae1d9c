//! Another machine, as its caller knows it: the streams that are open to it, and what came of calls. Who calls it is `client`.
//!
//! **Invariant:** two processes with one identity are not both listened to: when another one comes, the one that is here is asked whether it still lives.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tertulia_types::MachineId;
use tokio::sync::watch;
use tokio::time::Instant;

use super::link::Link;
use super::wire::{Class, Life, Refusal};

/// A process that does not answer within this is not there any more.
const PROBE_TIME_MAX: Duration = Duration::from_secs(1);
/// Streams of one class to one machine: each end may have called, and one may be about to be given up.
const LINKS_MAX: usize = 4;

/// Why a call did not get through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Misdial {
    #[error("the book has no address of it")]
    NoAddress,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("TLS: {0}")]
    Tls(rustls::Error),
    #[error("it does not answer")]
    Silent,
    #[error("it does not speak the language of machines: {0}")]
    Strange(String),
    #[error("{0}")]
    Refused(#[from] Refusal),
}

/// What is known of the ways to another machine.
pub(crate) struct Peer {
    pub(crate) machine: MachineId,
    pub(super) state: Mutex<State>,
    pub(super) changed: watch::Sender<()>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) ways: BTreeMap<Class, Way>,
    pub(super) trouble: Option<String>,
}

#[derive(Default)]
pub(super) struct Way {
    pub(super) links: Vec<Arc<Link>>,
    pub(super) dial: Dial,
}

#[derive(Default)]
pub(super) enum Dial {
    #[default]
    Idle,
    Underway,
    Failed {
        count: u32,
        until: Instant,
        tried: Vec<String>,
    },
}

impl Peer {
    pub(crate) fn new(machine: MachineId) -> Self {
        Self {
            machine,
            state: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// Another process says that it is this machine, or the same one again. Streams of one that does not answer any more are closed.
    pub(crate) async fn make_way(&self, life: Life) -> Result<(), Refusal> {
        let others = {
            let state = self.state();
            let links = state.ways.values().flat_map(|way| &way.links);
            let is_another = |link: &&Arc<Link>| link.life != life && !link.is_closed();
            links.filter(is_another).cloned().collect::<Vec<_>>()
        };
        let asked = others.iter().map(|other| other.is_answering(PROBE_TIME_MAX));
        if futures::future::join_all(asked).await.contains(&true) {
            return Err(Refusal::SecondSelf);
        }
        for gone in others {
            gone.close();
        }
        Ok(())
    }

    /// Takes a stream into use, if nobody else is that machine.
    pub(crate) async fn take(&self, class: Class, link: &Arc<Link>) -> Result<(), Refusal> {
        while !self.has_taken(class, link) {
            self.make_way(link.life).await?;
        }
        self.changed.send_replace(());
        Ok(())
    }

    fn has_taken(&self, class: Class, link: &Arc<Link>) -> bool {
        let mut state = self.state();
        for way in state.ways.values_mut() {
            way.links.retain(|known| !known.is_closed());
        }
        let mut known = state.ways.values().flat_map(|way| &way.links);
        if known.any(|known| known.life != link.life) {
            return false;
        }
        let way = state.ways.entry(class).or_default();
        if way.links.len() >= LINKS_MAX {
            way.links.remove(0).close();
        }
        way.links.push(link.clone());
        if matches!(way.dial, Dial::Failed { .. }) {
            way.dial = Dial::Idle;
        }
        state.trouble = None;
        true
    }

    /// Closes all streams.
    pub(crate) fn close(&self) {
        for way in self.state().ways.values_mut() {
            way.links.drain(..).for_each(|link| link.close());
        }
    }

    pub(crate) fn is_linked(&self) -> bool {
        let state = self.state();
        let mut links = state.ways.values().flat_map(|way| &way.links);
        links.any(|link| !link.is_closed())
    }

    /// What went wrong last, if nothing has gone right since.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
