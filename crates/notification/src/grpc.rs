//! `chappe.v1.AlertService` over the board.

use std::sync::Arc;
use std::time::Duration;

use chappe_clock::Clock;
use chappe_identity::Directory;
use chappe_proto::v1::alert_service_server::AlertService;
use chappe_proto::{status, v1};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};

use crate::board::Board;
use crate::options::OUTBOX;
use crate::stream::{Answer, Pump};
use crate::streams::Streams;

/// When to come again after a refusal for want of room.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// The gRPC side of the service. Answers come from memory. Lists and single alerts are looked up on the runtime's threads for blocking work,
/// so many at once, so that no stream waits for them; a stream far behind reads the log inline, at most 1 MiB at a time.
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
        let who = self.directory.authenticate(&request)?;
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
        let who = self.directory.authenticate(&request)?;
        let board = Arc::clone(&self.board);
        let list = move || board.list(&who, request.get_ref());
        apart(&self.board.lists, list).await.map(Response::new)
    }

    async fn get_alert(&self, request: Request<v1::GetAlertRequest>) -> Result<Response<v1::GetAlertResponse>, Status> {
        let who = self.directory.authenticate(&request)?;
        let board = Arc::clone(&self.board);
        let get = move || board.get(&who, &request.get_ref().name);
        apart(&self.board.lookups, get).await.map(Response::new)
    }

    async fn decide(&self, request: Request<v1::DecideRequest>) -> Result<Response<v1::DecideResponse>, Status> {
        let who = self.directory.authenticate_person(&request)?;
        let (board, now) = (Arc::clone(&self.board), self.clock.now());
        let decide = move || board.decide(&who, request.get_ref(), now);
        apart(&self.board.deciding, decide).await.map(Response::new)
    }
}

/// Runs what may take long off the threads that serve streams. Its room is taken until it is done, also when the caller is gone.
pub(crate) async fn apart<T: Send + 'static>(
    room: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, Status> + Send + 'static,
) -> Result<T, Status> {
    let Ok(permit) = Arc::clone(room).try_acquire_owned() else {
        let message = "too much is being looked up or decided here now: ask again later";
        return Err(status::exhausted("TOO_MANY_LOOKUPS", message, RETRY_AFTER));
    };
    let done = tokio::task::spawn_blocking(move || {
        let answer = work();
        drop(permit);
        answer
    });
    done.await
        .unwrap_or_else(|_| Err(status::refused(Code::Internal, "INTERNAL", "the request broke off")))
}

impl std::fmt::Debug for AlertApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlertApi").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use chappe_clock::ManualClock;
    use chappe_eventlog::MemoryLog;
    use chappe_identity::TokenDigest;
    use chappe_model::{MemberId, Principal, Role, Secret, Timestamp};
    use tokio_stream::StreamExt;
    use tonic_types::StatusExt;

    use super::*;
    use crate::options::{LISTS_AT_ONCE, LOOKUPS_AT_ONCE};
    use crate::view::Sizes;

    fn api() -> AlertApi {
        let europol = Principal {
            member: MemberId::parse("europol").unwrap(),
            home: None,
            role: Role::Hub,
        };
        let log = Arc::new(MemoryLog::new());
        AlertApi {
            board: Arc::new(Board::new(log, Secret::new([7; 32]), 5_000, Sizes::default())),
            directory: Arc::new(Directory::new(vec![(europol, TokenDigest::of("token"))]).unwrap()),
            clock: Arc::new(ManualClock::starting_at(Timestamp::from_millis(10_000))),
            heartbeat: Duration::from_millis(10),
            streams: Arc::new(Streams::new()),
        }
    }

    fn asked<T>(message: T) -> Request<T> {
        let mut request = Request::new(message);
        let token = "Bearer token".parse().unwrap();
        request.metadata_mut().insert("authorization", token);
        request
    }

    fn is_told_to_come_again(refusal: &Status) {
        assert_eq!(refusal.code(), Code::ResourceExhausted);
        assert_eq!(refusal.get_details_error_info().unwrap().reason, "TOO_MANY_LOOKUPS");
        assert_eq!(refusal.get_details_retry_info().unwrap().retry_delay, Some(RETRY_AFTER));
    }

    #[tokio::test]
    async fn lists_have_so_much_room_and_streams_do_not_wait_for_it() {
        let api = api();
        let list = || api.list_alerts(asked(v1::ListAlertsRequest::default()));
        let get = || api.get_alert(asked(v1::GetAlertRequest::default()));
        let all = u32::try_from(LISTS_AT_ONCE).unwrap();
        let lists = Arc::clone(&api.board.lists).try_acquire_many_owned(all).unwrap();
        is_told_to_come_again(&list().await.unwrap_err());
        assert_eq!(
            get().await.unwrap_err().code(),
            Code::InvalidArgument,
            "it has room of its own"
        );
        let all = u32::try_from(LOOKUPS_AT_ONCE).unwrap();
        let lookups = Arc::clone(&api.board.lookups).try_acquire_many_owned(all).unwrap();
        is_told_to_come_again(&get().await.unwrap_err());
        let stream = api.subscribe(asked(v1::SubscribeRequest::default())).await.unwrap();
        assert!(stream.into_inner().next().await.unwrap().is_ok(), "heartbeats go on");
        drop((lists, lookups));
        // Each gives its room back.
        for _ in 0..=LOOKUPS_AT_ONCE {
            assert!(list().await.is_ok());
            assert_eq!(get().await.unwrap_err().code(), Code::InvalidArgument);
        }
    }

    #[tokio::test]
    async fn on_a_single_thread_a_stream_goes_on_while_a_list_is_drawn_up() {
        let api = api();
        let (go_on, held) = std::sync::mpsc::channel::<()>();
        // As long as a list over very many alerts.
        let room = Arc::clone(&api.board.lists);
        let long = tokio::spawn(async move { apart(&room, move || Ok(held.recv().is_ok())).await });
        let stream = api.subscribe(asked(v1::SubscribeRequest::default())).await.unwrap();
        let mut stream = stream.into_inner();
        for _ in 0..3 {
            assert!(stream.next().await.unwrap().is_ok());
        }
        assert!(!long.is_finished());
        assert_eq!(api.board.lists.available_permits(), LISTS_AT_ONCE - 1);
        go_on.send(()).unwrap();
        assert!(long.await.unwrap().unwrap());
        assert_eq!(api.board.lists.available_permits(), LISTS_AT_ONCE);
    }
}
