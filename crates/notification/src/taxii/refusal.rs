//! What a request is refused with: a status and an error message (section 3.6).

use std::time::Duration;

use chappe_eventlog::ReadError;
use chappe_taxii::{QueryError, resource};
use hyper::StatusCode;
use hyper::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use tonic::{Code, Status};

use super::answering::{Answer, json};

/// When to come again after a refusal that passes.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// Schemes by which a member says who it is.
const CHALLENGES: [&str; 2] = ["Basic realm=\"Chappe\", charset=\"UTF-8\"", "Bearer realm=\"Chappe\""];

/// A refusal. Its words are a function of the request alone, never of what is hidden.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    description: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            code,
            description: description.into(),
            headers: Vec::new(),
        }
    }

    /// In the same words whatever was wrong with what the caller showed.
    pub(crate) fn unauthenticated() -> Self {
        let how = "say who you are: HTTP Basic with your member id and your token, or 'Authorization: Bearer' with your token";
        let mut refusal = Self::new(StatusCode::UNAUTHORIZED, "TOKEN_UNKNOWN", how);
        let challenges = CHALLENGES.into_iter().map(HeaderValue::from_static);
        refusal
            .headers
            .extend(challenges.map(|challenge| (WWW_AUTHENTICATE, challenge)));
        refusal
    }

    pub(crate) fn not_found(what: &str) -> Self {
        let description = format!("no such {what}, or none that you may see; every path ends in a slash");
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", description)
    }

    pub(crate) fn method(allowed: &'static str) -> Self {
        let description = format!("this endpoint has the methods {allowed}");
        let mut refusal = Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", description);
        refusal.headers.push((ALLOW, HeaderValue::from_static(allowed)));
        refusal
    }

    pub(crate) fn forbidden(description: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", description)
    }

    pub(crate) fn too_many_additions() -> Self {
        let description = "too many additions are being read here now: ask again later";
        Self::later(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_ADDITIONS", description)
    }

    /// Something that passes.
    pub(crate) fn later(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        let mut refusal = Self::new(status, code, description);
        refusal
            .headers
            .push((RETRY_AFTER, HeaderValue::from(COME_AGAIN.as_secs())));
        refusal
    }

    pub(crate) fn into_answer(self) -> Answer {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = resource::error(self.status.as_u16(), self.code, title, &self.description);
        let mut answer = json(self.status, &body);
        for (name, value) in self.headers {
            answer.headers_mut().append(name, value);
        }
        answer
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MALFORMED_QUERY", error.to_string())
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        tracing::warn!(%error, "a TAXII request cannot read the log of alerts");
        let description = "the log of alerts cannot be read just now: ask again";
        Self::later(StatusCode::SERVICE_UNAVAILABLE, "LOG_UNREADABLE", description)
    }
}

/// Of the room for lists: the one status that comes from there.
impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::ResourceExhausted => Self::later(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_LOOKUPS", status.message()),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", status.message()),
        }
    }
}
