//! What is told of a campaign.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_model::limits::{CAMPAIGN_INDICATORS, CAMPAIGN_LINKS, CAMPAIGN_REFUSALS, EU_MEMBERS, LISTED_REPORTS};
use chappe_model::{
    Alert, AlertId, AlertState, Audience, Campaign, Compartment, Country, CountrySet, Counts, IncidentId, KeyField,
    Link, MemberId, Pap, Realm, RefusedJoin, Sector, Severity, SharedValue, Timestamp, Tlp,
};

use super::cluster::{Cluster, ClusterId};
use super::graph::{Edge, Graph, Shared};
use super::{CAMPAIGN_RULE, Linker, Raised};
use crate::Voice;
use crate::finding::Finding;
use crate::voice::attested;

/// Said of a campaign whose reports reach enough countries within a day.
const CROSS_BORDER: &str = "cross-border";
/// Said of a campaign whose reports reach enough sectors within a day.
const CROSS_SECTOR: &str = "cross-sector";

/// An incident of a campaign, and what it says.
type Member<'a> = ((Timestamp, IncidentId), &'a Arc<Voice>);

impl Linker {
    /// The finding on the campaign that an incident is, or once was, the anchor of.
    pub(super) fn finding(&mut self, realm: Realm, anchor: IncidentId) -> Option<Finding> {
        let raised = self.state.raised.get(&(realm, anchor))?;
        let graph = self.state.graphs.get(&realm)?;
        let alert = match heading(graph, anchor) {
            Some((_, cluster)) if !cluster.is_alertable(&self.policy) => {
                self.gone(realm, raised, AlertState::Retracted)
            }
            Some((id, cluster)) if cluster.anchor().1 == anchor => {
                let ends = last_time(cluster).plus(self.policy.window_ms);
                if ends > self.state.watermark {
                    self.state.resolving.insert((ends, realm, anchor));
                }
                self.standing(realm, raised, graph, id, cluster)
            }
            Some((_, cluster)) => self.gone(realm, raised, AlertState::Superseded(self.id_of(realm, cluster)?)),
            None => {
                let heir = heir(graph, anchor).filter(|cluster| cluster.is_alertable(&self.policy));
                let state = heir
                    .and_then(|heir| self.id_of(realm, heir))
                    .map_or(AlertState::Retracted, AlertState::Superseded);
                self.gone(realm, raised, state)
            }
        };
        Some(Finding {
            key_hash: raised.key_hash,
            compartment: Compartment::pool(realm),
            judged_at: self.state.watermark,
            final_before: Timestamp::ZERO,
            settled_before: Timestamp::ZERO,
            alerts: vec![alert],
        })
    }

    fn id_of(&self, realm: Realm, cluster: &Cluster) -> Option<AlertId> {
        let raised = self.state.raised.get(&(realm, cluster.anchor().1))?;
        let pool = Compartment::pool(realm);
        Some(
            self.secret
                .alert_id(CAMPAIGN_RULE, &pool, raised.key_hash, raised.anchor),
        )
    }

    /// What is told once it is no campaign of its own any more: that, to all that were told of it, and nothing of its reports.
    fn gone(&self, realm: Realm, raised: &Raised, state: AlertState) -> Alert {
        let compartment = Compartment::pool(realm);
        let audience = if raised.reach.len() >= EU_MEMBERS {
            Audience::Eu
        } else {
            Audience::Countries(raised.homes)
        };
        Alert {
            id: self
                .secret
                .alert_id(CAMPAIGN_RULE, &compartment, raised.key_hash, raised.anchor),
            revision: 0,
            revised_at: Timestamp::ZERO,
            epoch: 0,
            state,
            rule: Arc::clone(&self.rule),
            compartment,
            key_hash: raised.key_hash,
            key: Arc::default(),
            anchor: raised.anchor,
            last_fire: raised.anchor.0,
            audience,
            severity: Severity::Medium,
            tlp: Tlp::AmberStrict,
            pap: Pap::Red,
            countries: CountrySet::new(),
            sectors: BTreeSet::new(),
            incident_types: BTreeSet::new(),
            counts: Counts::default(),
            digest: self.secret.set_digest([]),
            evidence: Arc::default(),
            values: vec![],
            fires: 0,
            peak: 0,
            first_seen: raised.anchor.0,
            last_seen: raised.anchor.0,
            held: false,
            campaign: None,
            surge: None,
            cascade: None,
        }
    }

    fn standing(&self, realm: Realm, raised: &Raised, graph: &Graph, id: ClusterId, cluster: &Cluster) -> Alert {
        let members: Vec<Member<'_>> = members_of(graph, cluster);
        let last = last_time(cluster);
        let is_open = last.plus(self.policy.window_ms) > self.state.watermark;
        let mut contributing: Vec<IncidentId> = members.iter().map(|member| member.0.1).collect();
        contributing.sort_unstable();
        let voices = || members.iter().map(|member| member.1);
        let labels = voices().fold((Tlp::Clear, Pap::Clear), |strictest, voice| {
            (strictest.0.join(voice.tlp), strictest.1.join(voice.pap))
        });
        Alert {
            last_fire: last,
            severity: voices().map(|voice| voice.severity).max().unwrap_or(Severity::Medium),
            tlp: labels.0,
            pap: labels.1,
            countries: attested(voices()),
            sectors: voices().flat_map(|voice| voice.sectors.iter().copied()).collect(),
            incident_types: voices()
                .flat_map(|voice| voice.incident_types.iter().copied())
                .collect(),
            counts: Counts {
                reports: count(members.len()),
                unlisted: 0,
                members: count(cluster.reporters.len()),
            },
            digest: self.secret.set_digest(contributing),
            evidence: members
                .iter()
                .take(LISTED_REPORTS)
                .filter_map(|((time, incident), voice)| voice.evidence(*time, *incident))
                .collect(),
            key: shown_values(graph, cluster),
            values: self.crossings(&members),
            fires: count(cluster.joints.len()),
            first_seen: cluster.anchor().0,
            last_seen: last,
            campaign: Some(Box::new(self.explanation(graph, id, cluster))),
            ..self.gone(
                realm,
                raised,
                if is_open {
                    AlertState::Open
                } else {
                    AlertState::Resolved
                },
            )
        }
    }

    /// Whether, in any span, the campaign reached enough countries or sectors.
    fn crossings(&self, members: &[Member<'_>]) -> Vec<Arc<str>> {
        let (mut from, mut borders, mut sectors) = (0, false, false);
        let mut span = Span::default();
        for (at, voice) in members {
            span.add(voice);
            while members[from].0.0.plus(self.policy.cross_ms) <= at.0 {
                span.remove(members[from].1);
                from += 1;
            }
            borders |= span.attested >= self.policy.cross_at_least;
            sectors |= span.sectors.len() >= self.policy.cross_at_least;
        }
        let found = [(borders, CROSS_BORDER), (sectors, CROSS_SECTOR)];
        found
            .into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, name)| name.into())
            .collect()
    }

    fn explanation(&self, graph: &Graph, id: ClusterId, cluster: &Cluster) -> Campaign {
        let mut joints = cluster.joints.clone();
        joints.sort_unstable();
        let edges = joints
            .iter()
            .filter_map(|key| graph.edges.get(key).map(|edge| (key.0, edge)));
        let listed = edges.take(CAMPAIGN_LINKS);
        let mut refused: Vec<RefusedJoin> = cluster
            .neighbours
            .iter()
            .filter_map(|neighbour| {
                let why = graph.evidence.get(&(id.min(*neighbour), id.max(*neighbour)))?.refused?;
                let other = graph.clusters.get(neighbour)?.anchor().1;
                Some(RefusedJoin { other, why })
            })
            .collect();
        refused.sort_unstable();
        refused.truncate(CAMPAIGN_REFUSALS);
        Campaign {
            links: listed
                .filter_map(|(time, edge)| self.link_of(graph, time, edge))
                .collect(),
            joined_by: count(cluster.joints.len()),
            threshold_milli: self.policy.threshold_milli,
            refused,
            warning_lists: self
                .policy
                .warning_lists
                .iter()
                .map(|list| Arc::clone(&list.name))
                .collect(),
        }
    }

    fn link_of(&self, graph: &Graph, time: Timestamp, edge: &Edge) -> Option<Link> {
        let end = |incident: IncidentId| -> Option<(IncidentId, MemberId)> {
            Some((incident, graph.nodes.get(&incident)?.reporter.clone()))
        };
        let holding = graph.holding(&self.policy, edge);
        Some(Link {
            earlier: end(edge.earlier)?,
            later: end(edge.later)?,
            time,
            weight_milli: holding.iter().map(|shared| shared.weight).sum(),
            shared: holding.into_iter().map(shared_value).collect(),
        })
    }
}

fn shared_value(shared: &Shared) -> SharedValue {
    SharedValue {
        value: Arc::clone(&shared.text),
        document_frequency: shared.frequency,
        prior_milli: shared.prior,
        rarity_milli: shared.rarity,
        decay_milli: shared.decay,
        weight_milli: shared.weight,
    }
}

/// The cluster of an incident that stands.
fn heading(graph: &Graph, incident: IncidentId) -> Option<(ClusterId, &Cluster)> {
    let id = graph.nodes.get(&incident)?.cluster?;
    Some((id, graph.clusters.get(&id)?))
}

/// Where a campaign lives on whose anchor was withdrawn: with the earliest incident that was linked to it.
fn heir(graph: &Graph, anchor: IncidentId) -> Option<&Cluster> {
    let edges = graph
        .nodes
        .get(&anchor)?
        .edges
        .iter()
        .filter_map(|key| graph.edges.get(key));
    let others = edges
        .flat_map(|edge| [edge.earlier, edge.later])
        .filter(|end| *end != anchor);
    let standing =
        others.filter_map(|other| Some((graph.nodes.get(&other)?.stood_at?, other, heading(graph, other)?.1)));
    let earliest = standing.min_by_key(|(at, other, _)| (*at, *other));
    earliest.map(|(_, _, cluster)| cluster)
}

fn members_of<'a>(graph: &'a Graph, cluster: &Cluster) -> Vec<Member<'a>> {
    let members = cluster.members.iter();
    members
        .filter_map(|order| Some((*order, &graph.nodes.get(&order.1)?.saying.as_ref()?.voice)))
        .collect()
}

fn last_time(cluster: &Cluster) -> Timestamp {
    cluster.members.last().map_or(Timestamp::ZERO, |(at, _)| *at)
}

/// Countries and sectors of the reports of a span, kept up as reports come and go.
#[derive(Default)]
struct Span<'a> {
    /// Who names a country, how often, and whether it is the reporter's own.
    countries: BTreeMap<Country, BTreeMap<&'a MemberId, (u32, bool)>>,
    /// Countries named by their own reporter, or by two members.
    attested: usize,
    sectors: BTreeMap<Sector, u32>,
}

impl<'a> Span<'a> {
    fn add(&mut self, voice: &'a Voice) {
        for country in voice.countries.iter() {
            let naming = self.countries.entry(country).or_default();
            let before = is_attested(naming);
            naming
                .entry(&voice.reporter)
                .or_insert((0, voice.home == Some(country)))
                .0 += 1;
            self.attested += usize::from(!before && is_attested(naming));
        }
        for sector in &voice.sectors {
            *self.sectors.entry(*sector).or_default() += 1;
        }
    }

    fn remove(&mut self, voice: &'a Voice) {
        for country in voice.countries.iter() {
            let Some(naming) = self.countries.get_mut(&country) else {
                continue;
            };
            let before = is_attested(naming);
            if let Some(times) = naming.get_mut(&voice.reporter) {
                times.0 -= 1;
                if times.0 == 0 {
                    naming.remove(&voice.reporter);
                }
            }
            self.attested -= usize::from(before && !is_attested(naming));
        }
        for sector in &voice.sectors {
            if let Some(times) = self.sectors.get_mut(sector) {
                *times -= 1;
                if *times == 0 {
                    self.sectors.remove(sector);
                }
            }
        }
    }
}

fn is_attested(naming: &BTreeMap<&MemberId, (u32, bool)>) -> bool {
    naming.len() >= 2 || naming.values().any(|(_, own)| *own)
}

/// The values that most of its incidents carry, of those that links rest on.
fn shown_values(graph: &Graph, cluster: &Cluster) -> Arc<[KeyField]> {
    let mut linking = BTreeSet::new();
    for edge in cluster.joints.iter().filter_map(|key| graph.edges.get(key)) {
        linking.extend(edge.shared.iter().map(|shared| shared.hash));
    }
    let mut carried: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
    for (_, incident) in &cluster.members {
        let saying = graph.nodes.get(incident).and_then(|node| node.saying.as_ref());
        let values = saying.into_iter().flat_map(|saying| saying.values.iter());
        for value in values.filter(|value| linking.contains(&value.hash)) {
            *carried.entry(&value.text).or_default() += 1;
        }
    }
    let mut most: Vec<(usize, &Arc<str>)> = carried
        .into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(text, times)| (times, text))
        .collect();
    most.sort_unstable_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
    let fields = most.into_iter().take(CAMPAIGN_INDICATORS).map(|(_, value)| KeyField {
        field: "indicator".into(),
        value: Arc::clone(value),
    });
    fields.collect()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
