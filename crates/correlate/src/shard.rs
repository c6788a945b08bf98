use chappe_model::{Alert, KeyHash, Policy, Secret, Timestamp};

use crate::assess::Assess;
use crate::count::{Count, CountState};
use crate::finding::{Finding, Firing};
use crate::sighting::Sighting;

/// Count and assess over the keys of one shard, which has no other writer.
#[derive(Debug)]
pub struct Shard {
    count: Count,
    assess: Assess,
    firings: Vec<Firing>,
    findings: Vec<Finding>,
    /// Another owner tells; this one only keeps up.
    stands_by: bool,
}

/// The shard that owns a key, of `shards`.
#[must_use]
pub fn shard_of(key_hash: KeyHash, shards: usize) -> usize {
    key_hash.lot(u16::try_from(shards).unwrap_or(u16::MAX)).into()
}

impl Shard {
    /// Starts empty and replaying: nothing is judged before [`Shard::settle`]. `epoch` is above every earlier owner's.
    #[must_use]
    pub fn new(secret: Secret, policy: &Policy, epoch: u64) -> Self {
        Self {
            count: Count::new(secret, policy),
            assess: Assess::new(epoch),
            firings: vec![],
            findings: vec![],
            stands_by: false,
        }
    }

    /// Tells nothing from here on: another owner does. What was told is forgotten; what the log holds of it is to be recalled, and what the
    /// other tells as it comes. Let log time pass only as far as the owner has told everything, so that nothing is let go of before.
    pub fn stand_by(&mut self) {
        self.stands_by = true;
        self.assess.clear();
        self.count.hold_on();
    }

    /// Up to this log time everything that was told of these keys stands in the log and counts, whoever told it. Once it has stood by, a shard
    /// lets go of nothing later: what it told itself may turn out to be fenced.
    pub fn confirm(&mut self, watermark: Timestamp) {
        self.count.confirm(watermark);
    }

    /// The log has been read up to where it was at the start, and all of it up to log time `read_to`: keeps up with it from here on, and tells
    /// nothing. What was recalled may have been told later.
    pub fn keep_up(&mut self, read_to: Timestamp) {
        self.count.settle(&mut self.findings);
        self.findings.clear();
        self.assess.forget_closed(read_to, |key_hash, compartment| {
            self.count.answers_for(key_hash, compartment)
        });
    }

    /// Owns its keys from here on, under an epoch above every earlier owner's: judges everything once, and tells where that differs from what
    /// was told. Everything that the log holds before the epoch must have been recalled.
    pub fn own(&mut self, epoch: u64, emit: &mut Vec<Alert>) {
        self.stands_by = false;
        self.assess.own(epoch);
        self.settle(emit);
    }

    /// Adds what a snapshot holds of this shard's keys, see [`CountState::split`].
    pub fn restore(&mut self, state: CountState) {
        self.count.restore(state);
    }

    /// Learns what was told before. Alerts of rules no longer in force stay as they are.
    pub fn recall(&mut self, alert: Alert) {
        self.assess.recall(alert);
    }

    /// Takes a sighting stamped at log time `at`, and tells at once what must be told at once.
    pub fn apply(&mut self, at: Timestamp, sighting: &Sighting, emit: &mut Vec<Alert>) {
        self.find_all(std::iter::once((at, sighting)), emit);
    }

    /// [`Shard::apply`] for a batch: its keys are read ahead together, and what they change is told once for all of them. Some dozens at a
    /// time serve best: more do not stay in the caches.
    pub fn apply_all(&mut self, batch: &[(Timestamp, Sighting)], emit: &mut Vec<Alert>) {
        std::hint::black_box(self.read_ahead(batch.iter().map(|(_, sighting)| sighting)));
        self.find_all(batch.iter().map(|(at, sighting)| (*at, sighting)), emit);
    }

    fn find_all<'a>(&mut self, batch: impl Iterator<Item = (Timestamp, &'a Sighting)>, emit: &mut Vec<Alert>) {
        for (at, sighting) in batch {
            self.count.find(at, sighting, &mut self.firings, &mut self.findings);
        }
        self.firings.clear();
        self.count.judge(&mut self.findings);
        self.assess_all(emit);
    }

    /// The first half of [`Shard::apply`], for many: counts them, and gives each firing. What they change is told with the next call of
    /// another method.
    pub fn find<'a>(&mut self, batch: impl Iterator<Item = (Timestamp, &'a Sighting)>, firings: &mut Vec<Firing>) {
        for (at, sighting) in batch {
            self.count.find(at, sighting, firings, &mut self.findings);
        }
    }

    /// See [`Count::read_ahead`].
    #[must_use]
    pub fn read_ahead<'a>(&mut self, batch: impl Iterator<Item = &'a Sighting> + Clone) -> u64 {
        self.count.read_ahead(batch)
    }

    /// Live keys.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.count.keys()
    }

    /// Log time has passed `watermark` in every partition. What follows from it is told by [`Shard::go_on`].
    pub fn pass(&mut self, watermark: Timestamp) {
        self.count.pass(watermark);
        self.assess.pass(watermark);
    }

    /// [`Shard::tell`] and [`Shard::let_go`] with `budget` keys each; sightings may come between two calls. Whether more may be left.
    pub fn go_on(&mut self, budget: usize, emit: &mut Vec<Alert>) -> bool {
        let telling = self.tell(budget, emit);
        let letting_go = self.let_go(budget, emit);
        telling || letting_go
    }

    /// Judges what the log time that has passed makes due, and tells what has changed or has waited for it: of `budget` keys at most. Whether
    /// more may be left.
    pub fn tell(&mut self, budget: usize, emit: &mut Vec<Alert>) -> bool {
        if self.count.is_replaying() {
            return false;
        }
        let judging = self.count.judge_due(budget, &mut self.findings);
        self.assess_all(emit);
        let waiting = self.assess.go_on(budget, emit);
        self.forget_retired(emit);
        judging || waiting
    }

    /// Lets go of what nothing can change any more, of `budget` keys at most. Whether more may be left.
    pub fn let_go(&mut self, budget: usize, emit: &mut Vec<Alert>) -> bool {
        let more = self.count.let_go(budget, &mut self.findings);
        self.assess_all(emit);
        self.forget_retired(emit);
        more
    }

    fn forget_retired(&mut self, emit: &mut Vec<Alert>) {
        for retired in self.count.drain_retired() {
            if self.stands_by {
                self.assess.forget_earlier(retired);
            } else {
                self.assess.forget(retired, emit);
            }
        }
    }

    /// Log time up to which everything has been judged and told.
    #[must_use]
    pub fn reached(&self) -> Timestamp {
        self.count.reached().min(self.assess.reached())
    }

    /// The log has been read up to where it was at the start.
    pub fn settle(&mut self, emit: &mut Vec<Alert>) {
        self.count.settle(&mut self.findings);
        self.assess_all(emit);
        self.assess.keep(
            |key_hash, compartment| self.count.answers_for(key_hash, compartment),
            emit,
        );
    }

    /// Judges and tells everything that could wait.
    pub fn flush(&mut self, emit: &mut Vec<Alert>) {
        self.count.flush(&mut self.findings);
        self.assess_all(emit);
        self.assess.flush(emit);
    }

    /// What a snapshot holds. Assess needs none: what was told stands in the alerts log.
    #[must_use]
    pub fn state(&self) -> CountState {
        self.count.state()
    }

    fn assess_all(&mut self, emit: &mut Vec<Alert>) {
        if self.stands_by {
            self.findings.clear();
        }
        for finding in self.findings.drain(..) {
            self.assess.apply(finding, emit);
        }
    }
}
