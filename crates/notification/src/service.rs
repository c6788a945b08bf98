//! The service: follows the log, serves the board.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chappe_clock::Clock;
use chappe_eventlog::{AppendError, EventLog, ReadError, Topic};
use chappe_identity::Directory;
use chappe_model::limits::MESSAGE_BYTES;
use chappe_proto::v1::alert_service_server::AlertServiceServer;
use chappe_proto::v1::member_service_server::MemberServiceServer;
use chappe_proto::v1::search_service_server::SearchServiceServer;
use metrics::gauge;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use crate::board::Board;
use crate::grpc::AlertApi;
use crate::incidents::Incidents;
use crate::member_api::MemberApi;
use crate::metric_names::{LOG_AGE_SECONDS, describe_metrics};
use crate::options::{
    HEARTBEAT_MAX, HEARTBEAT_MIN, INDEX_REST, OpenError, Options, READ_RETRIES, RunError, SHUTDOWN_GRACE,
};
use crate::search_api::SearchApi;
use crate::streams::Streams;
use crate::taxii::{SubmitReport, Taxii};
use crate::view::Sizes;

/// Longest request, in bytes: a filter, a cursor and a reason are small.
const REQUEST_BYTES: usize = 64 * 1024;

/// Notification, open on a log. [`Service::run`] follows it.
pub struct Service {
    board: Arc<Board>,
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    directory: Arc<Directory>,
    heartbeat: Duration,
    streams: Arc<Streams>,
    incidents: Arc<Incidents>,
}

impl Service {
    /// Builds the view of alerts and decisions from the start of the log.
    ///
    /// # Errors
    /// When the log cannot be read or has another number of partitions of alerts than one, or the heartbeat is out of range.
    pub fn open(options: Options, log: Arc<dyn EventLog>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        if !(HEARTBEAT_MIN..=HEARTBEAT_MAX).contains(&options.heartbeat) {
            return Err(OpenError::Heartbeat(options.heartbeat));
        }
        let partitions = log.partitions(Topic::Alerts);
        if partitions != 1 {
            return Err(OpenError::Partitions(partitions));
        }
        describe_metrics();
        let incidents = Incidents::new(Arc::clone(&log), options.secret.clone(), options.stale_after_ms);
        let board = Board::new(
            Arc::clone(&log),
            options.secret,
            options.stale_after_ms,
            Sizes::default(),
        );
        board.catch_up()?;
        Ok(Self {
            incidents: Arc::new(incidents),
            board: Arc::new(board),
            log,
            clock,
            directory: options.directory,
            heartbeat: options.heartbeat,
            streams: Arc::new(Streams::new()),
        })
    }

    /// The synchronous core.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.board)
    }

    /// The gRPC service, to be added to a server.
    #[must_use]
    pub fn grpc(&self) -> AlertServiceServer<AlertApi> {
        let api = AlertApi {
            board: Arc::clone(&self.board),
            directory: Arc::clone(&self.directory),
            clock: Arc::clone(&self.clock),
            heartbeat: self.heartbeat,
            streams: Arc::clone(&self.streams),
        };
        AlertServiceServer::new(api).max_decoding_message_size(REQUEST_BYTES)
    }

    /// The gRPC service of constituencies, to be added to a server.
    #[must_use]
    pub fn members(&self) -> MemberServiceServer<MemberApi> {
        let api = MemberApi {
            board: Arc::clone(&self.board),
            directory: Arc::clone(&self.directory),
            clock: Arc::clone(&self.clock),
        };
        MemberServiceServer::new(api).max_decoding_message_size(MESSAGE_BYTES)
    }

    /// The TAXII server. What members add is submitted by `submit`; without it nothing is added here.
    ///
    /// # Errors
    /// When the log cannot be read: its revisions are read once more, for the order in which they were added.
    pub fn taxii(&self, submit: Option<SubmitReport>) -> Result<Taxii, OpenError> {
        let (directory, clock) = (Arc::clone(&self.directory), Arc::clone(&self.clock));
        Ok(Taxii::open(
            &self.board,
            directory,
            clock,
            Arc::clone(&self.streams),
            submit,
        )?)
    }

    /// The gRPC service of searches among incidents, to be added to a server.
    #[must_use]
    pub fn searches(&self) -> SearchServiceServer<SearchApi> {
        let api = SearchApi {
            incidents: Arc::clone(&self.incidents),
            directory: Arc::clone(&self.directory),
            clock: Arc::clone(&self.clock),
        };
        SearchServiceServer::new(api).max_decoding_message_size(REQUEST_BYTES)
    }

    /// Follows the topics until `shutdown`, then ends all streams with UNAVAILABLE and waits up to [`SHUTDOWN_GRACE`] for them.
    ///
    /// # Errors
    /// When the log cannot be read, [`READ_RETRIES`] times in a row or for a reason that does not pass, or accepts nothing more. The streams are
    /// ended as well.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        let outcome = tokio::select! {
            () = shutdown => Ok(()),
            error = self.follow() => Err(RunError::from(error)),
            error = self.stopped() => Err(RunError::from(error)),
            never = self.index() => match never {},
            never = self.show_age() => match never {},
        };
        self.streams.ending.send_replace(true);
        let mut open = self.streams.open.subscribe();
        if tokio::time::timeout(SHUTDOWN_GRACE, open.wait_for(|count| *count == 0))
            .await
            .is_err()
        {
            tracing::warn!(streams = *self.streams.open.borrow(), "streams did not end in time");
        }
        outcome
    }

    /// One read of each topic; how many records there were. What is in force is read first, because it is asked of each alert. A decision alone is no news
    /// to a stream, and one that cannot be read holds no alert up.
    fn read_on(&self) -> Result<usize, ReadError> {
        let stated = self.board.read_constituencies_on();
        let alerts = self.board.read_on()?;
        if alerts > 0 {
            self.streams.news.send_replace(());
            self.board.merge_names();
        }
        Ok(stated? + alerts + self.board.read_decisions_on()?)
    }

    /// Ends once the log accepts nothing more, which shows when a decision is to be recorded.
    async fn stopped(&self) -> AppendError {
        loop {
            self.board.trouble.notified().await;
            if let Err(error) = self.log.health() {
                return error;
            }
        }
    }

    /// Reads the incidents into their index, apart from everything else and behind it: no report and no alert waits for it, and none is lost with it.
    /// While it cannot be read searches say that they are stale.
    async fn index(&self) -> Infallible {
        let advanced = Arc::new(Notify::new());
        let wake = Arc::clone(&advanced);
        self.log
            .on_advance(Topic::Incidents, Arc::new(move || wake.notify_one()));
        let mut fails = false;
        loop {
            let incidents = Arc::clone(&self.incidents);
            let read = tokio::task::spawn_blocking(move || incidents.read_on()).await;
            match read.unwrap_or_else(|panic| {
                Err(ReadError::Unavailable {
                    reason: panic.to_string(),
                })
            }) {
                Ok(count) => {
                    if std::mem::take(&mut fails) {
                        tracing::info!("the incidents are read for searches again");
                    }
                    if count == 0 {
                        advanced.notified().await;
                        tokio::time::sleep(INDEX_REST).await;
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut fails, true) {
                        tracing::error!(%error, "cannot read the incidents for searches, which are stale from here on; trying again");
                    }
                    tokio::time::sleep(self.heartbeat).await;
                }
            }
        }
    }

    /// Shows at each heartbeat how far what is told lies behind the clock.
    async fn show_age(&self) -> Infallible {
        let mut looks = tokio::time::interval(self.heartbeat);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let (now, told) = (self.clock.now(), self.board.watermark());
            let age_ms = now.as_millis().saturating_sub(told.as_millis());
            gauge!(LOG_AGE_SECONDS).set(Duration::from_millis(age_ms).as_secs_f64());
        }
    }

    async fn follow(&self) -> ReadError {
        let advanced = Arc::new(Notify::new());
        let wake = Arc::clone(&advanced);
        self.log.on_advance(Topic::Alerts, Arc::new(move || wake.notify_one()));
        for topic in [Topic::Decisions, Topic::Config] {
            let wake = Arc::clone(&advanced);
            self.log.on_advance(topic, Arc::new(move || wake.notify_one()));
        }
        let mut failures = 0;
        loop {
            match self.read_on() {
                Ok(0) => {
                    failures = 0;
                    advanced.notified().await;
                }
                Ok(_) => {
                    failures = 0;
                    tokio::task::yield_now().await;
                }
                Err(error @ ReadError::Unavailable { .. }) if failures < READ_RETRIES => {
                    failures += 1;
                    tracing::warn!(%error, failures, "cannot follow the log, trying again");
                    tokio::time::sleep(self.heartbeat).await;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot follow the log");
                    return error;
                }
            }
        }
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}
