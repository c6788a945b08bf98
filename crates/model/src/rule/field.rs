//! The fields of a report that rules look at.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Accepted, IndicatorKind};

/// A field of a report, by which a rule groups, or whose distinct values it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Field {
    /// Each indicator that identifies, written `kind:value`.
    Indicator,
    /// The values of the indicators of one kind.
    IndicatorOf(IndicatorKind),
    /// Affected countries, ISO 3166-1.
    Country,
    /// Affected countries that their own reporter or two independent members name. Can be counted, not grouped by.
    AttestedCountry,
    /// Affected sectors, NIS2.
    Sector,
    /// Affected sectors of NIS2 Annex I.
    CriticalSector,
    /// RSIT class and type.
    IncidentType,
    /// RSIT class.
    IncidentClass,
    /// The reporter's severity.
    Severity,
    /// The reporter. Never shown.
    Reporter,
    /// The reporter's own country. Never shown.
    ReporterCountry,
}

impl Field {
    /// The fields that are not kinds of indicators.
    const PLAIN: [Self; 10] = [
        Self::Indicator,
        Self::Country,
        Self::AttestedCountry,
        Self::Sector,
        Self::CriticalSector,
        Self::IncidentType,
        Self::IncidentClass,
        Self::Severity,
        Self::Reporter,
        Self::ReporterCountry,
    ];

    /// Every field.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::PLAIN
            .into_iter()
            .chain(IndicatorKind::ALL.into_iter().map(Self::IndicatorOf))
    }

    /// Its name in rules and explanations.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Indicator => "indicator",
            Self::IndicatorOf(kind) => kind.as_str(),
            Self::Country => "country",
            Self::AttestedCountry => "attested_country",
            Self::Sector => "sector",
            Self::CriticalSector => "critical_sector",
            Self::IncidentType => "incident_type",
            Self::IncidentClass => "incident_class",
            Self::Severity => "severity",
            Self::Reporter => "reporter",
            Self::ReporterCountry => "reporter_country",
        }
    }

    /// The field of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|field| field.as_str() == name)
    }

    /// Whether its values name a member, so that no alert may show them.
    #[must_use]
    pub fn names_members(self) -> bool {
        matches!(self, Self::Reporter | Self::ReporterCountry)
    }

    /// Whether its values are indicators.
    #[must_use]
    pub fn is_indicator(self) -> bool {
        matches!(self, Self::Indicator | Self::IndicatorOf(_))
    }

    /// The values that make keys of a report. Indicators that mean nothing outside the network where they were seen (RFC 6890) make none:
    /// two reports of them share nothing. Nor do those that describe an attack, where no kind is asked for.
    #[must_use]
    pub fn key_values(self, accepted: &Accepted) -> Vec<Arc<str>> {
        let incident = &accepted.incident;
        match self {
            Self::Indicator => {
                let telling = incident.indicators.iter().filter(|indicator| indicator.identifies());
                telling.map(|indicator| indicator.text().into()).collect()
            }
            Self::IndicatorOf(kind) => {
                let telling = incident
                    .indicators
                    .iter()
                    .filter(|i| i.kind() == kind && !i.is_special());
                telling.map(|indicator| indicator.value().into()).collect()
            }
            Self::Country | Self::AttestedCountry => incident.countries.iter().map(|c| c.as_str().into()).collect(),
            Self::Sector => incident.sectors.iter().map(|s| s.as_str().into()).collect(),
            Self::CriticalSector => {
                let critical = incident.sectors.iter().filter(|sector| sector.is_critical());
                critical.map(|sector| sector.as_str().into()).collect()
            }
            Self::IncidentType => vec![incident.incident_type.as_str().into()],
            Self::IncidentClass => vec![incident.incident_type.class().into()],
            Self::Severity => vec![incident.severity.as_str().into()],
            Self::Reporter => vec![accepted.reporter.as_str().into()],
            Self::ReporterCountry => accepted.home.iter().map(|c| c.as_str().into()).collect(),
        }
    }

    /// How many [`Field::key_values`] there are.
    #[must_use]
    pub fn count_key_values(self, accepted: &Accepted) -> usize {
        let incident = &accepted.incident;
        let telling = || incident.indicators.iter().filter(|indicator| !indicator.is_special());
        match self {
            Self::Indicator => telling().filter(|indicator| indicator.identifies()).count(),
            Self::IndicatorOf(kind) => telling().filter(|indicator| indicator.kind() == kind).count(),
            Self::Country | Self::AttestedCountry => incident.countries.len(),
            Self::Sector => incident.sectors.len(),
            Self::CriticalSector => incident.sectors.iter().filter(|sector| sector.is_critical()).count(),
            Self::IncidentType | Self::IncidentClass | Self::Severity | Self::Reporter => 1,
            Self::ReporterCountry => usize::from(accepted.home.is_some()),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.as_str().into()
    }
}

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name).ok_or_else(|| format!("'{name}' is no field of a report"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for field in Field::all() {
            assert_eq!(Field::parse(field.as_str()), Some(field));
        }
        assert_eq!(Field::parse("colour"), None);
    }
}
