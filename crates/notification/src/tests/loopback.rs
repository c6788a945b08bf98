//! The service over a real connection.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chappe_clock::ManualClock;
use chappe_eventlog::{AppendFault, EventLog, FaultPlan, MemoryLog};
use chappe_identity::{Directory, TokenDigest};
use chappe_model::{Principal, Role, Secret, Timestamp};
use chappe_proto::v1;
use chappe_proto::v1::alert_service_client::AlertServiceClient;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status, Streaming};

use super::gaps::Forgetful;
use super::rig::{
    append, austria, confined, from_beginning, from_now, germany, id, mark, resume, revision, told, viewer,
};
use crate::{Board, Options, RunError, Service};

/// Nothing here takes this long; a test that hangs fails instead.
const PATIENCE: Duration = Duration::from_secs(60);

struct Installation {
    board: Arc<Board>,
    address: String,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), RunError>>,
}

async fn patiently<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("took too long")
}

async fn installation(log: Arc<dyn EventLog>, heartbeat: Duration) -> Installation {
    let members = [austria(), germany(), viewer("europol", "", Role::Hub)];
    let member = |who: &Arc<Principal>| (Principal::clone(who), TokenDigest::of(who.member.as_str()));
    let options = Options {
        secret: Secret::new([7; 32]),
        directory: Arc::new(Directory::new(members.iter().map(member).collect()).unwrap()),
        heartbeat,
        stale_after_ms: 5_000,
    };
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(10_000)));
    let service = Service::open(options, log, clock).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (grpc, board) = (service.grpc(), service.board());
    tokio::spawn(
        Server::builder()
            .add_service(grpc)
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(service.run(async {
        let _ = stopped.await;
    }));
    Installation {
        board,
        address,
        stop: Some(stop),
        running,
    }
}

impl Installation {
    async fn client(&self) -> AlertServiceClient<Channel> {
        let channel = Channel::from_shared(self.address.clone()).unwrap();
        AlertServiceClient::new(patiently(channel.connect()).await.unwrap())
    }

    async fn subscribe(&self, token: &str, request: v1::SubscribeRequest) -> Streaming<v1::SubscribeResponse> {
        patiently(self.client().await.subscribe(asked_by(token, request)))
            .await
            .unwrap()
            .into_inner()
    }
}

fn asked_by<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

async fn next(stream: &mut Streaming<v1::SubscribeResponse>) -> Result<v1::SubscribeResponse, Status> {
    patiently(stream.next())
        .await
        .expect("the stream ended without a status")
}

/// The next answer that is no heartbeat.
async fn next_alert(stream: &mut Streaming<v1::SubscribeResponse>) -> v1::SubscribeResponse {
    loop {
        let answer = next(stream).await.unwrap();
        if !matches!(answer.event, Some(v1::subscribe_response::Event::Heartbeat(_))) {
            return answer;
        }
    }
}

#[tokio::test]
async fn a_subscriber_comes_back_without_a_gap_and_nobody_sees_what_is_not_theirs() {
    let log = Arc::new(MemoryLog::new());
    let chappe = installation(log.clone(), Duration::from_millis(20)).await;
    let mut at = chappe.subscribe("csirt-at", from_now()).await;
    let mut de = chappe.subscribe("csirt-de", from_now()).await;
    append(&*log, &confined(revision(1, 1), &["csirt-de"]));
    append(&*log, &revision(2, 1));
    mark(&*log, 9_000, 1);
    assert_eq!(told(&next_alert(&mut de).await), "1.1");
    assert_eq!(told(&next_alert(&mut de).await), "2.1");
    let last = next_alert(&mut at).await;
    assert_eq!(told(&last), "2.1");
    drop(at);

    append(&*log, &revision(3, 1));
    append(&*log, &confined(revision(4, 1), &["csirt-de"]));
    append(&*log, &revision(2, 2));
    let mut at = chappe.subscribe("csirt-at", resume(&last.cursor)).await;
    assert_eq!(told(&next_alert(&mut at).await), "3.1");
    assert_eq!(told(&next_alert(&mut at).await), "2.2");
    // Heartbeats flow, and theirs is a cursor like any other.
    let beat = loop {
        let answer = next(&mut at).await.unwrap();
        if told(&answer) == "9000" {
            break answer;
        }
    };
    drop(at);
    append(&*log, &revision(5, 1));
    let mut at = chappe.subscribe("csirt-at", resume(&beat.cursor)).await;
    assert_eq!(told(&next_alert(&mut at).await), "5.1");

    let mut client = chappe.client().await;
    let listed = client
        .list_alerts(asked_by("csirt-at", v1::ListAlertsRequest::default()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.alerts.len(), 3);
    let hidden = v1::GetAlertRequest {
        name: id(1).resource_name(),
    };
    assert_eq!(
        client
            .get_alert(asked_by("csirt-at", hidden.clone()))
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    assert_eq!(
        client
            .get_alert(asked_by("europol", hidden.clone()))
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    assert!(client.get_alert(asked_by("csirt-de", hidden)).await.is_ok());
}

#[tokio::test]
async fn a_decision_is_answered_and_then_seen() {
    let log = Arc::new(MemoryLog::new());
    append(&*log, &revision(1, 1));
    let chappe = installation(log, Duration::from_secs(1)).await;
    let mut client = chappe.client().await;
    let request = v1::DecideRequest {
        name: id(1).resource_name(),
        verdict: v1::Verdict::Dismissed as i32,
        reason: "noise".into(),
    };
    let answer = client.decide(asked_by("csirt-at", request.clone())).await.unwrap();
    let decision = answer.into_inner().decision.unwrap();
    assert_eq!(
        (decision.member.as_str(), decision.decided_at.unwrap().seconds),
        ("csirt-at", 10)
    );
    let get = v1::GetAlertRequest { name: request.name };
    let seen = client.get_alert(asked_by("csirt-de", get)).await.unwrap().into_inner();
    let expected = v1::Decision {
        member: String::new(),
        ..decision
    };
    assert_eq!(seen.alert.unwrap().decisions, [expected]);
}

#[tokio::test]
async fn a_log_that_takes_no_decision_any_more_stops_the_service() {
    let log = Arc::new(MemoryLog::new());
    append(&*log, &revision(1, 1));
    let chappe = installation(log.clone(), Duration::from_secs(1)).await;
    log.set_faults(FaultPlan::none().at(1, AppendFault::FailedSync));
    let request = v1::DecideRequest {
        name: id(1).resource_name(),
        verdict: v1::Verdict::Confirmed as i32,
        reason: String::new(),
    };
    let mut client = chappe.client().await;
    // The first does not know its outcome, the second is surely not taken.
    for _ in 0..2 {
        let refused = client.decide(asked_by("csirt-at", request.clone())).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
    }
    assert!(matches!(
        patiently(chappe.running).await.unwrap(),
        Err(RunError::Log(_))
    ));
}

#[tokio::test]
async fn nobody_asks_without_a_token() {
    let chappe = installation(Arc::new(MemoryLog::new()), Duration::from_secs(1)).await;
    let mut client = chappe.client().await;
    let codes = [
        client
            .subscribe(asked_by("nobody", from_now()))
            .await
            .err()
            .unwrap()
            .code(),
        client
            .list_alerts(v1::ListAlertsRequest::default())
            .await
            .unwrap_err()
            .code(),
        client
            .get_alert(v1::GetAlertRequest::default())
            .await
            .unwrap_err()
            .code(),
        client.decide(v1::DecideRequest::default()).await.unwrap_err().code(),
    ];
    assert_eq!(codes, [Code::Unauthenticated; 4]);
}

#[tokio::test]
async fn a_slow_client_loses_nothing_and_no_heartbeat_overtakes_an_alert() {
    const ALERTS: u32 = 3_000;
    let log = Arc::new(MemoryLog::new());
    let chappe = installation(log.clone(), Duration::from_millis(10)).await;
    let mut stream = chappe.subscribe("csirt-at", from_beginning()).await;
    for number in 1..=ALERTS {
        append(&*log, &revision(1, number));
    }
    let (mut number, mut beats) = (0, 0);
    while number < ALERTS || beats < 3 {
        let answer = next(&mut stream).await.unwrap();
        if !matches!(answer.event, Some(v1::subscribe_response::Event::Heartbeat(_))) {
            number += 1;
            assert_eq!(told(&answer), format!("1.{number}"));
            continue;
        }
        beats += 1;
        chappe.board.catch_up().unwrap();
        let mut resumed = chappe.board.subscribe(austria(), &resume(&answer.cursor)).unwrap();
        let after = resumed.next(&chappe.board, 1).unwrap();
        if number < ALERTS {
            assert_eq!(told(&after[0]), format!("1.{}", number + 1));
        }
    }
}

#[tokio::test]
async fn at_shutdown_streams_end_with_a_status_that_says_how_to_go_on() {
    let mut chappe = installation(Arc::new(MemoryLog::new()), Duration::from_secs(1)).await;
    let mut stream = chappe.subscribe("csirt-at", from_now()).await;
    let mut other = chappe.subscribe("csirt-de", from_now()).await;
    chappe.stop.take().unwrap().send(()).unwrap();
    assert_eq!(patiently(chappe.running).await.unwrap(), Ok(()));
    for stream in [&mut stream, &mut other] {
        let end = loop {
            if let Err(end) = next(stream).await {
                break end;
            }
        };
        assert_eq!(
            (end.code(), end.message()),
            (Code::Unavailable, "shutting down, resume with your cursor")
        );
    }
}

#[tokio::test]
async fn decisions_that_cannot_be_read_hold_no_alert_up() {
    let log = Forgetful::new();
    let chappe = installation(log.clone(), Duration::from_millis(200)).await;
    let mut stream = chappe.subscribe("csirt-at", from_now()).await;
    assert_eq!(told(&next(&mut stream).await.unwrap()), "0 stale");
    log.decisions_unreadable.store(true, Ordering::Relaxed);
    append(&*log, &revision(1, 1));
    assert_eq!(told(&next_alert(&mut stream).await), "1.1");
}

#[tokio::test]
async fn a_log_that_cannot_be_read_on_stops_the_service() {
    let log = Forgetful::new();
    let chappe = installation(log.clone(), Duration::from_secs(1)).await;
    let mut stream = chappe.subscribe("csirt-at", from_now()).await;
    assert_eq!(told(&next(&mut stream).await.unwrap()), "0 stale");
    log.damaged_below.store(u64::MAX, Ordering::Relaxed);
    append(&*log, &revision(1, 1));
    assert!(matches!(
        patiently(chappe.running).await.unwrap(),
        Err(RunError::Read(_))
    ));
    assert_eq!(next(&mut stream).await.unwrap_err().code(), Code::Unavailable);
}
