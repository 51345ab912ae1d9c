//! Lets the couriers of this machine rest for a while, so that a backup shows all homes at one moment.
//!
//! What one home owes another is in its outbox until it has been carried. While nothing is carried in the whole ring, copies of all groups that are made one
//! after the other fit together: what has been carried is in the copy of the home that got it, since that copy is younger; what has not is in the copy of the
//! home that owes it. Without that, a copy could have an effect whose cause the other copy has not, or have neither the effect nor the errand.
//!
//! **Invariant:** a hold begins when what was under way has come to its end, and ends by itself: nobody can let a ring rest for ever.
//! **Invariant:** one hold at a time; whoever renews or ends it learns whether it has lasted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::time::Instant;

/// The longest time that is granted at once.
pub(crate) const HOLD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long what is under way may take to come to its end: somewhat longer than a call of a courier.
const QUIET_TIME_MAX: Duration = Duration::from_secs(8);

/// Where couriers ask whether they may carry.
#[derive(Clone, Default)]
pub(crate) struct Hold {
    /// Read by whoever carries, written by whoever holds: fair, so that a hold comes to its turn.
    carrying: Arc<RwLock<()>>,
    held: Arc<Mutex<Option<Held>>>,
}

/// A hold that lasts.
struct Held {
    /// For which backup.
    by: u64,
    until: Instant,
    _nobody_carries: OwnedRwLockWriteGuard<()>,
}

impl Hold {
    /// Something is carried until the value is dropped; waits while all rest.
    pub(crate) async fn carry(&self) -> OwnedRwLockReadGuard<()> {
        self.carrying.clone().read_owned().await
    }

    /// Begins to hold. Whether it does: another one may, or what is under way takes too long.
    pub(crate) async fn begin(&self, by: u64, lasts: Duration) -> bool {
        let quiet = self.carrying.clone().write_owned();
        let Ok(nobody_carries) = tokio::time::timeout(QUIET_TIME_MAX, quiet).await else {
            return false;
        };
        let held = Held {
            by,
            until: Instant::now() + lasts.min(HOLD_TIME_MAX),
            _nobody_carries: nobody_carries,
        };
        *self.lock() = Some(held);
        let hold = self.clone();
        tokio::spawn(async move { hold.end_in_time(by).await });
        true
    }

    /// Makes it last longer. Whether it has lasted until now.
    pub(crate) fn renew(&self, by: u64, lasts: Duration) -> bool {
        match self.lock().as_mut() {
            Some(held) if held.by == by => {
                held.until = Instant::now() + lasts.min(HOLD_TIME_MAX);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Ends it. Whether it has lasted until now.
    pub(crate) fn end(&self, by: u64) -> bool {
        self.lock().take_if(|held| held.by == by).is_some()
    }

    async fn end_in_time(&self, by: u64) {
        loop {
            let until = match self.lock().as_ref() {
                Some(held) if held.by == by => held.until,
                Some(_) | None => return,
            };
            tokio::time::sleep_until(until).await;
            let is_over = |held: &mut Held| held.by == by && held.until <= Instant::now();
            if self.lock().take_if(is_over).is_some() {
                tracing::warn!(
                    "whoever makes a backup says nothing any more; what homes owe each other is carried again"
                );
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const LASTS: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn v5_nothing_is_carried_while_all_rest_and_what_was_under_way_comes_to_its_end_first() {
        let hold = Hold::default();
        let carried = hold.carry().await;
        let mut beginning = Box::pin(hold.begin(1, LASTS));
        assert!(
            beginning.as_mut().now_or_never().is_none(),
            "something is under way"
        );
        assert!(
            hold.carry().now_or_never().is_none(),
            "nothing new begins meanwhile"
        );
        drop(carried);
        assert!(beginning.await);
        assert!(hold.carry().now_or_never().is_none());
        assert!(hold.renew(1, LASTS) && !hold.renew(2, LASTS));
        assert!(!hold.end(2) && hold.end(1) && !hold.end(1));
        assert!(hold.carry().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn v5_a_hold_that_nobody_renews_ends_and_its_backup_learns_of_it() {
        let hold = Hold::default();
        assert!(hold.begin(1, LASTS).await);
        assert!(!hold.begin(2, LASTS).await, "one at a time");
        tokio::time::sleep(LASTS).await;
        drop(hold.carry().await);
        assert!(!hold.renew(1, LASTS) && !hold.end(1));
        assert!(hold.begin(2, LASTS).await);
    }
}
