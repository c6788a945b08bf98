//! Connections, so many at once and no more: the next one waits unaccepted in the kernel's queue.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use metrics::gauge;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_stream::{Stream, StreamExt};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::metric_names::{CONNECTIONS_LIMIT, CONNECTIONS_OPEN};

/// Connections open at once: every member, several times over.
pub(super) const CONNECTIONS: usize = 4_096;

/// A connection and its place among [`CONNECTIONS`].
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    _counted: Counted,
}

/// A connection among those that are open.
#[derive(Debug)]
struct Counted;

impl Counted {
    fn new() -> Self {
        gauge!(CONNECTIONS_OPEN).increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!(CONNECTIONS_OPEN).decrement(1.0);
    }
}

/// The same connections, at most `limit` of them alive.
pub(super) fn bounded(
    incoming: impl Stream<Item = io::Result<TcpStream>>,
    limit: usize,
) -> impl Stream<Item = io::Result<Connection>> {
    gauge!(CONNECTIONS_LIMIT).set(limit as f64);
    let places = Arc::new(Semaphore::new(limit));
    incoming.then(move |accepted| {
        let places = Arc::clone(&places);
        async move {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            accepted.map(|stream| Connection {
                stream,
                _place: place,
                _counted: Counted::new(),
            })
        }
    })
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;
    use tokio_stream::wrappers::TcpListenerStream;

    #[tokio::test]
    async fn one_too_many_waits_for_its_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut incoming = std::pin::pin!(bounded(TcpListenerStream::new(listener), 1));
        let _first_client = TcpStream::connect(address).await.unwrap();
        let _second_client = TcpStream::connect(address).await.unwrap();
        let first = incoming.next().await.unwrap().unwrap();
        let waits = std::future::poll_fn(|cx| Poll::Ready(incoming.as_mut().poll_next(cx).is_pending())).await;
        assert!(waits);
        drop(first);
        assert!(incoming.next().await.unwrap().is_ok());
    }
}
