//! What a failure of the client means for the record.

use chappe_eventlog::AppendError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::{
    context::Said,
    settings::{QUEUE_KIBIBYTES, QUEUE_RECORDS},
};

/// The client did not take the record: surely not in the log.
pub(crate) fn of_refusal(error: &KafkaError, said: &Said) -> AppendError {
    let reason = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::Fatal) => {
            let reason = said.fatal().unwrap_or_else(|| error.to_string());
            return AppendError::Failed { reason };
        }
        Some(RDKafkaErrorCode::QueueFull) => {
            let words = format!(
                "{QUEUE_RECORDS} records or {QUEUE_KIBIBYTES} KiB wait for the brokers already: try again later"
            );
            said.and_last(&words)
        }
        _ => said.and_last(&error.to_string()),
    };
    AppendError::Refused { reason }
}

/// The client gave the record up, or a broker refused it.
pub(crate) fn of_failure(error: &KafkaError, said: &Said) -> AppendError {
    match error.rdkafka_error_code() {
        // The broker looked at the record and did not take it. Everything else may have come after an attempt that it did take.
        Some(
            code @ (RDKafkaErrorCode::MessageSizeTooLarge
            | RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::InvalidRecord
            | RDKafkaErrorCode::PolicyViolation),
        ) => AppendError::Refused {
            reason: format!("the broker refused it: {code}"),
        },
        _ => AppendError::Unknown {
            reason: said.and_last(&error.to_string()),
        },
    }
}

/// The broker knew the record from an earlier attempt, and no longer where it stands.
pub(crate) fn without_position() -> AppendError {
    AppendError::Unknown {
        reason: "it is in the log, but the broker no longer knows at which position".into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn failed(code: RDKafkaErrorCode) -> AppendError {
        of_failure(&KafkaError::MessageProduction(code), &Said::default())
    }

    #[test]
    fn only_what_a_broker_refused_is_surely_absent() {
        for code in [
            RDKafkaErrorCode::MessageTimedOut,
            RDKafkaErrorCode::PurgeInflight,
            RDKafkaErrorCode::PurgeQueue,
            RDKafkaErrorCode::Fatal,
            RDKafkaErrorCode::NotEnoughReplicasAfterAppend,
            RDKafkaErrorCode::RequestTimedOut,
        ] {
            assert!(!failed(code).is_surely_absent(), "{code}");
        }
        assert!(failed(RDKafkaErrorCode::TopicAuthorizationFailed).is_surely_absent());
        assert!(!without_position().is_surely_absent());
    }

    #[test]
    fn a_full_queue_is_refused_and_worth_another_try() {
        let said = Said::default();
        let refused = of_refusal(&KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), &said);
        assert!(refused.is_retryable() && refused.is_surely_absent());
        assert!(refused.to_string().contains("131072 records or 65536 KiB"), "{refused}");
        said.stop("fenced");
        let failed = of_refusal(&KafkaError::MessageProduction(RDKafkaErrorCode::Fatal), &said);
        assert_eq!(
            failed,
            AppendError::Failed {
                reason: "fenced".into()
            }
        );
    }
}
