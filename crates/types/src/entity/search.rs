//! What a search found.

use super::{Account, Status};
use serde::{Deserialize, Serialize};

/// What a search found: always three lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Search {
    /// People.
    pub accounts: Vec<Account>,
    /// Dweets.
    pub statuses: Vec<Status>,
    /// Hashtags.
    pub hashtags: Vec<Tag>,
}

/// A hashtag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tag {
    /// The name, without `#`.
    pub name: String,
    /// Where its dweets are.
    pub url: String,
    /// How often it was used, by day: not counted.
    pub history: Vec<TagUse>,
    /// Whether one follows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub following: Option<bool>,
}

/// How often a hashtag was used on one day; numbers are strings, as Mastodon has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TagUse {
    /// The day, in seconds since 1970.
    pub day: String,
    /// Dweets.
    pub uses: String,
    /// People.
    pub accounts: String,
}
