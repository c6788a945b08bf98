//! The duties of a log as tests. An adapter implements [`Subject`] in its tests and calls [`run_all`]; one that also keeps
//! snapshots calls [`run_snapshots`]. Each check panics naming what was broken, as tests do.
//!
//! ```
//! use chappe_eventlog::{AppendFault, FaultPlan, MemoryLog, contract};
//!
//! struct InMemory;
//!
//! impl contract::Subject for InMemory {
//!     type Log = MemoryLog;
//!
//!     fn create(&self) -> MemoryLog {
//!         MemoryLog::new()
//!     }
//!     fn crash(&self, log: MemoryLog) -> MemoryLog {
//!         log.crash(FaultPlan::none())
//!     }
//!     fn fail_next_sync(&self, log: &MemoryLog) -> bool {
//!         log.set_faults(FaultPlan::none().at(1, AppendFault::FailedSync));
//!         true
//!     }
//! }
//!
//! contract::run_all(&InMemory);
//! contract::run_snapshots(&InMemory);
//! ```

// These functions are tests, though compiled for others to call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod append;
mod read;
mod survive;

use std::sync::{Arc, mpsc};

use bytes::Bytes;

use crate::{AppendError, EventLog, Position, ReadLimit, Record, SnapshotStore, Topic, append_blocking};

pub use self::{
    append::{
        closing_flushes_then_refuses, concurrent_appenders_keep_their_order, no_such_partition_is_refused,
        oversize_is_refused, positions_are_dense_in_the_order_of_calls, success_is_told_when_readable,
        wakes_follow_an_advance,
    },
    read::{
        a_read_keeps_its_bounds, marks_and_empty_records_read_back, partitions_do_not_mix,
        reading_past_the_end_is_empty,
    },
    survive::{
        a_crash_keeps_what_was_acknowledged, a_failed_sync_stops_the_log, positions_go_on_after_a_crash,
        snapshots_are_replaced_whole,
    },
};

/// An adapter under test.
pub trait Subject {
    /// What it opens.
    type Log: EventLog;

    /// A new, empty log with at least two partitions of incidents and no faults planned.
    fn create(&self) -> Self::Log;

    /// Ends the log as a power cut would, without closing it, and opens what survived.
    fn crash(&self, log: Self::Log) -> Self::Log;

    /// Arranges that the sync of the next append fails; false if the adapter cannot.
    fn fail_next_sync(&self, log: &Self::Log) -> bool;
}

/// Runs every check of a log, each on a new one.
pub fn run_all<S: Subject>(subject: &S) {
    positions_are_dense_in_the_order_of_calls(&subject.create());
    success_is_told_when_readable(Arc::new(subject.create()));
    concurrent_appenders_keep_their_order(&subject.create());
    wakes_follow_an_advance(&subject.create());
    oversize_is_refused(&subject.create());
    no_such_partition_is_refused(&subject.create());
    closing_flushes_then_refuses(&subject.create());
    a_read_keeps_its_bounds(&subject.create());
    reading_past_the_end_is_empty(&subject.create());
    marks_and_empty_records_read_back(&subject.create());
    partitions_do_not_mix(&subject.create());
    a_crash_keeps_what_was_acknowledged(subject);
    positions_go_on_after_a_crash(subject);
    a_failed_sync_stops_the_log(subject);
}

/// Runs every check of a log that is a [`SnapshotStore`] too, each on a new log.
pub fn run_snapshots<S: Subject<Log: SnapshotStore>>(subject: &S) {
    snapshots_are_replaced_whole(subject);
}

/// A record that differs from every other `nth`.
fn record(nth: u64) -> Record {
    let payload = format!("payload {nth} {}", "x".repeat((nth % 300) as usize));
    Record::data(1_000_000 + nth, Bytes::from(format!("key-{nth}")), Bytes::from(payload))
}

/// Appends without waiting; the outcome comes by the receiver.
fn append(
    log: &dyn EventLog,
    topic: Topic,
    partition: u16,
    record: Record,
) -> mpsc::Receiver<Result<Position, AppendError>> {
    let (tell, told) = mpsc::channel();
    log.append(
        topic,
        partition,
        record,
        Box::new(move |outcome| tell.send(outcome).unwrap_or_default()),
    );
    told
}

/// Appends `record(nth)` for each `nth` to a partition, waiting for each.
fn fill(log: &dyn EventLog, topic: Topic, partition: u16, nths: std::ops::Range<u64>) {
    for nth in nths {
        append_blocking(log, topic, partition, record(nth)).expect("an append without faults succeeds");
    }
}

/// Every record of a partition, read in small steps.
fn read_all(log: &dyn EventLog, topic: Topic, partition: u16) -> Vec<Record> {
    let (mut found, mut from) = (Vec::new(), Position(0));
    loop {
        let step = log
            .read(
                topic,
                partition,
                from,
                ReadLimit {
                    records: 7,
                    bytes: 4_096,
                },
            )
            .expect("a read succeeds");
        if step.is_empty() {
            assert_eq!(from, log.end(topic, partition), "an empty answer only at the end");
            return found;
        }
        for (position, record) in step {
            assert_eq!(position, from, "positions read have no gaps");
            from = from.next();
            found.push(record);
        }
    }
}
