//! Snapshots: fold and count at one cut through the log, with the positions of that cut.

use chappe_model::Policy;
use serde::{Deserialize, Serialize};

use crate::count::CountState;
use crate::intake::{Intake, PartitionState, PartitionStateRef};

/// Format that this version writes; another is not read, the log is read from the beginning instead.
const FORMAT: u32 = 7;

/// A snapshot, read back.
#[derive(Debug, Deserialize)]
pub struct Snapshot {
    #[allow(dead_code, reason = "checked before the rest is read")]
    format: u32,
    policy: Policy,
    /// For each partition the position of the next record to read.
    pub positions: Vec<u64>,
    /// Each partition.
    pub partitions: Vec<PartitionState>,
    /// Each shard's keys; their number need not be today's.
    pub shards: Vec<CountState>,
    /// What looks at reports whole, see [`crate::Overview::restore`]; empty if nothing is looked for there.
    pub whole: Vec<u8>,
}

#[derive(Serialize)]
struct SnapshotRef<'a> {
    format: u32,
    policy: &'a Policy,
    positions: &'a [u64],
    partitions: Vec<PartitionStateRef<'a>>,
    shards: &'a [CountState],
    whole: &'a [u8],
}

/// Why a snapshot is of no use. The log is read from the beginning instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Damaged, or of another version.
    #[error("not readable by this version: {0}")]
    Unreadable(String),
    /// Taken under rules that judge differently.
    #[error("taken under other rules")]
    OtherRules,
    /// Taken of another number of partitions.
    #[error("taken of {0} partitions, the log has {1}")]
    OtherPartitions(usize, usize),
}

impl Snapshot {
    /// Reads a snapshot for this policy and number of partitions.
    ///
    /// # Errors
    /// When it cannot serve.
    pub fn decode(bytes: &[u8], policy: &Policy, partitions: u16) -> Result<Self, SnapshotError> {
        let unreadable = |error: postcard::Error| SnapshotError::Unreadable(error.to_string());
        let (format, _) = postcard::take_from_bytes::<u32>(bytes).map_err(unreadable)?;
        if format != FORMAT {
            return Err(SnapshotError::Unreadable(format!("format {format}")));
        }
        let snapshot: Self = postcard::from_bytes(bytes).map_err(unreadable)?;
        if !snapshot.policy.judges_like(policy) {
            return Err(SnapshotError::OtherRules);
        }
        let (was, is) = (snapshot.positions.len(), usize::from(partitions));
        if was != is || snapshot.partitions.len() != is {
            return Err(SnapshotError::OtherPartitions(was, is));
        }
        Ok(snapshot)
    }
}

/// Writes a snapshot of one cut: `positions`, `intake`, `shards` and `whole` must have taken the same records.
///
/// # Errors
/// When a state cannot be encoded.
pub fn encode_snapshot(
    policy: &Policy,
    positions: &[u64],
    intake: &Intake,
    shards: &[CountState],
    whole: &[u8],
) -> Result<Vec<u8>, SnapshotError> {
    let snapshot = SnapshotRef {
        format: FORMAT,
        policy,
        positions,
        partitions: intake.states().collect(),
        shards,
        whole,
    };
    postcard::to_stdvec(&snapshot).map_err(|error| SnapshotError::Unreadable(error.to_string()))
}
