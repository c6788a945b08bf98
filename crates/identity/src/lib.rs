//! Who is asking: the principal behind a request, from its connection's client certificate, or from the member token in its `authorization`
//! metadata.
//!
//! - [`SpiffeId`] is what a certificate says: `spiffe://<trust-domain>/member/<id>`, and below it a service or a person.
//! - [`Peer`] is what the transport (`chappe-tls`) proved of a connection, and left in each of its requests.
//! - [`Directory`] knows the members, and says whose request it is.
//!
//! What it is not: authorisation. What a principal may see is decided by `chappe-distribute`, at every delivery. Nor does it judge
//! certificates: it believes what the transport says of its own connections.
//!
//! Invariants: identity comes from certificate or token alone, never from anything a message says; a request has one identity, so a token on
//! a connection with a certificate is refused; tokens are kept as digests and compared in constant time; a refusal does not tell an unknown token from a wrong
//! one.
//!
//! # Example
//! ```
//! use chappe_identity::{Directory, TokenDigest};
//! use chappe_model::{MemberId, Principal, Role};
//! let europol = Principal { member: MemberId::parse("europol")?, home: None, role: Role::Hub };
//! let directory = Directory::new(vec![(europol.clone(), TokenDigest::of("a long random token"))])?;
//! let mut request = tonic::Request::new(());
//! request.metadata_mut().insert("authorization", "Bearer a long random token".parse()?);
//! assert_eq!(directory.authenticate(&request)?.as_ref(), &europol);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod directory;
mod peer;
mod spiffe;
mod token;

pub use directory::{Directory, DirectoryError};
pub use peer::{Certified, Peer, Serial};
pub use spiffe::{
    PERSON_OR_SERVICE_BYTES, SPIFFE_ID_BYTES, SpiffeId, SpiffeIdError, TRUST_DOMAIN_BYTES, TrustDomain, Voice,
};
pub use token::TokenDigest;
