//! What was learned of counts, in force: the laws of all series, bin by bin.

use std::collections::BTreeMap;

use chappe_model::{Country, Rsit, Sector, SurgeLessonPart, SurgeNumbers};
use chappe_surge::{
    Baseline, BaselineParts, Baselines, Bin, Calendar, Delay, Grid, Laws, Of, Part, PartBaseline, holidays,
};
use serde::{Deserialize, Serialize};

use super::series::{Scope, Series};

/// Years whose holidays are known: of all that can be learned from, and until long after.
const HOLIDAY_YEARS: std::ops::RangeInclusive<i32> = 2_000..=2_100;
/// Lessons of which parts are waited for; more are of nobody's making.
const UNFINISHED: usize = 16;

/// All parts of one lesson, in the order of the types.
pub(super) type Parts = Vec<SurgeLessonPart>;

/// Parts of lessons that are not whole yet, by number and nonce.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Unfinished(BTreeMap<(u32, u64), BTreeMap<usize, SurgeLessonPart>>);

impl Unfinished {
    /// Takes a part that stands in the log; the whole lesson once it has all.
    pub(super) fn take(&mut self, part: SurgeLessonPart) -> Option<Parts> {
        let (key, parts) = ((part.number, part.nonce), part.types.len());
        let of_lesson = self.0.entry(key).or_default();
        of_lesson.insert(part.part, part);
        if of_lesson.len() >= parts {
            return self.0.remove(&key).map(|of_lesson| of_lesson.into_values().collect());
        }
        while self.0.len() > UNFINISHED {
            self.0.pop_first();
        }
        None
    }
}

/// A lesson in force.
#[derive(Debug)]
pub(super) struct InForce {
    pub(super) parts: Parts,
    pub(super) bin: Bin,
    pub(super) delay: Delay,
    pub(super) types: BTreeMap<Rsit, usize>,
    pub(super) columns: BTreeMap<Option<Country>, usize>,
    pub(super) sectors: BTreeMap<(Rsit, Sector), usize>,
    baselines: Baselines,
    /// Of the coarse bin that was last asked for.
    laws: Option<(i64, Vec<Laws>)>,
}

impl InForce {
    /// None if the parts are no lesson: of another version, or damaged.
    pub(super) fn new(parts: Parts) -> Option<Self> {
        let first = parts.first()?;
        let bin = Bin::of_seconds(first.bin_seconds)?;
        let of_one = |(at, part): (usize, &SurgeLessonPart)| {
            part.part == at && part.types == first.types && part.columns == first.columns
        };
        if parts.len() != first.types.len() || !parts.iter().enumerate().all(of_one) {
            return None;
        }
        let calendars: Vec<Calendar> = first.columns.iter().map(|column| calendar(bin, *column)).collect();
        let common = Calendar::new(bin, []);
        let whole = |numbers: &Option<SurgeNumbers>| match numbers {
            Some(numbers) => baseline(&common, numbers).map(Some),
            None => Some(None),
        };
        let (mut cells, mut wholes, mut of_sectors, mut sectors) = (vec![], vec![], vec![], BTreeMap::new());
        for (kind, part) in parts.iter().enumerate() {
            if part.cells.len() != calendars.len() {
                return None;
            }
            for (numbers, calendar) in part.cells.iter().zip(&calendars) {
                cells.push(baseline(calendar, numbers)?);
            }
            wholes.push(whole(&part.whole)?);
            for of in &part.sectors {
                if of.shares.len() != calendars.len() || !of.shares.iter().all(|share| *share > 0.0 && *share <= 1.0) {
                    return None;
                }
                sectors.insert((first.types[kind], of.sector), of_sectors.len());
                of_sectors.push(PartBaseline {
                    part: Part {
                        kind,
                        shares: of.shares.clone(),
                    },
                    whole: whole(&of.whole)?,
                });
            }
        }
        Some(Self {
            bin,
            delay: Delay::new(first.known.clone()).ok()?,
            types: first.types.iter().copied().zip(0..).collect(),
            columns: first.columns.iter().copied().zip(0..).collect(),
            baselines: Baselines {
                cells: Grid::of_cells(calendars.len(), cells)?,
                wholes,
                parts: of_sectors,
            },
            sectors,
            laws: None,
            parts,
        })
    }

    /// What is said of all of it.
    pub(super) fn head(&self) -> &SurgeLessonPart {
        &self.parts[0] // never without a part
    }

    /// Where a series stands; none if nothing was learned of it.
    pub(super) fn place(&self, (kind, scope): Series) -> Option<(Of, Option<usize>)> {
        let of_type = Of::Type(*self.types.get(&kind)?);
        Some(match scope {
            Scope::Country(country) => (of_type, Some(*self.columns.get(&Some(country))?)),
            Scope::Everywhere => (of_type, None),
            Scope::Sector(sector) => (Of::Part(*self.sectors.get(&(kind, sector))?), None),
        })
    }

    /// The row of this lesson that is of the same as one of another.
    pub(super) fn row_like(&self, of: Of, other: &Self) -> Option<Of> {
        match of {
            Of::Type(kind) => self.types.get(other.head().types.get(kind)?).copied().map(Of::Type),
            Of::Part(part) => {
                let (sector, _) = other.sectors.iter().find(|(_, at)| **at == part)?;
                self.sectors.get(sector).copied().map(Of::Part)
            }
        }
    }

    /// The parts of types that are watched.
    pub(super) fn parts_watched(&self) -> Vec<Part> {
        self.baselines.parts.iter().map(|part| part.part.clone()).collect()
    }

    /// The laws of all series in a bin.
    pub(super) fn laws(&mut self, bin: i64) -> Option<&Laws> {
        let coarse = self.bin.coarse_of(bin);
        if self.laws.as_ref().is_none_or(|laws| laws.0 != coarse) {
            self.laws = Some((coarse, self.baselines.laws_of_coarse(coarse)));
        }
        self.laws.as_ref()?.1.get(self.bin.place_of(bin))
    }
}

/// The calendar of a column.
pub(super) fn calendar(bin: Bin, column: Option<Country>) -> Calendar {
    let days = column.map(|country| holidays(country.as_str(), HOLIDAY_YEARS));
    Calendar::new(bin, days.unwrap_or_default())
}

fn baseline(calendar: &Calendar, numbers: &SurgeNumbers) -> Option<Baseline> {
    let parts = BaselineParts {
        origin: numbers.origin,
        coefficients: numbers.coefficients.clone(),
        information: numbers.information.clone(),
        profile: numbers.profile.clone(),
        dispersion: numbers.dispersion,
    };
    Baseline::of_parts(calendar, &parts).ok()
}

/// A baseline as a record holds it.
pub(super) fn numbers(baseline: &Baseline) -> SurgeNumbers {
    let parts = baseline.parts();
    SurgeNumbers {
        origin: parts.origin,
        coefficients: parts.coefficients,
        information: parts.information,
        profile: parts.profile,
        dispersion: parts.dispersion,
    }
}
