//! Why a log does not open.

use std::io;

use thiserror::Error;

/// Why a log does not open. Topics that were absent may have been created; nothing else was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// An option is out of its range.
    #[error("option {option} must be {expected}")]
    BadOption {
        /// Its name.
        option: &'static str,
        /// What it may be.
        expected: String,
    },
    /// The client library does not take the options, for instance because a certificate cannot be read.
    #[error("cannot make a client for the brokers at {brokers}: {reason}")]
    Client {
        /// The brokers.
        brokers: String,
        /// What it said.
        reason: String,
    },
    /// The brokers did not do what opening needs in time.
    #[error(
        "the brokers at {brokers} were not ready within {seconds} s ({reason}): check that they run, that the addresses \
         they advertise can be reached from here, and that protocol and credentials are theirs"
    )]
    NotReady {
        /// The brokers.
        brokers: String,
        /// How long was tried.
        seconds: u64,
        /// What failed last.
        reason: String,
    },
    /// The brokers refused to create a topic.
    #[error(
        "the brokers refuse to create topic {topic} ({reason}): create it by hand, or let this user create topics: {command}"
    )]
    CannotCreate {
        /// Its name.
        topic: String,
        /// What they said.
        reason: String,
        /// The command that creates it.
        command: String,
    },
    /// A topic is not as the log needs it.
    #[error("topic {topic} has {setting} {found}, wanted {wanted}: {remedy}")]
    Mismatch {
        /// Its name.
        topic: String,
        /// What differs.
        setting: &'static str,
        /// How it is.
        found: String,
        /// How it must be.
        wanted: String,
        /// The command or setting to change.
        remedy: String,
    },
    /// The system did not start a thread.
    #[error("cannot start the thread {name}")]
    Thread {
        /// Its name.
        name: &'static str,
        /// What the system said.
        source: io::Error,
    },
}
