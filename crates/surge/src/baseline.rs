//! Baselines: of each series what its next counts are like, learned from its past and from the series around it.

mod profile;

use crate::calendar::{Calendar, HOLIDAYS, LEVEL, TREND};
use crate::fit::{Fit, Prior, Spread, fit};
use crate::law::{CountLaw, MIN_MEAN};
use profile::{Influence, Profile};

/// Deviations of what is known before any count is seen: of the trend a year, of the waves of the year, of weekdays and holidays.
const WIDE: Freedom = Freedom {
    trend: 0.25,
    season: 0.5,
    week: 1.0,
};
/// The same of a series around what its margins say.
const NARROW: Freedom = Freedom {
    trend: 0.1,
    season: 0.2,
    week: 0.3,
};
/// Deviation of a level before anything is seen: next to nothing is known.
const LEVEL_DEVIATION: f64 = 10.0;
/// A dispersion before anything is seen, and how many incidents weigh as much.
const DISPERSION: (f64, f64) = (1.5, 10.0);
/// So many incidents of its own weigh as much as the dispersion of the margins.
pub(crate) const MARGIN_INCIDENTS: f64 = 200.0;
/// Days and weeks so many years old weigh half as much as those of today.
const HALF_LIFE_YEARS: f64 = 4.0;

struct Freedom {
    trend: f64,
    season: f64,
    week: f64,
}

/// What was counted of a series, bin by bin.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The bin of the first count; for hours it is taken as the first of its day.
    pub first: i64,
    /// The counts, without a hole. What does not fill a coarse bin at the end is left out.
    pub counts: Vec<u64>,
}

/// The baseline of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    calendar: Calendar,
    /// The coarse bin after the last of the history.
    origin: i64,
    fit: Fit,
    profile: Profile,
    /// Variance over mean of a single bin.
    dispersion: f64,
}

/// The numbers of a baseline, to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineParts {
    /// The coarse bin (day, or week) from which the trend is counted.
    pub origin: i64,
    /// Of the mean's logarithm: level, trend a year, waves of the year, holidays, weekdays.
    pub coefficients: Vec<f64>,
    /// What is known about them: the Cholesky factor of the inverse of their covariance, rows of the triangle.
    pub information: Vec<f64>,
    /// Of hours: their shares of a working day and of a day of a weekend.
    pub profile: Vec<f64>,
    /// Variance over mean of a single bin.
    pub dispersion: f64,
}

/// Numbers that are no baseline: damaged, or of another calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these numbers are no baseline for this width of bins")]
pub struct PartsError;

impl Baseline {
    /// Its numbers. With the calendar they are all of it.
    #[must_use]
    pub fn parts(&self) -> BaselineParts {
        BaselineParts {
            origin: self.origin,
            coefficients: self.fit.coefficients().to_vec(),
            information: self.fit.information(),
            profile: self.profile.shares_of_all().to_vec(),
            dispersion: self.dispersion,
        }
    }

    /// The baseline of these numbers.
    ///
    /// # Errors
    /// When they are not the numbers of a baseline with such a calendar.
    pub fn of_parts(calendar: &Calendar, parts: &BaselineParts) -> Result<Self, PartsError> {
        let numbers = parts
            .coefficients
            .iter()
            .chain(&parts.information)
            .chain(&parts.profile);
        let finite = numbers.chain([&parts.dispersion]).all(|number| number.is_finite());
        if !finite || parts.coefficients.len() != calendar.columns() {
            return Err(PartsError);
        }
        Ok(Self {
            calendar: calendar.clone(),
            origin: parts.origin,
            fit: Fit::of(parts.coefficients.clone(), &parts.information).ok_or(PartsError)?,
            profile: Profile::of(calendar.bin(), parts.profile.clone()).ok_or(PartsError)?,
            dispersion: parts.dispersion,
        })
    }

    /// The law of the count of a bin.
    #[must_use]
    pub fn law(&self, bin: i64) -> CountLaw {
        self.laws_of_coarse(self.calendar.bin().coarse_of(bin))[self.profile.place(bin)]
    }

    /// The same with another dispersion: what is above 1 of it times a factor.
    pub(crate) fn with_dispersion_above_one(&self, factor: f64) -> Self {
        Self {
            dispersion: 1.0 + (self.dispersion - 1.0) * factor,
            ..self.clone()
        }
    }

    /// The calendar it goes by.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The means of [`Baseline::laws_of_coarse`].
    pub(crate) fn means_of_coarse(&self, coarse: i64) -> Vec<f64> {
        let mean = self.fit.ln_mean(&self.calendar.row(self.origin, coarse)).exp();
        let shares = self.profile.shares(self.calendar.bin(), coarse);
        shares.map(|share| mean * share).collect()
    }

    /// The laws of all bins of a coarse bin, a day's hours: what they share is found once.
    #[must_use]
    pub fn laws_of_coarse(&self, coarse: i64) -> Vec<CountLaw> {
        let row = self.calendar.row(self.origin, coarse);
        let mean = self.fit.ln_mean(&row).exp();
        let uncertain = self.fit.ln_mean_variance(&row);
        let shares = self.profile.shares(self.calendar.bin(), coarse);
        let law = |share: f64| CountLaw::new(mean * share, self.dispersion).with_uncertain_mean(uncertain);
        shares.map(law).collect()
    }
}

/// The counts of a history by coarse bins, and what is learned from all of it.
struct Learner<'a> {
    calendar: &'a Calendar,
    history: &'a History,
    first: i64,
    coarse: Vec<u64>,
}

impl<'a> Learner<'a> {
    fn new(calendar: &'a Calendar, history: &'a History) -> Self {
        let sums = history.counts.chunks_exact(calendar.bin().in_coarse());
        Self {
            calendar,
            history,
            first: calendar.bin().coarse_of(history.first),
            coarse: sums.map(|bins| bins.iter().sum()).collect(),
        }
    }

    fn learn(&self, prior: &Prior, around: Option<&Profile>) -> Baseline {
        let origin = self.first + self.coarse.len() as i64;
        let design = self.calendar.design(origin, self.first, self.coarse.len());
        let half_lives = |coarse: i64| self.calendar.years(origin, coarse) / HALF_LIFE_YEARS;
        let weights: Vec<f64> = (self.first..origin).map(|coarse| half_lives(coarse).exp2()).collect();
        let fitted = fit(&design, &self.coarse, &weights, prior);
        let (profile, influence) = Profile::learn(self.calendar.bin(), self.history, around);
        let mut baseline = Baseline {
            calendar: self.calendar.clone(),
            origin,
            dispersion: fitted.dispersion,
            fit: fitted.fit,
            profile,
        };
        if self.calendar.bin().in_coarse() > 1 {
            baseline.dispersion = self.dispersion_of_bins(&baseline, &influence, &fitted.weights, prior);
        }
        baseline
    }

    /// The dispersion of single bins, without those of coarse bins that stood out. Each is held against what would have been learned without it:
    /// a few incidents in one hour of a sparse series raise its share of the day so far that they would look like less than they are.
    fn dispersion_of_bins(&self, baseline: &Baseline, influence: &Influence, weights: &[f64], prior: &Prior) -> f64 {
        let width = self.calendar.bin().in_coarse();
        let mut spread = Spread::default();
        let days = (self.first..).zip(self.history.counts.chunks_exact(width));
        for ((coarse, counts), weight) in days.zip(weights) {
            let row = self.calendar.row(baseline.origin, coarse);
            let (mean, variance) = (baseline.fit.ln_mean(&row).exp(), baseline.fit.ln_mean_variance(&row));
            let shares = baseline.profile.shares(self.calendar.bin(), coarse);
            for ((bin, share), &count) in (coarse * width as i64..).zip(shares).zip(counts) {
                let (count, mean) = (count as f64, mean * share);
                // What one count moves the logarithm of a mean by, to the first order.
                let moved = variance * (count - mean) / baseline.dispersion;
                let without = mean * (-moved).exp() * influence.without(bin, count);
                spread.add(without.max(MIN_MEAN), count, *weight);
            }
        }
        spread.dispersion(0, prior)
    }
}

fn prior(calendar: &Calendar, freedom: &Freedom, mean: impl Fn(usize) -> f64, dispersion: (f64, f64)) -> Prior {
    let columns = 0..calendar.columns();
    let deviation = |column: usize| match column {
        LEVEL => LEVEL_DEVIATION,
        TREND => freedom.trend,
        _ if column < HOLIDAYS => freedom.season,
        _ => freedom.week,
    };
    Prior {
        means: columns.clone().map(mean).collect(),
        precisions: columns.map(|column| deviation(column).powi(-2)).collect(),
        dispersion: dispersion.0,
        dispersion_incidents: dispersion.1,
    }
}

/// The baseline of a series that stands alone.
#[must_use]
pub fn learn(calendar: &Calendar, history: &History) -> Baseline {
    Learner::new(calendar, history).learn(&prior(calendar, &WIDE, |_| 0.0, DISPERSION), None)
}

/// The baseline of a series that lies in others, such as that of a type and a country in those of the type and of the country, which lie in
/// that of all: what it cannot tell of itself is taken from them, as if their influences added up in the logarithm of the mean.
#[must_use]
pub fn learn_within(calendar: &Calendar, history: &History, margins: [&Baseline; 2], all: &Baseline) -> Baseline {
    let [one, other] = margins.map(|margin| margin.fit.coefficients());
    let overall = all.fit.coefficients();
    let mean = |column: usize| {
        let of = |coefficients: &[f64]| coefficients.get(column).copied().unwrap_or(0.0);
        if column == LEVEL {
            0.0
        } else {
            of(one) + of(other) - of(overall)
        }
    };
    let dispersion = (margins[0].dispersion + margins[1].dispersion) / 2.0;
    let around = margins[0].profile.along(&margins[1].profile, &all.profile);
    let prior = prior(calendar, &NARROW, mean, (dispersion, MARGIN_INCIDENTS));
    Learner::new(calendar, history).learn(&prior, Some(&around))
}
