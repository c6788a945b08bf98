//! What may go wrong in a [`MemoryLog`](crate::MemoryLog), planned so that a run can be repeated exactly.

use std::collections::BTreeMap;

/// What happens to one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendFault {
    /// Answered `Refused`; not written.
    Refused,
    /// Answered `DiskFull`; not written.
    DiskFull,
    /// Answered `Unknown`; written.
    UnknownWritten,
    /// Answered `Unknown`; not written.
    UnknownLost,
    /// The sync fails: this append and every one held before its write are answered `Unknown`, and the log accepts
    /// nothing more. A crash decides what of them survives ([`AtCrash`]).
    FailedSync,
}

/// Where appends are held until [`MemoryLog::release`](crate::MemoryLog::release).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hold {
    /// Nowhere: an append is durable and told at once.
    #[default]
    Nothing,
    /// Before they are durable: not readable, and a crash may lose them.
    Write,
    /// After they are durable and readable, before their outcome is told: a crash loses the answer, never the record.
    Ack,
}

/// What a crash leaves of the appends that were not yet durable, in the order of the calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AtCrash {
    /// Nothing.
    #[default]
    Lost,
    /// All of them, though nobody was told.
    Kept,
    /// All but the last: a torn tail.
    TornTail,
    /// A prefix whose length is drawn from the seed.
    Prefix {
        /// Equal seeds keep equal prefixes.
        seed: u64,
    },
}

/// How often faults are drawn, in appends per thousand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FaultRates {
    /// [`AppendFault::Refused`].
    pub refused_per_mille: u16,
    /// [`AppendFault::UnknownWritten`].
    pub unknown_written_per_mille: u16,
    /// [`AppendFault::UnknownLost`].
    pub unknown_lost_per_mille: u16,
}

/// Everything that will go wrong. Appends are numbered from 1 over all topics and partitions of one log.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    at: BTreeMap<u64, AppendFault>,
    drawn: Option<(u64, FaultRates)>,
    pub(crate) hold: Hold,
    pub(crate) at_crash: AtCrash,
}

impl FaultPlan {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Faults drawn for each append from a seed: equal seeds and rates draw equal faults.
    #[must_use]
    pub fn seeded(seed: u64, rates: FaultRates) -> Self {
        Self {
            drawn: Some((seed, rates)),
            ..Self::default()
        }
    }

    /// This plan with a fault at the `nth` append; it takes precedence over drawn ones.
    #[must_use]
    pub fn at(mut self, nth: u64, fault: AppendFault) -> Self {
        self.at.insert(nth, fault);
        self
    }

    /// This plan with appends held.
    #[must_use]
    pub const fn hold(mut self, hold: Hold) -> Self {
        self.hold = hold;
        self
    }

    /// This plan with what a crash leaves.
    #[must_use]
    pub const fn at_crash(mut self, at_crash: AtCrash) -> Self {
        self.at_crash = at_crash;
        self
    }

    /// The fault of the `nth` append.
    #[must_use]
    pub fn fault(&self, nth: u64) -> Option<AppendFault> {
        if let Some(fault) = self.at.get(&nth) {
            return Some(*fault);
        }
        let (seed, rates) = self.drawn?;
        // One generator an append: what is drawn for one does not depend on how many were drawn before.
        let mut draws = fastrand::Rng::with_seed(seed ^ nth.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let draw = draws.u16(0..1_000);
        let refused = rates.refused_per_mille;
        let written = refused.saturating_add(rates.unknown_written_per_mille);
        let lost = written.saturating_add(rates.unknown_lost_per_mille);
        match draw {
            _ if draw < refused => Some(AppendFault::Refused),
            _ if draw < written => Some(AppendFault::UnknownWritten),
            _ if draw < lost => Some(AppendFault::UnknownLost),
            _ => None,
        }
    }

    /// How many of `pending` appends a crash keeps, counted from the oldest.
    pub(crate) fn kept_at_crash(&self, pending: usize) -> usize {
        match self.at_crash {
            AtCrash::Lost => 0,
            AtCrash::Kept => pending,
            AtCrash::TornTail => pending.saturating_sub(1),
            AtCrash::Prefix { seed } => fastrand::Rng::with_seed(seed).usize(0..=pending),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_seed_repeats_its_faults_at_about_the_stated_rate() {
        let rates = FaultRates {
            refused_per_mille: 100,
            unknown_written_per_mille: 50,
            unknown_lost_per_mille: 50,
        };
        let draw = |seed| {
            (1..=10_000)
                .map(|nth| FaultPlan::seeded(seed, rates).fault(nth))
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let faults = draw(7).into_iter().flatten().count();
        assert!(
            (1_700..2_300).contains(&faults),
            "{faults} faults in 10,000 at 200 per mille"
        );
    }

    #[test]
    fn explicit_faults_come_first() {
        let plan = FaultPlan::seeded(1, FaultRates::default()).at(3, AppendFault::DiskFull);
        assert_eq!((plan.fault(2), plan.fault(3)), (None, Some(AppendFault::DiskFull)));
    }
}
