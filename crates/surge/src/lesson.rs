//! What an installation learns at one time: the baselines of all its series, and the threshold that keeps its budget of false alarms.

use crate::baseline::History;
use crate::calendar::Calendar;
use crate::delay::Delay;
use crate::grid::Grid;
use crate::imagine::imagine;
use crate::lookout::OVER_AT;
use crate::maxima::Maxima;
use crate::panel::{Baselines, learn_all};
use crate::part::{Part, PartHistory};
use crate::rehearsal::{Rehearsal, Truths};

/// So many false alarms are played through, on average: the threshold is then right within a tenth or so of the budget.
pub const REHEARSED_ALARMS: f64 = 120.0;
/// Years that are played through, at least and at most.
pub const REHEARSED_YEARS: (f64, f64) = (2.0, 60.0);
/// The threshold where the budget is so small that the years at most do not tell: as high as scores are kept apart.
const HIGHEST_THRESHOLD: f64 = 60.0;

/// What is learned from.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Of each column.
    pub calendars: Vec<Calendar>,
    /// What was counted so far, of each type and column: complete bins only.
    pub histories: Grid<History>,
    /// The same of the parts of types that are watched.
    pub parts: Vec<PartHistory>,
    /// How late reports come.
    pub delay: Delay,
    /// The budget of the whole installation, in alarms a year.
    pub false_alarms_per_year: f64,
    /// For so many coarse bins (days, or weeks) it is to be used before something is learned again.
    pub valid: usize,
    /// Of the years that are played through.
    pub seed: u64,
}

/// What was learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// The baselines of all series.
    pub baselines: Baselines,
    /// Scores above it are alarms; [`OVER_AT`] or more.
    pub threshold: f64,
}

impl Lesson {
    /// Learns; none if `go_on` says no in between. It takes minutes where there are hundreds of series by hours and years of them.
    #[must_use]
    pub fn learn(&self, go_on: impl Fn() -> bool) -> Option<Learned> {
        let baselines = learn_all(&self.calendars, &self.histories, &self.parts);
        let (first, bins) = self
            .histories
            .cells()
            .next()
            .map_or((0, 0), |(.., history)| (history.first, history.counts.len()));
        let calendar = self.calendars.first()?;
        let bin = calendar.bin();
        let history = bins / bin.in_coarse();
        let rehearsal = Rehearsal {
            calendars: &self.calendars,
            delay: &self.delay,
            first: bin.coarse_of(first) + history as i64,
            history,
            watched: calendar.coarse_a_year().round() as usize,
            refit_after: self.valid,
        };
        let years = (REHEARSED_ALARMS / self.false_alarms_per_year).clamp(REHEARSED_YEARS.0, REHEARSED_YEARS.1);
        let parts: Vec<Part> = baselines.parts.iter().map(|part| part.part.clone()).collect();
        let mut maxima = Maxima::default();
        for year in 0..years.ceil() as u64 {
            if !go_on() {
                return None;
            }
            let seed = self.seed.wrapping_add(year);
            let truths = Truths {
                cells: &imagine(&baselines.cells, &self.histories, !seed),
                parts: &parts,
            };
            maxima.merge(&rehearsal.play(&truths, seed));
        }
        let threshold = maxima.threshold(self.false_alarms_per_year);
        Some(Learned {
            baselines,
            // A few quiet series may stand out less often than the budget allows: a surge still begins above where it ends.
            threshold: threshold.unwrap_or(HIGHEST_THRESHOLD).max(OVER_AT),
        })
    }
}
