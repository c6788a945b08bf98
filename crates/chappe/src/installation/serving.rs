//! The gRPC server: services, health, reflection, and bounds.

mod connections;
mod metering;

use std::time::Duration;

use chappe_tls::{Protocol, Tls};
use metrics::gauge;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Error, Server};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower_layer::{Identity, Stack};

use self::connections::{CONNECTIONS, bounded};
use self::metering::Metering;
use super::opening::{Opened, StartError};
use crate::metric_names::SERVING;

/// How long connections may take to end at shutdown. One that never finished its handshake, or whose client neither reads nor writes, would
/// keep the server for as long as a connection may live (hyperium/hyper#4170), and correlation waits for the server.
const CONNECTIONS_END: Duration = Duration::from_secs(3);

/// Names under which health is told, besides the empty one for the whole.
const INCIDENTS: &str = "chappe.v1.IncidentService";
const ALERTS: &str = "chappe.v1.AlertService";
const MEMBERS: &str = "chappe.v1.MemberService";
const SEARCHES: &str = "chappe.v1.SearchService";

/// Requests at once on a connection, streams included.
const STREAMS_PER_CONNECTION: u32 = 64;
/// Bytes that may be under way on a stream: SubmitStream is the reason, a report has up to 1 MiB.
const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
/// Bytes that may be under way on a connection.
const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// Bytes of headers of a request.
const HEADER_BYTES: u32 = 8 * 1024;
/// A silent connection is asked whether it lives.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(20);
/// And closed after this long without an answer.
const KEEPALIVE_PATIENCE: Duration = Duration::from_secs(10);
/// A connection is asked to end after this long, so that none lives for ever; streams resume by cursor on a new one.
const CONNECTION_AGE: Duration = Duration::from_secs(30 * 60);
/// And ended after this much longer.
const CONNECTION_GRACE: Duration = Duration::from_secs(30);
/// Streams that a client may open and reset before the server took them; then the connection ends (CVE-2023-44487).
const PENDING_RESETS: usize = 20;
/// Streams that the server had to reset for a client's faults; then the connection ends. tonic passes "no limit" unless this is set
/// (CVE-2025-8671).
const ERROR_RESETS: usize = 128;

/// The services, every request counted.
pub(super) type Router = tonic::transport::server::Router<Stack<Metering, Identity>>;

/// Tells health.
pub(super) struct Health {
    reporter: HealthReporter,
    services: Vec<&'static str>,
}

impl Health {
    /// Requests are not welcome any more.
    pub(super) async fn stopping(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        gauge!(SERVING).set(f64::from(u8::from(status == ServingStatus::Serving)));
        for service in &self.services {
            self.reporter.set_service_status(service, status).await;
        }
    }
}

/// The services behind their bounds.
pub(super) async fn router(opened: &Opened) -> Result<(Health, Router), StartError> {
    let (reporter, health_service) = tonic_health::server::health_reporter();
    let incidents = opened.ingest.is_some().then_some(INCIDENTS);
    let alerts = opened.notification.is_some().then_some(ALERTS);
    let members = opened.notification.is_some().then_some(MEMBERS);
    let searches = opened.notification.is_some().then_some(SEARCHES);
    let services = [Some(""), incidents, alerts, members, searches];
    let services = services.into_iter().flatten().collect();
    let health = Health { reporter, services };
    health.set(ServingStatus::Serving).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(chappe_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .map_err(|error| StartError::Reflection(error.to_string()))?;
    let mut router = Server::builder()
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_keepalive_interval(Some(KEEPALIVE_EVERY))
        .http2_keepalive_timeout(Some(KEEPALIVE_PATIENCE))
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(ERROR_RESETS))
        .max_connection_age(CONNECTION_AGE)
        .max_connection_age_grace(CONNECTION_GRACE)
        .layer(Metering::new())
        .add_service(health_service)
        .add_service(reflection);
    if let Some(ingest) = &opened.ingest {
        router = router.add_service(ingest.grpc());
    }
    if let Some(notification) = &opened.notification {
        router = router
            .add_service(notification.grpc())
            .add_service(notification.members())
            .add_service(notification.searches());
    }
    Ok((health, router))
}

/// Serves until `stop`, then ends as soon as the connections have, or leaves to the process's end those that do not in [`CONNECTIONS_END`].
pub(super) async fn serve(
    router: Router,
    listener: TcpListener,
    tls: Option<Tls>,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let incoming = bounded(incoming, CONNECTIONS);
    let (tell, told) = oneshot::channel();
    let stop = async move {
        stop.await;
        // The other end is there for as long as this is asked.
        let _ = tell.send(());
    };
    let late = async move {
        if told.await.is_err() {
            return std::future::pending().await;
        }
        tokio::time::sleep(CONNECTIONS_END).await;
    };
    let served = async move {
        let Some(tls) = tls else {
            return router.serve_with_incoming_shutdown(incoming, stop).await;
        };
        let secured = tls.incoming(incoming, Protocol::Grpc);
        tokio::select! {
            served = router.serve_with_incoming_shutdown(secured, stop) => served,
            never = tls.watch() => match never {},
        }
    };
    tokio::select! {
        served = served => served,
        () = late => {
            tracing::warn!("connections did not end within {} s: their clients do not answer", CONNECTIONS_END.as_secs());
            Ok(())
        }
    }
}
