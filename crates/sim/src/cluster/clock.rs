//! The machines' clocks: virtual time, and by how much each of them is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tertulia_node::Clock;

use super::trace::Trace;

/// When runs begin: 15 January 2027.
const BEGIN_MS: i64 = 1_800_000_000_000;

/// A machine's clock; it goes on being wrong when the machine starts again. Clones are the same clock.
#[derive(Clone)]
pub struct Skewed {
    trace: Trace,
    wrong_by_ms: Arc<AtomicI64>,
}

impl Skewed {
    /// A clock that is right.
    #[must_use]
    pub fn new(trace: Trace) -> Self {
        Self {
            trace,
            wrong_by_ms: Arc::default(),
        }
    }

    /// Sets the clock forward, or back.
    pub fn jump(&self, by_ms: i64) {
        self.wrong_by_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// By how much it is wrong.
    #[must_use]
    pub fn wrong_by_ms(&self) -> i64 {
        self.wrong_by_ms.load(Ordering::Relaxed)
    }

    /// The clock as a machine takes it.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let this = self.clone();
        Arc::new(move || {
            let now_ms = i64::try_from(this.trace.now_ms()).unwrap_or(i64::MAX);
            u64::try_from(BEGIN_MS + now_ms + this.wrong_by_ms()).unwrap_or(0)
        })
    }
}
