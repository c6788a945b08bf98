//! What is opened before anything is served, in the order in which one thing rests on another.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use chappe_clock::Clock;
use chappe_correlate::WarningList;
use chappe_correlation::LiveListener;
use chappe_eventlog::{EventLog, SnapshotStore, Topic};
use chappe_eventlog_local::{LocalLog, LocalOptions};
use chappe_model::Policy;

use super::{Pace, Summary, policy_record};
use crate::config::{Config, QuotaSection};
use crate::secret::{self, LOG_FOLDER, SecretError};

/// Why an installation does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Plain text leaves the machine on any other address.
    #[error("{0} is not a loopback address: this version has no TLS, and serves in plain text on loopback only")]
    NotLoopback(SocketAddr),
    /// The listener is none.
    #[error("cannot listen")]
    Listener(#[source] io::Error),
    /// No secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// No members, or twice the same.
    #[error("the members do not hold together")]
    Directory(#[from] chappe_identity::DirectoryError),
    /// No log.
    #[error(transparent)]
    Log(#[from] chappe_eventlog_local::OpenError),
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

/// Everything, open and not yet serving.
pub(super) struct Opened {
    pub(super) log: Arc<LocalLog>,
    pub(super) policy: Policy,
    pub(super) ingest: chappe_ingest::Service,
    pub(super) correlation: chappe_correlation::Service,
    pub(super) notification: chappe_notification::Service,
    pub(super) summary: Summary,
}

/// Blocks: it reads the whole log.
pub(super) fn open(config: &Config, pace: Pace, clock: &Arc<dyn Clock>) -> Result<Opened, StartError> {
    // First: a log must never be begun under a secret that is not there yet.
    let secret = secret::load_or_create(&config.data)?;
    let directory = Arc::new(config.directory()?);
    let (log, report) = LocalLog::open(LocalOptions::in_folder(config.data.join(LOG_FOLDER)))?;
    let log = Arc::new(log);
    let port: Arc<dyn EventLog> = Arc::clone(&log) as Arc<dyn EventLog>;
    // Before the services, which judge by it.
    let policy = policy_record::establish(config, port.as_ref(), clock.now())?;
    let ingest = chappe_ingest::Service::open(
        chappe_ingest::Options {
            secret: secret.clone(),
            directory: Arc::clone(&directory),
            policy: policy.clone(),
            quotas: quotas(config.quotas),
            budget: config.budget,
            mark_interval: pace.mark_interval,
        },
        Arc::clone(&port),
        Arc::clone(clock),
    )?;
    let counts = ingest.handle();
    let correlation = chappe_correlation::Service::open(
        chappe_correlation::Options {
            shards: config.shards,
            snapshot_interval: pace.snapshot_interval,
            live: Some(LiveListener::new(move |live| counts.count_live(live))),
            ..linking(config, chappe_correlation::Options::new(secret.clone(), policy.clone()))
        },
        Arc::clone(&port),
        Arc::clone(&log) as Arc<dyn SnapshotStore>,
    )?;
    let notification = chappe_notification::Service::open(
        chappe_notification::Options {
            secret,
            directory,
            heartbeat: pace.heartbeat,
            stale_after_ms: pace.stale_after_ms,
        },
        port,
        Arc::clone(clock),
    )?;
    let summary = Summary {
        members: config.members.len(),
        partitions: log.partitions(Topic::Incidents),
        policy_version: policy.version,
        records: report.records,
        bytes: report.bytes,
        cut_bytes: report.torn_tail.map_or(0, |torn| torn.bytes),
    };
    Ok(Opened {
        log,
        policy,
        ingest,
        correlation,
        notification,
        summary,
    })
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

/// Campaigns are linked where the configuration says so, but not by what its warning lists name.
fn linking(config: &Config, options: chappe_correlation::Options) -> chappe_correlation::Options {
    let Some(section) = &config.policy else {
        return options;
    };
    let warnings = &section.warning_lists;
    if !section.link_campaigns {
        if !warnings.lists.is_empty() {
            tracing::warn!("policy.warning-lists says nothing unless policy.link-campaigns is true");
        }
        return options;
    }
    let entries: usize = warnings.lists.iter().map(WarningList::entries).sum();
    let (lists, skipped) = (warnings.lists.len(), warnings.skipped.join("; "));
    tracing::info!(lists, entries, %skipped, "linking campaigns, but not by values that warning lists name");
    options.with_linking().with_warning_lists(warnings.lists.clone())
}
