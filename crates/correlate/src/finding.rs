use chappe_model::{Alert, Compartment, KeyHash, Timestamp};
use serde::{Deserialize, Serialize};

/// The whole state of one key in one compartment, as count sees it: never a delta, so the newest finding alone suffices, whatever was lost
/// or repeated on the way. Serialisable, so that assess may run in another process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The key.
    pub key_hash: KeyHash,
    /// The compartment.
    pub compartment: Compartment,
    /// Log time of the judgement.
    pub judged_at: Timestamp,
    /// Alerts whose last fire lies before this were final when last judged, and are left out.
    pub final_before: Timestamp,
    /// Every alert of the key that may still change, without revision.
    pub alerts: Vec<Alert>,
}
