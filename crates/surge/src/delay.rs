//! How late reports come.

use thiserror::Error;

/// Most bins for which reports of one are waited for: two days of hours, a year of weeks.
pub const MAX_DELAY_BINS: usize = 52;

/// Which part of a bin's incidents is known at the end of that bin, of the next, and so on until all are. What comes later counts for nothing,
/// in baselines neither: by then the bin has been judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Delay {
    known: Vec<f64>,
}

/// Why numbers are no delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DelayError {
    /// There must be 1 to [`MAX_DELAY_BINS`] numbers.
    #[error("a delay has 1 to {MAX_DELAY_BINS} numbers, not {0}")]
    Length(usize),
    /// Each must be above 0 and at most 1, and none below the one before.
    #[error("number {0} of the delay is not above 0, above 1, or below the one before: parts known of a bin only grow")]
    NotRising(usize),
    /// The last must be 1.
    #[error("the last number of the delay is not 1: in the end everything that counts is known")]
    NotWhole,
}

impl Delay {
    /// Everything is known at the end of its bin.
    #[must_use]
    pub fn none() -> Self {
        Self { known: vec![1.0] }
    }

    /// The parts that are known at the end of a bin, of the next, and so on; the last is 1.
    ///
    /// # Errors
    /// [`DelayError`].
    pub fn new(known: Vec<f64>) -> Result<Self, DelayError> {
        if known.is_empty() || known.len() > MAX_DELAY_BINS {
            return Err(DelayError::Length(known.len()));
        }
        let mut before = f64::MIN_POSITIVE;
        for (at, part) in known.iter().enumerate() {
            // Written so that what is no number fails too.
            if !(*part >= before && *part <= 1.0) {
                return Err(DelayError::NotRising(at));
            }
            before = *part;
        }
        if before < 1.0 {
            return Err(DelayError::NotWhole);
        }
        Ok(Self { known })
    }

    /// Learned from how many incidents came how many bins after their own; each age gets one more, so that none is impossible.
    #[must_use]
    pub fn learned(came: &[u64]) -> Self {
        let came = &came[..came.len().min(MAX_DELAY_BINS)];
        let total = came.iter().sum::<u64>() as f64 + came.len() as f64;
        let so_far = came.iter().scan(0.0, |sum, came| {
            *sum += *came as f64 + 1.0;
            Some((*sum / total).min(1.0))
        });
        let known: Vec<f64> = so_far.collect();
        if known.is_empty() { Self::none() } else { Self { known } }
    }

    /// The parts known, by age.
    #[must_use]
    pub fn parts(&self) -> &[f64] {
        &self.known
    }

    /// For how many bins reports of one are taken, its own included.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.known.len()
    }

    /// Which part is known of a bin that is so many bins old.
    #[must_use]
    pub fn known(&self, age: usize) -> f64 {
        self.known.get(age).copied().unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_only_grow() {
        assert_eq!(Delay::new(vec![]), Err(DelayError::Length(0)));
        assert_eq!(Delay::new(vec![0.5; 53]), Err(DelayError::Length(53)));
        for wrong in [vec![0.0], vec![0.5, 0.4], vec![0.2, 1.1], vec![f64::NAN]] {
            assert!(matches!(Delay::new(wrong), Err(DelayError::NotRising(_))));
        }
        assert_eq!(Delay::new(vec![0.5, 0.8]), Err(DelayError::NotWhole));
        let delay = Delay::new(vec![0.5, 0.8, 1.0]).unwrap();
        assert_eq!((delay.bins(), delay.known(1), delay.known(9)), (3, 0.8, 1.0));
    }

    #[test]
    fn what_came_is_what_is_learned() {
        let delay = Delay::learned(&[499, 299, 199]);
        assert_eq!((delay.known(0), delay.known(1), delay.known(2)), (0.5, 0.8, 1.0));
        assert_eq!(Delay::learned(&[]), Delay::none());
    }
}
