//! Looking at a log from outside.
use super::*;
use crate::{inspect, measure_syncs};
use chappe_eventlog::SnapshotStore;

#[test]
fn a_log_is_seen_as_it_is_and_not_changed() {
    let folder = TempDir::new().unwrap();
    let at = folder.path().join("log");
    assert_eq!(inspect(&at).unwrap(), None, "no log yet");
    let (log, _) = LocalLog::open(options(&at)).unwrap();
    for nth in 1..=40 {
        append(&log, nth).unwrap();
    }
    append_blocking(&log, Topic::Incidents, 1, Record::mark(99)).unwrap();
    log.save("shard-0", b"state").unwrap();
    let seen = inspect(&at).unwrap().unwrap();
    assert!(seen.in_use);
    assert_eq!(seen.report.torn_tail, None);
    assert_eq!(seen.newest_stamp_ms, Some(99));
    assert_eq!(seen.newest_incident, Some(record(40)), "a time mark is no incident");
    assert_eq!(seen.snapshots, [("shard-0".to_owned(), Ok(25))]);
    drop(log);

    let journal = first_segment(&at);
    let whole = fs::read(&journal).unwrap();
    fs::write(&journal, &whole[..whole.len() - 3]).unwrap();
    fs::write(at.join("snapshots/shard-0.snapshot"), b"CHPSbroken").unwrap();
    let seen = inspect(&at).unwrap().unwrap();
    assert!(!seen.in_use && seen.report.torn_tail.is_some(), "{seen:?}");
    assert!(seen.snapshots[0].1.is_err());
    assert_eq!(
        fs::read(&journal).unwrap().len(),
        whole.len() - 3,
        "nothing was cut off"
    );

    let mut damaged = whole;
    damaged[60] ^= 1;
    fs::write(&journal, &damaged).unwrap();
    assert!(matches!(inspect(&at), Err(OpenError::Corrupt { .. })));
    fs::remove_file(at.join("meta")).unwrap();
    assert!(matches!(inspect(&at), Err(OpenError::MetaMissing { .. })));
}

#[test]
fn a_folder_that_is_measured_is_left_as_it_was() {
    let folder = TempDir::new().unwrap();
    assert_eq!(measure_syncs(folder.path(), 3).unwrap().len(), 3);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(measure_syncs(&folder.path().join("absent"), 1).is_err());
}
