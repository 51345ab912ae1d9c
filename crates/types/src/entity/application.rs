//! OAuth: apps that were registered, and the tokens that they get.

use serde::{Deserialize, Serialize};

/// An app, as anyone may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Application {
    /// The app's id.
    pub id: String,
    /// The name it gave.
    pub name: String,
    /// The home page it gave.
    pub website: Option<String>,
    /// What it may ask for.
    pub scopes: Vec<String>,
    /// Where it may be sent back to.
    pub redirect_uris: Vec<String>,
    /// All of `redirect_uris`, one per line.
    pub redirect_uri: String,
    /// The key for Web Push, which needs the Internet: empty.
    pub vapid_key: String,
}

/// An app, as its maker sees it once, at registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialApplication {
    /// What anyone may see.
    #[serde(flatten)]
    pub application: Application,
    /// What it calls itself by.
    pub client_id: String,
    /// What it proves itself by.
    pub client_secret: String,
    /// When the secret ends: 0, never.
    pub client_secret_expires_at: u64,
}

/// A token that was just given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// The secret itself: shown this once.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// What it permits, separated by spaces.
    pub scope: String,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
}
