//! Up to where somebody has read.

use super::Timestamp;
use serde::{Deserialize, Serialize};

/// Up to where somebody has read one timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Marker {
    /// The newest id that was read; `0` when nothing was.
    pub last_read_id: String,
    /// Grows with each change.
    pub version: u64,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// The markers that were asked for; Elk reads them unguarded, so what was asked for is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Markers {
    /// Of the home timeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<Marker>,
    /// Of the notifications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notifications: Option<Marker>,
}
