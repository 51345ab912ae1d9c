//! How long something takes, whatever else the computer is about.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// For how long this thread has had a processor; where the system does not say so, for how long there has been one.
#[must_use]
pub fn worked() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let said = std::fs::read_to_string("/proc/thread-self/schedstat");
    let worked_ns = said.ok().and_then(|said| said.split(' ').next()?.parse().ok());
    worked_ns.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}
