//! The rows of one report.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use chappe_model::limits::{REPORT_KEY_BYTES, SUMMARY_BYTES, TITLE_BYTES};
use chappe_model::{Country, Indicator, Pap, Rsit, Sector, Severity, Tlp};

use super::cells;
use super::mapping::{Mapping, Role};
use super::rows::{Cell, Row};
use crate::notes::Notes;
use crate::shown::{cut, one_line, shown};
use crate::{Draft, ReadError, ReadItem, Reading, SkipReason, Skipped};

/// The report that a row belongs to.
pub(super) fn key(name: &str, row: &Row<'_>, mapping: &Mapping) -> Result<String, ReadError> {
    let wrong = |message: String| ReadError::Field {
        file: name.to_owned(),
        path: row.place.clone(),
        message,
    };
    let mut key = mapping.source.clone();
    key.push(':');
    for (index, column) in mapping.key.iter().enumerate() {
        let values = row
            .cells
            .iter()
            .find(|cell| cell.name == column)
            .and_then(|cell| cell.raw.clone());
        let value = values.filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| wrong(format!("column {}: empty, and part of the key", shown(column))))?;
        if index > 0 {
            key.push('/');
        }
        let value = escaped(&value, mapping.key.len() > 1);
        key.push_str(&value);
    }
    if key.len() > REPORT_KEY_BYTES {
        return Err(wrong(format!(
            "a key of {} bytes: at most {REPORT_KEY_BYTES}, name other columns in `key`",
            key.len()
        )));
    }
    Ok(key)
}

/// A value as part of a key, so that no two make one: `%` and control characters as percent signs write them (RFC 3986), and `/` where it parts columns.
fn escaped(value: &str, parts_columns: bool) -> String {
    let mut escaped = String::with_capacity(value.len());
    for symbol in value.chars() {
        if symbol == '%' || symbol.is_control() || (symbol == '/' && parts_columns) {
            escaped.push_str(&format!("%{:02X}", u32::from(symbol)));
        } else {
            escaped.push(symbol);
        }
    }
    escaped
}

/// What the rows of one report add up to. Of several values of one field the same counts in whatever order the rows stand.
pub(super) struct Group {
    key: String,
    revision: Option<u32>,
    title: Option<String>,
    summary: Option<String>,
    types: BTreeSet<Rsit>,
    severity: Option<Severity>,
    tlp: Option<Tlp>,
    pap: Option<Pap>,
    from_ms: Option<u64>,
    to_ms: Option<u64>,
    detected_ms: Option<u64>,
    countries: BTreeSet<Country>,
    sectors: BTreeSet<Sector>,
    indicators: BTreeSet<Indicator>,
    read: Vec<ReadItem>,
    skipped: Vec<Skipped>,
    total: usize,
    notes: Notes,
    /// The first field that cannot be read: the report cannot be either.
    error: Option<ReadError>,
}

impl Group {
    pub(super) fn new(key: String) -> Self {
        Self {
            key,
            revision: None,
            title: None,
            summary: None,
            types: BTreeSet::new(),
            severity: None,
            tlp: None,
            pap: None,
            from_ms: None,
            to_ms: None,
            detected_ms: None,
            countries: BTreeSet::new(),
            sectors: BTreeSet::new(),
            indicators: BTreeSet::new(),
            read: Vec::new(),
            skipped: Vec::new(),
            total: 0,
            notes: Notes::default(),
            error: None,
        }
    }

    /// Takes a row.
    pub(super) fn take(&mut self, file: &str, row: &Row<'_>) {
        for name in &row.unmapped {
            self.notes.push(format!("the column {} is not read", shown(name)));
        }
        for cell in &row.cells {
            for (index, value) in cell.values.iter().enumerate() {
                let place = format!("{}, column {}", row.place, shown(cell.name));
                let place = if cell.values.len() > 1 {
                    format!("{place}[{index}]")
                } else {
                    place
                };
                if let Some(found) = cells::indicator(cell.column.role, value) {
                    self.item(place, cell.name, found.map_err(SkipReason::from));
                } else if let Err(message) = self.field(cell, value) {
                    self.error.get_or_insert(ReadError::Field {
                        file: file.to_owned(),
                        path: place,
                        message,
                    });
                }
            }
        }
    }

    fn item(&mut self, path: String, what: &str, found: Result<Indicator, SkipReason>) {
        self.total += 1;
        match found {
            Ok(indicator) => {
                self.indicators.insert(indicator.clone());
                self.read.push(ReadItem {
                    path,
                    indicators: vec![indicator],
                });
            }
            Err(reason) => self.skipped.push(Skipped {
                path,
                what: shown(what),
                reason,
                withheld: Vec::new(),
            }),
        }
    }

    fn field(&mut self, cell: &Cell<'_>, value: &str) -> Result<(), String> {
        let time = || cells::time_ms(cell.column.form, value);
        match cell.column.role {
            Role::Country => drop(
                self.countries
                    .insert(Country::parse(value).map_err(|error| error.to_string())?),
            ),
            Role::Sector => drop(self.sectors.insert(parsed(value)?)),
            Role::Type => drop(self.types.insert(parsed(value)?)),
            Role::Severity => self.severity = self.severity.max(Some(parsed(value)?)),
            Role::Tlp => self.tlp = self.tlp.max(Some(parsed(value)?)),
            Role::Pap => self.pap = self.pap.max(Some(parsed(value)?)),
            Role::Title => self.title = lowest(self.title.take(), one_line(value)),
            Role::Summary => self.summary = lowest(self.summary.take(), value.to_owned()),
            Role::OccurredFrom => self.from_ms = lowest(self.from_ms, time()?),
            Role::OccurredTo => self.to_ms = self.to_ms.max(Some(time()?)),
            Role::DetectedAt => self.detected_ms = lowest(self.detected_ms, time()?),
            Role::Revision => {
                let number = value.parse::<u32>().ok();
                let number = match number {
                    Some(number) => number,
                    None => u32::try_from(time()? / 1000).map_err(|_| "too late to be a revision".to_owned())?,
                };
                self.revision = self.revision.max(Some(number));
            }
            _ => {}
        }
        Ok(())
    }

    /// The report, with what the mapping says of all.
    pub(super) fn reading(mut self, file: &str, mapping: &Mapping) -> Result<Reading, ReadError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.types.len() > 1 {
            let listed: Vec<String> = self.types.iter().map(ToString::to_string).collect();
            self.notes.push(format!(
                "several types, the first in the order of RSIT counts: {}",
                listed.join(", ")
            ));
        }
        let constants = &mapping.constants;
        let title = self
            .title
            .or_else(|| constants.title.clone())
            .unwrap_or_else(|| self.key.clone());
        let summary = self.summary.or_else(|| constants.summary.clone()).unwrap_or_default();
        let countries = if self.countries.is_empty() {
            constants.countries.clone()
        } else {
            self.countries
        };
        let sectors = if self.sectors.is_empty() {
            constants.sectors.clone()
        } else {
            self.sectors
        };
        let draft = Draft {
            revision: self.revision.unwrap_or(1),
            title: cut(&title, TITLE_BYTES).to_owned(),
            summary: cut(&summary, SUMMARY_BYTES).to_owned(),
            incident_type: self.types.first().copied().or(constants.incident_type),
            severity: self.severity.or(constants.severity),
            occurred_from_ms: self.from_ms,
            occurred_to_ms: self.to_ms,
            detected_at_ms: self.detected_ms,
            countries,
            sectors,
            subsectors: BTreeSet::new(),
            confidence: None,
            indicators: self.indicators,
            tlp: self.tlp.or(constants.tlp),
            pap: self.pap.or(constants.pap),
            source: file.to_owned(),
            report_key: self.key,
        };
        Ok(Reading {
            draft,
            read: self.read,
            skipped: self.skipped,
            total: self.total,
            notes: self.notes.finish(),
        })
    }
}

fn parsed<T: FromStr<Err: Display>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| error.to_string())
}

fn lowest<T: Ord>(one: Option<T>, other: T) -> Option<T> {
    Some(match one {
        Some(one) => one.min(other),
        None => other,
    })
}
