//! From a text to rows: each a place, and the values of its columns.

use std::collections::BTreeSet;

use serde_json::Value;

use super::mapping::{Column, Mapping, Unmapped};
use super::{MAX_TABLE_COLUMNS, MAX_TABLE_NAME_BYTES, MAX_TABLE_ROWS};
use crate::ReadError;
use crate::entries::entries;
use crate::shown::shown;

/// The values of one column of a row, none of which is empty.
pub(super) struct Cell<'m> {
    pub(super) name: &'m str,
    pub(super) column: &'m Column,
    pub(super) values: Vec<String>,
    /// Of a column of the key: its values as the source writes them, whatever its words mean.
    pub(super) raw: Option<String>,
}

/// One row.
pub(super) struct Row<'m> {
    /// Such as `line 7`.
    pub(super) place: String,
    pub(super) cells: Vec<Cell<'m>>,
    /// Columns that the mapping does not name.
    pub(super) unmapped: Vec<String>,
}

/// Takes one row after the other, so that no two are held.
pub(super) type Take<'t, 'm> = &'t mut dyn FnMut(Result<Row<'m>, ReadError>) -> Result<(), ReadError>;

/// Counts lines up to where records begin. The reader's own count stands before the line ends that it skips.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The place of a record, none of which is asked for behind a later one.
    fn place(&mut self, position: Option<&csv::Position>) -> String {
        let Some(position) = position else {
            return "a line".to_owned();
        };
        let begins = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        while let Some(byte) = self.text.get(self.at) {
            let ends = matches!(byte, b'\r' | b'\n');
            if !ends && self.at >= begins {
                break;
            }
            self.at += 1;
            // Of the two that end a line together the second counts.
            self.line += usize::from(ends && !(*byte == b'\r' && self.text.get(self.at) == Some(&b'\n')));
        }
        format!("line {}", self.line)
    }
}

/// The records of a CSV text.
pub(super) fn of_csv<'m>(name: &str, text: &str, mapping: &'m Mapping, take: Take<'_, 'm>) -> Result<(), ReadError> {
    let wrong = |path: String, message: String| ReadError::Field {
        file: name.to_owned(),
        path,
        message,
    };
    let mut builder = csv::ReaderBuilder::new();
    builder
        .has_headers(false)
        .delimiter(u8::try_from(mapping.separator).unwrap_or(b','));
    let mut reader = builder.from_reader(text.as_bytes());
    let mut records = reader.records();
    let mut lines = Lines::of(text);
    let mut first = "line 1".to_owned();
    let header: Vec<String> = match &mapping.header {
        Some(header) => header.clone(),
        None => match records.next() {
            Some(Ok(record)) => {
                first = lines.place(record.position());
                record.iter().map(|name| name.trim().to_owned()).collect()
            }
            Some(Err(error)) => return Err(wrong(first, error.to_string())),
            None => {
                return Err(wrong(
                    "line 1".to_owned(),
                    "empty: give a line with the names of the columns".to_owned(),
                ));
            }
        },
    };
    check_header(&header, mapping).map_err(|(column, message)| wrong(format!("{first}, column {column}"), message))?;
    for (index, record) in records.enumerate() {
        if index == MAX_TABLE_ROWS {
            return Err(too_many(name));
        }
        take(match record {
            Ok(record) if record.len() != header.len() => {
                let place = lines.place(record.position());
                Err(wrong(
                    place,
                    format!("{} columns, not {} as the first line has", record.len(), header.len()),
                ))
            }
            Ok(record) => {
                let place = lines.place(record.position());
                row(&record, place.clone(), &header, mapping).map_err(|message| wrong(place, message))
            }
            Err(error) => Err(wrong(lines.place(error.position()), unequal(&error))),
        })?;
    }
    Ok(())
}

fn unequal(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "{len} columns, not {expected_len} as the first line has: is a quotation mark or a separator missing?"
            )
        }
        _ => error.to_string(),
    }
}

fn row<'m>(
    record: &csv::StringRecord,
    place: String,
    header: &[String],
    mapping: &'m Mapping,
) -> Result<Row<'m>, String> {
    let mut row = Row {
        place,
        cells: Vec::new(),
        unmapped: Vec::new(),
    };
    for (name, value) in header.iter().zip(record) {
        row.add(name, vec![value.to_owned()], mapping)?;
    }
    Ok(row)
}

/// Refuses a first line that does not fit: the number of the column, from 1, and what is wrong.
fn check_header(header: &[String], mapping: &Mapping) -> Result<(), (usize, String)> {
    if header.len() > MAX_TABLE_COLUMNS {
        return Err((
            MAX_TABLE_COLUMNS + 1,
            format!("at most {MAX_TABLE_COLUMNS} columns are read"),
        ));
    }
    let mut names = BTreeSet::new();
    for (index, name) in header.iter().enumerate() {
        check_name(name.len()).map_err(|message| (index + 1, message))?;
        if !names.insert(name.as_str()) {
            return Err((
                index + 1,
                format!("{} stands twice: give each column a name of its own", shown(name)),
            ));
        }
        if mapping.unmapped == Unmapped::Refuse && !mapping.columns.contains_key(name) {
            return Err((index + 1, not_mapped(name)));
        }
    }
    match mapping.columns.keys().find(|name| !names.contains(name.as_str())) {
        Some(absent) => Err((
            header.len(),
            format!("the mapping names a column {}, which the file has not", shown(absent)),
        )),
        None => Ok(()),
    }
}

fn not_mapped(name: &str) -> String {
    format!(
        "the mapping does not name {}: say what it is, or \"ignore\"",
        shown(name)
    )
}

fn check_name(bytes: usize) -> Result<(), String> {
    if bytes > MAX_TABLE_NAME_BYTES {
        return Err(format!("a name of {bytes} bytes: at most {MAX_TABLE_NAME_BYTES}"));
    }
    Ok(())
}

/// The objects of JSON lines.
pub(super) fn of_json_lines<'m>(
    name: &str,
    text: &str,
    mapping: &'m Mapping,
    take: Take<'_, 'm>,
) -> Result<(), ReadError> {
    let mut labels: BTreeSet<&str> = mapping.labels().collect();
    let mut is_empty = true;
    let rows = entries(name, text, MAX_TABLE_ROWS)?.into_iter().map(|entry| {
        let json = entry.json.clone()?;
        let value: Value = serde_json::from_str(json).map_err(|error| entry.syntax(name, &error))?;
        let place = if entry.path.is_empty() {
            "line 1".to_owned()
        } else {
            entry.path
        };
        let wrong = |message: String| ReadError::Field {
            file: name.to_owned(),
            path: place.clone(),
            message,
        };
        let Value::Object(object) = &value else {
            return Err(wrong("not an object: give one JSON object a line".to_owned()));
        };
        let mut row = Row {
            place: place.clone(),
            cells: Vec::new(),
            unmapped: Vec::new(),
        };
        for (key, value) in object {
            row.flatten(key, value, mapping).map_err(wrong)?;
        }
        match row.unmapped.first() {
            Some(unmapped) if mapping.unmapped == Unmapped::Refuse => Err(wrong(not_mapped(unmapped))),
            _ => Ok(row),
        }
    });
    for row in rows {
        if let Ok(row) = &row {
            is_empty = false;
            for cell in &row.cells {
                labels.remove(cell.name);
            }
        }
        take(row)?;
    }
    // Members may be absent where nothing is known; but by a label that is mistyped the rows would go out under another.
    match labels.first() {
        Some(absent) if !is_empty => Err(ReadError::Field {
            file: name.to_owned(),
            path: String::new(),
            message: format!(
                "the mapping takes labels from a column {}, which no row has",
                shown(absent)
            ),
        }),
        _ => Ok(()),
    }
}

impl<'m> Row<'m> {
    /// Takes the values of a column.
    fn add(&mut self, name: &str, values: Vec<String>, mapping: &'m Mapping) -> Result<(), String> {
        if self.cells.len() + self.unmapped.len() == MAX_TABLE_COLUMNS {
            return Err(format!("more than {MAX_TABLE_COLUMNS} columns"));
        }
        let Some((name, column)) = mapping.columns.get_key_value(name) else {
            self.unmapped.push(name.to_owned());
            return Ok(());
        };
        let parts = values.iter().flat_map(|value| match &column.split {
            Some(split) => value.split(split.as_str()).collect(),
            None => vec![value.as_str()],
        });
        let said = parts
            .map(str::trim)
            .filter(|value| !value.is_empty() && !mapping.empty.contains(*value));
        let said: Vec<&str> = said.collect();
        let meant = |value: &&str| column.words.get(*value).map_or(*value, String::as_str).to_owned();
        self.cells.push(Cell {
            name,
            column,
            values: said.iter().map(meant).collect(),
            raw: mapping.key.contains(name).then(|| said.join("\u{1f}")),
        });
        Ok(())
    }

    /// Takes a member and those within it; the name of one within is that of its holder, a full stop, and its own.
    fn flatten(&mut self, name: &str, value: &Value, mapping: &'m Mapping) -> Result<(), String> {
        check_name(name.len())?;
        let is_mapped = mapping.columns.contains_key(name);
        match value {
            Value::Object(object) if !is_mapped => {
                for (key, value) in object {
                    check_name(name.len() + 1 + key.len())?;
                    self.flatten(&format!("{name}.{key}"), value, mapping)?;
                }
                Ok(())
            }
            Value::Array(entries) => {
                let values: Option<Vec<String>> = entries.iter().map(scalar).collect();
                match values {
                    Some(values) => self.add(name, values, mapping),
                    None if is_mapped => self.only_ignored(name, mapping),
                    None => self.add(name, Vec::new(), mapping),
                }
            }
            other => match scalar(other) {
                Some(value) => self.add(name, vec![value], mapping),
                None => self.only_ignored(name, mapping),
            },
        }
    }

    fn only_ignored(&self, name: &str, mapping: &Mapping) -> Result<(), String> {
        let is_ignored = mapping
            .columns
            .get(name)
            .is_some_and(|column| column.role == super::mapping::Role::Ignore);
        if is_ignored {
            return Ok(());
        }
        Err(format!(
            "{} holds objects: map what is within it, such as {}.name",
            shown(name),
            shown(name)
        ))
    }
}

/// A value that is no list or object, as text; `null` is an empty one.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn too_many(name: &str) -> ReadError {
    ReadError::TooMany {
        file: name.to_owned(),
        path: String::new(),
        what: "rows",
        most: MAX_TABLE_ROWS,
    }
}
