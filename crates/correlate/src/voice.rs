use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::URGENT_INDICATORS;
use chappe_model::{Accepted, Country, CountrySet, Indicator, MemberId, Pap, Rsit, Sector, Severity, Tlp, Use};
use serde::{Deserialize, Serialize};

/// What an incident says about a key: all it ever said there, or what it says now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voice {
    /// Who speaks.
    pub reporter: MemberId,
    /// The reporter's own country.
    pub home: Option<Country>,
    /// Affected countries.
    pub countries: CountrySet,
    /// Affected sectors.
    pub sectors: BTreeSet<Sector>,
    /// RSIT types.
    pub incident_types: BTreeSet<Rsit>,
    /// The highest severity said.
    pub severity: Severity,
    /// The strictest label said.
    pub tlp: Tlp,
    /// The strictest label said.
    pub pap: Pap,
    /// Some of it may be shown.
    pub openly: bool,
    /// Some of it is match-only.
    pub quietly: bool,
    /// The indicators of a critical report: an urgent alert shows them. Empty for any other.
    pub indicators: Arc<[Indicator]>,
}

impl Voice {
    /// What one revision says.
    #[must_use]
    pub fn of(accepted: &Accepted) -> Self {
        let incident = &accepted.incident;
        let quietly = incident.marking.usage() == Use::MatchOnly;
        let shows_indicators = incident.severity == Severity::Critical && !quietly;
        let indicators = if shows_indicators {
            incident.indicators.iter().take(URGENT_INDICATORS).cloned().collect()
        } else {
            Arc::default()
        };
        Self {
            reporter: accepted.reporter.clone(),
            home: accepted.home,
            countries: incident.countries.iter().copied().collect(),
            sectors: incident.sectors.clone(),
            incident_types: BTreeSet::from([incident.incident_type]),
            severity: incident.severity,
            tlp: incident.marking.tlp(),
            pap: incident.marking.pap(),
            openly: !quietly,
            quietly,
            indicators,
        }
    }

    /// What both say together. Both are of one incident, so of one reporter.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.countries.extend_from(&other.countries);
        both.sectors.extend(&other.sectors);
        both.incident_types.extend(&other.incident_types);
        both.severity = self.severity.max(other.severity);
        both.tlp = self.tlp.join(other.tlp);
        both.pap = self.pap.join(other.pap);
        both.openly |= other.openly;
        both.quietly |= other.quietly;
        let indicators: BTreeSet<&Indicator> = self.indicators.iter().chain(other.indicators.iter()).collect();
        both.indicators = indicators.into_iter().take(URGENT_INDICATORS).cloned().collect();
        both
    }
}
