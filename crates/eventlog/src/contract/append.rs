//! Appending: order, outcomes, refusals, closing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use bytes::Bytes;

use super::{append, read_all, record};
use crate::{
    AppendError, EventLog, MAX_KEY_BYTES, MAX_RECORD_BYTES, Position, ReadLimit, Record, Topic, append_blocking,
};

/// Positions rise by one from 0 in the order of calls, in each partition by itself.
pub fn positions_are_dense_in_the_order_of_calls(log: &dyn EventLog) {
    let told: Vec<_> = (0..200)
        .map(|nth| append(log, Topic::Incidents, (nth % 2) as u16, record(nth)))
        .collect();
    for (nth, told) in told.into_iter().enumerate() {
        assert_eq!(told.recv().expect("told"), Ok(Position(nth as u64 / 2)), "append {nth}");
        assert!(told.recv().is_err(), "append {nth} was told twice");
    }
    for partition in 0..2 {
        assert_eq!(log.end(Topic::Incidents, partition), Position(100));
        let want: Vec<Record> = (0..200)
            .filter(|nth| nth % 2 == u64::from(partition))
            .map(record)
            .collect();
        assert_eq!(read_all(log, Topic::Incidents, partition), want);
    }
}

/// When success is told, the record can be read and lies before the end.
pub fn success_is_told_when_readable<L: EventLog>(log: Arc<L>) {
    let (tell, told) = mpsc::channel();
    for nth in 0..50 {
        let (reader, tell) = (Arc::clone(&log), tell.clone());
        let on_durable = Box::new(move |outcome: Result<Position, AppendError>| {
            let position = outcome.expect("an append without faults succeeds");
            let found = reader.read(Topic::Alerts, 0, position, ReadLimit { records: 1, bytes: 1 });
            let is_before_end = position < reader.end(Topic::Alerts, 0);
            tell.send((nth, found, is_before_end)).expect("the test waits");
        });
        log.append(Topic::Alerts, 0, record(nth), on_durable);
    }
    drop(tell);
    let outcomes: Vec<_> = told.iter().take(50).collect();
    assert_eq!(outcomes.len(), 50);
    for (nth, found, is_before_end) in outcomes {
        assert!(is_before_end, "record {nth} is told before the end passed it");
        assert_eq!(
            found,
            Ok(vec![(Position(nth), record(nth))]),
            "record {nth} is told before it can be read"
        );
    }
}

/// Several appenders at once: each one's records keep their order, and nothing is lost or doubled.
pub fn concurrent_appenders_keep_their_order(log: &dyn EventLog) {
    const APPENDERS: u64 = 4;
    const RECORDS: u64 = 250;
    let of = |appender: u64, nth: u64| Record {
        stamp_ms: appender,
        ..record(nth)
    };
    thread::scope(|scope| {
        for appender in 0..APPENDERS {
            scope.spawn(move || {
                let told: Vec<_> = (0..RECORDS)
                    .map(|nth| append(log, Topic::Incidents, 1, of(appender, nth)))
                    .collect();
                let positions = told
                    .into_iter()
                    .map(|told| told.recv().expect("told").expect("success"));
                let positions: Vec<Position> = positions.collect();
                assert!(
                    positions.is_sorted_by(|a, b| a < b),
                    "positions of appender {appender} rise"
                );
            });
        }
    });
    let found = read_all(log, Topic::Incidents, 1);
    assert_eq!(found.len() as u64, APPENDERS * RECORDS);
    for appender in 0..APPENDERS {
        let theirs: Vec<&Record> = found.iter().filter(|record| record.stamp_ms == appender).collect();
        let want: Vec<Record> = (0..RECORDS).map(|nth| of(appender, nth)).collect();
        assert_eq!(
            theirs,
            want.iter().collect::<Vec<_>>(),
            "records of appender {appender}"
        );
    }
}

/// A wake comes after every advance of its topic and of no other, and sees the advance.
pub fn wakes_follow_an_advance(log: &dyn EventLog) {
    let (wake, woken) = mpsc::channel();
    log.on_advance(Topic::Incidents, Arc::new(move || wake.send(()).unwrap_or_default()));
    let others = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&others);
    let count = move || {
        counted.fetch_add(1, Ordering::SeqCst);
    };
    log.on_advance(Topic::Alerts, Arc::new(count));
    for nth in 0..20 {
        append_blocking(log, Topic::Incidents, 0, record(nth)).expect("success");
        woken.recv().expect("a wake after each advance that was waited for");
        assert_eq!(log.end(Topic::Incidents, 0), Position(nth + 1));
    }
    assert_eq!(others.load(Ordering::SeqCst), 0, "nothing advanced in the other topic");
}

/// Keys and records over their limits are refused and leave no trace; the largest allowed are taken.
pub fn oversize_is_refused(log: &dyn EventLog) {
    let of = |key, payload| Record::data(1, Bytes::from(vec![7; key]), Bytes::from(vec![9; payload]));
    for record in [
        of(MAX_KEY_BYTES + 1, 0),
        of(0, MAX_RECORD_BYTES + 1),
        of(1, MAX_RECORD_BYTES),
    ] {
        let error = append_blocking(log, Topic::Config, 0, record).expect_err("oversize");
        assert!(matches!(error, AppendError::TooLarge { .. }), "{error}");
        assert!(!error.is_retryable() && error.is_surely_absent());
    }
    assert_eq!(log.end(Topic::Config, 0), Position(0));
    let largest = of(MAX_KEY_BYTES, MAX_RECORD_BYTES - MAX_KEY_BYTES);
    assert_eq!(append_blocking(log, Topic::Config, 0, largest.clone()), Ok(Position(0)));
    assert_eq!(read_all(log, Topic::Config, 0), vec![largest]);
}

/// A partition that is not there takes nothing and says so.
pub fn no_such_partition_is_refused(log: &dyn EventLog) {
    for topic in Topic::ALL {
        let partition = log.partitions(topic);
        let error = append_blocking(log, topic, partition, record(1)).expect_err("there is no such partition");
        assert!(matches!(error, AppendError::Refused { .. }), "{error}");
        assert!(log.read(topic, partition, Position(0), ReadLimit::default()).is_err());
        assert_eq!(log.end(topic, partition), Position(0));
    }
}

/// Closing makes durable and tells what was accepted; then appends are refused and reads go on.
pub fn closing_flushes_then_refuses(log: &dyn EventLog) {
    let told: Vec<_> = (0..500)
        .map(|nth| append(log, Topic::Incidents, 0, record(nth)))
        .collect();
    log.close();
    for (nth, told) in told.into_iter().enumerate() {
        assert_eq!(
            told.try_recv().expect("told before close returns"),
            Ok(Position(nth as u64))
        );
    }
    log.close();
    assert_eq!(
        append_blocking(log, Topic::Incidents, 0, record(500)),
        Err(AppendError::Closed)
    );
    assert_eq!(read_all(log, Topic::Incidents, 0).len(), 500);
}
