//! The log on Kafka, and whose secret it was begun under.

use std::sync::Arc;

use bytes::Bytes;
use chappe_clock::Clock;
use chappe_eventlog::{EventLog, Partitions, Position, ReadLimit, Record, Topic, append_blocking};
use chappe_eventlog_kafka::{KafkaLog, KafkaOptions, Mechanism, Secret as Password, Security, Tls};
use chappe_eventlog_local::SnapshotFolder;
use chappe_model::Secret;

use super::{Found, Store};
use crate::config::{Config, KafkaSection, SaslMechanism, TlsFiles};
use crate::installation::StartError;
use crate::secret;

/// Folder of snapshots in the data folder.
const SNAPSHOT_FOLDER: &str = "snapshots";
/// Key of the record in the config topic that tells whether a process has the installation's secret.
const SECRET_KEY: &[u8] = b"secret-check";

pub(super) fn open(config: &Config, section: &KafkaSection, clock: &dyn Clock) -> Result<Store, StartError> {
    let (log, report) = KafkaLog::open(options(section)?)?;
    let secret = settle_secret(config, &log, clock)?;
    let snapshots = SnapshotFolder::open(config.data.join(SNAPSHOT_FOLDER))?;
    Ok(Store {
        secret,
        log: Arc::new(log),
        snapshots: Arc::new(snapshots),
        found: Found::Brokers {
            brokers: report.brokers,
            durability: report.durability.name(),
        },
    })
}

/// How the brokers are spoken to.
pub(crate) fn options(section: &KafkaSection) -> Result<KafkaOptions, StartError> {
    let tls = |files: &TlsFiles| Tls {
        ca: files.ca.clone(),
        identity: files.identity.clone(),
    };
    let security = match (&section.tls, &section.sasl) {
        (None, _) => Security::Plaintext,
        (Some(files), None) => Security::Tls(tls(files)),
        (Some(files), Some(sasl)) => Security::Sasl {
            tls: tls(files),
            mechanism: match sasl.mechanism {
                SaslMechanism::Plain => Mechanism::Plain,
                SaslMechanism::ScramSha256 => Mechanism::ScramSha256,
                SaslMechanism::ScramSha512 => Mechanism::ScramSha512,
            },
            user: sasl.user.clone(),
            password: Password::new(sasl.password().map_err(|source| StartError::KafkaPassword {
                path: sasl.password_file.clone(),
                source,
            })?),
        },
    };
    Ok(KafkaOptions {
        prefix: section.topic_prefix.clone(),
        partitions: Partitions::default().with(Topic::Incidents, section.partitions),
        replication: section.replication,
        security,
        ..KafkaOptions::at(section.brokers.join(","))
    })
}

/// The secret of this data folder, if it is the installation's. The first process of an installation makes it; the others have it from there,
/// for ids made under two secrets would not match.
fn settle_secret(config: &Config, log: &dyn EventLog, clock: &dyn Clock) -> Result<Secret, StartError> {
    let known = recorded(log)?;
    if known.is_some() && !secret::is_there(&config.data) {
        return Err(StartError::SecretElsewhere {
            folder: config.data.clone(),
        });
    }
    let secret = secret::load_or_create(&config.data)?;
    let check = Bytes::copy_from_slice(&secret.seal("installation", b""));
    let known = match known {
        Some(known) => known,
        None => {
            let key = Bytes::from_static(SECRET_KEY);
            let record = Record::data(clock.now().as_millis(), key, check.clone());
            append_blocking(log, Topic::Config, 0, record).map_err(StartError::Append)?;
            // Of several that begin at once, the first in the log has begun the installation.
            recorded(log)?.unwrap_or_else(|| check.clone())
        }
    };
    if known == check {
        return Ok(secret);
    }
    Err(StartError::OtherSecret {
        folder: config.data.clone(),
    })
}

fn recorded(log: &dyn EventLog) -> Result<Option<Bytes>, StartError> {
    let mut from = Position(0);
    loop {
        let batch = log
            .read(Topic::Config, 0, from, ReadLimit::default())
            .map_err(StartError::Read)?;
        let Some((last, _)) = batch.last() else { return Ok(None) };
        from = last.next();
        if let Some((_, record)) = batch.iter().find(|(_, record)| record.key == SECRET_KEY) {
            return Ok(Some(record.payload.clone()));
        }
    }
}
