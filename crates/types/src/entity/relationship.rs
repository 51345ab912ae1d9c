//! How one stands to somebody.

use super::EmptyList;
use serde::{Deserialize, Serialize};

/// How the person who asks stands to the account `id`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Relationship {
    /// The other account.
    pub id: String,
    /// Whether one follows it.
    pub following: bool,
    /// Whether its redweets are shown.
    pub showing_reblogs: bool,
    /// Whether each of its dweets is notified.
    pub notifying: bool,
    /// Only dweets in these languages are shown: all.
    pub languages: EmptyList,
    /// Whether it follows one.
    pub followed_by: bool,
    /// Whether one blocks it.
    pub blocking: bool,
    /// Whether it blocks one.
    pub blocked_by: bool,
    /// Whether one mutes it.
    pub muting: bool,
    /// Whether its notifications are muted too.
    pub muting_notifications: bool,
    /// Whether a follow waits for consent: never.
    pub requested: bool,
    /// Whether it waits for one's consent: never.
    pub requested_by: bool,
    /// Whether one blocks its service: never.
    pub domain_blocking: bool,
    /// Whether one features it: never.
    pub endorsed: bool,
    /// A private note about it: empty.
    pub note: String,
}
