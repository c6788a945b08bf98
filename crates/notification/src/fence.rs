//! Fencing of owners.

/// Judges epochs in log order: an owner's epoch holds until a higher one appears.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fence {
    highest: u64,
}

impl Fence {
    /// Whether a record of this epoch counts, given what came before it in the log.
    pub(crate) fn admits(&mut self, epoch: u64) -> bool {
        let admitted = epoch >= self.highest;
        self.highest = self.highest.max(epoch);
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_epoch_than_any_before_is_fenced() {
        let mut fence = Fence::default();
        let admitted: Vec<bool> = [0, 1, 1, 3, 2, 1, 3, 4, 3].map(|epoch| fence.admits(epoch)).to_vec();
        assert_eq!(admitted, [true, true, true, true, false, false, true, true, false]);
    }
}
