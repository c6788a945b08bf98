use std::sync::Arc;

use chappe_model::{Accepted, Country, IncidentId, Realm, Rsit, Timestamp, Use};
use serde::{Deserialize, Serialize};

use crate::Voice;
use crate::order::Revision;

/// What surges take from one accepted revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) incident: IncidentId,
    pub(super) revision: u32,
    pub(super) realm: Realm,
    /// None if it counts nowhere: withdrawn, match-only, for named recipients, or an exercise.
    pub(super) counts: Option<Counts>,
}

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

impl Report {
    pub(super) fn of(at: Timestamp, accepted: &Accepted) -> Self {
        let incident = &accepted.incident;
        let realm = accepted.compartment().realm;
        let counts = !incident.retracted && incident.marking.usage() == Use::Share && realm == Realm::Live;
        let occurred = incident.occurred_from.or(incident.detected_at).unwrap_or(at).min(at);
        Self {
            incident: accepted.id,
            revision: incident.revision,
            realm,
            counts: counts.then(|| Counts {
                kind: incident.incident_type,
                home: accepted.home,
                hour: seconds(occurred).div_euclid(3_600),
                backfill: incident.backfill,
                voice: Arc::new(Voice::of(accepted)),
            }),
        }
    }
}

impl Revision for Report {
    fn incident(&self) -> IncidentId {
        self.incident
    }

    fn revision(&self) -> u32 {
        self.revision
    }

    fn realm(&self) -> Realm {
        self.realm
    }
}

/// Seconds since 1970, as bins are reckoned.
pub(super) fn seconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis() / 1_000).unwrap_or(i64::MAX)
}
