//! The ingest service: takes incidents from members, answers once they are durable, and refuses before the answer rather than
//! losing anything after it.
//!
//! - [`Desk`] is the synchronous core: quotas, validation, idempotence, the append, the receipt. It needs no runtime.
//! - [`Service`] puts it behind gRPC and lets time pass in the log, by time marks.
//! - [`Handle`] appends a time mark now, and learns how much of the memory budget is used.
//!
//! What it is not: it correlates nothing, shows nobody's reports to anyone else, and does not decide what is durable: the log does.
//!
//! # Invariants
//! 1. **Answered once.** Every [`Done`] is called exactly once; with a receipt only after the record is durable, and on a shared log only
//!    after it is read back.
//! 2. **One content a revision.** Of (reporter, report key, revision) at most one content is ever acknowledged. The same content again
//!    gets the same receipt, byte for byte, also while the first is being written, after a restart and after a change of policy: a
//!    receipt is a function of the incident's id, the revision, the content's digest and what is stored, never of a time or a
//!    position in the log. Other content is refused. On a shared log that holds whichever process was asked.
//! 3. **Refusals change nothing.** Whatever is refused leaves no record, no index entry and no recipient list behind. Where another
//!    process was first, the record of what is refused is in a shared log, and counts for no reader of it.
//! 4. **Unknown stays unknown.** After an unknown outcome the index does not guess. The same content is appended again and the first
//!    record in the partition's order is the one that counts, here at the next [`Service::open`] as for every reader of the log;
//!    other content is refused, since the first may stand in the log. On a shared log the doubt ends as soon as a record of the revision
//!    is read.
//! 5. **Bounded.** Reports in flight, per member and whole; answers that wait on a stream ([`STREAM_WINDOW`]); unknown outcomes ([`DOUBTS`]);
//!    the revisions of a report ([`chappe_model::limits::REVISIONS`], and the retraction that withdraws it);
//!    the recipient lists of a member ([`chappe_model::limits::RECIPIENT_LISTS_PER_MEMBER`]), so that no answer depends on another
//!    member's lists. On a shared log each process bounds by what it has read: what others have under way may exceed the bounds of a
//!    report's revisions and of a member's lists by as much.
//!
//! # A shared log
//! Where [`chappe_eventlog::EventLog::writers`] says that other processes append too, nobody owns an incident: any process appends any
//! report, and the first record of (incident, revision) in the partition's order is the one that counts for every reader. A thread
//! reads on while [`Service::run`] runs ([`Desk::follow`] does the same by hand), and what it reads first decides:
//! - The same content, whoever wrote it: its receipt. Other content: REVISION_EXISTS, and the own record counts for nobody.
//! - Whether an incident is an exercise, its first record says; one that says otherwise counts for nobody and takes no revision.
//! - A record that cannot be read, or is of another secret, is metered and skipped, as anybody may have written it. A log does not open
//!   under another secret all the same.
//! - [`chappe_eventlog::Topic::Pulse`] says what correlation counts; what other processes took counts in full until it is counted there.
//!
//! `docs/adr/0016-the-log-decides-between-ingest-instances.md` says why. Locks are taken in this order, and no request is answered under the
//! last two: how far was read, a shelf of the index, the recipient lists.
//!
//! # The order of checks
//! Authentication, then what is in flight, then the member's rate, then validation, then idempotence, then policy (unmarked reports,
//! unknown recipients), then the memory budget, then the log. A retry of what is stored needs a token of its member's rate but gets it back, so retries after
//! an outage cost a member nothing; so does a report that the log did not take.
//!
//! # The memory budget
//! What correlation keeps of a report that may still be revised is never let go to make room. When all members together hold half of
//! [`Options::budget`], a report that opens contributions is refused to members that hold their share ([`chappe_model::Shares`]); a critical
//! one only from three quarters on. Retractions, revisions without a new key and a retry after an unknown outcome open nothing, or may have
//! done so already, and are taken in any case. A report counts in full from the moment it is taken until correlation has read it, so a
//! correlation that lags lets nobody past its share.
//!
//! # Memory
//! The index keeps each stored revision: 64 bytes for an incident's only revision (id, digest, position, what the receipt says), up to
//! twice that right after the table has grown; each further revision of an incident takes about 50 bytes more.
//!
//! # Example
//! ```
//! use std::sync::{Arc, mpsc};
//! use std::time::Duration;
//! use chappe_clock::ManualClock;
//! use chappe_eventlog::MemoryLog;
//! use chappe_identity::{Directory, TokenDigest};
//! use chappe_ingest::{Options, Quotas, Service};
//! use chappe_model::{Budget, Country, MemberId, Policy, Principal, Role, Secret, Timestamp, built_in_rules};
//! use chappe_proto::v1;
//!
//! let who = Principal { member: MemberId::parse("csirt-at")?, home: Some(Country::parse("AT")?), role: Role::Member };
//! let options = Options {
//!     secret: Secret::new([7; 32]),
//!     directory: Arc::new(Directory::new(vec![(who.clone(), TokenDigest::of("a long random token"))])?),
//!     policy: Policy::new(1, built_in_rules(), 300_000, vec![], vec![])?,
//!     quotas: Quotas::default(),
//!     budget: Budget::default(),
//!     mark_interval: Duration::from_secs(1),
//! };
//! let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_764_547_200_000)));
//! let service = Service::open(options, Arc::new(MemoryLog::new()), clock)?;
//! let report = v1::Incident {
//!     report_key: "CASE-1".into(),
//!     incident_type: "fraud/phishing".into(),
//!     countries: vec!["AT".into()],
//!     marking: Some(v1::Marking { tlp: v1::Tlp::Amber as i32, ..Default::default() }),
//!     ..Default::default()
//! };
//! let (tell, told) = mpsc::channel();
//! let again = tell.clone();
//! service.desk().submit(&who, &report, false, Box::new(move |outcome| drop(tell.send(outcome))));
//! service.desk().submit(&who, &report, false, Box::new(move |outcome| drop(again.send(outcome))));
//! assert_eq!(told.recv()??, told.recv()??);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api;
mod content;
mod desk;
mod draft;
mod follower;
mod following;
mod index;
mod landing;
mod ledger;
mod lists;
mod marks;
mod metric_names;
mod options;
mod quota;
mod rebuild;
mod receipt;
mod refusal;
mod reply;
mod retract;
mod service;

pub use self::{
    api::{IncidentApi, STREAM_WINDOW},
    desk::{Desk, Done},
    index::DOUBTS,
    marks::Marked,
    metric_names::describe_metrics,
    options::{OpenError, Options, Quotas, RunError},
    service::{Handle, Service},
};
