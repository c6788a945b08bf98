//! Over all sets of columns, in each bin of which reports still come: which stands out most?

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::delay::MAX_DELAY_BINS;
use crate::spread::spread;

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
    /// Each by itself in whichever of so many parts it stands out most, or in all of the type, which is taken off what it is said to stand out by; 0 where
    /// only the row itself was looked at.
    pub parts: usize,
}

/// What was found of each bin, the newest first. A report changes one column of one bin: the rest is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scan(VecDeque<Bin>);

#[derive(Clone, Debug, Default)]
struct Bin {
    /// How much each column stands out; none where it has to be found again. Found, it may be none: the column was not watched then.
    columns: Vec<Option<Option<f64>>>,
    /// What the set says that says most; none where it has to be found again.
    best: Option<f64>,
}

impl Scan {
    /// Another bin begins: of all others more reports are known, so that the same count says less. What says nothing goes on saying nothing.
    pub(crate) fn begin(&mut self) {
        self.0.truncate(MAX_DELAY_BINS - 1); // of older ones nothing is asked
        self.0.push_front(Bin::default());
        for bin in &mut self.0 {
            bin.best = bin.best.filter(|said| *said <= 0.0);
            let columns = bin.columns.iter_mut();
            columns.for_each(|found| *found = found.filter(|said| said.is_none_or(|said| said <= 0.0)));
        }
    }

    /// A column counts otherwise in the bin of an age.
    pub(crate) fn changed(&mut self, column: usize, age: usize) {
        let Some(bin) = self.0.get_mut(age) else { return };
        bin.best = None;
        if let Some(found) = bin.columns.get_mut(column) {
            *found = None;
        }
    }

    /// How much one of so many columns stands out in the bin of an age.
    pub(crate) fn of(
        &mut self,
        [columns, column]: [usize; 2],
        age: usize,
        find: impl FnOnce() -> Option<f64>,
    ) -> Option<f64> {
        if self.0.len() <= age {
            self.0.resize(age + 1, Bin::default());
        }
        let found = &mut self.0[age].columns;
        found.resize(columns, None);
        *found.get_mut(column)?.get_or_insert_with(find)
    }

    /// What the set of columns says that says most, and how old its bin is: of two the newer; none where no set says anything.
    pub(crate) fn best(
        &mut self,
        bins: usize,
        columns: usize,
        mut find: impl FnMut(usize, usize) -> Option<f64>,
    ) -> (f64, Option<usize>) {
        self.0.resize(bins, Bin::default());
        let of_bin = |(age, bin): (usize, &mut Bin)| {
            let said = match bin.best {
                Some(said) => said,
                None => {
                    let (falling, watched) = bin.falling(columns, |column| find(column, age));
                    spread(&falling, watched).0
                }
            };
            bin.best = Some(said);
            (said, age)
        };
        let more = |best: (f64, Option<usize>), (said, age)| if said > best.0 { (said, Some(age)) } else { best };
        self.0.iter_mut().enumerate().map(of_bin).fold((0.0, None), more)
    }

    /// The set that says most in the bin of an age, and what it says.
    pub(crate) fn set(
        &mut self,
        age: usize,
        columns: usize,
        find: impl FnMut(usize) -> Option<f64>,
    ) -> Option<(f64, StandingOut)> {
        let (falling, watched) = self.0.get_mut(age)?.falling(columns, find);
        let (said, columns) = spread(&falling, watched);
        let set = StandingOut {
            age,
            columns,
            watched,
            surprise: *falling.get(columns.checked_sub(1)?)?,
            parts: 0,
        };
        Some((said, set))
    }
}

impl Bin {
    /// How much its columns stand out that do, the highest first; and how many were watched.
    fn falling(&mut self, columns: usize, mut find: impl FnMut(usize) -> Option<f64>) -> (Vec<f64>, usize) {
        self.columns.resize(columns, None);
        let (mut falling, mut watched) = (Vec::with_capacity(columns), 0);
        for (column, found) in self.columns.iter_mut().enumerate() {
            let Some(said) = *found.get_or_insert_with(|| find(column)) else {
                continue;
            };
            watched += 1;
            if said > 0.0 {
                falling.push(said);
            }
        }
        falling.sort_unstable_by(|one, other| other.total_cmp(one));
        (falling, watched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_does_not_grow_where_nobody_asks() {
        let mut scan = Scan::default();
        (0..1_000).for_each(|_| scan.begin());
        assert_eq!(scan.0.len(), MAX_DELAY_BINS);
        assert_eq!(scan.of([3, 1], 2, || Some(4.0)), Some(4.0));
        scan.begin();
        assert_eq!(scan.of([3, 1], 3, || Some(2.0)), Some(2.0), "more is known of it now");
    }
}
