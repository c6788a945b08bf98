//! The metrics of notification. None carries a member, a kind or a country.

use metrics::{Unit, describe_counter, describe_gauge};

pub(crate) const APPLIED: &str = "chappe_notification_alerts_applied_total";
pub(crate) const FENCED: &str = "chappe_notification_fenced_records_total";
pub(crate) const STALE: &str = "chappe_notification_stale_revisions_total";
pub(crate) const UNHEARD: &str = "chappe_notification_unheard_revisions_total";
pub(crate) const UNDECODED: &str = "chappe_notification_decode_failures_total";
pub(crate) const DELIVERIES: &str = "chappe_notification_deliveries_total";
pub(crate) const STREAMS_OPEN: &str = "chappe_notification_streams_open";
pub(crate) const GAPS: &str = "chappe_notification_gaps_total";

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
    describe_counter!(DELIVERIES, Unit::Count, "Alert revisions put on streams");
    describe_counter!(GAPS, Unit::Count, "Gap notices put on streams");
    describe_gauge!(STREAMS_OPEN, Unit::Count, "Streams open now");
}
