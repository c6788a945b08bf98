//! The same over a real connection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chappe_eventlog::{FaultPlan, Hold};
use chappe_ingest::STREAM_WINDOW;
use chappe_proto::v1;
use chappe_proto::v1::incident_service_client::IncidentServiceClient;
use chappe_proto::v1::submit_stream_response::Outcome;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};

use crate::installation::{Installation, fields, options, reason, report};

/// Nothing here takes this long; a test that would hang fails instead.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) type Client = IncidentServiceClient<Channel>;

pub(crate) struct Served {
    pub(crate) client: Client,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Served {
    pub(crate) async fn new(it: &Installation) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let server = Server::builder().add_service(it.service.grpc());
        let shutdown = async { drop(stopped.await) };
        let server = tokio::spawn(server.serve_with_incoming_shutdown(TcpListenerStream::new(listener), shutdown));
        let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
        let client = Client::new(channel);
        Self { client, stop, server }
    }

    pub(crate) async fn end(self) {
        drop(self.client);
        // The server may have ended by itself.
        let _ = self.stop.send(());
        self.server.await.unwrap().unwrap();
    }
}

pub(crate) fn of<T>(who: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer token of {who}").parse().unwrap());
    request
}

pub(crate) fn submission(report: v1::Incident) -> v1::SubmitRequest {
    v1::SubmitRequest {
        incident: Some(report),
        validate_only: false,
    }
}

#[tokio::test]
async fn submit_retract_and_get() {
    let it = Installation::new();
    let mut served = Served::new(&it).await;
    let receipt = served
        .client
        .submit(of("csirt-at", submission(report("A"))))
        .await
        .unwrap()
        .into_inner()
        .receipt
        .unwrap();
    let get = || v1::GetIncidentRequest {
        name: receipt.incident.clone(),
    };
    let got = served
        .client
        .get_incident(of("csirt-at", get()))
        .await
        .unwrap()
        .into_inner()
        .incident
        .unwrap();
    assert_eq!((got.report_key.as_str(), got.reporter.as_str()), ("A", "csirt-at"));
    assert_eq!(
        served
            .client
            .get_incident(of("csirt-be", get()))
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    let retraction = v1::RetractRequest {
        report_key: "A".into(),
        revision: 2,
        reason: "false alarm".into(),
    };
    let retracted = served
        .client
        .retract(of("csirt-at", retraction))
        .await
        .unwrap()
        .into_inner()
        .receipt
        .unwrap();
    assert_eq!(
        (retracted.incident.as_str(), retracted.revision),
        (receipt.incident.as_str(), 2)
    );
    assert!(
        served
            .client
            .get_incident(of("csirt-at", get()))
            .await
            .unwrap()
            .into_inner()
            .incident
            .unwrap()
            .retracted
    );
    served.end().await;
}

#[tokio::test]
async fn errors_decode_with_their_field_paths() {
    let it = Installation::new();
    let mut served = Served::new(&it).await;
    let bad = v1::Incident {
        countries: vec!["Austria".into()],
        incident_type: "nonsense".into(),
        ..report("A")
    };
    let refusal = served.client.submit(of("csirt-at", submission(bad))).await.unwrap_err();
    assert_eq!(fields(&refusal), ["incident.incident_type", "incident.countries[0]"]);
    let nothing = v1::SubmitRequest::default();
    assert_eq!(
        fields(&served.client.submit(of("csirt-at", nothing)).await.unwrap_err()),
        ["incident"]
    );
    let refusal = served.client.submit(submission(report("A"))).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::Unauthenticated, "TOKEN_MISSING")
    );
    let huge = v1::Incident {
        summary: "x".repeat(2 << 20),
        ..report("A")
    };
    let refusal = served
        .client
        .submit(of("csirt-at", submission(huge)))
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), Code::OutOfRange, "{refusal:?}");
    assert!(it.records().is_empty());
    served.end().await;
}

/// Opens a stream; sends what the channel gives.
async fn stream(
    served: &Served,
    who: &str,
) -> (
    mpsc::Sender<v1::SubmitStreamRequest>,
    tonic::Streaming<v1::SubmitStreamResponse>,
) {
    let (send, requests) = mpsc::channel(64);
    let answers = served
        .client
        .clone()
        .submit_stream(of(who, ReceiverStream::new(requests)))
        .await
        .unwrap()
        .into_inner();
    (send, answers)
}

#[tokio::test]
async fn a_stream_answers_each_message_once_by_its_sequence() {
    let it = Installation::new();
    let served = Served::new(&it).await;
    let (send, mut answers) = stream(&served, "csirt-at").await;
    let sending = tokio::spawn(async move {
        for sequence in 0..1_000_u64 {
            // Every tenth is faulty, every seventh a retry of the first.
            let incident = match sequence {
                n if n % 10 == 3 => Some(v1::Incident {
                    countries: vec!["XX".into()],
                    ..report(&format!("K{n}"))
                }),
                n if n % 10 == 6 => None,
                n if n % 7 == 0 => Some(report("K0")),
                n => Some(report(&format!("K{n}"))),
            };
            send.send(v1::SubmitStreamRequest { sequence, incident }).await.unwrap();
        }
    });
    let mut outcomes = BTreeMap::new();
    while let Some(answer) = answers.next().await {
        let answer = answer.unwrap();
        assert!(
            outcomes.insert(answer.sequence, answer.outcome.unwrap()).is_none(),
            "answered twice"
        );
    }
    sending.await.unwrap();
    assert_eq!(outcomes.len(), 1_000);
    let first = match &outcomes[&0] {
        Outcome::Receipt(receipt) => receipt.clone(),
        Outcome::Error(error) => panic!("{error:?}"),
    };
    for (sequence, outcome) in &outcomes {
        match outcome {
            Outcome::Receipt(receipt) if sequence % 10 != 6 && sequence % 7 == 0 => assert_eq!(*receipt, first),
            Outcome::Receipt(receipt) => assert_eq!(receipt.report_key, format!("K{sequence}")),
            Outcome::Error(error) => {
                let details = Status::with_details(
                    Code::from(error.code),
                    error.message.clone(),
                    error.encode_to_vec().into(),
                );
                let expected = if sequence % 10 == 3 {
                    "incident.countries[0]"
                } else {
                    "incident"
                };
                assert_eq!(fields(&details), [expected]);
            }
        }
    }
    let accepted = (0..1_000_u64)
        .filter(|n| n % 10 != 3 && n % 10 != 6 && n % 7 != 0)
        .count()
        + 1;
    assert_eq!(it.records().len(), accepted);
    served.end().await;
}

#[tokio::test]
async fn a_stream_holds_a_bounded_number_and_answers_nothing_before_it_is_durable() {
    let it = Installation::with(options(), FaultPlan::none().hold(Hold::Write));
    let served = Served::new(&it).await;
    let (send, mut answers) = stream(&served, "csirt-at").await;
    let total = STREAM_WINDOW as u64 + 500;
    let sending = tokio::spawn(async move {
        for sequence in 0..total {
            send.send(v1::SubmitStreamRequest {
                sequence,
                incident: Some(report(&format!("K{sequence}"))),
            })
            .await
            .unwrap();
        }
    });
    while it.log.held() < STREAM_WINDOW {
        tokio::task::yield_now().await;
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(it.log.held(), STREAM_WINDOW, "the stream is not read further");
    it.log.release(1);
    let first = answers.next().await.unwrap().unwrap();
    assert_eq!(first.sequence, 0);
    it.log.set_faults(FaultPlan::none());
    it.log.release_all();
    let mut answered = 1;
    while let Some(answer) = answers.next().await {
        assert!(matches!(answer.unwrap().outcome, Some(Outcome::Receipt(_))));
        answered += 1;
    }
    assert_eq!(answered, total);
    sending.await.unwrap();
    served.end().await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_ends_the_stream_after_the_answers() {
    let it = Installation::with(options(), FaultPlan::none().hold(Hold::Write));
    let served = Served::new(&it).await;
    let (send, mut answers) = stream(&served, "csirt-at").await;
    for sequence in 0..3 {
        send.send(v1::SubmitStreamRequest {
            sequence,
            incident: Some(report(&format!("K{sequence}"))),
        })
        .await
        .unwrap();
    }
    let huge = v1::Incident {
        summary: "x".repeat(2 << 20),
        ..report("K3")
    };
    send.send(v1::SubmitStreamRequest {
        sequence: 3,
        incident: Some(huge),
    })
    .await
    .unwrap();
    while it.log.held() < 3 {
        tokio::task::yield_now().await;
    }
    it.log.release_all();
    for _ in 0..3 {
        assert!(matches!(
            answers.next().await.unwrap().unwrap().outcome,
            Some(Outcome::Receipt(_))
        ));
    }
    assert_eq!(answers.next().await.unwrap().unwrap_err().code(), Code::OutOfRange);
    assert!(answers.next().await.is_none());
    served.end().await;
}

#[tokio::test]
async fn at_the_end_streams_answer_what_is_on_its_way_and_close() {
    let it = Installation::with(options(), FaultPlan::none().hold(Hold::Write));
    let served = Served::new(&it).await;
    let (send, mut answers) = stream(&served, "csirt-at").await;
    send.send(v1::SubmitStreamRequest {
        sequence: 9,
        incident: Some(report("A")),
    })
    .await
    .unwrap();
    while it.log.held() < 1 {
        tokio::task::yield_now().await;
    }
    it.service.run(std::future::ready(())).await.unwrap();
    it.log.release_all();
    let last = answers.next().await.unwrap().unwrap();
    assert!(last.sequence == 9 && matches!(last.outcome, Some(Outcome::Receipt(_))));
    assert_eq!(answers.next().await.unwrap().unwrap_err().code(), Code::Unavailable);
    drop(send);
    served.end().await;
}

#[tokio::test]
async fn at_the_end_a_full_stream_whose_answers_nobody_reads_takes_nothing_more() {
    let it = Installation::with(options(), FaultPlan::none().hold(Hold::Write));
    let served = Served::new(&it).await;
    let idle = Arc::strong_count(&it.desk);
    let (send, mut answers) = stream(&served, "csirt-at").await;
    let sending = tokio::spawn(async move {
        for sequence in 0..STREAM_WINDOW as u64 + 500 {
            let incident = Some(report(&format!("K{sequence}")));
            // Fails once the stream has ended.
            if send.send(v1::SubmitStreamRequest { sequence, incident }).await.is_err() {
                break;
            }
        }
    });
    while it.log.held() < STREAM_WINDOW {
        tokio::task::yield_now().await;
    }
    let Installation { service, log, desk, .. } = it;
    service.run(std::future::ready(())).await.unwrap();
    // Nothing is answered yet, so there is no room; the stream's task lets go of the desk all the same, as the service did.
    let ended = async {
        while Arc::strong_count(&desk) > idle - 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("the stream waits for room");
    log.release_all();
    let mut receipts = 0;
    let end = loop {
        match answers.next().await.unwrap() {
            Ok(answer) => assert!(matches!(answer.outcome, Some(Outcome::Receipt(_)))),
            Err(status) => break status,
        }
        receipts += 1;
    };
    assert_eq!((receipts, end.code()), (STREAM_WINDOW, Code::Unavailable));
    assert!(answers.next().await.is_none());
    sending.await.unwrap();
    served.end().await;
}
