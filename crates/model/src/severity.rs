//! How grave an incident is, by its reporter's judgement.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::indicator::quoted;

/// Five steps, ordered from the least to the gravest.
///
/// The names are those of Shadowserver's reports and of most scanners; the hub sets no severity of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Severity {
    /// Worth knowing; nothing to be done.
    Info,
    /// Little harm, handled in the daily routine.
    Low,
    /// Harm to a service or its users.
    Medium,
    /// Grave harm, as NIS2 Art. 23(3) means by a significant incident.
    High,
    /// Grave harm now, to what others depend on: the duty contacts are called at once.
    Critical,
}

/// A set of severities: what was said of an incident over time.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SeveritySet(u8);

impl SeveritySet {
    /// Adds all of another.
    pub fn extend_from(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// From the least to the gravest.
    pub fn iter(self) -> impl Iterator<Item = Severity> {
        Severity::ALL
            .into_iter()
            .filter(move |severity| self.0 & bit(*severity) != 0)
    }
}

impl From<Severity> for SeveritySet {
    fn from(severity: Severity) -> Self {
        Self(bit(severity))
    }
}

fn bit(severity: Severity) -> u8 {
    1 << (severity as u8)
}

/// A text that names no severity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a severity: give info, low, medium, high or critical", quoted(value))]
pub struct SeverityError {
    value: String,
}

impl Severity {
    /// Every severity, from the least to the gravest.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The canonical name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Reads the canonical name in any case.
impl FromStr for Severity {
    type Err = SeverityError;

    fn from_str(text: &str) -> Result<Self, SeverityError> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| SeverityError { value: text.to_owned() })
    }
}

impl TryFrom<String> for Severity {
    type Error = SeverityError;

    fn try_from(text: String) -> Result<Self, SeverityError> {
        text.parse()
    }
}

impl From<Severity> for String {
    fn from(severity: Severity) -> Self {
        severity.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_are_read_back_and_ordered() {
        for severity in Severity::ALL {
            assert_eq!(severity.to_string().parse::<Severity>().unwrap(), severity);
            assert_eq!(severity.as_str().to_uppercase().parse::<Severity>().unwrap(), severity);
        }
        assert!(Severity::ALL.is_sorted());
        assert!(Severity::Critical > Severity::High);
    }

    #[test]
    fn another_word_is_refused_with_the_accepted_ones() {
        let error = "severe".parse::<Severity>().unwrap_err().to_string();
        assert_eq!(
            error,
            "\"severe\" is not a severity: give info, low, medium, high or critical"
        );
    }
}
