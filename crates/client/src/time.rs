//! The clock of this computer.

use std::time::{SystemTime, UNIX_EPOCH};
use tertulia_types::entity::Timestamp;

/// Now, by this computer's clock.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The same, as a number that is not negative.
#[must_use]
pub(crate) fn now_ms() -> u64 {
    u64::try_from(now().unix_ms).unwrap_or(0)
}
