//! What is found out about a request while it is carried out, for the layers around its handler.

use std::cell::Cell;

tokio::task_local! {
    /// What was found out about the request under way.
    pub(crate) static NOTED: Cell<Noted>;
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Noted {
    /// The session was found valid. A token's account is only claimed until then, and who claims another's account must not use up its limit.
    pub(crate) session_is_valid: bool,
    /// Not all groups have answered (T11).
    pub(crate) is_partial: bool,
}

fn note(change: impl FnOnce(&mut Noted)) {
    // Outside of a request (a stream that reads on) there is nobody to tell.
    let noting = |noted: &Cell<Noted>| {
        let mut new = noted.get();
        change(&mut new);
        noted.set(new);
    };
    NOTED.try_with(noting).ok();
}

/// Says that the session of the request under way is valid.
pub(crate) fn session_is_valid() {
    note(|noted| noted.session_is_valid = true);
}

/// Says that a part of the answer to the request under way is missing.
pub(crate) fn answer_is_partial() {
    note(|noted| noted.is_partial = true);
}
