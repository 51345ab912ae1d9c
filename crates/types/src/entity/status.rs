//! A dweet, or somebody's redweet of one.

use super::{Account, EmptyList, Timestamp};
use serde::{Deserialize, Serialize};

/// A dweet. A redweet is one with an id of its own whose `reblog` is the original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// The dweet's id; the redweet's for a redweet.
    pub id: String,
    /// When it was published.
    pub created_at: Timestamp,
    /// The dweet that this one answers.
    pub in_reply_to_id: Option<String>,
    /// The author of the dweet that this one answers.
    pub in_reply_to_account_id: Option<String>,
    /// Whether it is hidden until asked for.
    pub sensitive: bool,
    /// The content warning; empty if there is none.
    pub spoiler_text: String,
    /// For whom it is.
    pub visibility: Visibility,
    /// In which language, as an ISO 639-1 code.
    pub language: Option<String>,
    /// A name for it that no other service has.
    pub uri: String,
    /// Where a browser shows it: `https://host/@nick/id`.
    pub url: Option<String>,
    /// How many replies.
    pub replies_count: u64,
    /// How many redweets.
    pub reblogs_count: u64,
    /// How many favourites.
    pub favourites_count: u64,
    /// When it was changed last.
    pub edited_at: Option<Timestamp>,
    /// The text, as HTML.
    pub content: String,
    /// The original, if this is a redweet.
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub reblog: Option<Box<Status>>,
    /// With what it was written.
    pub application: Option<StatusApplication>,
    /// Who wrote it; who redweeted it, for a redweet.
    pub account: Account,
    /// Pictures: none.
    pub media_attachments: EmptyList,
    /// Who is named in it.
    pub mentions: Vec<Mention>,
    /// Its hashtags.
    pub tags: Vec<StatusTag>,
    /// Custom emoji: none.
    pub emojis: EmptyList,
    /// A preview of a link: none.
    pub card: (),
    /// A poll: none.
    pub poll: (),
    /// The text as it was typed; only in the answer to a deletion, so that it can be written anew.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// Whether the person who asks favourited it; absent without a token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub favourited: Option<bool>,
    /// Whether the person who asks redweeted it; absent without a token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reblogged: Option<bool>,
    /// Whether the person who asks muted its conversation; absent without a token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub muted: Option<bool>,
    /// Whether the person who asks bookmarked it; absent without a token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bookmarked: Option<bool>,
    /// Whether it is pinned; only on one's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pinned: Option<bool>,
    /// Which filters it met: none; absent without a token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub filtered: Option<EmptyList>,
}

/// For whom a dweet is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody, in all timelines.
    #[default]
    Public,
    /// Everybody, but not in public timelines.
    Unlisted,
    /// Followers, and who is named in it.
    Private,
    /// Who is named in it: refused here, because the ring's machines could read it. Private messages are for that.
    Direct,
}

/// With what a dweet was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusApplication {
    /// The app's name.
    pub name: String,
    /// The app's home page.
    pub website: Option<String>,
}

/// Somebody named in a dweet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mention {
    /// Their account.
    pub id: String,
    /// Their nick.
    pub username: String,
    /// Their nick.
    pub acct: String,
    /// Their profile.
    pub url: String,
}

/// A hashtag of a dweet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusTag {
    /// The name, without `#`.
    pub name: String,
    /// Where its dweets are.
    pub url: String,
}

/// What stands around a dweet in its conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Context {
    /// What it answers, oldest first.
    pub ancestors: Vec<Status>,
    /// What answers it, depth first.
    pub descendants: Vec<Status>,
}

/// A dweet as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusSource {
    /// The dweet's id.
    pub id: String,
    /// The plain text.
    pub text: String,
    /// The content warning as plain text.
    pub spoiler_text: String,
}

/// A form of a dweet over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Edit {
    /// The text, as HTML.
    pub content: String,
    /// The content warning.
    pub spoiler_text: String,
    /// Whether it was hidden until asked for.
    pub sensitive: bool,
    /// Since when it was so.
    pub created_at: Timestamp,
    /// Who wrote it.
    pub account: Account,
    /// Pictures: none.
    pub media_attachments: EmptyList,
    /// Custom emoji: none.
    pub emojis: EmptyList,
}
