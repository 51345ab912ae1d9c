//! Who asks for something: an account, by one of its sessions.

use serde::{Deserialize, Serialize};
use tertulia_types::AccountId;

/// SHA-256 of a token's secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SecretHash(pub [u8; 32]);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// Who acts, by which session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The account that the token names.
    pub account: AccountId,
    /// The hash of its secret.
    pub session: SecretHash,
}
