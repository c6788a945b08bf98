//! Bytes on the wire that are no message, and messages that are too large.

use chappe_proto::v1;
use chappe_tests::report;
use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};

use super::bystander::{Bystander, SENDER, shared_report};

const SUBMIT: &str = "/chappe.v1.IncidentService/Submit";
const SUBMIT_STREAM: &str = "/chappe.v1.IncidentService/SubmitStream";
const LIST_ALERTS: &str = "/chappe.v1.AlertService/ListAlerts";

/// Sends what it is given and takes what comes.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        *self
    }
    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

fn request<T>(bystander: &Bystander, body: T) -> Request<T> {
    let mut request = Request::new(body);
    let token = format!("Bearer {}", bystander.program.token(SENDER).unwrap());
    request.metadata_mut().insert("authorization", token.parse().unwrap());
    request
}

/// Sends bytes as the one message of a unary call.
async fn send(bystander: &Bystander, method: &'static str, bytes: &[u8]) -> Result<Bytes, Status> {
    let mut grpc = tonic::client::Grpc::new(bystander.program.client(SENDER).unwrap().channel());
    grpc.ready().await.unwrap();
    let request = request(bystander, Bytes::copy_from_slice(bytes));
    Ok(grpc
        .unary(request, PathAndQuery::from_static(method), Raw)
        .await?
        .into_inner())
}

fn sound() -> v1::SubmitRequest {
    v1::SubmitRequest {
        incident: Some(shared_report("wrong", "FR")),
        validate_only: false,
    }
}

/// Each with words that tell where it went wrong.
fn malformed() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let whole = sound().encode_to_vec();
    let mut no_text = whole.clone();
    let at = no_text.windows(5).position(|window| window == b"wrong").unwrap();
    no_text[at] = 0xff;
    vec![
        ("cut off", whole[..whole.len() - 3].to_vec(), "SubmitRequest.incident"),
        ("no UTF-8", no_text, "Incident.report_key"),
        (
            "another type in a field's place",
            vec![0x08, 0x01],
            "SubmitRequest.incident",
        ),
        (
            "a length beyond the end",
            vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x07],
            "SubmitRequest.incident",
        ),
        ("field number 0", vec![0x02, 0x00], "tag"),
        ("an endless number", vec![0xff; 64], "varint"),
        ("text", b"{\"incident\": {}}".to_vec(), "Protobuf"),
        ("nested without end", [0x0b; 4_096].to_vec(), "Protobuf"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_message_are_refused_with_the_field() {
    let mut bystander = Bystander::new().await;
    send(&bystander, SUBMIT, &sound_check().encode_to_vec())
        .await
        .expect("the way itself is sound");
    for (case, bytes, says) in malformed() {
        let refusal = send(&bystander, SUBMIT, &bytes).await.unwrap_err();
        // What gRPC prescribes for a message that cannot be decoded.
        assert_eq!(refusal.code(), Code::Internal, "{case}: {refusal:?}");
        assert!(
            refusal.message().contains("Protobuf") && refusal.message().contains(says),
            "{case}: {}",
            refusal.message()
        );
        bystander.is_unharmed(case).await;
    }
    let refusal = send(&bystander, LIST_ALERTS, &[0x08]).await.unwrap_err();
    assert!(refusal.message().contains("Protobuf"), "{refusal:?}");
    let refusal = send(&bystander, "/chappe.v1.IncidentService/Erase", &[])
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), Code::Unimplemented);
    bystander.is_unharmed("the rest").await;
    bystander.stop().await;
}

/// Checks only: nothing is stored.
fn sound_check() -> v1::SubmitRequest {
    v1::SubmitRequest {
        validate_only: true,
        ..sound()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_in_bytes_has_answered_what_came_before() {
    let mut bystander = Bystander::new().await;
    let first = v1::SubmitStreamRequest {
        sequence: 7,
        incident: Some(report("before-the-bytes")),
    };
    let messages = [Bytes::from(first.encode_to_vec()), Bytes::from_static(&[0xff; 16])];
    let mut grpc = tonic::client::Grpc::new(bystander.program.client(SENDER).unwrap().channel());
    grpc.ready().await.unwrap();
    let request = request(&bystander, tokio_stream::iter(messages));
    let answers = grpc
        .streaming(request, PathAndQuery::from_static(SUBMIT_STREAM), Raw)
        .await
        .unwrap();
    let mut answers = answers.into_inner();
    let answer = v1::SubmitStreamResponse::decode(answers.message().await.unwrap().unwrap()).unwrap();
    assert_eq!(answer.sequence, 7);
    assert!(
        matches!(answer.outcome, Some(v1::submit_stream_response::Outcome::Receipt(_))),
        "{answer:?}"
    );
    let end = answers.message().await.unwrap_err();
    assert_eq!(end.code(), Code::Internal, "{end:?}");
    bystander.expect_accepted(1);
    bystander.is_unharmed("bytes on a stream").await;
    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_one_mebibyte_is_refused_with_the_limit() {
    let mut bystander = Bystander::new().await;
    for bytes in [(1 << 20) + 1, 8 << 20] {
        let mut incident = shared_report("wrong", "FR");
        incident.summary = "s".repeat(bytes);
        let refusal = bystander.submit(SENDER, incident).await.unwrap_err();
        assert_eq!(refusal.code(), Code::OutOfRange, "{refusal:?}");
        assert!(
            refusal.message().contains("the limit is: 1048576 bytes"),
            "{}",
            refusal.message()
        );
        bystander.is_unharmed("oversize").await;
    }
    bystander.takes_a_sound_report("wrong").await;
    bystander.stop().await;
}
