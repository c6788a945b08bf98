//! Reading what lies before the window.

use std::thread;

use chappe_eventlog::{EventLog, Position, ReadError, ReadLimit, Topic};
use rdkafka::{Offset, TopicPartitionList, admin::AdminOptions};

use super::{admin, fill, on_brokers, open, record, stamps};
use crate::{KafkaOptions, topics::wait_for};

const STEP: ReadLimit = ReadLimit {
    records: 100,
    bytes: 10_000,
};

#[test]
fn history_is_read_by_a_cursor_that_goes_on_where_it_stands() {
    let Some(options) = on_brokers("history_is_read_by_a_cursor", 1) else {
        return;
    };
    let options = KafkaOptions {
        window_partition_bytes: 20_000,
        ..options
    };
    let log = open(&options);
    fill(&log, Topic::Incidents, 0..3_000);
    let want: Vec<(u64, u64)> = (0..3_000).map(|nth| (nth, nth)).collect();
    assert_eq!(stamps(&log, Topic::Incidents, Position(0), STEP), want);
    assert_eq!(log.idle_cursors(), 1, "one reader, one cursor");
    let found = log.read(Topic::Incidents, 0, Position(1_234), STEP).unwrap();
    assert_eq!(found[0], (Position(1_234), record(1_234)));
    // A process that comes later has nothing in its window: all is history.
    drop(log);
    let log = open(&options);
    assert_eq!(log.end(Topic::Incidents, 0), Position(3_000));
    assert_eq!(stamps(&log, Topic::Incidents, Position(0), STEP), want);
}

#[test]
fn many_readers_of_history_share_few_cursors() {
    let Some(options) = on_brokers("many_readers_of_history", 1) else {
        return;
    };
    let options = KafkaOptions {
        window_partition_bytes: 0,
        cursors: 2,
        ..options
    };
    let log = open(&options);
    fill(&log, Topic::Alerts, 0..600);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..5)
            .map(|nth| {
                scope.spawn({
                    let log = &log;
                    move || {
                        (
                            nth,
                            stamps(
                                log,
                                Topic::Alerts,
                                Position(nth * 100),
                                ReadLimit { records: 60, ..STEP },
                            ),
                        )
                    }
                })
            })
            .collect();
        for reader in readers {
            let (nth, found) = reader.join().unwrap();
            assert_eq!(found, (nth * 100..600).map(|at| (at, at)).collect::<Vec<_>>());
        }
    });
    assert!(log.idle_cursors() <= 2);
}

#[test]
fn a_read_from_before_what_is_kept_goes_on_where_the_partition_begins() {
    let Some(options) = on_brokers("a_read_from_before_what_is_kept", 1) else {
        return;
    };
    let first = open(&options);
    fill(&first, Topic::Alerts, 0..100);
    let mut before = TopicPartitionList::new();
    let name = options.topic_name(Topic::Alerts);
    before.add_partition_offset(&name, 0, Offset::Offset(40)).unwrap();
    let deleted = wait_for(admin(&options).delete_records(&before, &AdminOptions::new())).unwrap();
    assert_eq!(deleted.find_partition(&name, 0).unwrap().offset(), Offset::Offset(40));
    let log = open(&options);
    let want: Vec<(u64, u64)> = (40..100).map(|nth| (nth, nth)).collect();
    assert_eq!(stamps(&log, Topic::Alerts, Position(0), STEP), want);
    before.set_all_offsets(Offset::End).unwrap();
    wait_for(admin(&options).delete_records(&before, &AdminOptions::new())).unwrap();
    let log = open(&options);
    assert_eq!(log.read(Topic::Alerts, 0, Position(0), STEP), Ok(vec![]));
    assert_eq!(log.end(Topic::Alerts, 0), Position(100));
    fill(&log, Topic::Alerts, 100..101);
    assert_eq!(stamps(&log, Topic::Alerts, Position(0), STEP), [(100, 100)]);
}

#[test]
fn a_partition_that_is_not_there_is_named() {
    let Some(options) = on_brokers("a_partition_that_is_not_there", 1) else {
        return;
    };
    let log = open(&options);
    let said = log.read(Topic::Alerts, 7, Position(0), STEP).unwrap_err();
    assert!(matches!(
        said,
        ReadError::NoSuchPartition {
            partition: 7,
            partitions: 1,
            ..
        }
    ));
}
