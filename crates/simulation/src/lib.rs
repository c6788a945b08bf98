//! All services of an installation of several processes on one in-memory log, in one thread, under one seeded scheduler.
//!
//! Ingest desks, correlation instances and boards run as they do in production, but nobody has a thread: the scheduler gives each actor its
//! turns, moves the one clock, and lets go wrong what may go wrong (ADR 0017). Then nothing goes wrong any more, all come to rest, and it is
//! looked at what everyone was promised.
//!
//! What it is not: part of the product, or a test of gRPC, Kafka or threads; `tests/` holds those.
//!
//! Invariants:
//! - The same seed gives the same history, down to the byte, on every machine.
//! - What is checked rests on the log and on what members were answered, never on the state of a process.
//!
//! # Example
//! ```
//! let once = chappe_simulation::simulate(7);
//! assert_eq!(once, chappe_simulation::simulate(7));
//! ```

#![allow(clippy::expect_used, reason = "for tests only")]

mod alone;
mod checks;
mod faults;
mod installation;
mod line;
mod members;
mod process;
mod simulate;
mod standing;
mod story;

pub use installation::Tally;
pub use simulate::{History, simulate};
