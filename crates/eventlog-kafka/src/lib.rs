//! The event log on Apache Kafka: several processes share one log, and it survives the loss of a broker.
//!
//! One idempotent producer appends. One *follower*, a consumer outside any group, reads what is new in the topics that this process uses and keeps
//! the newest records of each partition in a bounded *window*; it wakes whoever waits. History from before the window is read by *cursors*:
//! consumers that remember where they stand.
//!
//! # What it is not
//! No consumer group and no committed offsets: where a reader stands is the reader's own to remember. No transactions: a stage that starts again
//! writes the same states again, and states replace each other. No snapshot store: snapshots are local files (`SnapshotFolder` of
//! `chappe-eventlog-local`), which any instance can rebuild from the log.
//!
//! # What holds
//! 1. Success is told only after all in-sync replicas have the record. With replication 3 or more at least two have; [`OpenReport::durability`]
//!    says what the brokers' settings come to.
//! 2. Within a partition, the records of one process stand in the order of its appends, also over retries and changes of leader.
//! 3. An append that is not acknowledged in time is told as unknown, never as failed: the brokers may have it.
//! 4. When success is told, the record lies before the end, and a read waits for the follower to have it.
//! 5. A topic whose settings would lose or thin out history (compaction, retention, unclean elections) is refused at opening, with the command
//!    that mends it.
//! 6. A message that no process of Chappe wrote is read as data that nobody can decode, so services count and skip it. It does not stop them, and
//!    it is told once and counted (`chappe_eventlog_kafka_foreign_records_total`).
//! 7. A read from before what retention has kept goes on where the partition begins now; a partition that ends before where it ended once is an
//!    error, and the log's health says so.
//! 8. Memory is bounded: the queue of appends ([`QUEUE_RECORDS`], [`QUEUE_KIBIBYTES`]), the window and the number of cursors by the options, and
//!    what each consumer fetches ahead.
//!
//! # Example
//! ```no_run
//! use chappe_eventlog::{EventLog, ReadLimit, Record, Topic, append_blocking};
//! use chappe_eventlog_kafka::{KafkaLog, KafkaOptions};
//!
//! let (log, report) = KafkaLog::open(KafkaOptions::at("kafka-1:9092,kafka-2:9092,kafka-3:9092"))?;
//! println!("{} brokers, durability {}", report.brokers, report.durability.name());
//! let position = append_blocking(&log, Topic::Config, 0, Record::mark(1_764_547_200_000))?;
//! assert_eq!(log.read(Topic::Config, 0, position, ReadLimit::default())?.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod appender;
mod context;
mod cursors;
mod error;
mod follower;
mod framing;
mod kafka;
mod metric_names;
mod offsets;
mod options;
mod settings;
mod shared;
#[cfg(test)]
mod tests;
mod topics;
mod window;

pub use self::{
    cursors::CURSOR_IDLE,
    error::OpenError,
    kafka::{KafkaLog, OpenReport},
    metric_names::describe_metrics,
    options::{
        DEFAULT_APPEND_TIMEOUT, DEFAULT_CURSORS, DEFAULT_OPEN_TIMEOUT, DEFAULT_PREFIX, DEFAULT_READ_TIMEOUT,
        DEFAULT_REPLICATION, DEFAULT_WINDOW_BYTES, DEFAULT_WINDOW_PARTITION_BYTES, KafkaOptions, MIN_APPEND_TIMEOUT,
        Mechanism, Secret, Security, Timeouts, Tls,
    },
    settings::{MAX_MESSAGE_BYTES, QUEUE_KIBIBYTES, QUEUE_RECORDS},
    topics::Outlook,
};
