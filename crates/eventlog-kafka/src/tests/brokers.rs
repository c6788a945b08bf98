//! Brokers that die and hang.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use chappe_eventlog::{AppendError, EventLog, Position, ReadLimit, Topic, append_blocking};
use chappe_kafka_cluster::{Cluster, is_available};
use rdkafka::{
    ClientConfig,
    admin::AdminOptions,
    consumer::{BaseConsumer, Consumer},
};

use super::{admin, fill, on_brokers, open, options, record, stamps};
use crate::{KafkaLog, KafkaOptions, Timeouts, topics::wait_for};

const WAIT: Duration = Duration::from_secs(60);

type Told = (u64, Result<Position, AppendError>);

/// The broker (1 to n) that leads the first partition of incidents, once all three have all of it.
fn leader(options: &KafkaOptions) -> usize {
    let (_never, pause) = mpsc::channel::<()>();
    loop {
        let (leader, in_sync) = leader_and_in_sync(options);
        if in_sync == 3 {
            return leader;
        }
        let _ = pause.recv_timeout(Duration::from_millis(100));
    }
}

fn leader_and_in_sync(options: &KafkaOptions) -> (usize, usize) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &options.brokers);
    let client: BaseConsumer = config.create().unwrap();
    let metadata = client
        .fetch_metadata(Some(&options.topic_name(Topic::Incidents)), WAIT)
        .unwrap();
    let partition = &metadata.topics()[0].partitions()[0];
    (usize::try_from(partition.leader()).unwrap(), partition.isr().len())
}

/// Appends `record(nth)` for each; between any two it lets the client work on for a moment.
fn stream(log: &KafkaLog, tell: &mpsc::Sender<Told>, nths: std::ops::Range<u64>) {
    let (_never, pause) = mpsc::channel::<()>();
    for nth in nths {
        let tell = tell.clone();
        log.append(
            Topic::Incidents,
            0,
            record(nth),
            Box::new(move |outcome| tell.send((nth, outcome)).unwrap_or_default()),
        );
        let _ = pause.recv_timeout(Duration::from_micros(500));
    }
}

/// What was acknowledged is there, in its place; what is there keeps the order of appends and nothing is there twice.
fn check(log: &KafkaLog, told: &[Told]) {
    let found = stamps(log, Topic::Incidents, Position(0), ReadLimit::default());
    assert!(
        found.is_sorted_by(|a, b| a.0 + 1 == b.0 && a.1 < b.1),
        "gaps, or another order"
    );
    for (nth, outcome) in told {
        match outcome {
            Ok(position) => assert_eq!(found[position.0 as usize], (position.0, *nth), "acknowledged and lost"),
            Err(error) => assert!(!error.is_surely_absent(), "{nth}: {error}"),
        }
    }
}

/// The next outcomes, how many succeeded, and the longest silence between two.
fn outcomes(told: &mpsc::Receiver<Told>, count: usize) -> (Vec<Told>, usize, Duration) {
    let mut silence = Duration::ZERO;
    let mut next = || {
        let since = Instant::now();
        let outcome = told.recv_timeout(WAIT).unwrap();
        silence = silence.max(since.elapsed());
        outcome
    };
    let found: Vec<Told> = (0..count).map(|_| next()).collect();
    let acknowledged = found.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    (found, acknowledged, silence)
}

#[test]
fn a_leader_s_death_or_sleep_loses_nothing_and_keeps_the_order() {
    if !is_available("a_leader_s_death") {
        return;
    }
    let mut cluster = Cluster::start(3).unwrap();
    let options = KafkaOptions {
        // Long enough for the brokers to sort themselves out on a busy machine, so that nothing may be left unknown.
        timeouts: Timeouts {
            append: WAIT,
            ..Timeouts::default()
        },
        ..options(&cluster)
    };
    let log = open(&options);
    let (tell, told) = mpsc::channel();
    stream(&log, &tell, 0..1_000);
    let dead = leader(&options);
    cluster.kill(dead).unwrap();
    stream(&log, &tell, 1_000..4_000);
    let (mut all, acknowledged, silence) = outcomes(&told, 4_000);
    assert_eq!(acknowledged, 4_000, "two of three brokers are enough: {:?}", all.last());
    eprintln!("a leader was killed: {silence:?} without an acknowledgement");
    cluster.up(dead).unwrap();
    let asleep = leader(&options);
    cluster.stop(asleep).unwrap();
    stream(&log, &tell, 4_000..7_000);
    let (during, acknowledged, silence) = outcomes(&told, 3_000);
    assert_eq!(
        acknowledged,
        3_000,
        "two of three brokers are enough: {:?}",
        during.last()
    );
    eprintln!("a leader hung: {silence:?} without an acknowledgement");
    all.extend(during);
    cluster.cont(asleep).unwrap();
    check(&log, &all);
    assert_eq!(log.health(), Ok(()));
    // All at once, with appends under way.
    stream(&log, &tell, 7_000..7_200);
    cluster.restart_all().unwrap();
    stream(&log, &tell, 7_200..7_400);
    let (after, acknowledged, silence) = outcomes(&told, 400);
    assert_eq!(acknowledged, 400, "it goes on: {:?}", after.last());
    eprintln!("all brokers were restarted: {silence:?} without an acknowledgement");
    all.extend(after);
    drop(log);
    check(&open(&options), &all);
}

#[test]
fn a_topic_that_was_deleted_and_created_again_stops_the_log() {
    let Some(options) = on_brokers("a_topic_that_was_deleted", 1) else {
        return;
    };
    let log = open(&options);
    fill(&log, Topic::Alerts, 0..50);
    let name = options.topic_name(Topic::Alerts);
    let deleted = wait_for(admin(&options).delete_topics(&[&name], &AdminOptions::new())).unwrap();
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    let other = open(&options);
    let (_never, pause) = mpsc::channel::<()>();
    let since = Instant::now();
    while log.health().is_ok() && since.elapsed() < WAIT {
        let _ = pause.recv_timeout(Duration::from_millis(50));
    }
    let said = log.health().unwrap_err().to_string();
    assert!(said.contains("ends at 0, though it had records up to 50"), "{said}");
    let refused = append_blocking(&log, Topic::Alerts, 0, record(1)).unwrap_err();
    assert!(matches!(refused, AppendError::Failed { .. }), "{refused}");
    assert_eq!(other.health(), Ok(()));
}
