//! Time passes in the log.

use std::sync::Arc;

use chappe_eventlog::{AppendError, AppendFault, EventLog, FaultPlan, Hold, Position, ReadLimit, RecordKind, Topic};
use chappe_ingest::RunError;
use tokio::sync::oneshot;
use tonic::Code;

use crate::installation::{Installation, START, options, report};

/// The stamps of the marks of each partition.
fn marks(it: &Installation) -> Vec<Vec<u64>> {
    let read = |partition| {
        it.log
            .read(Topic::Incidents, partition, Position(0), ReadLimit::default())
            .unwrap()
    };
    let stamps = |partition| {
        read(partition)
            .iter()
            .filter(|(_, r)| r.kind == RecordKind::Mark)
            .map(|(_, r)| r.stamp_ms)
            .collect()
    };
    (0..it.log.partitions(Topic::Incidents)).map(stamps).collect()
}

#[tokio::test]
async fn a_mark_reaches_every_partition_and_is_told_once_durable() {
    let it = Installation::new();
    it.clock.advance_millis(5);
    assert_eq!(it.service.handle().mark_now().await, Ok(START.plus(5)));
    let all = marks(&it);
    assert!(
        all.len() >= 8 && all.iter().all(|stamps| *stamps == [START.plus(5).as_millis()]),
        "{all:?}"
    );
}

#[test]
fn a_mark_waits_for_the_last_partition() {
    let it = Installation::with(options(), FaultPlan::none().hold(Hold::Write));
    let (tell, mut told) = oneshot::channel();
    it.desk.mark(Box::new(move |outcome| drop(tell.send(outcome))));
    let partitions = usize::from(it.log.partitions(Topic::Incidents));
    it.log.release(partitions - 1);
    assert!(told.try_recv().is_err());
    it.log.release(1);
    assert_eq!(told.try_recv().unwrap(), Ok(START));
}

#[tokio::test]
async fn a_mark_tells_what_went_wrong() {
    let it = Installation::with(options(), FaultPlan::none().at(3, AppendFault::DiskFull));
    assert_eq!(it.service.handle().mark_now().await, Err(AppendError::DiskFull));
    assert!(it.service.handle().mark_now().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_running_service_marks_at_each_interval_and_stops_when_told() {
    let it = Installation::new();
    let (log, clock) = (it.log.clone(), it.clock.clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let advanced = Arc::new(tokio::sync::Notify::new());
    let wake = Arc::clone(&advanced);
    log.on_advance(Topic::Incidents, Arc::new(move || wake.notify_one()));
    let running = tokio::spawn(it.service.run(async { drop(stopped.await) }));
    for round in 1..=3 {
        while (0..log.partitions(Topic::Incidents)).any(|p| log.end(Topic::Incidents, p).0 < round) {
            advanced.notified().await;
        }
        clock.advance_millis(1_000);
    }
    stop.send(()).unwrap();
    assert_eq!(running.await.unwrap(), Ok(()));
    let stamps = |p| {
        log.read(Topic::Incidents, p, Position(0), ReadLimit::default())
            .unwrap()
            .iter()
            .map(|(_, r)| r.stamp_ms)
            .collect::<Vec<_>>()
    };
    let start = START.as_millis();
    assert_eq!(stamps(0)[..3], [start, start + 1_000, start + 2_000]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_sync_stops_the_service_at_once() {
    let it = Installation::with(options(), FaultPlan::none().at(100, AppendFault::FailedSync));
    let desk = it.desk.clone();
    let answers: Vec<_> = (0..100)
        .map(|n| it.submit("csirt-at", &report(&format!("K{n}"))))
        .collect();
    assert_eq!(answers[98].code(), Code::Ok);
    assert_eq!(answers[99].code(), Code::Unavailable);
    let stopped = it.service.run(std::future::pending()).await;
    assert!(
        matches!(stopped, Err(RunError::Log(AppendError::Failed { .. }))),
        "{stopped:?}"
    );
    drop(desk);
}
