//! What one hop over the brokers costs: a record produced, acknowledged by all replicas and consumed elsewhere, nothing else.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::latency::Latencies;

/// Its own topic.
const TOPIC: &str = "bare-hop";
/// Bytes of a record: about a report.
const BYTES: usize = 512;
/// How long the brokers may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Produces and consumes one record after the other for `duration`.
pub(super) async fn probe(brokers: &str, replication: i32, duration: Duration) -> Result<Latencies> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    let admin: AdminClient<DefaultClientContext> = config.create()?;
    let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(replication));
    for made in admin.create_topics([&topic], &AdminOptions::new()).await? {
        made.map_err(|(topic, code)| anyhow!("{topic}: {code}"))?;
    }
    let brokers = brokers.to_owned();
    tokio::task::spawn_blocking(move || hop(&brokers, duration)).await?
}

fn hop(brokers: &str, duration: Duration) -> Result<Latencies> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "0")
        .create()?;
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "bare-hop")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "100")
        .create()?;
    let mut at = TopicPartitionList::new();
    at.add_partition_offset(TOPIC, 0, Offset::Beginning)?;
    consumer.assign(&at)?;
    let payload = [0x5a; BYTES];
    let mut latencies = Latencies::new()?;
    let mut first = true;
    let began = Instant::now();
    while began.elapsed() < duration {
        let sent = Instant::now();
        let record = BaseRecord::<(), [u8]>::to(TOPIC).partition(0).payload(&payload);
        producer.send(record).map_err(|(error, _)| error)?;
        loop {
            producer.poll(Duration::ZERO);
            match consumer.poll(Duration::from_millis(1)) {
                Some(message) => {
                    let message = message?;
                    message.payload().context("a record without content")?;
                    break;
                }
                None if sent.elapsed() > PATIENCE => bail!("a record was not consumed within {} s", PATIENCE.as_secs()),
                None => {}
            }
        }
        // The first waits for connections.
        if !std::mem::take(&mut first) {
            latencies.record(sent.elapsed());
        }
    }
    producer.flush(PATIENCE)?;
    Ok(latencies)
}
