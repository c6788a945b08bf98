//! How many contributions each member has that a revision may still change: what memory the core's state takes grows with them.

use std::collections::HashMap;

use chappe_model::MemberId;

/// Live contributions by member, counted as they open and freeze. A fold starts from those of its state, so a restart counts alike.
#[derive(Debug, Default)]
pub(crate) struct LiveCounts(HashMap<MemberId, u64>);

impl LiveCounts {
    pub(crate) fn open(&mut self, reporter: &MemberId, count: u64) {
        if count == 0 {
            return;
        }
        match self.0.get_mut(reporter) {
            Some(live) => *live += count,
            None => {
                self.0.insert(reporter.clone(), count);
            }
        }
    }

    pub(crate) fn freeze(&mut self, reporter: &MemberId) {
        if let Some(live) = self.0.get_mut(reporter) {
            *live = live.saturating_sub(1);
            if *live == 0 {
                self.0.remove(reporter);
            }
        }
    }

    /// Who has any, and how many.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&MemberId, u64)> {
        self.0.iter().map(|(member, live)| (member, *live))
    }
}

impl<'a> FromIterator<&'a MemberId> for LiveCounts {
    /// One contribution of each reporter.
    fn from_iter<I: IntoIterator<Item = &'a MemberId>>(reporters: I) -> Self {
        let mut counts = Self::default();
        reporters.into_iter().for_each(|reporter| counts.open(reporter, 1));
        counts
    }
}
