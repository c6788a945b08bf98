//! What is told of a cascade.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::EU_MEMBERS;
use chappe_model::{
    Alert, AlertState, Audience, Cascade, CascadeNode, CascadeWarning, Compartment, Country, CountrySet, IncidentId,
    KeyField, KeyHash, Realm, Timestamp, WarningState,
};

use super::policy::CASCADE_RULE;
use super::situation::{Episode, Situation};
use super::spread::Warned;
use super::{Cascades, Key};
use crate::Voice;
use crate::behind::Behind;
use crate::finding::Finding;

impl Cascades {
    pub(super) fn key_hash(&self, (realm, root, country): Key) -> KeyHash {
        let values = [root.sector.as_str(), root.country.as_str(), country.as_str()];
        self.secret.key_hash(CASCADE_RULE, realm, &values)
    }

    /// What is to be told of a key: what has ended, and what is on.
    pub(super) fn finding(&self, key: Key, ended: Vec<Alert>) -> Option<Finding> {
        let (realm, root, country) = key;
        let mut alerts = ended;
        let situation = self.state.situations.get(&realm);
        if let Some((situation, episode)) = situation.and_then(|it| Some((it, it.episode(root)?)))
            && episode.countries.contains(country)
        {
            alerts.push(self.alert(key, situation, episode, self.state.watermark));
        }
        let first = alerts.iter().map(|alert| alert.anchor.0).min()?;
        Some(Finding {
            key_hash: self.key_hash(key),
            compartment: Compartment::pool(realm),
            judged_at: self.state.watermark,
            final_before: first,
            settled_before: Timestamp::ZERO,
            alerts,
        })
    }

    pub(super) fn alert(&self, key: Key, situation: &Situation, episode: &Episode, now: Timestamp) -> Alert {
        let (realm, root, country) = key;
        let (key_hash, compartment) = (self.key_hash(key), Compartment::pool(realm));
        let mut here: Vec<&Warned> = episode
            .spread()
            .iter()
            .filter(|it| it.node.country == country)
            .collect();
        here.sort_unstable_by_key(|warned| warned.node);
        let state = if here.is_empty() {
            AlertState::Retracted
        } else if here.iter().any(|warned| warned.until >= now) {
            AlertState::Open
        } else {
            AlertState::Resolved
        };
        let steps = here.iter().flat_map(|warned| episode.spread().path(warned));
        let steps: BTreeSet<CascadeNode> = steps.map(|step| step.node).collect();
        let behind = behind(situation, episode, root, &steps);
        let (tlp, pap) = behind.labels();
        let (first_seen, last_seen) = behind.seen().unwrap_or((episode.anchor.0, episode.anchor.0));
        let warnings = here.iter().map(|warned| warning(situation, episode, root, warned, now));
        let cascade = Cascade {
            warnings: warnings.collect(),
            dependencies: Arc::clone(self.policy.dependencies.version()),
        };
        let sectors = here.iter().map(|warned| warned.node.sector);
        let sectors: BTreeSet<_> = sectors.collect();
        let ends = CountrySet::from_iter([root.country, country]);
        Alert {
            id: self
                .secret
                .alert_id(CASCADE_RULE, &compartment, key_hash, episode.anchor),
            revision: 0,
            revised_at: Timestamp::ZERO,
            epoch: 0,
            state,
            rule: Arc::clone(&self.rule),
            compartment,
            key_hash,
            key: key_fields(root, country),
            anchor: episode.anchor,
            last_fire: episode.last_fire,
            audience: audience(episode, &ends),
            severity: behind.severity(),
            tlp,
            pap,
            countries: steps.iter().map(|step| step.country).chain(ends.iter()).collect(),
            values: sectors.iter().map(|sector| sector.as_str().into()).collect(),
            sectors: sectors.into_iter().chain([root.sector]).collect(),
            incident_types: behind
                .voices()
                .flat_map(|voice| voice.incident_types.iter().copied())
                .collect(),
            counts: behind.counts(),
            digest: behind.digest(&self.secret),
            evidence: behind.evidence(),
            peak: episode.peak,
            fires: episode.fires,
            first_seen,
            last_seen,
            held: false,
            campaign: None,
            surge: None,
            cascade: (state != AlertState::Retracted).then(|| Box::new(cascade)),
        }
    }
}

fn key_fields(root: CascadeNode, country: Country) -> Arc<[KeyField]> {
    let key = |field: &str, value: &str| KeyField {
        field: field.into(),
        value: value.into(),
    };
    let fields = [
        key("sector", root.sector.as_str()),
        key("country", root.country.as_str()),
        key("warned_country", country.as_str()),
    ];
    fields.into()
}

/// Whoever reported it; and the countries at both ends, once enough independent members stand behind it.
fn audience(episode: &Episode, ends: &CountrySet) -> Audience {
    let mut countries: CountrySet = episode.reach.values().flatten().copied().collect();
    if episode.reach.len() >= EU_MEMBERS {
        countries.extend_from(ends);
    }
    Audience::Countries(countries)
}

/// The reports that the root is hit, and that the nodes of a path are.
fn behind<'a>(
    situation: &'a Situation,
    episode: &Episode,
    root: CascadeNode,
    steps: &BTreeSet<CascadeNode>,
) -> Behind<'a> {
    let confirmed = episode
        .spread()
        .iter()
        .filter(|it| it.confirmed && steps.contains(&it.node));
    let nodes = [root].into_iter().chain(confirmed.map(|warned| warned.node));
    Behind::new(nodes.flat_map(|node| reports(situation, episode, node)))
}

fn reports<'a>(
    situation: &'a Situation,
    episode: &Episode,
    node: CascadeNode,
) -> impl Iterator<Item = (Timestamp, IncidentId, &'a Arc<Voice>)> + use<'a> {
    let since = episode.since;
    situation
        .standing(node)
        .into_iter()
        .flat_map(move |standing| standing.since(since))
}

fn warning(
    situation: &Situation,
    episode: &Episode,
    root: CascadeNode,
    warned: &Warned,
    now: Timestamp,
) -> CascadeWarning {
    let confirming = reports(situation, episode, warned.node).filter(|_| warned.confirmed);
    let counts = Behind::new(confirming).counts();
    let path = episode.spread().path(warned).into_iter().map(|step| step.node);
    CascadeWarning {
        path: [root].into_iter().chain(path).collect(),
        state: match (warned.confirmed, warned.until >= now) {
            (true, _) => WarningState::Confirmed,
            (false, true) => WarningState::Pending,
            (false, false) => WarningState::Expired,
        },
        until: warned.until,
        reports: counts.reports,
        members: counts.members,
        why: Arc::clone(&warned.why),
    }
}

impl super::CascadeState {
    /// Keys of which there is something.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.situations.iter().flat_map(|(realm, situation)| {
            let realm: Realm = *realm;
            situation.episodes().flat_map(move |(root, episode)| {
                let countries = episode.countries.iter();
                countries.map(move |country| (realm, root, country))
            })
        })
    }
}
