//! Who is asking: the principal behind a request, from the member token in its `authorization` metadata.
//!
//! What it is not: authorisation. What a principal may see is decided by `chappe-distribute`, at every delivery.
//!
//! Invariants: identity comes from the token alone, never from anything a message says; tokens are kept as digests and compared in constant
//! time; a refusal does not tell an unknown token from a wrong one.
//!
//! # Example
//! ```
//! use chappe_identity::{Directory, TokenDigest};
//! use chappe_model::{MemberId, Principal, Role};
//! let europol = Principal { member: MemberId::parse("europol")?, home: None, role: Role::Hub };
//! let directory = Directory::new(vec![(europol.clone(), TokenDigest::of("a long random token"))])?;
//! let mut metadata = tonic::metadata::MetadataMap::new();
//! metadata.insert("authorization", "Bearer a long random token".parse()?);
//! assert_eq!(directory.authenticate(&metadata)?.as_ref(), &europol);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::sync::Arc;

use chappe_model::limits::MEMBERS;
use chappe_model::{MemberId, Principal, bytes_of_hex, hex};
use chappe_proto::status;
use subtle::ConstantTimeEq;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

/// A token as it is kept: 128 bits of its BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest([u8; 16]);

impl TokenDigest {
    /// The digest of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        let hash = blake3::derive_key("chappe 2026 member token", token.as_bytes());
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash[..16]);
        Self(digest)
    }

    /// Reads 32 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        bytes_of_hex(text).map(Self)
    }
}

impl fmt::Display for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

/// Why a list of members is no directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Same id twice.
    #[error("member '{0}' stands twice")]
    MemberTwice(MemberId),
    /// Same token twice.
    #[error("members '{0}' and '{1}' have the same token: every member needs one of its own")]
    TokenTwice(MemberId, MemberId),
    /// Too many.
    #[error("{0} members: at most {MEMBERS}")]
    TooMany(usize),
}

/// All members, by token.
#[derive(Debug)]
pub struct Directory {
    members: Vec<(Arc<Principal>, TokenDigest)>,
}

impl Directory {
    /// # Errors
    /// When two members share an id or a token, or there are too many.
    pub fn new(members: Vec<(Principal, TokenDigest)>) -> Result<Self, DirectoryError> {
        if members.len() > MEMBERS {
            return Err(DirectoryError::TooMany(members.len()));
        }
        for (i, (principal, token)) in members.iter().enumerate() {
            for (earlier, other) in &members[..i] {
                if earlier.member == principal.member {
                    return Err(DirectoryError::MemberTwice(principal.member.clone()));
                }
                if other == token {
                    return Err(DirectoryError::TokenTwice(
                        earlier.member.clone(),
                        principal.member.clone(),
                    ));
                }
            }
        }
        Ok(Self {
            members: members
                .into_iter()
                .map(|(principal, token)| (Arc::new(principal), token))
                .collect(),
        })
    }

    /// The principal whose token stands in `authorization: Bearer <token>`.
    ///
    /// # Errors
    /// UNAUTHENTICATED when there is none, or none that is known.
    #[allow(clippy::result_large_err, reason = "tonic's own error type")]
    pub fn authenticate(&self, metadata: &MetadataMap) -> Result<Arc<Principal>, Status> {
        let header = metadata.get("authorization").and_then(|value| value.to_str().ok());
        let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) else {
            let how = "no member token: send the metadata 'authorization: Bearer <token>'";
            return Err(status::refused(Code::Unauthenticated, "TOKEN_MISSING", how));
        };
        let digest = TokenDigest::of(token);
        let mut known = None;
        for (principal, candidate) in &self.members {
            if bool::from(candidate.0.ct_eq(&digest.0)) {
                known = Some(principal);
            }
        }
        known.cloned().ok_or_else(|| {
            status::refused(
                Code::Unauthenticated,
                "TOKEN_UNKNOWN",
                "the member token is not known here: ask the installation's operator",
            )
        })
    }

    /// Whether there is such a member.
    #[must_use]
    pub fn knows(&self, member: &MemberId) -> bool {
        self.members.iter().any(|(principal, _)| principal.member == *member)
    }

    /// All principals, in the order they were given.
    pub fn principals(&self) -> impl Iterator<Item = &Arc<Principal>> {
        self.members.iter().map(|(principal, _)| principal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chappe_model::Role;

    fn member(id: &str) -> Principal {
        Principal {
            member: MemberId::parse(id).unwrap(),
            home: None,
            role: Role::Member,
        }
    }

    #[test]
    fn a_wrong_token_and_none_are_refused() {
        let directory = Directory::new(vec![(member("a"), TokenDigest::of("right"))]).unwrap();
        let with = |value: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert("authorization", value.parse().unwrap());
            directory.authenticate(&metadata)
        };
        assert!(with("Bearer right").is_ok());
        for bad in ["Bearer wrong", "right", "Basic right", ""] {
            assert_eq!(with(bad).unwrap_err().code(), Code::Unauthenticated, "{bad}");
        }
        assert_eq!(
            directory.authenticate(&MetadataMap::new()).unwrap_err().code(),
            Code::Unauthenticated
        );
    }

    #[test]
    fn members_and_tokens_are_unique() {
        let twice = vec![(member("a"), TokenDigest::of("1")), (member("a"), TokenDigest::of("2"))];
        assert!(matches!(Directory::new(twice), Err(DirectoryError::MemberTwice(_))));
        let shared = vec![(member("a"), TokenDigest::of("1")), (member("b"), TokenDigest::of("1"))];
        assert!(matches!(Directory::new(shared), Err(DirectoryError::TokenTwice(..))));
    }
}
