//! A development authority: for each member a root of its own, the certificates and revocation lists under it, and the server's, all as files
//! that `chappe-tls` reads. Members with an authority of their own bring its roots and lists instead.
//!
//! ```text
//! tls/server/certificate.pem, key.pem, ca.pem       what the server shows; ca.pem is what clients believe
//! tls/members/ID/roots.pem, root.crl, revoked       what the member's certificates are judged by
//! tls/authority/ID.key                              signs the member's certificates and lists; server.key the server's
//! tls/issued/ID/SERIAL.pem                          every certificate that was issued
//! tls/identities/ID/person-NAME/, service-NAME/     certificate.pem, key.pem, ca.pem: for its holder
//! ```
//!
//! What it is not: a way to run an authority for others. Its keys lie on the disk of the installation, so whoever holds that disk speaks for
//! every member that has a root here.
//!
//! Invariants: private keys are made for their owner alone (mode 0600); a file that is read while it is replaced is either the old one or the new
//! one; a revocation is in `revoked` before it is in a signed list; nothing but what `renew` and `revoke` are for is overwritten.
//!
//! # Example
//! ```
//! use chappe_authority::Authority;
//! use chappe_identity::{TrustDomain, Voice};
//! use chappe_model::{MemberId, Timestamp};
//! let folder = std::env::temp_dir().join(format!("chappe-authority-{}", std::process::id()));
//! let now = Timestamp::from_millis(1_800_000_000_000);
//! let authority = Authority::new(folder.clone(), TrustDomain::parse("chappe.internal")?);
//! authority.begin_server(&["localhost".to_owned()], now)?;
//! let member = MemberId::parse("csirt-at")?;
//! authority.begin_member(&member, now)?;
//! let issued = authority.issue(&member, &Voice::person("muster")?, 365, now)?;
//! authority.revoke(&member, Some(&issued.serial), now)?;
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authority;
mod error;
mod files;
mod foreign;
mod listing;
mod signing;

pub use authority::{Authority, Issued, LONGEST_DAYS};
pub use error::AuthorityError;
pub use listing::{Listed, ListedMember};
