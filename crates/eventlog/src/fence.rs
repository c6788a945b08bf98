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

/// A fence for each lot: a part of the keys that has an owner of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fences {
    lots: Vec<Fence>,
}

impl Fences {
    /// Fences of this many lots, at least one.
    #[must_use]
    pub fn new(lots: u16) -> Self {
        Self {
            lots: vec![Fence::default(); usize::from(lots.max(1))],
        }
    }

    /// How many lots there are.
    #[must_use]
    pub fn lots(&self) -> u16 {
        u16::try_from(self.lots.len()).unwrap_or(u16::MAX)
    }

    /// Whether a record of this epoch, next in log order, counts in its lot. In a lot that there is not, none does.
    pub fn admit(&mut self, lot: u16, epoch: u64) -> bool {
        self.lots
            .get_mut(usize::from(lot))
            .is_some_and(|fence| fence.admit(epoch))
    }

    /// The highest epoch that a lot has seen; 0 where there was no owner yet.
    #[must_use]
    pub fn highest(&self, lot: u16) -> u64 {
        self.lots.get(usize::from(lot)).map_or(0, |fence| fence.highest)
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

    #[test]
    fn lots_are_fenced_one_by_one() {
        let mut fences = Fences::new(2);
        assert!(fences.admit(0, 5) && fences.admit(1, 1));
        assert!(!fences.admit(0, 4) && !fences.admit(2, 9));
        assert_eq!((fences.highest(0), fences.highest(1), fences.highest(7)), (5, 1, 0));
        assert_eq!(Fences::new(0).lots(), 1);
    }
}
