//! The notification service: alert streams, lists and details, for those who may see them, and what these judge of alerts.
//!
//! - [`Board`] is the view of the topics `alerts`, `decisions` and `config`: the newest revision of every alert, a tail of recent records, the newest
//!   decision of each member on each alert, and what each member answers for. It is synchronous and serves virtual-time tests as well as the gRPC service.
//! - [`Feed`] is one subscriber's place in the log. It pulls, so nothing is ever queued without bound or dropped: a slow subscriber is
//!   simply further back, reads from memory while the tail lasts and from the log beyond that.
//! - [`Board::decide`] records a decision, and answers once it is durable and read back.
//! - [`Board::state_constituency`] records what a member answers for, likewise; of alerts it is then told what hits that, and may ask for those alone.
//! - [`Taxii`] serves the same alerts over TAXII 2.1, for tools that know that; what they add is handed on as reports ([`SubmitReport`]).
//! - [`Incidents`] is an index of what members reported, behind the log, by which each looks up its own.
//! - [`Service`] follows the log and serves `chappe.v1.AlertService`, `chappe.v1.MemberService` and `chappe.v1.SearchService`.
//!
//! # What it is not
//! It decides nothing about who may see what: every delivery, list and get asks `chappe_distribute::may_see`. Of an alert it writes nothing:
//! it appends decisions and constituencies, and no alert changes by them.
//!
//! # Invariants
//! 1. **Order.** Of one alert, revisions strictly rise on every stream. The view accepts a revision only above the last one accepted of
//!    that alert, a feed moves only forward through the accepted records, so a feed needs no memory of what it delivered.
//! 2. **No silent gap.** A cursor names a point in log time, and what was shown last since then. Resuming shows everything after that
//!    point that the viewer may see and asks for; at least once. If history is gone the stream says so with a gap notice.
//! 3. **Nothing hidden shows.** Cursors, heartbeats, page tokens and errors are functions of the request, of the time marks of the log and
//!    of the alerts shown with their decisions; never of positions, counts or sizes. Alerts that a viewer may not see, and decisions on them,
//!    change no byte of any answer. Refusals for want of room, or for the caller's own pace and number of decisions, are the exception.
//! 4. **Visibility is judged per revision.** When a newer revision of an alert may no longer be seen by a viewer (rare: an urgent one that
//!    was released, then held), nothing more of it is shown, in streams, lists or by name.
//! 5. **Corrections arrive.** A revision that no longer matches a filter is still delivered if an earlier one did and the viewer could see
//!    it: a retracted alert names no country any more, and yet who was told of it is told.
//! 6. **Fenced owners are ignored.** A record whose epoch is below the highest seen earlier in the log has no effect.
//! 7. **Decisions are the log's.** Of each (alert, member) the newest by the log's order stands, whichever process took it and however reads
//!    interleave; its time never falls behind that of an earlier one on the same alert. Nothing is answered OK that is not durable, and what
//!    stands already is not recorded again.
//! 8. **A decision is no news.** It makes no revision and no answer of a stream; a revision carries what is known when it is delivered.
//! 9. **Members are hidden from each other.** Who decided is shown to that member and to the hub; what a member answers for, and what hits that,
//!    to it and, the former, to the hub.
//! 10. **Constituencies are the log's.** Of each member the newest record counts, by the log's order alone, in every process alike; it is asked of
//!     everything delivered after it was read. A correction still reaches `mine` streams by what the constituency before it hit.
//!
//! 11. **An index only says where to look.** What a list by values or a search among incidents finds is decided on each alert of the board, and on each record of the log, in
//!     full. Incidents are indexed apart for each reporter: no other's has a part in an answer, its tokens or its cost.
//! 12. **A search says how far it looked**: what was stamped up to that moment is found, by the time marks of all partitions.
//!
//! # Memory
//! For each accepted revision of an incident 48 bytes, and 16 for each place of its indicators ([`chappe_postings`]); while runs are merged as much again as the largest has.
//! 16 bytes for each place of a value that an alert ever named. For every alert its newest revision: about 1 kB, and 170 bytes more for each report listed (at most 100), plus about 300 bytes for each
//! change of severity, country, sector, type, audience or value named. For every alert that was judged about 1 kB, and the reason of each decision that stands:
//! [`DECISIONS_PER_ALERT`] members, and the hub, are heard on an alert, and a member on [`DECISIONS_PER_MEMBER`] alerts; several processes on one
//! log may exceed both by what they have under way. For each network or domain of a constituency about 150 bytes, of which there are
//! `limits::CONSTITUENCY_ENTRIES`, and as many again for what was in force before. The tail: [`TAIL_RECORDS`] records and [`TAIL_BYTES`] of payload at most. 16 bytes for
//! each [`MILESTONE_RECORDS`] records of the log, and for each run of ignored records. A stream holds at most 64 records read
//! ahead, [`STREAM_BATCH`] alerts and one heartbeat in hand, and [`OUTBOX`] answers on their way. With TAXII, what `chappe_taxii` says for each revision that
//! the log ever held.
//!
//! # Example
//! ```
//! use std::{sync::Arc, time::Duration};
//! use chappe_clock::ManualClock;
//! use chappe_eventlog::{EventLog, MemoryLog, Record, Topic, append_blocking};
//! use chappe_identity::Directory;
//! use chappe_model::{MemberId, Principal, Role, Secret, Timestamp};
//! use chappe_notification::{Options, Service};
//! use chappe_proto::{alert, v1};
//!
//! let log = Arc::new(MemoryLog::new());
//! let options = Options {
//!     secret: Secret::new([7; 32]),
//!     directory: Arc::new(Directory::new(vec![])?),
//!     heartbeat: Duration::from_secs(1),
//!     stale_after_ms: 5_000,
//! };
//! let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(9_500)));
//! let board = Service::open(options, log.clone(), clock)?.board();
//!
//! let mark = alert::encode_mark(Timestamp::from_millis(9_000), 1);
//! append_blocking(&*log, Topic::Alerts, 0, Record { payload: mark.into(), ..Record::mark(9_000) })?;
//! board.catch_up()?;
//! assert_eq!(board.watermark(), Timestamp::from_millis(9_000));
//!
//! let europol = Principal { member: MemberId::parse("europol")?, home: None, role: Role::Hub };
//! let mut feed = board.subscribe(Arc::new(europol), &v1::SubscribeRequest::default())?;
//! assert!(feed.next(&board, 10)?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![allow(clippy::result_large_err, reason = "tonic's own error type")]

mod board;
mod constituencies;
mod cursor;
mod deciding;
mod decisions;
mod feed;
mod filter;
mod grpc;
mod incidents;
mod lineage;
mod member_api;
mod metric_names;
mod naming;
mod options;
mod pace;
mod page;
mod runs;
mod search_api;
mod service;
mod stating;
mod stream;
mod streams;
mod tally;
mod taxii;
#[cfg(test)]
mod tests;
mod view;

pub use board::Board;
pub use feed::Feed;
pub use grpc::AlertApi;
pub use incidents::Incidents;
pub use member_api::MemberApi;
pub use metric_names::describe_metrics;
pub use options::{
    DECISIONS_PER_ALERT, DECISIONS_PER_MEMBER, DECISIONS_PER_MINUTE, HEARTBEAT_MAX, HEARTBEAT_MIN, MILESTONE_RECORDS,
    OUTBOX, OpenError, Options, PAGE_SIZE, PAGE_SIZE_MAX, READ_RETRIES, RunError, SHUTDOWN_GRACE, STREAM_BATCH,
    STREAMS, STREAMS_PER_MEMBER, TAIL_BYTES, TAIL_RECORDS,
};
pub use search_api::SearchApi;
pub use service::Service;
pub use taxii::{
    STATUS_KEPT_MS, STATUSES_PER_MEMBER, SubmitReport, Submitted, TAXII_BODY_BYTES, TAXII_CONNECTION_AGE,
    TAXII_CONNECTIONS, TAXII_SHUTDOWN_GRACE, Taxii,
};
