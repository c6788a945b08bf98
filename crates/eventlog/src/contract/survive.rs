//! What crashes and failures leave.

use super::{Subject, append, fill, read_all, record};
use crate::{AppendError, EventLog, Position, SnapshotStore, Topic, append_blocking};

/// A crash keeps every acknowledged record in place; of the others it keeps, if any, the first.
pub fn a_crash_keeps_what_was_acknowledged<S: Subject>(subject: &S) {
    let log = subject.create();
    fill(&log, Topic::Incidents, 0, 0..120);
    fill(&log, Topic::Incidents, 1, 500..510);
    let untold: Vec<_> = (120..140)
        .map(|nth| append(&log, Topic::Incidents, 0, record(nth)))
        .collect();
    let log = subject.crash(log);
    drop(untold);
    let found = read_all(&log, Topic::Incidents, 0);
    assert!(
        (120..=140).contains(&found.len()),
        "{} records of 120 acknowledged and 20 more",
        found.len()
    );
    for (nth, found) in found.iter().enumerate() {
        assert_eq!(found, &record(nth as u64));
    }
    let want: Vec<_> = (500..510).map(record).collect();
    assert_eq!(read_all(&log, Topic::Incidents, 1), want);
    assert_eq!(log.health(), Ok(()));
}

/// After each of several crashes, the next record gets the next position.
pub fn positions_go_on_after_a_crash<S: Subject>(subject: &S) {
    let mut log = subject.create();
    for round in 0..3 {
        for nth in 0..10 {
            let want = Position(round * 10 + nth);
            assert_eq!(append_blocking(&log, Topic::Alerts, 0, record(want.0)), Ok(want));
        }
        log = subject.crash(log);
        assert_eq!(log.end(Topic::Alerts, 0), Position(round * 10 + 10));
    }
    let want: Vec<_> = (0..30).map(record).collect();
    assert_eq!(read_all(&log, Topic::Alerts, 0), want);
}

/// A snapshot saved is the one loaded, also after a crash; names are checked and do not mix.
pub fn snapshots_are_replaced_whole<S: Subject<Log: SnapshotStore>>(subject: &S) {
    let log = subject.create();
    assert_eq!(log.load("shard-0"), Ok(None));
    for (name, blob) in [("shard-0", &b"first"[..]), ("shard-1", b""), ("shard-0", &[7; 100_000])] {
        log.save(name, blob).expect("a save succeeds");
        assert_eq!(log.load(name), Ok(Some(blob.to_vec())));
    }
    for name in ["", "../escape", "UPPER", "a b", &"n".repeat(65)] {
        assert!(log.save(name, b"x").is_err(), "{name:?} is no name");
        assert!(log.load(name).is_err(), "{name:?} is no name");
    }
    let log = subject.crash(log);
    assert_eq!(log.load("shard-0"), Ok(Some(vec![7; 100_000])));
    assert_eq!(log.load("shard-1"), Ok(Some(vec![])));
    assert_eq!(log.load("shard-2"), Ok(None));
}

/// After a failed sync the outcome is unknown, nothing more is accepted, what was durable stays readable, and opening
/// anew works. Does nothing if the subject cannot fail a sync.
pub fn a_failed_sync_stops_the_log<S: Subject>(subject: &S) {
    let log = subject.create();
    fill(&log, Topic::Incidents, 0, 0..5);
    if !subject.fail_next_sync(&log) {
        return;
    }
    let failed = append_blocking(&log, Topic::Incidents, 0, record(5)).expect_err("its sync fails");
    assert!(!failed.is_surely_absent(), "the record may be there: {failed}");
    assert!(matches!(log.health(), Err(AppendError::Failed { .. })));
    for nth in 6..9 {
        let refused = append_blocking(&log, Topic::Incidents, 1, record(nth)).expect_err("the log has stopped");
        assert!(matches!(refused, AppendError::Failed { .. }), "{refused}");
        assert!(refused.is_surely_absent() && !refused.is_retryable());
    }
    assert_eq!(
        read_all(&log, Topic::Incidents, 0),
        (0..5).map(record).collect::<Vec<_>>()
    );
    let log = subject.crash(log);
    let found = read_all(&log, Topic::Incidents, 0);
    assert!(found == (0..5).map(record).collect::<Vec<_>>() || found == (0..6).map(record).collect::<Vec<_>>());
    assert_eq!(log.end(Topic::Incidents, 1), Position(0));
    assert_eq!(append_blocking(&log, Topic::Incidents, 1, record(9)), Ok(Position(0)));
}
