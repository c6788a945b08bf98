//! An installation whose truth is known: 12 types in 27 countries, plentiful and sparse, with seasons, weekends, holidays, sectors and delays.

use std::f64::consts::TAU;

use chappe_surge::{Bin, Calendar, CountLaw, Delay, Grid, Part, Truth};

const TYPES: usize = 12;
const COUNTRIES: usize = 27;
/// Which part of a type's incidents hits a sector, in the middle; half as many to half as many again in each country.
const SHARES: [f64; 3] = [0.05, 0.15, 0.4];
/// Days from the epoch for which there are holidays.
const DAYS: i64 = 40_000;
/// Part of its incidents that a holiday, and a weekend's day, has.
const HOLIDAY: f64 = 0.4;
const WEEKEND: f64 = 0.5;

/// What one series is truly like.
pub(super) struct Made {
    bin: Bin,
    /// Incidents a day, or a week.
    level: f64,
    swing: f64,
    phase: f64,
    dispersion: f64,
    holidays: Vec<i64>,
}

/// The installation.
pub(super) struct Installation {
    pub(super) calendars: Vec<Calendar>,
    pub(super) truths: Grid<Made>,
    /// Of each type three sectors that it hits.
    pub(super) parts: Vec<Part>,
    pub(super) delay: Delay,
}

impl Installation {
    /// The same for each seed; `level` is the geometric mean of the series' incidents a day, or a week.
    pub(super) fn draw(bin: Bin, level: f64, delay: Delay, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let holidays: Vec<Vec<i64>> = (0..COUNTRIES).map(|_| some_holidays(&mut rng)).collect();
        let types: Vec<f64> = (0..TYPES).map(|_| (4.0 * rng.f64() - 2.0).exp()).collect();
        let countries: Vec<f64> = (0..COUNTRIES).map(|_| (3.0 * rng.f64() - 1.5).exp()).collect();
        let truths = Grid::new(TYPES, COUNTRIES, |kind, country| Made {
            bin,
            level: level * types[kind] * countries[country],
            swing: 0.3 + 0.1 * rng.f64(),
            phase: kind as f64 / TYPES as f64 + 0.05 * rng.f64(),
            dispersion: 1.2 + 1.5 * rng.f64(),
            holidays: holidays[country].clone(),
        });
        let parts = (0..TYPES).flat_map(|kind| SHARES.map(|share| (kind, share)));
        let parts = parts.map(|(kind, share)| Part {
            kind,
            shares: (0..COUNTRIES).map(|_| share * (0.5 + rng.f64())).collect(),
        });
        let parts = parts.collect();
        let calendars = holidays.into_iter().map(|holidays| Calendar::new(bin, holidays));
        Self {
            calendars: calendars.collect(),
            truths,
            parts,
            delay,
        }
    }
}

/// Twelve a year, on working days.
fn some_holidays(rng: &mut fastrand::Rng) -> Vec<i64> {
    let days: Vec<i64> = (0..12).map(|_| rng.i64(0..365)).collect();
    let years = (0..DAYS / 365).map(|year| (year as f64 * 365.2425) as i64);
    let all = years.flat_map(|first| days.iter().map(move |day| first + day));
    let mut all: Vec<i64> = all.filter(|day| !is_weekend(*day)).collect();
    all.sort_unstable();
    all
}

fn is_weekend(day: i64) -> bool {
    (day + 3).rem_euclid(7) >= 5
}

impl Truth for Made {
    fn laws(&self, coarse: i64) -> Vec<CountLaw> {
        let year = coarse as f64 / if self.bin == Bin::Week { Bin::Week } else { Bin::Day }.per_year();
        let mean = self.level * (self.swing * (TAU * (year + self.phase)).cos()).exp();
        if self.bin == Bin::Week {
            let monday = coarse * 7 - 3;
            let holidays = (monday..monday + 5)
                .filter(|day| self.holidays.binary_search(day).is_ok())
                .count();
            let quiet = 1.0 - (1.0 - HOLIDAY) * holidays as f64 / 7.0;
            return vec![CountLaw::new(mean * quiet, self.dispersion)];
        }
        let quiet = match (is_weekend(coarse), self.holidays.binary_search(&coarse).is_ok()) {
            (true, _) => WEEKEND,
            (false, true) => HOLIDAY,
            (false, false) => 1.0,
        };
        // Three quarters of the day's incidents in its ten working hours.
        let share = |hour: usize| if (8..18).contains(&hour) { 0.075 } else { 0.25 / 14.0 };
        (0..24)
            .map(|hour| CountLaw::new(mean * quiet * share(hour), self.dispersion))
            .collect()
    }
}
