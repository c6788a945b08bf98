//! Reports in the one order that all readers agree on: behind the watermark, by (log time, incident, revision).

use std::collections::BTreeMap;

use chappe_model::{IncidentId, Realm, Timestamp};
use serde::{Deserialize, Serialize};

use crate::parted_map::PartedMap;

/// What a detector takes from one accepted revision.
pub(crate) trait Revision {
    /// Of which incident.
    fn incident(&self) -> IncidentId;
    /// Its number.
    fn revision(&self) -> u32;
    /// Live or exercise.
    fn realm(&self) -> Realm;
}

/// Revisions that the watermark has not passed yet, and what a detector keeps (`K`) of each incident that it has passed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order<R, K> {
    waiting: BTreeMap<(Timestamp, IncidentId, u32), R>,
    known: PartedMap<IncidentId, Known<K>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Known<K> {
    revision: u32,
    realm: Realm,
    kept: K,
}

/// The next revision that counts.
pub(crate) struct Next<'a, R, K> {
    /// Its log time.
    pub(crate) at: Timestamp,
    /// What it says.
    pub(crate) report: R,
    /// Of its incident none counted before.
    pub(crate) is_first: bool,
    /// What is kept of its incident.
    pub(crate) kept: &'a mut K,
}

impl<R, K> Default for Order<R, K> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            known: PartedMap::default(),
        }
    }
}

impl<R: Revision, K: Default> Order<R, K> {
    /// Takes one at its log time, in any order that keeps each partition's.
    pub(crate) fn take(&mut self, at: Timestamp, report: R) {
        let order = (at, report.incident(), report.revision());
        // Of one log time: what came before it in the log.
        let mut before = (self.waiting).range((at, report.incident(), 0)..=(at, report.incident(), u32::MAX));
        if before
            .next()
            .is_some_and(|(_, before)| before.realm() != report.realm())
        {
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
    pub(crate) fn pop(&mut self) -> Option<Next<'_, R, K>> {
        let ((at, ..), report) = self.waiting.pop_first()?;
        let mut is_first = false;
        let known = self.known.get_or_insert_with(report.incident(), || {
            is_first = true;
            Known {
                revision: report.revision(),
                realm: report.realm(),
                kept: K::default(),
            }
        });
        if known.realm != report.realm() || (!is_first && report.revision() <= known.revision) {
            return None;
        }
        known.revision = report.revision();
        Some(Next {
            at,
            report,
            is_first,
            kept: &mut known.kept,
        })
    }
}
