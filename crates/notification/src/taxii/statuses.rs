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
        let old = |kept: &Kept| now_ms.saturating_sub(kept.at_ms) > STATUS_KEPT_MS;
        while self.kept.len() >= STATUSES || self.kept.front().is_some_and(old) {
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

    /// A status of this member's own.
    pub(super) fn of(&self, member: &MemberId, id: &str) -> Option<Value> {
        let kept = self.kept.iter().find(|kept| kept.id == id && kept.member == *member)?;
        Some(kept.status.clone())
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
        assert_eq!(statuses.of(&b, "of b"), Some(1.into()));
        assert_eq!(statuses.of(&a, "of b"), None, "another's");
        assert_eq!(statuses.of(&a, "0"), None, "its oldest went");
        assert_eq!(statuses.of(&a, "1"), Some(1.into()));
        statuses.keep("1", &a, 2, "complete".into());
        assert_eq!(statuses.of(&a, "1"), Some("complete".into()));
        statuses.keep("later", &a, STATUS_KEPT_MS + 2, 0.into());
        assert_eq!(
            (statuses.of(&b, "of b"), statuses.of(&a, "later")),
            (None, Some(0.into()))
        );
    }
}
