//! One row of series under watch: those of a type, or of a part of it, in each column, and over all columns.

use serde::{Deserialize, Serialize};

use crate::delay::{Delay, MAX_DELAY_BINS};
use crate::law::CountLaw;
use crate::lookout::Lookout;
use crate::scan::{Scan, StandingOut};
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
    #[serde(skip)]
    scan: Scan,
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
            scan: Scan::default(),
        }
    }

    /// The next bin begins.
    pub(crate) fn begin(&mut self, cells: impl Iterator<Item = CountLaw>, whole: Option<CountLaw>, delay: &Delay) {
        self.settle(delay);
        self.stale = ALL_AGES;
        self.newest = None;
        self.scan.begin();
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
        self.changed(column, age);
        counts
    }

    pub(crate) fn went(&mut self, column: usize, age: usize, incidents: u64) {
        if let Some(cell) = self.cells.get_mut(column) {
            cell.went(age, incidents);
        }
        self.newest = None;
        self.changed(column, age);
    }

    fn changed(&mut self, column: usize, age: usize) {
        self.stale |= u32::try_from(age).map_or(0, |age| 1u64.checked_shl(age).unwrap_or(0));
        self.scan.changed(column, age);
    }

    pub(crate) fn score_of_cell(&mut self, column: usize, delay: &Delay) -> f64 {
        self.cells.get_mut(column).map_or(0.0, |cell| cell.score(delay))
    }

    /// What the sum over all columns says, or the set of columns that says most. It only rises while incidents come, in whatever column.
    pub(crate) fn score_of_whole(&mut self, delay: &Delay) -> f64 {
        let together = self.score_of_sum(delay);
        if self.has_whole {
            together.max(self.best_set(delay).0)
        } else {
            together
        }
    }

    pub(crate) fn columns(&self) -> usize {
        self.cells.len()
    }

    pub(crate) fn has_whole(&self) -> bool {
        self.has_whole
    }

    /// The bins that are looked at for sets.
    pub(crate) fn bins(&self) -> usize {
        self.whole.bins()
    }

    /// How much a column stands out by itself in the bin of an age; none if it was not watched then.
    pub(crate) fn surprise(&mut self, column: usize, age: usize, delay: &Delay) -> Option<f64> {
        let find = || surprise(&self.cells, column, age, delay);
        self.scan.of([self.cells.len(), column], age, find)
    }

    /// The set of columns that says most, in whichever bin, and what it says.
    pub(crate) fn set(&mut self, delay: &Delay) -> Option<(f64, StandingOut)> {
        let age = self.best_set(delay).1?;
        let find = |column| surprise(&self.cells, column, age, delay);
        self.scan.set(age, self.cells.len(), find)
    }

    pub(crate) fn score_of_sum(&mut self, delay: &Delay) -> f64 {
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

    /// What that set says, and how old its bin is.
    fn best_set(&mut self, delay: &Delay) -> (f64, Option<usize>) {
        let find = |column, age| surprise(&self.cells, column, age, delay);
        self.scan.best(self.whole.bins(), self.cells.len(), find)
    }

    pub(crate) fn series(&self, column: Option<usize>) -> Option<&Lookout> {
        match column {
            Some(column) => self.cells.get(column),
            None => Some(&self.whole),
        }
    }
}

/// Minus the logarithm of the probability of a column's count, or more, in the bin of an age; none if it was not watched then.
fn surprise(cells: &[Lookout], column: usize, age: usize, delay: &Delay) -> Option<f64> {
    let bin = cells.get(column)?.at(age)?;
    Some(match bin.count {
        0 => 0.0,
        count => bin.law.thinned(delay.known(age)).surprise(count),
    })
}
