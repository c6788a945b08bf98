use std::sync::Arc;

use chappe_model::limits::MEMBERS;
use chappe_model::{MemberId, Principal};
use chappe_proto::status;
use tonic::{Code, Request, Status};

use crate::{Certified, Peer, TokenDigest};

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

/// All members: by what their certificates name, and by their tokens.
#[derive(Debug)]
pub struct Directory {
    members: Vec<(Arc<Principal>, Option<TokenDigest>)>,
}

impl Directory {
    /// Members that each have a token.
    ///
    /// # Errors
    /// When two members share an id or a token, or there are too many.
    pub fn new(members: Vec<(Principal, TokenDigest)>) -> Result<Self, DirectoryError> {
        let members = members.into_iter();
        Self::with_certificates(members.map(|(principal, token)| (principal, Some(token))).collect())
    }

    /// Members of whom some have no token: those are known by certificate alone.
    ///
    /// # Errors
    /// When two members share an id or a token, or there are too many.
    pub fn with_certificates(members: Vec<(Principal, Option<TokenDigest>)>) -> Result<Self, DirectoryError> {
        if members.len() > MEMBERS {
            return Err(DirectoryError::TooMany(members.len()));
        }
        for (i, (principal, token)) in members.iter().enumerate() {
            for (earlier, other) in &members[..i] {
                if earlier.member == principal.member {
                    return Err(DirectoryError::MemberTwice(principal.member.clone()));
                }
                if token.is_some() && other == token {
                    return Err(DirectoryError::TokenTwice(
                        earlier.member.clone(),
                        principal.member.clone(),
                    ));
                }
            }
        }
        let members = members.into_iter();
        let members = members.map(|(principal, token)| (Arc::new(principal), token));
        Ok(Self {
            members: members.collect(),
        })
    }

    /// Whose request it is: the member that the connection's certificate names, or where the connection has none, the one whose token stands in
    /// `authorization: Bearer <token>`.
    ///
    /// # Errors
    /// UNAUTHENTICATED when there is neither, both, or one that is not known.
    #[allow(clippy::result_large_err, reason = "tonic's own error type")]
    pub fn authenticate<T>(&self, request: &Request<T>) -> Result<Arc<Principal>, Status> {
        match certificate(request) {
            Some(certified) => self.by_certificate(certified, request),
            None => self.by_token(request),
        }
    }

    /// As [`Directory::authenticate`], for what people answer for themselves. A token says nothing of who holds it, and counts.
    ///
    /// # Errors
    /// As there, and PERMISSION_DENIED when the certificate is not a person's.
    #[allow(clippy::result_large_err, reason = "tonic's own error type")]
    pub fn authenticate_person<T>(&self, request: &Request<T>) -> Result<Arc<Principal>, Status> {
        let who = self.authenticate(request)?;
        if certificate(request).is_none_or(|certified| certified.id.voice.is_person()) {
            return Ok(who);
        }
        let how = "the certificate is not a person's: this is for people, each with a certificate of .../person/NAME";
        Err(status::refused(Code::PermissionDenied, "NOT_A_PERSON", how))
    }

    #[allow(clippy::result_large_err, reason = "tonic's own error type")]
    fn by_certificate<T>(&self, certified: &Certified, request: &Request<T>) -> Result<Arc<Principal>, Status> {
        if request.metadata().contains_key("authorization") {
            let how = "the connection has a client certificate and the request a token: send one of them";
            return Err(status::refused(Code::Unauthenticated, "TWO_IDENTITIES", how));
        }
        let mut members = self.members.iter().map(|(principal, _)| principal);
        let known = members.find(|principal| principal.member == certified.id.member);
        known.cloned().ok_or_else(|| {
            let how = "the certificate's member is not known here: ask the installation's operator";
            status::refused(Code::Unauthenticated, "MEMBER_UNKNOWN", how)
        })
    }

    #[allow(clippy::result_large_err, reason = "tonic's own error type")]
    fn by_token<T>(&self, request: &Request<T>) -> Result<Arc<Principal>, Status> {
        let header = request.metadata().get("authorization");
        let header = header.and_then(|value| value.to_str().ok());
        let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) else {
            let how = "no member token: send the metadata 'authorization: Bearer <token>'";
            return Err(status::refused(Code::Unauthenticated, "TOKEN_MISSING", how));
        };
        let digest = TokenDigest::of(token);
        let mut known = None;
        for (principal, candidate) in &self.members {
            if candidate.is_some_and(|candidate| candidate.is(digest)) {
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

/// What the transport proved of the request's connection.
fn certificate<T>(request: &Request<T>) -> Option<&Certified> {
    request.extensions().get::<Peer>()?.certificate.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Serial, SpiffeId};
    use chappe_model::Role;

    fn member(id: &str) -> Principal {
        Principal {
            member: MemberId::parse(id).unwrap(),
            home: None,
            role: Role::Member,
        }
    }

    fn with_token(value: &str) -> Request<()> {
        let mut request = Request::new(());
        request.metadata_mut().insert("authorization", value.parse().unwrap());
        request
    }

    fn with_certificate(id: &str) -> Request<()> {
        let certified = Certified {
            id: SpiffeId::parse(id).unwrap(),
            serial: Serial::parse("1").unwrap(),
        };
        let mut request = Request::new(());
        request.extensions_mut().insert(Peer {
            certificate: Some(Arc::new(certified)),
        });
        request
    }

    #[test]
    fn a_wrong_token_and_none_are_refused() {
        let directory = Directory::new(vec![(member("a"), TokenDigest::of("right"))]).unwrap();
        let with = |value: &str| directory.authenticate(&with_token(value));
        assert!(with("Bearer right").is_ok());
        for bad in ["Bearer wrong", "right", "Basic right", ""] {
            assert_eq!(with(bad).unwrap_err().code(), Code::Unauthenticated, "{bad}");
        }
        let silent = directory.authenticate(&Request::new(())).unwrap_err();
        assert_eq!(silent.code(), Code::Unauthenticated);
        let mut by_token = with_token("Bearer right");
        by_token.extensions_mut().insert(Peer { certificate: None });
        assert!(directory.authenticate_person(&by_token).is_ok());
    }

    #[test]
    fn a_certificate_names_a_member_and_says_whether_a_person_speaks() {
        let members = vec![(member("a"), None), (member("b"), Some(TokenDigest::of("right")))];
        let directory = Directory::with_certificates(members).unwrap();
        let who = directory
            .authenticate(&with_certificate("spiffe://x/member/a"))
            .unwrap();
        assert_eq!(*who, member("a"));
        let person = with_certificate("spiffe://x/member/b/person/c");
        assert_eq!(*directory.authenticate_person(&person).unwrap(), member("b"));
        for id in ["spiffe://x/member/a", "spiffe://x/member/a/service/person"] {
            let refused = directory.authenticate_person(&with_certificate(id)).unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied, "{id}");
        }
        let stranger = directory.authenticate(&with_certificate("spiffe://x/member/c"));
        assert_eq!(stranger.unwrap_err().code(), Code::Unauthenticated);
    }

    #[test]
    fn a_request_has_one_identity() {
        let directory = Directory::new(vec![(member("a"), TokenDigest::of("right"))]).unwrap();
        let mut both = with_certificate("spiffe://x/member/a");
        both.metadata_mut()
            .insert("authorization", "Bearer right".parse().unwrap());
        assert_eq!(directory.authenticate(&both).unwrap_err().code(), Code::Unauthenticated);
    }

    #[test]
    fn members_and_tokens_are_unique() {
        let twice = vec![(member("a"), TokenDigest::of("1")), (member("a"), TokenDigest::of("2"))];
        assert!(matches!(Directory::new(twice), Err(DirectoryError::MemberTwice(_))));
        let shared = vec![(member("a"), TokenDigest::of("1")), (member("b"), TokenDigest::of("1"))];
        assert!(matches!(Directory::new(shared), Err(DirectoryError::TokenTwice(..))));
        let without = vec![(member("a"), None), (member("b"), None)];
        assert!(Directory::with_certificates(without).is_ok());
    }
}
