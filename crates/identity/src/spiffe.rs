//! What a certificate says of its holder, by the SPIFFE ID standard, read strictly.

use std::fmt;
use std::sync::Arc;

use chappe_model::{MemberId, MemberIdError};

/// Longest SPIFFE ID, in bytes (SPIFFE-ID, 2.3).
pub const SPIFFE_ID_BYTES: usize = 2_048;
/// Longest trust domain, in bytes (SPIFFE-ID, 2.3).
pub const TRUST_DOMAIN_BYTES: usize = 255;
/// Longest name of a person or a service, in bytes.
pub const PERSON_OR_SERVICE_BYTES: usize = 64;

const SCHEME: &str = "spiffe://";

/// The installation's name in SPIFFE IDs, such as `chappe.example`: lower-case letters, digits, '.', '-' and '_'.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrustDomain(Arc<str>);

/// Whose voice it is within its member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Voice {
    /// The member as such, by whatever program.
    Member,
    /// A program of the member's.
    Service(Arc<str>),
    /// A person at the member.
    Person(Arc<str>),
}

/// `spiffe://<trust-domain>/member/<id>`, or below that `/service/<name>` or `/person/<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpiffeId {
    /// The installation that it is for.
    pub trust_domain: TrustDomain,
    /// The member.
    pub member: MemberId,
    /// Whose voice of the member's.
    pub voice: Voice,
}

/// Why a text is no SPIFFE ID of a member. A text that may come from anyone is never repeated in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpiffeIdError {
    /// Too long.
    #[error("{0} bytes: at most {SPIFFE_ID_BYTES}")]
    TooLong(usize),
    /// Another scheme, or the scheme in capitals.
    #[error("it does not begin with '{SCHEME}'")]
    Scheme,
    /// A trust domain of another form: user information, a port, a capital letter, an escape.
    #[error("its trust domain is not 1 to {TRUST_DOMAIN_BYTES} of a-z, 0-9, '.', '-' and '_'")]
    TrustDomain,
    /// A query, a fragment, an escape, a dot segment, an empty segment or a slash at the end.
    #[error("its path has a segment that is empty, '.', '..', or not of a-z, A-Z, 0-9, '.', '-' and '_'")]
    Segment,
    /// Other segments than those of members.
    #[error("its path is not /member/ID, /member/ID/service/NAME or /member/ID/person/NAME")]
    Path,
    /// The member's id is none.
    #[error(transparent)]
    Member(#[from] MemberIdError),
    /// A name that is too long.
    #[error("the name of its person or service has more than {PERSON_OR_SERVICE_BYTES} bytes")]
    Name,
}

impl TrustDomain {
    /// # Errors
    /// When the text has another form.
    pub fn parse(text: &str) -> Result<Self, SpiffeIdError> {
        let sound = (1..=TRUST_DOMAIN_BYTES).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'));
        if sound {
            Ok(Self(text.into()))
        } else {
            Err(SpiffeIdError::TrustDomain)
        }
    }

    /// The domain as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SpiffeId {
    /// Reads one. There is one way to write each, so two that differ are of two principals.
    ///
    /// # Errors
    /// When the text has another form in any way; nothing is normalised.
    pub fn parse(text: &str) -> Result<Self, SpiffeIdError> {
        if text.len() > SPIFFE_ID_BYTES {
            return Err(SpiffeIdError::TooLong(text.len()));
        }
        let rest = text.strip_prefix(SCHEME).ok_or(SpiffeIdError::Scheme)?;
        let (domain, path) = rest.split_once('/').unwrap_or((rest, ""));
        let trust_domain = TrustDomain::parse(domain)?;
        let segments: Vec<&str> = path.split('/').collect();
        if !path.is_empty() && !segments.iter().all(|segment| is_segment(segment)) {
            return Err(SpiffeIdError::Segment);
        }
        let (id, voice) = match segments[..] {
            ["member", id] => (id, Voice::Member),
            ["member", id, "service", name] => (id, Voice::Service(parse_name(name)?)),
            ["member", id, "person", name] => (id, Voice::Person(parse_name(name)?)),
            _ => return Err(SpiffeIdError::Path),
        };
        Ok(Self {
            trust_domain,
            member: MemberId::parse(id)?,
            voice,
        })
    }
}

fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

fn parse_name(text: &str) -> Result<Arc<str>, SpiffeIdError> {
    (text.len() <= PERSON_OR_SERVICE_BYTES)
        .then(|| text.into())
        .ok_or(SpiffeIdError::Name)
}

impl Voice {
    /// Reads the name of a person.
    ///
    /// # Errors
    /// When it cannot stand in a SPIFFE ID.
    pub fn person(name: &str) -> Result<Self, SpiffeIdError> {
        named(name).map(Self::Person)
    }

    /// Reads the name of a service.
    ///
    /// # Errors
    /// When it cannot stand in a SPIFFE ID.
    pub fn service(name: &str) -> Result<Self, SpiffeIdError> {
        named(name).map(Self::Service)
    }

    /// Whether a person speaks.
    #[must_use]
    pub fn is_person(&self) -> bool {
        matches!(self, Self::Person(_))
    }
}

fn named(name: &str) -> Result<Arc<str>, SpiffeIdError> {
    if is_segment(name) {
        parse_name(name)
    } else {
        Err(SpiffeIdError::Segment)
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/member/{}", self.trust_domain, self.member)?;
        match &self.voice {
            Voice::Member => Ok(()),
            Voice::Service(name) => write!(f, "/service/{name}"),
            Voice::Person(name) => write!(f, "/person/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "spiffe://chappe.example/member/csirt-at",
            "spiffe://chappe.example/member/csirt-at/service/misp-2.5",
            "spiffe://chappe.example/member/csirt-at/person/A.Muster_1",
        ] {
            assert_eq!(SpiffeId::parse(text).unwrap().to_string(), text);
        }
        let person = SpiffeId::parse("spiffe://x/member/a/person/b").unwrap();
        assert!(person.voice.is_person());
        assert_eq!(person.voice, Voice::person("b").unwrap());
        assert!(
            !SpiffeId::parse("spiffe://x/member/a/service/person")
                .unwrap()
                .voice
                .is_person()
        );
    }

    #[test]
    fn there_is_one_way_to_write_it() {
        use SpiffeIdError as E;
        for (text, why) in [
            ("", E::Scheme),
            ("https://x/member/a", E::Scheme),
            ("SPIFFE://x/member/a", E::Scheme),
            ("spiffe:/x/member/a", E::Scheme),
            ("spiffe:///member/a", E::TrustDomain),
            ("spiffe://X/member/a", E::TrustDomain),
            ("spiffe://x:443/member/a", E::TrustDomain),
            ("spiffe://u@x/member/a", E::TrustDomain),
            ("spiffe://x%2e/member/a", E::TrustDomain),
            ("spiffe://x", E::Path),
            ("spiffe://x/", E::Path),
            ("spiffe://x/member", E::Path),
            ("spiffe://x/member/a/robot/b", E::Path),
            ("spiffe://x/member/a/person", E::Path),
            ("spiffe://x/member/a/person/b/c", E::Path),
            ("spiffe://x/Member/a", E::Path),
            ("spiffe://x/member/a/", E::Segment),
            ("spiffe://x/member//a", E::Segment),
            ("spiffe://x//member/a", E::Segment),
            ("spiffe://x/member/./a", E::Segment),
            ("spiffe://x/member/b/../a", E::Segment),
            ("spiffe://x/member/a?b", E::Segment),
            ("spiffe://x/member/a#b", E::Segment),
            ("spiffe://x/member/%61", E::Segment),
            ("spiffe://x/member/a\0", E::Segment),
            ("spiffe://x/member/\u{430}", E::Segment),
        ] {
            assert_eq!(SpiffeId::parse(text).unwrap_err(), why, "{text}");
        }
        assert!(matches!(SpiffeId::parse("spiffe://x/member/A"), Err(E::Member(_))));
        let long = format!("spiffe://x/member/a/person/{}", "b".repeat(65));
        assert_eq!(SpiffeId::parse(&long).unwrap_err(), E::Name);
        let longer = format!("spiffe://x/member/{}", "b".repeat(2_048));
        assert!(matches!(SpiffeId::parse(&longer), Err(E::TooLong(_))));
        assert!(Voice::person("a/b").is_err() && Voice::service("..").is_err());
    }
}
