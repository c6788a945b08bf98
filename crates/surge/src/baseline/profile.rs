//! How a day's incidents are spread over its hours: one way on working days, another on weekends.
//!
//! An own share for each of the 168 hours of a week would be learned from the noise of a sparse series, which then looks calmer than it is.

use super::History;
use crate::calendar::{Bin, is_weekend};

const HOURS: usize = 24;
/// So many incidents of its own weigh as much as what the series around it say.
const MARGIN_INCIDENTS: f64 = 500.0;
/// The same against an even spread, where there are none around.
const EVEN_INCIDENTS: f64 = 240.0;
/// Hours of silence are possible, not certain.
const SMALLEST_SHARE: f64 = 1e-4;

/// The share of each hour in its day, of working days and then of those of weekends; nothing where bins are not hours.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Profile(Vec<f64>);

impl Profile {
    /// Learned, and how far each count had a part in it.
    pub(super) fn learn(bin: Bin, history: &History, around: Option<&Self>) -> (Self, Influence) {
        if bin != Bin::Hour {
            return (Self(vec![]), Influence::default());
        }
        let mut counts = vec![0.0; 2 * HOURS];
        for (hour, count) in (history.first..).zip(&history.counts) {
            counts[slot(hour)] += *count as f64;
        }
        let weight = around.map_or(EVEN_INCIDENTS, |_| MARGIN_INCIDENTS);
        let known = |at: usize| {
            around
                .and_then(|around| around.0.get(at))
                .copied()
                .unwrap_or(1.0 / HOURS as f64)
        };
        let shares = counts.iter().enumerate().map(|(at, count)| count + weight * known(at));
        let shares: Vec<f64> = shares.collect();
        let influence = Influence {
            days: shares.chunks_exact(HOURS).map(|day| day.iter().sum()).collect(),
            shares: shares.clone(),
        };
        (Self::normal(shares), influence)
    }

    /// One that was learned before; none if it is not one for such bins.
    pub(super) fn of(bin: Bin, shares: Vec<f64>) -> Option<Self> {
        let wanted = if bin == Bin::Hour { 2 * HOURS } else { 0 };
        (shares.len() == wanted && shares.iter().all(|share| *share > 0.0)).then_some(Self(shares))
    }

    /// Of working days, then of weekends.
    pub(super) fn shares_of_all(&self) -> &[f64] {
        &self.0
    }

    /// What two that lie in a third say together.
    pub(super) fn along(&self, other: &Self, all: &Self) -> Self {
        let shares = self.0.iter().zip(&other.0).zip(&all.0);
        Self::normal(shares.map(|((one, other), all)| one * other / all).collect())
    }

    /// Each day's shares sum up to 1.
    fn normal(mut shares: Vec<f64>) -> Self {
        for day in shares.chunks_exact_mut(HOURS) {
            let sum: f64 = day.iter().sum();
            day.iter_mut()
                .for_each(|share| *share = (*share / sum).max(SMALLEST_SHARE));
        }
        Self(shares)
    }

    /// The shares of a coarse bin's bins.
    pub(super) fn shares(&self, bin: Bin, coarse: i64) -> impl Iterator<Item = f64> {
        let first = if bin == Bin::Hour {
            slot(coarse * HOURS as i64)
        } else {
            0
        };
        let of_day = self.0.get(first..first + HOURS).unwrap_or(&[]);
        let whole = of_day.is_empty().then_some(1.0);
        of_day.iter().copied().chain(whole)
    }

    /// Which of its coarse bin's bins a bin is.
    pub(super) fn place(&self, bin: i64) -> usize {
        if self.0.is_empty() { 0 } else { slot(bin) % HOURS }
    }
}

/// What the shares of a profile rest on: of each hour, and of each of the two days, its incidents and what they are drawn towards.
#[derive(Default)]
pub(super) struct Influence {
    shares: Vec<f64>,
    days: Vec<f64>,
}

impl Influence {
    /// The share of a bin had its own count not been seen, over what it is.
    pub(super) fn without(&self, bin: i64, count: f64) -> f64 {
        let at = if self.shares.is_empty() { 0 } else { slot(bin) };
        match (self.shares.get(at), self.days.get(at / HOURS)) {
            (Some(of_hour), Some(of_day)) if count > 0.0 => (1.0 - count / of_hour) / (1.0 - count / of_day),
            _ => 1.0,
        }
    }
}

fn slot(hour: i64) -> usize {
    let of_day = usize::try_from(hour.rem_euclid(HOURS as i64)).unwrap_or(0); // a remainder by a positive number
    of_day + HOURS * usize::from(is_weekend(Bin::Hour.coarse_of(hour)))
}
