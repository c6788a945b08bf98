//! The listener: connections, so many and so long, and their end.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use metrics::gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::connection;
use super::front::Front;
use crate::metric_names as names;

/// Connections open at once; the next waits unaccepted in the kernel's queue.
pub const TAXII_CONNECTIONS: usize = 1_024;
/// How long requests under way may take at shutdown.
pub const TAXII_SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// A pause after the system could not give a connection, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`.
pub(super) async fn serve(front: Arc<Front>, listener: TcpListener, stop: impl Future<Output = ()>) -> io::Result<()> {
    let ending = watch::Sender::new(false);
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
        let connection = connection::serve(Arc::clone(&front), stream, ending.subscribe());
        tokio::spawn(async move {
            gauge!(names::TAXII_CONNECTIONS_OPEN).increment(1.0);
            connection.await;
            gauge!(names::TAXII_CONNECTIONS_OPEN).decrement(1.0);
            drop(place);
        });
    }
    drop(listener);
    ending.send_replace(true);
    // Each connection holds its end until it is over.
    if tokio::time::timeout(TAXII_SHUTDOWN_GRACE, ending.closed())
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

/// The values of a header that may stand several times, as one list.
pub(super) fn joined(headers: &HeaderMap, name: hyper::header::HeaderName) -> String {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}
