//! Several processes on one log, and messages of nobody's.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use chappe_eventlog::{AppendError, EventLog, Position, ReadLimit, Record, Topic, append_blocking};

use super::{append, fill, on_brokers, open, produce, record, stamps};

const WAIT: Duration = Duration::from_secs(20);

#[test]
fn two_handles_see_and_wake_each_other() {
    let Some(options) = on_brokers("two_handles", 3) else {
        return;
    };
    let (one, other) = (open(&options), open(&options));
    let (wake, woken) = mpsc::channel();
    other.on_advance(Topic::Incidents, Arc::new(move || wake.send(()).unwrap_or_default()));
    for nth in 0..20 {
        let position = append_blocking(&one, Topic::Incidents, 0, record(nth)).unwrap();
        while other.end(Topic::Incidents, 0) <= position {
            woken.recv_timeout(WAIT).expect("a wake after each advance");
        }
        let found = other.read(Topic::Incidents, 0, position, ReadLimit::default()).unwrap();
        assert_eq!(found, [(position, record(nth))]);
    }
    // Both append at once: both see the same order.
    thread::scope(|scope| {
        scope.spawn(|| fill(&one, Topic::Incidents, 100..300));
        scope.spawn(|| fill(&other, Topic::Incidents, 300..500));
    });
    let end = one.end(Topic::Incidents, 0).max(other.end(Topic::Incidents, 0));
    assert_eq!(end, Position(420));
    append_blocking(&one, Topic::Incidents, 0, record(999)).unwrap();
    while other.end(Topic::Incidents, 0) <= end {
        woken.recv_timeout(WAIT).expect("a wake after the last advance");
    }
    let seen = stamps(&one, Topic::Incidents, Position(0), ReadLimit::default());
    assert_eq!(
        seen,
        stamps(&other, Topic::Incidents, Position(0), ReadLimit::default())
    );
    for theirs in [100..300, 300..500] {
        let order: Vec<u64> = seen
            .iter()
            .map(|(_, stamp)| *stamp)
            .filter(|stamp| theirs.contains(stamp))
            .collect();
        assert_eq!(order, theirs.collect::<Vec<_>>());
    }
}

#[test]
fn a_message_of_nobody_s_is_read_as_unreadable_data() {
    let Some(options) = on_brokers("a_message_of_nobody_s", 1) else {
        return;
    };
    let log = open(&options);
    fill(&log, Topic::Config, 0..2);
    produce(&options, Topic::Config, Some(b"key"), Some(b"{\"not\": \"ours\"}"));
    produce(&options, Topic::Config, Some(b"key"), None);
    fill(&log, Topic::Config, 2..4);
    let check = |found: &[(Position, Record)]| {
        let stamps: Vec<u64> = found.iter().map(|(_, record)| record.stamp_ms).collect();
        assert_eq!(stamps, [0, 1, 0, 0, 2, 3]);
        for (_, foreign) in &found[2..4] {
            assert!(
                foreign.key.is_empty() && foreign.payload.starts_with(b"\x07"),
                "{foreign:?}"
            );
        }
    };
    // From the window, and from history by a process that comes later.
    for log in [log, open(&options)] {
        let mut found = Vec::new();
        while found.len() < 6 {
            let from = Position(found.len() as u64);
            found.extend(log.read(Topic::Config, 0, from, ReadLimit::default()).unwrap());
        }
        check(&found);
    }
}

#[test]
fn closing_tells_all_and_so_does_dropping() {
    let Some(options) = on_brokers("closing_tells_all", 1) else {
        return;
    };
    let log = open(&options);
    let told: Vec<_> = (0..2_000)
        .map(|nth| append(&log, Topic::Incidents, record(nth)))
        .collect();
    log.close();
    for (nth, told) in (0..).zip(told) {
        assert_eq!(told.try_recv().expect("told before close returns"), Ok(Position(nth)));
    }
    assert_eq!(
        append_blocking(&log, Topic::Incidents, 0, record(1)),
        Err(AppendError::Closed)
    );
    assert_eq!(
        stamps(&log, Topic::Incidents, Position(0), ReadLimit::default()).len(),
        2_000
    );
    drop(log);
    let log = open(&options);
    let told: Vec<_> = (0..2_000)
        .map(|nth| append(&log, Topic::Incidents, record(nth)))
        .collect();
    drop(log);
    assert!(
        told.into_iter()
            .all(|told| told.try_recv().expect("told before it is gone").is_ok())
    );
}

#[test]
fn a_callback_may_append_read_close_and_be_the_last_owner() {
    let Some(options) = on_brokers("a_callback", 1) else {
        return;
    };
    let log = Arc::new(open(&options));
    let (tell, told) = mpsc::channel();
    let inner = Arc::clone(&log);
    let on_durable = Box::new(move |outcome: Result<Position, AppendError>| {
        let position = outcome.unwrap();
        let found = inner.read(Topic::Alerts, 0, position, ReadLimit::default()).unwrap();
        let again = tell.clone();
        inner.append(
            Topic::Alerts,
            0,
            record(1),
            Box::new(move |outcome| again.send(outcome).unwrap()),
        );
        inner.close();
        assert_eq!(found.len(), 1);
        drop(tell);
    });
    log.append(Topic::Alerts, 0, record(0), on_durable);
    drop(log);
    assert_eq!(told.recv_timeout(WAIT).unwrap(), Ok(Position(1)));
    assert!(told.recv_timeout(WAIT).is_err(), "the callbacks are gone");
}
