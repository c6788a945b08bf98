//! Alerts in the formats of others: as their rules say, as they are read again here, and as their own tools judge them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod rules;
mod samples;
mod told;
mod validators;
