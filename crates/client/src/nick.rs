//! Nicks as people type them.

use crate::failure::{Failure, Misuse};
use tertulia_types::Nick;

/// A nick as typed, checked; a leading `@` does not matter.
pub fn checked(typed: &str) -> Result<Nick, Failure> {
    let bare = typed.trim();
    let bare = bare.strip_prefix('@').unwrap_or(bare);
    bare.parse()
        .map_err(|_| Misuse::NotANick(typed.trim().to_owned()).into())
}
