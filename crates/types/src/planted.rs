//! Bugs to order: for seeing that what watches over a ring would notice them.
//!
//! Each is a place in the code that does the wrong thing when its bug is planted, in one line that names it. The simulated cluster must find each of
//! them (`make sim PLANT=NAME`, and a test for each).
//!
//! **Invariant:** a program that is built to be released has nothing of it: there no bug can be planted, and the compiler takes the lines away.

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// Whether a group owns a position is not checked when a command is applied.
    UncheckedOwner = 1,
    /// A read does not wait until the database shows what was committed before it came (C1, C2).
    HastyRead,
    /// A copy whose database is gone begins anew under the Raft id that it had (R2).
    IdUsedAgain,
    /// What a courier carries twice counts twice (O4).
    CountedTwice,
    /// The child of a split does not know which requests were answered (P6).
    ForgottenKeys,
    /// A learner counts as a voter (V1).
    LearnerVotes,
    /// What a group has of an author stays when its last follower has left (T4).
    KeptEntries,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::UncheckedOwner,
        Self::HastyRead,
        Self::IdUsedAgain,
        Self::CountedTwice,
        Self::ForgottenKeys,
        Self::LearnerVotes,
        Self::KeptEntries,
    ];

    /// What it is called on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UncheckedOwner => "unchecked-owner",
            Self::HastyRead => "hasty-read",
            Self::IdUsedAgain => "id-used-again",
            Self::CountedTwice => "counted-twice",
            Self::ForgottenKeys => "forgotten-keys",
            Self::LearnerVotes => "learner-votes",
            Self::KeptEntries => "kept-entries",
        }
    }

    /// The bug of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bug| bug.name() == name)
    }
}

#[cfg(debug_assertions)]
mod soil {
    use super::Bug;
    use std::sync::atomic::{AtomicU8, Ordering};

    /// The bug that is planted in this process; 0 for none.
    static PLANTED: AtomicU8 = AtomicU8::new(0);

    impl Bug {
        /// From now on it is in all machines of this process.
        pub fn plant(self) {
            PLANTED.store(self as u8, Ordering::Relaxed);
        }

        /// Whether it is planted.
        #[must_use]
        pub fn is_planted(self) -> bool {
            PLANTED.load(Ordering::Relaxed) == self as u8
        }
    }
}

#[cfg(not(debug_assertions))]
impl Bug {
    /// It never is.
    #[must_use]
    pub const fn is_planted(self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::Bug;

    #[test]
    fn each_bug_is_found_by_its_name_and_none_is_planted() {
        for bug in Bug::ALL {
            assert_eq!(Bug::named(bug.name()), Some(bug));
            assert!(!bug.is_planted(), "{}", bug.name());
        }
        assert_eq!(Bug::named("none"), None);
    }
}
