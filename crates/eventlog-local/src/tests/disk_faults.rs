//! What a failing disk does to appends, and what it must not do to the journal.

use std::{fs, io, sync::Arc};

use chappe_eventlog::{AppendError, EventLog, Position, Topic, append_blocking};
use tempfile::TempDir;

use super::{
    append,
    faulty_disk::{Event, FaultyDisk},
    first_segment, open, open_faulty, options, queue, record, stamps,
};
use crate::{LocalLog, LocalOptions, MIN_SEGMENT_BYTES, format};

#[test]
fn success_is_told_only_behind_the_sync_that_follows_the_write() {
    let folder = TempDir::new().unwrap();
    let (log, disk) = open_faulty(&folder);
    disk.take_events();
    let disk_then = Arc::clone(&disk);
    let (tell, told) = std::sync::mpsc::channel();
    let on_durable = Box::new(move |outcome| tell.send((outcome, disk_then.take_events())).unwrap());
    log.append(Topic::Incidents, 0, record(1), on_durable);
    assert_eq!(told.recv().unwrap(), (Ok(Position(0)), vec![Event::Write, Event::Sync]));
}

#[test]
fn what_waits_for_one_sync_shares_the_next() {
    let folder = TempDir::new().unwrap();
    let (log, disk) = open_faulty(&folder);
    disk.take_events();
    let write = disk.hold_write();
    // The first append may be taken alone; all others wait behind its write, in both partitions and another topic.
    let first = queue(&log, 0);
    let others: Vec<_> = (1..100).map(|nth| queue(&log, nth)).collect();
    drop(write);
    assert_eq!(first.recv().unwrap(), Ok(Position(0)));
    for (nth, other) in others.into_iter().enumerate() {
        assert_eq!(other.recv().unwrap(), Ok(Position(nth as u64 + 1)));
    }
    let events = disk.take_events();
    assert!(
        events.len() <= 4,
        "a hundred records took {} disk operations",
        events.len()
    );
}

#[test]
fn a_full_disk_refuses_and_the_log_goes_on_once_there_is_room() {
    let folder = TempDir::new().unwrap();
    let (log, disk) = open_faulty(&folder);
    append(&log, 0).unwrap();
    let one_commit = (format::HEADER_BYTES + format::ENTRY_BYTES + format::record_bytes(&record(0))) as u64;
    for reached in [0, 1, 60] {
        disk.fail_write(reached, io::ErrorKind::StorageFull);
        assert_eq!(append(&log, 1), Err(AppendError::DiskFull));
        assert_eq!(
            fs::metadata(first_segment(folder.path())).unwrap().len(),
            one_commit,
            "what was written is gone"
        );
    }
    assert_eq!(log.health(), Ok(()));
    assert_eq!(append(&log, 2), Ok(Position(1)));
    drop(log);
    let (log, report) = open(folder.path()).unwrap();
    assert_eq!(
        (stamps(&log, Topic::Incidents, 0), report.torn_tail),
        (vec![0, 2], None)
    );
}

#[test]
fn another_failed_write_is_refused_and_undone_too() {
    let folder = TempDir::new().unwrap();
    let (log, disk) = open_faulty(&folder);
    disk.fail_write(30, io::ErrorKind::Other);
    let refused = append(&log, 1).unwrap_err();
    assert!(
        matches!(refused, AppendError::Refused { .. }) && refused.is_retryable(),
        "{refused}"
    );
    assert_eq!(append(&log, 1), Ok(Position(0)));
}

#[test]
fn a_write_that_cannot_be_undone_stops_the_log() {
    let folder = TempDir::new().unwrap();
    let (log, disk) = open_faulty(&folder);
    append(&log, 0).unwrap();
    disk.fail_set_len();
    disk.fail_write(30, io::ErrorKind::StorageFull);
    assert!(matches!(append(&log, 1), Err(AppendError::Unknown { .. })));
    assert!(matches!(append(&log, 2), Err(AppendError::Failed { .. })));
    assert!(matches!(log.health(), Err(AppendError::Failed { .. })));
    drop(log);
    let (log, report) = open(folder.path()).unwrap();
    assert_eq!(stamps(&log, Topic::Incidents, 0), [0]);
    // Its last byte may be a zero, as is what follows.
    assert!((29..=30).contains(&report.torn_tail.unwrap().bytes));
}

#[test]
fn a_failed_sync_makes_its_commit_unknown_and_what_waits_surely_absent() {
    let folder = TempDir::new().unwrap();
    let (log, disk) = open_faulty(&folder);
    append(&log, 0).unwrap();
    let write = disk.hold_write();
    let first = queue(&log, 1);
    // Once the queue gives room for no more than its limit, all of these wait behind the first commit or are in it.
    let others: Vec<_> = (2..50).map(|nth| queue(&log, nth)).collect();
    disk.fail_sync();
    drop(write);
    assert!(matches!(first.recv().unwrap(), Err(AppendError::Unknown { .. })));
    let outcomes: Vec<_> = others
        .into_iter()
        .map(|told| told.recv().unwrap().unwrap_err())
        .collect();
    let unknown = outcomes
        .iter()
        .take_while(|error| matches!(error, AppendError::Unknown { .. }))
        .count();
    let failed = outcomes
        .iter()
        .skip(unknown)
        .all(|error| matches!(error, AppendError::Failed { .. }));
    assert!(failed, "those not in the failed commit are surely absent");
    assert_eq!(
        stamps(&log, Topic::Incidents, 0),
        [0],
        "what was not synced is not readable"
    );
    drop(log);
    let (log, _) = open(folder.path()).unwrap();
    let want: Vec<u64> = (0..2 + unknown as u64).collect();
    assert_eq!(
        stamps(&log, Topic::Incidents, 0),
        want,
        "the commit as a whole, and nothing else"
    );
}

#[test]
fn the_last_commit_is_written_and_synced_again_at_open() {
    let folder = TempDir::new().unwrap();
    let (log, disk) = open_faulty(&folder);
    disk.fail_sync();
    append(&log, 0).unwrap_err();
    drop(log);
    let disk = Arc::new(FaultyDisk::default());
    let (_log, _) = LocalLog::open_on(options(folder.path()), Arc::clone(&disk) as _).unwrap();
    assert_eq!(disk.take_events(), [Event::Write, Event::Sync]);
}

#[test]
fn a_segment_that_cannot_begin_refuses_and_an_unsynced_name_stops() {
    let folder = TempDir::new().unwrap();
    let disk = Arc::new(FaultyDisk::default());
    let small = LocalOptions {
        segment_bytes: MIN_SEGMENT_BYTES,
        ..options(folder.path())
    };
    let (log, _) = LocalLog::open_on(small, Arc::clone(&disk) as _).unwrap();
    let fill = |from: u64| {
        (from..)
            .find_map(|nth| append(&log, nth).err().map(|error| (nth, error)))
            .unwrap()
    };
    disk.fail_open(Some(io::ErrorKind::StorageFull));
    let (nth, error) = fill(0);
    assert_eq!(error, AppendError::DiskFull);
    disk.fail_open(None);
    assert_eq!(append(&log, nth), Ok(Position(nth)));
    disk.fail_folder();
    let (last, error) = fill(nth + 1);
    assert!(matches!(error, AppendError::Failed { .. }), "{error}");
    drop(log);
    let (log, _) = open(folder.path()).unwrap();
    assert_eq!(stamps(&log, Topic::Incidents, 0), (0..last).collect::<Vec<_>>());
}

#[test]
fn a_full_queue_refuses_at_once_and_nothing_accepted_is_lost() {
    let folder = TempDir::new().unwrap();
    let disk = Arc::new(FaultyDisk::default());
    let short = LocalOptions {
        queue_records: 10,
        ..options(folder.path())
    };
    let (log, _) = LocalLog::open_on(short, Arc::clone(&disk) as _).unwrap();
    let write = disk.hold_write();
    let told: Vec<_> = (0..40).map(|nth| queue(&log, nth)).collect();
    let refused = |told: &std::sync::mpsc::Receiver<_>| matches!(told.try_recv(), Ok(Err(AppendError::Refused { .. })));
    let refusals = told.iter().filter(|told| refused(told)).count();
    assert!(
        (20..=30).contains(&refusals),
        "{refusals} refused of 40, with room for 10 and at most 10 being written"
    );
    drop(write);
    log.close();
    assert_eq!(stamps(&log, Topic::Incidents, 0).len(), 40 - refusals);
}

#[test]
fn a_panicking_callback_harms_no_other_append() {
    let folder = TempDir::new().unwrap();
    let (log, _) = open_faulty(&folder);
    log.append(Topic::Config, 0, record(0), Box::new(|_| panic!("planned")));
    assert_eq!(append_blocking(&log, Topic::Config, 0, record(1)), Ok(Position(1)));
}
