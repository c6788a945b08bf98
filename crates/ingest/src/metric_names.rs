//! The metrics of ingest. None bears a member, a type or a country: totals say nothing of whom or what.

use metrics::{Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram};

pub(crate) const ACCEPTED: &str = "chappe_ingest_accepted_total";
pub(crate) const REFUSED: &str = "chappe_ingest_refused_total";
pub(crate) const DUPLICATES: &str = "chappe_ingest_duplicates_total";
pub(crate) const IN_FLIGHT: &str = "chappe_ingest_in_flight";
pub(crate) const IN_FLIGHT_LIMIT: &str = "chappe_ingest_in_flight_limit";
pub(crate) const ACK_SECONDS: &str = "chappe_ingest_ack_seconds";
pub(crate) const LIVE_HELD: &str = "chappe_ingest_live_held";
pub(crate) const LIVE_BUDGET: &str = "chappe_ingest_live_budget";
pub(crate) const MARKS_SKIPPED: &str = "chappe_ingest_marks_skipped_total";
pub(crate) const RECORDS_SKIPPED: &str = "chappe_ingest_records_skipped_total";

/// The label of [`REFUSED`].
pub(crate) const REASON: &str = "reason";

/// Tells the recorder in force what each metric means. Call it once, after installing the recorder and before opening the service.
pub fn describe_metrics() {
    describe_counter!(ACCEPTED, "Revisions accepted and durable");
    describe_counter!(REFUSED, "Requests refused, by reason");
    describe_counter!(DUPLICATES, "Retries answered with the receipt of what is stored");
    describe_gauge!(IN_FLIGHT, "Requests taken and not yet answered");
    describe_gauge!(
        IN_FLIGHT_LIMIT,
        "Requests that may be taken and not yet answered; over three quarters of it only critical reports are taken"
    );
    describe_histogram!(
        ACK_SECONDS,
        Unit::Seconds,
        "From taking a request to the answer that a new revision is durable"
    );
    describe_gauge!(
        LIVE_HELD,
        "Live contributions that the memory budget counts: those of correlation, and those of reports that it has not read yet"
    );
    describe_gauge!(LIVE_BUDGET, "Live contributions that the memory budget allows");
    describe_counter!(
        MARKS_SKIPPED,
        "Time marks not appended because the last were not yet durable"
    );
    describe_counter!(
        RECORDS_SKIPPED,
        "Records of a shared log that this version cannot read, or that were written under another secret"
    );
    begin();
}

/// Begins every metric that has a value before anything happens: a count that is there from the start shows its first increase.
fn begin() {
    for name in [ACCEPTED, DUPLICATES, MARKS_SKIPPED, RECORDS_SKIPPED] {
        counter!(name).increment(0);
    }
}

/// The metrics that every request touches, looked up once.
pub(crate) struct Meters {
    pub(crate) accepted: Counter,
    pub(crate) duplicates: Counter,
    pub(crate) skipped: Counter,
    pub(crate) in_flight: Gauge,
    pub(crate) ack_seconds: Histogram,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            accepted: metrics::counter!(ACCEPTED),
            duplicates: metrics::counter!(DUPLICATES),
            skipped: metrics::counter!(RECORDS_SKIPPED),
            in_flight: metrics::gauge!(IN_FLIGHT),
            ack_seconds: metrics::histogram!(ACK_SECONDS),
        }
    }
}
