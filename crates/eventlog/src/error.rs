//! What can go wrong, and what it means for the record.

use thiserror::Error;

use crate::topic::Topic;

/// Why an append gave no position.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The log did not take the record, for instance because its queue is full. Surely not in the log; try again later.
    #[error("the log did not take the record: {reason}")]
    Refused {
        /// Why, and what helps.
        reason: String,
    },
    /// The record is over a limit. Surely not in the log, and never will be as it is.
    #[error("the {what} has {bytes} bytes, the log takes up to {limit_bytes}")]
    TooLarge {
        /// Which part: `key` or `record`.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// There is no room left. Surely not in the log; it works again once there is room.
    #[error("the log's disk is full: free some space, then try again")]
    DiskFull,
    /// The record may be in the log or not: only reading tells.
    #[error("it is not known whether the record is in the log: {reason}")]
    Unknown {
        /// What happened.
        reason: String,
    },
    /// A sync failed earlier: what the disk holds is uncertain, so nothing more is accepted. This record is surely not
    /// in the log. The process should stop; opening the log anew establishes what is there.
    #[error("the log has stopped after a failed write to its disk: {reason}")]
    Failed {
        /// What happened first.
        reason: String,
    },
    /// The log was closed. Surely not in the log.
    #[error("the log is closed")]
    Closed,
}

impl AppendError {
    /// Whether the same record appended to the same log may succeed later. After [`AppendError::Unknown`] a retry may
    /// leave the record in the log twice.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::DiskFull | Self::Unknown { .. })
    }

    /// Whether the record is surely not in the log; otherwise it may be.
    #[must_use]
    pub const fn is_surely_absent(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }
}

/// Why a read gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The topic has no such partition.
    #[error("topic {topic} has {partitions} partitions, there is no partition {partition}")]
    NoSuchPartition {
        /// The topic asked for.
        topic: Topic,
        /// The partition asked for.
        partition: u16,
        /// How many there are, numbered from 0.
        partitions: u16,
    },
    /// What is stored is not what was written.
    #[error("{file} is damaged at byte {offset}: {reason}")]
    Corrupt {
        /// The file.
        file: String,
        /// Where the damaged part begins.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// The storage did not answer.
    #[error("cannot read the log: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
}

/// Why a snapshot was not saved or loaded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The name is empty, too long, or has characters other than `a`-`z`, `0`-`9` and `-`.
    #[error("{name:?} is no snapshot name: use up to {limit_bytes} of a-z, 0-9 and -")]
    BadName {
        /// The name given.
        name: String,
        /// The longest name, in bytes.
        limit_bytes: usize,
    },
    /// The snapshot is over the limit.
    #[error("snapshot {name} has {bytes} bytes, the limit is {limit_bytes}")]
    TooLarge {
        /// Its name.
        name: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// What is stored is not what was saved: rebuild from the log.
    #[error("snapshot {name} is damaged ({reason}): remove it, the state is then rebuilt from the log")]
    Corrupt {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The storage failed. The snapshot saved before is still there.
    #[error("cannot {action} snapshot {name}: {reason}")]
    Storage {
        /// `save` or `load`.
        action: &'static str,
        /// Its name.
        name: String,
        /// What happened.
        reason: String,
    },
}
