//! Refusals that name every fault of a message at once.

use tonic_types::{BadRequest, ErrorDetails, StatusExt};

/// Most violations listed for one message; the rest is counted.
pub const LISTED_VIOLATIONS: usize = 100;

/// One fault of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field, such as `incident.countries[2]`.
    pub field: String,
    /// What was wrong, and what would be right.
    pub description: String,
}

/// Collects the faults of one message; every text taken from the message is already shortened by the types that refuse it.
#[derive(Debug, Default)]
pub struct Violations {
    found: Vec<Violation>,
    unlisted: usize,
}

impl Violations {
    /// Notes a fault.
    pub fn push(&mut self, field: impl Into<String>, description: impl ToString) {
        if self.found.len() < LISTED_VIOLATIONS {
            self.found.push(Violation {
                field: field.into(),
                description: description.to_string(),
            });
        } else {
            self.unlisted += 1;
        }
    }

    /// Gives the value, or notes why there is none.
    pub fn check<T, E: ToString>(&mut self, field: impl Into<String>, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.push(field, error.to_string())).ok()
    }

    /// Nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All that was found.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<Violation> {
        if self.unlisted > 0 {
            self.found.push(Violation {
                field: "…".into(),
                description: format!("and {} more", self.unlisted),
            });
        }
        self.found
    }
}

/// INVALID_ARGUMENT with google.rpc.BadRequest: every fault with its field path.
#[must_use]
pub fn invalid_argument(violations: &[Violation]) -> tonic::Status {
    let first = violations
        .first()
        .map_or_else(String::new, |v| format!("{}: {}", v.field, v.description));
    let message = match violations.len() {
        0 | 1 => first,
        n => format!("{first} (and {} more, see the details)", n - 1),
    };
    let mut bad = BadRequest::new(vec![]);
    for violation in violations {
        bad.add_violation(violation.field.as_str(), violation.description.as_str());
    }
    let mut details = ErrorDetails::new();
    details.set_bad_request(bad.field_violations);
    tonic::Status::with_error_details(tonic::Code::InvalidArgument, message, details)
}
