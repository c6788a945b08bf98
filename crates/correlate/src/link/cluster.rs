//! Clusters of incidents.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{IncidentId, KeyHash, MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use super::graph::EdgeKey;
use super::policy::{FEW, LinkPolicy, TELLING};
use super::report::Saying;

/// Names a cluster inside its graph; never shown.
pub(super) type ClusterId = u64;

/// Incidents that links join.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Cluster {
    /// In (time, id) order: the first is the anchor.
    pub(super) members: BTreeSet<(Timestamp, IncidentId)>,
    /// Who reported them, and how many each.
    pub(super) reporters: BTreeMap<MemberId, u32>,
    /// Its telling values. Not in snapshots: the incidents have them.
    #[serde(skip)]
    pub(super) values: BTreeMap<KeyHash, Carried>,
    /// Links that joined it.
    pub(super) joints: Vec<EdgeKey>,
    /// Clusters that evidence runs to without having joined them.
    pub(super) neighbours: BTreeSet<ClusterId>,
}

/// A value that incidents of a cluster say.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    pub(super) prior: u32,
    /// Who reported it: some one more than [`FEW`], if there are more. Who they all are makes no difference then.
    pub(super) by: Vec<MemberId>,
    /// The incident that says it, if only one does.
    pub(super) sole: Option<IncidentId>,
}

impl Carried {
    fn add(&mut self, member: &MemberId) {
        if self.by.len() <= FEW && !self.by.contains(member) {
            self.by.push(member.clone());
        }
    }
}

impl Cluster {
    pub(super) fn of(order: (Timestamp, IncidentId), reporter: &MemberId, saying: &Saying) -> Self {
        let mut alone = Self {
            members: BTreeSet::from([order]),
            reporters: BTreeMap::from([(reporter.clone(), 1)]),
            values: BTreeMap::new(),
            joints: vec![],
            neighbours: BTreeSet::new(),
        };
        alone.note(order.1, saying, reporter);
        alone
    }

    /// Notes the values of an incident of it.
    pub(super) fn note(&mut self, incident: IncidentId, saying: &Saying, reporter: &MemberId) {
        for value in saying.values.iter().filter(|value| value.prior >= TELLING) {
            self.carry(
                value.hash,
                Carried {
                    prior: value.prior,
                    by: vec![reporter.clone()],
                    sole: Some(incident),
                },
            );
        }
    }

    pub(super) fn carry(&mut self, hash: KeyHash, carried: Carried) {
        match self.values.entry(hash) {
            Entry::Vacant(entry) => {
                entry.insert(carried);
            }
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                carried.by.iter().for_each(|member| known.add(member));
                known.sole = None;
            }
        }
    }

    /// The earliest incident. A cluster is never empty.
    pub(super) fn anchor(&self) -> (Timestamp, IncidentId) {
        self.members
            .first()
            .copied()
            .unwrap_or((Timestamp::ZERO, IncidentId::from_bytes([0; 16])))
    }

    pub(super) fn is_alertable(&self, policy: &LinkPolicy) -> bool {
        self.members.len() >= policy.least_incidents && self.reporters.len() >= policy.least_members
    }

    /// How many of its incidents others than these reported.
    pub(super) fn incidents_without(&self, members: &[&MemberId]) -> usize {
        let theirs = members.iter().filter_map(|member| self.reporters.get(*member));
        self.members.len().saturating_sub(theirs.sum::<u32>() as usize)
    }

    /// Takes in another cluster's incidents.
    pub(super) fn absorb(&mut self, other: Self) {
        self.members.extend(other.members);
        for (reporter, count) in other.reporters {
            *self.reporters.entry(reporter).or_default() += count;
        }
        for (hash, carried) in other.values {
            self.carry(hash, carried);
        }
        self.joints.extend(other.joints);
    }
}
