//! What the clients say of themselves: to the log of the process, and kept for messages to the operator.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
};

/// The same trouble is logged again after this long.
const SAID_AGAIN: Duration = Duration::from_secs(30);
/// Kinds of trouble that are told apart; more at a time are not logged.
const KINDS_OF_TROUBLE: usize = 64;

/// What the clients of one log said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    last: Mutex<Option<String>>,
    /// Kinds of trouble, and when each was logged last.
    said: Mutex<HashMap<String, Instant>>,
    fatal: Mutex<Option<String>>,
}

impl Said {
    /// Notes an error. Only a fatal one ends the client; the others it retries by itself.
    pub(crate) fn note(&self, error: &KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
            tracing::error!(reason, "a Kafka client has stopped");
            self.stop(reason);
        } else if self.is_news(&error.to_string()) {
            tracing::warn!(%error, reason, "trouble with the Kafka brokers; trying again until it is over");
        }
        // That all are down follows from what was said of each, and says less.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) || self.is_silent() {
            self.keep(reason);
        }
    }

    fn is_silent(&self) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Whether the same was not said a short while ago: brokers that are away are noticed several times a second.
    fn is_news(&self, words: &str) -> bool {
        let now = Instant::now();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.retain(|_, at| now.duration_since(*at) < SAID_AGAIN);
        let is_news = said.len() < KINDS_OF_TROUBLE && !said.contains_key(words);
        if is_news {
            said.insert(words.to_owned(), now);
        }
        is_news
    }

    /// A log line of the client library. It may be all that tells why: errors come to whoever polls, and at opening nobody does.
    pub(crate) fn hear(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => {
                if self.is_news(facility) {
                    tracing::warn!(facility, line, "librdkafka");
                }
                self.keep(line);
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => tracing::info!(facility, line, "librdkafka"),
            RDKafkaLogLevel::Debug => tracing::debug!(facility, line, "librdkafka"),
        }
    }

    fn keep(&self, words: &str) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(words.to_owned());
    }

    /// Notes that the log is at its end. The first reason stays.
    pub(crate) fn stop(&self, reason: &str) {
        let mut fatal = self.fatal.lock().unwrap_or_else(PoisonError::into_inner);
        fatal.get_or_insert_with(|| reason.to_owned());
    }

    /// Why the log is at its end, if it is.
    pub(crate) fn fatal(&self) -> Option<String> {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// These words, and what a client said last.
    pub(crate) fn and_last(&self, words: &str) -> String {
        match &*self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(last) if last != words => format!("{words}; last trouble: {last}"),
            _ => words.to_owned(),
        }
    }
}

/// The context of every client that has no other duties.
#[derive(Debug, Clone)]
pub(crate) struct Listener(pub(crate) std::sync::Arc<Said>);

impl ClientContext for Listener {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.0.hear(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.note(&error, reason);
    }
}

impl ConsumerContext for Listener {}
