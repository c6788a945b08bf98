//! The desk behind gRPC.

use std::pin::{Pin, pin};
use std::sync::Arc;

use chappe_model::Principal;
use chappe_proto::v1::incident_service_server::IncidentService;
use chappe_proto::{status, v1};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::desk::{Desk, Done};
use crate::refusal::Refusal;
use crate::reply;

/// Messages of one stream that may wait for their answer, or answers for their reader. While so many do, the stream is not read
/// further: flow control tells the client to wait.
pub const STREAM_WINDOW: usize = 1_024;

/// The implementation of `chappe.v1.IncidentService`.
///
/// Submissions run on the caller's task and wait for nothing but the log's answer, and where memory is scarce for reading one record. Retract and GetIncident read a record of the log, on
/// the runtime's threads for blocking work.
#[derive(Debug)]
pub struct IncidentApi {
    desk: Arc<Desk>,
}

type Answers = mpsc::Sender<Result<v1::SubmitStreamResponse, Status>>;

impl IncidentApi {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    #[allow(clippy::result_large_err, reason = "tonic's own error type")]
    fn caller<T>(&self, request: &Request<T>) -> Result<Arc<Principal>, Status> {
        self.desk.inner.options.directory.authenticate(request)
    }
}

#[tonic::async_trait]
impl IncidentService for IncidentApi {
    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Result<Response<v1::SubmitResponse>, Status> {
        let who = self.caller(&request)?;
        let request = request.into_inner();
        let (done, told) = oneshot_done();
        match &request.incident {
            Some(incident) => self.desk.submit(&who, incident, request.validate_only, done),
            None => reply::answer(done, Err(no_incident())),
        }
        Ok(Response::new(v1::SubmitResponse {
            receipt: Some(wait(told).await?),
        }))
    }

    type SubmitStreamStream = Pin<Box<dyn Stream<Item = Result<v1::SubmitStreamResponse, Status>> + Send>>;

    async fn submit_stream(
        &self,
        request: Request<Streaming<v1::SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let who = self.caller(&request)?;
        let (answers, reader) = mpsc::channel(STREAM_WINDOW);
        let (last, end) = mpsc::channel(1);
        let desk = Arc::clone(&self.desk);
        let stopping = desk.inner.stopping.subscribe();
        let messages = request.into_inner();
        tokio::spawn(async move {
            if let Err(status) = take_stream(desk, who, messages, answers, stopping).await {
                // It has room for the one.
                let _ = last.try_send(Err(status));
            }
        });
        // Whatever was read is answered before the stream ends with the error: the first channel closes with its last answer.
        let answers = ReceiverStream::new(reader).chain(ReceiverStream::new(end));
        Ok(Response::new(Box::pin(answers)))
    }

    async fn retract(&self, request: Request<v1::RetractRequest>) -> Result<Response<v1::RetractResponse>, Status> {
        let who = self.caller(&request)?;
        let (done, told) = oneshot_done();
        let desk = Arc::clone(&self.desk);
        blocking(move || desk.retract(&who, request.get_ref(), done)).await?;
        Ok(Response::new(v1::RetractResponse {
            receipt: Some(wait(told).await?),
        }))
    }

    async fn get_incident(
        &self,
        request: Request<v1::GetIncidentRequest>,
    ) -> Result<Response<v1::GetIncidentResponse>, Status> {
        let who = self.caller(&request)?;
        let desk = Arc::clone(&self.desk);
        let incident = blocking(move || desk.get(&who, &request.get_ref().name)).await??;
        Ok(Response::new(v1::GetIncidentResponse {
            incident: Some(incident),
        }))
    }
}

/// Reads a stream to its end. Each message takes its place among the answers before it is read, so an answer always has room and the
/// log's thread never waits for a slow reader. Once the service stops nothing more is read, whether or not there is room: a client that
/// does not read its answers keeps no task waiting.
async fn take_stream(
    desk: Arc<Desk>,
    who: Arc<Principal>,
    mut messages: Streaming<v1::SubmitStreamRequest>,
    answers: Answers,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Status> {
    // One for the whole stream: begun again for each message it would take a lock each time.
    let mut stopped = pin!(stopping.wait_for(|stopping| *stopping));
    loop {
        let place = tokio::select! {
            biased;
            _ = &mut stopped => return Err(Refusal::Stopped.status()),
            place = answers.clone().reserve_owned() => place,
        };
        // None when the client is gone: what is on its way is stored all the same.
        let Ok(place) = place else { return Ok(()) };
        let next = tokio::select! {
            biased;
            _ = &mut stopped => return Err(Refusal::Stopped.status()),
            next = messages.message() => next?,
        };
        let Some(message) = next else { return Ok(()) };
        let sequence = message.sequence;
        let done: Done = Box::new(move |outcome| {
            place.send(Ok(answer(sequence, outcome)));
        });
        match &message.incident {
            Some(incident) => desk.submit(&who, incident, false, done),
            None => reply::answer(done, Err(no_incident())),
        }
    }
}

fn answer(sequence: u64, outcome: Result<v1::Receipt, Status>) -> v1::SubmitStreamResponse {
    use v1::submit_stream_response::Outcome;
    let outcome = match outcome {
        Ok(receipt) => Outcome::Receipt(receipt),
        Err(refused) => Outcome::Error(status::to_message(&refused)),
    };
    v1::SubmitStreamResponse {
        sequence,
        outcome: Some(outcome),
    }
}

fn no_incident() -> Refusal {
    Refusal::field("incident", "missing: send the report")
}

fn oneshot_done() -> (Done, oneshot::Receiver<Result<v1::Receipt, Status>>) {
    let (tell, told) = oneshot::channel();
    let done = move |outcome| {
        // The client may be gone.
        let _ = tell.send(outcome);
    };
    (Box::new(done), told)
}

async fn wait(told: oneshot::Receiver<Result<v1::Receipt, Status>>) -> Result<v1::Receipt, Status> {
    told.await.unwrap_or_else(|_| Err(Refusal::Unknown.status()))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Status> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| status::refused(Code::Internal, "INTERNAL", "the request broke off"))
}
