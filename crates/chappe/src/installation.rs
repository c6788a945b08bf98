//! An installation, or one of its services: log, ingest, correlation, notification, one gRPC server.

mod opening;
mod parts;
mod policy_record;
mod serving;
mod sought;
mod store;
mod taxii;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chappe_clock::Clock;
use chappe_eventlog::EventLog;
use chappe_model::Policy;
use chappe_tls::Tls;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use opening::StartError;
pub use parts::Parts;
pub(crate) use policy_record::{Planned, planned};
pub(crate) use sought::by as sought_by;
pub use store::Found;
#[cfg(feature = "kafka")]
pub(crate) use store::broker_options;

use crate::config::{Config, TlsSection};

/// How long everything may take to end: streams, requests under way, the last snapshot, the log.
pub const DRAIN: Duration = Duration::from_secs(10);
/// Of it, what the services may take; the rest is for the log to close and the process to go.
const SERVICES_END: Duration = Duration::from_millis(6_500);
/// And what the log may: brokers that do not answer would keep it for longer.
const LOG_CLOSES: Duration = Duration::from_millis(2_000);
/// And its connections, once everything is on the brokers: a client that waits by a clock that was set back does not end for as long.
const LOG_ENDS: Duration = Duration::from_millis(1_500);

/// How often things happen that are not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time is marked in every incidents partition.
    pub mark_interval: Duration,
    /// Every alert stream shows that it lives.
    pub heartbeat: Duration,
    /// Correlation writes a snapshot.
    pub snapshot_interval: Duration,
    /// Heartbeats say `stale` when judgement is this far behind the clock, in milliseconds.
    pub stale_after_ms: u64,
}

impl Default for Pace {
    /// As promised: marks at least each second, heartbeats each second, stale after five.
    fn default() -> Self {
        Self {
            mark_interval: Duration::from_millis(500),
            heartbeat: Duration::from_secs(1),
            snapshot_interval: Duration::from_secs(30),
            stale_after_ms: 5_000,
        }
    }
}

/// What was found at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What runs here.
    pub parts: Parts,
    /// Members.
    pub members: usize,
    /// Whether connections are over TLS, and members known by certificate.
    pub by_certificate: bool,
    /// Partitions of the incidents topic.
    pub partitions: u16,
    /// Version of the policy in force.
    pub policy_version: u32,
    /// The log.
    pub found: Found,
}

/// A part that ended by itself, or not in time.
#[derive(Debug, thiserror::Error)]
#[error("{part} stopped: {reason}")]
pub struct PartFailed {
    part: &'static str,
    reason: String,
}

type Ended = (&'static str, Result<(), String>);

/// Starts installations.
#[derive(Clone, Copy, Debug)]
pub struct Installation {
    pace: Pace,
    parts: Parts,
}

impl Default for Installation {
    fn default() -> Self {
        Self::with_pace(Pace::default())
    }
}

impl Installation {
    /// One that keeps this pace.
    #[must_use]
    pub fn with_pace(pace: Pace) -> Self {
        Self {
            pace,
            parts: Parts::ALL,
        }
    }

    /// Runs only these services; the others run elsewhere, on the same log.
    #[must_use]
    pub fn of(self, parts: Parts) -> Self {
        Self { parts, ..self }
    }

    /// Opens what the configuration's data folder holds, or begins it, and serves on the listener until told to stop.
    /// `config.listen` is for whoever makes the listener; it is not looked at.
    ///
    /// # Errors
    /// When the folder, the log or the configuration forbid it; nothing is served then.
    pub async fn start(
        self,
        listener: TcpListener,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Running, StartError> {
        let address = listener.local_addr().map_err(StartError::Listener)?;
        if !address.ip().is_loopback() && config.tls.is_none() {
            return Err(StartError::NotLoopback(address));
        }
        if self.parts != Parts::ALL && config.kafka.is_none() {
            return Err(StartError::NotShared(self.parts.command()));
        }
        // Before the log: what is wrong with a certificate is found out at once.
        let tls = tls(config, &clock)?;
        let (Self { pace, parts }, shared) = (self, config.clone());
        let opened = tokio::task::spawn_blocking(move || opening::open(&shared, parts, pace, &clock));
        let opened = opened
            .await
            .map_err(|error| StartError::Panicked(error.to_string()))??;
        let (front, back) = (watch::Sender::new(false), watch::Sender::new(false));
        let (health, router) = serving::router(&opened).await?;
        let taxii_listener = taxii::listener(config, &opened).await?;
        let ingest = opened.ingest.as_ref().map(chappe_ingest::Service::handle);
        let mut parts: JoinSet<Ended> = JoinSet::new();
        if let Some(correlation) = opened.correlation {
            parts.spawn(part("correlation", correlation.run(told(&back))));
        }
        if let Some(ingest) = opened.ingest {
            parts.spawn(part("ingest", ingest.run(told(&front))));
        }
        if let Some(notification) = opened.notification {
            parts.spawn(part("notification", notification.run(told(&front))));
        }
        let taxii = taxii_listener.as_ref().map(|(address, _)| *address);
        if let (Some(server), Some((_, listener))) = (opened.taxii, taxii_listener) {
            parts.spawn(part("the TAXII server", server.serve(listener, told(&front))));
        }
        parts.spawn(part(
            "the gRPC server",
            serving::serve(router, listener, tls, told(&front)),
        ));
        Ok(Running {
            address,
            taxii,
            summary: opened.summary,
            policy: opened.policy,
            log: opened.log,
            ingest,
            health,
            front,
            back,
            parts,
        })
    }
}

/// An installation that runs. Dropping it without [`Running::shutdown`] aborts it, as a crash would.
pub struct Running {
    address: SocketAddr,
    taxii: Option<SocketAddr>,
    summary: Summary,
    policy: Policy,
    log: Arc<dyn EventLog>,
    ingest: Option<chappe_ingest::Handle>,
    health: serving::Health,
    front: watch::Sender<bool>,
    back: watch::Sender<bool>,
    parts: JoinSet<Ended>,
}

impl Running {
    /// Where it serves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves TAXII, if it does.
    #[must_use]
    pub fn taxii(&self) -> Option<SocketAddr> {
        self.taxii
    }

    /// What was found at the start.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// Ingest's handle, to mark time; none where ingest runs elsewhere.
    #[must_use]
    pub fn ingest(&self) -> Option<&chappe_ingest::Handle> {
        self.ingest.as_ref()
    }

    /// Waits until a part ends by itself, which none should.
    pub async fn failed(&mut self) -> PartFailed {
        match self.parts.join_next().await {
            Some(Ok((part, Err(reason)))) => PartFailed { part, reason },
            Some(Ok((part, Ok(())))) => PartFailed {
                part,
                reason: "it ended without being told to".into(),
            },
            Some(Err(error)) => PartFailed {
                part: "a part",
                reason: error.to_string(),
            },
            None => PartFailed {
                part: "everything",
                reason: "nothing runs any more".into(),
            },
        }
    }

    /// Drains: no new requests, streams end with a word to resume, what is under way is answered, correlation judges what there is and
    /// leaves a snapshot, the log closes. After [`DRAIN`] the rest is aborted; what was acknowledged is in the log in any case.
    ///
    /// # Errors
    /// The first part that failed, or did not end in time.
    pub async fn shutdown(mut self) -> Result<(), PartFailed> {
        self.health.stopping().await;
        self.front.send_replace(true);
        let drained = tokio::time::timeout(SERVICES_END, self.drain()).await;
        self.parts.abort_all();
        let log = Arc::clone(&self.log);
        let closed = tokio::time::timeout(LOG_CLOSES, tokio::task::spawn_blocking(move || log.close())).await;
        let Self { log, ingest, parts, .. } = self;
        drop((ingest, parts)); // they hold the log
        if tokio::time::timeout(LOG_ENDS, tokio::task::spawn_blocking(move || drop(log)))
            .await
            .is_err()
        {
            tracing::warn!("connections to the log do not end: that is left to the end of the process");
        }
        drained.unwrap_or_else(|_| Err(late("the services", SERVICES_END)))?;
        let closed = closed.map_err(|_| late("the log", LOG_CLOSES))?;
        closed.map_err(|error| PartFailed {
            part: "the log",
            reason: error.to_string(),
        })
    }

    /// Correlation goes last, so that it sees what the others took.
    async fn drain(&mut self) -> Result<(), PartFailed> {
        let mut failure = None;
        loop {
            if self.parts.len() <= 1 {
                self.back.send_replace(true);
            }
            match self.parts.join_next().await {
                None => break,
                Some(Ok((_, Ok(())))) => {}
                Some(Ok((part, Err(reason)))) => failure = failure.or(Some(PartFailed { part, reason })),
                Some(Err(error)) => {
                    failure = failure.or(Some(PartFailed {
                        part: "a part",
                        reason: error.to_string(),
                    }))
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("address", &self.address)
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

/// What connections are secured by, if they are.
fn tls(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Tls>, StartError> {
    let open = |section: &TlsSection| {
        let members = config.members.iter();
        let options = chappe_tls::Options {
            trust_domain: section.trust_domain.clone(),
            certificate: section.certificate.clone(),
            key: section.key.clone(),
            members: section.members(),
            known: members.map(|member| member.principal.member.clone()).collect(),
            tokens: section.tokens,
        };
        Tls::open(options, Arc::clone(clock))
    };
    Ok(config.tls.as_ref().map(open).transpose()?)
}

async fn part<E: std::error::Error>(name: &'static str, run: impl Future<Output = Result<(), E>>) -> Ended {
    (name, run.await.map_err(|error| with_sources(&error)))
}

/// An error and what lies under it, on one line, nothing said twice.
#[must_use]
pub fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

fn late(part: &'static str, bound: Duration) -> PartFailed {
    let seconds = bound.as_secs_f64();
    PartFailed {
        part,
        reason: format!("not done after {seconds} s, the rest was aborted"),
    }
}

/// Ends when the switch is turned, or nobody could turn it any more.
fn told(switch: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + 'static {
    let mut switch = switch.subscribe();
    async move {
        let _ = switch.wait_for(|on| *on).await;
    }
}
