//! Linking: incidents into campaigns.
//!
//! Incidents and indicators make a bipartite graph. Two incidents are linked when the values they share weigh enough: what the kind of
//! value is worth, times how rare it was in the window up to the later report, times a decay in the distance of the two. Clusters come from taking
//! links in the order of (later time, ids). An incident joins a cluster by one link; two clusters are joined only when enough members on
//! both sides reported enough of the same values, and never when both are large, unless a person decides so.
//!
//! All of it happens behind the watermark, revision by revision in the order of (log time, incident, revision), so the state is a function of
//! the set of records stamped before the watermark. `tests/oracle/linking.py` is that function. What is withdrawn takes its links with
//! it, and the clusters around are made again from the links that are left: a join is undone by that.
//!
//! Only reports that may be shared link; match-only reports and reports for named recipients do not, and count in no rarity.

mod candidates;
mod cluster;
mod evidence;
mod graph;
mod policy;
mod posted;
mod report;
mod shard;
mod tell;
mod warning;
mod weigh;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_model::{Accepted, Alert, CountrySet, IncidentId, KeyHash, MemberId, Realm, Rule, Secret, Timestamp};
use serde::{Deserialize, Serialize};

pub use policy::{CAMPAIGN_RULE, LinkPolicy};
pub use shard::{LinkShard, LinkSnapshotError};
pub use warning::{WARNING_ENTRIES, WARNING_NAME_BYTES, WARNING_REGEXES, WarningFile, WarningList, WarningListError};

use crate::finding::Finding;
use crate::keyed_map::KeyedMap;
use crate::whole::Detector;
use graph::Graph;
use report::Report;

/// Links the incidents of an installation. One instance: clusters know no key to be parted by.
#[derive(Debug)]
pub struct Linker {
    secret: Secret,
    policy: Arc<LinkPolicy>,
    rule: Arc<Rule>,
    state: LinkState,
    /// Campaigns that may have changed since the last findings.
    dirty: BTreeSet<(Realm, IncidentId)>,
    /// Campaigns that are none of their own any more: what they are pointed at may change whenever another does.
    gone: BTreeSet<(Realm, IncidentId)>,
    /// Nothing is told while the log is read again; what is let go meanwhile is told at the end of it.
    replaying: bool,
    last_words: Vec<Finding>,
    retired: Vec<KeyHash>,
}

/// What a snapshot holds of linking.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct LinkState {
    /// What the watermark has not passed yet.
    waiting: BTreeMap<(Timestamp, IncidentId, u32), Report>,
    decisions: BTreeSet<(Timestamp, Realm, IncidentId, IncidentId)>,
    watermark: Timestamp,
    graphs: BTreeMap<Realm, Graph>,
    /// Incidents that were let go: a later revision of one is not a new incident.
    let_go: KeyedMap<IncidentId, ()>,
    /// When incidents may be let go.
    settling: BTreeMap<Timestamp, Vec<(Realm, IncidentId)>>,
    /// When campaigns come to an end, unless they go on.
    resolving: BTreeSet<(Timestamp, Realm, IncidentId)>,
    /// Campaigns that ever held, by their earliest incident.
    raised: BTreeMap<(Realm, IncidentId), Raised>,
}

/// A campaign that held at some time.
#[derive(Debug, Serialize, Deserialize)]
struct Raised {
    key_hash: KeyHash,
    anchor: (Timestamp, IncidentId),
    /// Members that ever stood behind it, and their countries: the audience rests on them, so it only grows.
    reach: BTreeSet<MemberId>,
    homes: CountrySet,
}

impl Linker {
    /// Starts empty and replaying: nothing is found before it settles.
    #[must_use]
    pub fn new(secret: Secret, policy: Arc<LinkPolicy>) -> Self {
        Self::restore(secret, policy, LinkState::default())
    }

    /// Goes on from a snapshot taken under the same policy.
    #[must_use]
    pub fn restore(secret: Secret, policy: Arc<LinkPolicy>, mut state: LinkState) -> Self {
        state.graphs.values_mut().for_each(Graph::refill);
        let rule = Arc::new(policy.rule());
        Self {
            secret,
            policy,
            rule,
            state,
            dirty: BTreeSet::new(),
            gone: BTreeSet::new(),
            replaying: true,
            last_words: vec![],
            retired: vec![],
        }
    }

    /// What a snapshot holds.
    #[must_use]
    pub fn state(&self) -> &LinkState {
        &self.state
    }

    /// Takes one accepted revision at its log time, in any order that keeps each partition's. It counts once the watermark has passed it,
    /// unless it is an exercise where the incident's first revision in the log is none, or the other way.
    pub fn take(&mut self, at: Timestamp, accepted: &Accepted) {
        let report = Report::of(&self.secret, &self.policy, accepted);
        let order = (at, report.incident, report.revision);
        // Of one log time: what came before it in the log.
        let mut before = self
            .state
            .waiting
            .range((at, report.incident, 0)..=(at, report.incident, u32::MAX));
        if before.next().is_some_and(|(_, before)| before.realm != report.realm) {
            return;
        }
        self.state.waiting.entry(order).or_insert(report);
    }

    /// Takes a person's decision, at its log time, that the clusters of two incidents are one once a link runs between them, whatever their size
    /// and evidence. It counts once the watermark has passed it.
    pub fn decide(&mut self, at: Timestamp, realm: Realm, one: IncidentId, other: IncidentId) {
        self.state.decisions.insert((at, realm, one, other));
    }

    /// Log time has passed `watermark` in every partition: links what stands before it and emits the campaigns that changed.
    pub fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Finding>) {
        self.state.watermark = self.state.watermark.max(watermark);
        loop {
            let report = self.state.waiting.first_key_value().map(|(order, _)| order.0);
            let decision = self.state.decisions.first().map(|decision| decision.0);
            let next = report.into_iter().chain(decision).min();
            if next.is_none_or(|next| next >= watermark) {
                break;
            }
            if next == report {
                self.link_next();
            } else if let Some((_, realm, one, other)) = self.state.decisions.pop_first() {
                let graph = self.state.graphs.entry(realm).or_default();
                graph.decide(&self.policy, one, other);
                self.note_touched(realm);
            }
        }
        while let Some((at, realm, anchor)) = self.state.resolving.first().copied().filter(|due| due.0 <= watermark) {
            self.state.resolving.remove(&(at, realm, anchor));
            self.dirty.insert((realm, anchor));
        }
        self.tell_dirty(emit);
        self.let_go(watermark);
    }

    /// The log has been read up to where it was at the start: emits every campaign that may have changed.
    pub fn settle(&mut self, emit: &mut Vec<Finding>) {
        self.replaying = false;
        emit.append(&mut self.last_words);
        self.dirty.extend(self.state.raised.keys().copied());
        self.tell_dirty(emit);
    }

    /// The keys of all campaigns that are known.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<KeyHash> {
        let live = self.state.raised.values().map(|raised| raised.key_hash);
        live.chain(self.retired.iter().copied()).collect()
    }

    /// Keys about which nothing can change any more.
    pub fn drain_retired(&mut self) -> impl Iterator<Item = KeyHash> + '_ {
        self.retired.drain(..)
    }

    /// The clusters of a realm, whatever their size, each in (time, id) order.
    pub fn clusters(&self, realm: Realm) -> impl Iterator<Item = Vec<IncidentId>> + '_ {
        let clusters = self
            .state
            .graphs
            .get(&realm)
            .into_iter()
            .flat_map(|graph| graph.clusters.values());
        clusters.map(|cluster| cluster.members.iter().map(|(_, incident)| *incident).collect())
    }

    fn link_next(&mut self) {
        let Some(((at, ..), report)) = self.state.waiting.pop_first() else {
            return;
        };
        let (realm, incident) = (report.realm, report.incident);
        let elsewhere = |(other, graph): (&Realm, &Graph)| *other != realm && graph.nodes.contains_key(&incident);
        if self.state.let_go.contains_key(&incident) || self.state.graphs.iter().any(elsewhere) {
            return;
        }
        let graph = self.state.graphs.entry(realm).or_default();
        let is_new = !graph.nodes.contains_key(&incident);
        if !graph.take(&self.policy, at, report) {
            return;
        }
        if is_new {
            let settled = at.plus(self.policy.settled_ms());
            self.state.settling.entry(settled).or_default().push((realm, incident));
        }
        self.note_touched(realm);
    }

    /// Notes who stands behind each campaign that changed, after every single revision: so the audience is a function of the set of records.
    fn note_touched(&mut self, realm: Realm) {
        let Some(graph) = self.state.graphs.get_mut(&realm) else {
            return;
        };
        for incident in std::mem::take(&mut graph.touched) {
            let cluster = graph.nodes.get(&incident).and_then(|node| node.cluster);
            let cluster = cluster.and_then(|cluster| graph.clusters.get(&cluster));
            if let Some(cluster) = cluster.filter(|cluster| cluster.is_alertable(&self.policy)) {
                let anchor = cluster.anchor();
                let raised = self.state.raised.entry((realm, anchor.1)).or_insert_with(|| Raised {
                    key_hash: self.secret.key_hash(CAMPAIGN_RULE, realm, &[&anchor.1.to_string()]),
                    anchor,
                    reach: BTreeSet::new(),
                    homes: CountrySet::new(),
                });
                if cluster
                    .reporters
                    .keys()
                    .any(|reporter| !raised.reach.contains(reporter))
                {
                    raised.reach.extend(cluster.reporters.keys().cloned());
                    let voices = cluster
                        .members
                        .iter()
                        .filter_map(|(_, incident)| graph.nodes.get(incident)?.saying.as_ref());
                    voices
                        .filter_map(|saying| saying.voice.home)
                        .for_each(|home| raised.homes.insert(home));
                }
                self.dirty.insert((realm, anchor.1));
            }
            self.dirty.insert((realm, incident));
        }
    }

    fn tell_dirty(&mut self, emit: &mut Vec<Finding>) {
        if self.replaying {
            return; // settle tells all of them
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        if !dirty.is_empty() {
            dirty.append(&mut self.gone);
        }
        for (realm, anchor) in dirty {
            let finding = self.finding(realm, anchor);
            if finding
                .as_ref()
                .is_some_and(|finding| finding.alerts.iter().any(|alert| alert.campaign.is_none()))
            {
                self.gone.insert((realm, anchor));
            }
            emit.extend(finding);
        }
    }

    fn let_go(&mut self, watermark: Timestamp) {
        let later = self.state.settling.split_off(&watermark);
        for (realm, incident) in std::mem::replace(&mut self.state.settling, later)
            .into_values()
            .flatten()
        {
            let Some(graph) = self.state.graphs.get(&realm) else {
                continue;
            };
            let settled = graph.settle(&self.policy, incident, watermark);
            for incident in &settled {
                if self.replaying {
                    let last = self.finding(realm, *incident);
                    self.last_words.extend(last);
                }
                if let Some(raised) = self.state.raised.remove(&(realm, *incident)) {
                    self.retired.push(raised.key_hash);
                }
                self.state.let_go.insert(*incident, ());
            }
            if let Some(graph) = self.state.graphs.get_mut(&realm) {
                graph.forget(&self.policy, &settled, watermark);
            }
        }
    }
}

impl Detector for Linker {
    fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Finding>) {
        Self::advance(self, watermark, emit);
    }

    fn settle(&mut self, emit: &mut Vec<Finding>) {
        Self::settle(self, emit);
    }

    fn look_on(&mut self) {
        self.replaying = true;
    }

    fn is_replaying(&self) -> bool {
        self.replaying
    }

    fn forget_last_words(&mut self, alert: &Alert) {
        self.last_words.retain(|finding| finding.key_hash != alert.key_hash);
        self.retired.retain(|retired| *retired != alert.key_hash);
    }

    fn keys(&self) -> BTreeSet<KeyHash> {
        Self::keys(self)
    }

    fn drain_retired(&mut self) -> Vec<KeyHash> {
        Self::drain_retired(self).collect()
    }
}
