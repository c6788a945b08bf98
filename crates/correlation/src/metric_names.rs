//! The metrics of correlation. None bears a member, a type or a country.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

pub(crate) const REPORTS: &str = "chappe_correlation_reports_total";
pub(crate) const SIGHTINGS: &str = "chappe_correlation_sightings_total";
pub(crate) const ALERTS: &str = "chappe_correlation_alerts_total";
pub(crate) const LOTS_OWNED: &str = "chappe_correlation_lots_owned";
pub(crate) const TAKEOVERS: &str = "chappe_correlation_takeovers_total";
pub(crate) const UNREADABLE: &str = "chappe_correlation_unreadable_records_total";
pub(crate) const WATERMARK_SECONDS: &str = "chappe_correlation_watermark_seconds";
pub(crate) const BACKLOG_RECORDS: &str = "chappe_correlation_backlog_records";
pub(crate) const RINGS_FULL: &str = "chappe_correlation_rings_full_total";
pub(crate) const LIVE_CONTRIBUTIONS: &str = "chappe_correlation_live_contributions";
pub(crate) const REPLAY_SECONDS: &str = "chappe_correlation_replay_seconds";
pub(crate) const SNAPSHOT_SECONDS: &str = "chappe_correlation_snapshot_seconds";
pub(crate) const SNAPSHOTS_SAVED: &str = "chappe_correlation_snapshots_saved_total";
pub(crate) const SNAPSHOTS_FAILED: &str = "chappe_correlation_snapshots_failed_total";

pub(crate) const SURGE_LESSON: &str = "chappe_correlation_surge_lesson";
pub(crate) const SURGE_THRESHOLD: &str = "chappe_correlation_surge_threshold";
pub(crate) const SURGE_LESSON_SECONDS: &str = "chappe_correlation_surge_lesson_seconds";

/// Tells the recorder in force what each metric means. Call it once, after installing the recorder and before opening the service.
pub fn describe_metrics() {
    describe_counter!(REPORTS, "Revisions read from the log");
    describe_counter!(SIGHTINGS, "Sightings handed to shards");
    describe_counter!(ALERTS, "Alert revisions appended to the log");
    describe_counter!(
        UNREADABLE,
        "Records of the log that this version cannot read, and skips"
    );
    describe_gauge!(
        WATERMARK_SECONDS,
        Unit::Seconds,
        "Log time up to which everything is judged, since 1970"
    );
    describe_gauge!(
        SURGE_LESSON,
        "Number of the newest lesson on surges in the log; 0: too little was seen yet"
    );
    describe_gauge!(SURGE_THRESHOLD, "Score above which its surges begin");
    describe_histogram!(
        SURGE_LESSON_SECONDS,
        Unit::Seconds,
        "How long a lesson on surges took to learn"
    );
    describe_gauge!(BACKLOG_RECORDS, "Records in the log that are not yet read");
    describe_gauge!(
        LIVE_CONTRIBUTIONS,
        "Reports under their keys that a revision may still change, each once for each key"
    );
    describe_gauge!(
        REPLAY_SECONDS,
        Unit::Seconds,
        "How long reading the log again took at the last start"
    );
    describe_histogram!(
        SNAPSHOT_SECONDS,
        Unit::Seconds,
        "How long the reader stood still for a snapshot"
    );
    describe_gauge!(
        LOTS_OWNED,
        "Parts of the keys that this process owns, where several share the work"
    );
    describe_counter!(TAKEOVERS, "Parts of the keys that this process took over");
    describe_counter!(SNAPSHOTS_SAVED, "Snapshots saved");
    describe_counter!(SNAPSHOTS_FAILED, "Snapshots that could not be saved");
    describe_counter!(
        RINGS_FULL,
        "Turns in which nothing was read, because the shards have not taken what was read before"
    );
    begin();
}

/// Begins every metric that has a value before anything happens: a count that is there from the start shows its first increase.
fn begin() {
    for name in [
        REPORTS,
        SIGHTINGS,
        ALERTS,
        TAKEOVERS,
        UNREADABLE,
        SNAPSHOTS_SAVED,
        SNAPSHOTS_FAILED,
        RINGS_FULL,
    ] {
        counter!(name).increment(0);
    }
    for name in [SNAPSHOT_SECONDS, SURGE_LESSON_SECONDS] {
        drop(histogram!(name));
    }
    // No lesson yet, and where nothing watches counts, none ever.
    for name in [SURGE_LESSON, SURGE_THRESHOLD] {
        gauge!(name).set(0.0);
    }
}
