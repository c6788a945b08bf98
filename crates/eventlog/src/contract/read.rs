//! Reading: bounds, content, separation.

use bytes::Bytes;

use super::{fill, read_all, record};
use crate::{EventLog, Position, ReadLimit, Record, RecordKind, Topic, append_blocking};

/// A read starts where asked, keeps both bounds, and always gives one record if there is one.
pub fn a_read_keeps_its_bounds(log: &dyn EventLog) {
    fill(log, Topic::Incidents, 0, 0..100);
    let read = |from, records, bytes| {
        let found = log
            .read(Topic::Incidents, 0, Position(from), ReadLimit { records, bytes })
            .expect("a read succeeds");
        for (step, (position, found)) in found.iter().enumerate() {
            assert_eq!(*position, Position(from + step as u64));
            assert_eq!(found, &record(from + step as u64));
        }
        found
    };
    assert!((1..=10).contains(&read(0, 10, usize::MAX).len()));
    assert!((1..=100).contains(&read(37, usize::MAX, usize::MAX).len()));
    assert_eq!(read(99, 10, usize::MAX).len(), 1);
    assert_eq!(read(50, 0, 0).len(), 1, "one record, whatever the limit");
    for bytes in [1, 100, 1_000, 5_000] {
        let found = read(0, usize::MAX, bytes);
        let total: usize = found.iter().map(|(_, record)| record.size_bytes()).sum();
        assert!(
            found.len() == 1 || total <= bytes,
            "{} records of {total} bytes for {bytes}",
            found.len()
        );
    }
}

/// At the end and past it there is nothing, and that is no error.
pub fn reading_past_the_end_is_empty(log: &dyn EventLog) {
    let read = |from| log.read(Topic::Alerts, 0, Position(from), ReadLimit::default());
    assert_eq!(read(0), Ok(vec![]));
    fill(log, Topic::Alerts, 0, 0..3);
    for from in [3, 4, 1_000, u64::MAX] {
        assert_eq!(read(from), Ok(vec![]), "from {from}");
    }
}

/// Marks come back as marks, with and without content, among data; so do records without content.
pub fn marks_and_empty_records_read_back(log: &dyn EventLog) {
    let said = Record {
        kind: RecordKind::Mark,
        payload: Bytes::from_static(b"tick"),
        ..Record::mark(3)
    };
    let records = [
        Record::mark(1),
        record(2),
        said,
        Record::data(u64::MAX, Bytes::new(), Bytes::new()),
        Record::mark(0),
    ];
    for record in &records {
        append_blocking(log, Topic::Incidents, 1, record.clone()).expect("success");
    }
    assert_eq!(read_all(log, Topic::Incidents, 1), records);
}

/// What is appended to one partition shows in no other.
pub fn partitions_do_not_mix(log: &dyn EventLog) {
    let partitions = || {
        Topic::ALL
            .into_iter()
            .flat_map(|topic| (0..log.partitions(topic)).map(move |at| (topic, at)))
    };
    let stamp = |topic: Topic, partition: u16| u64::from(topic.code()) * 10_000 + u64::from(partition);
    for round in 0..5 {
        for (topic, partition) in partitions() {
            let record = Record {
                stamp_ms: stamp(topic, partition),
                ..record(round)
            };
            assert_eq!(append_blocking(log, topic, partition, record), Ok(Position(round)));
        }
    }
    for (topic, partition) in partitions() {
        let found = read_all(log, topic, partition);
        let want: Vec<Record> = (0..5)
            .map(|round| Record {
                stamp_ms: stamp(topic, partition),
                ..record(round)
            })
            .collect();
        assert_eq!(found, want, "{topic}/{partition}");
    }
}
