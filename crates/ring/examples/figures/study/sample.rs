//! Samples of small whole numbers, and what is said of them.

use std::collections::BTreeMap;

/// How often each value was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    counts: BTreeMap<u64, u64>,
    total: u64,
}

impl Sample {
    pub(crate) fn add(&mut self, value: u64) {
        *self.counts.entry(value).or_default() += 1;
        self.total += 1;
    }

    pub(crate) fn add_all(&mut self, other: &Self) {
        for (&value, &count) in &other.counts {
            *self.counts.entry(value).or_default() += count;
        }
        self.total += other.total;
    }

    pub(crate) fn mean(&self) -> f64 {
        let sum: u64 = self.counts.iter().map(|(value, count)| value * count).sum();
        sum as f64 / self.total.max(1) as f64
    }

    /// The smallest value that at least this share of the sample does not exceed.
    pub(crate) fn percentile(&self, percent: u64) -> u64 {
        let mut seen = 0;
        for (&value, &count) in &self.counts {
            seen += count;
            if seen * 100 >= self.total * percent {
                return value;
            }
        }
        0
    }

    pub(crate) fn max(&self) -> u64 {
        self.counts.last_key_value().map_or(0, |(&value, _)| value)
    }

    /// The share of this value in the sample.
    pub(crate) fn share(&self, value: u64) -> f64 {
        self.counts.get(&value).copied().unwrap_or_default() as f64 / self.total.max(1) as f64
    }
}
