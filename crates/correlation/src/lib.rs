//! The correlation service: reads the `incidents` topic, runs the pure core on shards, and appends what it finds to the `alerts` topic.
//!
//! One thread reads and folds; each shard is a thread that owns its keys, fed by a bounded single-producer single-consumer ring. Nothing on
//! that path takes a lock. A shard waits until its alerts are durable before it takes more, so a full ring slows the reader, and what is
//! not yet read stays in the log.
//!
//! What it is not: it makes no time and gives no answers. Time comes from the log's marks; alerts are read by `chappe-notification`.
//!
//! Invariants:
//! - An owner begins with a fencing epoch above every earlier one's, appended before its first alert.
//! - While the log is read again after a start nothing is told; then every key that may have changed is judged once.
//! - A snapshot is saved only after every alert that rests on it is durable.
//! - Whoever listens is told the live contributions by member with the place in the log at which they are counted, so that what is taken
//!   behind it can be added.
//! - A time mark in `alerts` stands behind every alert up to its watermark.
//!
//! Whoever looks at the past reads what was told by [`last_told`], and knows lessons among the marks by [`LESSON_KEY`].
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use chappe_correlation::{Options, Service};
//! use chappe_eventlog::MemoryLog;
//! use chappe_model::{built_in_rules, Policy, Secret};
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let log = Arc::new(MemoryLog::new());
//! let policy = Policy::new(1, built_in_rules(), 300_000, vec![], vec![])?;
//! let service = Service::open(Options::new(Secret::new([7; 32]), policy), log.clone(), log)?;
//! service.run(std::future::ready(())).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod actor;
mod crew;
mod custodian;
mod custody;
mod error;
mod halt;
mod learning;
mod live;
mod metric_names;
mod options;
mod pace;
mod reader;
mod recall;
mod ring;
mod service;
mod snapshots;
mod tell;
mod tenure;
mod threads;
mod whole;
mod worker;

#[doc(hidden)]
pub use crew::Stepped;
pub use error::{OpenError, RunError};
pub use learning::{LESSON_KEY, next_look};
pub use metric_names::describe_metrics;
pub use options::{LiveListener, MAX_SHARDS, Options};
#[doc(hidden)]
pub use pace::Grain;
pub use recall::last_told;
pub use service::Service;
