//! Weak in each of several columns, strong together: a scan over all sets of columns.

use statrs::function::factorial::ln_binomial;

use crate::together::SET_ASIDE;

/// How much the columns of a row stand out together, by how much each does by itself: minus the logarithm of the probability that chance has so many
/// columns, of those that are not set aside, at such a score or above. Of all sets of columns the one that says most: with scores in falling order these are the
/// first so many, so that none is missed. The higher criticism of Berk and Jones (1979), Zeitschrift für Wahrscheinlichkeitstheorie 47:47, one-sided, without the
/// [`SET_ASIDE`] columns that stand out most, whatever they say. Never falls when a score rises.
///
/// `falling` are the scores above 0, the highest first, of so many columns; the answer tells how many of them are the set.
pub(crate) fn spread(falling: &[f64], columns: usize) -> (f64, usize) {
    let (mut best, columns) = ((0.0, 0), columns.saturating_sub(SET_ASIDE));
    for (at, &score) in falling.iter().enumerate().skip(SET_ASIDE) {
        let hit = at + 1 - SET_ASIDE;
        // No probability is below that of exactly those.
        if hit as f64 * score <= best.0 {
            continue;
        }
        let together = surprise(columns, hit, score);
        if together > best.0 {
            best = (together, at + 1);
        }
    }
    best
}

/// Minus the logarithm of the probability that of so many columns so many or more stand at a score or above, where each does with the
/// probability exp(−score).
fn surprise(columns: usize, hit: usize, score: f64) -> f64 {
    let (is, is_not) = (-score, (-(-score).exp_m1()).ln());
    let exactly = ln_binomial(columns as u64, hit as u64) + hit as f64 * is + (columns - hit) as f64 * is_not;
    let (mut more, mut term) = (1.0, 1.0);
    for count in hit..columns {
        term *= (columns - count) as f64 / (count + 1) as f64 * (is - is_not).exp();
        more += term;
    }
    -(exactly + f64::ln(more)).min(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(mut scores: Vec<f64>) -> (f64, usize) {
        scores.sort_by(|one, other| other.total_cmp(one));
        let above = scores.iter().take_while(|score| **score > 0.0).count();
        spread(&scores[..above], scores.len())
    }

    #[test]
    fn many_that_are_weak_are_strong_and_two_that_are_strong_are_nothing() {
        let mut scores = vec![0.0; 27];
        scores[3] = 50.0;
        scores[9] = 60.0;
        assert_eq!(of(scores.clone()), (0.0, 0));
        scores[11] = 4.0;
        // One of 25 at what chance has in one of e⁴.
        let one_in_25 = -(1.0 - (1.0 - (-4.0f64).exp()).powi(25)).ln();
        assert!((of(scores.clone()).0 - one_in_25).abs() < 1e-9);
        scores[12..20].fill(4.0);
        let (score, set) = of(scores);
        assert!(score > 18.0 && set == 11, "{score} of {set}");
        assert_eq!(of(vec![9.0, 9.0]), (0.0, 0));
    }

    proptest! {
        #[test]
        fn no_score_that_rises_makes_it_less_and_two_columns_are_bounded(
            scores in prop::collection::vec(prop_oneof![Just(0.0), 1e-13f64..8.0], 3..30), at in 0usize..30, more in 0.0f64..60.0,
        ) {
            let at = at % scores.len();
            let mut higher = scores.clone();
            higher[at] += more;
            prop_assert!(of(higher.clone()).0 >= of(scores.clone()).0 - 1e-9);
            // Two columns, however high, say no more than if they were as high as the highest of the others.
            let mut flooded = scores.clone();
            let other = (at + 1) % scores.len();
            (flooded[at], flooded[other]) = (1e3, 1e3);
            let third = flooded.iter().copied().filter(|score| *score < 1e3).fold(0.0, f64::max);
            let mut level = flooded.clone();
            (level[at], level[other]) = (third, third);
            prop_assert!(of(flooded).0 <= of(level).0 + 1e-9);
        }
    }
}
