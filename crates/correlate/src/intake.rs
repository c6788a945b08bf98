//! The partitions of the log as correlation reads them: each with its fold, its log time and its last time mark.

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_model::{Accepted, MemberId, Policy, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fold::{Fold, FoldState};
use crate::sighting::Sighting;

/// Folds every partition and knows how far log time has passed.
#[derive(Debug)]
pub struct Intake {
    partitions: Vec<Partition>,
    watermark: Timestamp,
}

#[derive(Debug)]
struct Partition {
    fold: Fold,
    /// Log time: the running maximum of stamps.
    time: Timestamp,
    /// Log time of the last mark. Only marks move the watermark: a report must not tell, by moving time, that it is there.
    marked: Timestamp,
}

/// What a snapshot holds of one partition.
#[derive(Debug, Serialize, Deserialize)]
pub struct PartitionState {
    fold: FoldState,
    time: Timestamp,
    marked: Timestamp,
}

impl Intake {
    /// Starts at the beginning of `partitions` partitions.
    #[must_use]
    pub fn new(secret: &Secret, policy: &Arc<Policy>, partitions: u16) -> Self {
        let fresh = || Partition {
            fold: Fold::new(secret.clone(), Arc::clone(policy)),
            time: Timestamp::ZERO,
            marked: Timestamp::ZERO,
        };
        Self {
            partitions: (0..partitions).map(|_| fresh()).collect(),
            watermark: Timestamp::ZERO,
        }
    }

    /// Goes on from a snapshot.
    #[must_use]
    pub fn restore(secret: &Secret, policy: &Arc<Policy>, states: Vec<PartitionState>) -> Self {
        let partition = |state: PartitionState| Partition {
            fold: Fold::restore(secret.clone(), Arc::clone(policy), state.fold),
            time: state.time,
            marked: state.marked,
        };
        let partitions: Vec<Partition> = states.into_iter().map(partition).collect();
        let watermark = partitions.iter().map(|p| p.marked).min().unwrap_or_default();
        Self { partitions, watermark }
    }

    /// What a snapshot holds.
    pub fn states(&self) -> impl Iterator<Item = PartitionStateRef<'_>> {
        self.partitions.iter().map(|p| PartitionStateRef {
            fold: p.fold.state(),
            time: p.time,
            marked: p.marked,
        })
    }

    /// Takes the next record of a partition, stamped `stamp`; returns its log time.
    pub fn record(
        &mut self,
        partition: u16,
        stamp: Timestamp,
        accepted: &Accepted,
        emit: &mut Vec<Sighting>,
    ) -> Timestamp {
        let Some(partition) = self.partitions.get_mut(usize::from(partition)) else {
            return Timestamp::ZERO;
        };
        partition.time = partition.time.max(stamp);
        partition.fold.apply(partition.time, accepted, emit);
        partition.time
    }

    /// The log time of what stands next in a partition, unless its own stamp is later.
    #[must_use]
    pub fn time(&self, partition: u16) -> Timestamp {
        let partition = self.partitions.get(usize::from(partition));
        partition.map_or(Timestamp::ZERO, |partition| partition.time)
    }

    /// Takes the next time mark of a partition; returns the watermark if that moved it.
    pub fn mark(&mut self, partition: u16, stamp: Timestamp) -> Option<Timestamp> {
        let partition = self.partitions.get_mut(usize::from(partition))?;
        partition.time = partition.time.max(stamp);
        partition.marked = partition.marked.max(stamp);
        let watermark = self.partitions.iter().map(|p| p.marked).min()?;
        if watermark <= self.watermark {
            return None;
        }
        self.watermark = watermark;
        self.partitions.iter_mut().for_each(|p| p.fold.advance(watermark));
        Some(watermark)
    }

    /// The contributions that a revision may still change, of each member that has any. Each member is counted once for each partition, so it
    /// costs in proportion to members, not to contributions.
    #[must_use]
    pub fn live(&self) -> BTreeMap<MemberId, u64> {
        let mut live = BTreeMap::new();
        for (member, count) in self.partitions.iter().flat_map(|partition| partition.fold.live()) {
            *live.entry(member.clone()).or_default() += count;
        }
        live
    }

    /// Log time that every partition has passed.
    #[must_use]
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }
}

/// [`PartitionState`] by reference, for writing.
#[derive(Debug, Serialize)]
pub struct PartitionStateRef<'a> {
    fold: &'a FoldState,
    time: Timestamp,
    marked: Timestamp,
}
