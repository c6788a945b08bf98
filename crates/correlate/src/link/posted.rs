use std::collections::BTreeMap;

use chappe_model::{IncidentId, MemberId, Timestamp};
use serde::{Deserialize, Serialize};

/// Who reported one value and when: of each member its last few reports. So the state of a value is bounded by the number of members, however
/// hot it is, and what one member sends says nothing about another's reports.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Posted {
    by: BTreeMap<MemberId, Vec<(Timestamp, IncidentId)>>,
}

impl Posted {
    /// An incident carries the value from log time `at` on; `at` never falls.
    pub(super) fn add(&mut self, member: &MemberId, at: Timestamp, incident: IncidentId, per_member: usize) {
        let last = self.by.entry(member.clone()).or_default();
        last.push((at, incident));
        if last.len() > per_member {
            last.remove(0);
        }
    }

    /// Lets go of what lies at or before `until`.
    pub(super) fn expire(&mut self, until: Timestamp) {
        self.by.retain(|_, last| {
            last.retain(|(at, _)| *at > until);
            !last.is_empty()
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by.is_empty()
    }

    /// Members that carry the value: of each one report counts, so that no member makes a value common by itself.
    pub(super) fn document_frequency(&self) -> u32 {
        u32::try_from(self.by.len()).unwrap_or(u32::MAX)
    }

    /// The kept reports, the last first.
    pub(super) fn latest(&self) -> Vec<(Timestamp, IncidentId)> {
        let mut all: Vec<_> = self.by.values().flatten().copied().collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all
    }
}
