//! How far what has hit a root may spread: along what depends on it, and on what is hit in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_model::{CascadeNode, Timestamp};

use super::policy::CascadePolicy;
use super::standing::Standing;

/// A node that is warned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Warned {
    pub(super) node: CascadeNode,
    /// The one before it on its path, by its place among all that are warned; none where that is the root.
    before: Option<usize>,
    pub(super) until: Timestamp,
    pub(super) confirmed: bool,
    pub(super) why: Arc<str>,
}

/// All that is warned of one episode, the nearest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spread(Vec<Warned>);

impl Spread {
    /// Of a root that was hit last at `last_fire`, with what stands since `since`: nothing if that is not enough any more.
    pub(super) fn of(
        policy: &CascadePolicy,
        on: &BTreeMap<CascadeNode, Standing>,
        root: CascadeNode,
        since: Timestamp,
        last_fire: Timestamp,
    ) -> Self {
        let mut spread = Self::default();
        if !on.get(&root).is_some_and(|standing| standing.holds(policy, since)) {
            return spread;
        }
        let mut places: BTreeMap<CascadeNode, usize> = BTreeMap::new();
        // Of each place that is hit, when it was hit last.
        let mut hit: Vec<Option<Timestamp>> = vec![];
        let mut here: Option<usize> = None;
        loop {
            let (node, last) = match here {
                None => (root, Some(last_fire)),
                Some(place) => (spread.0[place].node, hit[place]),
            };
            for (node, edge) in last.iter().flat_map(|_| policy.dependencies.dependents(node)) {
                if node == root {
                    continue;
                }
                let place = *places.entry(node).or_insert_with(|| {
                    let confirms = on.get(&node).and_then(|on| on.confirms(node.country, since));
                    hit.push(confirms);
                    spread.0.push(Warned {
                        node,
                        before: here,
                        until: Timestamp::ZERO,
                        confirmed: confirms.is_some(),
                        why: Arc::clone(&edge.why),
                    });
                    spread.0.len() - 1
                });
                let until = last.max(hit[place]).unwrap_or_default().plus(edge.within_ms);
                spread.0[place].until = spread.0[place].until.max(until);
            }
            let next = here.map_or(0, |place| place + 1);
            if next >= spread.0.len() {
                return spread;
            }
            here = Some(next);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Warned> {
        self.0.iter()
    }

    pub(super) fn nodes(&self) -> BTreeSet<CascadeNode> {
        self.0.iter().map(|warned| warned.node).collect()
    }

    /// From the first that depends on the root to the one that is warned.
    pub(super) fn path<'a>(&'a self, warned: &'a Warned) -> Vec<&'a Warned> {
        let mut path = vec![warned];
        while let Some(before) = path.last().and_then(|step| step.before) {
            path.push(&self.0[before]);
        }
        path.reverse();
        path
    }
}
