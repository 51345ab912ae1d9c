//! Carries news of the address books from machine to machine: each compares its own with another's now and then, and at once when its own has changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::seq::IteratorRandom;
use tertulia_types::MachineId;
use tertulia_types::ring::EventKind;
use tokio_util::sync::CancellationToken;

use crate::ask::{Caller, Compare, Exchange};
use crate::census;
use crate::driver::Driver;
use crate::failure::Unavailable;
use crate::peers::{Book, State};
use crate::stage::Stage;

/// Between two comparisons, when nothing happens.
const INTERVAL: Duration = Duration::from_secs(2);
/// Machines that are told at once.
const TOLD_AT_ONCE: usize = 4;
/// How long one question may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// Between two rounds at least, so that many changes are told together.
const PAUSE: Duration = Duration::from_millis(50);

/// Spreads the news.
pub(crate) struct Gossip {
    pub(crate) me: MachineId,
    pub(crate) book: Arc<Book>,
    pub(crate) driver: Arc<Driver>,
    pub(crate) caller: Caller,
    /// Where signatures are checked.
    pub(crate) stage: Stage,
}

impl Gossip {
    /// Works until told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut changed = self.book.watch();
        let mut known = self.states();
        let work = async {
            loop {
                let is_news = tokio::select! {
                    () = tokio::time::sleep(INTERVAL.mul_f64(rand::rng().random_range(0.5..1.5))) => false,
                    told = changed.changed() => told.is_ok(),
                };
                changed.mark_unchanged();
                self.heed(&mut known);
                let count = if is_news { TOLD_AT_ONCE } else { 1 };
                let others = self.others().into_iter().sample(&mut rand::rng(), count);
                let compared = others.into_iter().map(|machine| self.compare(machine));
                futures::future::join_all(compared).await;
                tokio::time::sleep(PAUSE).await;
            }
        };
        let _: Option<()> = stop.run_until_cancelled(work).await;
    }

    /// Makes two books say the same.
    pub(crate) async fn compare(&self, machine: MachineId) {
        let exchanged: Result<(), Unavailable> = async {
            let digest = self.book.digest();
            let Some(theirs) = self.caller.ask(machine, Compare { digest }, DEADLINE).await? else {
                return Ok(());
            };
            let exchange = Exchange {
                summary: self.book.summary(),
                news: self.book.newer_than(&theirs),
            };
            let news = self.caller.ask(machine, exchange, DEADLINE).await?;
            let book = self.book.clone();
            self.stage.blocking(move || book.merge(news)).await;
            Ok(())
        }
        .await;
        if let Err(why) = exchanged {
            self.driver.doubt(machine);
            tracing::debug!(%machine, %why, "no news are exchanged with a machine");
        }
    }

    /// Lets the ring know who has left for good, and whoever listens what has changed since what is known.
    fn heed(&self, known: &mut BTreeMap<MachineId, State>) {
        let now = self.states();
        for (machine, state) in &now {
            if matches!(state, State::Left | State::Removed) && *machine != self.me {
                self.driver.forget(*machine);
            }
            let kind = match (known.get(machine), state) {
                (Some(before), now) if before == now => continue,
                (Some(State::Leaving), State::Active) => continue,
                (_, State::Active) => EventKind::Joined,
                (_, State::Leaving) => EventKind::Leaving,
                (_, State::Left) => EventKind::Left,
                (_, State::Removed) => EventKind::Removed,
            };
            self.driver.tell(kind, *machine, None);
        }
        *known = now;
    }

    fn states(&self) -> BTreeMap<MachineId, State> {
        let all = self.book.all().into_iter();
        all.map(|entry| (entry.machine, entry.state)).collect()
    }

    fn others(&self) -> Vec<MachineId> {
        census::machines(&self.book)
            .into_iter()
            .map(|entry| entry.machine)
            .filter(|machine| *machine != self.me && !self.driver.is_in_doubt(*machine))
            .collect()
    }
}
