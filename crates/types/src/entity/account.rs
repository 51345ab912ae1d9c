//! A person, as others see them and as they see themselves.

use super::{Date, EmptyList, Timestamp, Visibility};
use serde::{Deserialize, Serialize};

/// Somebody's profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// The account's id.
    pub id: String,
    /// The nick.
    pub username: String,
    /// The nick again: there is no other service to name.
    pub acct: String,
    /// The display name, or the nick if there is none.
    pub display_name: String,
    /// Whether follows need consent: never.
    pub locked: bool,
    /// Whether a program writes here: never known.
    pub bot: bool,
    /// Whether the profile may be recommended: always.
    pub discoverable: bool,
    /// Whether this is a group: never.
    pub group: bool,
    /// Whether search engines may index: never.
    pub indexable: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// The bio, as HTML.
    pub note: String,
    /// The profile's address.
    pub url: String,
    /// The profile's address, again.
    pub uri: String,
    /// Address of the picture.
    pub avatar: String,
    /// Address of the picture.
    pub avatar_static: String,
    /// Address of the banner.
    pub header: String,
    /// Address of the banner.
    pub header_static: String,
    /// How many follow this person.
    pub followers_count: u64,
    /// How many this person follows.
    pub following_count: u64,
    /// How many dweets and redweets are on the profile.
    pub statuses_count: u64,
    /// The day of the newest dweet.
    pub last_status_at: Option<Date>,
    /// Custom emoji in name or bio: none.
    pub emojis: EmptyList,
    /// Profile fields: none.
    pub fields: EmptyList,
    /// Public roles: none.
    pub roles: EmptyList,
}

/// One's own profile, with what an edit form needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialAccount {
    /// What others see.
    #[serde(flatten)]
    pub account: Account,
    /// What was typed, before it was rendered.
    pub source: Source,
    /// What this person may do.
    pub role: Role,
}

/// A profile as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Source {
    /// The bio as plain text.
    pub note: String,
    /// Profile fields: none.
    pub fields: EmptyList,
    /// For whom new dweets are, unless said otherwise.
    pub privacy: Visibility,
    /// Whether new dweets are sensitive, unless said otherwise.
    pub sensitive: bool,
    /// The language of new dweets; empty when not set.
    pub language: String,
    /// Follows that wait for consent: none.
    pub follow_requests_count: u64,
}

/// A role: an ordinary person's, a moderator's or an admin's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Role {
    /// The role's id.
    pub id: String,
    /// Its name: empty for ordinary people.
    pub name: String,
    /// Its colour: none.
    pub color: String,
    /// What it permits, as a bit set in decimal: nothing.
    pub permissions: String,
    /// Whether it is shown on the profile.
    pub highlighted: bool,
}

impl Default for Role {
    /// The role of an ordinary person (Mastodon's id for "everyone" is -99).
    fn default() -> Self {
        Self {
            id: "-99".to_owned(),
            name: String::new(),
            color: String::new(),
            permissions: "0".to_owned(),
            highlighted: false,
        }
    }
}
