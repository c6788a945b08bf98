use chappe_model::Secret;
use fastrand::Rng;

use crate::case::{Case, Entry, PARTITIONS};

/// How a case reaches the core: the order in which entries of the partitions are read, repeated records, shard counts, crashes.
#[derive(Clone, Debug)]
pub struct Deliveries {
    /// Each partition as it stands in the log, repeats included.
    pub partitions: Vec<Vec<Entry>>,
    /// From which partition the next entry is read.
    pub turns: Vec<usize>,
    /// Shards at the start, 1 to 8.
    pub shards: usize,
    /// Crashes, in order.
    pub crashes: Vec<Crash>,
    /// So many keys of a shard are judged in one go when log time has passed.
    pub slice: usize,
}

/// One crash, and how the core comes back.
#[derive(Clone, Debug)]
pub struct Crash {
    /// After this many turns the snapshot was taken; none: there is none.
    pub snapshot_after: Option<usize>,
    /// After this many turns it crashed.
    pub after: usize,
    /// Of the alerts told since the snapshot, this share in percent had reached the log.
    pub durable_percent: usize,
    /// Shards after the crash.
    pub shards: usize,
}

impl Deliveries {
    /// Partition after partition in rising log time, one shard, no crash.
    #[must_use]
    pub fn in_order(case: &Case) -> Self {
        let partitions = case.partitions.clone();
        let mut next = vec![0; partitions.len()];
        let mut turns = vec![];
        let stamp = |entry: &Entry| match entry {
            Entry::Report(stamp, _) | Entry::Mark(stamp) => *stamp,
        };
        loop {
            let waiting = (0..partitions.len()).filter(|p| next[*p] < partitions[*p].len());
            let Some(first) = waiting.min_by_key(|p| (stamp(&partitions[*p][next[*p]]), *p)) else {
                break;
            };
            next[first] += 1;
            turns.push(first);
        }
        Self {
            partitions,
            turns,
            shards: 1,
            crashes: vec![],
            slice: usize::MAX,
        }
    }

    /// Any order that keeps each partition's, with repeats, 1 to 8 shards, up to two crashes, and what is due judged in slices.
    #[must_use]
    pub fn shuffled(case: &Case, rng: &mut Rng) -> Self {
        let mut partitions = case.partitions.clone();
        for _ in 0..rng.usize(0..4) {
            repeat(&mut partitions[rng.usize(0..usize::from(PARTITIONS))], rng);
        }
        let mut turns: Vec<usize> = partitions
            .iter()
            .enumerate()
            .flat_map(|(p, entries)| vec![p; entries.len()])
            .collect();
        rng.shuffle(&mut turns);
        let mut crashes = vec![];
        let mut from = 0;
        for _ in 0..rng.usize(0..3) {
            let after = rng.usize(from..=turns.len());
            let snapshot_after = (rng.u8(0..4) > 0).then(|| rng.usize(from..=after));
            crashes.push(Crash {
                snapshot_after,
                after,
                durable_percent: rng.usize(0..=100),
                shards: rng.usize(1..=8),
            });
            from = after;
        }
        Self {
            partitions,
            turns,
            shards: rng.usize(1..=8),
            crashes,
            slice: *rng.choice(&[1, 2, 5, usize::MAX]).unwrap_or(&1),
        }
    }
}

/// Writes a record of the partition once more, further back, as a retry after an unknown outcome does.
fn repeat(partition: &mut Vec<Entry>, rng: &mut Rng) {
    let reports: Vec<usize> = (0..partition.len())
        .filter(|i| matches!(partition[*i], Entry::Report(..)))
        .collect();
    let Some(again) = rng.choice(reports) else { return };
    let at = rng.usize(again + 1..=partition.len());
    let Entry::Report(_, accepted) = partition[again].clone() else {
        return;
    };
    debug_assert!(Secret::partition(accepted.id, PARTITIONS) < PARTITIONS);
    // Stamped like its neighbour before, so that it moves no log time: the set of accepted records stays the same.
    let stamp = match &partition[at - 1] {
        Entry::Report(stamp, _) | Entry::Mark(stamp) => *stamp,
    };
    partition.insert(at, Entry::Report(stamp, accepted));
}
