//! The service around the desk: gRPC, time marks, and the end.

use std::future::Future;
use std::sync::Arc;

use chappe_clock::Clock;
use chappe_eventlog::{AppendError, EventLog};
use chappe_model::limits::MESSAGE_BYTES;
use chappe_model::{Live, Timestamp};
use chappe_proto::v1::incident_service_server::IncidentServiceServer;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::MissedTickBehavior;

use crate::api::IncidentApi;
use crate::desk::Desk;
use crate::follower::Follower;
use crate::metric_names::MARKS_SKIPPED;
use crate::options::{OpenError, Options, RunError};

/// The ingest service.
#[derive(Debug)]
pub struct Service {
    desk: Arc<Desk>,
}

/// What other parts of a program ask of a running service.
#[derive(Clone, Debug)]
pub struct Handle {
    desk: Arc<Desk>,
}

impl Service {
    /// Rebuilds the index of reports from the incidents topic. It blocks while it reads; nothing is served or appended before it returns.
    ///
    /// # Errors
    /// When the log cannot be read, or does not belong to the secret, or the policy cannot be kept.
    pub fn open(options: Options, log: Arc<dyn EventLog>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Ok(Self {
            desk: Arc::new(Desk::open(options, log, clock)?),
        })
    }

    /// The synchronous core.
    #[must_use]
    pub fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }

    /// The gRPC service. It takes and sends messages of up to [`MESSAGE_BYTES`].
    #[must_use]
    pub fn grpc(&self) -> IncidentServiceServer<IncidentApi> {
        let server = IncidentServiceServer::new(IncidentApi::new(self.desk()));
        server
            .max_decoding_message_size(MESSAGE_BYTES)
            .max_encoding_message_size(MESSAGE_BYTES)
    }

    /// To mark time now, and to say how much of the memory budget is used.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { desk: self.desk() }
    }

    /// Marks time in every partition at once and then each [`Options::mark_interval`], until `shutdown`; then open streams read no
    /// further, answer what is on its way, and end with UNAVAILABLE. A mark waits for the one before: a log that is slow is marked
    /// less often, and metered.
    ///
    /// A shared log is read on by a thread for as long as this runs: nothing is acknowledged before, and after it nothing is taken. It ends
    /// once those who wait are answered, or after 5 seconds.
    ///
    /// # Errors
    /// When the log accepts nothing more, or a shared log cannot be read on: the process should stop.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        let inner = &self.desk.inner;
        if !inner.is_shared {
            let outcome = self.mark_until(shutdown).await;
            inner.stopping.send_replace(true);
            return outcome;
        }
        let mut follower = Follower::start(&self.desk)?;
        let outcome = tokio::select! {
            outcome = self.mark_until(shutdown) => outcome,
            ended = follower.ended() => return self.stop_with(ended),
        };
        inner.stopping.send_replace(true);
        outcome.and(follower.stop(&self.desk).await)
    }

    fn stop_with(&self, outcome: Result<(), RunError>) -> Result<(), RunError> {
        self.desk.inner.stopping.send_replace(true);
        outcome
    }

    async fn mark_until(&self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        let inner = &self.desk.inner;
        let mut shutdown = std::pin::pin!(shutdown);
        let mut ticks = tokio::time::interval(inner.options.mark_interval.max(SHORTEST_INTERVAL));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last: Option<oneshot::Receiver<Result<Timestamp, AppendError>>> = None;
        // A full disk may stay full for hours: that time stands still is logged once, and once that it goes on.
        let mut stands_still = false;
        loop {
            let due = tokio::select! {
                () = &mut shutdown => return Ok(()),
                _ = ticks.tick() => true,
                () = inner.trouble.notified() => false,
            };
            inner.log.health()?;
            if !due {
                continue;
            }
            match last.as_mut().map(oneshot::Receiver::try_recv) {
                Some(Err(TryRecvError::Empty)) => {
                    metrics::counter!(MARKS_SKIPPED).increment(1);
                    continue;
                }
                Some(Ok(Err(error))) if !std::mem::replace(&mut stands_still, true) => {
                    tracing::warn!(
                        "time was not marked in every partition, and alerts that wait for it wait on: {error}"
                    );
                }
                Some(Ok(Ok(_))) if std::mem::take(&mut stands_still) => {
                    tracing::info!("time is marked in every partition again");
                }
                Some(Ok(_) | Err(TryRecvError::Closed)) | None => {}
            }
            last = Some(self.handle().mark());
        }
    }
}

/// The shortest time between marks, whatever the options say.
const SHORTEST_INTERVAL: std::time::Duration = std::time::Duration::from_millis(1);

impl Handle {
    /// Marks every partition of the incidents topic with the clock's now, and waits until that is durable. Returns the time marked.
    ///
    /// # Errors
    /// The first error of the log; some partitions may be marked.
    pub async fn mark_now(&self) -> Result<Timestamp, AppendError> {
        self.mark().await.unwrap_or_else(|_| {
            Err(AppendError::Unknown {
                reason: "the log went away without telling the outcome".into(),
            })
        })
    }

    /// Takes what correlation counts of live contributions: the memory budget rests on it. It is quick and waits for nothing but another call
    /// of it.
    pub fn count_live(&self, live: &Live) {
        self.desk.inner.ledger.publish(live);
    }

    fn mark(&self) -> oneshot::Receiver<Result<Timestamp, AppendError>> {
        let (tell, told) = oneshot::channel();
        let inner = Arc::clone(&self.desk.inner);
        self.desk.mark(Box::new(move |outcome| {
            if outcome
                .as_ref()
                .is_err_and(|error| !matches!(error, AppendError::Refused { .. }))
            {
                inner.trouble.notify_one();
            }
            // Whoever asked may have stopped waiting.
            let _ = tell.send(outcome);
        }));
        told
    }
}
