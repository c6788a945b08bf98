//! gRPC statuses with typed details, and their form inside a stream.

use std::time::Duration;

use prost::Message;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Domain of every ErrorInfo: with the reason it names an error for programs.
pub const ERROR_DOMAIN: &str = "chappe.eu";

/// A refusal that passes: RESOURCE_EXHAUSTED with google.rpc.RetryInfo.
#[must_use]
pub fn exhausted(reason: &str, message: &str, retry_after: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, std::collections::HashMap::new());
    details.set_retry_info(Some(retry_after));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// An unknown outcome: UNAVAILABLE with google.rpc.RetryInfo. Sending the same again is safe.
#[must_use]
pub fn unavailable(reason: &str, message: &str, retry_after: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, std::collections::HashMap::new());
    details.set_retry_info(Some(retry_after));
    Status::with_error_details(Code::Unavailable, message, details)
}

/// Any other refusal, with a reason for programs.
#[must_use]
pub fn refused(code: Code, reason: &str, message: &str) -> Status {
    Status::with_error_details(
        code,
        message,
        ErrorDetails::with_error_info(reason, ERROR_DOMAIN, std::collections::HashMap::new()),
    )
}

/// A status as a message of a stream, with the details a unary call would have carried.
#[must_use]
pub fn to_message(status: &Status) -> tonic_types::Status {
    match tonic_types::Status::decode(status.details()) {
        Ok(message) if !status.details().is_empty() => message,
        _ => tonic_types::Status {
            code: status.code() as i32,
            message: status.message().to_owned(),
            details: vec![],
        },
    }
}
