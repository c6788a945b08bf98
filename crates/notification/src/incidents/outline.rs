//! What the index keeps of an incident besides its postings: where its revisions stand, and enough to pass over most that a filter leaves out.

use chappe_distribute::{Filter, Period, span};
use chappe_eventlog::Position;
use chappe_model::{Accepted, Country, IncidentId, Sector, Severity, Timestamp};
use chappe_postings::Row;

/// One revision of an incident: the first record of it counts, as for every reader of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outline {
    id: u128,
    position: u64,
    revision: u32,
    begins_s: u32,
    ends_s: u32,
    /// Of the countries affected, by their numbers modulo the bits.
    countries: u32,
    /// Of the sectors, likewise.
    sectors: u16,
    incident_type: u8,
    /// The severity, whether it is an exercise, and whether it withdraws the report.
    severity: u8,
}

const EXERCISE: u8 = 0x80;
const RETRACTED: u8 = 0x40;
const SEVERITY: u8 = 0x0f;

/// Where a revision stands in the incident's partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: Position,
    pub(crate) revision: u32,
}

/// By id, then by rising revision.
impl Row for Outline {
    type Key = (u128, u32, bool);

    fn key(&self) -> Self::Key {
        (self.id, self.revision, self.is_exercise())
    }

    fn join(self, other: Self) -> Self {
        if other.position < self.position { other } else { self }
    }
}

impl Outline {
    /// Of one record.
    pub(crate) fn of(position: Position, accepted: &Accepted) -> Self {
        let said = &accepted.incident;
        let (first, last) = span(accepted);
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        Self {
            id: number(accepted.id),
            position: position.0,
            revision: said.revision,
            begins_s: seconds(first.as_millis() / 1_000),
            ends_s: seconds(last.as_millis().div_ceil(1_000)),
            countries: said
                .countries
                .iter()
                .fold(0, |bits, country| bits | country_bit(*country)),
            sectors: said.sectors.iter().fold(0, |bits, sector| bits | sector_bit(*sector)),
            incident_type: said.incident_type as u8,
            severity: said.severity as u8 | flag(said.exercise, EXERCISE) | flag(said.retracted, RETRACTED),
        }
    }

    /// The incident's id, in its order.
    pub(crate) fn id(&self) -> u128 {
        self.id
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            position: Position(self.position),
            revision: self.revision,
        }
    }

    pub(crate) fn is_exercise(&self) -> bool {
        self.severity & EXERCISE != 0
    }

    fn is_retracted(&self) -> bool {
        self.severity & RETRACTED != 0
    }
}

/// What the revisions of one incident add up to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// The highest.
    pub(crate) newest: Outline,
    /// The highest that is no retraction: what a withdrawn report named.
    pub(crate) named: Option<Place>,
}

/// Adds revisions up, which must rise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum {
    /// The first record of any: what it says of exercises holds, and what says otherwise counts for nobody (ADR 0016).
    first: Outline,
    /// What is live, and what is an exercise.
    standing: [Option<Standing>; 2],
}

impl Sum {
    /// Of one revision.
    pub(crate) fn of(outline: Outline) -> Self {
        let nothing = Self {
            first: outline,
            standing: [None; 2],
        };
        nothing.with(outline)
    }

    /// With one more of the same incident.
    pub(crate) fn with(mut self, outline: Outline) -> Self {
        if outline.position < self.first.position {
            self.first = outline;
        }
        let alike = &mut self.standing[usize::from(outline.is_exercise())];
        let named = match outline.is_retracted() {
            true => alike.and_then(|standing| standing.named),
            false => Some(outline.place()),
        };
        *alike = Some(Standing { newest: outline, named });
        self
    }

    pub(crate) fn id(&self) -> u128 {
        self.first.id
    }

    /// What counts.
    pub(crate) fn standing(&self) -> Option<Standing> {
        self.standing[usize::from(self.first.is_exercise())]
    }
}

/// What a filter and a time ask for, as far as outlines tell. It lets through more than is asked for, never less.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sketch {
    countries: u32,
    sectors: u16,
    /// Of the types, by their numbers modulo the bits.
    incident_types: u64,
    min_severity: u8,
    exercise: bool,
    since_s: u32,
    until_s: u32,
}

impl Sketch {
    pub(crate) fn of(filter: &Filter, period: &Period) -> Self {
        let countries = filter
            .countries
            .iter()
            .fold(0, |bits, country| bits | country_bit(country));
        let sectors = filter.sectors.iter().fold(0, |bits, sector| bits | sector_bit(*sector));
        let types = filter.incident_types.iter();
        let types = types.fold(0, |bits, rsit| bits | type_bit(*rsit as u8));
        let whole = |moment: Option<Timestamp>| moment.map(|moment| seconds(moment.as_millis() / 1_000));
        Self {
            countries: if filter.countries.is_empty() { 0 } else { countries },
            sectors: if filter.sectors.is_empty() { 0 } else { sectors },
            incident_types: if filter.incident_types.is_empty() {
                u64::MAX
            } else {
                types
            },
            min_severity: filter.min_severity as u8,
            exercise: filter.exercise,
            since_s: whole(period.since).unwrap_or(0),
            until_s: whole(period.until).unwrap_or(u32::MAX),
        }
    }

    pub(crate) fn lets_through(&self, outline: &Outline) -> bool {
        outline.is_exercise() == self.exercise
            && outline.severity & SEVERITY >= self.min_severity
            && (self.countries == 0 || outline.countries & self.countries != 0)
            && (self.sectors == 0 || outline.sectors & self.sectors != 0)
            && type_bit(outline.incident_type) & self.incident_types != 0
            && outline.ends_s >= self.since_s
            && outline.begins_s <= self.until_s
    }
}

/// An id as a number of the same order.
pub(crate) fn number(id: IncidentId) -> u128 {
    u128::from_be_bytes(*id.as_bytes())
}

/// What [`number`] was made of.
pub(crate) fn id_of(number: u128) -> IncidentId {
    IncidentId::from_bytes(number.to_be_bytes())
}

fn seconds(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

fn country_bit(country: Country) -> u32 {
    1 << (u32::from(country.index()) % u32::BITS)
}

fn sector_bit(sector: Sector) -> u16 {
    1 << (sector as u32 % u16::BITS)
}

fn type_bit(incident_type: u8) -> u64 {
    1 << (u32::from(incident_type) % u64::BITS)
}

const _: () = assert!(size_of::<Outline>() == 48, "the documented memory of a revision");
const _: () = assert!(Severity::Critical as u8 <= SEVERITY, "all fit in one byte");
