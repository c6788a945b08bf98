//! How much live state an installation may hold, and whose report is refused when it nears that.

use std::collections::BTreeMap;

use crate::MemberId;
use crate::limits::MEMBERS;

/// Bytes that one live contribution is reckoned at. `cargo xtask bench path` finds about half of it for reports of four indicators, all of
/// the program's memory counted; long URLs take more.
pub const CONTRIBUTION_BYTES: u64 = 2 * 1024;
/// Smallest budget, in MiB: of less, 4,096 members would have no part worth the name.
pub const LEAST_MEMORY_MIB: u32 = 64;
/// Largest budget, in MiB.
pub const MOST_MEMORY_MIB: u32 = 1024 * 1024;
/// The budget unless told otherwise, in MiB.
pub const DEFAULT_MEMORY_MIB: u32 = 4_096;

/// What all members together may hold of live contributions: a contribution is one report under one key, for as long as a revision may
/// still change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Budget {
    contributions: u64,
}

/// A budget out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} MiB of memory: {LEAST_MEMORY_MIB} to {MOST_MEMORY_MIB}")]
pub struct BudgetError(u32);

impl Budget {
    /// The contributions that fit into this much memory, at [`CONTRIBUTION_BYTES`] each.
    ///
    /// # Errors
    /// When it is not [`LEAST_MEMORY_MIB`] to [`MOST_MEMORY_MIB`].
    pub fn of_mib(mib: u32) -> Result<Self, BudgetError> {
        if !(LEAST_MEMORY_MIB..=MOST_MEMORY_MIB).contains(&mib) {
            return Err(BudgetError(mib));
        }
        Ok(Self {
            contributions: contributions_of(mib),
        })
    }

    /// Live contributions of all members.
    #[must_use]
    pub fn contributions(self) -> u64 {
        self.contributions
    }

    /// Divides it among this many members; more than [`MEMBERS`] count as so many, none as one.
    #[must_use]
    pub fn shared_by(self, members: usize) -> Shares {
        let members = members.clamp(1, MEMBERS) as u64;
        let quarter = self.contributions / 4;
        Shares {
            free: 2 * quarter,
            critical: 3 * quarter,
            each: quarter / members,
        }
    }
}

impl Default for Budget {
    /// [`DEFAULT_MEMORY_MIB`].
    fn default() -> Self {
        Self {
            contributions: contributions_of(DEFAULT_MEMORY_MIB),
        }
    }
}

const fn contributions_of(mib: u32) -> u64 {
    mib as u64 * 1024 * 1024 / CONTRIBUTION_BYTES
}

/// A budget, divided: half of it is anyone's, a quarter is for critical reports of anyone, and a quarter is divided into equal shares.
///
/// **All together stay within the budget and one report of each member.** Take the last moment at which they held less than three quarters.
/// Every report that opened anything after it was of a member below its share, so each member has since added less than its share and that
/// one report. The shares make a quarter.
///
/// **Nobody is refused for what others hold** while below its own share. One member alone comes to half of the budget, and with
/// critical reports to three quarters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    free: u64,
    critical: u64,
    each: u64,
}

impl Shares {
    /// Whether a report that opens contributions is refused, when all members hold `total` and its own holds `own` of them.
    #[must_use]
    pub fn refuse(&self, total: u64, own: u64, is_critical: bool) -> bool {
        let from = if is_critical { self.critical } else { self.free };
        total >= from && own >= self.each
    }

    /// Below this many of all members nobody is refused.
    #[must_use]
    pub fn free(&self) -> u64 {
        self.free
    }

    /// A member that holds fewer than this many is never refused.
    #[must_use]
    pub fn each(&self) -> u64 {
        self.each
    }
}

/// The live contributions at one place of the log, by member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// For each partition of the incidents topic the position of the next record, which is not counted.
    pub read_to: Vec<u64>,
    /// How many each member has; who has none is left out.
    pub members: BTreeMap<MemberId, u64>,
}

impl Live {
    /// Of all members.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.members.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_budget_has_a_range_and_leaves_every_member_a_share() {
        assert_eq!(Budget::of_mib(DEFAULT_MEMORY_MIB).unwrap(), Budget::default());
        assert_eq!(Budget::of_mib(64).unwrap().contributions(), 32_768);
        for bad in [0, LEAST_MEMORY_MIB - 1, MOST_MEMORY_MIB + 1] {
            let said = Budget::of_mib(bad).unwrap_err().to_string();
            assert_eq!(said, format!("{bad} MiB of memory: 64 to 1048576"));
        }
        let least = Budget::of_mib(LEAST_MEMORY_MIB).unwrap();
        assert!(least.shared_by(MEMBERS).each() > 0);
        assert_eq!(least.shared_by(0), least.shared_by(1));
    }

    #[test]
    fn one_member_alone_comes_to_half_and_with_critical_reports_to_three_quarters() {
        let budget = Budget { contributions: 800 };
        let shares = budget.shared_by(10);
        let fill = |from: u64, is_critical| (from..).find(|held| shares.refuse(*held, *held, is_critical));
        assert_eq!((fill(0, false), fill(0, true)), (Some(400), Some(600)));
        assert_eq!((shares.free(), shares.each()), (400, 20));
        assert!(!shares.refuse(800, 19, false) && shares.refuse(400, 20, false));
    }

    /// Who reports, what it opens, whether it is critical; or whose oldest go.
    #[derive(Clone, Debug)]
    enum Step {
        Report(usize, u64, bool),
        Freeze(usize, u64),
    }

    const MOST_OPENED: u64 = 30;

    fn steps(members: usize) -> impl Strategy<Value = Vec<Step>> {
        // Member 0 is the one that floods.
        let who = prop_oneof![3 => Just(0), 2 => 0..members];
        let step = prop_oneof![
            5 => (who, 1..=MOST_OPENED, any::<bool>()).prop_map(|(who, opened, critical)| Step::Report(who, opened, critical)),
            1 => (0..members, 0..200_u64).prop_map(|(who, freed)| Step::Freeze(who, freed)),
        ];
        prop::collection::vec(step, 0..400)
    }

    proptest! {
        #[test]
        fn all_stay_within_the_budget_and_who_is_below_its_share_is_never_refused(
            (members, steps) in (1..8_usize).prop_flat_map(|members| (Just(members), steps(members))),
            contributions in 64..1_000_u64,
        ) {
            let shares = Budget { contributions }.shared_by(members);
            let mut held = vec![0_u64; members];
            for step in steps {
                match step {
                    Step::Freeze(who, freed) => held[who] = held[who].saturating_sub(freed),
                    Step::Report(who, opened, is_critical) => {
                        let total: u64 = held.iter().sum();
                        if shares.refuse(total, held[who], is_critical) {
                            prop_assert!(held[who] >= shares.each() && total >= shares.free());
                        } else {
                            held[who] += opened;
                        }
                    }
                }
                prop_assert!(held.iter().sum::<u64>() <= contributions + members as u64 * MOST_OPENED);
            }
        }
    }
}
