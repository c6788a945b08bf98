//! What the service is started with, and why it does not start or go on.

use std::sync::Arc;
use std::time::Duration;

use chappe_eventlog::{AppendError, Position, ReadError};
use chappe_identity::Directory;
use chappe_model::limits::RECIPIENTS;
use chappe_model::{Budget, Policy, Secret};
use chappe_proto::incident::RecordError;

/// How the service works.
#[derive(Clone, Debug)]
pub struct Options {
    /// The installation's secret: ids, digests and receipts rest on it.
    pub secret: Secret,
    /// The members and their tokens.
    pub directory: Arc<Directory>,
    /// The policy on unmarked reports, and the hub's duty officers.
    pub policy: Policy,
    /// Bounds of what is taken at once.
    pub quotas: Quotas,
    /// Bound of the live state that reports make. It rests on what [`crate::Handle::count_live`] is told: where nobody counts, all that is taken
    /// stays counted.
    pub budget: Budget,
    /// How often time is marked in every partition of the incidents topic: log time lags the clock by at most this and one append.
    pub mark_interval: Duration,
}

/// Bounds of what is taken at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Reports a second that each member may submit in the long run; 0 counts as 1. 10,000 by default.
    pub reports_per_second: u32,
    /// Reports that a member may submit at once after a pause; 0 counts as 1. 100,000 by default: a feed's backlog.
    pub burst: u32,
    /// Requests of all members that wait for an answer. Over 75 % of it only critical reports are taken. 16,384 by default.
    pub in_flight: usize,
    /// Requests of one member that wait for an answer. 4,096 by default: four full streams.
    pub in_flight_per_member: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            reports_per_second: 10_000,
            burst: 100_000,
            in_flight: 16_384,
            in_flight_per_member: 4_096,
        }
    }
}

/// Why the service did not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The log could not be read.
    #[error("cannot rebuild the index of reports: {0}")]
    Read(#[from] ReadError),
    /// The log holds what this version does not understand.
    #[error("record {position} of partition {partition} of the incidents is unreadable: {source}")]
    Record {
        /// The partition.
        partition: u16,
        /// The record.
        position: Position,
        /// What is wrong with it.
        source: RecordError,
    },
    /// The log and the secret do not belong together.
    #[error(
        "record {position} of partition {partition} of the incidents was written under another secret: start with the secret that \
         was backed up with this log"
    )]
    Secret {
        /// The partition.
        partition: u16,
        /// The record.
        position: Position,
    },
    /// Taking unmarked reports for the submitter and all duty officers needs a list that is too long.
    #[error("{0} duty officers: at most {max}, so that a report can name its reporter and them", max = RECIPIENTS - 1)]
    DutyOfficers(usize),
    /// More recipient lists than can be numbered.
    #[error("the log holds more than {0} recipient lists")]
    RecipientLists(usize),
}

/// Why the service stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The log accepts nothing more: the process should stop, and opening the log anew establishes what it holds.
    #[error("the log has stopped: {0}")]
    Log(#[from] AppendError),
    /// A shared log cannot be read on: what is appended to it cannot be answered.
    #[error("the log cannot be read on: {0}")]
    Read(#[from] ReadError),
    /// The thread that reads on could not be started, or ended without saying why.
    #[error("the thread that reads on: {0}")]
    Follower(String),
}
