//! `chappe.v1.AlertService` over the board.

use std::sync::Arc;
use std::time::Duration;

use chappe_clock::Clock;
use chappe_identity::Directory;
use chappe_proto::v1;
use chappe_proto::v1::alert_service_server::AlertService;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::board::Board;
use crate::options::OUTBOX;
use crate::stream::{Answer, Pump};
use crate::streams::Streams;

/// The gRPC side of the service. Answers come from memory; a stream far behind reads the log inline, at most 1 MiB at a time.
pub struct AlertApi {
    pub(crate) board: Arc<Board>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) heartbeat: Duration,
    pub(crate) streams: Arc<Streams>,
}

#[tonic::async_trait]
impl AlertService for AlertApi {
    type SubscribeStream = ReceiverStream<Answer>;

    async fn subscribe(
        &self,
        request: Request<v1::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let who = self.directory.authenticate(request.metadata())?;
        let open = self.streams.enter(&who.member)?;
        // Before the feed takes its place, so that nothing appended from then on goes unnoticed.
        let news = self.streams.news.subscribe();
        let pump = Pump {
            feed: self.board.subscribe(who, request.get_ref())?,
            board: Arc::clone(&self.board),
            clock: Arc::clone(&self.clock),
            heartbeat: self.heartbeat,
            news,
            ending: self.streams.ending.subscribe(),
            open,
        };
        let (outbox, answers) = mpsc::channel(OUTBOX);
        tokio::spawn(pump.run(outbox));
        Ok(Response::new(ReceiverStream::new(answers)))
    }

    async fn list_alerts(
        &self,
        request: Request<v1::ListAlertsRequest>,
    ) -> Result<Response<v1::ListAlertsResponse>, Status> {
        let who = self.directory.authenticate(request.metadata())?;
        self.board.list(&who, request.get_ref()).map(Response::new)
    }

    async fn get_alert(&self, request: Request<v1::GetAlertRequest>) -> Result<Response<v1::GetAlertResponse>, Status> {
        let who = self.directory.authenticate(request.metadata())?;
        self.board.get(&who, &request.get_ref().name).map(Response::new)
    }
}

impl std::fmt::Debug for AlertApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlertApi").finish_non_exhaustive()
    }
}
