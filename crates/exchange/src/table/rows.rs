//! From a text to rows: each a place, and the values of its columns.

use std::collections::BTreeSet;

use serde_json::Value;

use super::mapping::{Column, Mapping, Unmapped};
use super::{MAX_TABLE_COLUMNS, MAX_TABLE_ROWS};
use crate::entries::entries;
use crate::shown::shown;
use crate::{ReadError, text};

/// The values of one column of a row, none of which is empty.
pub(super) struct Cell<'m> {
    pub(super) name: &'m str,
    pub(super) column: &'m Column,
    pub(super) values: Vec<String>,
}

/// One row.
pub(super) struct Row<'m> {
    /// Such as `line 7`.
    pub(super) place: String,
    pub(super) cells: Vec<Cell<'m>>,
    /// Columns that the mapping does not name.
    pub(super) unmapped: Vec<String>,
}

type Rows<'m> = Vec<Result<Row<'m>, ReadError>>;

/// The records of a CSV text.
pub(super) fn of_csv<'m>(name: &str, text: &str, mapping: &'m Mapping) -> Result<Rows<'m>, ReadError> {
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
    let header: Vec<String> = match &mapping.header {
        Some(header) => header.clone(),
        None => match records.next() {
            Some(Ok(record)) => record.iter().map(|name| name.trim().to_owned()).collect(),
            Some(Err(error)) => return Err(wrong("line 1".to_owned(), error.to_string())),
            None => {
                return Err(wrong(
                    "line 1".to_owned(),
                    "empty: give a line with the names of the columns".to_owned(),
                ));
            }
        },
    };
    check_header(&header, mapping).map_err(|(column, message)| wrong(format!("line 1, column {column}"), message))?;
    let mut rows = Vec::new();
    for record in records {
        if rows.len() == MAX_TABLE_ROWS {
            return Err(too_many(name));
        }
        rows.push(match record {
            Ok(record) if record.len() != header.len() => {
                let place = place(record.position());
                Err(wrong(
                    place,
                    format!("{} columns, not {} as the first line has", record.len(), header.len()),
                ))
            }
            Ok(record) => Ok(row(&record, &header, mapping)),
            Err(error) => Err(wrong(place(error.position()), unequal(&error))),
        });
    }
    Ok(rows)
}

fn place(position: Option<&csv::Position>) -> String {
    position.map_or_else(|| "a line".to_owned(), |position| format!("line {}", position.line()))
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

fn row<'m>(record: &csv::StringRecord, header: &[String], mapping: &'m Mapping) -> Row<'m> {
    let mut row = Row {
        place: place(record.position()),
        cells: Vec::new(),
        unmapped: Vec::new(),
    };
    for (name, value) in header.iter().zip(record) {
        row.add(name, vec![value.to_owned()], mapping);
    }
    row
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

/// The objects of JSON lines.
pub(super) fn of_json_lines<'m>(name: &str, text: &str, mapping: &'m Mapping) -> Result<Rows<'m>, ReadError> {
    let found = entries(name, text, MAX_TABLE_ROWS)?;
    let rows = found.into_iter().map(|entry| {
        let json = entry.json?;
        let value: Value = serde_json::from_str(json).map_err(|error| text::syntax(name, text, json, &error))?;
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
            row.flatten(key.clone(), value, mapping).map_err(wrong)?;
        }
        match row.unmapped.first() {
            Some(unmapped) if mapping.unmapped == Unmapped::Refuse => Err(wrong(not_mapped(unmapped))),
            _ => Ok(row),
        }
    });
    Ok(rows.collect())
}

impl<'m> Row<'m> {
    /// Takes the values of a column.
    fn add(&mut self, name: &str, values: Vec<String>, mapping: &'m Mapping) {
        let Some((name, column)) = mapping.columns.get_key_value(name) else {
            return self.unmapped.push(name.to_owned());
        };
        let parts = values.iter().flat_map(|value| match &column.split {
            Some(split) => value.split(split.as_str()).collect(),
            None => vec![value.as_str()],
        });
        let said = parts
            .map(str::trim)
            .filter(|value| !value.is_empty() && !mapping.empty.contains(*value));
        self.cells.push(Cell {
            name,
            column,
            values: said
                .map(|value| column.words.get(value).cloned().unwrap_or_else(|| value.to_owned()))
                .collect(),
        });
    }

    /// Takes a member and those within it; the name of one within is that of its holder, a full stop, and its own.
    fn flatten(&mut self, name: String, value: &Value, mapping: &'m Mapping) -> Result<(), String> {
        let is_mapped = mapping.columns.contains_key(&name);
        match value {
            Value::Object(object) if !is_mapped => {
                for (key, value) in object {
                    self.flatten(format!("{name}.{key}"), value, mapping)?;
                }
            }
            Value::Array(entries) => {
                let values: Option<Vec<String>> = entries.iter().map(scalar).collect();
                match values {
                    Some(values) => self.add(&name, values, mapping),
                    None if is_mapped => return self.only_ignored(&name, mapping),
                    None => self.unmapped.push(name),
                }
            }
            other => match scalar(other) {
                Some(value) => self.add(&name, vec![value], mapping),
                None => return self.only_ignored(&name, mapping),
            },
        }
        Ok(())
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
