//! What a count is like while nothing happens: a negative binomial law.

use rand_distr::{Distribution, Gamma, Poisson};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;
use statrs::function::gamma::{gamma_lr, ln_gamma};

/// Smallest mean of a law: what was never seen is not impossible.
pub const MIN_MEAN: f64 = 1e-6;
/// Largest mean of a law, in incidents a bin: more than all of Europe reports in a week.
pub const MAX_MEAN: f64 = 1e9;
/// Largest dispersion of a law.
pub const MAX_DISPERSION: f64 = 1e6;
/// So seldom or more seldom is a count unusual: once in a hundred bins.
pub const UNUSUAL: f64 = 0.01;
/// Below this excess of the dispersion over 1 the law is taken for Poisson's, of which it is the limit.
const POISSON_BELOW: f64 = 1e-6;

/// The law of a count: mean μ, variance φμ with the dispersion φ ≥ 1. For φ = 1 it is Poisson's.
///
/// This is the form of Noufaily et al. (2013), Statistics in Medicine 32:1206: as a negative binomial law it has the size r = μ / (φ − 1).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountLaw {
    mean: f64,
    dispersion: f64,
}

impl CountLaw {
    /// A law; mean and dispersion are taken into their ranges, what is no number to their lower ends.
    #[must_use]
    pub fn new(mean: f64, dispersion: f64) -> Self {
        let within = |value: f64, low, high| if value.is_nan() { low } else { value.clamp(low, high) };
        Self {
            mean: within(mean, MIN_MEAN, MAX_MEAN),
            dispersion: within(dispersion, 1.0, MAX_DISPERSION),
        }
    }

    /// Incidents a bin, on average.
    #[must_use]
    pub fn mean(self) -> f64 {
        self.mean
    }

    /// Variance over mean.
    #[must_use]
    pub fn dispersion(self) -> f64 {
        self.dispersion
    }

    /// Square root of the variance.
    #[must_use]
    pub fn deviation(self) -> f64 {
        (self.mean * self.dispersion).sqrt()
    }

    /// The size r of the negative binomial law; infinite for Poisson's.
    pub(crate) fn size(self) -> f64 {
        let excess = self.dispersion - 1.0;
        if excess < POISSON_BELOW {
            f64::INFINITY
        } else {
            self.mean / excess
        }
    }

    /// The law of those of its incidents that are known already, where each is with the same probability. Thinned, a negative binomial law
    /// stays one of the same size.
    #[must_use]
    pub fn thinned(self, known: f64) -> Self {
        let known = known.clamp(0.0, 1.0);
        Self::new(self.mean * known, 1.0 + (self.dispersion - 1.0) * known)
    }

    /// The law of the next count where the mean's logarithm is known with this variance only.
    #[must_use]
    pub fn with_uncertain_mean(self, log_mean_variance: f64) -> Self {
        Self::new(self.mean, self.dispersion + self.mean * log_mean_variance.max(0.0))
    }

    /// ln P(X ≥ `count`).
    #[must_use]
    pub fn ln_tail(self, count: u64) -> f64 {
        if count == 0 {
            return 0.0;
        }
        let at = count as f64;
        let size = self.size();
        let tail = if size.is_infinite() {
            gamma_lr(at, self.mean)
        } else {
            beta_reg(at, size, 1.0 - 1.0 / self.dispersion)
        };
        if tail > f64::MIN_POSITIVE {
            tail.ln().min(0.0)
        } else {
            // Too small for a number: its first term, which is all but all of it.
            self.ln_probability(count)
        }
    }

    /// Minus ln P(X ≥ `count`), or 0 where the count is within a deviation of the mean, which spares finding it.
    #[must_use]
    pub fn surprise(self, count: u64) -> f64 {
        if count as f64 <= self.mean + self.deviation() {
            return 0.0;
        }
        -self.ln_tail(count)
    }

    /// The smallest count of which chance brings so many or more with this probability at most.
    #[must_use]
    pub fn unusual_from(self, probability: f64) -> u64 {
        let ln = probability.clamp(f64::MIN_POSITIVE, 1.0).ln();
        let mut high = (self.mean + 3.0 * self.deviation()).ceil() as u64 + 1;
        while self.ln_tail(high) > ln {
            high = high.saturating_mul(2);
        }
        let mut low = 0;
        while low < high {
            let middle = low + (high - low) / 2;
            if self.ln_tail(middle) <= ln {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// ln P(X = `count`).
    #[must_use]
    pub fn ln_probability(self, count: u64) -> f64 {
        let at = count as f64;
        let size = self.size();
        if size.is_infinite() {
            return at * self.mean.ln() - self.mean - ln_gamma(at + 1.0);
        }
        ln_gamma(at + size) - ln_gamma(size) - ln_gamma(at + 1.0) - size * self.dispersion.ln()
            + at * (-(1.0 / self.dispersion)).ln_1p()
    }

    /// So many counts, drawn one after the other; a seed gives the same again.
    #[must_use]
    pub fn draws(self, counts: usize, seed: u64) -> Vec<u64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        (0..counts).map(|_| self.draw(&mut rng)).collect()
    }

    /// Draws a count.
    #[must_use]
    pub fn draw(self, rng: &mut Xoshiro256PlusPlus) -> u64 {
        let excess = self.dispersion - 1.0;
        let mean = if excess < POISSON_BELOW {
            self.mean
        } else {
            let drawn = Gamma::new(self.mean / excess, excess).map(|gamma| gamma.sample(rng));
            drawn.unwrap_or(self.mean) // the ranges of a law are within those of the gamma law
        };
        if mean < f64::MIN_POSITIVE {
            return 0;
        }
        Poisson::new(mean).map_or(0, |poisson| poisson.sample(rng) as u64)
    }
}

#[cfg(test)]
mod tests {
    use rand_distr::num_traits::ToPrimitive;

    use super::*;

    fn laws() -> impl Iterator<Item = CountLaw> {
        let means = [0.05, 0.7, 4.0, 60.0, 900.0];
        means
            .into_iter()
            .flat_map(|mean| [1.0, 1.1, 2.0, 7.0].map(|dispersion| CountLaw::new(mean, dispersion)))
    }

    #[test]
    fn probabilities_sum_up_to_one_and_to_the_tails() {
        for law in laws() {
            let most = (law.mean() + 60.0 * law.deviation() + 60.0) as u64;
            let p: Vec<f64> = (0..=most).map(|count| law.ln_probability(count).exp()).collect();
            let total: f64 = p.iter().sum();
            assert!((total - 1.0).abs() < 1e-9, "{law:?}: {total}");
            let mean: f64 = p.iter().zip(0..).map(|(p, count)| p * f64::from(count)).sum();
            assert!((mean / law.mean() - 1.0).abs() < 1e-6, "{law:?}: {mean}");
            for count in [
                1,
                2,
                5,
                law.mean() as u64 + 1,
                (law.mean() + 4.0 * law.deviation()) as u64,
            ] {
                let tail: f64 = p[count.to_usize().unwrap()..].iter().sum();
                let told = law.ln_tail(count).exp();
                assert!(
                    (told - tail).abs() < 1e-9 + 1e-6 * tail,
                    "{law:?} at {count}: {told} for {tail}"
                );
            }
        }
    }

    #[test]
    fn tails_that_are_no_numbers_any_more_still_fall() {
        let law = CountLaw::new(2.0, 1.5);
        let tails: Vec<f64> = [400, 800, 1_600, 100_000].map(|count| law.ln_tail(count)).into();
        assert!(tails.is_sorted_by(|a, b| a > b), "{tails:?}");
        assert!(tails.iter().all(|tail| tail.is_finite()));
        assert_eq!(law.ln_tail(0), 0.0);
    }

    #[test]
    fn what_is_unusual_is_the_first_of_its_probability() {
        for law in laws() {
            let first = law.unusual_from(0.01);
            assert!(law.ln_tail(first).exp() <= 0.01, "{law:?}: {first}");
            assert!(law.ln_tail(first - 1).exp() > 0.01, "{law:?}: {first}");
        }
    }

    #[test]
    fn draws_have_the_mean_and_the_variance() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        for law in laws() {
            let draws: Vec<f64> = (0..40_000).map(|_| law.draw(&mut rng) as f64).collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
            let off = (mean - law.mean()) / (law.deviation() / 200.0);
            assert!(off.abs() < 5.0, "{law:?}: mean {mean}");
            assert!(
                (variance / law.mean() / law.dispersion() - 1.0).abs() < 0.25,
                "{law:?}: variance {variance}"
            );
        }
    }

    #[test]
    fn thinned_twice_is_thinned_by_the_product_and_an_uncertain_mean_widens() {
        let law = CountLaw::new(8.0, 3.0);
        let (once, twice) = (law.thinned(0.4), law.thinned(0.8).thinned(0.5));
        assert!((once.mean() - twice.mean()).abs() < 1e-12 && (once.dispersion() - twice.dispersion()).abs() < 1e-12);
        assert!((once.size() - law.size()).abs() < 1e-12);
        assert_eq!(law.with_uncertain_mean(0.25).dispersion(), 5.0);
        assert_eq!(CountLaw::new(f64::NAN, f64::NAN), CountLaw::new(MIN_MEAN, 1.0));
    }
}
