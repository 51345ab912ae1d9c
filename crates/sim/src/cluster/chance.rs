//! Streams of chance that follow from a run's seed, one for each thing that draws: so that a new draw in one place leaves the others as they were.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A stream of chance.
pub struct Chance(StdRng);

impl Chance {
    /// The stream of this name in the run with this seed.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        // FNV-1a, begun with the seed: the names are ours, and few.
        let mixed = name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(StdRng::seed_from_u64(mixed))
    }

    /// True so many times in a thousand.
    pub fn permille(&mut self, of: u32) -> bool {
        self.0.random_range(0..1000) < of
    }

    /// A number below `bound`; 0 if there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            0
        } else {
            self.0.random_range(0..bound)
        }
    }

    /// A number between the two, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0.random_range(least..=most.max(least))
    }

    /// Milliseconds between the two, both included.
    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// One of them, if there are any.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.index(of.len()))
    }

    /// Some of them, each as likely as not, in their order.
    pub fn some<T: Clone>(&mut self, of: &[T]) -> Vec<T> {
        of.iter().filter(|_| self.permille(500)).cloned().collect()
    }

    /// An index into so many; 0 if there are none.
    pub fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    fn draws(seed: u64, name: &str) -> Vec<u64> {
        let mut chance = Chance::new(seed, name);
        (0..8).map(|_| chance.below(u64::MAX)).collect()
    }

    #[test]
    fn a_stream_follows_from_seed_and_name() {
        assert_eq!(draws(7, "net"), draws(7, "net"));
        assert_ne!(draws(7, "net"), draws(8, "net"));
        assert_ne!(draws(7, "net"), draws(7, "plan"));
    }
}
