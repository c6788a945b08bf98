//! A connection that is through its handshake.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use chappe_identity::Peer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::Refusal;
use crate::registry::Place;

/// A connection over TLS. Once its certificate is not accepted any more, reading and writing fail, and whoever serves it drops it.
#[derive(Debug)]
pub struct Secured<IO> {
    stream: TlsStream<IO>,
    peer: Peer,
    registered: Option<Registered>,
}

#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) closed: oneshot::Receiver<Refusal>,
    /// Held for what its end does.
    pub(crate) _place: Place,
}

impl<IO> Secured<IO> {
    pub(crate) fn new(stream: TlsStream<IO>, peer: Peer, registered: Option<Registered>) -> Self {
        Self {
            stream,
            peer,
            registered,
        }
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Fails once the connection is to end; else sees to it that the task is woken when it is.
    fn still_accepted(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(registered) = &mut self.registered else {
            return Ok(());
        };
        if registered.closed.is_terminated() {
            return Err(ended(None));
        }
        match Pin::new(&mut registered.closed).poll(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(told) => Err(ended(told.ok())),
        }
    }
}

fn ended(refusal: Option<Refusal>) -> io::Error {
    let why = refusal.map(|refusal| format!(": {refusal}")).unwrap_or_default();
    let words = format!("the client's certificate is not accepted any more{why}");
    io::Error::new(io::ErrorKind::ConnectionAborted, words)
}

impl<IO> Connected for Secured<IO> {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.still_accepted(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.still_accepted(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.still_accepted(cx)?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.still_accepted(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
