//! The clock of this computer.

use std::time::{SystemTime, UNIX_EPOCH};
use tertulia_types::entity::Timestamp;

/// Now, by this computer's clock.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
