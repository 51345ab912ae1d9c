//! Verbs: the typed requests to a home. A *command* goes through the log and changes the state; a *query* reads it.
//!
//! A verb knows its home and its reply; whoever routes it needs to know nothing else. Each noun has its verbs in its own file;
//! [`crate::language`] lists them all.

use crate::actor::Actor;
use crate::error::Outcome;
use crate::request::Request;
use crate::tx::{Tx, View};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tertulia_types::{Position, Scopes};

/// A typed request to the home of a position.
pub trait Verb: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What a success answers.
    type Reply: Serialize + DeserializeOwned + Send + 'static;

    /// Where it must be answered: by the group whose range holds this position.
    fn home(&self) -> Position;
}

/// A verb that changes the state, through the log.
pub trait Command: Verb {
    /// Whose session must be valid here, and for what, before anything else is looked at (rule P1).
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        None
    }

    /// Under which key the reply is remembered for repeats (rule P6).
    fn request(&self) -> Option<Request> {
        None
    }

    /// Whether somebody's app may be behind it. All others are said by machines that store only: by a home to another, or by
    /// the ring to itself.
    fn is_of_people(&self) -> bool {
        self.authority().is_some()
    }

    /// The effect. Deterministic: it sees the tables of its own group and range, and the stamp; nothing else.
    ///
    /// # Errors
    /// `Rejected` undoes this command alone; a `Fault` stops the group on this machine.
    fn apply(&self, tx: &mut Tx<'_>) -> Outcome<Self::Reply>;
}

/// A verb that reads.
pub trait Query: Verb {
    /// Whose session must be valid here, and for what (rule P1).
    fn authority(&self) -> Option<(&Actor, Scopes)> {
        None
    }

    /// The answer, read in one read transaction.
    ///
    /// # Errors
    /// `Rejected` is an answer; a `Fault` stops the group on this machine.
    fn read(&self, view: &View<'_>) -> Outcome<Self::Reply>;
}
