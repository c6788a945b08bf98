//! The metrics of the embedded log.

use metrics::{Unit, describe_counter, describe_histogram};

pub(crate) const COMMITS: &str = "chappe_eventlog_commits_total";
pub(crate) const RECORDS: &str = "chappe_eventlog_records_total";
pub(crate) const BYTES: &str = "chappe_eventlog_bytes_total";
pub(crate) const FSYNC_SECONDS: &str = "chappe_eventlog_fsync_seconds";
pub(crate) const REFUSED: &str = "chappe_eventlog_queue_refused_total";

/// Tells the recorder in force what each metric means. Call it once, after installing the recorder.
pub fn describe_metrics() {
    describe_counter!(COMMITS, "Commits made durable");
    describe_counter!(RECORDS, "Records made durable");
    describe_counter!(BYTES, Unit::Bytes, "Journal bytes made durable");
    describe_histogram!(
        FSYNC_SECONDS,
        Unit::Seconds,
        "How long each fdatasync of the journal took"
    );
    describe_counter!(REFUSED, "Appends refused because too many wait already");
}
