//! How often, how long, how many.

/// A stretch of time from which each wait is drawn anew, so that machines never fall into step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The shortest wait.
    pub min_ms: u64,
    /// The longest wait.
    pub max_ms: u64,
}

/// What a ring of machines agrees on by convention. Machines with different settings understand each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many successors are kept, at least twice the number of copies: the ring holds together as long as not all of
    /// them fail between two stabilisations. 1 to [`Settings::SUCCESSORS_MAX`].
    pub successors: usize,
    /// How many of the successors, besides the predecessor, are asked for a sign of life in each round. The rest of the
    /// list and the fingers are asked in turn, one in each round.
    pub watched: usize,
    /// From one round of probes to the next.
    pub probe: Interval,
    /// From one stabilisation to the next.
    pub stabilise: Interval,
    /// From the refreshing of one finger to that of the next.
    pub finger: Interval,
    /// How many probes in a row a machine leaves unanswered before it is suspected.
    pub misses: u32,
    /// How many others are asked to probe a suspect before it is held dead (k of SWIM).
    pub probers: usize,
    /// How long an answer may take.
    pub reply_timeout_ms: u64,
    /// How much too late a machine may wake before it doubts itself instead of others.
    pub late_ms: u64,
    /// How many times a join is tried before it is given up.
    pub join_attempts: u32,
    /// How long a machine that is held dead, or has left, is not believed in because others still mention it.
    pub hearsay_ms: u64,
    /// Where the machine's dice begin. Machines should have different ones.
    pub seed: u64,
}

impl Settings {
    /// The longest list of successors, and the longest that is accepted from others.
    pub const SUCCESSORS_MAX: usize = 64;
}

impl Default for Settings {
    /// For machines of one house or town: a silent neighbour is suspected within 3 s and dropped after about 4 s.
    fn default() -> Self {
        Self {
            successors: 10,
            watched: 4,
            probe: Interval {
                min_ms: 500,
                max_ms: 800,
            },
            stabilise: Interval {
                min_ms: 500,
                max_ms: 1000,
            },
            finger: Interval {
                min_ms: 1000,
                max_ms: 3000,
            },
            misses: 3,
            probers: 3,
            reply_timeout_ms: 400,
            late_ms: 400,
            join_attempts: 5,
            hearsay_ms: 30_000,
            seed: 0,
        }
    }
}
