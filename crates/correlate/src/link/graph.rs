//! The graph of one realm's pool: incidents, what they say, the links between them, and the clusters that the links make.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_model::{IncidentId, JoinRefusal, KeyHash, MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use super::cluster::{Cluster, ClusterId};
use super::evidence::Evidence;
use super::policy::{KNOWN, LinkPolicy};
use super::posted::Posted;
use super::report::{Report, Saying};
use crate::keyed_map::KeyedMap;

/// The order in which links are taken: (later time, later incident, its revision, by falling weight).
pub(super) type EdgeKey = (Timestamp, IncidentId, u32, u16);

/// Two reports that shared enough when the later one said so.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Edge {
    pub(super) earlier: IncidentId,
    pub(super) later: IncidentId,
    /// Heaviest first.
    pub(super) shared: Vec<Shared>,
}

/// One value of a link, with all that its weight was made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shared {
    pub(super) hash: KeyHash,
    pub(super) text: Arc<str>,
    pub(super) frequency: u32,
    pub(super) prior: u32,
    pub(super) rarity: u32,
    pub(super) decay: u32,
    pub(super) weight: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Node {
    /// Log time of the first revision that counted.
    pub(super) first: Timestamp,
    pub(super) reporter: MemberId,
    revision: u32,
    /// What it says now; none: it does not stand.
    pub(super) saying: Option<Saying>,
    /// Log time from which it first stood: its place in the order of incidents.
    pub(super) stood_at: Option<Timestamp>,
    /// Values it ever carried.
    posted: BTreeSet<KeyHash>,
    pub(super) edges: Vec<EdgeKey>,
    pub(super) cluster: Option<ClusterId>,
    /// A link of its own to an earlier report was refused: it speaks for more than one cluster, so nothing is attached through it.
    bridges: bool,
}

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Graph {
    pub(super) nodes: KeyedMap<IncidentId, Node>,
    pub(super) values: KeyedMap<KeyHash, Posted>,
    pub(super) edges: BTreeMap<EdgeKey, Edge>,
    pub(super) clusters: BTreeMap<ClusterId, Cluster>,
    pub(super) evidence: BTreeMap<(ClusterId, ClusterId), Evidence>,
    next_cluster: ClusterId,
    /// Joins that a person decided on.
    decided: BTreeSet<(IncidentId, IncidentId)>,
    /// Anchors of clusters that changed since they were last asked for.
    #[serde(skip)]
    pub(super) touched: BTreeSet<IncidentId>,
}

impl Graph {
    /// Takes a revision, in order of (log time, incident, revision). Returns whether it changed anything.
    pub(super) fn take(&mut self, policy: &LinkPolicy, at: Timestamp, report: Report) -> bool {
        let Report {
            incident,
            reporter,
            revision,
            saying,
            ..
        } = report;
        let known = self.nodes.get(&incident);
        let late = |node: &Node| revision <= node.revision || at > node.first.plus(policy.horizon_ms());
        if known.is_some_and(late) {
            return false;
        }
        let is_new = known.is_none();
        let node = self.nodes.entry(incident).or_insert_with(|| Node {
            first: at,
            reporter,
            revision,
            saying: None,
            stood_at: None,
            posted: BTreeSet::new(),
            edges: vec![],
            cluster: None,
            bridges: false,
        });
        node.revision = revision;
        let before = std::mem::replace(&mut node.saying, saying);
        if node.saying.is_some() {
            node.stood_at.get_or_insert(at);
        }
        let says_more = node.saying.as_ref().is_some_and(|now| {
            let said_before = |hash| before.as_ref().is_some_and(|before| before.says(hash));
            now.values.iter().any(|value| !said_before(value.hash))
        });
        let mut links = vec![];
        if says_more {
            self.post(policy, at, incident);
            links = self.link(policy, at, incident, revision);
        }
        if is_new {
            self.stand_alone(incident);
            links.into_iter().for_each(|key| self.join(policy, key));
        } else if self.says_the_same(incident, before.as_ref()) {
            self.touch(incident);
        } else {
            self.recompute(policy, incident);
        }
        true
    }

    /// Whether an incident links by the same values as before, so that the links stay as they are.
    fn says_the_same(&self, incident: IncidentId, before: Option<&Saying>) -> bool {
        let now = self.nodes.get(&incident).and_then(|node| node.saying.as_ref());
        now.map(|saying| &saying.values) == before.map(|saying| &saying.values)
    }

    /// Makes what a snapshot leaves out: the values of each cluster.
    pub(super) fn refill(&mut self) {
        for (incident, node) in &self.nodes {
            let cluster = node.cluster.and_then(|cluster| self.clusters.get_mut(&cluster));
            if let (Some(cluster), Some(saying)) = (cluster, &node.saying) {
                cluster.note(*incident, saying, &node.reporter);
            }
        }
    }

    fn touch(&mut self, incident: IncidentId) {
        let cluster = self.nodes.get(&incident).and_then(|node| node.cluster);
        if let Some(cluster) = cluster.and_then(|cluster| self.clusters.get(&cluster)) {
            self.touched.insert(cluster.anchor().1);
        }
    }

    /// A person decides that the clusters of two incidents are one.
    pub(super) fn decide(&mut self, policy: &LinkPolicy, one: IncidentId, other: IncidentId) {
        if self.nodes.contains_key(&one) && self.decided.insert((one, other)) {
            self.recompute(policy, one);
        }
    }

    fn post(&mut self, policy: &LinkPolicy, at: Timestamp, incident: IncidentId) {
        let Some(node) = self.nodes.get_mut(&incident) else {
            return;
        };
        let Some(saying) = &node.saying else { return };
        for value in saying.values.iter() {
            if node.posted.insert(value.hash) {
                let posted = self.values.entry(value.hash).or_default();
                posted.add(&node.reporter, at, incident, policy.per_member);
            }
        }
    }

    /// Puts an incident that stands into a cluster of its own.
    fn stand_alone(&mut self, incident: IncidentId) {
        let Some(node) = self.nodes.get_mut(&incident) else {
            return;
        };
        let (Some(stood_at), Some(saying)) = (node.stood_at, &node.saying) else {
            return;
        };
        self.next_cluster += 1;
        node.bridges = false;
        node.cluster = Some(self.next_cluster);
        let alone = Cluster::of((stood_at, incident), &node.reporter, saying);
        self.clusters.insert(self.next_cluster, alone);
        self.touched.insert(incident);
    }

    /// What both ends of a link still say; nothing if that is no evidence any more.
    pub(super) fn holding<'a>(&'a self, policy: &LinkPolicy, edge: &'a Edge) -> Vec<&'a Shared> {
        let saying = |end| self.nodes.get(end).and_then(|node| node.saying.as_ref());
        let (Some(earlier), Some(later)) = (saying(&edge.earlier), saying(&edge.later)) else {
            return vec![];
        };
        let both = |shared: &&Shared| earlier.says(shared.hash) && later.says(shared.hash);
        let shared: Vec<&Shared> = edge.shared.iter().filter(both).collect();
        let weight: u32 = shared.iter().map(|value| value.weight).sum();
        if weight >= policy.evidence_milli {
            shared
        } else {
            vec![]
        }
    }

    /// Takes a link: joins the clusters of its ends if it holds and they may be joined.
    fn join(&mut self, policy: &LinkPolicy, key: EdgeKey) {
        let Some(edge) = self.edges.get(&key) else { return };
        let later = edge.later;
        let ends = [edge.earlier, edge.later].map(|end| self.nodes.get(&end));
        let [Some(one), Some(other)] = ends else { return };
        let (Some(here), Some(there), Some(says)) = (one.cluster, other.cluster, &other.saying) else {
            return;
        };
        if here == there {
            return; // most links: so what they hold is not looked at
        }
        let weight: u32 = self.holding(policy, edge).iter().map(|value| value.weight).sum();
        if weight == 0 {
            return;
        }
        let (Some(a), Some(b)) = (self.clusters.get(&here), self.clusters.get(&there)) else {
            return;
        };
        let is_strong = weight >= policy.threshold_milli;
        let through_bridge = one.bridges;
        let known: Vec<KeyHash> = says.telling().filter(|hash| a.values.contains_key(hash)).collect();
        if b.members.len() == 1 {
            let belongs = known.len() >= KNOWN || a.members.len() < policy.least_incidents;
            if !is_strong || through_bridge || !belongs {
                return;
            }
        } else if !self.is_decided(here, there) {
            let mut evidence = self.evidence_between(here, there);
            evidence.add(known);
            evidence.refused = self.refuses(policy, &evidence, here, there);
            let refused = evidence.refused;
            self.put_evidence(here, there, evidence);
            if refused.is_some() {
                if is_strong && !through_bridge {
                    self.note_bridge(later);
                }
                return;
            }
        }
        self.unite(here, there, key);
    }

    fn is_decided(&self, here: ClusterId, there: ClusterId) -> bool {
        let cluster = |incident| self.nodes.get(incident).and_then(|node: &Node| node.cluster);
        self.decided.iter().any(|(one, other)| {
            let decided = (cluster(one), cluster(other));
            decided == (Some(here), Some(there)) || decided == (Some(there), Some(here))
        })
    }

    fn note_bridge(&mut self, later: IncidentId) {
        if let Some(node) = self.nodes.get_mut(&later) {
            node.bridges = true;
        }
    }

    /// Why two clusters may not be joined; none if they may.
    fn refuses(
        &self,
        policy: &LinkPolicy,
        evidence: &Evidence,
        here: ClusterId,
        there: ClusterId,
    ) -> Option<JoinRefusal> {
        let (one, other) = (self.clusters.get(&here)?, self.clusters.get(&there)?);
        if one.members.len().min(other.members.len()) > policy.guard {
            return Some(JoinRefusal::Size);
        }
        (!evidence.corroborates([one, other])).then_some(JoinRefusal::Uncorroborated)
    }

    /// Taken out.
    fn evidence_between(&mut self, here: ClusterId, there: ClusterId) -> Evidence {
        let found = self.evidence.remove(&(here.min(there), here.max(there)));
        found.unwrap_or_default()
    }

    fn put_evidence(&mut self, here: ClusterId, there: ClusterId, evidence: Evidence) {
        self.evidence.insert((here.min(there), here.max(there)), evidence);
        for (cluster, neighbour) in [(here, there), (there, here)] {
            if let Some(cluster) = self.clusters.get_mut(&cluster) {
                cluster.neighbours.insert(neighbour);
                self.touched.insert(cluster.anchor().1);
            }
        }
    }

    fn unite(&mut self, here: ClusterId, there: ClusterId, key: EdgeKey) {
        let size = |graph: &Self, id| {
            graph
                .clusters
                .get(&id)
                .map_or(0, |cluster: &Cluster| cluster.members.len())
        };
        let (large, small) = if size(self, here) >= size(self, there) {
            (here, there)
        } else {
            (there, here)
        };
        self.evidence_between(large, small); // it has done its part
        let Some(absorbed) = self.clusters.remove(&small) else {
            return;
        };
        for neighbour in absorbed.neighbours.iter().filter(|neighbour| **neighbour != large) {
            let moved = self.evidence_between(small, *neighbour);
            let mut evidence = self.evidence_between(large, *neighbour);
            evidence.add_all(moved);
            self.put_evidence(large, *neighbour, evidence);
            if let Some(neighbour) = self.clusters.get_mut(neighbour) {
                neighbour.neighbours.remove(&small);
            }
        }
        for (_, incident) in &absorbed.members {
            if let Some(node) = self.nodes.get_mut(incident) {
                node.cluster = Some(large);
            }
        }
        let Some(cluster) = self.clusters.get_mut(&large) else {
            return;
        };
        self.touched.extend([cluster.anchor().1, absorbed.anchor().1]);
        cluster.neighbours.remove(&small);
        cluster.absorb(absorbed);
        cluster.joints.push(key);
    }

    /// Everything that links of any kind, holding or not, lead to from an incident.
    fn reachable(&self, from: IncidentId) -> BTreeSet<IncidentId> {
        let (mut found, mut next) = (BTreeSet::from([from]), vec![from]);
        while let Some(incident) = next.pop() {
            let edges = self.nodes.get(&incident).map_or(&[][..], |node| &node.edges);
            for edge in edges.iter().filter_map(|key| self.edges.get(key)) {
                for end in [edge.earlier, edge.later] {
                    if found.insert(end) {
                        next.push(end);
                    }
                }
            }
        }
        found
    }

    /// Takes the links around an incident again from the first: what it said has changed, or a person has decided.
    fn recompute(&mut self, policy: &LinkPolicy, around: IncidentId) {
        let all = self.reachable(around);
        let mut links = BTreeSet::new();
        for incident in &all {
            let Some(node) = self.nodes.get_mut(incident) else {
                continue;
            };
            links.extend(node.edges.iter().copied());
            if let Some(cluster) = node.cluster.take()
                && let Some((id, cluster)) = self.clusters.remove_entry(&cluster)
            {
                self.touched.insert(cluster.anchor().1);
                for neighbour in cluster.neighbours {
                    self.evidence.remove(&(id.min(neighbour), id.max(neighbour)));
                }
            }
        }
        all.iter().for_each(|incident| self.stand_alone(*incident));
        links.into_iter().for_each(|key| self.join(policy, key));
    }

    /// Whether everything that links lead to from an incident is settled before `watermark`; then it is let go, and what it was is returned.
    pub(super) fn settle(&self, policy: &LinkPolicy, incident: IncidentId, watermark: Timestamp) -> Vec<IncidentId> {
        let settled = |node: &Node| node.first.plus(policy.settled_ms()) < watermark;
        let (mut found, mut next) = (BTreeSet::from([incident]), vec![incident]);
        while let Some(incident) = next.pop() {
            let Some(node) = self.nodes.get(&incident) else {
                continue;
            };
            if !settled(node) {
                return vec![]; // it comes up again with the last of them
            }
            for edge in node.edges.iter().filter_map(|key| self.edges.get(key)) {
                next.extend([edge.earlier, edge.later].into_iter().filter(|end| found.insert(*end)));
            }
        }
        found
            .into_iter()
            .filter(|incident| self.nodes.contains_key(incident))
            .collect()
    }

    /// Forgets incidents that nothing links to any more.
    pub(super) fn forget(&mut self, policy: &LinkPolicy, incidents: &[IncidentId], watermark: Timestamp) {
        for incident in incidents {
            let Some(node) = self.nodes.remove(incident) else {
                continue;
            };
            for key in node.edges {
                self.edges.remove(&key);
            }
            if let Some(cluster) = node.cluster.and_then(|cluster| self.clusters.remove_entry(&cluster)) {
                for neighbour in cluster.1.neighbours {
                    self.evidence
                        .remove(&(cluster.0.min(neighbour), cluster.0.max(neighbour)));
                }
            }
            for hash in node.posted {
                let Some(posted) = self.values.get_mut(&hash) else {
                    continue;
                };
                posted.expire(watermark.minus(policy.window_ms));
                if posted.is_empty() {
                    self.values.remove(&hash);
                }
            }
            self.decided.retain(|pair| pair.0 != *incident && pair.1 != *incident);
        }
    }
}
