use std::sync::Arc;

use chappe_model::{Accepted, Country, Realm, Rsit, Timestamp, Use};
use serde::{Deserialize, Serialize};

use crate::Voice;

/// Where it counts, and what it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) kind: Rsit,
    pub(super) home: Option<Country>,
    /// Hours since 1970 in which it occurred.
    pub(super) hour: i64,
    /// Statistics only.
    pub(super) backfill: bool,
    pub(super) voice: Arc<Voice>,
}

impl Counts {
    /// None where a revision counts nowhere: withdrawn, match-only, for named recipients, or an exercise.
    pub(super) fn of(at: Timestamp, accepted: &Accepted) -> Option<Self> {
        let incident = &accepted.incident;
        let realm = accepted.compartment().realm;
        let counts = !incident.retracted && incident.marking.usage() == Use::Share && realm == Realm::Live;
        let occurred = incident.occurred_from.or(incident.detected_at).unwrap_or(at).min(at);
        counts.then(|| Self {
            kind: incident.incident_type,
            home: accepted.home,
            hour: seconds(occurred).div_euclid(3_600),
            backfill: incident.backfill,
            voice: Arc::new(Voice::of(accepted)),
        })
    }
}

/// Seconds since 1970, as bins are reckoned.
pub(super) fn seconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis() / 1_000).unwrap_or(i64::MAX)
}
