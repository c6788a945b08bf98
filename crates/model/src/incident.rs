use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{BACKFILL_AGE_MS, REPORT_KEY_BYTES};
use crate::{
    Compartment, Country, IncidentId, Indicator, Marking, MemberId, Particulars, Rsit, Sector, Severity, Timestamp,
};

/// A reporter's own key for an incident: 1 to 256 bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReportKey(String);

/// Why a text is no report key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportKeyError {
    /// Empty.
    #[error("empty: give each incident a key of your own, such as your ticket's number")]
    Empty,
    /// Too long.
    #[error("{0} bytes: at most {REPORT_KEY_BYTES}")]
    TooLong(usize),
    /// A control character.
    #[error("holds a control character")]
    Control,
}

impl ReportKey {
    /// # Errors
    /// When empty, too long, or holding control characters.
    pub fn parse(text: &str) -> Result<Self, ReportKeyError> {
        if text.is_empty() {
            return Err(ReportKeyError::Empty);
        }
        if text.len() > REPORT_KEY_BYTES {
            return Err(ReportKeyError::TooLong(text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err(ReportKeyError::Control);
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ReportKey {
    type Error = ReportKeyError;
    fn try_from(text: String) -> Result<Self, ReportKeyError> {
        Self::parse(&text)
    }
}

impl From<ReportKey> for String {
    fn from(key: ReportKey) -> Self {
        key.0
    }
}

/// What a member says of an incident in one revision: canonical and within the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The reporter's key.
    pub report_key: ReportKey,
    /// The highest wins.
    pub revision: u32,
    /// The report no longer stands.
    pub retracted: bool,
    /// RSIT class and type.
    pub incident_type: Rsit,
    /// By the reporter.
    pub severity: Severity,
    /// Handling rules.
    pub marking: Marking,
    /// When it happened.
    pub occurred_from: Option<Timestamp>,
    /// When it ended.
    pub occurred_to: Option<Timestamp>,
    /// When the reporter detected it.
    pub detected_at: Option<Timestamp>,
    /// Affected countries.
    pub countries: BTreeSet<Country>,
    /// Affected sectors.
    pub sectors: BTreeSet<Sector>,
    /// What was observed.
    pub indicators: BTreeSet<Indicator>,
    /// One line.
    pub title: String,
    /// Free text; for the reporter only.
    pub summary: String,
    /// Drill.
    pub exercise: bool,
    /// Feeds linking and statistics, never alert windows.
    pub backfill: bool,
    /// For its own record.
    pub particulars: Particulars,
}

/// A revision as the installation accepted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Keyed function of reporter and report key.
    pub id: IncidentId,
    /// Who reported.
    pub reporter: MemberId,
    /// The reporter's own country.
    pub home: Option<Country>,
    /// The submission bore no marking and was taken as TLP:RED.
    pub unmarked: bool,
    /// The stamp of ingest. Its partition's running maximum is the record's log time.
    pub reported_at: Timestamp,
    /// What was said.
    pub incident: Incident,
}

impl Accepted {
    /// Where this revision may have influence.
    #[must_use]
    pub fn compartment(&self) -> Compartment {
        Compartment::of(&self.incident.marking, self.incident.exercise)
    }
}

impl Incident {
    /// Whether it may open contributions, or widen them: neither a retraction nor backfill does.
    #[must_use]
    pub fn carries(&self) -> bool {
        !self.retracted && !self.backfill
    }

    /// Whether, when reported at `reported_at`, this is backfill: marked so, or first detected more than 14 days before.
    /// Without a detection time it counts as detected when reported.
    #[must_use]
    pub fn is_backfill_at(&self, reported_at: Timestamp) -> bool {
        self.backfill
            || self
                .detected_at
                .is_some_and(|at| at < reported_at.minus(BACKFILL_AGE_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_keys_are_bounded() {
        assert!(ReportKey::parse("CASE-1").is_ok());
        assert_eq!(ReportKey::parse(""), Err(ReportKeyError::Empty));
        assert_eq!(ReportKey::parse(&"x".repeat(257)), Err(ReportKeyError::TooLong(257)));
        assert_eq!(ReportKey::parse("a\nb"), Err(ReportKeyError::Control));
    }
}
