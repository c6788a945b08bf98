use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_model::limits::URGENT_INDICATORS;
use chappe_model::{
    Accepted, Country, CountrySet, Evidence, Field, IncidentId, Indicator, IndicatorKind, MemberId, Pap, Rsit, Secret,
    Sector, Severity, SeveritySet, Timestamp, Tlp, Use,
};
use serde::{Deserialize, Serialize};

/// What an incident says about a key: all it ever said there, or what it says now.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// Every severity said.
    pub severities: SeveritySet,
    /// The strictest label said.
    pub tlp: Tlp,
    /// The strictest label said.
    pub pap: Pap,
    /// Some of it may be shown.
    pub openly: bool,
    /// Some of it is match-only.
    pub quietly: bool,
    /// The sources of the rule that admit it under this key, a bit each.
    pub sources: u32,
    /// The indicators it names, where the rule counts them: kind and keyed hash, sorted.
    pub observed: Arc<[(IndicatorKind, u64)]>,
    /// The indicators of a critical report, where the rule is about those: an urgent alert shows them.
    pub indicators: Arc<[Indicator]>,
}

impl Voice {
    /// What one revision says.
    #[must_use]
    pub fn of(accepted: &Accepted) -> Self {
        let incident = &accepted.incident;
        let quietly = incident.marking.usage() == Use::MatchOnly;
        Self {
            reporter: accepted.reporter.clone(),
            home: accepted.home,
            countries: incident.countries.iter().copied().collect(),
            sectors: incident.sectors.clone(),
            incident_types: BTreeSet::from([incident.incident_type]),
            severity: incident.severity,
            severities: incident.severity.into(),
            tlp: incident.marking.tlp(),
            pap: incident.marking.pap(),
            openly: !quietly,
            quietly,
            sources: 1,
            observed: Arc::default(),
            indicators: Arc::default(),
        }
    }

    /// The indicators that an urgent alert on this revision shows.
    pub(crate) fn shown_indicators(accepted: &Accepted) -> Arc<[Indicator]> {
        let incident = &accepted.incident;
        let shows = incident.severity == Severity::Critical && incident.marking.usage() != Use::MatchOnly;
        let shown = incident.indicators.iter().take(URGENT_INDICATORS);
        shown.filter(|_| shows).cloned().collect()
    }

    /// The indicators that a rule may count, those among them that describe an attack: a rule may ask for their kind.
    pub(crate) fn observed(secret: &Secret, accepted: &Accepted) -> Arc<[(IndicatorKind, u64)]> {
        let telling = accepted
            .incident
            .indicators
            .iter()
            .filter(|indicator| !indicator.is_special());
        let observed: BTreeSet<_> = telling
            .map(|indicator| (indicator.kind(), secret.value_hash(&indicator.text())))
            .collect();
        observed.into_iter().collect()
    }

    /// It as a report behind an alert, on which it counts since log time `time`.
    pub(crate) fn evidence(&self, time: Timestamp, incident: IncidentId) -> Option<Evidence> {
        Some(Evidence {
            incident,
            reporter: self.reporter.clone(),
            time,
            countries: self.countries,
            incident_type: self.incident_types.first().copied()?,
            severity: self.severity,
        })
    }

    /// Its values in a field other than countries, as an alert may show them: none that name a member, and none of indicators, which are
    /// known here by hash only.
    pub(crate) fn names(&self, field: Field) -> Vec<&'static str> {
        match field {
            Field::Sector => self.sectors.iter().map(|sector| sector.as_str()).collect(),
            Field::CriticalSector => {
                let critical = self.sectors.iter().filter(|sector| sector.is_critical());
                critical.map(|sector| sector.as_str()).collect()
            }
            Field::IncidentType => self.incident_types.iter().map(|kind| kind.as_str()).collect(),
            Field::IncidentClass => self.incident_types.iter().map(|kind| kind.class()).collect(),
            Field::Severity => self.severities.iter().map(Severity::as_str).collect(),
            Field::Country
            | Field::AttestedCountry
            | Field::Reporter
            | Field::ReporterCountry
            | Field::Indicator
            | Field::IndicatorOf(_) => vec![],
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
        both.severities.extend_from(other.severities);
        both.tlp = self.tlp.join(other.tlp);
        both.pap = self.pap.join(other.pap);
        both.openly |= other.openly;
        both.quietly |= other.quietly;
        both.sources |= other.sources;
        let observed: BTreeSet<_> = self.observed.iter().chain(other.observed.iter()).copied().collect();
        both.observed = observed.into_iter().collect();
        let indicators: BTreeSet<&Indicator> = self.indicators.iter().chain(other.indicators.iter()).collect();
        both.indicators = indicators.into_iter().take(URGENT_INDICATORS).cloned().collect();
        both
    }
}

/// Countries named by their own reporter, or by two independent members.
pub(crate) fn attested<'a>(voices: impl Iterator<Item = &'a Arc<Voice>>) -> CountrySet {
    let mut once: BTreeMap<Country, &MemberId> = BTreeMap::new();
    let mut found = CountrySet::new();
    for voice in voices {
        for country in voice.countries.iter() {
            let first = *once.entry(country).or_insert(&voice.reporter);
            if voice.home == Some(country) || *first != voice.reporter {
                found.insert(country);
            }
        }
    }
    found
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An open voice that names one observed value.
    pub(crate) fn voice_of(member: &str, observed: u64) -> Voice {
        Voice {
            reporter: MemberId::parse(member).unwrap(),
            home: None,
            countries: CountrySet::new(),
            sectors: BTreeSet::new(),
            incident_types: BTreeSet::new(),
            severity: Severity::Low,
            severities: Severity::Low.into(),
            tlp: Tlp::Green,
            pap: Pap::Green,
            openly: true,
            quietly: false,
            sources: 1,
            observed: [(IndicatorKind::Domain, observed)].into(),
            indicators: Arc::default(),
        }
    }
}
