//! What a number of rare things says of how many are to be expected.

use statrs::distribution::{ContinuousCDF, Gamma};

/// What lies outside the interval on each side.
const TAIL: f64 = 0.025;

/// The exact 95 % interval for the mean of a Poisson law of which `count` was seen (Garwood 1936, Biometrika 28:437): with a mean below the first,
/// as many or more come in less than one of 40 cases; with one above the second, as many or fewer.
#[must_use]
pub fn poisson_interval(count: u64) -> (f64, f64) {
    let quantile = |shape: f64, p: f64| Gamma::new(shape, 1.0).map_or(f64::NAN, |law| law.inverse_cdf(p));
    let least = if count == 0 { 0.0 } else { quantile(count as f64, TAIL) };
    (least, quantile(count as f64 + 1.0, 1.0 - TAIL))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use statrs::distribution::{DiscreteCDF, Poisson};

    use super::*;

    #[test]
    fn it_is_garwoods() {
        // R: poisson.test(n)$conf.int
        for (count, least, highest) in [
            (0, 0.0, 3.688_879),
            (1, 0.025_317_81, 5.571_643),
            (5, 1.623_486, 11.668_332),
            (10, 4.795_389, 18.390_356),
            (100, 81.363_951, 121.627_241),
        ] {
            let found = poisson_interval(count);
            let close = |a: f64, b: f64| (a - b).abs() < 1e-5 * (1.0 + b);
            assert!(close(found.0, least) && close(found.1, highest), "{count}: {found:?}");
        }
    }

    #[test]
    fn both_ends_leave_one_in_forty_outside() {
        for count in [1, 2, 7, 30, 400, 10_000] {
            let (least, highest) = poisson_interval(count);
            let above = 1.0 - Poisson::new(least).unwrap().cdf(count - 1);
            let below = Poisson::new(highest).unwrap().cdf(count);
            assert!(
                (above - TAIL).abs() < 1e-6 && (below - TAIL).abs() < 1e-6,
                "{count}: {above} {below}"
            );
        }
    }
}
