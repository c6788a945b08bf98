//! Connections over TLS 1.3 whose client certificates say which member speaks: an acceptor of our own, for what tonic's lacks
//! (revocation lists, new files without a restart, an end to connections whose certificate counts no more).
//!
//! - [`Tls::open`] reads the files that [`Options`] name, [`Tls::watch`] reads them again when they change.
//! - [`Tls::incoming`] makes of any stream of connections one of [`Secured`] connections; each says by [`chappe_identity::Peer`] who it is.
//! - [`Refusal`] is why a certificate is not accepted.
//!
//! The files of a member stand in a folder with its name: `roots.pem`, its authorities; `*.crl`, their revocation lists; `revoked`, if there,
//! what the operator does not accept whatever an authority says.
//!
//! What it is not: an authority (it signs nothing), and not authorisation (`chappe-distribute`).
//!
//! Invariants:
//! 1. A certificate is judged by the roots and the revocation lists of the member that it names, and by no other's; a root is of one member.
//! 2. What is judged is what is in force now: no session is resumed, and a connection is judged again whenever files change or something of it
//!    expires. One that would not be accepted any more is closed.
//! 3. No revocation list, or an expired one, refuses: not knowing is no.
//! 4. Files that cannot be read change nothing, except that an unreadable `revoked` refuses its member.
//!
//! # Example
//! ```no_run
//! # async fn example(clock: std::sync::Arc<dyn chappe_clock::Clock>) -> Result<(), Box<dyn std::error::Error>> {
//! use chappe_identity::TrustDomain;
//! use chappe_model::MemberId;
//! use chappe_tls::{Options, Protocol, Tls};
//! use tokio_stream::StreamExt;
//! use tokio_stream::wrappers::TcpListenerStream;
//! let tls = Tls::open(
//!     Options {
//!         trust_domain: TrustDomain::parse("chappe.example")?,
//!         certificate: "tls/server/certificate.pem".into(),
//!         key: "tls/server/key.pem".into(),
//!         members: "tls/members".into(),
//!         known: [MemberId::parse("csirt-at")?].into(),
//!         tokens: false,
//!     },
//!     clock,
//! )?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:7600").await?;
//! let mut incoming = tls.incoming(TcpListenerStream::new(listener), Protocol::Grpc);
//! while let Some(connection) = incoming.next().await {
//!     println!("{:?}", connection?.peer());
//! }
//! # Ok(())
//! # }
//! ```

mod accepting;
mod client;
mod files;
mod leaf;
mod member;
mod metric_names;
mod options;
mod refusal;
mod registry;
mod secured;
mod shares;
mod state;
mod tls;
mod verifier;

#[cfg(test)]
mod tests;

pub use client::{ClientFiles, refused_by_alert};
pub use files::FileError;
pub use leaf::{Leaf, read_leaf};
pub use member::{Times, check_member, times_of_member};
pub use metric_names::describe_metrics;
pub use options::{
    CERTIFICATES_BYTES, CERTIFICATES_IN_A_FILE, CRL_BYTES, CRL_FILES, HANDSHAKE, HANDSHAKES, HANDSHAKES_OF_AN_ADDRESS,
    Options, Protocol, RELOAD_EVERY, REVOKED_BYTES, REVOKED_FILE, ROOTS_FILE,
};
pub use refusal::Refusal;
pub use secured::Secured;
pub use tls::Tls;
