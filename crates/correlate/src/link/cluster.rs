//! Clusters and the rule by which two of them are joined.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{IncidentId, JoinRefusal, KeyHash, MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use super::graph::EdgeKey;
use super::policy::{EVIDENCE_PAIRS, FEW, LinkPolicy, SOMETHING};

/// Names a cluster inside its graph; never shown.
pub(super) type ClusterId = u64;

/// Incidents that links join.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Cluster {
    /// In (time, id) order: the first is the anchor.
    pub(super) members: BTreeSet<(Timestamp, IncidentId)>,
    /// Who reported them, and how many each.
    pub(super) reporters: BTreeMap<MemberId, u32>,
    /// Links that joined it.
    pub(super) joints: Vec<EdgeKey>,
    /// Clusters that evidence runs to without having joined them.
    pub(super) neighbours: BTreeSet<ClusterId>,
}

impl Cluster {
    pub(super) fn of(order: (Timestamp, IncidentId), reporter: &MemberId) -> Self {
        Self {
            members: BTreeSet::from([order]),
            reporters: BTreeMap::from([(reporter.clone(), 1)]),
            joints: vec![],
            neighbours: BTreeSet::new(),
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
    fn incidents_without(&self, members: &[&MemberId]) -> usize {
        let theirs = members.iter().filter_map(|member| self.reporters.get(*member));
        self.members.len().saturating_sub(theirs.sum::<u32>() as usize)
    }

    /// Takes in another cluster's incidents.
    pub(super) fn absorb(&mut self, other: Self) {
        self.members.extend(other.members);
        for (reporter, count) in other.reporters {
            *self.reporters.entry(reporter).or_default() += count;
        }
        self.joints.extend(other.joints);
    }
}

/// What runs between two clusters that are not joined: which members' reports are linked across, and by which values.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Evidence {
    /// For each pair of members (the lesser first) two of the values that link their reports: which they are beyond that does not matter.
    pairs: BTreeMap<(MemberId, MemberId), (KeyHash, Option<KeyHash>)>,
    /// Why they are not joined.
    pub(super) refused: Option<JoinRefusal>,
    /// Something was added since that was judged. Clusters only grow, so nothing else can turn a refusal.
    pub(super) unjudged: bool,
}

impl Evidence {
    /// A value links a report of `one` on one side with a report of `other` on the other.
    pub(super) fn add(&mut self, hash: KeyHash, one: &MemberId, other: &MemberId) {
        let pair = (one.min(other).clone(), one.max(other).clone());
        match self.pairs.entry(pair) {
            Entry::Vacant(entry) => {
                entry.insert((hash, None));
                self.unjudged = true;
            }
            Entry::Occupied(mut entry) if entry.get().0 != hash && entry.get().1.is_none() => {
                entry.get_mut().1 = Some(hash);
                self.unjudged = true;
            }
            Entry::Occupied(_) => {}
        }
        while self.pairs.len() > EVIDENCE_PAIRS {
            self.pairs.pop_last();
        }
    }

    /// Adds what ran from another part of the same cluster.
    pub(super) fn add_all(&mut self, other: Self) {
        for ((one, another), (first, second)) in other.pairs {
            self.add(first, &one, &another);
            if let Some(second) = second {
                self.add(second, &one, &another);
            }
        }
        self.refused = self.refused.or(other.refused);
    }

    /// Whether the two may be joined. They may not where all of it could be the work of [`FEW`] members, or of them and one value that both
    /// happen to share: that is, where leaving aside one value and all that some [`FEW`] members reported leaves nothing across, but still
    /// leaves incidents enough of others on both sides to be two campaigns.
    pub(super) fn corroborates(&self, sides: [&Cluster; 2]) -> bool {
        let single = |values: &(KeyHash, Option<KeyHash>)| values.1.is_none().then_some(values.0);
        // Leaving aside a value that nothing rests on alone leaves all of it.
        let mut aside: BTreeSet<Option<KeyHash>> = self
            .pairs
            .values()
            .filter_map(|values| single(values).map(Some))
            .collect();
        aside.insert(None);
        aside.into_iter().all(|hash| {
            let others = self
                .pairs
                .iter()
                .filter(|(_, values)| hash.is_none() || single(values) != hash);
            let others: Vec<[&MemberId; 2]> = others.map(|(pair, _)| [&pair.0, &pair.1]).collect();
            !explained_by_few(&others, &mut vec![], sides)
        })
    }
}

/// Whether some [`FEW`] members, `suspects` among them, stand on one side or the other of every pair, and both clusters would be something
/// without them.
fn explained_by_few<'a>(pairs: &[[&'a MemberId; 2]], suspects: &mut Vec<&'a MemberId>, sides: [&Cluster; 2]) -> bool {
    let Some(pair) = pairs
        .iter()
        .find(|pair| !pair.iter().any(|member| suspects.contains(member)))
    else {
        return sides.iter().all(|side| side.incidents_without(suspects) >= SOMETHING);
    };
    if suspects.len() == FEW {
        return false;
    }
    pair.iter().any(|member| {
        suspects.push(member);
        let explained = explained_by_few(pairs, suspects, sides);
        suspects.pop();
        explained
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str) -> MemberId {
        MemberId::parse(name).unwrap()
    }

    /// A cluster in which each of these members reported so many incidents.
    fn cluster(reporters: &[(&str, u32)]) -> Cluster {
        let mut all = Cluster::of((Timestamp::ZERO, IncidentId::from_bytes([0; 16])), &member("x"));
        all.reporters = reporters.iter().map(|(name, times)| (member(name), *times)).collect();
        let number = reporters.iter().map(|(_, times)| *times).sum::<u32>();
        let ids = (0..number).map(|n| IncidentId::from_bytes(u128::from(n).to_le_bytes()));
        all.members = ids.map(|id| (Timestamp::ZERO, id)).collect();
        all
    }

    fn joined(pairs: &[(u128, &str, &str)], sides: [&[(&str, u32)]; 2]) -> bool {
        let mut evidence = Evidence::default();
        for (value, one, other) in pairs {
            evidence.add(KeyHash(*value), &member(one), &member(other));
        }
        evidence.corroborates([&cluster(sides[0]), &cluster(sides[1])])
    }

    #[test]
    fn two_members_cannot_weld_what_others_reported_and_three_can() {
        let sides: [&[(&str, u32)]; 2] = [&[("a", 3), ("b", 3)], &[("c", 3), ("d", 3)]];
        let by = |colluders: &[&'static str]| {
            let mut pairs = vec![];
            for &colluder in colluders {
                pairs.extend([
                    (1, colluder, "c"),
                    (2, colluder, "d"),
                    (3, colluder, "c"),
                    (1, colluder, "d"),
                ]);
                pairs.extend([(2, colluder, colluder), (3, colluder, colluder)]);
            }
            pairs
        };
        assert!(!joined(&by(&["x"]), sides));
        assert!(!joined(&by(&["x", "y"]), sides));
        assert!(joined(&by(&["x", "y", "z"]), sides));
    }

    #[test]
    fn one_value_that_many_see_on_both_sides_welds_nothing() {
        let sides: [&[(&str, u32)]; 2] = [&[("a", 3), ("b", 3), ("e", 2)], &[("c", 3), ("d", 3), ("f", 2)]];
        let mut pairs = vec![(1, "a", "c"), (1, "b", "d"), (1, "e", "f")];
        assert!(!joined(&pairs, sides));
        pairs.extend([(2, "a", "c"), (2, "b", "d")]);
        assert!(!joined(&pairs, sides), "of the second value two members know");
        pairs.push((2, "e", "f"));
        assert!(joined(&pairs, sides));
    }

    #[test]
    fn members_may_join_what_is_their_own() {
        let pairs = [(1, "a", "a"), (2, "a", "a")];
        assert!(joined(&pairs, [&[("a", 9)], &[("a", 9), ("b", 2)]]));
        // One incident of another on each side is something to be welded.
        assert!(!joined(&pairs, [&[("a", 9), ("c", 1)], &[("a", 9), ("b", 2)]]));
        assert!(!joined(&pairs[..1], [&[("a", 9)], &[("a", 9)]]), "one value alone");
    }
}
