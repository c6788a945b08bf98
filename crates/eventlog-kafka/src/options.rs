//! How to open a log.

use std::{fmt, path::PathBuf, time::Duration};

use chappe_eventlog::{MAX_RECORD_BYTES, Partitions, Topic};

use crate::error::OpenError;

/// What topics' names begin with, unless another prefix is asked for.
pub const DEFAULT_PREFIX: &str = "chappe.";

/// On how many brokers each partition is kept, unless another number is asked for.
pub const DEFAULT_REPLICATION: u16 = 3;

/// How long opening may wait for the brokers.
pub const DEFAULT_OPEN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a read may wait for the brokers before it answers that the log is unavailable.
pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an append may wait for its acknowledgement before its outcome is told as unknown: shorter than a submitter waits for a receipt.
pub const DEFAULT_APPEND_TIMEOUT: Duration = Duration::from_secs(20);

/// The shortest append timeout that may be asked for: a broker that hangs must be given up within it, so that another can be tried.
pub const MIN_APPEND_TIMEOUT: Duration = Duration::from_secs(6);

/// How many bytes of the newest records of one partition stay in memory, so that reading near the end asks no broker.
pub const DEFAULT_WINDOW_PARTITION_BYTES: usize = 16 << 20;

/// The same for all partitions together.
pub const DEFAULT_WINDOW_BYTES: usize = 64 << 20;

/// How many readers of history are served at a time, each by a consumer of its own with its own connections.
pub const DEFAULT_CURSORS: usize = 16;

/// The longest name that Kafka gives a topic, in bytes.
const MAX_TOPIC_NAME_BYTES: usize = 249;

/// How to open a log.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// Addresses to begin with, `host:port`, separated by commas.
    pub brokers: String,
    /// What the topics' names begin with: `A`-`Z`, `a`-`z`, `0`-`9`, `.`, `_`, `-`. One prefix is one log.
    pub prefix: String,
    /// The partitions of a new log; an existing one must have the same.
    pub partitions: Partitions,
    /// On how many brokers each partition is kept: 1 or more. From 3 on, every acknowledged record is on 2 at least.
    pub replication: u16,
    /// How the brokers are spoken to.
    pub security: Security,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How many bytes of the newest records of a partition stay in memory; 0 keeps the very last record only.
    pub window_partition_bytes: usize,
    /// The same for all partitions together.
    pub window_bytes: usize,
    /// How many readers of history are served at a time: 1 or more.
    pub cursors: usize,
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the brokers to be ready, at opening.
    pub open: Duration,
    /// For the brokers to answer a read.
    pub read: Duration,
    /// For the brokers to acknowledge an append: [`MIN_APPEND_TIMEOUT`] or more.
    pub append: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            open: DEFAULT_OPEN_TIMEOUT,
            read: DEFAULT_READ_TIMEOUT,
            append: DEFAULT_APPEND_TIMEOUT,
        }
    }
}

/// How the brokers are spoken to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Security {
    /// In the clear and without saying who one is: for a network that nobody else is on.
    #[default]
    Plaintext,
    /// TLS; with a certificate, it says who one is.
    Tls(Tls),
    /// TLS, and a user with a password.
    Sasl {
        /// What protects the connection.
        tls: Tls,
        /// How the password is proved.
        mechanism: Mechanism,
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// Files of TLS, in PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The authorities that may sign for brokers; the system's own if absent.
    pub ca: Option<PathBuf>,
    /// This process's certificate and its private key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// How a password is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// The password itself crosses the connection.
    Plain,
    /// SCRAM-SHA-256.
    ScramSha256,
    /// SCRAM-SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// The name, as Kafka has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// A text that no message and no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text secret.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl KafkaOptions {
    /// The defaults, with these brokers.
    #[must_use]
    pub fn at(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            prefix: DEFAULT_PREFIX.into(),
            partitions: Partitions::default(),
            replication: DEFAULT_REPLICATION,
            security: Security::default(),
            timeouts: Timeouts::default(),
            window_partition_bytes: DEFAULT_WINDOW_PARTITION_BYTES,
            window_bytes: DEFAULT_WINDOW_BYTES,
            cursors: DEFAULT_CURSORS,
        }
    }

    /// The name of a topic on the brokers.
    #[must_use]
    pub fn topic_name(&self, topic: Topic) -> String {
        format!("{}{}", self.prefix, topic.name())
    }

    /// How many brokers must have a record before it is acknowledged: with one replica less than three there is no other to wait for that
    /// may also be missing.
    pub(crate) fn min_in_sync(&self) -> u16 {
        if self.replication >= 3 { 2 } else { 1 }
    }

    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let bad = |option, expected: String| Err(OpenError::BadOption { option, expected });
        if self.brokers.trim().is_empty() {
            return bad("brokers", "host:port, several separated by commas".into());
        }
        let longest = Topic::ALL.iter().map(|topic| topic.name().len()).max().unwrap_or(0);
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !self.prefix.bytes().all(good) || self.prefix.len() + longest > MAX_TOPIC_NAME_BYTES {
            let limit = MAX_TOPIC_NAME_BYTES - longest;
            return bad("prefix", format!("up to {limit} of A-Z, a-z, 0-9, '.', '_' and '-'"));
        }
        if self.replication == 0 || i16::try_from(self.replication).is_err() {
            return bad("replication", format!("1 to {}", i16::MAX));
        }
        if self.timeouts.append < MIN_APPEND_TIMEOUT || self.timeouts.append > Duration::from_secs(3_600) {
            let least = MIN_APPEND_TIMEOUT.as_secs();
            return bad("timeouts.append", format!("{least} s to 3,600 s"));
        }
        if self.cursors == 0 {
            return bad("cursors", "at least 1".into());
        }
        if self.window_bytes < MAX_RECORD_BYTES {
            return bad("window_bytes", format!("at least {MAX_RECORD_BYTES}"));
        }
        Ok(())
    }
}
