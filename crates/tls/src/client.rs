//! A member's side: what it shows, whom it believes, and why it was refused.

use std::error::Error;
use std::io::{self, Cursor};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use rustls::version::TLS13;
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};

use crate::files::{self, FileError};
use crate::options::Protocol;

/// How long the server's first word is waited for; one that lets the client speak first is taken as it is then.
const FIRST_WORD: Duration = Duration::from_secs(1);
/// How much of it is read at first, in bytes.
const FIRST_BYTES: usize = 1_024;

/// The files of a client, read and looked over.
#[derive(Clone, Debug)]
pub struct ClientFiles(Arc<ClientConfig>);

impl ClientFiles {
    /// Reads the certificates of those who may sign for the server, and the client's own certificate and private key, if it has them; all in PEM.
    ///
    /// # Errors
    /// When a file cannot be read, holds something else, or others than its owner may read the key.
    pub fn read(authorities: &Path, identity: Option<(&Path, &Path)>) -> Result<Self, FileError> {
        let mut roots = RootCertStore::empty();
        for root in files::certificates(authorities)? {
            let added = roots.add(root);
            added.map_err(|error| FileError::new(authorities, format!("an authority is not taken: {error}")))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13]);
        let config = config.map_err(|error| FileError::new(authorities, error.to_string()))?;
        let config = config.with_root_certificates(roots);
        let mut config = match identity {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let (chain, private) = (files::certificates(certificate)?, files::key(key)?);
                config.with_client_auth_cert(chain, private).map_err(|error| {
                    let message = format!(
                        "it and the private key in {} do not go together: {error}",
                        key.display()
                    );
                    FileError::new(certificate, message)
                })?
            }
        };
        config.alpn_protocols = vec![Protocol::Grpc.alpn().to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// A channel to `host:port` that connects when it is first used, and again whenever it broke. Of the endpoint the settings count, not its URI.
    ///
    /// # Errors
    /// When no certificate can be for such a host.
    pub fn channel(&self, endpoint: &Endpoint, host_and_port: &str) -> Result<Channel, InvalidDnsNameError> {
        let host = host_and_port.rsplit_once(':').map_or(host_and_port, |(host, _)| host);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())?;
        let (connector, address) = (TlsConnector::from(Arc::clone(&self.0)), Arc::<str>::from(host_and_port));
        Ok(endpoint.connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
            let (connector, address, name) = (connector.clone(), Arc::clone(&address), name.clone());
            async move { connect(connector, address, name).await.map(TokioIo::new) }
        })))
    }
}

/// A connection that the server has accepted. In TLS 1.3 a client is through its handshake before the server has judged its certificate, and what is wrong
/// with it comes as an alert in the place of the server's first word; so that is waited for. Later nobody is left to be told: HTTP/2 has only requests that were
/// given up.
async fn connect(
    connector: TlsConnector,
    address: Arc<str>,
    name: ServerName<'static>,
) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
    let io = TcpStream::connect(&*address).await?;
    io.set_nodelay(true)?;
    let mut stream = connector.connect(name, io).await?;
    let mut first = vec![0; FIRST_BYTES];
    let bytes = match timeout(FIRST_WORD, stream.read(&mut first)).await {
        Ok(read) => read?,
        Err(_) => 0,
    };
    first.truncate(bytes);
    let (reader, writer) = tokio::io::split(stream);
    Ok(tokio::io::join(Cursor::new(first).chain(reader), writer))
}

/// What the server's refusal of the connection says, if that is why a call failed: in TLS 1.3 it comes as an alert after the handshake has ended on the
/// client's side, and so beneath the error of whatever was tried first.
#[must_use]
pub fn refused_by_alert(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return words(tls);
        }
        // An I/O error shows what is beneath the error that it wraps, not that error itself.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(tls) = wrapped.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return words(tls);
        }
        next = error.source();
    }
    None
}

fn words(error: &rustls::Error) -> Option<&'static str> {
    let rustls::Error::AlertReceived(alert) = error else {
        return None;
    };
    Some(match alert {
        AlertDescription::CertificateExpired => "your certificate has expired: ask your authority for a new one",
        AlertDescription::CertificateRevoked => "your certificate is revoked: ask your authority",
        AlertDescription::AccessDenied => "the operator has revoked your certificate, or your member: ask the operator",
        AlertDescription::UnknownCA => {
            "your certificate does not lead to an authority of your member that the installation knows: send what stands above it along, or ask \
             the operator"
        }
        AlertDescription::CertificateRequired => {
            "it takes client certificates only: name yours with --identity, or --cert and --key"
        }
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::DecryptError => {
            "your certificate is not one that it accepts: docs/identity.md says what it must look like, and the operator's log why it is not"
        }
        _ => return None,
    })
}
