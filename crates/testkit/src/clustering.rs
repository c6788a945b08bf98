use std::collections::{BTreeMap, BTreeSet};

use chappe_model::IncidentId;

/// Incidents and the cluster each was put into. One that is missing is a cluster of its own.
pub type Clustering = BTreeMap<IncidentId, u64>;

/// How far a clustering agrees with the truth. All shares are from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// B-cubed precision (Bagga and Baldwin, 1998): over all incidents, the share of its cluster that is of its campaign.
    pub bcubed_precision: f64,
    /// Over all incidents, the share of its campaign that is in its cluster.
    pub bcubed_recall: f64,
    /// Their harmonic mean.
    pub bcubed_f1: f64,
    /// Of the pairs put together, those of one campaign.
    pub pairwise_precision: f64,
    /// Of the pairs of one campaign, those put together.
    pub pairwise_recall: f64,
    /// Of the clusters of two or more incidents, those that hold incidents of more than one campaign, or strangers.
    pub over_merged: f64,
    /// Of the campaigns of two or more incidents, those in more than one cluster.
    pub split: f64,
    /// Pairs of campaigns, each with two or more incidents in one cluster.
    pub welds: usize,
}

impl Scores {
    /// Compares with the truth; incidents without an entry in `labels` are left aside. One that belongs to no campaign is one of its own.
    #[must_use]
    pub fn of(labels: &BTreeMap<IncidentId, Option<u32>>, found: &Clustering) -> Self {
        let mut truth = Groups::default();
        let mut clusters = Groups::default();
        let mut both: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        for ((incident, label), own) in labels.iter().zip(1 << 40..) {
            let campaign = label.map_or(own, u64::from);
            let cluster = found.get(incident).copied().unwrap_or(own);
            truth.add(campaign);
            clusters.add(cluster);
            *both.entry((campaign, cluster)).or_default() += 1;
        }
        let total = labels.len().max(1) as f64;
        let (mut precision, mut recall, mut pairs) = (0.0, 0.0, 0.0);
        let mut campaigns_in: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        let mut clusters_of: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        let mut welded: BTreeMap<u64, usize> = BTreeMap::new();
        for ((campaign, cluster), shared) in &both {
            let n = *shared as f64;
            precision += n * n / clusters.size(*cluster);
            recall += n * n / truth.size(*campaign);
            pairs += pairs_in(n);
            campaigns_in.entry(*cluster).or_default().push(*campaign);
            clusters_of.entry(*campaign).or_default().insert(*cluster);
            if *shared >= 2 {
                *welded.entry(*cluster).or_default() += 1;
            }
        }
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let mixed = campaigns_in.values().filter(|campaigns| campaigns.len() > 1).count();
        let torn = clusters_of.values().filter(|clusters| clusters.len() > 1).count();
        let (precision, recall) = (precision / total, recall / total);
        Self {
            bcubed_precision: precision,
            bcubed_recall: recall,
            bcubed_f1: 2.0 * precision * recall / (precision + recall),
            pairwise_precision: pairs / clusters.pairs().max(1.0),
            pairwise_recall: pairs / truth.pairs().max(1.0),
            over_merged: share(mixed, clusters.of_two()),
            split: share(torn, truth.of_two()),
            welds: welded.values().map(|campaigns| campaigns * (campaigns - 1) / 2).sum(),
        }
    }
}

fn pairs_in(n: f64) -> f64 {
    n * (n - 1.0) / 2.0
}

#[derive(Default)]
struct Groups(BTreeMap<u64, u64>);

impl Groups {
    fn add(&mut self, group: u64) {
        *self.0.entry(group).or_default() += 1;
    }

    fn size(&self, group: u64) -> f64 {
        self.0.get(&group).copied().unwrap_or(1) as f64
    }

    fn pairs(&self) -> f64 {
        self.0.values().map(|size| pairs_in(*size as f64)).sum()
    }

    fn of_two(&self) -> usize {
        self.0.values().filter(|size| **size >= 2).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(n: u8) -> IncidentId {
        IncidentId::from_bytes([n; 16])
    }

    #[test]
    fn scores_are_those_counted_by_hand() {
        // Two campaigns of two, one stranger; found: three together, of which two are of one campaign, and two alone.
        let labels = BTreeMap::from([
            (incident(1), Some(1)),
            (incident(2), Some(1)),
            (incident(3), Some(2)),
            (incident(4), Some(2)),
            (incident(5), None),
        ]);
        let found = Clustering::from([(incident(1), 7), (incident(2), 7), (incident(3), 7)]);
        let scores = Scores::of(&labels, &found);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        close(scores.bcubed_precision, (2.0 / 3.0 * 2.0 + 1.0 / 3.0 + 1.0 + 1.0) / 5.0);
        close(scores.bcubed_recall, (1.0 + 1.0 + 0.5 + 0.5 + 1.0) / 5.0);
        close(scores.pairwise_precision, 1.0 / 3.0);
        close(scores.pairwise_recall, 0.5);
        close(scores.over_merged, 1.0);
        close(scores.split, 0.5);
        assert_eq!(scores.welds, 0);
        let welded = Clustering::from([1, 2, 3, 4].map(|n| (incident(n), 1)));
        assert_eq!(Scores::of(&labels, &welded).welds, 1);
    }
}
