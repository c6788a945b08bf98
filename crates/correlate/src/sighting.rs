use std::sync::Arc;

use chappe_model::{Compartment, IncidentId, KeyHash, Timestamp};
use serde::{Deserialize, Serialize};

use crate::voice::Voice;

/// What one incident contributes to one key in one compartment, whole. A sighting replaces the one before it, so applying it twice, or
/// again after a crash, changes nothing; `now: None` takes back what the incident said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Index of the rule in the policy.
    pub rule: u16,
    /// The key.
    pub key_hash: KeyHash,
    /// The key's values, joined by a unit separator.
    pub key: Arc<str>,
    /// Where it has influence.
    pub compartment: Arc<Compartment>,
    /// Who contributes.
    pub contribution: Contribution,
}

/// One incident on one key in one compartment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// Earliest log time of any revision carrying the key there. Never changes.
    pub time: Timestamp,
    /// The incident.
    pub incident: IncidentId,
    /// All it ever said there: identity and audience rest on it, so it only grows.
    pub ever: Arc<Voice>,
    /// What it says now, if it still stands there: state rests on it.
    pub now: Option<Arc<Voice>>,
}

impl Contribution {
    /// Contributions are ordered by time, ties by incident id.
    #[must_use]
    pub fn order(&self) -> (Timestamp, IncidentId) {
        (self.time, self.incident)
    }
}
