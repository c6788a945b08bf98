//! When keys that found nothing may be let go of: coarsely, because nobody is told.

use std::collections::BTreeMap;

use chappe_model::{KeyHash, Timestamp};

/// Keys are looked at together that fall due within 2^16 ms (65.5 s) of log time.
const BITS: u32 = 16;

/// Each key stands here once for as long as it is held.
#[derive(Debug, Default)]
pub(super) struct Expiry(BTreeMap<u64, Vec<KeyHash>>);

impl Expiry {
    /// The key is looked at once log time has passed `time`.
    pub(super) fn add(&mut self, time: Timestamp, key: KeyHash) {
        self.0.entry(time.as_millis() >> BITS).or_default().push(key);
    }

    /// Keys whose time has passed.
    pub(super) fn pop(&mut self, watermark: Timestamp) -> Option<Vec<KeyHash>> {
        let first = self.0.first_entry()?;
        let passed = (first.key() + 1) << BITS <= watermark.as_millis();
        passed.then(|| first.remove())
    }
}
