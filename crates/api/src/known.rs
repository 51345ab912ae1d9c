//! What was asked of the whole ring a moment ago, so that however many ask it is asked rarely.
//!
//! **Invariant:** each is locked while it is asked for: whoever comes next waits for this answer instead of asking again.

use serde_json::Value;
use std::time::{Duration, Instant};
use tertulia_types::community::Settlement;
use tertulia_types::entity::GrowthDay;
use tokio::sync::{Mutex, MutexGuard};

/// An answer, and when it was given.
pub(crate) struct Kept<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Kept<T> {
    /// The answer if it is not older than this; else the place for another one, which nobody else asks for meanwhile.
    pub(crate) async fn look(&self, age_max: Duration) -> Result<T, Place<'_, T>> {
        let kept = self.0.lock().await;
        match &*kept {
            Some((at, answer)) if at.elapsed() < age_max => Ok(answer.clone()),
            Some(_) | None => Err(Place(kept)),
        }
    }

    /// Forgets it.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

/// The place for an answer.
pub(crate) struct Place<'a, T>(MutexGuard<'a, Option<(Instant, T)>>);

impl<T: Clone> Place<'_, T> {
    /// The answer that was too old: better than none.
    pub(crate) fn last(&self) -> Option<T> {
        self.0.as_ref().map(|(_, answer)| answer.clone())
    }

    /// Keeps an answer of now.
    pub(crate) fn keep(mut self, answer: T) -> T {
        *self.0 = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// All that is kept.
#[derive(Default)]
pub(crate) struct Known {
    /// What the community has settled.
    pub(crate) settlement: Kept<Settlement>,
    /// How the ring has grown.
    pub(crate) days: Kept<Vec<GrowthDay>>,
    /// The ring's picture, as it is shown.
    pub(crate) picture: Kept<Value>,
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use std::time::Duration;

    #[tokio::test]
    async fn an_answer_is_kept_until_it_is_too_old_or_forgotten() {
        let (kept, long) = (Kept::<u32>::default(), Duration::from_secs(3600));
        let Err(place) = kept.look(long).await else {
            panic!("nothing was kept");
        };
        assert_eq!(place.keep(7), 7);
        assert!(matches!(kept.look(long).await, Ok(7)));
        let Err(place) = kept.look(Duration::ZERO).await else {
            panic!("it is too old");
        };
        assert_eq!(place.last(), Some(7));
        drop(place);
        kept.forget().await;
        assert!(kept.look(long).await.is_err());
    }
}
