//! SIGTERM while a thousand streams are open, connections are stuck in their handshake and a client hangs: the program exits within the
//! promised 10 s, and nothing acknowledged is lost.
//!
//! `CHAPPE_SHUTDOWNS` sets how often each program is ended (3).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "shutdown/crowd.rs"]
mod crowd;
#[path = "services/installation.rs"]
mod installation;
#[path = "shutdown/reporting.rs"]
mod reporting;

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use chappe_kafka_cluster::is_available;
use chappe_tests::{Program, revisions};

use crowd::Crowd;
use installation::Services;
use reporting::Reporting;

/// How often, unless `CHAPPE_SHUTDOWNS` says otherwise.
const SHUTDOWNS: usize = 3;
/// What is promised.
const EXIT: Duration = Duration::from_secs(10);
/// Reports acknowledged before the end begins.
const ACKNOWLEDGED_MIN: usize = 200;

fn shutdowns() -> usize {
    std::env::var("CHAPPE_SHUTDOWNS").map_or(SHUTDOWNS, |count| count.parse().expect("CHAPPE_SHUTDOWNS is a number"))
}

/// Every report key that the log of the program holds.
fn stored(program: &Program) -> BTreeSet<String> {
    let log = program.log().unwrap();
    let mut keys = BTreeSet::new();
    for (accepted, _) in revisions(&*log).unwrap() {
        keys.insert(accepted.incident.report_key.as_str().to_owned());
    }
    keys
}

/// Ends programs at once; how long the slowest took.
async fn end(programs: Vec<&mut Program>) -> Duration {
    let began = Instant::now();
    for program in &programs {
        program.terminate().unwrap();
    }
    let mut slowest = Duration::ZERO;
    for program in programs {
        let status = tokio::task::block_in_place(|| program.wait()).unwrap();
        slowest = slowest.max(began.elapsed());
        assert!(status.success(), "it ended with {status}:\n{}", program.said());
        assert!(slowest <= EXIT, "{slowest:?}:\n{}", program.said());
    }
    slowest
}

fn nothing_is_lost(program: &Program, acknowledged: &[String]) {
    let stored = stored(program);
    let lost: Vec<_> = acknowledged.iter().filter(|key| !stored.contains(*key)).collect();
    assert!(
        lost.is_empty(),
        "{} of {} are lost: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
}

fn tell(what: &str, took: &[Duration], acknowledged: usize) {
    let slowest = took.iter().max().unwrap();
    let line = format!(
        "shutdown: {what}: {} times within {:.1} s, {acknowledged} reports acknowledged and none lost\n",
        took.len(),
        slowest.as_secs_f64()
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_in_one_process_ends_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).unwrap();
    let (mut took, mut acknowledged) = (vec![], 0);
    for round in 0..shutdowns() {
        let crowd = Crowd::gather(&program, true).await;
        let reporting = Reporting::start(&program, round);
        reporting.acknowledged(ACKNOWLEDGED_MIN).await;
        crowd.hang();
        took.push(end(vec![&mut program]).await);
        crowd.leave().await;
        let keys = reporting.finish().await;
        nothing_is_lost(&program, &keys);
        acknowledged += keys.len();
        program.restart().unwrap();
    }
    program.stop().unwrap();
    tell("serve", &took, acknowledged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_service_on_kafka_ends_in_time() {
    if !is_available("each_service_on_kafka_ends_in_time") {
        return;
    }
    let mut services = Services::start(1, 1, 1);
    let (mut took, mut acknowledged) = (vec![], 0);
    for round in 0..shutdowns() {
        let crowds = [
            Crowd::gather(&services.notifications[0], true).await,
            Crowd::gather(&services.ingests[0], false).await,
            Crowd::gather(&services.correlations[0], false).await,
        ];
        let reporting = Reporting::start(&services.ingests[0], round);
        reporting.acknowledged(ACKNOWLEDGED_MIN).await;
        crowds.iter().for_each(Crowd::hang);
        let all = [
            &mut services.ingests,
            &mut services.correlations,
            &mut services.notifications,
        ];
        took.push(end(all.into_iter().flatten().collect()).await);
        for crowd in crowds {
            crowd.leave().await;
        }
        let keys = reporting.finish().await;
        nothing_is_lost(&services.ingests[0], &keys);
        acknowledged += keys.len();
        let all = [
            &mut services.ingests,
            &mut services.correlations,
            &mut services.notifications,
        ];
        all.into_iter().flatten().for_each(|program| program.restart().unwrap());
    }
    services.stop();
    tell("three services on Kafka", &took, acknowledged);
}
