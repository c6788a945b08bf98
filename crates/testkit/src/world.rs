use chappe_correlate::Engine;
use chappe_eventlog::Fence;
use chappe_model::{Alert, Policy, Secret};

use crate::case::{Case, Entry, PARTITIONS, secret};
use crate::deliveries::{Crash, Deliveries};

/// The core on one case, in virtual time: what it told stands in an alerts log, as with the real one.
#[derive(Debug)]
pub struct World<'a> {
    case: &'a Case,
    secret: Secret,
    policy: Policy,
    alerts_log: Vec<Alert>,
    fence: Fence,
}

impl<'a> World<'a> {
    /// On a case.
    #[must_use]
    pub fn new(case: &'a Case) -> Self {
        Self {
            case,
            secret: secret(),
            policy: case.policy.clone(),
            alerts_log: vec![],
            fence: Fence::default(),
        }
    }

    /// Runs the deliveries to the end of the case and returns the alerts log: every revision that was ever told.
    #[must_use]
    pub fn run(mut self, deliveries: Deliveries) -> Vec<Alert> {
        let epoch = self.fence.next_epoch();
        let mut engine = Engine::new(&self.secret, self.policy.clone(), PARTITIONS, deliveries.shards, epoch);
        self.fence.admit(epoch);
        engine.in_slices(deliveries.slice);
        engine.settle();
        let mut done = 0;
        for crash in &deliveries.crashes {
            engine = self.crash(engine, &deliveries, done, crash);
            done = crash.after;
        }
        deliver(&mut engine, &deliveries, done..deliveries.turns.len());
        (0..PARTITIONS).for_each(|partition| engine.mark(partition, self.case.now));
        engine.flush();
        self.append(engine.drain());
        self.alerts_log
    }

    fn append(&mut self, alerts: Vec<Alert>) {
        for alert in alerts {
            if self.fence.admit(alert.epoch) {
                self.alerts_log.push(alert);
            }
        }
    }

    /// Runs up to the crash and comes back from the snapshot and what had reached the logs. The old owner lives on for a while, as one that
    /// was only thought dead does: what it tells behind the new owner's epoch is fenced off.
    fn crash(&mut self, mut old: Engine, deliveries: &Deliveries, done: usize, crash: &Crash) -> Engine {
        let snapshot_at = crash.snapshot_after.unwrap_or(done);
        deliver(&mut old, deliveries, done..snapshot_at);
        self.append(old.drain());
        let snapshot = crash.snapshot_after.and_then(|_| old.snapshot().ok());
        deliver(&mut old, deliveries, snapshot_at..crash.after);
        let told = old.drain();
        let durable = told.len() * crash.durable_percent / 100;
        let late: Vec<Alert> = told[durable..].to_vec();
        self.append(told[..durable].to_vec());

        let epoch = self.fence.next_epoch();
        let (secret, policy) = (&self.secret, self.policy.clone());
        let restored = snapshot
            .and_then(|bytes| Engine::restore(secret, policy.clone(), PARTITIONS, crash.shards, epoch, &bytes).ok());
        let mut engine = restored.unwrap_or_else(|| Engine::new(secret, policy, PARTITIONS, crash.shards, epoch));
        engine.in_slices(deliveries.slice);
        self.fence.admit(epoch); // the new owner's mark stands in the alerts log
        self.alerts_log.iter().cloned().for_each(|alert| engine.recall(alert));
        self.append(late);
        replay(&mut engine, deliveries, crash.after);
        engine.settle();
        engine
    }
}

fn deliver(engine: &mut Engine, deliveries: &Deliveries, turns: std::ops::Range<usize>) {
    for turn in turns {
        let partition = deliveries.turns[turn];
        let position = deliveries.turns[..turn].iter().filter(|p| **p == partition).count();
        take(engine, partition, &deliveries.partitions[partition][position]);
    }
}

/// Reads the log again, from the engine's positions up to where it stood after `until` turns.
fn replay(engine: &mut Engine, deliveries: &Deliveries, until: usize) {
    let from = engine.positions().to_vec();
    for (partition, entries) in deliveries.partitions.iter().enumerate() {
        let to = deliveries.turns[..until].iter().filter(|p| **p == partition).count();
        let from = usize::try_from(from[partition]).unwrap_or(to);
        entries[from.min(to)..to]
            .iter()
            .for_each(|entry| take(engine, partition, entry));
    }
}

fn take(engine: &mut Engine, partition: usize, entry: &Entry) {
    let partition = u16::try_from(partition).unwrap_or(0);
    match entry {
        Entry::Report(stamp, accepted) => engine.record(partition, *stamp, accepted),
        Entry::Mark(stamp) => engine.mark(partition, *stamp),
    }
}
