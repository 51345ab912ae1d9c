//! What several modules' tests need.

use tertulia_types::AccountId;

/// An account by its number.
pub(crate) fn account(number: i64) -> AccountId {
    AccountId::from_number(number << 16).expect("a small number")
}

/// The machine's time: openmls looks at its clock too when it looks at packages.
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "only tests have a clock"
)]
pub(crate) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since
        .expect("after 1970")
        .as_millis()
        .try_into()
        .expect("before the end of time")
}
