//! Reports in the one order that all readers agree on: behind the watermark, by (log time, incident, revision).

use std::collections::BTreeMap;

use chappe_model::{Accepted, IncidentId, Realm, Timestamp};
use serde::{Deserialize, Serialize};

use crate::parted_map::PartedMap;

/// What a detector takes from one accepted revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report<C> {
    incident: IncidentId,
    revision: u32,
    realm: Realm,
    /// Where it counts, and what it says; none if it counts nowhere.
    counts: Option<C>,
}

impl<C> Report<C> {
    pub(crate) fn of(accepted: &Accepted, counts: Option<C>) -> Self {
        Self {
            incident: accepted.id,
            revision: accepted.incident.revision,
            realm: accepted.compartment().realm,
            counts,
        }
    }
}

/// Revisions that the watermark has not passed yet, and what a detector keeps (`K`) of each incident that it has passed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order<C, K> {
    waiting: BTreeMap<(Timestamp, IncidentId, u32), Report<C>>,
    known: PartedMap<IncidentId, Known<K>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Known<K> {
    revision: u32,
    realm: Realm,
    kept: K,
}

/// The next revision that counts.
pub(crate) struct Next<'a, C, K> {
    /// Its log time.
    pub(crate) at: Timestamp,
    pub(crate) incident: IncidentId,
    pub(crate) realm: Realm,
    /// See [`Report`].
    pub(crate) counts: Option<C>,
    /// Of its incident none counted before.
    pub(crate) is_first: bool,
    /// What is kept of its incident.
    pub(crate) kept: &'a mut K,
}

impl<C, K> Default for Order<C, K> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            known: PartedMap::default(),
        }
    }
}

impl<C, K: Default> Order<C, K> {
    /// Takes one at its log time, in any order that keeps each partition's.
    pub(crate) fn take(&mut self, at: Timestamp, report: Report<C>) {
        let order = (at, report.incident, report.revision);
        // Of one log time: what came before it in the log.
        let mut before = (self.waiting).range((at, report.incident, 0)..=(at, report.incident, u32::MAX));
        if before.next().is_some_and(|(_, before)| before.realm != report.realm) {
            return;
        }
        self.waiting.entry(order).or_insert(report);
    }

    /// Keeps something else of an incident that has counted.
    pub(crate) fn keep(&mut self, incident: IncidentId, kept: K) {
        if let Some(known) = self.known.get_mut(&incident) {
            known.kept = kept;
        }
    }

    /// The log time of the next one.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.waiting.first_key_value().map(|((at, ..), _)| *at)
    }

    /// Takes the next one out; none if it does not count: a higher revision of its incident does, or it is an exercise where the incident's
    /// first revision is none, or the other way.
    pub(crate) fn pop(&mut self) -> Option<Next<'_, C, K>> {
        let ((at, ..), report) = self.waiting.pop_first()?;
        let mut is_first = false;
        let known = self.known.get_or_insert_with(report.incident, || {
            is_first = true;
            Known {
                revision: report.revision,
                realm: report.realm,
                kept: K::default(),
            }
        });
        if known.realm != report.realm || (!is_first && report.revision <= known.revision) {
            return None;
        }
        known.revision = report.revision;
        Some(Next {
            at,
            incident: report.incident,
            realm: report.realm,
            counts: report.counts,
            is_first,
            kept: &mut known.kept,
        })
    }
}
