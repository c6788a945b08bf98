#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! Look-ups against an oracle that compares texts and bits entry by entry, and what is refused.

mod oracle;
mod refusals;
