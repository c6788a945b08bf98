//! One row of series under watch: those of a type, or of a part of it, in each column, and over all columns.

use serde::{Deserialize, Serialize};

use crate::delay::{Delay, MAX_DELAY_BINS};
use crate::law::CountLaw;
use crate::lookout::Lookout;
use crate::spread::spread;
use crate::together::Together;

/// A row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    cells: Vec<Lookout>,
    whole: Lookout,
    /// Whether there is a law over all columns: else they are nothing together.
    has_whole: bool,
    /// The ages of bins, a bit each, whose count over all columns has to be found again.
    stale: u64,
    /// The newest bin over all columns, with what is known of it: nearly all reports are of that one.
    #[serde(skip)]
    newest: Option<(Together, f64)>,
    /// Of each bin, by age, what the set of columns says that stands out most in it; none where it has to be found again.
    #[serde(skip)]
    sets: Vec<Option<f64>>,
    /// Room to put scores in order.
    #[serde(skip)]
    falling: Vec<f64>,
}

/// Columns that stand out together in one bin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StandingOut {
    /// So many bins old it is.
    pub age: usize,
    /// So many columns stand out.
    pub columns: usize,
    /// Of so many.
    pub watched: usize,
    /// Each at least so much: minus the logarithm of the probability of its count or more.
    pub surprise: f64,
}

/// Every age: there are no more than [`MAX_DELAY_BINS`].
const ALL_AGES: u64 = u64::MAX;
const _: () = assert!(MAX_DELAY_BINS < 64, "a bit for each age");

impl Row {
    /// Of so many columns; a series that was watched before goes on as `before` has it, by its column or over all.
    pub(crate) fn new(columns: usize, mut before: impl FnMut(Option<usize>) -> Option<Lookout>) -> Self {
        let mut series = |column| before(column).unwrap_or_default().with_other_delay();
        Self {
            cells: (0..columns).map(|column| series(Some(column))).collect(),
            whole: series(None),
            has_whole: false,
            stale: ALL_AGES,
            newest: None,
            sets: vec![],
            falling: vec![],
        }
    }

    /// The next bin begins.
    pub(crate) fn begin(&mut self, cells: impl Iterator<Item = CountLaw>, whole: Option<CountLaw>, delay: &Delay) {
        self.settle(delay);
        self.stale = ALL_AGES;
        self.newest = None;
        self.sets.clear();
        for (cell, law) in self.cells.iter_mut().zip(cells) {
            cell.begin(law, delay);
        }
        self.has_whole = whole.is_some();
        if let Some(law) = whole {
            self.whole.begin(law, delay);
        }
    }

    /// What is about to be final over all columns is found as it is once all is known.
    fn settle(&mut self, delay: &Delay) {
        let ages: Vec<usize> = self.whole.recent().map(|(age, _)| age).collect();
        for age in ages.into_iter().take_while(|age| age + 1 >= delay.bins()) {
            let cells = self.cells.iter().filter_map(|cell| cell.at(age));
            let total = Together::of(cells.map(|bin| (bin.count, bin.law.mean()))).total();
            self.whole.put(age, total);
        }
    }

    pub(crate) fn came(&mut self, column: usize, age: usize, incidents: u64) -> bool {
        let Some(cell) = self.cells.get_mut(column) else {
            return false;
        };
        let counts = cell.came(age, incidents);
        if let (0, true, Some((newest, known)), Some(bin)) = (age, counts, &mut self.newest, cell.at(0)) {
            newest.add(column, incidents, (bin.count, bin.law.mean() * *known));
        }
        self.changed(age);
        counts
    }

    pub(crate) fn went(&mut self, column: usize, age: usize, incidents: u64) {
        if let Some(cell) = self.cells.get_mut(column) {
            cell.went(age, incidents);
        }
        self.newest = None;
        self.changed(age);
    }

    fn changed(&mut self, age: usize) {
        self.stale |= u32::try_from(age).map_or(0, |age| 1u64.checked_shl(age).unwrap_or(0));
        if let Some(set) = self.sets.get_mut(age) {
            *set = None;
        }
    }

    pub(crate) fn score_of_cell(&mut self, column: usize, delay: &Delay) -> f64 {
        self.cells.get_mut(column).map_or(0.0, |cell| cell.score(delay))
    }

    /// It only rises while incidents come, in whatever column.
    pub(crate) fn score_of_whole(&mut self, delay: &Delay) -> f64 {
        let together = self.score_of_sum(delay);
        if self.has_whole {
            together.max(self.score_of_set(delay))
        } else {
            together
        }
    }

    /// The columns that stand out together, where it is they that make the score, and not the sum over all.
    pub(crate) fn set(&mut self, delay: &Delay) -> Option<StandingOut> {
        let score = self.score_of_set(delay);
        if !self.has_whole || score <= self.score_of_sum(delay) {
            return None;
        }
        let age = self.sets.iter().position(|set| *set == Some(score))?;
        let (_, columns) = spread_at(&self.cells, age, delay, &mut self.falling);
        Some(StandingOut {
            age,
            columns,
            watched: self.falling.len(),
            surprise: *self.falling.get(columns.checked_sub(1)?)?,
        })
    }

    fn score_of_sum(&mut self, delay: &Delay) -> f64 {
        let stale = std::mem::take(&mut self.stale);
        for age in (0..self.whole.bins()).filter(|age| stale >> age & 1 == 1) {
            let known = delay.known(age);
            let cells = self.cells.iter().filter_map(|cell| cell.at(age));
            let together = || Together::of(cells.map(|bin| (bin.count, bin.law.mean() * known)));
            let total = if age == 0 {
                self.newest.get_or_insert_with(|| (together(), known)).0.total()
            } else {
                together().total()
            };
            self.whole.put(age, total);
        }
        self.whole.score(delay)
    }

    fn score_of_set(&mut self, delay: &Delay) -> f64 {
        self.sets.resize(self.whole.bins(), None);
        let (cells, falling) = (&self.cells, &mut self.falling);
        let of_bin =
            |(age, set): (usize, &mut Option<f64>)| *set.get_or_insert_with(|| spread_at(cells, age, delay, falling).0);
        self.sets.iter_mut().enumerate().map(of_bin).fold(0.0, f64::max)
    }

    pub(crate) fn series(&self, column: Option<usize>) -> Option<&Lookout> {
        match column {
            Some(column) => self.cells.get(column),
            None => Some(&self.whole),
        }
    }
}

/// What [`spread`] says of the bin of an age, and leaves how much its columns stand out in `falling`, the highest first.
fn spread_at(cells: &[Lookout], age: usize, delay: &Delay, falling: &mut Vec<f64>) -> (f64, usize) {
    falling.clear();
    falling.extend(cells.iter().filter_map(|cell| surprise(cell, age, delay)));
    falling.sort_unstable_by(|one, other| other.total_cmp(one));
    spread(falling)
}

/// How much a column's bin stands out by itself; none if it was not watched then.
fn surprise(cell: &Lookout, age: usize, delay: &Delay) -> Option<f64> {
    let bin = cell.at(age)?;
    Some(match bin.count {
        0 => 0.0,
        count => bin.law.thinned(delay.known(age)).surprise(count),
    })
}
