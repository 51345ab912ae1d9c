//! Clients in a closed loop: each sends, waits for the answer, and sends again.
//!
//! All of them live on one thread, so that the loader takes one processor at most.
//!
//! **Invariant:** only what was answered between the end of the warm-up and the end of the time is counted.
//!
//! Deliberately absent: an open loop (arrivals at a rate). What is asked here is how much goes through.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long to load.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Loaded, but not counted.
    pub warm: Duration,
    /// Counted.
    pub counted: Duration,
}

/// One client of a load.
pub trait Client {
    /// Sends one request and waits for its answer.
    ///
    /// # Errors
    /// When it was not carried out: that ends the whole measurement.
    fn once(&mut self) -> impl Future<Output = Result<()>>;
}

/// What a load gave.
#[derive(Debug, Default)]
pub struct Outcome {
    latencies_us: Vec<u32>,
    counted: Duration,
}

impl Outcome {
    /// Of the latencies of answers that came within a time.
    #[must_use]
    pub fn of(mut latencies_us: Vec<u32>, counted: Duration) -> Self {
        latencies_us.sort_unstable();
        Self {
            latencies_us,
            counted,
        }
    }

    /// Answers per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.count() as f64 / self.counted.as_secs_f64()
    }

    /// Answers in all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.latencies_us.len()
    }

    /// The time within which this share of the answers came, in milliseconds.
    #[must_use]
    pub fn within_ms(&self, share: f64) -> f64 {
        let last = self.latencies_us.len().saturating_sub(1);
        let at = (last as f64 * share) as usize;
        self.latencies_us
            .get(at)
            .map_or(0.0, |us| f64::from(*us) / 1000.0)
    }
}

/// Lets the clients run as planned. Must be called inside a `LocalSet`.
///
/// # Errors
/// The first error of a client.
pub async fn run<C: Client + 'static>(plan: Plan, clients: Vec<C>) -> Result<Outcome> {
    let begin = Instant::now() + plan.warm;
    let end = begin + plan.counted;
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn_local(repeat(client, begin, end));
    }
    let mut latencies_us = Vec::new();
    while let Some(ended) = running.join_next().await {
        latencies_us.extend(ended.context("a client")??);
    }
    Ok(Outcome::of(latencies_us, plan.counted))
}

async fn repeat(mut client: impl Client, begin: Instant, end: Instant) -> Result<Vec<u32>> {
    let mut latencies_us = Vec::new();
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(latencies_us);
        }
        client.once().await?;
        let answered = Instant::now();
        if answered >= begin && answered < end {
            latencies_us.push((answered - sent).as_micros().try_into().unwrap_or(u32::MAX));
        }
    }
}

/// A number that several clients of one thread draw from.
#[derive(Debug, Clone, Default)]
pub struct Counter(Rc<std::cell::Cell<u64>>);

impl Counter {
    /// The next number; the first is 1.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }

    /// How many were drawn since this was asked last; it begins anew.
    #[must_use]
    pub fn take(&self) -> u64 {
        self.0.take()
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;
    use std::time::Duration;

    #[test]
    fn quantiles_come_from_the_sorted_latencies() {
        let outcome = Outcome {
            latencies_us: (1..=1000).collect(),
            counted: Duration::from_secs(2),
        };
        assert!((outcome.within_ms(0.5) - 0.5).abs() < 0.01);
        assert!((outcome.within_ms(0.99) - 0.99).abs() < 0.01);
        assert!((outcome.per_second() - 500.0).abs() < f64::EPSILON);
        assert!(Outcome::default().within_ms(0.99) < f64::EPSILON);
    }
}
