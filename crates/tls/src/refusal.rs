use chappe_identity::SpiffeIdError;
use chappe_model::MemberId;
use rustls::CertificateError;

/// Why a client certificate is not accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No certificate that can be read.
    #[error("it is no X.509 certificate of version 3: {0}")]
    Malformed(&'static str),
    /// Further bytes stand behind it.
    #[error("further bytes stand behind the certificate")]
    TrailingBytes,
    /// An extension stands twice, or cannot be read.
    #[error("its extension {0} stands twice or cannot be read")]
    Extension(&'static str),
    /// No name.
    #[error("it has no URI among its subject alternative names: the member's SPIFFE ID belongs there")]
    NoUri,
    /// More names than one.
    #[error("it has {0} URIs among its subject alternative names: a SPIFFE certificate has exactly one")]
    Uris(usize),
    /// A name of another form.
    #[error("its SPIFFE ID is wrong: {0}")]
    Id(#[from] SpiffeIdError),
    /// A name of another installation.
    #[error("its SPIFFE ID is of another trust domain")]
    OtherTrustDomain,
    /// No such member here, or none with roots.
    #[error("it names a member without authorities here")]
    UnknownMember,
    /// The operator refuses the certificate, or all of its member.
    #[error("the operator of the installation has revoked this certificate, or its member")]
    ByOperator,
    /// The member has no revocation lists.
    #[error("no revocation list of '{0}' is there")]
    NoRevocationList(MemberId),
    /// A root of the member stands with another one too.
    #[error("an authority of '{0}' stands with another member too: it could speak for both")]
    SharedRoot(MemberId),
    /// An authority's certificate.
    #[error("it is an authority's certificate: a holder's has no CA flag")]
    Authority,
    /// A key usage that a holder's certificate must have, or must not have.
    #[error("its key usage is wrong: {0}")]
    KeyUsage(&'static str),
    /// Not for clients.
    #[error("its extended key usage does not name clientAuth")]
    NotForClients,
    /// A chain longer than any sensible one.
    #[error("its chain is too long")]
    LongChain,
    /// The chain does not lead to the member's roots, is out of time or is revoked.
    #[error("{}", chain(.0))]
    Chain(CertificateError),
}

fn chain(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it, or a certificate above it, has expired".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it, or a certificate above it, is not valid yet".into()
        }
        CertificateError::Revoked => "it, or a certificate above it, is revoked by its authority".into(),
        CertificateError::UnknownIssuer => "it does not lead to an authority of the member that it names".into(),
        CertificateError::UnknownRevocationStatus => {
            "no revocation list says whether it, or a certificate above it, is revoked".into()
        }
        CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => {
            "the revocation list of its authority has expired".into()
        }
        CertificateError::BadSignature => "its signature, or one above it, is wrong".into(),
        CertificateError::Other(other) => format!("its chain is not accepted: {}", other.0),
        other => format!("its chain is not accepted: {other}"),
    }
}

impl Refusal {
    /// What a handshake's error says of the certificate, if it is about that.
    pub(crate) fn of(error: &rustls::Error) -> Option<Self> {
        let rustls::Error::InvalidCertificate(error) = error else {
            return None;
        };
        let ours = match error {
            CertificateError::Other(other) => other.0.downcast_ref::<Self>().cloned(),
            CertificateError::ApplicationVerificationFailure => Some(Self::ByOperator),
            _ => None,
        };
        Some(ours.unwrap_or_else(|| Self::Chain(error.clone())))
    }
}

impl From<Refusal> for rustls::Error {
    /// A client is told by TLS alert what it can mend: expired, revoked by whom, unknown authority. For the rest the operator's log has the words.
    fn from(refusal: Refusal) -> Self {
        Self::InvalidCertificate(match refusal {
            Refusal::Chain(error) => error,
            Refusal::ByOperator => CertificateError::ApplicationVerificationFailure,
            other => CertificateError::Other(rustls::OtherError(std::sync::Arc::new(other))),
        })
    }
}
