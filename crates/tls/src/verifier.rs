//! The judgement as rustls asks for it, and what else it is told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chappe_clock::Clock;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{DigitallySignedStruct, DistinguishedName, PeerIncompatible, ServerConfig, SignatureScheme};

use crate::options::{Options, Protocol};
use crate::state::State;

/// The clock of the installation, as seconds since 1970.
pub(crate) struct Seconds(pub(crate) Arc<dyn Clock>);

impl Seconds {
    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_millis(self.0.now().as_millis()))
    }
}

impl fmt::Debug for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seconds")
    }
}

impl TimeProvider for Seconds {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.now())
    }
}

/// What every connection is served by while a state is in force.
pub(crate) fn server_config(
    state: &Arc<State>,
    options: &Arc<Options>,
    provider: &Arc<CryptoProvider>,
    clock: &Arc<dyn Clock>,
    protocol: Protocol,
) -> Result<ServerConfig, rustls::Error> {
    let verifier = Verifier {
        state: Arc::clone(state),
        options: Arc::clone(options),
        provider: Arc::clone(provider),
    };
    let time = Arc::new(Seconds(Arc::clone(clock)));
    let mut config = ServerConfig::builder_with_details(Arc::clone(provider), time)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(Always(Arc::clone(&state.server))));
    // A session that is resumed would not be judged.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![protocol.alpn().to_vec()];
    Ok(config)
}

/// One certificate, whatever name a client asks for.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Verifier {
    state: Arc<State>,
    options: Arc<Options>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Verifier {
    /// None: the names of the members' authorities are nobody's business before they have shown who they are.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        !self.options.tokens
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.state.judge(&self.options, leaf, above, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
