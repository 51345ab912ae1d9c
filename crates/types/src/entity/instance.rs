//! The service about itself: what apps read before anything else.
//!
//! **Invariant:** 225 characters are announced in every place where some app looks (docs/apps.md: toot reads version 1,
//! Pinafore `max_toot_chars`, Elk and Phanpy version 2).

use super::{Account, EmptyList, Rule};
use serde::{Deserialize, Serialize};

/// The service, version 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Instance {
    /// Host, and port if it is not the usual one.
    pub domain: String,
    /// The ring's name.
    pub title: String,
    /// In the shape of Mastodon's, for apps that look for features by it.
    pub version: String,
    /// Where the program comes from.
    pub source_url: String,
    /// A sentence or two.
    pub description: String,
    /// How many people.
    pub usage: Usage,
    /// A picture.
    pub thumbnail: Thumbnail,
    /// Icons: none.
    pub icon: EmptyList,
    /// Languages spoken here, as ISO 639-1 codes.
    pub languages: Vec<String>,
    /// Addresses and limits.
    pub configuration: Limits,
    /// Whether newcomers can register.
    pub registrations: Registrations,
    /// Whom to ask.
    pub contact: Contact,
    /// Rules of the house.
    pub rules: Vec<Rule>,
    /// Which revision of the API this is.
    pub api_versions: ApiVersions,
}

/// The service, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceV1 {
    /// Host, and port if it is not the usual one: toot uses it as the domain.
    pub uri: String,
    /// The ring's name.
    pub title: String,
    /// One sentence.
    pub short_description: String,
    /// A sentence or two.
    pub description: String,
    /// Whom to write to: empty.
    pub email: String,
    /// As in version 2.
    pub version: String,
    /// Addresses.
    pub urls: InstanceV1Urls,
    /// How many people and dweets.
    pub stats: Stats,
    /// A picture.
    pub thumbnail: Option<String>,
    /// Languages spoken here, as ISO 639-1 codes.
    pub languages: Vec<String>,
    /// Whether newcomers can register.
    pub registrations: bool,
    /// Whether somebody must approve them: no.
    pub approval_required: bool,
    /// Whether ordinary people may invite.
    pub invites_enabled: bool,
    /// Limits.
    pub configuration: LimitsV1,
    /// The longest dweet, where old apps look for it.
    pub max_toot_chars: usize,
    /// An account to ask: none.
    pub contact_account: Option<Account>,
    /// Rules of the house.
    pub rules: Vec<Rule>,
}

/// How much the service is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// People.
    pub users: UsageUsers,
}

/// How many people use the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageUsers {
    /// How many were here in the last month.
    pub active_month: u64,
}

/// A picture of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Thumbnail {
    /// Its address.
    pub url: String,
}

/// Whether newcomers can register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Registrations {
    /// Whether they can.
    pub enabled: bool,
    /// Whether somebody must approve them.
    pub approval_required: bool,
    /// What they are told when they cannot.
    pub message: Option<String>,
}

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contact {
    /// An address: empty.
    pub email: String,
    /// An account: none.
    pub account: Option<Account>,
}

/// Which revision of the API this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiVersions {
    /// Of Mastodon's API.
    pub mastodon: u32,
}

/// Addresses, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceV1Urls {
    /// Where to open a WebSocket.
    pub streaming_api: String,
}

/// How many people and dweets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// Accounts.
    pub user_count: u64,
    /// Dweets.
    pub status_count: u64,
    /// Services: this one.
    pub domain_count: u64,
}

/// Addresses and limits, version 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limits {
    /// Addresses; Elk reads `streaming` unguarded.
    pub urls: InstanceUrls,
    /// The key for Web Push.
    pub vapid: Vapid,
    /// Of accounts.
    pub accounts: AccountLimits,
    /// Of dweets.
    pub statuses: StatusLimits,
    /// Of media: there are none.
    pub media_attachments: MediaLimits,
    /// Of polls: there are none.
    pub polls: PollLimits,
    /// Whether dweets are translated: no.
    pub translation: Translation,
}

/// Limits, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitsV1 {
    /// Of accounts.
    pub accounts: AccountLimits,
    /// Of dweets.
    pub statuses: StatusLimits,
    /// Of media: there are none.
    pub media_attachments: MediaLimits,
    /// Of polls: there are none.
    pub polls: PollLimits,
}

/// Addresses, version 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceUrls {
    /// Where to open a WebSocket.
    pub streaming: String,
}

/// The key for Web Push, which would need the Internet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Vapid {
    /// Empty.
    pub public_key: String,
}

/// Limits of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountLimits {
    /// How many hashtags can be featured.
    pub max_featured_tags: u32,
    /// How many dweets can be pinned.
    pub max_pinned_statuses: u32,
}

/// Limits of dweets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusLimits {
    /// The longest.
    pub max_characters: usize,
    /// How many pictures.
    pub max_media_attachments: u32,
    /// What an address counts.
    pub characters_reserved_per_url: usize,
}

/// Limits of media: there are none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MediaLimits {
    /// What can be uploaded.
    pub supported_mime_types: EmptyList,
    /// In bytes.
    pub image_size_limit: u64,
    /// In pixels.
    pub image_matrix_limit: u64,
    /// In bytes.
    pub video_size_limit: u64,
    /// Per second.
    pub video_frame_rate_limit: u64,
    /// In pixels.
    pub video_matrix_limit: u64,
}

/// Limits of polls: there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PollLimits {
    /// How many answers.
    pub max_options: u32,
    /// The longest answer.
    pub max_characters_per_option: u32,
    /// The shortest poll, in seconds.
    pub min_expiration: u32,
    /// The longest poll, in seconds.
    pub max_expiration: u32,
}

/// Whether dweets are translated: no.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Translation {
    /// No.
    pub enabled: bool,
}
