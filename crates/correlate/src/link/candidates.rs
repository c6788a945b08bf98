//! Which earlier reports a report is linked to.

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_model::{IncidentId, MemberId, Timestamp};

use super::graph::{Edge, EdgeKey, Graph, Shared};
use super::policy::{LINKS, LINKS_TO_MEMBER, LinkPolicy, SHARED};
use super::weigh::{decay_milli, rarity_milli, weight_milli};

impl Graph {
    /// Links an incident to those before it that share enough with what it says now; returns the links in their order.
    pub(super) fn link(
        &mut self,
        policy: &LinkPolicy,
        at: Timestamp,
        incident: IncidentId,
        revision: u32,
    ) -> Vec<EdgeKey> {
        let found = self.strongest(policy, at, incident);
        let keys = found.into_iter().zip(0..).map(|((earlier, shared), rank)| {
            let key = (at, incident, revision, rank);
            let edge = Edge {
                earlier,
                later: incident,
                shared,
            };
            for end in [earlier, incident] {
                if let Some(node) = self.nodes.get_mut(&end) {
                    node.edges.push(key);
                }
            }
            self.edges.insert(key, edge);
            key
        });
        keys.collect()
    }

    fn strongest(
        &mut self,
        policy: &LinkPolicy,
        at: Timestamp,
        incident: IncidentId,
    ) -> Vec<(IncidentId, Vec<Shared>)> {
        let Some(saying) = self.nodes.get(&incident).and_then(|node| node.saying.clone()) else {
            return vec![];
        };
        let mut candidates: BTreeMap<IncidentId, Vec<Shared>> = BTreeMap::new();
        for value in saying.values.iter() {
            let Some(posted) = self.values.get_mut(&value.hash) else {
                continue;
            };
            if at.as_millis() >= policy.window_ms {
                posted.expire(at.minus(policy.window_ms));
            }
            let frequency = posted.document_frequency();
            let rarity = rarity_milli(frequency);
            let nodes = &self.nodes;
            let says_it = |other: &IncidentId| {
                let saying = nodes.get(other).and_then(|node| node.saying.as_ref());
                *other != incident && saying.is_some_and(|saying| saying.says(value.hash))
            };
            let kept = posted.latest().into_iter().filter(|(_, other)| says_it(other));
            for (since, other) in kept.take(policy.candidates) {
                let decay = decay_milli(at.as_millis() - since.as_millis(), policy.window_ms);
                candidates.entry(other).or_default().push(Shared {
                    hash: value.hash,
                    text: Arc::clone(&value.text),
                    frequency,
                    prior: value.prior,
                    rarity,
                    decay,
                    weight: weight_milli(value.prior, rarity, decay),
                });
            }
        }
        let mut found: Vec<(u32, IncidentId, Vec<Shared>)> = vec![];
        for (other, mut shared) in candidates {
            shared.sort_unstable_by(|a, b| (b.weight, &a.text).cmp(&(a.weight, &b.text)));
            shared.truncate(SHARED);
            let weight = shared.iter().map(|value| value.weight).sum();
            if weight >= policy.evidence_milli {
                found.push((weight, other, shared));
            }
        }
        found.sort_unstable_by_key(|(weight, other, _)| (std::cmp::Reverse(*weight), *other));
        let mut of_member: BTreeMap<&MemberId, usize> = BTreeMap::new();
        found.retain(|(_, other, _)| {
            let Some(node) = self.nodes.get(other) else {
                return false;
            };
            let links = of_member.entry(&node.reporter).or_default();
            *links += 1;
            *links <= LINKS_TO_MEMBER
        });
        found.truncate(LINKS);
        found.into_iter().map(|(_, other, shared)| (other, shared)).collect()
    }
}
