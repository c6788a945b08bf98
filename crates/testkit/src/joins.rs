//! Clusterings of one history: by the linker, and by what others do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_correlate::{Finding, LinkPolicy, Linker};
use chappe_model::{Accepted, IncidentId, Indicator, Realm, Timestamp};

use crate::case::secret;
use crate::clustering::Clustering;

/// A day in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// Runs the linker over a history, with a mark each day of log time, and returns the clusters at its end and all findings on the way. Nothing
/// is let go, so that the whole history can be judged: the policy's lateness is prolonged.
#[must_use]
pub fn link(policy: &LinkPolicy, reports: &[(Timestamp, Accepted)]) -> (Clustering, Vec<Finding>) {
    let policy = LinkPolicy {
        lateness_ms: 1_000 * DAY_MS,
        ..policy.clone()
    };
    let mut linker = Linker::new(secret(), Arc::new(policy));
    let mut findings = vec![];
    linker.settle(&mut findings);
    let mut marked = reports.first().map_or(Timestamp::ZERO, |(at, _)| *at);
    for (at, accepted) in reports {
        if *at > marked.plus(DAY_MS) {
            linker.advance(*at, &mut findings);
            marked = *at;
        }
        linker.take(*at, accepted);
    }
    let end = reports.last().map_or(Timestamp::ZERO, |(at, _)| at.plus(1));
    linker.advance(end, &mut findings);
    let clusters = linker.clusters(Realm::Live).zip(0..);
    let clustering = clusters.flat_map(|(members, cluster)| members.into_iter().map(move |member| (member, cluster)));
    (clustering.collect(), findings)
}

/// Joins any two incidents that share a value which no more than `cut_off` incidents carry: with 20, what MISP does by default; without a
/// cut-off, plain single link.
#[must_use]
pub fn join_by_value(reports: &[(Timestamp, Accepted)], cut_off: Option<usize>) -> Clustering {
    let mut last: BTreeMap<IncidentId, &Accepted> = BTreeMap::new();
    for (_, accepted) in reports {
        let newest = last.entry(accepted.id).or_insert(accepted);
        if newest.incident.revision < accepted.incident.revision {
            *newest = accepted;
        }
    }
    let mut carrying: BTreeMap<&Indicator, BTreeSet<usize>> = BTreeMap::new();
    let standing: Vec<&Accepted> = last
        .into_values()
        .filter(|accepted| !accepted.incident.retracted)
        .collect();
    for (at, accepted) in standing.iter().enumerate() {
        for value in &accepted.incident.indicators {
            carrying.entry(value).or_default().insert(at);
        }
    }
    let mut parent: Vec<usize> = (0..standing.len()).collect();
    for carriers in carrying
        .values()
        .filter(|carriers| cut_off.is_none_or(|most| carriers.len() <= most))
    {
        let mut carriers = carriers.iter();
        let Some(first) = carriers.next() else { continue };
        for other in carriers {
            let (one, other) = (root(&mut parent, *first), root(&mut parent, *other));
            parent[one] = other;
        }
    }
    let ids = standing.iter().enumerate();
    ids.map(|(at, accepted)| (accepted.id, root(&mut parent, at) as u64))
        .collect()
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}
