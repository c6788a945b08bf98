//! Reading over the boundary between disk and memory, and the size of the index.

use bytes::Bytes;
use chappe_eventlog::{EventLog, Position, ReadLimit, Record, Topic};
use tempfile::TempDir;

use super::{append, options, record, stamps};
use crate::{
    INDEX_STRIDE_BYTES, LocalLog, LocalOptions, MAX_CHUNK_RECORDS,
    format::{Encoder, Header, Seed, take_record},
    index::{Index, Place},
};

/// Queues records on both incident partitions and the configuration, then waits for all.
fn fill(log: &LocalLog, records: u64) {
    for nth in 0..records {
        let (topic, partition) = match nth % 10 {
            0 => (Topic::Config, 0),
            odd => (Topic::Incidents, (odd % 2) as u16),
        };
        log.append(
            topic,
            partition,
            record(nth),
            Box::new(|outcome| assert!(outcome.is_ok())),
        );
    }
    log.close();
}

#[test]
fn reads_agree_from_disk_and_from_memory_in_steps_of_any_size() {
    let folder = TempDir::new().unwrap();
    let small = LocalOptions {
        segment_bytes: 1 << 20,
        cache_bytes: 300_000,
        ..options(folder.path())
    };
    let (log, _) = LocalLog::open(small.clone()).unwrap();
    fill(&log, 12_000);
    let want = |topic, partition| -> Vec<u64> {
        let of = |nth: u64| match nth % 10 {
            0 => (Topic::Config, 0),
            odd => (Topic::Incidents, (odd % 2) as u16),
        };
        (0..12_000).filter(|nth| of(*nth) == (topic, partition)).collect()
    };
    let places = [
        (Topic::Incidents, 0),
        (Topic::Incidents, 1),
        (Topic::Config, 0),
        (Topic::Alerts, 0),
    ];
    for (topic, partition) in places {
        assert_eq!(
            stamps(&log, topic, partition),
            want(topic, partition),
            "while partly in memory"
        );
    }
    drop(log);
    let (log, report) = LocalLog::open(small).unwrap();
    assert_eq!(report.records, 12_000);
    for (topic, partition) in places {
        assert_eq!(stamps(&log, topic, partition), want(topic, partition), "all from disk");
    }
    let mut random = fastrand::Rng::with_seed(5);
    let expected = want(Topic::Incidents, 1);
    for _ in 0..300 {
        let from = random.usize(0..expected.len());
        let limit = ReadLimit {
            records: random.usize(1..3_000),
            bytes: random.usize(1..400_000),
        };
        let found = log.read(Topic::Incidents, 1, Position(from as u64), limit).unwrap();
        assert!(!found.is_empty() && found.len() <= limit.records);
        for (step, (position, found)) in found.into_iter().enumerate() {
            assert_eq!(
                (position, found),
                (Position((from + step) as u64), record(expected[from + step]))
            );
        }
    }
}

#[test]
fn what_was_appended_just_now_is_read_without_a_copy() {
    let folder = TempDir::new().unwrap();
    let (log, _) = LocalLog::open(options(folder.path())).unwrap();
    append(&log, 1).unwrap();
    let read = || {
        log.read(Topic::Incidents, 0, Position(0), ReadLimit::default())
            .unwrap()
            .remove(0)
            .1
    };
    assert_eq!(
        read().payload.as_ptr(),
        read().payload.as_ptr(),
        "both are slices of the commit"
    );
}

#[test]
fn the_index_grows_with_bytes_and_finds_every_record_within_a_stride() {
    let mut index = Index::new(2);
    let seed = Seed::of_journal(1);
    let (mut offset, mut places) = (0, Vec::new());
    for nth in 0..100_000_u64 {
        // Slot 1 is written once in a thousand commits.
        let slot = usize::from(nth % 1_000 == 999);
        let mut encoder = Encoder::new(seed, 1, 0);
        encoder.chunk(1, 0, index.end(slot), [&Record::mark(nth)].into_iter());
        let entry = encoder.finish(nth).entries[0];
        let place = Place { segment: 1, offset };
        places.push((slot, entry.first, place));
        index.add(slot, &entry, place);
        offset += 350;
    }
    let bound = 2 * (offset / INDEX_STRIDE_BYTES + 1);
    assert!(
        (index.entries() as u64) <= bound,
        "{} entries for {offset} bytes",
        index.entries()
    );
    for (slot, position, place) in places {
        let before = index.before(slot, position).unwrap();
        assert!(before.offset <= place.offset && place.offset < before.offset + INDEX_STRIDE_BYTES);
    }
}

#[test]
fn a_commit_reads_back_chunk_by_chunk() {
    let seed = Seed::of_journal(77);
    let records: Vec<Record> = (0..10).map(record).collect();
    let mut encoder = Encoder::new(seed, 2, 0);
    encoder.chunk(1, 5, 40, records[..7].iter());
    encoder.chunk(3, 0, 9, records[7..].iter());
    let encoded = encoder.finish(123);
    let header = Header::parse(seed, &encoded.bytes).unwrap();
    assert_eq!((header.sequence, header.commit_bytes()), (123, encoded.bytes.len()));
    assert!(
        Header::parse(Seed::of_journal(78), &encoded.bytes).is_err(),
        "another journal's commit"
    );
    let directory_to = crate::format::HEADER_BYTES + header.directory_bytes();
    let entries = header
        .parse_directory(seed, &encoded.bytes[crate::format::HEADER_BYTES..directory_to])
        .unwrap();
    let mut bodies: Bytes = encoded.bytes.slice(directory_to..);
    let mut found = Vec::new();
    for (entry, (topic, partition, first, count)) in entries.iter().zip([(1, 5, 40, 7), (3, 0, 9, 3)]) {
        assert_eq!(
            (entry.topic, entry.partition, entry.first, entry.records),
            (topic, partition, first, count)
        );
        let mut body = bodies.split_to(entry.bytes as usize);
        assert!(entry.is_whole(seed, &body));
        found.extend((0..count).map(|_| take_record(&mut body).unwrap()));
        assert!(body.is_empty());
    }
    assert_eq!(found, records);
}

#[test]
fn long_runs_of_one_partition_are_split_into_chunks() {
    let folder = TempDir::new().unwrap();
    let (log, _) = LocalLog::open(options(folder.path())).unwrap();
    let total = 3 * MAX_CHUNK_RECORDS as u64 + 1;
    for nth in 0..total {
        log.append(
            Topic::Alerts,
            0,
            Record::mark(nth),
            Box::new(|outcome| assert!(outcome.is_ok())),
        );
    }
    log.close();
    assert_eq!(stamps(&log, Topic::Alerts, 0), (0..total).collect::<Vec<_>>());
}
