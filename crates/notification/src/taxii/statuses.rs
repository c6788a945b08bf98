//! What became of additions, for whoever made them to ask again.

use std::collections::VecDeque;

use chappe_model::MemberId;
use serde_json::Value;

/// How long a status is kept, in milliseconds: a day, as section 4.3 asks.
pub const STATUS_KEPT_MS: u64 = 24 * 3_600 * 1_000;
/// Statuses of one member that are kept; beyond, its oldest goes.
pub const STATUSES_PER_MEMBER: usize = 32;
/// Statuses kept together; beyond, the oldest goes.
const STATUSES: usize = 4_096;

struct Kept {
    id: String,
    member: MemberId,
    at_ms: u64,
    status: Value,
}

impl Kept {
    fn is_old(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.at_ms) > STATUS_KEPT_MS
    }
}

/// The statuses, oldest first. They are in memory alone: a status is no record of what was reported.
#[derive(Default)]
pub(super) struct Statuses {
    kept: VecDeque<Kept>,
}

impl Statuses {
    /// Keeps a status, in place of what was kept under its id.
    pub(super) fn keep(&mut self, id: &str, member: &MemberId, now_ms: u64, status: Value) {
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.id == id) {
            kept.status = status;
            return;
        }
        while self.kept.len() >= STATUSES || self.kept.front().is_some_and(|kept| kept.is_old(now_ms)) {
            self.kept.pop_front();
        }
        let own = self.kept.iter().filter(|kept| kept.member == *member).count();
        if own >= STATUSES_PER_MEMBER
            && let Some(oldest) = self.kept.iter().position(|kept| kept.member == *member)
        {
            self.kept.remove(oldest);
        }
        self.kept.push_back(Kept {
            id: id.to_owned(),
            member: member.clone(),
            at_ms: now_ms,
            status,
        });
    }

    /// A status of this member's own, for as long as it is kept.
    pub(super) fn of(&self, member: &MemberId, id: &str, now_ms: u64) -> Option<Value> {
        let kept = self.kept.iter().find(|kept| kept.id == id && kept.member == *member)?;
        (!kept.is_old(now_ms)).then(|| kept.status.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn statuses_are_their_members_own_and_bounded() {
        let (mut statuses, a, b) = (
            Statuses::default(),
            MemberId::parse("a").unwrap(),
            MemberId::parse("b").unwrap(),
        );
        statuses.keep("of b", &b, 0, 1.into());
        for n in 0..=STATUSES_PER_MEMBER {
            statuses.keep(&n.to_string(), &a, 1, n.into());
        }
        assert_eq!(statuses.of(&b, "of b", 2), Some(1.into()));
        assert_eq!(statuses.of(&a, "of b", 2), None, "another's");
        assert_eq!(statuses.of(&a, "0", 2), None, "its oldest went");
        assert_eq!(statuses.of(&a, "1", 2), Some(1.into()));
        statuses.keep("1", &a, 2, "complete".into());
        assert_eq!(statuses.of(&a, "1", 2), Some("complete".into()));
        assert_eq!(statuses.of(&b, "of b", STATUS_KEPT_MS), Some(1.into()));
        assert_eq!(
            statuses.of(&b, "of b", STATUS_KEPT_MS + 1),
            None,
            "too old, though nothing came since"
        );
        statuses.keep("later", &a, STATUS_KEPT_MS + 2, 0.into());
        assert_eq!(
            (statuses.of(&b, "of b", 2), statuses.of(&a, "later", 2)),
            (None, Some(0.into()))
        );
    }
}
