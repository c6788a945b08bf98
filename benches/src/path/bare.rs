//! The limit: a bidirectional stream that decodes the same reports and answers each, with no log, no checks and no correlation.

use std::pin::Pin;

use anyhow::Result;
use chappe_proto::v1;
use chappe_proto::v1::incident_service_server::{IncidentService, IncidentServiceServer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use super::server::READY;

/// Bytes that may be under way on a stream and on a connection: as in the program.
const WINDOWS: (u32, u32) = (1024 * 1024, 4 * 1024 * 1024);

struct Bare;

#[tonic::async_trait]
impl IncidentService for Bare {
    type SubmitStreamStream = Pin<Box<dyn Stream<Item = Result<v1::SubmitStreamResponse, Status>> + Send>>;

    async fn submit_stream(
        &self,
        request: Request<Streaming<v1::SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let answers = request.into_inner().map(|message| {
            let sequence = message?.sequence;
            Ok(v1::SubmitStreamResponse {
                sequence,
                outcome: None,
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn submit(&self, _: Request<v1::SubmitRequest>) -> Result<Response<v1::SubmitResponse>, Status> {
        Err(stream_only())
    }

    async fn retract(&self, _: Request<v1::RetractRequest>) -> Result<Response<v1::RetractResponse>, Status> {
        Err(stream_only())
    }

    async fn get_incident(
        &self,
        _: Request<v1::GetIncidentRequest>,
    ) -> Result<Response<v1::GetIncidentResponse>, Status> {
        Err(stream_only())
    }
}

fn stream_only() -> Status {
    Status::unimplemented("the limit answers SubmitStream only")
}

/// Serves until standard input ends, which it does with whoever started this.
pub(crate) async fn serve_bare() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("bare{READY}{}", listener.local_addr()?);
    let (stream, connection) = WINDOWS;
    let server = Server::builder()
        .initial_stream_window_size(stream)
        .initial_connection_window_size(connection)
        .add_service(IncidentServiceServer::new(Bare))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)));
    let mut rest = Vec::new();
    let mut input = tokio::io::stdin();
    tokio::select! {
        served = server => served?,
        read = input.read_to_end(&mut rest) => drop(read?),
    }
    Ok(())
}
