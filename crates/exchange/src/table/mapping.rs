//! A mapping: TOML that says which column is what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chappe_model::{Country, Pap, Rsit, Sector, Severity, Tlp};
use serde::de::value::MapAccessDeserializer;
use serde::de::{IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::MAX_TABLE_COLUMNS;
use crate::shown::shown;
use crate::{ReadError, text};

/// Largest mapping, in bytes.
const MAX_MAPPING_BYTES: usize = 1024 * 1024;

/// Longest name of a source, in bytes: it begins each report key.
const MAX_SOURCE_BYTES: usize = 64;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableFormat {
    /// Records of RFC 4180, by default with commas.
    Csv,
    /// One JSON object a line, or a list of them.
    JsonLines,
}

/// Which column of a table is what. Read it with [`Mapping::parse`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mapping {
    /// Where the rows come from.
    pub(super) source: String,
    pub(super) format: TableFormat,
    /// The columns whose values name the report, in this order.
    pub(super) key: Vec<String>,
    #[serde(default = "comma")]
    pub(super) separator: char,
    /// The names of the columns, where the file has no line with them.
    pub(super) header: Option<Vec<String>>,
    /// What is written where nothing is known.
    #[serde(default)]
    pub(super) empty: BTreeSet<String>,
    #[serde(default)]
    pub(super) unmapped: Unmapped,
    pub(super) columns: BTreeMap<String, Column>,
    #[serde(default)]
    pub(super) constants: Constants,
}

fn comma() -> char {
    ','
}

/// What becomes of a column that the mapping does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Unmapped {
    /// The file is refused.
    #[default]
    Refuse,
    /// It is not read, and a note says so.
    List,
}

/// What a column is.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) role: Role,
    /// What stands between several values.
    pub(super) split: Option<String>,
    /// The source's words, and what they mean.
    pub(super) words: BTreeMap<String, String>,
    pub(super) form: TimeForm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    #[serde(rename = "as")]
    role: Role,
    split: Option<String>,
    #[serde(default)]
    words: BTreeMap<String, String>,
    #[serde(default)]
    form: TimeForm,
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(written: D) -> Result<Self, D::Error> {
        written.deserialize_any(ColumnVisitor)
    }
}

/// By hand, so that a word that is none is told with those that are.
struct ColumnVisitor;

impl<'de> Visitor<'de> for ColumnVisitor {
    type Value = Column;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a role such as \"ip\", or a table with `as`")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Column, E> {
        Ok(Column {
            role: Role::deserialize(word.into_deserializer())?,
            split: None,
            words: BTreeMap::new(),
            form: TimeForm::default(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Column, A::Error> {
        let full = Full::deserialize(MapAccessDeserializer::new(table))?;
        Ok(Column {
            role: full.role,
            split: full.split,
            words: full.words,
            form: full.form,
        })
    }
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    /// Kind and value, as Chappe writes them: `domain:bad.example`.
    Indicator,
    Ip,
    Domain,
    /// An address or a domain.
    Host,
    Url,
    Md5,
    Sha1,
    Sha256,
    Sha512,
    /// A file hash, known by its length.
    Hash,
    Email,
    Cve,
    Cidr,
    Asn,
    CryptoAddress,
    Iban,
    Phone,
    UserAgent,
    Certificate,
    Mutex,
    RegistryKey,
    Malware,
    Technique,
    Country,
    Sector,
    Type,
    Severity,
    Tlp,
    Pap,
    Title,
    Summary,
    OccurredFrom,
    OccurredTo,
    DetectedAt,
    Revision,
    /// Nothing that is read; it may be part of the key.
    Ignore,
}

/// How times are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TimeForm {
    /// With a zone, or a day in UTC.
    #[default]
    Rfc3339,
    /// A day and a time without a zone, in UTC.
    Utc,
    UnixSeconds,
    UnixMilliseconds,
}

/// What holds of every row.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Constants {
    pub(super) tlp: Option<Tlp>,
    pub(super) pap: Option<Pap>,
    pub(super) severity: Option<Severity>,
    #[serde(rename = "type")]
    pub(super) incident_type: Option<Rsit>,
    pub(super) title: Option<String>,
    pub(super) summary: Option<String>,
    #[serde(default)]
    pub(super) countries: BTreeSet<Country>,
    #[serde(default)]
    pub(super) sectors: BTreeSet<Sector>,
}

impl Mapping {
    /// Reads a mapping. `name` is the file's name, for messages.
    ///
    /// # Errors
    /// When it is too large, not UTF-8, not TOML, or says what makes no sense: the line and column, or the key.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, ReadError> {
        let text = text::text(name, bytes)?;
        if text.len() > MAX_MAPPING_BYTES {
            return Err(ReadError::Field {
                file: name.to_owned(),
                path: String::new(),
                message: format!("{} bytes: a mapping has at most {MAX_MAPPING_BYTES}", text.len()),
            });
        }
        let mapping: Self = toml::from_str(text).map_err(|error| {
            let before = &text[..error.span().map_or(0, |span| span.start).min(text.len())];
            ReadError::Syntax {
                file: name.to_owned(),
                line: 1 + before.matches('\n').count(),
                column: 1 + before.len() - before.rfind('\n').map_or(0, |at| at + 1),
                message: error.message().to_owned(),
            }
        })?;
        mapping.check().map_err(|(path, message)| ReadError::Field {
            file: name.to_owned(),
            path,
            message,
        })?;
        Ok(mapping)
    }

    /// How the table is written.
    #[must_use]
    pub fn format(&self) -> TableFormat {
        self.format
    }

    /// The columns that hold labels.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        let labels = self.columns.iter();
        let labels = labels.filter(|(_, column)| matches!(column.role, Role::Tlp | Role::Pap));
        labels.map(|(name, _)| name.as_str())
    }

    fn check(&self) -> Result<(), (String, String)> {
        let wrong = |path: &str, message: &str| Err((path.to_owned(), message.to_owned()));
        let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.source.is_empty() || self.source.len() > MAX_SOURCE_BYTES || !self.source.chars().all(is_word) {
            return wrong(
                "source",
                "give 1 to 64 letters, digits, hyphens, underscores and full stops",
            );
        }
        if self.key.is_empty() {
            return wrong(
                "key",
                "name the columns whose values name a report, so that the same row sent again is the same report",
            );
        }
        if let Some(absent) = self.key.iter().find(|column| !self.columns.contains_key(*column)) {
            let message = format!(
                "{} is no column of this mapping: add it, if need be as \"ignore\"",
                shown(absent)
            );
            return Err(("key".to_owned(), message));
        }
        if !self.separator.is_ascii() || "\"\r\n".contains(self.separator) {
            return wrong(
                "separator",
                "give one ASCII character that is no quotation mark or line end",
            );
        }
        let names = self.header.as_ref().map_or(self.columns.len(), Vec::len);
        if names > MAX_TABLE_COLUMNS || self.columns.len() > MAX_TABLE_COLUMNS {
            return Err(("columns".to_owned(), format!("at most {MAX_TABLE_COLUMNS}")));
        }
        for (column, split) in self
            .columns
            .iter()
            .filter_map(|(name, column)| Some((name, column.split.as_ref()?)))
        {
            if split.is_empty() {
                return Err((
                    format!("columns.{}.split", shown(column)),
                    "give what stands between two values".to_owned(),
                ));
            }
        }
        Ok(())
    }
}
