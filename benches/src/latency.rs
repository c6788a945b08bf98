//! How long each of many things took.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::Serialize;

/// Longest latency that is told apart, in microseconds: a minute. Longer ones count as this.
const LONGEST_US: u64 = 60_000_000;
/// Digits that a latency is exact to.
const DIGITS: u8 = 3;

/// Collects latencies.
#[derive(Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, LONGEST_US, DIGITS)?))
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        self.0
            .saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US));
    }

    pub(crate) fn add(&mut self, other: &Self) -> Result<()> {
        Ok(self.0.add(&other.0)?)
    }

    /// How many there were from each power of two of microseconds up to the next, from the first to the last that has any.
    pub(crate) fn by_power_of_two(&self) -> Vec<(u64, u64)> {
        let mut counts: Vec<(u64, u64)> = Vec::new();
        for step in self.0.iter_recorded() {
            let from = 1 << step.value_iterated_to().max(1).ilog2();
            while counts.last().is_some_and(|(last, _)| *last < from) {
                let next = counts.last().map_or(from, |(last, _)| last * 2);
                counts.push((next, 0));
            }
            if counts.is_empty() {
                counts.push((from, 0));
            }
            if let Some((_, count)) = counts.last_mut() {
                *count += step.count_since_last_iteration();
            }
        }
        counts
    }

    pub(crate) fn figures(&self) -> Quantiles {
        let ms = |us: u64| us as f64 / 1000.0;
        Quantiles {
            samples: self.0.len(),
            p50_ms: ms(self.0.value_at_quantile(0.5)),
            p99_ms: ms(self.0.value_at_quantile(0.99)),
            max_ms: ms(self.0.max()),
        }
    }
}

/// Latencies in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Quantiles {
    pub(crate) samples: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn quantiles_are_in_milliseconds_and_the_longest_counts_as_a_minute() {
        let mut latencies = Latencies::new().unwrap();
        for ms in 1..=100 {
            latencies.record(Duration::from_millis(ms));
        }
        let figures = latencies.figures();
        assert_eq!(figures.samples, 100);
        assert!((figures.p50_ms - 50.0).abs() < 0.1 && (figures.p99_ms - 99.0).abs() < 0.1);
        latencies.record(Duration::from_secs(3_600));
        assert!(latencies.figures().max_ms > 59_000.0);
    }
    #[test]
    fn powers_of_two_hold_all_and_leave_no_gap() {
        let mut latencies = Latencies::new().unwrap();
        for us in [1, 5, 6, 7, 40] {
            latencies.record(Duration::from_micros(us));
        }
        let counts = latencies.by_power_of_two();
        assert_eq!(counts, [(1, 1), (2, 0), (4, 3), (8, 0), (16, 0), (32, 1)]);
    }
}
