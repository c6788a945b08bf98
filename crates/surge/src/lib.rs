//! Surges: more incidents of a kind than the season, the weekday and chance explain, told at a rate of false alarms that is stated beforehand.
//!
//! A [`Baseline`] says what the next counts of a series are like ([`CountLaw`]), learned from its past, in which outbreaks weigh less, and from
//! the series around it ([`learn_grid`]). A [`Lookout`] watches the series: cumulated sums for surges that build up, a tail test for those of
//! one bin, over bins of which reports still come ([`Delay`]). A [`Panel`] watches all series of an installation: each type in each column (a country),
//! each type over all of them, and each part of a type (a sector) over all of them: as a sum, and as the set of columns that stands out most, where no two columns by
//! themselves make a surge. How high its score rises while nothing happens is found by playing years through,
//! with everything learned anew in them ([`Rehearsal`]); the threshold for a number of false alarms a year follows ([`Maxima`]). A [`Lesson`] is all of it at
//! once. What became of a stated number of false alarms, [`poisson_interval`] bounds.
//!
//! What it is not: it knows no incidents, countries, reporters, markings or alerts, and tells nobody. It counts what it is given.
//!
//! Invariants:
//! - The state of a series under watch does not grow with time.
//! - No clock and no randomness of its own: a seed plays the same years again.
//!
//! # Example
//! ```
//! use chappe_surge::{Bin, Calendar, Delay, History, Lookout, learn};
//! // Two years of weeks with two or three phishing reports each.
//! let calendar = Calendar::new(Bin::Week, []);
//! let counts: Vec<u64> = (0..104).map(|week| 2 + week % 2).collect();
//! let baseline = learn(&calendar, &History { first: 2_800, counts });
//! let (delay, mut lookout) = (Delay::none(), Lookout::new());
//! let mut score_of = |week, count| {
//!     lookout.begin(baseline.law(week), &delay);
//!     lookout.came(0, count);
//!     lookout.score(&delay)
//! };
//! assert!(score_of(2_904, 3) < 3.0);
//! assert!(score_of(2_905, 14) > 9.0, "one week in ten thousand has so many, or fewer");
//! ```

mod baseline;
mod calendar;
mod delay;
mod fit;
mod grid;
mod holidays;
mod imagine;
mod interval;
mod law;
mod lesson;
mod lookout;
mod maxima;
mod mixed;
mod panel;
mod part;
mod rehearsal;
mod row;
mod scan;
mod spread;
#[cfg(test)]
mod tests;
mod together;
mod watch;

pub use baseline::{Baseline, BaselineParts, History, PartsError, learn, learn_within};
pub use calendar::{Bin, Calendar};
pub use delay::{Delay, DelayError, MAX_DELAY_BINS};
pub use grid::{Grid, learn_grid};
pub use holidays::holidays;
pub use imagine::imagine;
pub use interval::poisson_interval;
pub use law::{CountLaw, MAX_DISPERSION, MAX_MEAN, MIN_MEAN, UNUSUAL};
pub use lesson::{Learned, Lesson, REHEARSED_ALARMS, REHEARSED_YEARS};
pub use lookout::{Lookout, OVER_AT, Recent};
pub use maxima::{Excursion, Maxima};
pub use panel::{Baselines, Laws, Of, Panel, learn_all};
pub use part::{Part, PartBaseline, PartHistory};
pub use rehearsal::{Rehearsal, Truth, Truths};
pub use scan::StandingOut;
pub use together::SET_ASIDE;
pub use watch::{Reading, SHIFTS, Watch};
