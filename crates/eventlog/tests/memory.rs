//! What a user of the in-memory log relies on: the contract, and faults that do what the plan says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chappe_eventlog::{
    AppendError, AppendFault, AtCrash, EventLog, FaultPlan, FaultRates, Hold, MAX_HELD_APPENDS, MemoryLog, Partitions,
    Position, ReadLimit, Record, Topic, append_blocking,
};

#[cfg(feature = "contract")]
#[test]
fn the_memory_log_keeps_the_contract() {
    use chappe_eventlog::contract::{Subject, run_all, run_snapshots};

    struct InMemory(AtCrash);

    impl Subject for InMemory {
        type Log = MemoryLog;

        fn create(&self) -> MemoryLog {
            MemoryLog::with_faults(Partitions::default(), FaultPlan::none().at_crash(self.0))
        }

        fn crash(&self, log: MemoryLog) -> MemoryLog {
            log.crash(FaultPlan::none().at_crash(self.0))
        }

        fn fail_next_sync(&self, log: &MemoryLog) -> bool {
            log.set_faults(FaultPlan::none().at_crash(self.0).at(1, AppendFault::FailedSync));
            true
        }
    }

    for at_crash in [
        AtCrash::Lost,
        AtCrash::Kept,
        AtCrash::TornTail,
        AtCrash::Prefix { seed: 3 },
    ] {
        run_all(&InMemory(at_crash));
        run_snapshots(&InMemory(at_crash));
    }
}

type Told = Arc<Mutex<Vec<(u64, Result<Position, AppendError>)>>>;

/// Appends record `nth` to the first incidents partition; its outcome is noted in `told`.
fn append(log: &MemoryLog, told: &Told, nth: u64) {
    let told = Arc::clone(told);
    let note = Box::new(move |outcome| told.lock().unwrap().push((nth, outcome)));
    log.append(Topic::Incidents, 0, record(nth), note);
}

fn record(nth: u64) -> Record {
    Record::data(nth, Bytes::new(), Bytes::from(nth.to_string()))
}

fn stamps(log: &MemoryLog) -> Vec<u64> {
    let found = log
        .read(Topic::Incidents, 0, Position(0), ReadLimit::default())
        .unwrap();
    found.into_iter().map(|(_, record)| record.stamp_ms).collect()
}

fn planned(plan: FaultPlan) -> (MemoryLog, Told) {
    (MemoryLog::with_faults(Partitions::default(), plan), Told::default())
}

#[test]
fn each_fault_answers_and_writes_as_it_says() {
    let plan = FaultPlan::none()
        .at(2, AppendFault::Refused)
        .at(3, AppendFault::UnknownWritten)
        .at(4, AppendFault::UnknownLost)
        .at(5, AppendFault::DiskFull);
    let (log, told) = planned(plan);
    (1..=6).for_each(|nth| append(&log, &told, nth));
    assert_eq!(stamps(&log), [1, 3, 6]);
    let told = told.lock().unwrap();
    assert_eq!(told[0], (1, Ok(Position(0))));
    assert!(matches!(&told[1].1, Err(AppendError::Refused { .. })));
    assert!(matches!(&told[2].1, Err(AppendError::Unknown { .. })));
    assert!(matches!(&told[3].1, Err(AppendError::Unknown { .. })));
    assert_eq!(told[4].1, Err(AppendError::DiskFull));
    assert_eq!(told[5], (6, Ok(Position(2))));
}

#[test]
fn held_writes_become_durable_and_told_when_released() {
    let (log, told) = planned(FaultPlan::none().hold(Hold::Write));
    (1..=4).for_each(|nth| append(&log, &told, nth));
    assert_eq!((stamps(&log), log.held(), told.lock().unwrap().len()), (vec![], 4, 0));
    assert_eq!(log.release(3), 3);
    assert_eq!(
        (stamps(&log), log.held(), told.lock().unwrap().len()),
        (vec![1, 2, 3], 1, 3)
    );
    log.close();
    assert_eq!((stamps(&log), told.lock().unwrap().len()), (vec![1, 2, 3, 4], 4));
}

#[test]
fn held_answers_leave_the_record_readable_and_come_in_order() {
    let (log, told) = planned(FaultPlan::none().hold(Hold::Ack));
    (1..=2).for_each(|nth| append(&log, &told, nth));
    log.set_faults(FaultPlan::none());
    append(&log, &told, 3);
    assert_eq!((stamps(&log), told.lock().unwrap().len()), (vec![1, 2, 3], 0));
    log.release_all();
    let told = told.lock().unwrap();
    assert_eq!(
        *told,
        (1..=3).map(|nth| (nth, Ok(Position(nth - 1)))).collect::<Vec<_>>()
    );
}

#[test]
fn a_crash_leaves_what_the_plan_says_and_tells_nobody() {
    for (at_crash, want) in [
        (AtCrash::Lost, vec![1]),
        (AtCrash::Kept, vec![1, 2, 3, 4]),
        (AtCrash::TornTail, vec![1, 2, 3]),
    ] {
        let (log, told) = planned(FaultPlan::none().hold(Hold::Write).at_crash(at_crash));
        append(&log, &told, 1);
        log.release_all();
        (2..=4).for_each(|nth| append(&log, &told, nth));
        let after = log.crash(FaultPlan::none());
        assert_eq!(stamps(&after), want, "{at_crash:?}");
        assert_eq!(
            append_blocking(&log, Topic::Incidents, 0, record(9)),
            Err(AppendError::Closed)
        );
        log.release_all();
        assert_eq!(told.lock().unwrap().len(), 1, "only what was released before the crash");
    }
}

#[test]
fn a_failed_sync_makes_every_unwritten_append_unknown() {
    let (log, told) = planned(
        FaultPlan::none()
            .hold(Hold::Write)
            .at(3, AppendFault::FailedSync)
            .at_crash(AtCrash::Kept),
    );
    (1..=4).for_each(|nth| append(&log, &told, nth));
    log.release_all();
    assert_eq!(stamps(&log), [0; 0], "what is not durable is not readable");
    {
        let told = told.lock().unwrap();
        assert!(
            told[..3]
                .iter()
                .all(|(_, outcome)| matches!(outcome, Err(AppendError::Unknown { .. })))
        );
        assert!(matches!(&told[3].1, Err(AppendError::Failed { .. })));
    }
    assert_eq!(stamps(&log.crash(FaultPlan::none())), [1, 2, 3], "the plan kept them");
}

#[test]
fn equal_seeds_give_equal_runs() {
    let rates = FaultRates {
        refused_per_mille: 200,
        unknown_written_per_mille: 100,
        unknown_lost_per_mille: 100,
    };
    let run = |seed| {
        let (log, told) = planned(FaultPlan::seeded(seed, rates));
        (1..=300).for_each(|nth| append(&log, &told, nth));
        let told = told.lock().unwrap().clone();
        (stamps(&log), told)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn it_has_a_bound_on_bytes_and_on_what_it_holds() {
    let log = MemoryLog::new().with_capacity(10);
    let of = |bytes| Record::data(0, Bytes::new(), Bytes::from(vec![0; bytes]));
    append_blocking(&log, Topic::Config, 0, of(8)).unwrap();
    assert_eq!(
        append_blocking(&log, Topic::Config, 0, of(3)),
        Err(AppendError::DiskFull)
    );
    append_blocking(&log, Topic::Config, 0, of(2)).unwrap();

    let (log, told) = planned(FaultPlan::none().hold(Hold::Write));
    (0..=MAX_HELD_APPENDS as u64).for_each(|nth| append(&log, &told, nth));
    let told = told.lock().unwrap();
    assert!(matches!(told.as_slice(), [(last, Err(AppendError::Refused { .. }))] if *last == MAX_HELD_APPENDS as u64));
}

#[test]
fn a_callback_may_append_again() {
    let log = MemoryLog::new();
    let again = log.clone();
    let on_durable = Box::new(move |_| again.append(Topic::Incidents, 0, record(2), Box::new(|_| ())));
    log.append(Topic::Incidents, 0, record(1), on_durable);
    assert_eq!(stamps(&log), [1, 2]);
}
