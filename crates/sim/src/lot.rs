//! Lots: chance that can be had again, by its seed.

/// Draws lots (xorshift; Marsaglia 2003).
#[derive(Clone, Debug)]
pub struct Lot(u64);

impl Lot {
    /// Lots by a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds are spread, and zero would stay zero for ever.
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15).max(1))
    }

    /// A number below `limit`; zero where that is zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.checked_rem(limit).unwrap_or_default()
    }

    /// One of these.
    ///
    /// # Panics
    /// When there is none.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let at = self.below(choices.len() as u64);
        usize::try_from(at)
            .ok()
            .and_then(|at| choices.get(at))
            .expect("something to choose from")
    }
}

#[cfg(test)]
mod tests {
    use super::Lot;

    #[test]
    fn the_same_seed_draws_the_same_lots_and_another_one_others() {
        let drawn = |seed| {
            let mut lot = Lot::new(seed);
            (0..20).map(|_| lot.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        assert!(drawn(7).iter().all(|number| *number < 1_000));
    }
}
