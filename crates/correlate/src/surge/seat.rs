//! Where an incident counts: in a row of series for its type, and in one for each sector of it that is watched.

use chappe_surge::Of;

use super::Counted;
use super::lesson::InForce;
use super::series::{Scope, Series};

/// One place in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) of: Of,
    /// The column, and how many bins old its bin is; none if nothing was learned of the column.
    pub(super) place: Option<(usize, usize)>,
    /// The series whose alerts it may be behind.
    pub(super) series: [Option<Series>; 2],
}

/// All seats of an incident while a bin is the newest; none where nothing was learned of its type.
pub(super) fn seats(lesson: &InForce, newest: i64, of: &Counted) -> Vec<Seat> {
    let Some(kind) = lesson.types.get(&of.kind).copied() else {
        return vec![];
    };
    let age = usize::try_from(newest - lesson.bin.of(of.hour * 3_600)).ok();
    let place = lesson.columns.get(&of.home).copied().zip(age);
    let seat = |of, series| Seat { of, place, series };
    let country = of.home.map(|country| (of.kind, Scope::Country(country)));
    let sectors = of.sectors.iter().filter_map(|sector| {
        let part = *lesson.sectors.get(&(of.kind, sector))?;
        Some(seat(Of::Part(part), [Some((of.kind, Scope::Sector(sector))), None]))
    });
    let of_type = seat(Of::Type(kind), [country, Some((of.kind, Scope::Everywhere))]);
    std::iter::once(of_type).chain(sectors).collect()
}
