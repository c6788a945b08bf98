//! A member's streams, with a client that does as little as it can.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use chappe_proto::v1;
use chappe_proto::v1::alert_service_client::AlertServiceClient;
use chappe_proto::v1::incident_service_client::IncidentServiceClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Streaming};

/// Bytes that may be under way towards the client, on a stream and on its connection.
const WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// One member's SubmitStream: what goes in, and the answers.
pub(super) struct Submitting {
    pub(super) reports: mpsc::Sender<v1::SubmitStreamRequest>,
    pub(super) answers: Streaming<v1::SubmitStreamResponse>,
}

/// A connection of one's own.
async fn connect(address: SocketAddr) -> Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .tcp_nodelay(true);
    endpoint
        .connect()
        .await
        .with_context(|| format!("cannot connect to {address}"))
}

fn with_token<T>(message: T, token: &str) -> Result<Request<T>> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {token}").parse()?);
    Ok(request)
}

/// Opens a stream on a connection of its own. `queue` messages may wait in front of it.
pub(super) async fn submit_stream(address: SocketAddr, token: &str, queue: usize) -> Result<Submitting> {
    let mut client = IncidentServiceClient::new(connect(address).await?);
    let (reports, outgoing) = mpsc::channel(queue);
    let request = with_token(ReceiverStream::new(outgoing), token)?;
    let answers = client
        .submit_stream(request)
        .await
        .context("SubmitStream")?
        .into_inner();
    Ok(Submitting { reports, answers })
}

/// Subscribes to cross-border alerts, from now on.
pub(super) async fn subscribe(address: SocketAddr, token: &str) -> Result<Streaming<v1::SubscribeResponse>> {
    let mut client = AlertServiceClient::new(connect(address).await?);
    let filter = v1::AlertFilter {
        kinds: vec![v1::AlertKind::CrossBorder as i32],
        ..v1::AlertFilter::default()
    };
    let wanted = v1::SubscribeRequest {
        filter: Some(filter),
        ..v1::SubscribeRequest::default()
    };
    Ok(client
        .subscribe(with_token(wanted, token)?)
        .await
        .context("Subscribe")?
        .into_inner())
}
