//! Why a home refuses a verb: deterministic, the same on every copy, and the user's business.
//!
//! **Invariant:** variants are only added at the end: they travel between machines of different versions and lie in
//! remembered replies.

use crate::position::Range;
use serde::{Deserialize, Serialize};

/// A refusal. What a person reads is made from it at the surface, in their language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Rejected {
    /// The group that was asked does not own the position; this is the range that it does own.
    #[error("this group owns {range}, and not what was asked for")]
    Moved {
        /// What the answering group owns.
        range: Range,
        /// The group's epoch.
        epoch: u64,
    },
    /// The nick belongs, or once belonged, to someone else.
    #[error("this nick is taken")]
    NickTaken,
    /// There is no such account, dweet, application, …, or the asker may not know of it.
    #[error("not found")]
    NotFound,
    /// The session is unknown, closed or expired.
    #[error("the session is not valid: log in again")]
    NoSession,
    /// The session's scopes do not allow this.
    #[error("the application is not allowed to do this")]
    OutOfScope,
    /// Wrong nick or password.
    #[error("wrong nick or password")]
    WrongPassword,
    /// The account's owner has blocked the asker, or the other way round.
    #[error("blocked")]
    Blocked,
    /// One cannot do this to oneself.
    #[error("one cannot do this to oneself")]
    Oneself,
    /// A bound was reached; the text names it.
    #[error("limit reached: {0}")]
    Limit(String),
    /// What was sent cannot be taken; the text says why.
    #[error("{0}")]
    Invalid(String),
    /// The request key was used before for another request.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// The source changed in between: ask again.
    #[error("changed meanwhile: try again")]
    Conflict,
    /// Not allowed for this dweet, for example redweeting one that is for followers only.
    #[error("not allowed")]
    Forbidden,
    /// The range that ends there is another machine's (rule J2).
    #[error("another machine has this end of a range: ask for another one")]
    EndTaken,
    /// The range has one slot only (rule J2).
    #[error("this range cannot be divided any more: join as a replica")]
    Indivisible,
    /// The device is not one of the person's (any more).
    #[error("this device is not one of the account's devices")]
    NoDevice,
    /// The message was written for other devices than the recipient has now.
    #[error("the recipient's devices have changed: look at them again")]
    StaleDevices,
    /// The one who wants to log in is suspended.
    #[error("this account is suspended: ask those who run this place")]
    Suspended,
    /// The one who asks has not the role for it, or the other one's is as high.
    #[error("your role does not allow this")]
    RoleNeeded,
    /// Nobody can register here.
    #[error("nobody can register here at the moment")]
    RegistrationClosed,
    /// Whoever registers here needs an invitation.
    #[error("registering here needs an invitation: ask somebody who is here for one")]
    InvitationNeeded,
    /// The invitation is good for nobody, or not any more.
    #[error("this invitation is not good any more, or never was: ask for another one")]
    BadInvitation,
}
