//! Tests on real brokers. Each test has topics of its own on clusters that all share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod brokers;
mod contract;
mod history;
mod secured;
mod settings;
mod sharing;

use std::sync::mpsc;

use bytes::Bytes;
use chappe_eventlog::{AppendError, EventLog, Partitions, Position, ReadLimit, Record, Topic};
use chappe_kafka_cluster::{Cluster, is_available};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic},
    client::DefaultClientContext,
    producer::{BaseProducer, BaseRecord, Producer},
};

use crate::{KafkaLog, KafkaOptions, topics::wait_for};

/// Options for new topics on a cluster of one broker or three; none where brokers cannot run, which is then told.
fn on_brokers(test: &str, nodes: usize) -> Option<KafkaOptions> {
    let cluster = is_available(test).then(|| Cluster::shared(nodes).unwrap())?;
    Some(options(cluster))
}

fn options(cluster: &Cluster) -> KafkaOptions {
    KafkaOptions {
        prefix: new_prefix(),
        partitions: Partitions::default().with(Topic::Incidents, 2),
        replication: if cluster.nodes() >= 3 { 3 } else { 1 },
        ..KafkaOptions::at(cluster.bootstrap())
    }
}

fn new_prefix() -> String {
    format!("test-{:016x}.", fastrand::u64(..))
}

fn open(options: &KafkaOptions) -> KafkaLog {
    KafkaLog::open(options.clone()).unwrap().0
}

fn record(nth: u64) -> Record {
    Record::data(
        nth,
        Bytes::from(format!("key-{nth}")),
        Bytes::from("x".repeat((nth * 37 % 500) as usize)),
    )
}

/// Appends without waiting for the outcome.
fn append(log: &KafkaLog, topic: Topic, record: Record) -> mpsc::Receiver<Result<Position, AppendError>> {
    let (tell, told) = mpsc::channel();
    let on_durable = Box::new(move |outcome| tell.send(outcome).unwrap_or_default());
    log.append(topic, 0, record, on_durable);
    told
}

/// Appends `record(nth)` for each to the first partition, many at a time.
fn fill(log: &KafkaLog, topic: Topic, nths: std::ops::Range<u64>) {
    let told: Vec<_> = nths.map(|nth| append(log, topic, record(nth))).collect();
    for told in told {
        told.recv().unwrap().unwrap();
    }
}

/// Positions and stamps of the first partition from a position on.
fn stamps(log: &KafkaLog, topic: Topic, mut from: Position, limit: ReadLimit) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    loop {
        let step = log.read(topic, 0, from, limit).unwrap();
        let Some((last, _)) = step.last() else { return found };
        from = last.next();
        found.extend(step.iter().map(|(position, record)| (position.0, record.stamp_ms)));
    }
}

/// Creates a topic as somebody else would.
fn create_topic(options: &KafkaOptions, topic: &NewTopic<'_>) {
    let outcomes = wait_for(admin(options).create_topics([topic], &AdminOptions::new())).unwrap();
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

fn admin(options: &KafkaOptions) -> AdminClient<DefaultClientContext> {
    crate::settings::admin(options).create().unwrap()
}

/// Produces a message as somebody else would.
fn produce(options: &KafkaOptions, topic: Topic, key: Option<&[u8]>, value: Option<&[u8]>) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &options.brokers);
    let producer: BaseProducer = config.create().unwrap();
    let name = options.topic_name(topic);
    let mut message: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&name).partition(0);
    (message.key, message.payload) = (key, value);
    producer.send(message).map_err(|(error, _)| error).unwrap();
    producer.flush(crate::DEFAULT_READ_TIMEOUT).unwrap();
}
