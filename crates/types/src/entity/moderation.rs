//! What moderators see, and what they decide.

use super::{Account, Timestamp};
use crate::moderation::Role;
use serde::{Deserialize, Serialize};

/// Somebody as moderators see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dossier {
    /// Their profile, also while they are suspended.
    pub account: Account,
    /// Their role.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub role: Role,
    /// Whether they are suspended.
    pub suspended: bool,
}

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decision {
    /// Its number in the log.
    pub id: String,
    /// Whether the home that it concerns has taken it; if not, it is on its way there, and the log will say what came of it.
    pub done: bool,
}

/// Somebody by id and nick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Named {
    /// The account's id.
    pub id: String,
    /// The nick.
    pub nick: String,
}

/// An entry of the log of what moderators did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deed {
    /// Its number.
    pub id: String,
    /// When it was decided.
    pub at: Timestamp,
    /// By whom; null: by the operator of a machine.
    pub by: Option<Named>,
    /// The machine whose operator it was.
    pub machine: Option<String>,
    /// What: `give_role`, `suspend`, `unsuspend`, `delete_dweet`, …; there may be more.
    pub measure: String,
    /// About whom, if it is about somebody.
    pub whom: Option<Named>,
    /// What more there is to say of it: the role, the dweet, …
    pub detail: Option<String>,
    /// Why, in the moderator's words; may be empty.
    pub why: String,
    /// Why the home that it concerns refused it; null: it was done.
    pub refused: Option<String>,
}
