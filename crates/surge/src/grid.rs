//! The series of an installation: one for each type and country.

use serde::{Deserialize, Serialize};

use crate::baseline::{Baseline, History, learn, learn_within};
use crate::calendar::Calendar;

/// One value for each type and country.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid<T> {
    countries: usize,
    cells: Vec<T>,
}

impl<T> Grid<T> {
    /// Fills a grid, countries of the first type first.
    pub fn new(types: usize, countries: usize, mut cell: impl FnMut(usize, usize) -> T) -> Self {
        let places = (0..types).flat_map(|kind| (0..countries).map(move |country| (kind, country)));
        Self {
            countries: countries.max(1),
            cells: places.map(|(kind, country)| cell(kind, country)).collect(),
        }
    }

    /// A grid of these cells, those of the first type first; none if they are no whole number of rows.
    #[must_use]
    pub fn of_cells(countries: usize, cells: Vec<T>) -> Option<Self> {
        let sound = countries > 0 && cells.len().is_multiple_of(countries);
        sound.then_some(Self { countries, cells })
    }

    /// The same grid of what each cell is turned into.
    #[must_use]
    pub fn map<U>(self, cell: impl FnMut(T) -> U) -> Grid<U> {
        Grid {
            countries: self.countries,
            cells: self.cells.into_iter().map(cell).collect(),
        }
    }

    /// Each cell with its type and country.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize, &T)> {
        let at = |(index, cell)| (index / self.countries, index % self.countries, cell);
        self.cells.iter().enumerate().map(at)
    }

    /// How many types there are.
    #[must_use]
    pub fn types(&self) -> usize {
        self.cells.len() / self.countries
    }

    /// How many countries there are.
    #[must_use]
    pub fn countries(&self) -> usize {
        self.countries
    }

    /// How many series there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The cell of a type and a country, to be changed.
    pub fn get_mut(&mut self, kind: usize, country: usize) -> Option<&mut T> {
        (country < self.countries).then(|| self.cells.get_mut(kind * self.countries + country))?
    }

    /// The cells of a type, in the order of the countries.
    pub fn of_type(&self, kind: usize) -> impl Iterator<Item = &T> {
        self.cells.iter().skip(kind * self.countries).take(self.countries)
    }

    /// The cell of a type and a country.
    #[must_use]
    pub fn get(&self, kind: usize, country: usize) -> Option<&T> {
        (country < self.countries).then(|| self.cells.get(kind * self.countries + country))?
    }
}

/// The baselines of all series, each drawn towards its type's and its country's. `calendars` has one for each country, with its holidays; a
/// country without one has no series. All histories begin with the same bin and are of one length.
#[must_use]
pub fn learn_grid(calendars: &[Calendar], histories: &Grid<History>) -> Grid<Baseline> {
    let countries = histories.countries.min(calendars.len());
    let types = if countries == 0 { 0 } else { histories.types() };
    let margins = calendars
        .first()
        .map(|calendar| Margins::learn(calendar, calendars, types, histories));
    let cells = (0..types).flat_map(|kind| (0..countries).map(move |country| (kind, country)));
    let cells = cells.filter_map(|(kind, country)| {
        let (margins, history) = (margins.as_ref()?, histories.get(kind, country)?);
        let around = [margins.types.get(kind)?, margins.countries.get(country)?];
        Some(learn_within(calendars.get(country)?, history, around, &margins.all))
    });
    Grid {
        countries: countries.max(1),
        cells: cells.collect(),
    }
}

/// What series lie in.
struct Margins {
    all: Baseline,
    types: Vec<Baseline>,
    countries: Vec<Baseline>,
}

impl Margins {
    fn learn(any: &Calendar, calendars: &[Calendar], types: usize, histories: &Grid<History>) -> Self {
        // Holidays are a country's: its own margin tells of them.
        let common = any.clone().without_holidays();
        Self {
            all: learn(&common, &sum(histories, |_, _| true)),
            types: (0..types)
                .map(|kind| learn(&common, &sum(histories, |of, _| of == kind)))
                .collect(),
            countries: (calendars.iter().enumerate())
                .map(|(country, calendar)| learn(calendar, &sum(histories, |_, of| of == country)))
                .collect(),
        }
    }
}

/// What the series of some types and countries have together.
fn sum(histories: &Grid<History>, wanted: impl Fn(usize, usize) -> bool) -> History {
    let mut of = histories.cells().filter(|(kind, country, _)| wanted(*kind, *country));
    let mut sum = match of.next() {
        Some((.., history)) => history.clone(),
        None => History {
            first: 0,
            counts: vec![],
        },
    };
    for (.., history) in of {
        sum.counts
            .iter_mut()
            .zip(&history.counts)
            .for_each(|(sum, more)| *sum += more);
    }
    sum
}
