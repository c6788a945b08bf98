//! Brokers that die and hang.

use std::{sync::mpsc, time::Duration};

use chappe_eventlog::{AppendError, EventLog, Position, ReadLimit, Topic};
use chappe_kafka_cluster::{Cluster, is_available};
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer},
};

use super::{open, options, record, stamps};
use crate::{KafkaLog, KafkaOptions};

const WAIT: Duration = Duration::from_secs(60);

type Told = (u64, Result<Position, AppendError>);

/// The broker (1 to n) that leads the first partition of incidents.
fn leader(options: &KafkaOptions) -> usize {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &options.brokers);
    let client: BaseConsumer = config.create().unwrap();
    let metadata = client
        .fetch_metadata(Some(&options.topic_name(Topic::Incidents)), WAIT)
        .unwrap();
    usize::try_from(metadata.topics()[0].partitions()[0].leader()).unwrap()
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

#[test]
fn a_leader_s_death_or_sleep_loses_nothing_and_keeps_the_order() {
    if !is_available("a_leader_s_death") {
        return;
    }
    let mut cluster = Cluster::start(3).unwrap();
    let options = options(&cluster);
    let log = open(&options);
    let (tell, told) = mpsc::channel();
    stream(&log, &tell, 0..1_000);
    let dead = leader(&options);
    cluster.kill(dead).unwrap();
    stream(&log, &tell, 1_000..4_000);
    cluster.up(dead).unwrap();
    let asleep = leader(&options);
    assert_ne!(asleep, dead, "another one took over");
    cluster.stop(asleep).unwrap();
    stream(&log, &tell, 4_000..7_000);
    let during: Vec<Told> = (0..7_000).map(|_| told.recv_timeout(WAIT).unwrap()).collect();
    cluster.cont(asleep).unwrap();
    let acknowledged = during.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    assert_eq!(
        acknowledged,
        7_000,
        "two of three brokers are enough: {:?}",
        during.iter().find(|(_, o)| o.is_err())
    );
    check(&log, &during);
    assert_eq!(log.health(), Ok(()));
    // All at once, with appends under way.
    stream(&log, &tell, 7_000..7_200);
    cluster.restart_all().unwrap();
    stream(&log, &tell, 7_200..7_400);
    let after: Vec<Told> = (0..400).map(|_| told.recv_timeout(WAIT).unwrap()).collect();
    assert!(
        after.iter().rev().take(100).any(|(_, outcome)| outcome.is_ok()),
        "it goes on: {:?}",
        after.last()
    );
    drop(log);
    check(&open(&options), &[during, after].concat());
}
