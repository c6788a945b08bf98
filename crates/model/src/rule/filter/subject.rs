//! The fields of a report that filters look at.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{Accepted, IndicatorKind, Pap, Tlp, Use};

/// A field that a filter may look at. None of them names a member: whoever is shown that a rule fired would learn who reported. None is the
/// free text that is for the reporter only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// Each indicator, written `kind:value`.
    Indicator,
    /// The values of the indicators of one kind.
    IndicatorOf(IndicatorKind),
    /// Affected countries, ISO 3166-1.
    Country,
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
    /// The TLP label: `clear` to `red`.
    Tlp,
    /// The PAP label: `clear` to `red`.
    Pap,
    /// How the engine may use the report: `share`, `match-only`, `named-recipients-only`.
    Use,
    /// `true` for a drill, else `false`.
    Exercise,
    /// The one line.
    Title,
}

impl Subject {
    /// The fields that are not kinds of indicators.
    const PLAIN: [Self; 12] = [
        Self::Indicator,
        Self::Country,
        Self::Sector,
        Self::CriticalSector,
        Self::IncidentType,
        Self::IncidentClass,
        Self::Severity,
        Self::Tlp,
        Self::Pap,
        Self::Use,
        Self::Exercise,
        Self::Title,
    ];

    /// Every field.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::PLAIN
            .into_iter()
            .chain(IndicatorKind::ALL.into_iter().map(Self::IndicatorOf))
    }

    /// Its name in rules.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Indicator => "indicator",
            Self::IndicatorOf(kind) => kind.as_str(),
            Self::Country => "country",
            Self::Sector => "sector",
            Self::CriticalSector => "critical_sector",
            Self::IncidentType => "incident_type",
            Self::IncidentClass => "incident_class",
            Self::Severity => "severity",
            Self::Tlp => "tlp",
            Self::Pap => "pap",
            Self::Use => "use",
            Self::Exercise => "exercise",
            Self::Title => "title",
        }
    }

    /// The field of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|subject| subject.as_str() == name)
    }

    /// Whether every report has a value of it.
    #[must_use]
    pub fn is_always_there(self) -> bool {
        match self {
            Self::IncidentType
            | Self::IncidentClass
            | Self::Severity
            | Self::Tlp
            | Self::Pap
            | Self::Use
            | Self::Exercise => true,
            Self::Indicator
            | Self::IndicatorOf(_)
            | Self::Country
            | Self::Sector
            | Self::CriticalSector
            | Self::Title => false,
        }
    }

    /// Whether the test holds for any of a report's values. An empty title is no value.
    pub fn any_value(self, accepted: &Accepted, mut test: impl FnMut(&str) -> bool) -> bool {
        let incident = &accepted.incident;
        match self {
            Self::Indicator => {
                let mut text = String::new();
                incident.indicators.iter().any(|indicator| {
                    text.clear();
                    let _ = write!(text, "{indicator}"); // writing to a String cannot fail
                    test(&text)
                })
            }
            Self::IndicatorOf(kind) => {
                let mut of_kind = incident.indicators.iter().filter(|indicator| indicator.kind() == kind);
                of_kind.any(|indicator| test(indicator.value()))
            }
            Self::Country => incident.countries.iter().any(|country| test(country.as_str())),
            Self::Sector => incident.sectors.iter().any(|sector| test(sector.as_str())),
            Self::CriticalSector => {
                let mut critical = incident.sectors.iter().filter(|sector| sector.is_critical());
                critical.any(|sector| test(sector.as_str()))
            }
            Self::IncidentType => test(incident.incident_type.as_str()),
            Self::IncidentClass => test(incident.incident_type.class()),
            Self::Severity => test(incident.severity.as_str()),
            Self::Tlp => test(Self::of_tlp(incident.marking.tlp())),
            Self::Pap => test(Self::of_pap(incident.marking.pap())),
            Self::Use => test(Self::of_use(incident.marking.usage())),
            Self::Exercise => test(if incident.exercise { "true" } else { "false" }),
            Self::Title => !incident.title.is_empty() && test(&incident.title),
        }
    }

    /// A label as rules write it, without its protocol.
    #[must_use]
    pub fn of_tlp(tlp: Tlp) -> &'static str {
        match tlp {
            Tlp::Clear => "clear",
            Tlp::Green => "green",
            Tlp::Amber => "amber",
            Tlp::AmberStrict => "amber+strict",
            Tlp::Red => "red",
        }
    }

    /// A label as rules write it, without its protocol.
    #[must_use]
    pub fn of_pap(pap: Pap) -> &'static str {
        match pap {
            Pap::Clear => "clear",
            Pap::Green => "green",
            Pap::Amber => "amber",
            Pap::Red => "red",
        }
    }

    /// A use as rules write it.
    #[must_use]
    pub fn of_use(usage: Use) -> &'static str {
        match usage {
            Use::Share => "share",
            Use::MatchOnly => "match-only",
            Use::NamedRecipientsOnly => "named-recipients-only",
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.as_str().into()
    }
}

impl TryFrom<String> for Subject {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name).ok_or_else(|| format!("'{name}' is no field that a filter may look at"))
    }
}
