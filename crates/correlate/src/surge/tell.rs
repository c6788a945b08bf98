//! What is told of a surge.

use std::collections::BTreeSet;

use chappe_model::limits::SURGE_BINS;
use chappe_model::{
    Alert, AlertState, Audience, Compartment, CountrySet, KeyField, KeyHash, Realm, Surge, SurgeBin, SurgeSet,
    Timestamp,
};
use chappe_surge::{Bin, UNUSUAL};

use super::Surges;
use super::policy::{SURGE_RULE, rule};
use super::series::{Gathered, Opened, Series};
use super::watching::Stood;
use crate::behind::Behind;
use crate::finding::Finding;
use crate::voice::attested;

impl Surges {
    pub(super) fn key_hash(&self, (kind, scope): Series) -> KeyHash {
        let country = scope
            .country()
            .map(|country| country.as_str().to_owned())
            .unwrap_or_default();
        let sector = scope.sector().map(chappe_model::Sector::as_str);
        let key: Vec<&str> = [kind.as_str(), &country].into_iter().chain(sector).collect();
        self.secret.key_hash(SURGE_RULE, Realm::Live, &key)
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
        let standing = gathered.standing.iter();
        let behind = Behind::new(standing.map(|(incident, (at, voice))| (*at, *incident, voice)));
        let (tlp, pap) = behind.labels();
        let (first_seen, last_seen) = behind.seen().unwrap_or((opened.anchor.0, opened.anchor.0));
        let surge = shown(&gathered.stood);
        let key = |field: &str, value: &str| KeyField {
            field: field.into(),
            value: value.into(),
        };
        let (country, sector) = (series.1.country(), series.1.sector());
        let narrower = (country.map(|country| key("country", country.as_str())).into_iter())
            .chain(sector.map(|sector| key("sector", sector.as_str())));
        Alert {
            id: self.secret.alert_id(SURGE_RULE, &compartment, key_hash, opened.anchor),
            revision: 0,
            revised_at: Timestamp::ZERO,
            epoch: 0,
            state,
            rule: rule(
                Bin::of_seconds(surge.bin_seconds).unwrap_or(Bin::Hour),
                surge.false_alarms_per_year,
                series.1,
            ),
            compartment,
            key_hash,
            key: [key("incident_type", series.0.as_str())]
                .into_iter()
                .chain(narrower)
                .collect(),
            anchor: opened.anchor,
            last_fire: opened.last_fire,
            audience: country.map_or(Audience::Eu, |country| {
                Audience::Countries(CountrySet::from_iter([country]))
            }),
            severity: behind.severity(),
            tlp,
            pap,
            countries: country.map_or_else(|| attested(behind.voices()), |country| CountrySet::from_iter([country])),
            sectors: sector.map_or_else(|| behind.sectors(), |sector| BTreeSet::from([sector])),
            incident_types: BTreeSet::from([series.0]),
            counts: behind.counts(),
            digest: behind.digest(&self.secret),
            evidence: behind.evidence(),
            values: vec![],
            peak: surge.peak(),
            fires: opened.fires,
            first_seen,
            last_seen,
            held: false,
            campaign: None,
            surge: Some(Box::new(surge)),
            cascade: None,
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
        together: stood.together.map(|(begins, set)| SurgeSet {
            begins,
            countries: small(set.columns as u64),
            watched: small(set.watched as u64),
            surprise_milli: (set.surprise * 1_000.0).round() as u32,
            sectors: small(set.parts as u64),
        }),
    }
}

fn small(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
