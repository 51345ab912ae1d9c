//! Each bug that can be planted is found, and by the invariant that is there for it.
//!
//! Which course a seed takes depends on every line of the code; so a test does not rely on one: it tries seeds until one finds the bug, and there is a limit.

use tertulia_sim::cluster::invariant::{acknowledged, count, delivery, owner};
use tertulia_types::Bug;

use crate::process::run_with;

/// Seeds that are tried at most: many more than are needed as a rule.
const SEEDS_MAX: u64 = 40;

/// Runs seeds from this one on, for so many seconds of virtual time, until one finds the bug, and that by one of these invariants.
fn is_found(bug: Bug, from: u64, length_s: u64, by: &[&str]) {
    for seed in from..from + SEEDS_MAX {
        let outcome = run_with(seed, length_s, &["--plant", bug.name()]);
        if let Some(breach) = outcome.breaches.first() {
            assert!(
                by.iter().any(|name| breach.invariant == *name),
                "something else is wrong: {outcome}"
            );
            return;
        }
    }
    panic!("{} is not found by {SEEDS_MAX} seeds from {from} on", bug.name());
}

#[test]
fn a_group_that_does_not_check_what_it_owns_is_found() {
    is_found(Bug::UncheckedOwner, 0, 5, &[acknowledged::NAME]);
}

#[test]
fn c2_a_read_that_does_not_wait_is_found() {
    is_found(Bug::HastyRead, 0, 5, &[acknowledged::NAME]);
}

#[test]
fn r2_a_raft_id_that_is_used_again_with_an_empty_disk_is_found() {
    let by = [acknowledged::NAME, owner::NAME, "nothing panics"];
    is_found(Bug::IdUsedAgain, 5, 5, &by);
}

#[test]
fn o4_what_counts_twice_because_it_was_carried_twice_is_found() {
    is_found(Bug::CountedTwice, 0, 3, &[count::NAME]);
}

#[test]
fn p6_a_request_key_that_a_split_loses_is_found() {
    is_found(Bug::ForgottenKeys, 2, 5, &[acknowledged::NAME]);
}

#[test]
fn v1_a_learner_that_counts_as_a_voter_is_found() {
    is_found(Bug::LearnerVotes, 0, 1, &["liveness"]);
}

#[test]
fn t4_what_stays_of_an_author_whom_nobody_follows_any_more_is_found() {
    is_found(Bug::KeptEntries, 0, 2, &[delivery::NAME]);
}
