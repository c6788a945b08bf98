//! What end-to-end tests share: the real program in a folder of its own, and clients of its members.
//!
//! - [`Program`] is an installation: `chappe init` and `chappe serve` in a folder, on a loopback port that the system chooses. With
//!   `CHAPPE_TESTS_ON=kafka` its log is on a broker that the test process starts.
//! - [`Client`] speaks for one member; [`Feed`] follows its alerts. [`http`] asks over plain HTTP.
//! - [`chappe`] runs a command and [`said`] tells how that ended, and [`submit`] submits a report, as one member would.
//! - [`revisions`] and [`read_on`] read what stands in a log.
//! - [`report`] is a sound report to change.
//! - [`random`] is what a test draws its choices from.
//! - [`SmallDisk`] can be filled.
//! - [`skipped`] says plainly that a test did not run, and why.
//! - [`trace`] reads what `strace` wrote of the program's system calls.
//!
//! What it is not: part of the product. Nothing but the tests of this package depends on it.
//!
//! Invariants: the program is reached the way users reach it, over its command line, its signals and its port; every wait ends, after
//! [`PATIENCE`] at the latest; processes are ended by the id of the child that was started, never by name.
//!
//! # Example
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use chappe_proto::v1;
//! use chappe_tests::{Program, report};
//! let folder = tempfile::tempdir()?;
//! let mut program = Program::start(folder.path())?;
//! let request = v1::SubmitRequest { incident: Some(report("case-1")), validate_only: false };
//! program.client("csirt-at")?.incidents().submit(request).await?;
//! program.kill()?;
//! program.restart()?;
//! program.stop()?;
//! # Ok(())
//! # }
//! ```

mod binary;
mod client;
mod clock;
mod command;
mod feed;
mod http;
mod log;
mod process;
mod program;
mod reports;
mod seed;
mod skips;
mod small_disk;
pub mod trace;

use std::time::Duration;

pub use binary::{binary, workspace};
pub use client::{Authenticated, Bearer, Client};
pub use clock::now;
pub use command::{chappe, said, submit};
pub use feed::Feed;
pub use http::{Reply, basic, http};
pub use log::{read_on, revisions};
pub use program::{Options, Program};
pub use reports::{indicator, report};
pub use seed::random;
pub use skips::skipped;
pub use small_disk::SmallDisk;

/// No wait lasts longer: a ready line, an answer, an exit. Far above what a loaded machine needs, far below what a person would sit out.
pub const PATIENCE: Duration = Duration::from_secs(60);
