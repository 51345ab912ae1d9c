//! Histograms as openraft asks for them, and nothing else.
//!
//! openraft counts the sizes of its batches in histograms. The library that it takes them from fills tables for sixteen resolutions, 26 MB, when the first
//! one is made, and openraft uses a single resolution: nearly half of what an idle machine may take. This crate has the library's name and the few names
//! that openraft uses of it, and stands in its place.
//!
//! **Invariant:** a percentile is at most the value that was recorded, and more than three quarters of it.
//!
//! Deliberately absent: slots that slide with time, other resolutions, interpolation within a bucket.

use std::fmt;
use std::marker::PhantomData;

/// Two bits behind the leading one tell buckets apart.
const PRECISION_BITS: u32 = 2;
const PER_POWER: usize = 1 << PRECISION_BITS;
/// Values below [`PER_POWER`] have a bucket each; every higher power of two has as many.
const BUCKETS: usize = PER_POWER * (u64::BITS - PRECISION_BITS + 1) as usize;

/// How often values of each size were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram<T = ()> {
    /// Empty until the first value.
    buckets: Vec<u64>,
    total: u64,
    /// The library attaches a note to each period of time; here there is one period, and no note.
    note: PhantomData<T>,
}

impl<T> Default for Histogram<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Histogram<T> {
    /// One that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buckets: Vec::new(),
            total: 0,
            note: PhantomData,
        }
    }

    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts a value that was seen several times.
    pub fn record_n(&mut self, value: u64, count: u64) {
        if self.buckets.is_empty() {
            self.buckets.resize(BUCKETS, 0);
        }
        if let Some(bucket) = self.buckets.get_mut(bucket_of(value)) {
            *bucket = bucket.saturating_add(count);
            self.total = self.total.saturating_add(count);
        }
    }

    /// How many values were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The least value of the bucket in which this share of all values is reached; 0 without any.
    #[must_use]
    pub fn percentile(&self, share: f64) -> u64 {
        let rank = (self.total as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0_u64;
        for (number, count) in self.buckets.iter().enumerate() {
            seen = seen.saturating_add(*count);
            if seen >= rank {
                return least_of(number);
            }
        }
        0
    }

    /// The usual percentiles.
    #[must_use]
    pub fn percentile_stats(&self) -> PercentileStats {
        PercentileStats {
            samples: self.total,
            p0_1: self.percentile(0.001),
            p1: self.percentile(0.01),
            p5: self.percentile(0.05),
            p10: self.percentile(0.1),
            p50: self.percentile(0.5),
            p90: self.percentile(0.9),
            p99: self.percentile(0.99),
            p99_9: self.percentile(0.999),
        }
    }
}

fn bucket_of(value: u64) -> usize {
    match value.checked_ilog2() {
        Some(power) if power >= PRECISION_BITS => {
            let shift = power - PRECISION_BITS;
            let within = (value >> shift) as usize & (PER_POWER - 1);
            PER_POWER * (shift as usize + 1) + within
        }
        Some(_) | None => value as usize,
    }
}

fn least_of(bucket: usize) -> u64 {
    let (group, within) = (bucket / PER_POWER, (bucket % PER_POWER) as u64);
    match group.checked_sub(1) {
        None => within,
        Some(shift) => (PER_POWER as u64 | within) << shift,
    }
}

/// What share of the values is at most how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PercentileStats {
    /// How many values there were.
    pub samples: u64,
    /// One in a thousand is at most this.
    pub p0_1: u64,
    /// One in a hundred is at most this.
    pub p1: u64,
    /// One in twenty is at most this.
    pub p5: u64,
    /// One in ten is at most this.
    pub p10: u64,
    /// Half of them are at most this.
    pub p50: u64,
    /// Nine in ten are at most this.
    pub p90: u64,
    /// 99 in a hundred are at most this.
    pub p99: u64,
    /// 999 in a thousand are at most this.
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            samples,
            p50,
            p90,
            p99,
            ..
        } = self;
        write!(f, "{samples} samples, half at most {p50}, 90 % {p90}, 99 % {p99}")
    }
}

/// Several histograms, to be printed one below the other.
#[derive(Clone, Debug, Default)]
pub struct AsciiChart {
    series: Vec<(String, PercentileStats)>,
}

impl AsciiChart {
    /// Without any.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more.
    #[must_use]
    pub fn add(mut self, name: &str, histogram: Histogram) -> Self {
        self.series.push((name.to_owned(), histogram.percentile_stats()));
        self
    }

    /// As it is to be printed.
    #[must_use]
    pub fn detailed(&self) -> &Self {
        self
    }
}

impl fmt::Display for AsciiChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.series
            .iter()
            .try_for_each(|(name, stats)| writeln!(f, "{name}: {stats}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_into_the_bucket_that_begins_at_or_closely_below_it() {
        let values = (0..200_000).chain((17..64).flat_map(|power| {
            let value = 1_u64 << power;
            [value - 1, value, value + value / 2]
        }));
        for value in values.chain([u64::MAX]) {
            let bucket = bucket_of(value);
            assert!(bucket < BUCKETS, "{value}");
            let least = least_of(bucket);
            assert!(
                least <= value && least > value / 4 * 3 || least == value,
                "{value}: {least}"
            );
            assert_eq!(bucket_of(least), bucket, "{value}");
        }
    }

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut histogram = Histogram::<()>::new();
        assert_eq!(histogram.percentile(0.5), 0);
        histogram.record_n(3, 90);
        histogram.record_n(1024, 9);
        histogram.record(65_536);
        let stats = histogram.percentile_stats();
        assert_eq!(
            (
                stats.samples,
                stats.p0_1,
                stats.p50,
                stats.p90,
                stats.p99,
                stats.p99_9
            ),
            (100, 3, 3, 3, 1024, 65_536)
        );
        let chart = AsciiChart::new().add("batches", histogram);
        assert_eq!(
            chart.detailed().to_string(),
            "batches: 100 samples, half at most 3, 90 % 3, 99 % 1024\n"
        );
    }
}
