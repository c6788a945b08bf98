//! Crashes at any byte: everything acknowledged is there, in order, and nothing is invented.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
};

use bytes::Bytes;
use chappe_eventlog::{EventLog, Position, ReadLimit, Record, Topic, append_blocking};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{copy, faulty_disk::FaultyDisk, options};
use crate::{LocalLog, LocalOptions, folder};

const PLACES: [(Topic, u16); 4] = [
    (Topic::Incidents, 0),
    (Topic::Incidents, 1),
    (Topic::Alerts, 0),
    (Topic::Config, 0),
];

/// One record to append: where, and how large.
type Append = (usize, usize);

#[derive(Debug, Clone)]
struct Case {
    /// Bursts of appends; each burst is waited for before the next.
    bursts: Vec<Vec<Append>>,
    /// What is appended last, and gets no further than the page cache.
    unsynced: Vec<Append>,
    /// How much of the unsynced bytes the crash keeps, in thousandths.
    kept_per_mille: u64,
    /// What stands behind, as stale blocks might.
    garbage: Vec<u8>,
    segment_bytes: u64,
    cache_bytes: usize,
}

fn cases() -> impl Strategy<Value = Case> {
    let append = || {
        (
            0..PLACES.len(),
            prop_oneof![0..40_usize, 200..400_usize, 3_000..9_000_usize],
        )
    };
    let bursts = prop::collection::vec(prop::collection::vec(append(), 1..12), 0..12);
    let unsynced = prop::collection::vec(append(), 1..12);
    let garbage = prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 1..300),
        Just(b"CHPJ".repeat(30))
    ];
    (
        bursts,
        unsynced,
        0..=1_000_u64,
        garbage,
        4_096..40_000_u64,
        prop_oneof![Just(0_usize), Just(1 << 20)],
    )
        .prop_map(
            |(bursts, unsynced, kept_per_mille, garbage, segment_bytes, cache_bytes)| Case {
                bursts,
                unsynced,
                kept_per_mille,
                garbage,
                segment_bytes,
                cache_bytes,
            },
        )
}

/// Appends a burst without waiting; each outcome is sent with the place and the record.
fn append_burst(log: &LocalLog, burst: &[Append], stamp: &mut u64) -> Vec<(usize, Record, Outcome)> {
    let mut told = Vec::new();
    for (place, bytes) in burst {
        *stamp += 1;
        let record = Record::data(
            *stamp,
            Bytes::from(stamp.to_string()),
            Bytes::from(vec![*stamp as u8; *bytes]),
        );
        let (tell, outcome) = mpsc::channel();
        let (topic, partition) = PLACES[*place];
        log.append(
            topic,
            partition,
            record.clone(),
            Box::new(move |outcome| tell.send(outcome).unwrap()),
        );
        told.push((*place, record, outcome));
    }
    told
}

type Outcome = mpsc::Receiver<Result<Position, chappe_eventlog::AppendError>>;

fn read_all(log: &LocalLog, (topic, partition): (Topic, u16)) -> Vec<Record> {
    let (mut found, mut from) = (Vec::new(), Position(0));
    loop {
        let step = log
            .read(
                topic,
                partition,
                from,
                ReadLimit {
                    records: 5,
                    bytes: 10_000,
                },
            )
            .unwrap();
        if step.is_empty() {
            return found;
        }
        for (position, record) in step {
            assert_eq!(position, from);
            from = from.next();
            found.push(record);
        }
    }
}

/// Cuts the last segment of a crashed log's copy somewhere behind the last synced byte, and adds garbage.
fn tear(case: &Case, crashed: &Path, copied: &Path, disk: &FaultyDisk) {
    let (_, last): (u64, PathBuf) = folder::segments(crashed).unwrap().pop().unwrap();
    let synced = disk.synced_bytes(&last);
    let torn = copied.join(last.file_name().unwrap());
    let mut bytes = fs::read(&torn).unwrap();
    let unsynced = bytes.len() as u64 - synced;
    bytes.truncate((synced + unsynced * case.kept_per_mille / 1_000) as usize);
    bytes.extend_from_slice(&case.garbage);
    fs::write(torn, bytes).unwrap();
}

fn check(case: &Case) {
    let (crashed, after) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let disk = Arc::new(FaultyDisk::default());
    let opened = |folder: &Path| {
        let (segment_bytes, cache_bytes) = (case.segment_bytes, case.cache_bytes);
        LocalOptions {
            segment_bytes,
            cache_bytes,
            ..options(folder)
        }
    };
    let (log, _) = LocalLog::open_on(opened(crashed.path()), Arc::clone(&disk) as _).unwrap();
    let (mut acknowledged, mut stamp) = (vec![Vec::new(); PLACES.len()], 0);
    for burst in &case.bursts {
        for (place, record, outcome) in append_burst(&log, burst, &mut stamp) {
            let position = outcome.recv().unwrap().unwrap();
            assert_eq!(position, Position(acknowledged[place].len() as u64));
            acknowledged[place].push(record);
        }
    }
    for (at, place) in PLACES.into_iter().enumerate() {
        assert_eq!(read_all(&log, place), acknowledged[at]);
    }
    disk.fail_sync();
    let mut offered = acknowledged.clone();
    for (place, record, outcome) in append_burst(&log, &case.unsynced, &mut stamp) {
        outcome.recv().unwrap().unwrap_err();
        offered[place].push(record);
    }
    copy(crashed.path(), after.path());
    tear(case, crashed.path(), after.path(), &disk);

    let (log, _) = LocalLog::open(opened(after.path())).unwrap();
    for (at, place) in PLACES.into_iter().enumerate() {
        let found = read_all(&log, place);
        assert!(
            found.starts_with(&acknowledged[at]),
            "{place:?} lost an acknowledged record"
        );
        assert!(
            offered[at].starts_with(&found),
            "{place:?} holds what was never appended, or out of order"
        );
        let next = append_blocking(&log, place.0, place.1, Record::mark(0)).unwrap();
        assert_eq!(next, Position(found.len() as u64));
    }
    drop(log);
    let (_, report) = LocalLog::open(opened(after.path())).unwrap();
    assert_eq!(report.torn_tail, None, "what was cut off stays off");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_crash_at_any_byte_keeps_what_was_acknowledged_and_invents_nothing(case in cases()) {
        check(&case);
    }
}
