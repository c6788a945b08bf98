//! A refusal by the server, with what its typed details say.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Longest pause that a server may ask for; more is taken as this.
pub(crate) const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Why the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// gRPC status code.
    pub code: Code,
    /// For people.
    pub message: String,
    /// For programs: the reason of google.rpc.ErrorInfo, if there was one.
    pub reason: Option<String>,
    /// Field path and fault, each.
    pub violations: Vec<(String, String)>,
    /// The pause the server asks for.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Whether the same may be sent again: the outcome is unknown, or the refusal passes.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self.code, Code::Unavailable | Code::ResourceExhausted)
    }
}

impl From<&Status> for Refusal {
    fn from(status: &Status) -> Self {
        // What a certificate is refused for comes as an alert beneath a broken connection.
        if let Some(words) = chappe_tls::refused_by_alert(status) {
            return Self {
                code: Code::Unauthenticated,
                message: words.to_owned(),
                reason: None,
                violations: vec![],
                retry_after: None,
            };
        }
        let details = status.get_error_details();
        let violations = details.bad_request().map(|bad| {
            bad.field_violations
                .iter()
                .map(|v| (v.field.clone(), v.description.clone()))
                .collect()
        });
        Self {
            code: status.code(),
            message: status.message().to_owned(),
            reason: details.error_info().map(|info| info.reason.clone()),
            violations: violations.unwrap_or_default(),
            retry_after: details
                .retry_info()
                .and_then(|info| info.retry_delay)
                .map(|delay| delay.min(LONGEST_RETRY)),
        }
    }
}

/// The refusal that stands as a message in a stream.
#[must_use]
pub fn refusal_of_message(message: &tonic_types::Status) -> Refusal {
    let details = Bytes::from(message.encode_to_vec());
    Refusal::from(&Status::with_details(
        Code::from_i32(message.code),
        message.message.clone(),
        details,
    ))
}

/// On one line: the code, then every fault with its field path.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.violations.is_empty() && matches!(self.code, Code::Unknown | Code::Internal | Code::Cancelled) {
            return write!(f, "the connection broke: {}", self.message);
        }
        if self.violations.is_empty() {
            return write!(f, "{} ({:?})", self.message, self.code);
        }
        for (i, (field, description)) in self.violations.iter().enumerate() {
            let comma = if i == 0 { "" } else { "; " };
            write!(f, "{comma}{field}: {description}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chappe_proto::{Violation, invalid_argument, status};

    #[test]
    fn details_survive_the_stream() {
        let violation = |field: &str| Violation {
            field: field.into(),
            description: "bad".into(),
        };
        let status = invalid_argument(&[violation("incident.countries[1]"), violation("incident.title")]);
        let refusal = refusal_of_message(&status::to_message(&status));
        assert_eq!(refusal, Refusal::from(&status));
        assert_eq!(refusal.to_string(), "incident.countries[1]: bad; incident.title: bad");
        assert!(!refusal.passes());

        let busy = Refusal::from(&status::exhausted("QUOTA", "too many", Duration::from_secs(3)));
        assert_eq!(
            (busy.retry_after, busy.reason.as_deref()),
            (Some(Duration::from_secs(3)), Some("QUOTA"))
        );
        assert!(busy.passes());
    }
}
