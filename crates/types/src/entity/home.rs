//! What Mastodon has no word for: how much of the home timeline is still unseen.

use super::Status;
use serde::{Deserialize, Serialize};

/// How many dweets of the home timeline wait to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unseen {
    /// How many; exact up to 800.
    pub count: u64,
    /// Whether there are more than `count`.
    pub more: bool,
}

/// The answer to asking for more of the home timeline: newest unseen first, then older.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct More {
    /// Newest first.
    pub dweets: Vec<Status>,
    /// What is unseen still, after these.
    pub unseen: Unseen,
    /// Whether asking again brings more (older ones, once nothing is unseen).
    pub older: bool,
}
