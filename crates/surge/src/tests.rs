//! What a reader of baselines and scores relies on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::f64::consts::TAU;

use proptest::prelude::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::*;

const FIRST_WEEK: i64 = 2_800;

fn weekly(weeks: i64, mean: impl Fn(i64) -> f64, dispersion: f64, seed: u64) -> History {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let law = |week| CountLaw::new(mean(week), dispersion);
    let counts = (FIRST_WEEK..FIRST_WEEK + weeks).map(|week| law(week).draw(&mut rng));
    History {
        first: FIRST_WEEK,
        counts: counts.collect(),
    }
}

fn seasonal(week: i64) -> f64 {
    let year = week as f64 / Bin::Week.per_year();
    (2.0 + 0.1 * (year - 54.0) + 0.4 * (TAU * year).cos()).exp()
}

#[test]
fn a_baseline_knows_level_trend_season_and_dispersion() {
    let calendar = Calendar::new(Bin::Week, []);
    let baseline = learn(&calendar, &weekly(520, seasonal, 2.0, 1));
    for week in FIRST_WEEK + 520..FIRST_WEEK + 572 {
        let law = baseline.law(week);
        let off = (law.mean() / seasonal(week)).ln();
        assert!(off.abs() < 0.2, "week {week}: {} for {}", law.mean(), seasonal(week));
        assert!((1.6..2.6).contains(&law.dispersion()), "{law:?}");
    }
}

#[test]
fn outbreaks_of_the_past_neither_raise_the_baseline_nor_widen_it() {
    let calendar = Calendar::new(Bin::Week, []);
    let calm = weekly(260, |_| 10.0, 1.5, 2);
    let mut troubled = calm.clone();
    for week in [50, 51, 52, 180, 181] {
        troubled.counts[week] += 200;
    }
    let [calm, troubled] = [calm, troubled].map(|history| learn(&calendar, &history).law(FIRST_WEEK + 260));
    assert!(
        (troubled.mean() / calm.mean() - 1.0).abs() < 0.05,
        "{calm:?} {troubled:?}"
    );
    assert!(troubled.dispersion() / calm.dispersion() < 1.6, "{calm:?} {troubled:?}");
}

#[test]
fn a_sparse_series_takes_its_season_from_those_around_it() {
    let calendar = Calendar::new(Bin::Week, []);
    let histories = Grid::new(6, 5, |kind, country| {
        weekly(
            156,
            |week| seasonal(week) / if (kind, country) == (0, 0) { 60.0 } else { 1.0 },
            1.2,
            (kind * 5 + country) as u64,
        )
    });
    let calendars = vec![calendar.clone(); 5];
    let within = learn_grid(&calendars, &histories);
    let sparse = histories.get(0, 0).unwrap();
    let (within, alone) = (within.get(0, 0).unwrap(), learn(&calendar, sparse));
    let swing = |baseline: &Baseline| {
        let means = (0..52).map(|week| baseline.law(FIRST_WEEK + 156 + week).mean().ln());
        let (low, high) = means.fold((f64::MAX, f64::MIN), |(low, high), mean| {
            (low.min(mean), high.max(mean))
        });
        high - low
    };
    let off = |baseline: &Baseline| (swing(baseline) - 0.8).abs();
    assert!(off(within) < 0.25, "{} within", swing(within));
    assert!(
        off(within) < off(&alone),
        "{} within, {} alone",
        swing(within),
        swing(&alone)
    );
}

#[test]
fn hours_know_day_weekend_and_holidays() {
    let (first_day, holiday) = (20_000, 20_000 + 735);
    let is_weekend = |day: i64| (day + 3).rem_euclid(7) >= 5;
    let holidays = (0..24).map(|month| first_day + 10 + 30 * month).chain([holiday]);
    let holidays: Vec<i64> = holidays.filter(|day| !is_weekend(*day)).collect();
    let mean = |hour: i64| {
        let day = hour.div_euclid(24);
        let quiet = if is_weekend(day) || holidays.contains(&day) {
            0.3
        } else {
            1.0
        };
        quiet
            * if (8..18).contains(&hour.rem_euclid(24)) {
                3.0
            } else {
                0.5
            }
    };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let counts = (first_day * 24..(first_day + 730) * 24).map(|hour| CountLaw::new(mean(hour), 1.3).draw(&mut rng));
    let history = History {
        first: first_day * 24,
        counts: counts.collect(),
    };
    let baseline = learn(&Calendar::new(Bin::Hour, holidays.clone()), &history);
    for day in [730, 731, 733, 734, 735] {
        for hour in [3, 12] {
            let at = (first_day + day) * 24 + hour;
            let off = (baseline.law(at).mean() / mean(at)).ln();
            assert!(
                off.abs() < 0.25,
                "day {day}, hour {hour}: {} for {}",
                baseline.law(at).mean(),
                mean(at)
            );
        }
    }
    let day = baseline.laws_of_coarse(first_day + 740);
    assert_eq!(day.len(), 24);
    assert_eq!(day[5], baseline.law((first_day + 740) * 24 + 5));
}

/// Weeks in which nothing happens, as a year is played.
struct Calm(f64);

impl Truth for Calm {
    fn laws(&self, _: i64) -> Vec<CountLaw> {
        vec![CountLaw::new(self.0, 1.7)]
    }
}

#[test]
fn the_threshold_of_a_budget_keeps_it_in_years_it_has_not_seen() {
    let calendars = vec![Calendar::new(Bin::Week, []); 4];
    let delay = Delay::new(vec![0.6, 0.9, 1.0]).unwrap();
    let rehearsal = Rehearsal {
        calendars: &calendars,
        delay: &delay,
        first: FIRST_WEEK,
        history: 156,
        watched: 52,
        refit_after: 13,
    };
    let truths = Grid::new(3, 4, |kind, country| Calm(0.3 * 3f64.powi((kind + country) as i32 / 2)));
    let parts = [0, 2].map(|kind| Part {
        kind,
        shares: vec![0.1, 0.3, 0.5, 0.2],
    });
    let all = Truths {
        cells: &truths,
        parts: &parts,
    };
    let over = |seeds: std::ops::Range<u64>| {
        let mut maxima = Maxima::default();
        seeds.for_each(|seed| maxima.merge(&rehearsal.play(&all, seed)));
        maxima
    };
    let threshold = over(0..40).threshold(4.0).unwrap();
    let again = over(100..140);
    let realised = again.above(threshold) as f64 / again.years();
    assert!((2.7..5.5).contains(&realised), "{realised} a year at {threshold}");
    assert_eq!(rehearsal.play(&all, 7), rehearsal.play(&all, 7));
}

#[test]
fn a_surge_of_which_half_is_reported_later_is_seen_now_and_is_over_later() {
    let delay = Delay::new(vec![0.5, 0.8, 1.0]).unwrap();
    let law = CountLaw::new(6.0, 1.5);
    let mut lookout = Lookout::new();
    let mut bin = |came: &[u64]| {
        lookout.begin(law, &delay);
        for (age, incidents) in came.iter().enumerate() {
            lookout.came(age, *incidents);
        }
        lookout.score(&delay)
    };
    for _ in 0..5 {
        assert!(bin(&[3, 2, 1]) < OVER_AT);
    }
    assert!(bin(&[16, 2, 1]) > 8.0, "sixteen of an expected three");
    assert!(bin(&[3, 10, 1]) > 8.0);
    let calm: Vec<f64> = (0..60).map(|_| bin(&[3, 2, 1])).collect();
    assert!(calm.last().is_some_and(|score| *score < OVER_AT), "{calm:?}");
    assert!(!lookout.came(3, 1), "too late to count");
}

proptest! {
    #[test]
    fn more_incidents_never_say_less(mean in 0.01f64..40.0, dispersion in 1.0f64..5.0, counts in prop::collection::vec(0u64..60, 1..20), at in 0usize..20, more in 1u64..40) {
        let law = CountLaw::new(mean, dispersion);
        let score = |counts: &[u64]| {
            let (delay, mut lookout) = (Delay::none(), Lookout::new());
            counts.iter().fold(0.0, |_, count| {
                lookout.begin(law, &delay);
                lookout.came(0, *count);
                lookout.score(&delay)
            })
        };
        let mut raised = counts.clone();
        let at = at % counts.len();
        raised[at] += more;
        prop_assert!(score(&raised) >= score(&counts) - 1e-9);
        prop_assert!(score(&counts).is_finite());
    }

    #[test]
    fn the_order_in_which_reports_of_a_bin_come_does_not_matter(counts in prop::collection::vec((0usize..4, 0u64..9), 0..40)) {
        let delay = Delay::new(vec![0.4, 0.7, 0.9, 1.0]).unwrap();
        let score = |counts: &[(usize, u64)]| {
            let mut lookout = Lookout::new();
            for _ in 0..4 {
                lookout.begin(CountLaw::new(3.0, 1.4), &delay);
            }
            for (age, incidents) in counts {
                lookout.came(*age, *incidents);
            }
            lookout.score(&delay)
        };
        let mut other = counts.clone();
        other.reverse();
        prop_assert_eq!(score(&counts), score(&other));
    }
}

#[test]
fn what_is_learned_comes_back_from_its_numbers() {
    let calendars: Vec<Calendar> = ["AT", "DE", "MT"]
        .map(|country| Calendar::new(Bin::Hour, holidays(country, 2020..=2030)))
        .into();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let histories = Grid::new(2, 3, |_, country| History {
        first: 20_000 * 24,
        counts: (0..60 * 24)
            .map(|_| CountLaw::new(0.1 * (country + 1) as f64, 1.2).draw(&mut rng))
            .collect(),
    });
    // Every third bin that has incidents has one of the part.
    let of_part = histories.of_type(1).map(|history| {
        let some = (0u32..).zip(&history.counts).filter(|(_, count)| **count > 0);
        some.step_by(3).map(|(place, _)| (place, 1)).collect()
    });
    let part = PartHistory {
        kind: 1,
        columns: of_part.collect(),
    };
    let lesson = Lesson {
        calendars: calendars.clone(),
        histories,
        parts: vec![part],
        delay: Delay::none(),
        false_alarms_per_year: 60.0,
        valid: 91,
        seed: 1,
    };
    assert_eq!(lesson.learn(|| false), None);
    let learned = lesson.learn(|| true).unwrap();
    assert!((2.0..30.0).contains(&learned.threshold), "{}", learned.threshold);
    assert_eq!(Some(&learned), lesson.learn(|| true).as_ref());
    for (_, country, baseline) in learned.baselines.cells.cells() {
        let parts = baseline.parts();
        assert_eq!(&Baseline::of_parts(&calendars[country], &parts).unwrap(), baseline);
        let weeks = Calendar::new(Bin::Week, []);
        assert_eq!(Baseline::of_parts(&weeks, &parts), Err(PartsError));
        let damaged = BaselineParts {
            dispersion: f64::NAN,
            ..parts
        };
        assert_eq!(Baseline::of_parts(&calendars[country], &damaged), Err(PartsError));
    }
    assert!(
        learned.baselines.wholes.iter().all(Option::is_some),
        "three columns are more than two"
    );
    let [part] = learned.baselines.parts.as_slice() else {
        panic!("one part: {:?}", learned.baselines.parts)
    };
    assert!(part.whole.is_some() && part.part.kind == 1);
    assert!(
        part.part.shares.iter().all(|share| (0.2..0.45).contains(share)),
        "{:?}",
        part.part.shares
    );
}
