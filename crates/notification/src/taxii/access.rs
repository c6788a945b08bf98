//! Who asks.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chappe_identity::Directory;
use chappe_model::Principal;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use tonic::Request;

use super::refusal::Refusal;

/// The member whose token a request bears: by HTTP Basic (RFC 7617), where the user must be the member's id, or as a bearer token (RFC 6750).
pub(crate) fn who(directory: &Directory, headers: &HeaderMap) -> Result<Arc<Principal>, Refusal> {
    known(directory, headers).ok_or_else(Refusal::unauthenticated)
}

fn known(directory: &Directory, headers: &HeaderMap) -> Option<Arc<Principal>> {
    let (scheme, shown) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return bearer(directory, shown);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(shown.trim()).ok()?).ok()?;
    let (user, token) = pair.split_once(':')?;
    bearer(directory, token).filter(|who| who.member.as_str() == user)
}

fn bearer(directory: &Directory, token: &str) -> Option<Arc<Principal>> {
    let mut request = Request::new(());
    let shown = format!("Bearer {token}").parse().ok()?;
    request.metadata_mut().insert("authorization", shown);
    directory.authenticate(&request).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use chappe_identity::TokenDigest;
    use chappe_model::{MemberId, Role};

    use super::*;

    #[test]
    fn a_token_is_taken_in_both_forms_and_a_name_must_be_its_own() {
        let member = |id: &str| Principal {
            member: MemberId::parse(id).unwrap(),
            home: None,
            role: Role::Member,
        };
        let members = vec![
            (member("a"), TokenDigest::of("to:ken")),
            (member("b"), TokenDigest::of("other")),
        ];
        let directory = Directory::new(members).unwrap();
        let asked = |header: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, header.parse().unwrap());
            who(&directory, &headers).ok().map(|who| who.member.to_string())
        };
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        assert_eq!(asked("Bearer to:ken").as_deref(), Some("a"));
        assert_eq!(asked("bearer other").as_deref(), Some("b"));
        assert_eq!(asked(&basic("a:to:ken")).as_deref(), Some("a"));
        assert_eq!(asked(&basic("b:other").replace("Basic", "basic")).as_deref(), Some("b"));
        for header in [
            &basic("b:to:ken"),
            &basic("a:"),
            &basic("a"),
            &basic(":to:ken"),
            "Basic x!",
            "Bearer",
            "to:ken",
            "Token other",
        ] {
            assert_eq!(asked(header), None, "{header}");
        }
        assert!(who(&directory, &HeaderMap::new()).is_err());
    }
}
