//! Rows as the installation accepts them: each one a report, shared with all, of its country's CSIRT, that names this country, one type and
//! one or more indicators.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use chappe_model::{
    Accepted, Country, Incident, Indicator, IndicatorKind, Marking, MemberId, Pap, ReportKey, Rsit, Secret, Severity,
    Timestamp, Tlp, Use,
};

use super::rows::{COUNTRIES, TYPES, indicator};

/// What differs between reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    /// Unique.
    pub(crate) number: u64,
    /// Log time in milliseconds.
    pub(crate) time: u64,
    /// Place in [`COUNTRIES`].
    pub(crate) country: u8,
    /// Place in [`TYPES`].
    pub(crate) kind: u8,
    pub(crate) indicators: &'a [u32],
}

/// Makes reports.
pub(crate) struct Reports {
    secret: Secret,
    members: Vec<(MemberId, Country)>,
    types: Vec<Rsit>,
    marking: Marking,
}

impl Reports {
    pub(crate) fn new(secret: Secret) -> Result<Self> {
        let member = |country: &&str| -> Result<(MemberId, Country)> {
            let id = MemberId::parse(&format!("csirt-{}", country.to_lowercase()))?;
            Ok((id, Country::parse(country)?))
        };
        Ok(Self {
            secret,
            members: COUNTRIES.iter().map(member).collect::<Result<_>>()?,
            types: TYPES.iter().map(|(_, rsit)| Ok(rsit.parse()?)).collect::<Result<_>>()?,
            marking: Marking::new(Tlp::Green, Pap::Green, Some(Use::Share), BTreeSet::new())?,
        })
    }

    pub(crate) fn report(&self, said: &Said<'_>) -> Result<Accepted> {
        let (reporter, home) = self.members.get(usize::from(said.country)).context("no such country")?;
        let incident_type = self.types.get(usize::from(said.kind)).context("no such type")?;
        let report_key = ReportKey::parse(&said.number.to_string())?;
        let domain = |number: &u32| Indicator::parse(IndicatorKind::Domain, &indicator(*number));
        let reported_at = Timestamp::from_millis(said.time);
        Ok(Accepted {
            id: self.secret.incident_id(reporter, &report_key),
            reporter: reporter.clone(),
            home: Some(*home),
            unmarked: false,
            reported_at,
            incident: Incident {
                report_key,
                revision: 1,
                retracted: false,
                incident_type: *incident_type,
                severity: Severity::Medium,
                marking: self.marking.clone(),
                occurred_from: None,
                occurred_to: None,
                detected_at: None,
                countries: BTreeSet::from([*home]),
                sectors: BTreeSet::new(),
                indicators: said.indicators.iter().map(domain).collect::<Result<_, _>>()?,
                title: String::new(),
                summary: String::new(),
                exercise: false,
                backfill: false,
                particulars: Default::default(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn types_are_told_apart_and_each_report_is_its_own_countrys() {
        let reports = Reports::new(Secret::new([1; 32])).unwrap();
        let distinct: BTreeSet<&str> = reports.types.iter().map(|rsit| rsit.as_str()).collect();
        assert_eq!(distinct.len(), TYPES.len());
        let mut said = Said {
            number: 1,
            time: 5,
            country: 10,
            kind: 0,
            indicators: &[7],
        };
        let one = reports.report(&said).unwrap();
        assert_eq!(one.reporter.as_str(), "csirt-de");
        assert_eq!(one.incident.countries, BTreeSet::from([Country::parse("DE").unwrap()]));
        assert!(!one.incident.indicators.iter().any(Indicator::is_special));
        said.number = 2;
        assert_ne!(reports.report(&said).unwrap().id, one.id);
    }
}
