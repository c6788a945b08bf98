//! All series of an installation under watch: one for each type and country, one for each type over all countries, and one for each part of a type
//! (a sector) over all countries.

use serde::{Deserialize, Serialize};

use crate::baseline::{Baseline, History};
use crate::calendar::Calendar;
use crate::delay::Delay;
use crate::grid::{Grid, learn_grid};
use crate::law::CountLaw;
use crate::lookout::{Lookout, OVER_AT};
use crate::mixed::Mixed;
use crate::part::{Part, PartBaseline, PartHistory, learn_wholes};
use crate::row::Row;
use crate::scan::StandingOut;

/// The baselines of all series.
#[derive(Clone, Debug, PartialEq)]
pub struct Baselines {
    /// Of each type and column.
    pub cells: Grid<Baseline>,
    /// Of each type over all columns, without what the [`SET_ASIDE`](crate::SET_ASIDE) that stand out most are above theirs; none where there are no
    /// more columns than that.
    pub wholes: Vec<Option<Baseline>>,
    /// Of each part over all columns.
    pub parts: Vec<PartBaseline>,
}

impl Baselines {
    /// The laws of all series in each bin of a coarse one.
    #[must_use]
    pub fn laws_of_coarse(&self, coarse: i64) -> Vec<Laws> {
        let cells: Vec<Vec<CountLaw>> = (self.cells.cells())
            .map(|(.., cell)| cell.laws_of_coarse(coarse))
            .collect();
        let of = |whole: &Option<Baseline>| whole.as_ref().map(|whole| whole.laws_of_coarse(coarse));
        let wholes: Vec<_> = self.wholes.iter().map(of).collect();
        let parts: Vec<_> = self.parts.iter().map(|part| of(&part.whole)).collect();
        let (types, columns) = (self.cells.types(), self.cells.countries());
        let at = |of: &[Option<Vec<CountLaw>>], place: usize| {
            let of_bin = |laws: &Option<Vec<CountLaw>>| laws.as_ref().map(|laws| laws[place]);
            of.iter().map(of_bin).collect()
        };
        let of_bin = |place: usize| Laws {
            cells: Grid::new(types, columns, |kind, column| cells[kind * columns + column][place]),
            wholes: at(&wholes, place),
            parts: at(&parts, place),
        };
        let width = cells.first().map_or(0, Vec::len);
        (0..width).map(of_bin).collect()
    }
}

/// Learns the baselines of all series: see [`learn_grid`] for those of the cells.
#[must_use]
pub fn learn_all(calendars: &[Calendar], histories: &Grid<History>, parts: &[PartHistory]) -> Baselines {
    let cells = learn_grid(calendars, histories);
    let (wholes, parts) = learn_wholes(calendars, &cells, histories, parts);
    Baselines { cells, wholes, parts }
}

/// The laws of all series in one bin.
#[derive(Clone, Debug, PartialEq)]
pub struct Laws {
    /// Of each type and column.
    pub cells: Grid<CountLaw>,
    /// Of each type over all columns.
    pub wholes: Vec<Option<CountLaw>>,
    /// Of each part over all columns.
    pub parts: Vec<Option<CountLaw>>,
}

/// Which row of series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// That of a type.
    Type(usize),
    /// That of a part of a type.
    Part(usize),
}

/// All series under watch: the statistic as shipped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Panel {
    types: Vec<Row>,
    parts: Vec<(Part, Row)>,
    mixed: Vec<Mixed>,
}

impl Panel {
    /// Of so many types and columns, and these parts; a series that was watched before, in a column or over all, goes on as `before` has it.
    pub fn new(
        types: usize,
        columns: usize,
        parts: Vec<Part>,
        mut before: impl FnMut(Of, Option<usize>) -> Option<Lookout>,
    ) -> Self {
        let mut row = |of| Row::new(columns, |column| before(of, column));
        Self {
            mixed: (0..types).map(|kind| Mixed::new(kind, &parts)).collect(),
            types: (0..types).map(|kind| row(Of::Type(kind))).collect(),
            parts: (0..).zip(parts).map(|(at, part)| (part, row(Of::Part(at)))).collect(),
        }
    }

    /// The next bin begins.
    pub fn begin(&mut self, laws: &Laws, delay: &Delay) {
        self.mixed.iter_mut().for_each(Mixed::begin);
        for (kind, row) in self.types.iter_mut().enumerate() {
            let whole = laws.wholes.get(kind).copied().flatten();
            row.begin(laws.cells.of_type(kind).copied(), whole, delay);
        }
        for (at, (part, row)) in self.parts.iter_mut().enumerate() {
            let cells = laws.cells.of_type(part.kind).zip(&part.shares);
            let whole = laws.parts.get(at).copied().flatten();
            row.begin(cells.map(|(law, share)| law.thinned(*share)), whole, delay);
        }
    }

    fn row(&self, of: Of) -> Option<&Row> {
        match of {
            Of::Type(kind) => self.types.get(kind),
            Of::Part(part) => self.parts.get(part).map(|(_, row)| row),
        }
    }

    fn row_mut(&mut self, of: Of) -> Option<&mut Row> {
        match of {
            Of::Type(kind) => self.types.get_mut(kind),
            Of::Part(part) => self.parts.get_mut(part).map(|(_, row)| row),
        }
    }

    /// Incidents of the bin that is so many bins old came; whether they are in time to count. Those of parts are told for each part too.
    pub fn came(&mut self, of: Of, column: usize, age: usize, incidents: u64) -> bool {
        self.changed(of, column, age);
        self.row_mut(of).is_some_and(|row| row.came(column, age, incidents))
    }

    /// Incidents of the bin that is so many bins old were taken back.
    pub fn went(&mut self, of: Of, column: usize, age: usize, incidents: u64) {
        self.changed(of, column, age);
        if let Some(row) = self.row_mut(of) {
            row.went(column, age, incidents);
        }
    }

    fn changed(&mut self, of: Of, column: usize, age: usize) {
        let kind = match of {
            Of::Type(kind) => Some(kind),
            Of::Part(part) => self.parts.get(part).map(|(part, _)| part.kind),
        };
        if let Some(mixed) = kind.and_then(|kind| self.mixed.get_mut(kind)) {
            mixed.changed(column, age);
        }
    }

    /// Whether reports of the bin that is so many bins old still count.
    #[must_use]
    pub fn holds(&self, of: Of, column: usize, age: usize) -> bool {
        self.lookout(of, Some(column))
            .is_some_and(|cell| cell.at(age).is_some())
    }

    /// The score of a series, in a column or over all: see [`Lookout::score`]. Over all it is the largest of what the sum says, of what the set of
    /// columns says that stands out most, and, of a type, of what that set says where each column stands out in a part of its own.
    ///
    /// While incidents come it only rises, but for the last: a set over parts counts above [`OVER_AT`] and where it says more than each part by itself, which
    /// otherwise tells the same. What a type and its parts say at most only rises.
    pub fn score(&mut self, of: Of, column: Option<usize>, delay: &Delay) -> f64 {
        let of_row = self.row_mut(of).map_or(0.0, |row| match column {
            Some(column) => row.score_of_cell(column, delay),
            None => row.score_of_whole(delay),
        });
        match (of, column) {
            (Of::Type(kind), None) => self.over_parts(kind, of_row, delay).map_or(of_row, |(said, _)| said),
            _ => of_row,
        }
    }

    /// The columns that stand out together, where it is they that make the score over all, and not the sum.
    pub fn set(&mut self, of: Of, delay: &Delay) -> Option<StandingOut> {
        let row = self.row_mut(of).filter(|row| row.has_whole())?;
        let (sum, plain) = (row.score_of_sum(delay), row.set(delay));
        let plain = plain.filter(|(said, _)| *said > sum);
        let of_row = plain.map_or(sum, |(said, _)| said);
        let mixed = match of {
            Of::Type(kind) => self.over_parts(kind, of_row, delay),
            Of::Part(_) => None,
        };
        mixed.or(plain).map(|(_, set)| set)
    }

    /// The set over the parts of a type, where it says more than so much, and more than each part.
    fn over_parts(&mut self, kind: usize, of_row: f64, delay: &Delay) -> Option<(f64, StandingOut)> {
        let (mixed, row) = (self.mixed.get_mut(kind)?, self.types.get_mut(kind)?);
        if mixed.best(row, &mut self.parts, delay).0 <= of_row.max(OVER_AT) {
            return None;
        }
        let (said, set) = mixed.set(row, &mut self.parts, delay)?;
        let mut parts = self.parts.iter_mut().filter(|(part, _)| part.kind == kind);
        parts
            .all(|(_, row)| row.score_of_whole(delay) < said)
            .then_some((said, set))
    }

    /// The series in a column, or over all.
    #[must_use]
    pub fn lookout(&self, of: Of, column: Option<usize>) -> Option<&Lookout> {
        self.row(of)?.series(column)
    }
}

#[cfg(test)]
mod tests;
