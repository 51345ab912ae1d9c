//! Named moments between two steps of a message's way, at which a test may kill this program: nothing may be lost there, and nothing come
//! twice. Only programs built for development can be killed so.

/// The variable that names the moment.
#[cfg(debug_assertions)]
const KILL_AT: &str = "TERTULIA_KILL_AT";

/// The program dies here, if this is the moment at which it is to die.
#[cfg(debug_assertions)]
pub(crate) fn moment(name: &str) {
    if std::env::var_os(KILL_AT).is_some_and(|at| at == *name) {
        std::process::abort();
    }
}

/// Nothing happens.
#[cfg(not(debug_assertions))]
pub(crate) const fn moment(_: &str) {}
