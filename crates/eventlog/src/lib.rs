//! The port to the event log: what the rest of Chappe may ask of a log, and what every log owes in return.
//!
//! The log is the database. A report, an alert revision, a policy taking effect and the passing of time are
//! records in ordered partitions; everything else is a view that can be rebuilt from them.
//!
//! # What it is not
//! It is no broker client and no storage engine: those are adapters (`chappe-eventlog-local` on one machine's disk).
//! It knows no async runtime, no clock and no payload format: a payload is bytes, a stamp is a number its caller chose.
//!
//! # What holds for every log
//! 1. **Told once.** Each `on_durable` is called exactly once while the process lives, with the record's position or the
//!    reason why there is none.
//! 2. **Durable before told.** Success is never told before the record is durable in the sense of
//!    [`EventLog::durability`].
//! 3. **Order.** Within a partition, positions rise by one without gaps in the order of the calls to `append`, and a
//!    record keeps its position for ever.
//! 4. **Reads show the durable only**, and a record is readable no later than its `on_durable` is called.
//! 5. **No guessing.** An error says whether the record is surely not in the log or may be
//!    ([`AppendError::is_surely_absent`]).
//! 6. **Fail stop.** After a failed sync nothing more is accepted; [`EventLog::health`] says so.
//!
//! The `contract` feature holds these duties as a suite of tests that any adapter can run.
//!
//! # Example
//! ```
//! use bytes::Bytes;
//! use chappe_eventlog::{EventLog, MemoryLog, Position, ReadLimit, Record, Topic, append_blocking};
//!
//! let log = MemoryLog::new();
//! let record = Record::data(1_764_547_200_000, Bytes::from_static(b"incident-1"), Bytes::from_static(b"..."));
//! let position = append_blocking(&log, Topic::Incidents, 0, record.clone())?;
//! assert_eq!(position, Position(0));
//! assert_eq!(log.read(Topic::Incidents, 0, position, ReadLimit::default())?, vec![(position, record)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "contract")]
pub mod contract;
mod error;
mod faults;
mod fence;
mod log;
mod memory;
mod record;
mod snapshot;
mod topic;

pub use self::{
    error::{AppendError, ReadError, SnapshotError},
    faults::{AppendFault, AtCrash, FaultPlan, FaultRates, Hold},
    fence::{Fence, Fences},
    log::{Durability, EventLog, OnDurable, ReadLimit, Writers, append_blocking},
    memory::{MAX_HELD_APPENDS, MEMORY_CAPACITY_BYTES, MemoryLog},
    record::{MAX_KEY_BYTES, MAX_RECORD_BYTES, Position, Record, RecordKind},
    snapshot::{MAX_SNAPSHOT_BYTES, MAX_SNAPSHOT_NAME_BYTES, NoSnapshots, SnapshotStore, check_snapshot},
    topic::{MAX_PARTITIONS, Partitions, Topic},
};
