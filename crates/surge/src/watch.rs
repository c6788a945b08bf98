//! The statistic: what is added up of a series, and how much of it stands out.

use serde::{Deserialize, Serialize};

use crate::law::CountLaw;

/// The sizes of surge that are looked for at once, in deviations a bin: a long one that is small, a short one that is large.
pub const SHIFTS: [f64; 3] = [0.75, 1.5, 3.0];

/// So much less counts a sum than one bin that stands out by itself: a part of the alarms that sums would raise is spent on raising those of
/// single bins sooner. Chosen on the tuning seed of `bench surge`, where without it the mean delay was half as long again.
const SPIKES_FIRST: f64 = 1.5;
/// A sum grows no further: a surge that has ended must be seen to have ended, however large it was.
const MOST: f64 = 25.0;

/// What is kept of a series between two bins: for each size of surge the cumulated sum of Page (1954), Biometrika 41:100, on the logarithm
/// of the likelihood ratio of two negative binomial laws (Höhle and Paul 2008, Computational Statistics & Data Analysis 52:4357).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    sums: [f64; SHIFTS.len()],
}

/// What one bin says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// Minus the logarithm of the probability of so many in this bin alone; 0 where the count is within a deviation of the mean.
    pub tail: f64,
    /// The cumulated sums, in the order of [`SHIFTS`].
    pub sums: [f64; SHIFTS.len()],
    /// The largest of the parts, each as minus the logarithm of the rate, per bin, at which it says so while nothing happens.
    pub score: f64,
}

impl Watch {
    /// Whether nothing has added up.
    pub(crate) fn is_still(&self) -> bool {
        self.sums.iter().all(|sum| *sum <= 0.0)
    }

    /// Takes the next bin.
    pub fn step(&mut self, law: CountLaw, count: u64) -> Reading {
        if count == 0 && self.is_still() {
            return Reading::default(); // an empty bin only lets sums fall
        }
        let tail = law.surprise(count);
        let mut score = tail;
        for (sum, shift) in self.sums.iter_mut().zip(SHIFTS) {
            *sum = (*sum + ln_ratio(law, shift, count)).clamp(0.0, MOST);
            if *sum > 0.0 {
                score = score.max(*sum + rareness(shift));
            }
        }
        Reading {
            tail,
            sums: self.sums,
            score,
        }
    }
}

/// ln of how much more probable a count is under a surge of this size than without.
fn ln_ratio(law: CountLaw, shift: f64, count: u64) -> f64 {
    let (mean, size) = (law.mean(), law.size());
    let raised = mean + shift * law.deviation();
    let at = count as f64;
    if size.is_infinite() {
        return at * (raised / mean).ln() - (raised - mean);
    }
    // Both laws of one size: then it is linear in the count.
    let grown = ((size + raised) / (size + mean)).ln();
    at * ((raised / mean).ln() - grown) - size * grown
}

/// What a sum falls short of minus the logarithm of its rate of false alarms, by Siegmund (1985), Sequential Analysis, for a normal law; less
/// [`SPIKES_FIRST`]. That it is near enough for others is what the calibration is for.
fn rareness(shift: f64) -> f64 {
    1.166 * shift - (shift * shift / 2.0).ln() - SPIKES_FIRST
}
