//! Options, bounds and errors of the service.

use std::sync::Arc;
use std::time::Duration;

use chappe_eventlog::{AppendError, ReadError};
use chappe_identity::Directory;
use chappe_model::Secret;

/// Most records of the log kept in memory for streams. Older ones are read from the log.
pub const TAIL_RECORDS: usize = 65_536;
/// Most bytes of payload that these records may have.
pub const TAIL_BYTES: usize = 64 << 20;
/// One place in so many records of the log is remembered with its log time, to find the place of a cursor.
pub const MILESTONE_RECORDS: u64 = 1_024;
/// Alerts on a page of a list, if the request does not say.
pub const PAGE_SIZE: usize = 100;
/// Most alerts on a page of a list.
pub const PAGE_SIZE_MAX: usize = 1_000;
/// A page ends early when what is on it has so many bytes, so that it passes the 4 MiB that gRPC clients take by default.
pub(crate) const PAGE_BYTES: usize = 2 << 20;
/// Records of the log that one page of incidents may read: a page that would read more ends early.
pub(crate) const RECORDS_PER_PAGE: usize = 1_000;
/// Incidents that one page of them may look at in memory.
pub(crate) const OUTLINES_PER_PAGE: usize = 1_000_000;
/// Most searches among incidents at once: each reads the log, on a thread for blocking work. The next is told to come again.
pub(crate) const SEARCHES_AT_ONCE: usize = 16;
/// The same where the log is read over a network, by few readers of history that streams need too.
pub(crate) const SEARCHES_ON_SHARED: usize = 4;
/// How long the index of incidents rests when it has read everything, so that it takes many reports at a time.
pub(crate) const INDEX_REST: Duration = Duration::from_millis(20);
/// When to search again after the log could not be read.
pub(crate) const RETRY_UNREADABLE: Duration = Duration::from_secs(5);
/// Most lists that are drawn up at once: each may walk every alert, on a thread for blocking work. The next is told to come again.
pub(crate) const LISTS_AT_ONCE: usize = 16;
/// Most single alerts that are looked up at once, on threads for blocking work. The next is told to come again.
pub(crate) const LOOKUPS_AT_ONCE: usize = 64;
/// Most streams that one member may have open.
pub const STREAMS_PER_MEMBER: usize = 1_024;
/// Most streams open together.
pub const STREAMS: usize = 16_384;
/// Most alerts that a stream takes from the board at once.
pub const STREAM_BATCH: usize = 16;
/// Most answers that wait for one client's connection; the stream then waits, and reads on from the log later.
pub const OUTBOX: usize = 16;
/// Most times in a row that a failing read of the log is tried again before the service stops, a heartbeat apart.
pub const READ_RETRIES: u32 = 30;
/// How long ended streams may take to tell their clients at shutdown.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);
/// Shortest interval between heartbeats.
pub const HEARTBEAT_MIN: Duration = Duration::from_millis(10);
/// Decisions that a member may take a minute in the long run, and at once after a pause. A repeat of what stands counts for nothing.
pub const DECISIONS_PER_MINUTE: u32 = 120;
/// Members whose decisions on one alert are held, and so most decisions shown with it. Beyond, only the hub is still heard.
pub const DECISIONS_PER_ALERT: usize = 128;
/// Alerts on which decisions of one member are held. The bound is each member's own, so that none learns of another's.
pub const DECISIONS_PER_MEMBER: usize = 100_000;
/// Most decisions that are being recorded at once, on threads for blocking work. The next is told to come again.
pub(crate) const DECISIONS_AT_ONCE: usize = 64;
/// Alerts that one carries on whose decisions are looked at: the first in order of their ids, step by step.
pub(crate) const CARRIED_ON: usize = 1_024;
/// Longest interval between heartbeats.
pub const HEARTBEAT_MAX: Duration = Duration::from_secs(60);

/// What the service needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// The installation's secret: it seals cursors and page tokens, and makes report handles.
    pub secret: Secret,
    /// The members and their tokens.
    pub directory: Arc<Directory>,
    /// Interval between heartbeats: [`HEARTBEAT_MIN`] to [`HEARTBEAT_MAX`]; one second is promised (P5).
    pub heartbeat: Duration,
    /// A heartbeat says `stale` when log time is more than this behind the clock, in milliseconds; 5,000 is promised (P5).
    pub stale_after_ms: u64,
}

/// Why the service does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The log cannot be read.
    #[error("cannot build the view of alerts and decisions: {0}")]
    Read(#[from] ReadError),
    /// Order over all alerts needs a single partition.
    #[error("topic alerts has {0} partitions, notification needs exactly 1: create the log anew with one")]
    Partitions(u16),
    /// Out of range.
    #[error("a heartbeat each {0:?} is out of range: give {HEARTBEAT_MIN:?} to {HEARTBEAT_MAX:?}")]
    Heartbeat(Duration),
}

/// Why the service stopped by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The log can no longer be read.
    #[error("cannot follow the alerts and decisions: {0}")]
    Read(#[from] ReadError),
    /// The log accepts nothing more: the process should stop, and opening the log anew establishes what it holds.
    #[error("the log has stopped: {0}")]
    Log(#[from] AppendError),
}
