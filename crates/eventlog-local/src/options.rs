//! How to open a log.

use std::path::PathBuf;

use chappe_eventlog::{MAX_RECORD_BYTES, Partitions};

use crate::error::OpenError;

/// A segment ends when the next commit would make it larger than this.
pub const DEFAULT_SEGMENT_BYTES: u64 = 256 << 20;

/// The smallest segment size that may be asked for.
pub const MIN_SEGMENT_BYTES: u64 = 4 << 10;

/// The largest segment size that may be asked for.
pub const MAX_SEGMENT_BYTES: u64 = 4 << 30;

/// How many appends may wait for the disk; more are refused.
pub const DEFAULT_QUEUE_RECORDS: usize = 131_072;

/// How many bytes of records may wait for the disk; more are refused.
pub const DEFAULT_QUEUE_BYTES: usize = 64 << 20;

/// How many bytes of recent commits stay in memory, so that reading near the end touches no disk.
pub const DEFAULT_CACHE_BYTES: usize = 64 << 20;

/// How to open a log.
#[derive(Debug, Clone)]
pub struct LocalOptions {
    /// Where it lives; made if absent. One folder holds one log.
    pub folder: PathBuf,
    /// The partitions of a new log; an existing one must have the same.
    pub partitions: Partitions,
    /// The size at which a segment ends: [`MIN_SEGMENT_BYTES`] to [`MAX_SEGMENT_BYTES`].
    pub segment_bytes: u64,
    /// How many appends may wait: at least 1.
    pub queue_records: usize,
    /// How many bytes of records may wait: at least room for one record of the largest size.
    pub queue_bytes: usize,
    /// How many bytes of recent commits stay in memory; 0 keeps none.
    pub cache_bytes: usize,
}

impl LocalOptions {
    /// The defaults, in this folder.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            partitions: Partitions::default(),
            segment_bytes: DEFAULT_SEGMENT_BYTES,
            queue_records: DEFAULT_QUEUE_RECORDS,
            queue_bytes: DEFAULT_QUEUE_BYTES,
            cache_bytes: DEFAULT_CACHE_BYTES,
        }
    }

    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let bad = |option, expected: String| Err(OpenError::BadOption { option, expected });
        if !(MIN_SEGMENT_BYTES..=MAX_SEGMENT_BYTES).contains(&self.segment_bytes) {
            return bad("segment_bytes", format!("{MIN_SEGMENT_BYTES} to {MAX_SEGMENT_BYTES}"));
        }
        if self.queue_records == 0 {
            return bad("queue_records", "at least 1".into());
        }
        // Twice, so that record headers fit beside a record of the largest size.
        if self.queue_bytes < 2 * MAX_RECORD_BYTES {
            return bad("queue_bytes", format!("at least {}", 2 * MAX_RECORD_BYTES));
        }
        Ok(())
    }
}
