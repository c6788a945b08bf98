//! XDSpy, a real campaign: what three members raise who submit its MISP event is a table worked by hand, `tests/oracle/xdspy.tsv`.
//!
//! Reads `../shared/data/misp`: three events published by ESET that are no part of the project. Where they are absent the tests say so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "xdspy/by_the_program.rs"]
mod by_the_program;
#[path = "xdspy/events.rs"]
mod events;
#[path = "xdspy/in_virtual_time.rs"]
mod in_virtual_time;
