//! Weak in each of several columns, each in a part of its own, strong together: sets over columns and parts at once.

use serde::{Deserialize, Serialize};

use crate::delay::Delay;
use crate::part::Part;
use crate::row::Row;
use crate::scan::{Scan, StandingOut};

/// The rows of a type that are looked at together: its own, and those of its parts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mixed {
    /// The places of the type's parts.
    parts: Vec<usize>,
    #[serde(skip)]
    scan: Scan,
}

impl Mixed {
    pub(crate) fn new(kind: usize, parts: &[Part]) -> Self {
        Self {
            parts: (0..parts.len()).filter(|at| parts[*at].kind == kind).collect(),
            scan: Scan::default(),
        }
    }

    pub(crate) fn begin(&mut self) {
        self.scan.begin();
    }

    /// A column counts otherwise in the bin of an age, in the type or in a part of it.
    pub(crate) fn changed(&mut self, column: usize, age: usize) {
        self.scan.changed(column, age);
    }

    /// What the set says that says most, and in the bin of which age; none where no part is watched, or nothing over all columns.
    pub(crate) fn best(&mut self, whole: &mut Row, parts: &mut [(Part, Row)], delay: &Delay) -> (f64, Option<usize>) {
        if self.parts.is_empty() || !whole.has_whole() {
            return (0.0, None);
        }
        let (bins, columns) = (whole.bins(), whole.columns());
        let find = |column, age| most(&self.parts, [column, age], whole, parts, delay);
        self.scan.best(bins, columns, find)
    }

    /// That set, and what it says.
    pub(crate) fn set(
        &mut self,
        whole: &mut Row,
        parts: &mut [(Part, Row)],
        delay: &Delay,
    ) -> Option<(f64, StandingOut)> {
        let (_, age) = self.best(whole, parts, delay);
        let (age, columns) = (age?, whole.columns());
        let find = |column| most(&self.parts, [column, age], whole, parts, delay);
        let (said, set) = self.scan.set(age, columns, find)?;
        let parts = self.parts.len();
        Some((said, StandingOut { parts, ..set }))
    }
}

/// A column stands out as much as in whichever part it does so most, or in all of the type: less for having looked at so many (Bonferroni), so
/// that chance has it so with no more than the probability that it says.
fn most(
    of_kind: &[usize],
    [column, age]: [usize; 2],
    whole: &mut Row,
    parts: &mut [(Part, Row)],
    delay: &Delay,
) -> Option<f64> {
    let mut most = whole.surprise(column, age, delay)?;
    for part in of_kind {
        let (_, row) = &mut parts[*part];
        most = most.max(row.surprise(column, age, delay).unwrap_or(0.0));
    }
    let looks = (of_kind.len() + 1) as f64;
    Some((most - looks.ln()).max(0.0))
}
