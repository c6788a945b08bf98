use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's clock, which is the program's too.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "tests of the running program live in its time")]
pub fn now() -> chappe_model::Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    chappe_model::Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
