//! An answer that is not what was asked for.

use serde::{Deserialize, Serialize};

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refusal {
    /// What happened, and what to do, for a person; for OAuth the code that the standard gives.
    pub error: String,
    /// What happened, for a person, where the standard wants `error` to be a code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error_description: Option<String>,
    /// What happened, for a program: stable words in `snake_case`.
    #[serde(default)]
    pub code: String,
}
