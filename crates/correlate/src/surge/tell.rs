//! What is told of a surge.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::{LISTED_REPORTS, SURGE_BINS};
use chappe_model::{
    Alert, AlertState, Audience, Compartment, CountrySet, Counts, IncidentId, KeyField, KeyHash, MemberId, Pap, Realm,
    Severity, Surge, SurgeBin, Timestamp, Tlp,
};
use chappe_surge::{Bin, UNUSUAL};

use super::Surges;
use super::policy::{SURGE_RULE, rule};
use super::series::{Gathered, Opened, Series};
use super::watching::Stood;
use crate::Voice;
use crate::finding::Finding;
use crate::voice::attested;

impl Surges {
    pub(super) fn key_hash(&self, (kind, country): Series) -> KeyHash {
        let country = country.map(|country| country.as_str().to_owned()).unwrap_or_default();
        self.secret
            .key_hash(SURGE_RULE, Realm::Live, &[kind.as_str(), &country])
    }

    /// What is to be told of a series: what has ended, and what is on.
    pub(super) fn finding(&self, series: Series, ended: Vec<Alert>) -> Option<Finding> {
        let mut alerts = ended;
        if let Some(gathered) = self.state.gathered.get(&series) {
            let opened = gathered.opened.as_ref();
            alerts.extend(opened.map(|opened| self.alert(series, gathered, opened, AlertState::Open)));
        }
        let first = alerts.iter().map(|alert| alert.anchor.0).min()?;
        Some(Finding {
            key_hash: self.key_hash(series),
            compartment: Compartment::pool(Realm::Live),
            judged_at: self.state.watermark,
            final_before: first,
            settled_before: Timestamp::ZERO,
            alerts,
        })
    }

    pub(super) fn alert(&self, series: Series, gathered: &Gathered, opened: &Opened, state: AlertState) -> Alert {
        let (key_hash, compartment) = (self.key_hash(series), Compartment::pool(Realm::Live));
        let mut standing: Vec<(Timestamp, IncidentId, &Arc<Voice>)> = (gathered.standing.iter())
            .map(|(incident, (at, voice))| (*at, *incident, voice))
            .collect();
        standing.sort_unstable_by_key(|(at, incident, _)| (*at, *incident));
        let voices = || standing.iter().map(|(_, _, voice)| *voice);
        let labels = voices().fold(None, |strictest: Option<(Tlp, Pap)>, voice| {
            let strictest = strictest.unwrap_or((Tlp::Clear, Pap::Clear));
            Some((strictest.0.join(voice.tlp), strictest.1.join(voice.pap)))
        });
        let (tlp, pap) = labels.unwrap_or((Tlp::AmberStrict, Pap::Red));
        let members: BTreeSet<&MemberId> = voices().map(|voice| &voice.reporter).collect();
        let surge = shown(&gathered.stood);
        let key = |field: &str, value: &str| KeyField {
            field: field.into(),
            value: value.into(),
        };
        let country = series.1.map(|country| key("country", country.as_str()));
        Alert {
            id: self.secret.alert_id(SURGE_RULE, &compartment, key_hash, opened.anchor),
            revision: 0,
            revised_at: Timestamp::ZERO,
            epoch: 0,
            state,
            rule: rule(
                Bin::of_seconds(surge.bin_seconds).unwrap_or(Bin::Hour),
                surge.false_alarms_per_year,
                series.1.is_some(),
            ),
            compartment,
            key_hash,
            key: [key("incident_type", series.0.as_str())]
                .into_iter()
                .chain(country)
                .collect(),
            anchor: opened.anchor,
            last_fire: opened.last_fire,
            audience: series.1.map_or(Audience::Eu, |country| {
                Audience::Countries(CountrySet::from_iter([country]))
            }),
            severity: voices().map(|voice| voice.severity).max().unwrap_or(Severity::Medium),
            tlp,
            pap,
            countries: series
                .1
                .map_or_else(|| attested(voices()), |country| CountrySet::from_iter([country])),
            sectors: voices().flat_map(|voice| voice.sectors.iter().copied()).collect(),
            incident_types: BTreeSet::from([series.0]),
            counts: Counts {
                reports: u32::try_from(standing.len()).unwrap_or(u32::MAX),
                unlisted: 0,
                members: u32::try_from(members.len()).unwrap_or(u32::MAX),
            },
            digest: self.secret.set_digest(gathered.standing.keys().copied()),
            evidence: standing
                .iter()
                .take(LISTED_REPORTS)
                .filter_map(|(at, incident, voice)| voice.evidence(*at, *incident))
                .collect(),
            values: vec![],
            peak: surge.peak(),
            fires: opened.fires,
            first_seen: standing.first().map_or(opened.anchor.0, |first| first.0),
            last_seen: standing.last().map_or(opened.anchor.0, |last| last.0),
            held: false,
            campaign: None,
            surge: Some(Box::new(surge)),
        }
    }
}

fn shown(stood: &Stood) -> Surge {
    let bin = |(begins, count, law): &(Timestamp, u64, chappe_surge::CountLaw)| SurgeBin {
        begins: *begins,
        reports: small(*count),
        expected_milli: (law.mean() * 1_000.0).round() as u64,
        unusual_from: small(law.unusual_from(UNUSUAL)),
    };
    let skipped = stood.bins.len().saturating_sub(SURGE_BINS);
    Surge {
        bin_seconds: stood.bin_seconds,
        bins: stood.bins.iter().skip(skipped).map(bin).collect(),
        score_milli: (stood.score * 1_000.0).round() as u32,
        threshold_milli: stood.threshold_milli,
        false_alarms_per_year: stood.false_alarms_per_year,
        lesson: stood.lesson,
    }
}

fn small(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
