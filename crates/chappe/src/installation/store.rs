//! The log and the snapshots that an installation runs on: embedded, or on Kafka.

use std::sync::Arc;

use chappe_clock::Clock;
use chappe_eventlog::{EventLog, SnapshotStore};
use chappe_eventlog_local::{LocalLog, LocalOptions};
use chappe_model::Secret;

use super::StartError;
use crate::config::Config;
#[cfg(not(feature = "kafka"))]
use crate::config::KafkaSection;
use crate::secret::{self, LOG_FOLDER};

#[cfg(feature = "kafka")]
mod brokers;

/// What everything else rests on.
pub(super) struct Store {
    pub(super) secret: Secret,
    pub(super) log: Arc<dyn EventLog>,
    pub(super) snapshots: Arc<dyn SnapshotStore>,
    pub(super) found: Found,
}

/// What was found at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An embedded log.
    Journal {
        /// Records in the log.
        records: u64,
        /// Bytes of the journal.
        bytes: u64,
        /// Bytes cut off its end: a write that a crash interrupted and nobody was told of.
        cut_bytes: u64,
    },
    /// A log on brokers.
    Brokers {
        /// How many there are.
        brokers: usize,
        /// What their acknowledgement is worth.
        durability: &'static str,
    },
}

/// Opens what the configuration names.
pub(super) fn open(config: &Config, clock: &dyn Clock) -> Result<Store, StartError> {
    match &config.kafka {
        Some(section) => open_brokers(config, section, clock),
        None => open_journal(config),
    }
}

fn open_journal(config: &Config) -> Result<Store, StartError> {
    // First: a log must never be begun under a secret that is not there yet.
    let secret = secret::load_or_create(&config.data)?;
    let (log, report) = LocalLog::open(LocalOptions::in_folder(config.data.join(LOG_FOLDER)))?;
    let log = Arc::new(log);
    Ok(Store {
        secret,
        snapshots: Arc::clone(&log) as Arc<dyn SnapshotStore>,
        log,
        found: Found::Journal {
            records: report.records,
            bytes: report.bytes,
            cut_bytes: report.torn_tail.map_or(0, |torn| torn.bytes),
        },
    })
}

#[cfg(feature = "kafka")]
use brokers::open as open_brokers;
#[cfg(feature = "kafka")]
pub(crate) use brokers::options as broker_options;

#[cfg(not(feature = "kafka"))]
fn open_brokers(_: &Config, _: &KafkaSection, _: &dyn Clock) -> Result<Store, StartError> {
    Err(StartError::NoKafka)
}
