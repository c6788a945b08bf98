#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! What a user of notification relies on, in virtual time over a log in memory; and once over a real connection.

mod constituencies;
mod decisions;
mod feeds;
mod gaps;
mod hidden;
mod incidents;
mod lists;
mod loopback;
pub(crate) mod rig;
mod searching;
mod taxii;
