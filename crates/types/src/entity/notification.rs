//! What others did that concerns one.

use super::{Account, Status, Timestamp};
use serde::{Deserialize, Serialize};

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notification {
    /// The notification's id.
    pub id: String,
    /// What was done.
    #[serde(rename = "type")]
    pub kind: NotificationKind,
    /// When.
    pub created_at: Timestamp,
    /// Who did it.
    pub account: Account,
    /// The dweet it is about; none for a follow.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<Status>,
    /// By what apps group notifications: each stands alone.
    pub group_key: String,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum NotificationKind {
    /// Named one in a dweet, or replied.
    Mention,
    /// Redweeted one's dweet.
    Reblog,
    /// Favourited one's dweet.
    Favourite,
    /// Followed one.
    Follow,
}
