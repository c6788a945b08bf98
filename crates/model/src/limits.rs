//! Every bound of the domain, in one place. A bound is part of what a member may rely on: it may rise, never fall.

/// Longest report key, in bytes of UTF-8.
pub const REPORT_KEY_BYTES: usize = 256;
