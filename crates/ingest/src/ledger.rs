//! Who holds how much of the live state: what correlation counted, and what was taken since and is not counted yet.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chappe_identity::Directory;
use chappe_model::{Budget, Live, MemberId, Shares};
use metrics::Gauge;

use crate::refusal::Refusal;

/// An account for each member of the directory. A report is claimed for in full when it is taken; once correlation has read it, its claim
/// gives way to what it really opened. So no lag of correlation lets a member past its share. Looking takes no lock.
pub(crate) struct Ledger {
    shares: Shares,
    members: HashMap<MemberId, Arc<Account>>,
    /// Members that the directory does not know, such as former ones.
    strangers: Arc<Account>,
    all: Arc<Account>,
    /// For each partition the claims that correlation has not read.
    unread: Box<[Mutex<Unread>]>,
    /// Publications come one after the other.
    publishing: Mutex<()>,
    /// Reports were refused since all last held well below what is free, and that was logged.
    refusing: AtomicBool,
    gauge: Gauge,
}

/// Contributions that count for a member, or for all.
#[derive(Default)]
struct Account {
    /// Live and claimed.
    held: AtomicU64,
    /// What correlation counted last. For whoever publishes alone.
    live: AtomicU64,
    /// Claims read since. For whoever publishes alone.
    read: AtomicU64,
}

#[derive(Default)]
struct Unread {
    read_to: u64,
    claims: VecDeque<(u64, Claim)>,
}

/// What one report may open, counted until it is read; dropped, it counts no more.
pub(crate) struct Claim {
    account: Arc<Account>,
    all: Arc<Account>,
    contributions: u64,
}

impl Ledger {
    pub(crate) fn new(budget: Budget, directory: &Directory, partitions: u16, gauge: Gauge) -> Self {
        let members: HashMap<_, _> = directory
            .principals()
            .map(|principal| (principal.member.clone(), Arc::default()))
            .collect();
        Self {
            shares: budget.shared_by(members.len()),
            members,
            strangers: Arc::default(),
            all: Arc::default(),
            unread: (0..partitions).map(|_| Mutex::default()).collect(),
            publishing: Mutex::default(),
            refusing: AtomicBool::new(false),
            gauge,
        }
    }

    /// Claims for a report of a member, unless the member holds its share and the budget nears its end. One that opens nothing needs none.
    pub(crate) fn claim(
        &self,
        member: &MemberId,
        contributions: u64,
        is_critical: bool,
    ) -> Result<Option<Claim>, Refusal> {
        if contributions == 0 {
            return Ok(None);
        }
        // Counted before looking, so that of reports taken at the same time each sees those before it.
        let (claim, own, total) = self.count(member, contributions);
        if !self.shares.refuse(total, own, is_critical) {
            return Ok(Some(claim));
        }
        if !self.refusing.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %member,
                live_contributions = total,
                share = self.shares.each(),
                "half of the memory budget is used: reports of members above their share are refused from here on"
            );
        }
        Err(Refusal::MemoryShare)
    }

    /// Claims for a report that is taken in any case.
    pub(crate) fn claim_unchecked(&self, member: &MemberId, contributions: u64) -> Option<Claim> {
        (contributions > 0).then(|| self.count(member, contributions).0)
    }

    /// The claim, and what the member and all held before.
    fn count(&self, member: &MemberId, contributions: u64) -> (Claim, u64, u64) {
        let account = self.account(member);
        let own = account.held.fetch_add(contributions, Ordering::Relaxed);
        let total = self.all.held.fetch_add(contributions, Ordering::Relaxed);
        let claim = Claim {
            account: Arc::clone(account),
            all: Arc::clone(&self.all),
            contributions,
        };
        (claim, own, total)
    }

    fn account(&self, member: &MemberId) -> &Arc<Account> {
        self.members.get(member).unwrap_or(&self.strangers)
    }

    /// Keeps the claim of a stored record until correlation has read that.
    pub(crate) fn stored(&self, partition: u16, position: u64, claim: Option<Claim>) {
        let (Some(claim), Some(unread)) = (claim, self.unread.get(usize::from(partition))) else {
            return;
        };
        let mut unread = lock(unread);
        if position >= unread.read_to {
            unread.claims.push_back((position, claim));
        }
    }

    /// Takes what correlation counted, in place of the claims that it has read.
    pub(crate) fn publish(&self, live: &Live) {
        let _alone = lock(&self.publishing);
        for (unread, read_to) in self.unread.iter().zip(&live.read_to) {
            lock(unread).read(*read_to);
        }
        let strangers = live.members.iter().filter(|(id, _)| !self.members.contains_key(*id));
        self.strangers.bring_to(strangers.map(|(_, count)| count).sum());
        for (member, account) in &self.members {
            account.bring_to(live.members.get(member).copied().unwrap_or(0));
        }
        let held = self.all.bring_to(live.total());
        self.gauge.set(held as f64);
        // Some way below, so that what comes and goes at the brink is not logged each time.
        if held < self.shares.free() / 8 * 7 && self.refusing.swap(false, Ordering::Relaxed) {
            tracing::info!(
                live_contributions = held,
                "well below half of the memory budget is used: reports of all members are taken again"
            );
        }
    }
}

impl Account {
    /// Changes all at once, so that a report never counts twice nor not at all. Returns what is held from here on.
    fn bring_to(&self, live: u64) -> u64 {
        let gone = self.live.swap(live, Ordering::Relaxed) + self.read.swap(0, Ordering::Relaxed);
        let change = live.wrapping_sub(gone);
        self.held.fetch_add(change, Ordering::Relaxed).wrapping_add(change)
    }
}

impl Unread {
    fn read(&mut self, read_to: u64) {
        self.read_to = self.read_to.max(read_to);
        // The log may tell of two records in another order than theirs: one that hides behind a later one is read a little later.
        while let Some((_, claim)) = self.claims.pop_front_if(|(position, _)| *position < read_to) {
            claim.was_read();
        }
    }
}

impl Claim {
    /// Leaves it to the next publication to count it out.
    fn was_read(mut self) {
        let contributions = std::mem::take(&mut self.contributions);
        for account in [&self.account, &self.all] {
            account.read.fetch_add(contributions, Ordering::Relaxed);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        for account in [&self.account, &self.all] {
            account.held.fetch_sub(self.contributions, Ordering::Relaxed);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here panics half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use chappe_identity::TokenDigest;
    use chappe_model::{Principal, Role};
    use proptest::prelude::*;

    const IDS: [&str; 3] = ["a", "b", "former"];

    fn ledger() -> Ledger {
        let member = |id: &&str| {
            let principal = Principal {
                member: MemberId::parse(id).unwrap(),
                home: None,
                role: Role::Member,
            };
            (principal, TokenDigest::of(id))
        };
        let directory = Directory::new(IDS[..2].iter().map(member).collect()).unwrap();
        Ledger::new(Budget::default(), &directory, 2, Gauge::noop())
    }

    #[derive(Clone, Debug)]
    enum Step {
        /// Taken, and stored in this partition.
        Store(usize, u64, u16),
        /// Taken, and not stored.
        Lose(usize, u64),
        /// Correlation has read so much of each partition, in percent, and counts these.
        Publish([u64; 2], [u64; 3]),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0..IDS.len(), 0..9_u64, 0..2_u16).prop_map(|(who, opens, partition)| Step::Store(who, opens, partition)),
            1 => (0..IDS.len(), 0..9_u64).prop_map(|(who, opens)| Step::Lose(who, opens)),
            2 => (prop::array::uniform2(0..=100_u64), prop::array::uniform3(0..50_u64)).prop_map(|(read, live)| Step::Publish(read, live)),
        ]
    }

    proptest! {
        #[test]
        fn held_is_what_was_counted_and_every_claim_not_yet_read(steps in prop::collection::vec(step(), 0..60)) {
            let ledger = ledger();
            let ids = IDS.map(|id| MemberId::parse(id).unwrap());
            let (mut live, mut stored) = ([0; 3], [vec![], vec![]]);
            let mut read_to = [0_u64; 2];
            for step in steps {
                match step {
                    Step::Lose(who, opens) => drop(ledger.claim(&ids[who], opens, false).unwrap()),
                    Step::Store(who, opens, partition) => {
                        let claim = ledger.claim(&ids[who], opens, false).unwrap();
                        let records: &mut Vec<(usize, u64)> = &mut stored[usize::from(partition)];
                        ledger.stored(partition, records.len() as u64, claim);
                        records.push((who, opens));
                    }
                    Step::Publish(read, counted) => {
                        for partition in 0..2 {
                            let upto = stored[partition].len() as u64 * read[partition] / 100;
                            read_to[partition] = read_to[partition].max(upto);
                        }
                        live = counted;
                        let members = ids.iter().cloned().zip(counted).collect();
                        ledger.publish(&Live { read_to: read_to.to_vec(), members });
                    }
                }
                let mut expected = live;
                for (records, read_to) in stored.iter().zip(read_to) {
                    let unread = records.iter().skip(usize::try_from(read_to).unwrap());
                    unread.for_each(|(who, opens)| expected[*who] += opens);
                }
                for (id, expected) in ids.iter().zip(expected) {
                    prop_assert_eq!(ledger.account(id).held.load(Ordering::Relaxed), expected);
                }
                prop_assert_eq!(ledger.all.held.load(Ordering::Relaxed), expected.iter().sum::<u64>());
            }
        }
    }

    #[test]
    fn a_record_that_was_read_before_its_outcome_was_told_does_not_count_twice() {
        let ledger = ledger();
        let who = MemberId::parse("a").unwrap();
        let claim = ledger.claim(&who, 5, false).unwrap();
        ledger.publish(&Live {
            read_to: vec![1, 0],
            members: [(who.clone(), 5)].into(),
        });
        ledger.stored(0, 0, claim);
        assert_eq!(ledger.account(&who).held.load(Ordering::Relaxed), 5);
    }
}
