//! Why a request is refused: one value that becomes a gRPC status, a metric label and what waiters are told.

use std::time::Duration;

use chappe_eventlog::AppendError;
use chappe_model::limits::{RECIPIENT_LISTS_PER_MEMBER, REVISIONS};
use chappe_proto::{Violation, invalid_argument, status};
use tonic::{Code, Status};

/// When to retry after the log did not take a record: its queue empties with every commit.
const LOG_BUSY: Duration = Duration::from_millis(100);
/// When to retry after a full disk or an unknown outcome: someone has to act, or a broker to come back.
const LOG_TROUBLE: Duration = Duration::from_secs(5);
/// When to retry while too much is in flight: a few commits later.
const IN_FLIGHT: Duration = Duration::from_millis(200);
/// When to retry while the member holds its share of memory: room comes with log time, as what it reported before can no longer change.
const MEMORY: Duration = Duration::from_secs(60);
/// When to retry after the bound on recipient lists: stored reports keep their lists, so it takes another choice.
const LISTS: Duration = Duration::from_secs(3_600);

/// Why nothing was accepted, or why it is not known whether it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Every fault of the message.
    Invalid(Vec<Violation>),
    /// Over the member's rate.
    Rate { retry_after: Duration },
    /// Too many of the member's requests in flight.
    MemberInFlight,
    /// Too many requests in flight.
    InFlight,
    /// Over 75 % of what may be in flight, and the report is not critical.
    CriticalOnly,
    /// The memory budget nears its end, and the member holds its share of it.
    MemoryShare,
    /// The revision is stored, with other content.
    RevisionExists(u32),
    /// The revision may be stored, with other content.
    RevisionInDoubt(u32),
    /// Live became exercise or the other way.
    ExerciseChanged { was_exercise: bool },
    /// One revision of the report too many.
    TooManyRevisions,
    /// A retraction must be above every revision.
    RevisionTooLow { highest: u32 },
    /// Never reported by the caller.
    NotFound,
    /// One recipient list of the member too many.
    Lists,
    /// A revision of the report is being written.
    UnderWay,
    /// Too many unknown outcomes.
    TooManyDoubts,
    /// The log did not take it.
    LogBusy,
    /// The log's disk is full.
    DiskFull,
    /// Too large as stored.
    TooLarge { bytes: usize, limit_bytes: usize },
    /// It may be stored or not.
    Unknown,
    /// The log has stopped or is closed.
    Stopped,
    /// What is stored could not be read.
    Unreadable,
    /// A fault of this program.
    Internal(&'static str),
}

impl Refusal {
    /// One fault of one field.
    pub(crate) fn field(field: &str, description: &str) -> Self {
        Self::Invalid(vec![Violation {
            field: field.to_owned(),
            description: description.to_owned(),
        }])
    }

    /// Whether the member's rate should not be charged: the fault is not the member's.
    pub(crate) const fn is_refunded(&self) -> bool {
        matches!(
            self,
            Self::LogBusy | Self::DiskFull | Self::Unknown | Self::Stopped | Self::UnderWay | Self::TooManyDoubts
        )
    }

    /// For metrics and, as far as there is an ErrorInfo, for programs.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID",
            Self::Rate { .. } => "RATE",
            Self::MemberInFlight => "MEMBER_IN_FLIGHT",
            Self::InFlight => "IN_FLIGHT",
            Self::CriticalOnly => "CRITICAL_ONLY",
            Self::MemoryShare => "MEMORY_SHARE",
            Self::RevisionExists(_) | Self::RevisionInDoubt(_) => "REVISION_EXISTS",
            Self::ExerciseChanged { .. } => "EXERCISE_CHANGED",
            Self::TooManyRevisions => "TOO_MANY_REVISIONS",
            Self::RevisionTooLow { .. } => "REVISION_TOO_LOW",
            Self::NotFound => "NOT_FOUND",
            Self::Lists => "RECIPIENT_LISTS",
            Self::UnderWay => "UNDER_WAY",
            Self::TooManyDoubts => "UNKNOWN_OUTCOMES",
            Self::LogBusy => "LOG_BUSY",
            Self::DiskFull => "DISK_FULL",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::Unknown => "UNKNOWN_OUTCOME",
            Self::Stopped => "LOG_STOPPED",
            Self::Unreadable => "LOG_UNREADABLE",
            Self::Internal(_) => "INTERNAL",
        }
    }

    pub(crate) fn status(&self) -> Status {
        if let Some((message, after)) = self.passing() {
            return status::exhausted(self.reason(), &message, after);
        }
        let unavailable = |message: &str| status::unavailable(self.reason(), message, LOG_TROUBLE);
        let refused = |code, message: &str| status::refused(code, self.reason(), message);
        match self {
            Self::Invalid(violations) => invalid_argument(violations),
            Self::TooLarge { bytes, limit_bytes } => {
                let description = format!("{bytes} bytes as stored: at most {limit_bytes}; split the report");
                invalid_argument(&[Violation {
                    field: "incident".into(),
                    description,
                }])
            }
            Self::RevisionExists(revision) => {
                let message = format!(
                    "revision {revision} of this report is stored with other content: raise the revision and send again"
                );
                refused(Code::AlreadyExists, &message)
            }
            Self::RevisionInDoubt(revision) => {
                let message = format!(
                    "revision {revision} of this report was sent before with other content and may be stored: send that content again, or raise the revision"
                );
                refused(Code::AlreadyExists, &message)
            }
            Self::ExerciseChanged { was_exercise } => {
                refused(Code::FailedPrecondition, exercise_changed(*was_exercise))
            }
            Self::TooManyRevisions => {
                let message = format!(
                    "revision: {REVISIONS} revisions of this report are stored, the most that one may have: open a new report key (this report may still be withdrawn, once)"
                );
                refused(Code::FailedPrecondition, &message)
            }
            Self::RevisionTooLow { highest } => {
                let message = format!(
                    "revision: the highest known revision of this report is {highest}: a retraction must be above it"
                );
                refused(Code::FailedPrecondition, &message)
            }
            Self::NotFound => refused(Code::NotFound, "there is no such report of yours"),
            Self::TooManyDoubts => {
                unavailable("too many outcomes are unknown; nothing was stored: send the same again later")
            }
            Self::Stopped => unavailable("the log accepts nothing at the moment: send the same again later"),
            Self::Unreadable => unavailable("what is stored cannot be read at the moment: try again later"),
            Self::Internal(what) => refused(Code::Internal, what),
            // What passes was told above; the safe answer to anything else is the same as to an unknown outcome.
            _ => unavailable("it is not known whether the report is stored: send the same again"),
        }
    }

    /// For refusals that pass: what to say, and when to send again. Nothing was stored.
    fn passing(&self) -> Option<(String, Duration)> {
        let (why, after) = match self {
            Self::Rate { retry_after } => (
                "over your rate of reports; nothing was stored: wait, then send again",
                *retry_after,
            ),
            Self::MemberInFlight => (
                "too many of your requests wait for an answer; nothing was stored: wait for answers, then send again",
                IN_FLIGHT,
            ),
            Self::InFlight => (
                "the installation is at its limit; nothing was stored: send again later",
                IN_FLIGHT,
            ),
            Self::CriticalOnly => (
                "the installation is near its limit and takes only critical reports; nothing was stored: send again later",
                IN_FLIGHT,
            ),
            Self::MemoryShare => (
                "your reports of late hold your share of the installation's memory, which is scarce; nothing was stored: send again later, as room comes when older reports leave their windows; corrections without new indicators and retractions are taken",
                MEMORY,
            ),
            Self::UnderWay => (
                "a revision of this report is being written; nothing was stored: send again once it is answered",
                LOG_BUSY,
            ),
            Self::LogBusy => (
                "the log's queue is full; nothing was stored: send again later",
                LOG_BUSY,
            ),
            Self::DiskFull => (
                "the log's disk is full; nothing was stored: send again later",
                LOG_TROUBLE,
            ),
            Self::Lists => {
                let message = format!(
                    "your reports bear {RECIPIENT_LISTS_PER_MEMBER} distinct recipient lists, the most that a member may use; nothing was stored: use one of these lists"
                );
                return Some((message, LISTS));
            }
            _ => return None,
        };
        Some((why.to_owned(), after))
    }
}

const fn exercise_changed(was_exercise: bool) -> &'static str {
    if was_exercise {
        "incident.exercise: this report began as an exercise and stays one: report the real incident under a key of its own"
    } else {
        "incident.exercise: this report began as a real one and stays so: report the exercise under a key of its own"
    }
}

impl From<&AppendError> for Refusal {
    fn from(error: &AppendError) -> Self {
        match error {
            AppendError::Refused { .. } => Self::LogBusy,
            AppendError::DiskFull => Self::DiskFull,
            AppendError::TooLarge { bytes, limit_bytes, .. } => Self::TooLarge {
                bytes: *bytes,
                limit_bytes: *limit_bytes,
            },
            AppendError::Failed { .. } | AppendError::Closed => Self::Stopped,
            // What a later version of the port adds is unknown here: the safe answer is the same.
            _ => Self::Unknown,
        }
    }
}
