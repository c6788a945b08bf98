use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use chappe_identity::TrustDomain;
use chappe_model::MemberId;

/// The file of a member's folder that holds the certificates of its authorities, in PEM.
pub const ROOTS_FILE: &str = "roots.pem";
/// The file of a member's folder that says what the operator does not accept: `*` for the member as a whole, or serial numbers in hexadecimal
/// digits, one a line; what follows '#' is a remark.
pub const REVOKED_FILE: &str = "revoked";
/// How files of revocation lists end, in PEM or DER.
pub(crate) const CRL_ENDING: &str = "crl";

/// How often files are looked at. A revocation is in force after twice this at the latest.
pub const RELOAD_EVERY: Duration = Duration::from_secs(2);
/// How long a handshake may take.
pub const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes under way at once; further connections wait in the kernel's queue.
pub const HANDSHAKES: usize = 256;
/// Of these, those of one address: a further one is closed at once, so that no single host keeps all others out.
pub const HANDSHAKES_OF_AN_ADDRESS: usize = HANDSHAKES / 4;
/// How long a refused client has to read why.
pub(crate) const LINGER: Duration = Duration::from_secs(1);
/// And how often 1 KiB of what it still says is read and dropped meanwhile.
pub(crate) const LINGER_READS: usize = 64;
/// Connections that are through their handshake and wait to be taken.
pub(crate) const READY: usize = 64;
/// Longest file of certificates or of a key, in bytes.
pub const CERTIFICATES_BYTES: u64 = 256 * 1024;
/// Most certificates in one file.
pub const CERTIFICATES_IN_A_FILE: usize = 16;
/// Longest file of revocation lists, in bytes.
pub const CRL_BYTES: u64 = 16 * 1024 * 1024;
/// Most files of revocation lists of one member.
pub const CRL_FILES: usize = 16;
/// Longest file `revoked`, in bytes.
pub const REVOKED_BYTES: u64 = 1024 * 1024;
/// Lines in the log about refused handshakes for each [`RELOAD_EVERY`]; what is over it is counted only.
pub(crate) const REFUSALS_TOLD: u32 = 20;
/// Certificates of a chain that a client may send, its own included.
pub(crate) const CHAIN: usize = 6;

/// What an installation's TLS rests on.
#[derive(Clone, Debug)]
pub struct Options {
    /// The installation's name in SPIFFE IDs.
    pub trust_domain: TrustDomain,
    /// The server's certificate and what leads to its root, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM, readable by its owner alone.
    pub key: PathBuf,
    /// The folder with a folder for each member.
    pub members: PathBuf,
    /// The members of the installation; folders of others count for nothing.
    pub known: BTreeSet<MemberId>,
    /// Whether connections without a client certificate are taken, to name themselves by token.
    pub tokens: bool,
}

/// What is spoken over a connection (ALPN, RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/2; who does not ask for it is refused.
    Grpc,
    /// HTTP/1.1.
    Http,
}

impl Protocol {
    pub(crate) fn alpn(self) -> &'static [u8] {
        match self {
            Self::Grpc => b"h2",
            Self::Http => b"http/1.1",
        }
    }
}
