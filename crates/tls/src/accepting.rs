//! From connections to secured ones: so many handshakes at once, each with an end.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use chappe_identity::Peer;
use metrics::counter;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::Refusal;
use crate::metric_names::{HANDSHAKES as ENDED, OUTCOME};
use crate::options::{HANDSHAKE, HANDSHAKES, LINGER, LINGER_READS, Protocol};
use crate::secured::{Registered, Secured};
use crate::shares::Shares;
use crate::tls::Shared;

/// Why a connection was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// Over [`HANDSHAKE`].
    #[error("no handshake within {} s", HANDSHAKE.as_secs())]
    Late,
    /// Another protocol, or none.
    #[error("it does not ask for {}", String::from_utf8_lossy(.0))]
    Protocol(&'static [u8]),
    /// The certificate.
    #[error("{0}")]
    Certificate(#[from] Refusal),
    /// The connection, or what was said over it.
    #[error("{0}")]
    Io(#[from] io::Error),
}

pub(crate) async fn accept<IO>(
    shared: Arc<Shared>,
    accepted: impl Stream<Item = io::Result<IO>> + Send,
    protocol: Protocol,
    ready: mpsc::Sender<io::Result<Secured<IO>>>,
) where
    IO: AsyncRead + AsyncWrite + Connected<ConnectInfo = TcpConnectInfo> + Unpin + Send + 'static,
{
    let places = Arc::new(Semaphore::new(HANDSHAKES));
    let shares = Shares::default();
    let mut accepted = pin!(accepted);
    let mut under_way = JoinSet::new();
    loop {
        let place = tokio::select! {
            biased;
            () = ready.closed() => return,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let next = tokio::select! {
            biased;
            () = ready.closed() => return,
            next = accepted.next() => next,
        };
        while under_way.try_join_next().is_some() {}
        let (Ok(place), Some(next)) = (place, next) else { break };
        let address = next.as_ref().ok().and_then(|io| io.connect_info().remote_addr());
        let share = address.map(|address| shares.enter(address.ip()));
        if let Some(None) = share {
            counter!(ENDED, OUTCOME => "crowded").increment(1);
            continue;
        }
        let (shared, ready) = (Arc::clone(&shared), ready.clone());
        under_way.spawn(async move {
            let secured = match next {
                Ok(io) => shake(&shared, io, protocol).await,
                Err(error) => Some(Err(error)),
            };
            if let Some(secured) = secured {
                // Nobody serves any more if it is not taken.
                let _ = ready.send(secured).await;
            }
            drop((place, share));
        });
    }
    while under_way.join_next().await.is_some() {}
}

/// A handshake; none when it failed, which is told here.
async fn shake<IO>(shared: &Arc<Shared>, io: IO, protocol: Protocol) -> Option<io::Result<Secured<IO>>>
where
    IO: AsyncRead + AsyncWrite + Connected<ConnectInfo = TcpConnectInfo> + Unpin + Send + 'static,
{
    let from = io.connect_info().remote_addr();
    let from = from.map_or_else(|| "somewhere".to_owned(), |address| address.to_string());
    let config = shared.config(protocol);
    let shaken = timeout(HANDSHAKE, handshake(shared, io, config, protocol)).await;
    let failed = match shaken.unwrap_or(Err(Failed::Late)) {
        Ok(secured) => {
            counter!(ENDED, OUTCOME => "accepted").increment(1);
            return Some(Ok(secured));
        }
        Err(failed) => failed,
    };
    let outcome = match &failed {
        Failed::Certificate(_) => "refused",
        Failed::Late => "late",
        Failed::Protocol(_) | Failed::Io(_) => "failed",
    };
    counter!(ENDED, OUTCOME => outcome).increment(1);
    if shared.may_tell() {
        tracing::info!(from, outcome, reason = %failed, "a connection is not taken");
    }
    None
}

pub(crate) async fn handshake<IO>(
    shared: &Arc<Shared>,
    io: IO,
    config: Arc<ServerConfig>,
    protocol: Protocol,
) -> Result<Secured<IO>, Failed>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let stream = match TlsAcceptor::from(config).accept(io).into_fallible().await {
        Ok(stream) => stream,
        Err((error, io)) => {
            let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            let Some(refusal) = tls.and_then(Refusal::of) else {
                return Err(Failed::Io(error));
            };
            linger(io).await;
            return Err(Failed::Certificate(refusal));
        }
    };
    let (_, connection) = stream.get_ref();
    if protocol == Protocol::Grpc && connection.alpn_protocol() != Some(protocol.alpn()) {
        return Err(Failed::Protocol(protocol.alpn()));
    }
    let Some(chain) = connection.peer_certificates().filter(|chain| !chain.is_empty()) else {
        return Ok(Secured::new(stream, Peer { certificate: None }, None));
    };
    let chain: Vec<CertificateDer<'static>> = chain.iter().map(|der| der.clone().into_owned()).collect();
    // The handshake was judged by what was in force when it began. From here on the connection is among those that are judged again, and so it is.
    let (place, closed) = shared.registry.enter(chain.clone().into());
    let judged = shared.judge(&chain)?;
    place.stands(judged.until);
    let peer = Peer {
        certificate: Some(Arc::new(judged.certified)),
    };
    let registered = Registered { closed, _place: place };
    Ok(Secured::new(stream, peer, Some(registered)))
}

/// A client believes to be through its handshake when its certificate is refused, and speaks on. Closed at once, the connection would be reset, and
/// the alert that says why be lost with it.
async fn linger<IO: AsyncRead + AsyncWrite + Unpin>(mut io: IO) {
    let end = async {
        if io.shutdown().await.is_err() {
            return;
        }
        let mut unread = [0; 1_024];
        for _ in 0..LINGER_READS {
            if !io.read(&mut unread).await.is_ok_and(|bytes| bytes > 0) {
                return;
            }
        }
    };
    // Then it is lost.
    let _ = timeout(LINGER, end).await;
}
