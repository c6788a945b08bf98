//! What is opened before anything is served, in the order in which one thing rests on another.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chappe_clock::Clock;
use chappe_correlation::LiveListener;
use chappe_eventlog::{AppendError, EventLog, ReadError, Topic};
use chappe_identity::Directory;
use chappe_model::Policy;

use super::store::{self, Store};
use super::{Pace, Parts, Summary, policy_record, sought, taxii};
use crate::config::{Config, QuotaSection};
use crate::secret::{SECRET_FILE, SecretError};

/// Why an installation does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Plain text leaves the machine on any other address.
    #[error(
        "{0} is not a loopback address, and chappe.toml has no [tls]: plain text is served on loopback only; 'chappe init --tls' writes a \
         configuration with TLS"
    )]
    NotLoopback(SocketAddr),
    /// No TLS.
    #[error("[tls] {0}")]
    Tls(#[from] chappe_tls::FileError),
    /// The listener is none.
    #[error("cannot listen")]
    Listener(#[source] io::Error),
    /// The listener of TAXII is none.
    #[error("cannot listen for TAXII where [taxii] says")]
    TaxiiListener(#[source] io::Error),
    /// No secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// No members, or twice the same.
    #[error("the members do not hold together")]
    Directory(#[from] chappe_identity::DirectoryError),
    /// No log.
    #[error(transparent)]
    Log(#[from] chappe_eventlog_local::OpenError),
    /// No log on brokers.
    #[cfg(feature = "kafka")]
    #[error(transparent)]
    Kafka(#[from] chappe_eventlog_kafka::OpenError),
    /// This build has no Kafka.
    #[error(
        "chappe.toml has [kafka], and this build has no Kafka: build it with 'cargo build --release --features kafka'"
    )]
    NoKafka,
    /// A single service on an embedded log.
    #[error(
        "'chappe {0}' is one service of several that share a log, and chappe.toml has no [kafka]: add it, or run          everything in one process with 'chappe serve'"
    )]
    NotShared(&'static str),
    /// No password for the brokers.
    #[error("kafka.sasl.password-file {}", path.display())]
    KafkaPassword {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The installation has a secret and this data folder none.
    #[error(
        "the log on Kafka was begun under a secret, and {} has none: copy {SECRET_FILE} (mode 0600) from the process that began it, \
         or choose another kafka.topic-prefix for a new installation",
        folder.display()
    )]
    SecretElsewhere {
        /// The data folder.
        folder: PathBuf,
    },
    /// The secrets differ.
    #[error(
        "the log on Kafka was begun under another secret than the one in {}: copy {SECRET_FILE} (mode 0600) from the process that \
         began it; ids made under two secrets would not match",
        folder.display()
    )]
    OtherSecret {
        /// The data folder.
        folder: PathBuf,
    },
    /// The config topic cannot be read.
    #[error("the config topic cannot be read")]
    Read(#[source] ReadError),
    /// The config topic cannot be appended to.
    #[error("the config topic cannot be appended to")]
    Append(#[source] AppendError),
    /// No policy.
    #[error("no policy can be in force")]
    Policy(#[from] policy_record::PolicyError),
    /// Ingest.
    #[error("ingest does not open")]
    Ingest(#[from] chappe_ingest::OpenError),
    /// Correlation.
    #[error("correlation does not open")]
    Correlation(#[from] chappe_correlation::OpenError),
    /// Notification.
    #[error("notification does not open")]
    Notification(#[from] chappe_notification::OpenError),
    /// Reflection.
    #[error("the contracts cannot be described: {0}")]
    Reflection(String),
    /// A fault of this program.
    #[error("opening failed: {0}; this is a fault of Chappe, please report it")]
    Panicked(String),
}

/// What a process runs, open and not yet serving.
pub(super) struct Opened {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) policy: Policy,
    pub(super) ingest: Option<chappe_ingest::Service>,
    pub(super) correlation: Option<chappe_correlation::Service>,
    pub(super) notification: Option<chappe_notification::Service>,
    pub(super) taxii: Option<chappe_notification::Taxii>,
    pub(super) summary: Summary,
}

/// Blocks: it reads the whole log.
pub(super) fn open(config: &Config, parts: Parts, pace: Pace, clock: &Arc<dyn Clock>) -> Result<Opened, StartError> {
    let store = store::open(config, clock.as_ref())?;
    let directory = Arc::new(config.directory()?);
    // Before the services, which judge by it.
    let policy = policy_record::establish(config, store.log.as_ref(), clock.now())?;
    let opening = Opening {
        config,
        pace,
        clock,
        store: &store,
        directory,
        policy: &policy,
    };
    let ingest = parts.ingest.then(|| opening.ingest()).transpose()?;
    let counts = ingest.as_ref().map(chappe_ingest::Service::handle);
    let correlation = parts.correlation.then(|| opening.correlation(counts)).transpose()?;
    let notification = parts.notification.then(|| opening.notification()).transpose()?;
    let taxii = match (config.taxii, &notification) {
        (Some(_), Some(notification)) => Some(notification.taxii(ingest.as_ref().map(taxii::submitter))?),
        _ => None,
    };
    let summary = Summary {
        parts,
        members: config.members.len(),
        by_certificate: config.tls.is_some(),
        partitions: store.log.partitions(Topic::Incidents),
        policy_version: policy.version,
        found: store.found,
    };
    Ok(Opened {
        log: store.log,
        policy,
        ingest,
        correlation,
        notification,
        taxii,
        summary,
    })
}

/// What the services are opened with.
struct Opening<'a> {
    config: &'a Config,
    pace: Pace,
    clock: &'a Arc<dyn Clock>,
    store: &'a Store,
    directory: Arc<Directory>,
    policy: &'a Policy,
}

impl Opening<'_> {
    fn ingest(&self) -> Result<chappe_ingest::Service, StartError> {
        let options = chappe_ingest::Options {
            secret: self.store.secret.clone(),
            directory: Arc::clone(&self.directory),
            policy: self.policy.clone(),
            quotas: quotas(self.config.quotas),
            budget: self.config.budget,
            mark_interval: self.pace.mark_interval,
        };
        let log = Arc::clone(&self.store.log);
        Ok(chappe_ingest::Service::open(options, log, Arc::clone(self.clock))?)
    }

    /// `counts` is who in this process is told of live contributions.
    fn correlation(&self, counts: Option<chappe_ingest::Handle>) -> Result<chappe_correlation::Service, StartError> {
        let options = chappe_correlation::Options::new(self.store.secret.clone(), self.policy.clone());
        let options = chappe_correlation::Options {
            shards: self.config.shards,
            snapshot_interval: self.pace.snapshot_interval,
            instance: self.config.instance.clone(),
            live: counts.map(|counts| LiveListener::new(move |live| counts.count_live(live))),
            ..sought::by(self.config, options)
        };
        let (log, snapshots) = (Arc::clone(&self.store.log), Arc::clone(&self.store.snapshots));
        Ok(chappe_correlation::Service::open(options, log, snapshots)?)
    }

    fn notification(&self) -> Result<chappe_notification::Service, StartError> {
        let options = chappe_notification::Options {
            secret: self.store.secret.clone(),
            directory: Arc::clone(&self.directory),
            heartbeat: self.pace.heartbeat,
            stale_after_ms: self.pace.stale_after_ms,
        };
        let log = Arc::clone(&self.store.log);
        Ok(chappe_notification::Service::open(
            options,
            log,
            Arc::clone(self.clock),
        )?)
    }
}

fn quotas(section: QuotaSection) -> chappe_ingest::Quotas {
    let default = chappe_ingest::Quotas::default();
    chappe_ingest::Quotas {
        reports_per_second: section.reports_per_second.unwrap_or(default.reports_per_second),
        burst: section.burst.unwrap_or(default.burst),
        in_flight: section.in_flight.unwrap_or(default.in_flight),
        in_flight_per_member: section.in_flight_per_member.unwrap_or(default.in_flight_per_member),
    }
}
