//! The metrics of notification. None carries a member or a country; those of surges are totals for the operator.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::options::STREAMS;

pub(crate) const APPLIED: &str = "chappe_notification_alerts_applied_total";
pub(crate) const FENCED: &str = "chappe_notification_fenced_records_total";
pub(crate) const STALE: &str = "chappe_notification_stale_revisions_total";
pub(crate) const UNHEARD: &str = "chappe_notification_unheard_revisions_total";
pub(crate) const UNDECODED: &str = "chappe_notification_decode_failures_total";
pub(crate) const INCIDENTS_UNDECODED: &str = "chappe_notification_incident_decode_failures_total";
pub(crate) const INCIDENT_INDEX_BYTES: &str = "chappe_notification_incident_index_bytes";
pub(crate) const DELIVERIES: &str = "chappe_notification_deliveries_total";
pub(crate) const DELIVERY_SECONDS: &str = "chappe_notification_delivery_seconds";
pub(crate) const LOG_AGE_SECONDS: &str = "chappe_notification_log_age_seconds";
pub(crate) const STREAMS_LIMIT: &str = "chappe_notification_streams_limit";
pub(crate) const STREAMS_OPEN: &str = "chappe_notification_streams_open";
pub(crate) const GAPS: &str = "chappe_notification_gaps_total";
pub(crate) const DECISIONS: &str = "chappe_notification_decisions_total";
pub(crate) const DECISIONS_UNDECODED: &str = "chappe_notification_decision_decode_failures_total";
pub(crate) const CONSTITUENCIES_UNDECODED: &str = "chappe_notification_constituency_decode_failures_total";
pub(crate) const SURGE_BUDGET: &str = "chappe_notification_surge_false_alarms_stated_per_year";
pub(crate) const SURGES_TOLD: &str = "chappe_notification_surges_told_last_year";
pub(crate) const SURGES_DISMISSED: &str = "chappe_notification_surges_dismissed_last_year";
pub(crate) const SURGES_UNDECIDED: &str = "chappe_notification_surges_undecided_last_year";
pub(crate) const TAXII_REQUESTS: &str = "chappe_notification_taxii_requests_total";
pub(crate) const TAXII_OBJECTS: &str = "chappe_notification_taxii_objects_total";
pub(crate) const TAXII_GAPS: &str = "chappe_notification_taxii_gaps_total";
pub(crate) const TAXII_CONNECTIONS_OPEN: &str = "chappe_notification_taxii_connections_open";

/// Describes the metrics to the recorder that is installed.
pub fn describe_metrics() {
    describe_counter!(APPLIED, Unit::Count, "Alert revisions taken into the view");
    describe_counter!(FENCED, Unit::Count, "Records of fenced owners, ignored");
    describe_counter!(
        STALE,
        Unit::Count,
        "Alert revisions not above the last accepted, ignored"
    );
    describe_counter!(
        UNHEARD,
        Unit::Count,
        "Revisions of alerts that were withdrawn before they held, told to nobody"
    );
    describe_counter!(UNDECODED, Unit::Count, "Records that do not decode, skipped");
    describe_counter!(
        INCIDENTS_UNDECODED,
        Unit::Count,
        "Records of incidents that do not decode, passed over by searches"
    );
    describe_gauge!(
        INCIDENT_INDEX_BYTES,
        Unit::Bytes,
        "Memory of the index of incidents, as of its last merge"
    );
    describe_counter!(DELIVERIES, Unit::Count, "Alert revisions put on streams");
    describe_counter!(GAPS, Unit::Count, "Gap notices put on streams");
    describe_counter!(DECISIONS, Unit::Count, "Decisions recorded here");
    describe_counter!(
        DECISIONS_UNDECODED,
        Unit::Count,
        "Records of decisions that do not decode, skipped"
    );
    describe_counter!(
        CONSTITUENCIES_UNDECODED,
        Unit::Count,
        "Records of constituencies that do not decode, skipped"
    );
    describe_gauge!(
        SURGE_BUDGET,
        Unit::Count,
        "False alarms of surges a year that are stated: those of the newest"
    );
    describe_gauge!(SURGES_TOLD, Unit::Count, "Surges of the last 365 days of log time");
    describe_gauge!(SURGES_DISMISSED, Unit::Count, "Of these, dismissed");
    describe_gauge!(
        SURGES_UNDECIDED,
        Unit::Count,
        "Of these, neither dismissed nor confirmed"
    );
    describe_taxii();
    describe_gauge!(STREAMS_OPEN, Unit::Count, "Streams open now");
    describe_gauge!(STREAMS_LIMIT, Unit::Count, "Streams that may be open at once");
    describe_histogram!(
        DELIVERY_SECONDS,
        Unit::Seconds,
        "From the log time of an alert's revision to its place on a stream that had caught up"
    );
    describe_gauge!(
        LOG_AGE_SECONDS,
        Unit::Seconds,
        "How far the clock is ahead of the log time up to which alerts are told; what heartbeats call stale"
    );
    begin();
}

fn describe_taxii() {
    describe_counter!(TAXII_REQUESTS, Unit::Count, "TAXII requests answered, by HTTP status");
    describe_counter!(
        TAXII_OBJECTS,
        Unit::Count,
        "Objects, records and versions in TAXII answers"
    );
    describe_counter!(
        TAXII_GAPS,
        Unit::Count,
        "Gaps of damaged history that TAXII collections leave out"
    );
    describe_gauge!(TAXII_CONNECTIONS_OPEN, Unit::Count, "TAXII connections open now");
}

/// Begins every metric that has a value before anything happens: a count that is there from the start shows its first increase.
fn begin() {
    for name in [
        APPLIED,
        FENCED,
        STALE,
        UNHEARD,
        UNDECODED,
        DELIVERIES,
        GAPS,
        DECISIONS,
        DECISIONS_UNDECODED,
        CONSTITUENCIES_UNDECODED,
        INCIDENTS_UNDECODED,
        TAXII_OBJECTS,
        TAXII_GAPS,
    ] {
        counter!(name).increment(0);
    }
    for name in [
        SURGE_BUDGET,
        SURGES_TOLD,
        SURGES_DISMISSED,
        SURGES_UNDECIDED,
        STREAMS_OPEN,
        INCIDENT_INDEX_BYTES,
        TAXII_CONNECTIONS_OPEN,
    ] {
        gauge!(name).set(0.0);
    }
    gauge!(STREAMS_LIMIT).set(STREAMS as f64);
    drop(histogram!(DELIVERY_SECONDS));
}
