//! STIX 2.1 and 2.0 in: bundles, TAXII envelopes, lists of objects, and objects alone.

pub(crate) mod extension;
mod file;
mod graph;
mod labels;
pub(crate) mod marking;
mod observable;
mod observed;
mod pattern;
mod report;
mod scope;
mod victims;

use crate::{ReadError, Reading};

/// Most objects in one bundle or list.
pub const MAX_STIX_OBJECTS: usize = 100_000;

/// Most reports that one file may make.
pub const MAX_STIX_REPORTS: usize = 10_000;

/// Most items of all reports of one file together, each with the indicators that it gave: an object that many reports refer to is an item of each.
pub const MAX_STIX_ITEMS: usize = 1_000_000;

/// Most references that are followed in one file: one that many reports come by is followed for each.
pub const MAX_STIX_REFERENCES: usize = 5_000_000;

/// How much one file may make, for a reader that has less room than [`read_stix`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StixBounds {
    /// Most reports, up to [`MAX_STIX_REPORTS`].
    pub reports: usize,
    /// Most items and indicators of all reports together, counted for each report that refers to them; up to [`MAX_STIX_ITEMS`].
    pub items: usize,
}

impl Default for StixBounds {
    fn default() -> Self {
        Self {
            reports: MAX_STIX_REPORTS,
            items: MAX_STIX_ITEMS,
        }
    }
}

/// Reads every report of a STIX file. `name` is the file's or entry's name, for messages and for [`crate::Draft::source`].
///
/// Each `report` and `grouping` makes one draft of what it refers to. What none of them refers to makes one draft of its own where it holds an
/// indicator; else it is accounted for with the report of the lowest id. One that cannot be read takes its own place in the list as an error.
///
/// # Errors
/// When the file as a whole cannot be read: larger than [`crate::MAX_FILE_BYTES`], not UTF-8, not JSON, not STIX, or over a bound.
pub fn read_stix(name: &str, bytes: &[u8]) -> Result<Vec<Result<Reading, ReadError>>, ReadError> {
    read_stix_within(name, bytes, StixBounds::default())
}

/// Reads every report of a STIX file as [`read_stix`] does, within other bounds: no more is held than they and one report beyond them.
///
/// # Errors
/// As of [`read_stix`].
pub fn read_stix_within(
    name: &str,
    bytes: &[u8],
    bounds: StixBounds,
) -> Result<Vec<Result<Reading, ReadError>>, ReadError> {
    let whole = file::parse(name, bytes)?;
    let too_many = |(what, most)| ReadError::TooMany {
        file: name.to_owned(),
        path: String::new(),
        what,
        most,
    };
    let mut readings = Vec::new();
    let mut items = 0;
    let mut following = scope::Following::new();
    for collection in file::collections(name, &whole)? {
        let graph = graph::Graph::new(&collection);
        let observed = observed::Observed::of(&graph);
        let labels = labels::Labels::of(&graph);
        for scope in scope::scopes(&graph, bounds.items, &mut following).map_err(too_many)? {
            if readings.len() >= bounds.reports {
                return Err(too_many(("reports", bounds.reports)));
            }
            let source = report::Source {
                name,
                graph: &graph,
                observed: &observed,
                labels: &labels,
            };
            let reading = report::read(&source, &scope, &mut following).map_err(too_many)?;
            items += reading.as_ref().map_or(0, size);
            if items > bounds.items {
                return Err(too_many(("items", bounds.items)));
            }
            readings.push(reading);
        }
    }
    Ok(readings)
}

/// What a reading holds: one pattern may give as many indicators as a file has objects.
fn size(reading: &Reading) -> usize {
    let indicators = reading.read.iter().map(|item| item.indicators.len());
    reading.total + indicators.sum::<usize>()
}
