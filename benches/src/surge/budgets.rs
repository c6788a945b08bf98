//! False alarms a year, stated and realised.

use std::time::Instant;

use chappe_surge::{Bin, Delay, Maxima, Part, Rehearsal, Truths, imagine, learn_all};

use super::figures::{Budget, Flooding};
use super::flooding::flooding;
use super::installation::{Installation, Made};

/// False alarms a year that are stated.
const BUDGETS: [f64; 3] = [4.0, 12.0, 52.0];
/// Seeds: of the installation, of the history that is learned from, of the years played to calibrate, and of those that come true.
const INSTALLATION_SEED: u64 = 11;
const HISTORY_SEED: u64 = 12;
const CALIBRATION_SEEDS: u64 = 1_000;
const REALISED_SEEDS: u64 = 1_000_000;
/// Threads that play years.
const THREADS: u64 = 2;

/// By hours and by weeks; and what one member that floods does at the middle budget, by weeks.
pub(super) fn all(years: u64) -> (Vec<Budget>, Vec<Flooding>) {
    let hours: Vec<f64> = (1..=24)
        .map(|age| {
            if age == 24 {
                1.0
            } else {
                1.0 - (-f64::from(age) / 6.0).exp()
            }
        })
        .collect();
    let plans = [
        // 2 incidents a day; reports within a day, six hours later on average. Two years are known, and learned again each quarter.
        (Bin::Hour, 2.0, Delay::new(hours), 20_000, 730, 365, 91),
        // 5 a week; reports within four weeks. Five years are known.
        (
            Bin::Week,
            5.0,
            Delay::new(vec![0.6, 0.85, 0.95, 1.0]),
            2_900,
            260,
            52,
            13,
        ),
    ];
    let (mut budgets, mut floodings) = (vec![], vec![]);
    for (bin, level, delay, first, history, watched, refit_after) in plans {
        let Ok(delay) = delay else { continue }; // written above, and rising
        let installation = Installation::draw(bin, level, delay, INSTALLATION_SEED);
        let rehearsal = Rehearsal {
            calendars: &installation.calendars,
            delay: &installation.delay,
            first,
            history,
            watched,
            refit_after,
        };
        let found = of(bin, &installation, &rehearsal, years);
        let middle = found
            .iter()
            .find(|budget| budget.false_alarms_a_year_stated == BUDGETS[1]);
        if let Some(middle) = middle.filter(|_| bin == Bin::Week) {
            let (histories, parts) = rehearsal.history(&truths_of(&installation), HISTORY_SEED);
            let baselines = learn_all(&installation.calendars, &histories, &parts);
            floodings.push(flooding(&installation, &baselines, first, middle.threshold));
        }
        budgets.extend(found);
    }
    (budgets, floodings)
}

fn truths_of(installation: &Installation) -> Truths<'_, Made> {
    Truths {
        cells: &installation.truths,
        parts: &installation.parts,
    }
}

fn of(bin: Bin, installation: &Installation, rehearsal: &Rehearsal<'_>, years: u64) -> Vec<Budget> {
    let truths = truths_of(installation);
    let (histories, parts) = rehearsal.history(&truths, HISTORY_SEED);
    let began = Instant::now();
    // All that is known to whoever calibrates: what was learned from one history.
    let learned = learn_all(&installation.calendars, &histories, &parts);
    let parts: Vec<Part> = learned.parts.into_iter().map(|part| part.part).collect();
    let calibrated = play(years, |year| {
        let seed = CALIBRATION_SEEDS + year;
        let truths = Truths {
            cells: &imagine(&learned.cells, &histories, !seed),
            parts: &parts,
        };
        rehearsal.play(&truths, seed)
    });
    let seconds = began.elapsed().as_secs_f64();
    let realised = play(years, |year| rehearsal.play(&truths, REALISED_SEEDS + year));
    let budgets = BUDGETS.into_iter().filter_map(|budget| {
        let threshold = calibrated.threshold(budget)?;
        let alarms = realised.above(threshold);
        Some(Budget {
            bins: format!("{bin:?}"),
            series: truths.cells.len() + truths.cells.types() + truths.parts.len(),
            false_alarms_a_year_stated: budget,
            threshold,
            false_alarms: alarms,
            years: realised.years(),
            false_alarms_a_year: alarms as f64 / realised.years(),
            seconds_to_calibrate: seconds,
        })
    });
    budgets.collect()
}

/// Plays years, each by itself, on all threads.
fn play(years: u64, year: impl Fn(u64) -> Maxima + Sync) -> Maxima {
    let (mut all, year) = (Maxima::default(), &year);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let mut mine = Maxima::default();
                    let years = (thread..years).step_by(THREADS as usize);
                    years.for_each(|nth| mine.merge(&year(nth)));
                    mine
                })
            })
            .collect();
        for thread in threads {
            if let Ok(mine) = thread.join() {
                all.merge(&mine);
            }
        }
    });
    all
}
