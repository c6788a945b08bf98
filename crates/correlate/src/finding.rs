use chappe_model::{Alert, Compartment, IncidentId, KeyHash, Timestamp};
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
    /// Alerts whose last fire lies before this are final from now on: this finding is the last that holds them, so nothing of them waits.
    pub settled_before: Timestamp,
    /// Every alert of the key that may still change, without revision.
    pub alerts: Vec<Alert>,
}

/// A contribution made its rule fire. Firings come as they happen, one for each; [`Finding`] is the whole state that follows from them, and
/// says it all for a key whose past has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firing {
    /// Index of the rule in the policy.
    pub rule: u16,
    /// The key.
    pub key_hash: KeyHash,
    /// Log time of the contribution.
    pub time: Timestamp,
    /// Whose it is.
    pub incident: IncidentId,
    /// How many contributions fire now that did not before: with it, those of the same log time.
    pub fires: u32,
    /// What was measured in the window that ends there.
    pub measured: u32,
}
