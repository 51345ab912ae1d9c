//! The community as everybody sees it: who may register, its rules, invitations; how it grows; reports.

use super::{Date, Named, Timestamp};
use crate::community::Registration;
use serde::{Deserialize, Serialize};

/// What a community has settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Community {
    /// The ring's name.
    pub title: String,
    /// Who may register: `open`, `invitation` or `closed`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub registration: Registration,
    /// Whether everybody may invite, or moderators only.
    pub members_may_invite: bool,
    /// What this place is; may be empty.
    pub description: String,
    /// The rules of the house.
    pub rules: Vec<String>,
    /// What newcomers are told; may be empty.
    pub welcome: String,
}

/// A rule of the house, as Mastodon's apps read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rule {
    /// Its number in the list, from 1.
    pub id: String,
    /// What it says.
    pub text: String,
    /// More about it: nothing.
    pub hint: String,
}

/// An invitation, as the one who made it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invitation {
    /// Its number.
    pub id: String,
    /// What to give to newcomers; shown once, when it is made.
    pub code: Option<String>,
    /// What it is for.
    pub note: String,
    /// How many accounts it is good for.
    pub uses_max: u32,
    /// How many have used it.
    pub uses: u32,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether it was taken back.
    pub revoked: bool,
}

/// An invitation, as a newcomer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invited {
    /// Who invites.
    pub by: Named,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A day of the ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrowthDay {
    /// Which, by UTC.
    pub day: Date,
    /// Accounts that were made.
    pub accounts: u64,
    /// Dweets that were published.
    pub dweets: u64,
}

/// How a report was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resolution {
    /// By whom.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub note: String,
}

/// A report, as moderators read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    /// Its number.
    pub id: String,
    /// When it was filed.
    pub at: Timestamp,
    /// By whom.
    pub by: Named,
    /// About whom.
    pub about: Named,
    /// The ids of the dweets that it names.
    pub dweets: Vec<String>,
    /// What there is to say.
    pub comment: String,
    /// `spam`, `violation`, `legal` or `other`.
    pub category: String,
    /// How it was settled; null: it waits.
    pub resolution: Option<Resolution>,
}
