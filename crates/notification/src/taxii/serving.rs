//! The listener: connections, so many and so long, and their end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use metrics::gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::front::{self, Front};
use crate::metric_names as names;

/// Connections open at once; the next waits unaccepted in the kernel's queue.
pub const TAXII_CONNECTIONS: usize = 1_024;
/// A connection is ended after this long.
pub const TAXII_CONNECTION_AGE: Duration = Duration::from_secs(30 * 60);
/// How long requests under way may take at shutdown.
pub const TAXII_SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Requests at once on a connection of HTTP/2.
const STREAMS_PER_CONNECTION: u32 = 16;
/// Bytes that may be read ahead on a connection of HTTP/1.1, and so the longest head of a request there.
const HEAD_BYTES: usize = 16 * 1024;
/// Bytes of headers of a request of HTTP/2.
const HEADER_BYTES: u32 = 16 * 1024;
/// Headers of a request of HTTP/1.1.
const HEADERS: usize = 64;
/// How long a connection may be silent before a request's head is there.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// A silent connection of HTTP/2 is asked whether it lives, and closed after as long without an answer.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// Streams that a client may open and reset, or that had to be reset for its faults; then the connection ends (CVE-2023-44487, CVE-2025-8671).
const RESETS: usize = 20;
/// A pause after the system could not give a connection, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`.
pub(super) async fn serve(front: Arc<Front>, listener: TcpListener, stop: impl Future<Output = ()>) -> io::Result<()> {
    let http = builder();
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(TAXII_CONNECTIONS));
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let next = async {
            let place = place.await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((accept(&listener).await, place))
        };
        let (accepted, place) = tokio::select! {
            () = &mut stop => break,
            next = next => next?,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "a TAXII connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let front = Arc::clone(&front);
        let service = service_fn(move |request: Request<Incoming>| {
            let front = Arc::clone(&front);
            async move { Ok::<_, Infallible>(front::answer(front, request).await) }
        });
        let connection = http.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            gauge!(names::TAXII_CONNECTIONS_OPEN).increment(1.0);
            // How a connection ends, its client knows best.
            let _ = tokio::time::timeout(TAXII_CONNECTION_AGE, connection).await;
            gauge!(names::TAXII_CONNECTIONS_OPEN).decrement(1.0);
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(TAXII_SHUTDOWN_GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("TAXII connections did not end in time");
    }
    Ok(())
}

/// The one place where a connection is taken: TLS belongs here.
async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn builder() -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_header_list_size(HEADER_BYTES)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS);
    http
}

/// The values of a header that may stand several times, as one list.
pub(super) fn joined(headers: &HeaderMap, name: hyper::header::HeaderName) -> String {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}
