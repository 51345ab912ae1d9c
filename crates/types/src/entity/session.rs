//! Where somebody is logged in.

use super::Timestamp;
use serde::{Deserialize, Serialize};

/// A login that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The session's id.
    pub id: String,
    /// What it was opened with: an app's name, or what the person called the device.
    pub label: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}
