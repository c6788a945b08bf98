//! The metrics of the log on Kafka.

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

pub(crate) const APPENDED: &str = "chappe_eventlog_kafka_appended_total";
pub(crate) const ACK_SECONDS: &str = "chappe_eventlog_kafka_ack_seconds";
pub(crate) const REFUSED: &str = "chappe_eventlog_kafka_queue_refused_total";
pub(crate) const UNKNOWN: &str = "chappe_eventlog_kafka_unknown_outcomes_total";
pub(crate) const FOLLOWED: &str = "chappe_eventlog_kafka_followed_total";
pub(crate) const FOREIGN: &str = "chappe_eventlog_kafka_foreign_records_total";
pub(crate) const RENEWED: &str = "chappe_eventlog_kafka_renewed_total";
pub(crate) const CURSOR_READS: &str = "chappe_eventlog_kafka_cursor_reads_total";
pub(crate) const CURSOR_AIMS: &str = "chappe_eventlog_kafka_cursor_aims_total";
pub(crate) const EXPIRED_READS: &str = "chappe_eventlog_kafka_expired_reads_total";

/// Tells the recorder in force what each metric means. Call it once, after installing the recorder.
pub fn describe_metrics() {
    describe_counter!(APPENDED, "Records that the brokers acknowledged");
    describe_histogram!(
        ACK_SECONDS,
        Unit::Seconds,
        "From an append to its acknowledgement by the brokers"
    );
    describe_counter!(REFUSED, "Appends refused because too many wait for the brokers already");
    describe_counter!(
        UNKNOWN,
        "Appends of which it is not known whether the brokers have them"
    );
    describe_counter!(FOLLOWED, "Records that the follower took in");
    describe_counter!(FOREIGN, "Records read that no process of Chappe wrote");
    describe_counter!(
        RENEWED,
        "Times that reading went on by a new connection, because nothing came by the old one"
    );
    describe_counter!(CURSOR_READS, "Reads of history, from before what is held in memory");
    describe_counter!(CURSOR_AIMS, "Reads of history that did not go on where a cursor stood");
    describe_counter!(EXPIRED_READS, "Reads of records that retention had deleted");
    begin();
}

/// Begins every metric that has a value before anything happens: a count that is there from the start shows its first increase.
fn begin() {
    for name in [
        APPENDED,
        REFUSED,
        UNKNOWN,
        FOLLOWED,
        FOREIGN,
        RENEWED,
        CURSOR_READS,
        CURSOR_AIMS,
        EXPIRED_READS,
    ] {
        counter!(name).increment(0);
    }
    drop(histogram!(ACK_SECONDS));
}
