//! What `fuzz/` calls of this crate beside its public face: thin doors. There is no copy of anything here.

use tertulia_types::entity;

use crate::dweet::Dweet;
use crate::notification::Notification;
use crate::profile::{Profile, profile_of};

/// A dweet of a machine's answer.
#[must_use]
pub fn dweet(status: entity::Status) -> Dweet {
    Dweet::of(status)
}

/// A profile of a machine's answer.
#[must_use]
pub fn profile(account: entity::Account) -> Profile {
    profile_of(account, None)
}

/// A notification of a machine's answer.
#[must_use]
pub fn notification(notification: entity::Notification) -> Notification {
    Notification::of(notification)
}
