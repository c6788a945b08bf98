//! Fencing of owners.

/// Keeps out what an owner wrote after another had taken over: each owner begins with a higher epoch, and what comes behind it in the log
/// under a lower one is ignored by every reader alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fence {
    highest: u64,
}

impl Fence {
    /// Whether a record of this epoch, next in log order, counts.
    pub fn admit(&mut self, epoch: u64) -> bool {
        let admitted = epoch >= self.highest;
        self.highest = self.highest.max(epoch);
        admitted
    }

    /// The epoch for the next owner.
    #[must_use]
    pub fn next_epoch(&self) -> u64 {
        self.highest + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_that_was_replaced_is_ignored() {
        let mut fence = Fence::default();
        assert!(fence.admit(1) && fence.admit(2) && fence.admit(2));
        assert!(!fence.admit(1));
        assert_eq!(fence.next_epoch(), 3);
    }
}
