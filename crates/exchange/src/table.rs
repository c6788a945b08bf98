//! CSV and JSON lines by a mapping that their sender writes: which column is what.

mod cells;
mod group;
mod mapping;
mod rows;

use std::collections::BTreeMap;

pub use mapping::{Mapping, TableFormat};

use self::group::Group;
use crate::{ReadError, Reading, text};

/// Most rows in one file.
pub const MAX_TABLE_ROWS: usize = 1_000_000;

/// Most columns of a table.
pub const MAX_TABLE_COLUMNS: usize = 1_000;

/// Longest name of a column, in bytes; in JSON lines that of a member with those of all that hold it.
pub const MAX_TABLE_NAME_BYTES: usize = 1_024;

/// Most reports that one file may make.
pub const MAX_TABLE_REPORTS: usize = 100_000;

/// Reads every report of a table. `name` is the file's name, for messages and for [`crate::Draft::source`].
///
/// Rows of one key make one draft. A row, or a report, that cannot be read takes its place in the list as an error; the others are read.
///
/// # Errors
/// When the file as a whole cannot be read: larger than [`crate::MAX_FILE_BYTES`], not UTF-8, columns that the mapping does not name or that it names
/// and the file has not (of JSON lines: labels that no row has), or over a bound.
pub fn read_table(name: &str, bytes: &[u8], mapping: &Mapping) -> Result<Vec<Result<Reading, ReadError>>, ReadError> {
    let text = text::text(name, bytes)?;
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut found: Vec<Result<Group, ReadError>> = Vec::new();
    let mut take = |row: Result<rows::Row<'_>, ReadError>| {
        let row = row.and_then(|row| Ok((group::key(name, &row, mapping)?, row)));
        match row {
            Ok((key, row)) => {
                let place = *places.entry(key.clone()).or_insert(found.len());
                if place == found.len() {
                    found.push(Ok(Group::new(key)));
                }
                if let Some(Ok(group)) = found.get_mut(place) {
                    group.take(name, &row);
                }
            }
            Err(error) => found.push(Err(error)),
        }
        if found.len() > MAX_TABLE_REPORTS {
            return Err(ReadError::TooMany {
                file: name.to_owned(),
                path: String::new(),
                what: "reports",
                most: MAX_TABLE_REPORTS,
            });
        }
        Ok(())
    };
    match mapping.format {
        TableFormat::Csv => rows::of_csv(name, text, mapping, &mut take)?,
        TableFormat::JsonLines => rows::of_json_lines(name, text, mapping, &mut take)?,
    }
    let readings = found.into_iter().map(|group| group?.reading(name, mapping));
    Ok(readings.collect())
}
