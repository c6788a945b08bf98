//! Ours beside others, at their own rate of false alarms.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::{Against, Score};
use super::judge::{Judged, Place, Told};
use super::peers::TheirTold;

/// Thresholds that are tried, in steps from the lowest on.
const THRESHOLDS: (f64, f64, usize) = (1.0, 0.02, 700);
/// Rates of false alarms, a quiet week, at which we are compared with the oracle.
const ORACLE_RATES: [f64; 2] = [0.0047, 0.05];
/// Resamples of the paired bootstrap, and their seed.
const RESAMPLES: usize = 2_000;
const RESAMPLES_SEED: u64 = 5;
/// A scenario is worse where chance brings such a difference less often.
const WORSE_BELOW: f64 = 0.01;

type ByPlace = BTreeMap<Place, Told>;

fn score(told: &ByPlace) -> Score {
    let delays: Vec<f64> = told
        .values()
        .filter_map(|told| Some(told.delay_weeks? as f64))
        .collect();
    let sum = |of: fn(&Told) -> usize| told.values().map(of).sum::<usize>() as f64;
    Score {
        sensitivity: delays.len() as f64 / told.len().max(1) as f64,
        false_weeks_per_quiet_week: sum(|told| told.false_weeks) / sum(|told| told.quiet_weeks).max(1.0),
        mean_delay_weeks: delays.iter().sum::<f64>() / delays.len().max(1) as f64,
    }
}

/// What `tell` says at its lowest threshold at which it tells falsely no more often than that.
fn at_rate(judged: &[Judged], rate: f64, tell: impl Fn(&Judged, f64) -> Told) -> (f64, ByPlace) {
    let (lowest, step, count) = THRESHOLDS;
    let at = |threshold: f64| -> ByPlace { judged.iter().map(|one| (one.place, tell(one, threshold))).collect() };
    let mut steps = (0..count).map(|nth| lowest + step * nth as f64);
    let threshold = steps.find(|threshold| score(&at(*threshold)).false_weeks_per_quiet_week <= rate);
    let threshold = threshold.unwrap_or(f64::MAX);
    (threshold, at(threshold))
}

/// Against one who knows the true law of each week, and looks at one week at a time.
pub(super) fn oracle(judged: &[Judged]) -> Vec<Against> {
    let against = ORACLE_RATES.map(|rate| {
        let (_, theirs) = at_rate(judged, rate, Judged::oracles);
        against("oracle of one week", judged, rate, &theirs)
    });
    against.into()
}

/// Against each method of the peers.
pub(super) fn peers(judged: &[Judged], theirs: &[TheirTold]) -> Vec<Against> {
    let methods: BTreeSet<&str> = theirs.iter().map(|one| one.method.as_str()).collect();
    let against = methods.into_iter().map(|method| {
        let of = theirs.iter().filter(|one| one.method == method);
        let told: ByPlace = of.map(|one| (one.place, one.told)).collect();
        against(method, judged, score(&told).false_weeks_per_quiet_week, &told)
    });
    against.collect()
}

fn against(name: &str, judged: &[Judged], rate: f64, theirs: &ByPlace) -> Against {
    let (threshold, ours) = at_rate(judged, rate, Judged::ours);
    let pairs: Vec<(Place, Told, Told)> = ours
        .iter()
        .filter_map(|(place, told)| Some((*place, *told, *theirs.get(place)?)))
        .collect();
    let gains: Vec<f64> = pairs
        .iter()
        .map(|(_, ours, theirs)| found(ours) - found(theirs))
        .collect();
    let both = pairs
        .iter()
        .filter_map(|(_, ours, theirs)| Some((ours.delay_weeks?, theirs.delay_weeks?)));
    let both: Vec<(usize, usize)> = both.collect();
    let mean = |delays: &mut dyn Iterator<Item = usize>| delays.sum::<usize>() as f64 / both.len().max(1) as f64;
    Against {
        name: name.to_owned(),
        theirs: score(theirs),
        ours: score(&ours),
        threshold,
        gain_low_high: interval(&gains),
        mean_delay_where_both_found: (
            mean(&mut both.iter().map(|(ours, _)| *ours)),
            mean(&mut both.iter().map(|(_, theirs)| *theirs)),
        ),
        scenarios_worse: worse(&pairs),
    }
}

fn found(told: &Told) -> f64 {
    f64::from(u8::from(told.delay_weeks.is_some()))
}

/// The 95 % interval of the mean, by resampling.
fn interval(gains: &[f64]) -> (f64, f64) {
    let mut rng = fastrand::Rng::with_seed(RESAMPLES_SEED);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| (0..gains.len()).map(|_| gains[rng.usize(0..gains.len())]).sum::<f64>() / gains.len().max(1) as f64)
        .collect();
    means.sort_by(f64::total_cmp);
    (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40])
}

/// Scenarios in which the other finds significantly more, by McNemar's exact test.
fn worse(pairs: &[(Place, Told, Told)]) -> Vec<usize> {
    let scenarios: BTreeSet<usize> = pairs.iter().map(|(place, ..)| place.scenario).collect();
    let is_worse = |scenario: &usize| {
        let of = || pairs.iter().filter(|(place, ..)| place.scenario == *scenario);
        let only_theirs = of().filter(|(_, ours, theirs)| found(theirs) > found(ours)).count();
        let only_ours = of().filter(|(_, ours, theirs)| found(ours) > found(theirs)).count();
        only_theirs > only_ours && mcnemar(only_ours, only_theirs) < WORSE_BELOW
    };
    scenarios.into_iter().filter(is_worse).collect()
}

/// Two-sided: how often a fair coin falls at least as unevenly.
fn mcnemar(few: usize, many: usize) -> f64 {
    let tosses = few + many;
    let mut choose = 1.0;
    let mut sum = 0.0;
    for heads in 0..=few {
        sum += choose;
        choose *= (tosses - heads) as f64 / (heads + 1) as f64;
    }
    (2.0 * sum / 2f64.powi(tosses as i32)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fair_coin_falls_so_unevenly_so_often() {
        assert!((mcnemar(0, 8) - 2.0 / 256.0).abs() < 1e-12);
        assert!((mcnemar(1, 9) - 2.0 * 11.0 / 1_024.0).abs() < 1e-12);
        assert_eq!(mcnemar(5, 5), 1.0);
    }

    #[test]
    fn an_interval_lies_around_the_mean() {
        let gains: Vec<f64> = (0..400).map(|nth| f64::from(u8::from(nth % 4 == 0))).collect();
        let (low, high) = interval(&gains);
        assert!(low < 0.25 && high > 0.25 && high - low < 0.12, "{low} {high}");
    }
}
