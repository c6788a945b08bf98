//! Rows in order of their keys, cheap to add to.

use std::ops::RangeInclusive;
use std::sync::Arc;

/// Rows of the head. A search looks at each of them.
pub const HEAD_ROWS: usize = 4_096;

/// Runs of like size that are merged into one: so there are fewer of each size.
const FAN_IN: usize = 4;

/// What runs hold.
pub trait Row: Copy {
    /// What rows are ordered by.
    type Key: Copy + Ord;

    /// Its place in the order.
    fn key(&self) -> Self::Key;

    /// What two rows of one key say together. The order of the rows must not matter, nor how often one is joined.
    #[must_use]
    fn join(self, other: Self) -> Self;
}

/// Rows by ascending key, one for each key as far as anybody sees.
///
/// A row goes into the head; a full head becomes a sorted run; some runs of like size are merged into one when the owner finds the time
/// ([`Runs::due`]). So each row is moved once for each size there is, and a look-up asks a few runs of each size.
#[derive(Clone, Debug)]
pub struct Runs<R> {
    head: Vec<R>,
    /// Each sorted, with one row a key.
    runs: Vec<Arc<Vec<R>>>,
}

impl<R> Default for Runs<R> {
    fn default() -> Self {
        Self {
            head: Vec::new(),
            runs: Vec::new(),
        }
    }
}

/// Runs that are to become one. Merging them takes no lock and needs nothing else.
#[derive(Debug)]
pub struct Merge<R> {
    runs: Vec<Arc<Vec<R>>>,
}

impl<R: Row> Merge<R> {
    /// The one run that stands for all of them.
    #[must_use]
    pub fn run(&self) -> Vec<R> {
        let most = self.runs.iter().map(|run| run.len()).sum();
        let mut merged = Vec::with_capacity(most);
        let fronts = self.runs.iter().map(|run| run.as_slice()).collect();
        merged.extend(Walk {
            head: Vec::new(),
            fronts,
            up_to: None,
        });
        merged.shrink_to_fit();
        merged
    }
}

impl<R: Row> Runs<R> {
    /// Adds a row.
    pub fn push(&mut self, row: R) {
        self.head.push(row);
        if self.head.len() >= HEAD_ROWS {
            let mut run = std::mem::take(&mut self.head);
            sort_and_join(&mut run);
            run.shrink_to_fit();
            self.runs.push(Arc::new(run));
        }
    }

    /// The runs that it is time to merge, if any. Until [`Runs::install`] nobody else may merge.
    #[must_use]
    pub fn due(&self) -> Option<Merge<R>> {
        let size = |run: &Arc<Vec<R>>| (run.len() / HEAD_ROWS).max(1).ilog(FAN_IN);
        let sizes = self.runs.iter().map(size).max()?;
        for wanted in 0..=sizes {
            let alike = self.runs.iter().filter(|run| size(run) == wanted);
            let runs: Vec<_> = alike.take(FAN_IN).map(Arc::clone).collect();
            if runs.len() == FAN_IN {
                return Some(Merge { runs });
            }
        }
        None
    }

    /// Puts a merged run in place of those that it was made of.
    pub fn install(&mut self, merge: &Merge<R>, merged: Vec<R>) {
        let is_merged = |run: &Arc<Vec<R>>| merge.runs.iter().any(|of| Arc::ptr_eq(of, run));
        self.runs.retain(|run| !is_merged(run));
        self.runs.push(Arc::new(merged));
    }

    /// The rows of a range, in order.
    #[must_use]
    pub fn walk(&self, range: &RangeInclusive<R::Key>) -> Walk<'_, R> {
        let mut head: Vec<R> = self
            .head
            .iter()
            .filter(|row| range.contains(&row.key()))
            .copied()
            .collect();
        sort_and_join(&mut head);
        head.reverse();
        let before = |run: &Arc<Vec<R>>| run.partition_point(|row| row.key() < *range.start());
        let fronts = self.runs.iter().filter_map(|run| run.get(before(run)..));
        Walk {
            head,
            fronts: fronts.filter(|front| !front.is_empty()).collect(),
            up_to: Some(*range.end()),
        }
    }

    /// All rows of a range, in no order, and some of them several times or in parts.
    pub fn each(&self, range: &RangeInclusive<R::Key>, mut tell: impl FnMut(&R)) {
        let within = |row: &&R| range.contains(&row.key());
        self.head.iter().filter(within).for_each(&mut tell);
        for run in &self.runs {
            let begin = run.partition_point(|row| row.key() < *range.start());
            run.iter().skip(begin).take_while(within).for_each(&mut tell);
        }
    }

    /// How many rows [`Runs::each`] would tell of at most.
    #[must_use]
    pub fn count(&self, range: &RangeInclusive<R::Key>) -> usize {
        let of_run = |run: &Arc<Vec<R>>| {
            let begin = run.partition_point(|row| row.key() < *range.start());
            run.partition_point(|row| row.key() <= *range.end())
                .saturating_sub(begin)
        };
        let of_head = self.head.iter().filter(|row| range.contains(&row.key())).count();
        of_head + self.runs.iter().map(of_run).sum::<usize>()
    }

    /// Bytes of memory that the rows take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let rows = self.runs.iter().map(|run| run.capacity()).sum::<usize>() + self.head.capacity();
        rows * size_of::<R>()
    }
}

/// Rows in order of their keys, each key once.
#[derive(Debug)]
pub struct Walk<'r, R: Row> {
    /// In descending order: the next is the last.
    head: Vec<R>,
    /// What is left of each run.
    fronts: Vec<&'r [R]>,
    /// The last key that is wanted.
    up_to: Option<R::Key>,
}

impl<R: Row> Iterator for Walk<'_, R> {
    type Item = R;

    fn next(&mut self) -> Option<R> {
        let heads = self.head.last().map(Row::key);
        let fronts = self.fronts.iter().filter_map(|front| front.first()).map(Row::key);
        let key = fronts.chain(heads).min()?;
        if self.up_to.is_some_and(|up_to| key > up_to) {
            return None;
        }
        let mut found: Option<R> = None;
        let mut take = |row: R| found = Some(found.map_or(row, |found| found.join(row)));
        if heads == Some(key)
            && let Some(row) = self.head.pop()
        {
            take(row);
        }
        for front in &mut self.fronts {
            if let Some((row, rest)) = front.split_first()
                && row.key() == key
            {
                take(*row);
                *front = rest;
            }
        }
        found
    }
}

fn sort_and_join<R: Row>(rows: &mut Vec<R>) {
    rows.sort_unstable_by_key(Row::key);
    rows.dedup_by(|next, kept| {
        let is_same = next.key() == kept.key();
        if is_same {
            *kept = kept.join(*next);
        }
        is_same
    });
}
