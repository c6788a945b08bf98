use std::sync::Arc;

use chappe_model::{Accepted, Alert, Policy, Secret, Timestamp};

use crate::count::CountState;
use crate::intake::Intake;
use crate::shard::{Shard, shard_of};
use crate::sighting::Sighting;
use crate::snapshot::{Snapshot, SnapshotError, encode_snapshot};

/// All stages in one place and one thread: intake, shards, alerts. The service runs the same parts on threads fed by rings.
#[derive(Debug)]
pub struct Engine {
    policy: Arc<Policy>,
    intake: Intake,
    positions: Vec<u64>,
    shards: Vec<Shard>,
    sightings: Vec<Sighting>,
    alerts: Vec<Alert>,
    /// Keys judged in one go when log time has passed.
    slice: usize,
}

impl Engine {
    /// Starts at the beginning of the log.
    #[must_use]
    pub fn new(secret: &Secret, policy: Policy, partitions: u16, shards: usize, epoch: u64) -> Self {
        let policy = Arc::new(policy);
        let intake = Intake::new(secret, &policy, partitions);
        let shards = (0..shards.max(1))
            .map(|_| Shard::new(secret.clone(), &policy, epoch))
            .collect();
        Self {
            policy,
            intake,
            positions: vec![0; usize::from(partitions)],
            shards,
            sightings: vec![],
            alerts: vec![],
            slice: usize::MAX,
        }
    }

    /// From now on judges so many keys of a shard in one go when log time has passed, and the next ones with the next record, as the service
    /// does where much is due at once.
    pub fn in_slices(&mut self, slice: usize) {
        self.slice = slice.max(1);
    }

    /// Goes on from a snapshot, with any number of shards.
    ///
    /// # Errors
    /// When the snapshot cannot serve.
    pub fn restore(
        secret: &Secret,
        policy: Policy,
        partitions: u16,
        shards: usize,
        epoch: u64,
        bytes: &[u8],
    ) -> Result<Self, SnapshotError> {
        let snapshot = Snapshot::decode(bytes, &policy, partitions)?;
        let mut engine = Self::new(secret, policy, partitions, shards, epoch);
        engine.intake = Intake::restore(secret, &engine.policy, snapshot.partitions);
        engine.positions = snapshot.positions;
        let count = engine.shards.len();
        for state in snapshot.shards {
            engine
                .shards
                .iter_mut()
                .zip(state.split(count))
                .for_each(|(shard, part)| shard.restore(part));
        }
        Ok(engine)
    }

    /// Learns what was told before, in log order.
    pub fn recall(&mut self, alert: Alert) {
        let shard = shard_of(alert.key_hash, self.shards.len());
        self.shards[shard].recall(alert);
    }

    /// Takes the next record of a partition.
    pub fn record(&mut self, partition: u16, stamp: Timestamp, accepted: &Accepted) {
        self.positions[usize::from(partition)] += 1;
        let at = self.intake.record(partition, stamp, accepted, &mut self.sightings);
        let count = self.shards.len();
        for sighting in self.sightings.drain(..) {
            self.shards[shard_of(sighting.key_hash, count)].apply(at, &sighting, &mut self.alerts);
        }
        self.go_on();
    }

    /// Takes the next time mark of a partition.
    pub fn mark(&mut self, partition: u16, stamp: Timestamp) {
        self.positions[usize::from(partition)] += 1;
        if let Some(watermark) = self.intake.mark(partition, stamp) {
            self.shards.iter_mut().for_each(|shard| shard.pass(watermark));
        }
        self.go_on();
    }

    /// One slice of what is due.
    fn go_on(&mut self) {
        for shard in &mut self.shards {
            shard.go_on(self.slice, &mut self.alerts);
        }
    }

    /// The log has been read up to where it was at the start: from now on every change is judged at once.
    pub fn settle(&mut self) {
        self.shards.iter_mut().for_each(|shard| shard.settle(&mut self.alerts));
    }

    /// Judges and tells everything that could wait.
    pub fn flush(&mut self) {
        for shard in &mut self.shards {
            while shard.go_on(usize::MAX, &mut self.alerts) {}
        }
        self.shards.iter_mut().for_each(|shard| shard.flush(&mut self.alerts));
    }

    /// Alert revisions since the last call, in the order they must be appended to the log.
    pub fn drain(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.alerts)
    }

    /// For each partition the position of the next record to read.
    #[must_use]
    pub fn positions(&self) -> &[u64] {
        &self.positions
    }

    /// Log time that every partition has passed.
    #[must_use]
    pub fn watermark(&self) -> Timestamp {
        self.intake.watermark()
    }

    /// A snapshot of now. It is valid once everything drained is durable.
    ///
    /// # Errors
    /// When a state cannot be encoded.
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        let shards: Vec<CountState> = self.shards.iter().map(Shard::state).collect();
        encode_snapshot(&self.policy, &self.positions, &self.intake, &shards, &[])
    }
}
