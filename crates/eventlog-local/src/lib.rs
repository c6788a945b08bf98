//! The embedded event log: one folder on one disk, no other server.
//!
//! All topics and partitions share one journal of append-only segments. What many writers append at the same time
//! becomes one *commit*: one write, one `fdatasync`, then every answer.
//!
//! [`SnapshotFolder`] is the snapshot store by itself, for a process whose log lies elsewhere.
//!
//! [`ReadOnlyLog`] is a log that nobody writes, as a command finds it that looks at the past.
//! [`inspect`] looks at a log without opening it, for those who look for what is wrong.
//!
//! # What it is not
//! It replicates nothing and serves one process (a lock file refuses a second). It deletes nothing: retention by
//! destroying keys and by dropping old segments is not its business yet. It has no index by key.
//!
//! # What holds
//! 1. Success is told only after the `fdatasync` that covers the record returned, and no commit is begun before the
//!    `fdatasync` of the one before has returned. So only the last commit of the last segment can be torn.
//! 2. At open, a broken commit is cut off only there, and only if no whole commit follows it; any other damage refuses to
//!    open, naming file and offset. Every checksum is checked at open and again when a record is read from disk.
//! 3. The last commit is written and synced again at open before anything is served: what an earlier process could
//!    not sync may still stand in the page cache and look durable.
//! 4. After a failed sync, or a failed attempt to undo a failed write, nothing more is accepted.
//! 5. Memory is bounded by the options: the queue of waiting appends, one commit, the cache of recent commits, and one
//!    index entry a partition for each [`INDEX_STRIDE_BYTES`] of journal.
//!
//! # Example
//! ```
//! # let folder = std::env::temp_dir().join(format!("chappe-eventlog-local-{}", std::process::id()));
//! use chappe_eventlog::{EventLog, ReadLimit, Record, Topic, append_blocking};
//! use chappe_eventlog_local::{LocalLog, LocalOptions};
//!
//! let (log, _) = LocalLog::open(LocalOptions::in_folder(&folder))?;
//! let position = append_blocking(&log, Topic::Config, 0, Record::mark(1_764_547_200_000))?;
//! drop(log); // Closes it: everything accepted is on disk.
//!
//! let (log, report) = LocalLog::open(LocalOptions::in_folder(&folder))?;
//! assert_eq!(report.records, 1);
//! assert_eq!(log.read(Topic::Config, 0, position, ReadLimit::default())?.len(), 1);
//! # drop(log);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cache;
mod committer;
mod disk;
mod error;
mod folder;
mod format;
mod index;
mod inspect;
mod local;
mod metric_names;
mod options;
mod queue;
mod read;
mod read_only;
mod recover;
mod segment;
mod snapshots;
#[cfg(test)]
mod tests;

pub use self::{
    error::OpenError,
    format::{MAX_CHUNK_RECORDS, MAX_COMMIT_BYTES},
    index::INDEX_STRIDE_BYTES,
    inspect::{Inspection, inspect, measure_syncs},
    local::LocalLog,
    metric_names::describe_metrics,
    options::{
        DEFAULT_CACHE_BYTES, DEFAULT_QUEUE_BYTES, DEFAULT_QUEUE_RECORDS, DEFAULT_SEGMENT_BYTES, LocalOptions,
        MAX_SEGMENT_BYTES, MIN_SEGMENT_BYTES,
    },
    read_only::ReadOnlyLog,
    recover::{OpenReport, TornTail},
    snapshots::SnapshotFolder,
};
