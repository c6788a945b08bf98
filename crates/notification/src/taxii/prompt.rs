//! A connection whose client must begin to speak.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// So many bytes tell the two versions of HTTP apart: the preface of HTTP/2 (RFC 9113, section 3.4). Until they are there no other clock runs.
const FIRST_BYTES: usize = 24;

/// What is read and written, and an error where the first bytes do not come in time.
pub(super) struct Prompt<IO> {
    io: IO,
    missing: usize,
    /// None once the first bytes are there.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<IO> Prompt<IO> {
    pub(super) fn new(io: IO, patience: Duration) -> Self {
        Self {
            io,
            missing: FIRST_BYTES,
            deadline: Some(Box::pin(tokio::time::sleep(patience))),
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Prompt<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        let Some(deadline) = &mut self.deadline else {
            return read;
        };
        if read.is_pending() {
            return deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        self.missing = self.missing.saturating_sub(buf.filled().len() - before);
        if self.missing == 0 {
            self.deadline = None;
        }
        read
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Prompt<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
