//! How fast a member may decide.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chappe_model::{MemberId, Timestamp};

use crate::options::DECISIONS_PER_MINUTE;

/// A minute, in milliseconds.
const MINUTE_MS: u64 = 60_000;
/// What a decision takes of a minute, in milliseconds.
const DECISION_MS: u64 = MINUTE_MS / DECISIONS_PER_MINUTE as u64;

/// A bucket for each member, filled by the milliseconds that pass and never above a minute. Members come from the directory, so there are at
/// most `limits::MEMBERS` of them.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    members: Mutex<HashMap<MemberId, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left_ms: u64,
    filled_at: Timestamp,
}

impl Pace {
    /// Takes one decision's worth, or says how long to wait for it.
    pub(crate) fn spend(&self, member: &MemberId, now: Timestamp) -> Result<(), Duration> {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = members.entry(member.clone()).or_insert(Bucket {
            left_ms: MINUTE_MS,
            filled_at: now,
        });
        let passed_ms = now.as_millis().saturating_sub(bucket.filled_at.as_millis());
        bucket.left_ms = bucket.left_ms.saturating_add(passed_ms).min(MINUTE_MS);
        bucket.filled_at = bucket.filled_at.max(now);
        match bucket.left_ms.checked_sub(DECISION_MS) {
            Some(left_ms) => {
                bucket.left_ms = left_ms;
                Ok(())
            }
            None => Err(Duration::from_millis(DECISION_MS - bucket.left_ms)),
        }
    }

    /// Gives it back: nothing was decided, and not by the member's fault.
    pub(crate) fn refund(&self, member: &MemberId) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = members.get_mut(member) {
            bucket.left_ms = bucket.left_ms.saturating_add(DECISION_MS).min(MINUTE_MS);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_minutes_worth_at_once_and_then_one_at_a_time() {
        let pace = Pace::default();
        let (a, b) = (MemberId::parse("a").unwrap(), MemberId::parse("b").unwrap());
        let at = |ms| Timestamp::from_millis(1_000_000 + ms);
        for _ in 0..DECISIONS_PER_MINUTE {
            assert_eq!(pace.spend(&a, at(0)), Ok(()));
        }
        assert_eq!(pace.spend(&a, at(0)), Err(Duration::from_millis(DECISION_MS)));
        assert_eq!(pace.spend(&b, at(0)), Ok(()), "each has its own");
        assert_eq!(pace.spend(&a, at(DECISION_MS - 1)), Err(Duration::from_millis(1)));
        assert_eq!(pace.spend(&a, at(DECISION_MS)), Ok(()));
        assert_eq!(
            pace.spend(&a, at(0)),
            Err(Duration::from_millis(DECISION_MS)),
            "an earlier clock fills nothing"
        );
        pace.refund(&a);
        assert_eq!(pace.spend(&a, at(DECISION_MS)), Ok(()));
        for _ in 0..DECISIONS_PER_MINUTE {
            assert_eq!(pace.spend(&a, at(1 << 40)), Ok(()));
        }
        assert!(
            pace.spend(&a, at(1 << 40)).is_err(),
            "no more than a minute's worth is saved up"
        );
    }
}
