//! A few seeds, as short as they can be and still have trouble in them.

use crate::process::run;

/// Seconds of virtual time in which things go wrong.
const LENGTH_S: u64 = 10;

fn nothing_is_broken(seed: u64) {
    let outcome = run(seed, LENGTH_S);
    assert!(outcome.breaches.is_empty(), "{outcome}");
    assert!(outcome.counts(), "too little has happened: {outcome}");
    assert!(outcome.acknowledged > 20, "people could do too little: {outcome}");
}

#[test]
fn nothing_is_broken_by_the_first_seed() {
    nothing_is_broken(1);
}

#[test]
fn nothing_is_broken_by_the_second_seed() {
    nothing_is_broken(2);
}
