//! What the core says of a log in one thread, without faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_correlate::{Intake, LinkPolicy, LinkShard, Shard, Sighting};
use chappe_eventlog::{Position, Record, RecordKind};
use chappe_model::{Alert, AlertId, AlertState, Policy, Timestamp};
use chappe_proto::incident;
use chappe_testkit::secret;

/// What one that owns everything tells.
pub(crate) struct Alone {
    intake: Intake,
    shard: Shard,
    links: LinkShard,
    sightings: Vec<Sighting>,
    fresh: Vec<Alert>,
    /// Each alert as it was told last.
    pub(crate) alerts: BTreeMap<AlertId, Alert>,
    /// And as it was told first.
    pub(crate) first: BTreeMap<AlertId, Alert>,
    /// Of each alert that never ceased to hold a log time by which it must have been told.
    pub(crate) due: BTreeMap<AlertId, Timestamp>,
}

impl Alone {
    /// Reads partitions of the incidents, always on where log time is least, as late as can be.
    pub(crate) fn read(policy: &Policy, partitions: &[Vec<(Position, Record)>]) -> Self {
        let linking = LinkPolicy {
            lateness_ms: policy.lateness_ms,
            ..LinkPolicy::default()
        };
        let count = u16::try_from(partitions.len()).unwrap_or(u16::MAX);
        let policy = Arc::new(policy.clone());
        let mut alone = Self {
            intake: Intake::new(&secret(), &policy, count),
            shard: Shard::new(secret(), &policy, 1),
            links: LinkShard::new(secret(), Arc::new(linking), 1),
            sightings: vec![],
            fresh: vec![],
            alerts: BTreeMap::new(),
            first: BTreeMap::new(),
            due: BTreeMap::new(),
        };
        alone.shard.settle(&mut alone.fresh);
        alone.links.settle(&mut alone.fresh);
        let (mut next, mut times) = (vec![0; partitions.len()], vec![0; partitions.len()]);
        let open = |next: &[usize], times: &[u64]| {
            let open = (0..partitions.len()).filter(|nth| next[*nth] < partitions[*nth].len());
            open.min_by_key(|nth| times[*nth])
        };
        while let Some(nth) = open(&next, &times) {
            let (_, record) = &partitions[nth][next[nth]];
            next[nth] += 1;
            times[nth] = record.stamp_ms.max(times[nth]);
            alone.take(u16::try_from(nth).unwrap_or(0), record);
        }
        let closed: BTreeSet<AlertId> = (alone.alerts.values())
            .filter(|alert| is_closed(alert))
            .map(|alert| alert.id)
            .collect();
        alone.due.retain(|id, _| !closed.contains(id));
        alone
    }

    pub(crate) fn watermark(&self) -> Timestamp {
        self.intake.watermark()
    }

    fn take(&mut self, partition: u16, record: &Record) {
        let stamp = Timestamp::from_millis(record.stamp_ms);
        if record.kind == RecordKind::Mark {
            if let Some(watermark) = self.intake.mark(partition, stamp) {
                self.note(watermark);
                self.shard.pass(watermark);
                while self.shard.go_on(usize::MAX, &mut self.fresh) {}
                self.links.advance(watermark, &mut self.fresh);
                self.note(watermark);
            }
            return;
        }
        let Ok((accepted, _)) = incident::decode(&record.payload) else {
            return;
        };
        let at = self.intake.record(partition, stamp, &accepted, &mut self.sightings);
        for sighting in self.sightings.drain(..) {
            self.shard.apply(at, &sighting, &mut self.fresh);
        }
        self.links.take(at, &accepted);
        self.note(at);
    }

    /// Notes what was told, and when it is due at the latest.
    fn note(&mut self, at: Timestamp) {
        for alert in self.fresh.drain(..) {
            let at = at.max(alert.last_fire).max(alert.last_seen).max(alert.revised_at);
            if is_closed(&alert) {
                self.due.insert(alert.id, Timestamp::from_millis(u64::MAX)); // for good
            }
            self.due.entry(alert.id).or_insert(at);
            self.first.entry(alert.id).or_insert_with(|| alert.clone());
            self.alerts.insert(alert.id, alert);
        }
    }
}

fn is_closed(alert: &Alert) -> bool {
    !matches!(alert.state, AlertState::Open | AlertState::Resolved)
}
