//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::content::PIECE_BYTES;
use super::front::{self, Front};
use super::prompt::Prompt;

/// A connection takes no request more after this long.
pub const TAXII_CONNECTION_AGE: Duration = Duration::from_secs(30 * 60);
/// How long what is under way then may take.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// Requests at once on a connection of HTTP/2.
const STREAMS_PER_CONNECTION: u32 = 16;
/// Bytes that may be read ahead on a connection of HTTP/1.1, and so the longest head of a request there.
const HEAD_BYTES: usize = 16 * 1024;
/// Bytes of headers of a request of HTTP/2.
const HEADER_BYTES: u32 = 16 * 1024;
/// Headers of a request of HTTP/1.1.
const HEADERS: usize = 64;
/// How long a connection may be silent before its first bytes are there, and before a request's head is.
pub(crate) const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// A silent connection of HTTP/2 is asked whether it lives, and closed after as long without an answer.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// Streams that a client may open and reset, or that had to be reset for its faults; then the connection ends (CVE-2023-44487, CVE-2025-8671).
const RESETS: usize = 20;

/// Serves a connection until its client ends it, it is too old, or `ending` changes: then what is under way is answered, and nothing more is taken.
pub(crate) async fn serve<IO>(front: Arc<Front>, io: IO, mut ending: watch::Receiver<bool>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let front = Arc::clone(&front);
        async move { Ok::<_, Infallible>(front::answer(front, request).await) }
    });
    let http = builder();
    let connection = http.serve_connection(TokioIo::new(Prompt::new(io, HEAD_PATIENCE)), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // How a connection ends, its client knows best.
        _ = connection.as_mut() => return,
        _ = ending.changed() => {}
        () = tokio::time::sleep(TAXII_CONNECTION_AGE) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(LAST_ANSWERS, connection).await;
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
        .max_send_buf_size(PIECE_BYTES)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS);
    http
}
