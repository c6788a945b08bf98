//! All series of an installation under watch: one for each type and country, and one for each type over all countries.

use serde::{Deserialize, Serialize};

use crate::baseline::{Baseline, History, learn};
use crate::calendar::Calendar;
use crate::delay::{Delay, MAX_DELAY_BINS};
use crate::grid::{Grid, learn_grid};
use crate::law::CountLaw;
use crate::lookout::Lookout;
use crate::together::{SET_ASIDE, Together};

/// The baselines of all series.
#[derive(Clone, Debug, PartialEq)]
pub struct Baselines {
    /// Of each type and column.
    pub cells: Grid<Baseline>,
    /// Of each type over all columns, without what the [`SET_ASIDE`] that stand out most are above theirs; none where there are no more
    /// columns than that.
    pub wholes: Vec<Option<Baseline>>,
}

impl Baselines {
    /// The laws of all series in each bin of a coarse one.
    #[must_use]
    pub fn laws_of_coarse(&self, coarse: i64) -> Vec<Laws> {
        let cells: Vec<Vec<CountLaw>> = (self.cells.cells())
            .map(|(.., cell)| cell.laws_of_coarse(coarse))
            .collect();
        let wholes: Vec<Option<Vec<CountLaw>>> = (self.wholes.iter())
            .map(|whole| whole.as_ref().map(|whole| whole.laws_of_coarse(coarse)))
            .collect();
        let (types, columns) = (self.cells.types(), self.cells.countries());
        let of_bin = |place: usize| Laws {
            cells: Grid::new(types, columns, |kind, column| cells[kind * columns + column][place]),
            wholes: wholes
                .iter()
                .map(|laws| laws.as_ref().map(|laws| laws[place]))
                .collect(),
        };
        let width = cells.first().map_or(0, Vec::len);
        (0..width).map(of_bin).collect()
    }
}

/// Learns the baselines of all series: see [`learn_grid`] for those of the cells.
#[must_use]
pub fn learn_all(calendars: &[Calendar], histories: &Grid<History>) -> Baselines {
    let cells = learn_grid(calendars, histories);
    let wholes = (0..cells.types()).map(|kind| {
        let common = calendars.first().filter(|_| cells.countries() > SET_ASIDE)?;
        Some(learn(
            &common.clone().without_holidays(),
            &whole_history(&cells, histories, kind)?,
        ))
    });
    Baselines {
        wholes: wholes.collect(),
        cells,
    }
}

/// What a whole would have counted.
fn whole_history(cells: &Grid<Baseline>, histories: &Grid<History>, kind: usize) -> Option<History> {
    let of_type: Vec<&History> = histories.of_type(kind).collect();
    let first = of_type.first()?;
    let bin = cells.of_type(kind).next()?.calendar().bin();
    let width = bin.in_coarse();
    let coarse = first.counts.len() / width;
    let mut counts = Vec::with_capacity(coarse * width);
    for day in 0..coarse {
        let at = bin.coarse_of(first.first) + day as i64;
        let means: Vec<Vec<f64>> = cells.of_type(kind).map(|cell| cell.means_of_coarse(at)).collect();
        for hour in 0..width {
            let of_bin = |history: &&History| history.counts.get(day * width + hour).copied().unwrap_or(0);
            let known = of_type.iter().map(of_bin).zip(means.iter().map(|means| means[hour]));
            counts.push(Together::of(known).total_beside_a_flood());
        }
    }
    Some(History {
        first: first.first,
        counts,
    })
}

/// The laws of all series in one bin.
#[derive(Clone, Debug, PartialEq)]
pub struct Laws {
    /// Of each type and column.
    pub cells: Grid<CountLaw>,
    /// Of each type over all columns.
    pub wholes: Vec<Option<CountLaw>>,
}

/// All series under watch: the statistic as shipped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Panel {
    cells: Grid<Lookout>,
    wholes: Vec<Lookout>,
    /// Of each type the ages of bins, a bit each, whose count over all columns has to be found again.
    stale: Vec<u64>,
    /// Of each type the newest bin over all columns, with what is known of it: nearly all reports are of that one.
    #[serde(skip)]
    newest: Vec<Option<(Together, f64)>>,
}

/// Every age: there are no more than [`MAX_DELAY_BINS`].
const ALL_AGES: u64 = u64::MAX;
const _: () = assert!(MAX_DELAY_BINS < 64, "a bit for each age");

impl Panel {
    /// Of so many types and columns; a series that was watched before goes on as `before` has it.
    pub fn new(types: usize, columns: usize, mut before: impl FnMut(usize, Option<usize>) -> Option<Lookout>) -> Self {
        Self {
            cells: Grid::new(types, columns, |kind, column| {
                before(kind, Some(column)).unwrap_or_default().with_other_delay()
            }),
            wholes: (0..types)
                .map(|kind| before(kind, None).unwrap_or_default().with_other_delay())
                .collect(),
            stale: vec![ALL_AGES; types],
            newest: vec![None; types],
        }
    }

    /// The next bin begins.
    pub fn begin(&mut self, laws: &Laws, delay: &Delay) {
        for kind in 0..self.wholes.len() {
            self.settle(kind, delay);
        }
        self.stale.fill(ALL_AGES);
        self.newest = vec![None; self.wholes.len()];
        let columns = self.cells.countries();
        for kind in 0..self.cells.types() {
            for column in 0..columns {
                if let (Some(cell), Some(law)) = (self.cells.get_mut(kind, column), laws.cells.get(kind, column)) {
                    cell.begin(*law, delay);
                }
            }
        }
        for (whole, law) in self.wholes.iter_mut().zip(&laws.wholes) {
            if let Some(law) = law {
                whole.begin(*law, delay);
            }
        }
    }

    /// What is about to be final of a whole is found as it is once all is known.
    fn settle(&mut self, kind: usize, delay: &Delay) {
        let Some(whole) = self.wholes.get_mut(kind) else { return };
        let ages: Vec<usize> = whole.recent().map(|(age, _)| age).collect();
        for age in ages.into_iter().take_while(|age| age + 1 >= delay.bins()) {
            let cells = self.cells.of_type(kind).filter_map(|cell| cell.at(age));
            whole.put(age, Together::of(cells.map(|bin| (bin.count, bin.law.mean()))).total());
        }
    }

    /// Incidents of the bin that is so many bins old came; whether they are in time to count.
    pub fn came(&mut self, kind: usize, column: usize, age: usize, incidents: u64) -> bool {
        let Some(cell) = self.cells.get_mut(kind, column) else {
            return false;
        };
        let counts = cell.came(age, incidents);
        let newest = self.newest.get_mut(kind).and_then(Option::as_mut);
        if let (0, true, Some((newest, known)), Some(bin)) = (age, counts, newest, cell.at(0)) {
            newest.add(column, incidents, (bin.count, bin.law.mean() * *known));
        }
        self.changed(kind, age);
        counts
    }

    /// Whether reports of the bin that is so many bins old still count.
    #[must_use]
    pub fn holds(&self, kind: usize, column: usize, age: usize) -> bool {
        self.cells.get(kind, column).is_some_and(|cell| cell.at(age).is_some())
    }

    /// Incidents of the bin that is so many bins old were taken back.
    pub fn went(&mut self, kind: usize, column: usize, age: usize, incidents: u64) {
        if let Some(cell) = self.cells.get_mut(kind, column) {
            cell.went(age, incidents);
        }
        if let Some(newest) = self.newest.get_mut(kind) {
            *newest = None;
        }
        self.changed(kind, age);
    }

    fn changed(&mut self, kind: usize, age: usize) {
        if let Some(stale) = self.stale.get_mut(kind) {
            *stale |= u32::try_from(age).map_or(0, |age| 1u64.checked_shl(age).unwrap_or(0));
        }
    }

    /// The score of a type in a column, see [`Lookout::score`].
    pub fn score_of_cell(&mut self, kind: usize, column: usize, delay: &Delay) -> f64 {
        self.cells.get_mut(kind, column).map_or(0.0, |cell| cell.score(delay))
    }

    /// The score of a type over all columns. It only rises while incidents come, in whatever column.
    pub fn score_of_whole(&mut self, kind: usize, delay: &Delay) -> f64 {
        let (Some(whole), Some(stale)) = (self.wholes.get_mut(kind), self.stale.get_mut(kind)) else {
            return 0.0;
        };
        let stale = std::mem::take(stale);
        for age in (0..whole.bins()).filter(|age| stale >> age & 1 == 1) {
            let known = delay.known(age);
            let cells = self.cells.of_type(kind).filter_map(|cell| cell.at(age));
            let together = || Together::of(cells.map(|bin| (bin.count, bin.law.mean() * known)));
            let total = match self.newest.get_mut(kind).filter(|_| age == 0) {
                Some(newest) => newest.get_or_insert_with(|| (together(), known)).0.total(),
                None => together().total(),
            };
            whole.put(age, total);
        }
        whole.score(delay)
    }

    /// The series of a type in a column, or over all.
    #[must_use]
    pub fn lookout(&self, kind: usize, column: Option<usize>) -> Option<&Lookout> {
        match column {
            Some(column) => self.cells.get(kind, column),
            None => self.wholes.get(kind),
        }
    }
}
