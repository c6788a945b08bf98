//! Damage on disk: what is cut off, what is refused, and what the messages say.

use std::{fs, path::Path};

use chappe_eventlog::{EventLog, Partitions, Position, ReadError, ReadLimit, SnapshotError, SnapshotStore, Topic};
use tempfile::TempDir;

use super::{append, first_segment, open, options, record, stamps};
use crate::{LocalLog, LocalOptions, MIN_SEGMENT_BYTES, OpenError, folder, format, segment};

/// A closed log of `records` commits of one record each; returns where each commit ends.
fn filled(folder: &Path, records: u64, segment_bytes: u64) -> Vec<u64> {
    let (log, _) = LocalLog::open(LocalOptions {
        segment_bytes,
        ..options(folder)
    })
    .unwrap();
    let sizes = (0..records).map(|nth| {
        append(&log, nth).unwrap();
        (format::HEADER_BYTES + format::ENTRY_BYTES + format::record_bytes(&record(nth))) as u64
    });
    sizes
        .scan(0, |end, size| {
            *end += size;
            Some(*end)
        })
        .collect()
}

fn flip(path: &Path, at: u64) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at as usize] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_torn_last_commit_is_cut_off_and_reported_wherever_it_is_torn() {
    let folder = TempDir::new().unwrap();
    let ends = filled(folder.path(), 5, 1 << 20);
    let path = first_segment(folder.path());
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len() as u64, ends[4]);
    for len in ends[3] + 1..ends[4] {
        fs::write(&path, &whole[..len as usize]).unwrap();
        let (log, report) = open(folder.path()).unwrap();
        assert_eq!(stamps(&log, Topic::Incidents, 0), [0, 1, 2, 3], "torn at {len}");
        let torn = report.torn_tail.unwrap();
        let kept = &whole[ends[3] as usize..len as usize];
        let zeros = kept.iter().rev().take_while(|byte| **byte == 0).count();
        assert_eq!((torn.offset, torn.bytes), (ends[3], (kept.len() - zeros) as u64));
        drop(log);
        assert_eq!(fs::metadata(&path).unwrap().len(), ends[3]);
    }
}

#[test]
fn every_flipped_byte_before_the_last_commit_refuses_to_open_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let ends = filled(folder.path(), 5, 1 << 20);
    let path = first_segment(folder.path());
    for at in 0..ends[3] {
        flip(&path, at);
        let before = fs::read(&path).unwrap();
        let broken = ends.iter().copied().filter(|end| *end <= at).max().unwrap_or(0);
        match open(folder.path()) {
            Err(OpenError::Corrupt { file, offset, .. }) => assert_eq!((file, offset), (path.clone(), broken)),
            other => panic!("flipped byte {at}: {other:?}"),
        }
        assert_eq!(fs::read(&path).unwrap(), before);
        flip(&path, at);
    }
    open(folder.path()).unwrap();
}

#[test]
fn damage_in_an_earlier_segment_or_a_missing_one_refuses_to_open() {
    let folder = TempDir::new().unwrap();
    filled(folder.path(), 60, MIN_SEGMENT_BYTES);
    let segments = folder::segments(folder.path()).unwrap();
    assert!(segments.len() > 3, "{} segments", segments.len());
    let (_, middle) = &segments[1];
    let whole = fs::read(middle).unwrap();
    fs::write(middle, &whole[..whole.len() - 1]).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(
        matches!(&error, OpenError::Corrupt { file, .. } if file == middle),
        "{error}"
    );
    fs::remove_file(middle).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("a segment is missing"), "{error}");
    fs::write(middle, whole).unwrap();
    assert_eq!(stamps(&open(folder.path()).unwrap().0, Topic::Incidents, 0).len(), 60);
}

#[test]
fn a_payload_that_looks_like_a_commit_does_not_pass_for_one() {
    // The bytes of a real commit of another log, sent as a payload whose commit is then torn.
    let other = TempDir::new().unwrap();
    filled(other.path(), 3, 1 << 20);
    let forged = fs::read(first_segment(other.path())).unwrap();
    let folder = TempDir::new().unwrap();
    filled(folder.path(), 1, 1 << 20);
    let path = first_segment(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"CHPJ torn");
    bytes.extend_from_slice(&forged);
    fs::write(&path, bytes).unwrap();
    let (log, report) = open(folder.path()).unwrap();
    assert_eq!(stamps(&log, Topic::Incidents, 0), [0]);
    assert_eq!(report.torn_tail.unwrap().bytes, 9 + forged.len() as u64);
}

#[test]
fn damage_that_comes_after_opening_is_noticed_by_the_read() {
    let folder = TempDir::new().unwrap();
    let ends = filled(folder.path(), 5, 1 << 20);
    let (log, _) = open(folder.path()).unwrap();
    flip(&first_segment(folder.path()), ends[2] - 1);
    let read = |from| log.read(Topic::Incidents, 0, Position(from), ReadLimit { records: 1, bytes: 1 });
    assert_eq!(read(1).unwrap()[0].1, record(1));
    assert!(matches!(read(2), Err(ReadError::Corrupt { .. })));
    assert_eq!(read(3).unwrap()[0].1, record(3));
}

#[test]
fn other_partitions_than_at_creation_are_refused_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    filled(folder.path(), 1, 1 << 20);
    let asked = Partitions::default().with(Topic::Incidents, 16);
    let error = LocalLog::open(LocalOptions {
        partitions: asked,
        ..options(folder.path())
    })
    .unwrap_err();
    assert!(matches!(
        error,
        OpenError::OtherPartitions {
            topic: Topic::Incidents,
            on_disk: 2,
            asked: 16,
            ..
        }
    ));
    assert!(error.to_string().contains("start with 2"), "{error}");
}

#[test]
fn a_second_process_is_kept_out_until_the_first_has_closed() {
    let folder = TempDir::new().unwrap();
    let (log, _) = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Locked { .. })));
    drop(log);
    open(folder.path()).unwrap();
}

#[test]
fn a_missing_or_damaged_meta_is_refused_beside_segments() {
    let folder = TempDir::new().unwrap();
    filled(folder.path(), 1, 1 << 20);
    let meta = folder.path().join("meta");
    let text = fs::read_to_string(&meta).unwrap();
    fs::write(&meta, text.replace("log 1", "log 2")).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::BadMeta { .. })));
    fs::remove_file(&meta).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::MetaMissing { .. })));
    fs::write(&meta, text).unwrap();
    open(folder.path()).unwrap();
}

#[test]
fn options_out_of_range_are_refused_before_anything_is_made() {
    let folder = TempDir::new().unwrap();
    let inside = folder.path().join("log");
    let bad: [fn(LocalOptions) -> LocalOptions; 3] = [
        |options| LocalOptions {
            segment_bytes: MIN_SEGMENT_BYTES - 1,
            ..options
        },
        |options| LocalOptions {
            queue_records: 0,
            ..options
        },
        |options| LocalOptions {
            queue_bytes: 1,
            ..options
        },
    ];
    for change in bad {
        assert!(matches!(
            LocalLog::open(change(options(&inside))),
            Err(OpenError::BadOption { .. })
        ));
        assert!(!inside.exists());
    }
}

#[test]
fn a_damaged_snapshot_is_refused_and_a_draft_is_no_snapshot() {
    let folder = TempDir::new().unwrap();
    let (log, _) = open(folder.path()).unwrap();
    log.save("shard-0", b"state").unwrap();
    let path = folder.path().join("snapshots").join("shard-0.snapshot");
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() as u64 {
        flip(&path, at);
        assert!(
            matches!(log.load("shard-0"), Err(SnapshotError::Corrupt { .. })),
            "flipped byte {at}"
        );
        flip(&path, at);
    }
    fs::write(path.with_extension("new"), &whole[..7]).unwrap();
    assert_eq!(log.load("shard-0"), Ok(Some(b"state".to_vec())));
    log.save("shard-0", b"newer").unwrap();
    assert_eq!(log.load("shard-0"), Ok(Some(b"newer".to_vec())));
}

#[test]
fn an_empty_last_segment_opens() {
    let folder = TempDir::new().unwrap();
    filled(folder.path(), 3, 1 << 20);
    fs::write(folder.path().join(segment::file_name(4)), b"").unwrap();
    let (log, report) = open(folder.path()).unwrap();
    assert_eq!((report.segments, report.records), (2, 3));
    assert_eq!(append(&log, 3), Ok(Position(3)));
}

#[test]
fn zeros_at_the_end_of_segments_are_no_damage() {
    let folder = TempDir::new().unwrap();
    filled(folder.path(), 60, MIN_SEGMENT_BYTES);
    let segments = folder::segments(folder.path()).unwrap();
    for (_, path) in &segments {
        let len = fs::metadata(path).unwrap().len();
        fs::OpenOptions::new()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(len + 500_000)
            .unwrap();
    }
    let (log, report) = open(folder.path()).unwrap();
    assert_eq!((report.records, report.torn_tail), (60, None));
    assert_eq!(stamps(&log, Topic::Incidents, 0), (0..60).collect::<Vec<_>>());
    assert_eq!(append(&log, 60), Ok(Position(60)));
}

#[test]
fn a_segment_wiped_to_zeros_in_the_middle_refuses_to_open() {
    let folder = TempDir::new().unwrap();
    filled(folder.path(), 60, MIN_SEGMENT_BYTES);
    let (_, middle) = &folder::segments(folder.path()).unwrap()[1];
    fs::write(middle, vec![0; MIN_SEGMENT_BYTES as usize]).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Corrupt { .. })));
}
