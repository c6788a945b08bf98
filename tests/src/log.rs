//! The log that an installation runs on: its own journal, or Kafka brokers that the test process starts.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, anyhow, bail};
use chappe_eventlog::{EventLog, Position, ReadLimit, Record, RecordKind, Topic};
use chappe_eventlog_kafka::{KafkaLog, KafkaOptions};
use chappe_eventlog_local::{LocalLog, LocalOptions};
use chappe_kafka_cluster::Cluster;
use chappe_model::{Accepted, Digest};
use chappe_proto::incident;

/// What installations of tests run on: `kafka`, or the journal where it is not set.
const LOG_VARIABLE: &str = "CHAPPE_TESTS_ON";
/// The table of `chappe.toml` that names brokers.
pub(crate) const TABLE: &str = "kafka";

/// Whether installations run on Kafka that were not asked to.
pub(crate) fn is_kafka_by_default() -> Result<bool> {
    match std::env::var(LOG_VARIABLE).as_deref() {
        Err(_) | Ok("" | "journal") => Ok(false),
        Ok("kafka") => Ok(true),
        Ok(other) => bail!("{LOG_VARIABLE} is 'journal' or 'kafka', not {other:?}"),
    }
}

/// A `[kafka]` table for a new installation: the broker of this process, and topics of its own.
pub(crate) fn table() -> Result<toml::Table> {
    // The broker lives no longer than this process, so its topics need be told apart in this process only.
    static INSTALLATIONS: AtomicU32 = AtomicU32::new(1);
    let cluster = Cluster::shared(1).map_err(|error| anyhow!("no Kafka broker: {error}"))?;
    let brokers: Vec<toml::Value> = cluster.bootstrap().split(',').map(Into::into).collect();
    let prefix = format!("test-{}.", INSTALLATIONS.fetch_add(1, Ordering::Relaxed));
    let mut table = toml::Table::new();
    table.insert("brokers".to_owned(), brokers.into());
    table.insert("replication".to_owned(), 1.into());
    table.insert("topic-prefix".to_owned(), prefix.into());
    Ok(table)
}

/// Opens the brokers' log that a table names.
pub(crate) fn on_brokers(table: &toml::Table) -> Result<Arc<dyn EventLog>> {
    let brokers = table.get("brokers").and_then(toml::Value::as_array);
    let brokers: Vec<&str> = brokers.into_iter().flatten().filter_map(toml::Value::as_str).collect();
    let prefix = table.get("topic-prefix").and_then(toml::Value::as_str);
    let options = KafkaOptions {
        prefix: prefix.context("no kafka.topic-prefix")?.to_owned(),
        replication: 1,
        ..KafkaOptions::at(brokers.join(","))
    };
    Ok(Arc::new(KafkaLog::open(options)?.0))
}

/// Opens a journal. Nobody else may have it open.
pub(crate) fn in_folder(folder: &Path) -> Result<Arc<dyn EventLog>> {
    Ok(Arc::new(LocalLog::open(LocalOptions::in_folder(folder))?.0))
}

/// The records of a partition from a position on, to its end, which is the position afterwards.
///
/// # Errors
/// When the log cannot be read.
pub fn read_on(log: &dyn EventLog, topic: Topic, partition: u16, from: &mut Position) -> Result<Vec<Record>> {
    let mut all = vec![];
    loop {
        let batch = log.read(topic, partition, *from, ReadLimit::default())?;
        let Some((last, _)) = batch.last() else { return Ok(all) };
        *from = last.next();
        all.extend(batch.into_iter().map(|(_, record)| record));
    }
}

/// Every revision that the incidents topic holds, in the order of each partition, with the digest of its content.
///
/// # Errors
/// When the log cannot be read, or a record is none of an incident.
pub fn revisions(log: &dyn EventLog) -> Result<Vec<(Accepted, Digest)>> {
    let mut found = vec![];
    for partition in 0..log.partitions(Topic::Incidents) {
        let records = read_on(log, Topic::Incidents, partition, &mut Position(0))?;
        for record in records.iter().filter(|record| record.kind == RecordKind::Data) {
            found.push(incident::decode(&record.payload)?);
        }
    }
    Ok(found)
}
