//! The metrics of the embedded log.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, histogram};

pub(crate) const COMMITS: &str = "chappe_eventlog_commits_total";
pub(crate) const RECORDS: &str = "chappe_eventlog_records_total";
pub(crate) const BYTES: &str = "chappe_eventlog_bytes_total";
pub(crate) const FSYNC_SECONDS: &str = "chappe_eventlog_fsync_seconds";
pub(crate) const QUEUE_RECORDS: &str = "chappe_eventlog_queue_records";
pub(crate) const QUEUE_LIMIT: &str = "chappe_eventlog_queue_limit_records";
pub(crate) const FAILED: &str = "chappe_eventlog_commits_failed_total";
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
    describe_counter!(
        FAILED,
        "Commits that could not be written: those who appended were told, and nothing of them is in the log"
    );
    describe_gauge!(
        QUEUE_RECORDS,
        "Records that waited for the disk when the last commit was begun"
    );
    describe_gauge!(QUEUE_LIMIT, "Records that may wait for the disk; more are refused");
    begin();
}

/// Begins every metric that has a value before anything happens: a count that is there from the start shows its first increase.
fn begin() {
    for name in [COMMITS, RECORDS, BYTES, REFUSED, FAILED] {
        counter!(name).increment(0);
    }
    drop(histogram!(FSYNC_SECONDS));
}
