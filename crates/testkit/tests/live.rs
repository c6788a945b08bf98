//! What the memory budget rests on: live contributions by member, counted step by step, and what a report opens at most.
//!
//! `CHAPPE_CASES` sets the number of cases (1,000), `CHAPPE_SEED` the first seed (0). A failing case names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chappe_correlate::{Intake, Sighting, Snapshot, encode_snapshot};
use chappe_model::{Accepted, Compartment, IncidentId, KeyHash, MemberId, Policy, Timestamp};
use chappe_testkit::{Case, Entry, check_seeds, number, secret};

#[test]
fn live_contributions_are_those_that_a_revision_may_change() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 1_000));
    let corrections = check_seeds(first..first + cases, || (), |(), seed| check(&Case::generate(seed)));
    assert!(
        corrections >= cases / 10,
        "only {corrections} revisions without a new key"
    );
}

/// Plays a case, with restarts from a snapshot; returns how many revisions were told to have no new key.
fn check(case: &Case) -> u64 {
    let seed = case.seed;
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x11fe);
    let policy = Arc::new(case.policy.clone());
    let partitions = u16::try_from(case.partitions.len()).unwrap();
    let mut intake = Intake::new(&secret(), &policy, partitions);
    let (mut open, mut before) = (Open::default(), HashMap::<IncidentId, Vec<&Accepted>>::new());
    let mut corrections = 0;
    for (partition, entry) in in_turns(case) {
        match entry {
            Entry::Mark(stamp) => {
                if let Some(watermark) = intake.mark(partition, *stamp) {
                    open.freeze(watermark);
                }
            }
            Entry::Report(stamp, accepted) => {
                let mut sightings = Vec::new();
                intake.record(partition, *stamp, accepted, &mut sightings);
                let opened = open.see(&policy, &sightings);
                assert!(
                    opened <= policy.keys_at_most(accepted),
                    "seed {seed}: {opened} by {accepted:?}"
                );
                let earlier = before.entry(accepted.id).or_default();
                if earlier.iter().any(|earlier| policy.has_no_new_key(accepted, earlier)) {
                    assert_eq!(opened, 0, "seed {seed}: {accepted:?} after {earlier:?}");
                    corrections += 1;
                }
                earlier.push(accepted);
            }
        }
        assert_eq!(intake.live(), open.by_member(), "seed {seed}");
        if rng.u8(0..4) == 0 {
            intake = restarted(&intake, &policy, partitions);
            assert_eq!(intake.live(), open.by_member(), "seed {seed}: counted again");
        }
    }
    corrections
}

/// The entries of all partitions, one of each in turn.
fn in_turns(case: &Case) -> impl Iterator<Item = (u16, &Entry)> {
    let longest = case.partitions.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(move |place| {
        let partitions = (0_u16..).zip(&case.partitions);
        partitions.filter_map(move |(partition, entries)| Some((partition, entries.get(place)?)))
    })
}

fn restarted(intake: &Intake, policy: &Arc<Policy>, partitions: u16) -> Intake {
    let positions = vec![0; usize::from(partitions)];
    let bytes = encode_snapshot(policy, &positions, intake, &[], &[]).unwrap();
    let snapshot = Snapshot::decode(&bytes, policy, partitions).unwrap();
    Intake::restore(&secret(), policy, snapshot.partitions)
}

/// A contribution: one incident under one key in one compartment.
type Name = (KeyHash, Arc<Compartment>, IncidentId);

/// The definition: what was ever sighted, and is not older than its rule's horizon.
#[derive(Default)]
struct Open {
    ever: HashSet<Name>,
    until: HashMap<Name, (MemberId, Timestamp)>,
}

impl Open {
    /// Returns how many contributions are new.
    fn see(&mut self, policy: &Policy, sightings: &[Sighting]) -> u64 {
        let mut opened = 0;
        for sighting in sightings {
            let contribution = &sighting.contribution;
            let name = (
                sighting.key_hash,
                Arc::clone(&sighting.compartment),
                contribution.incident,
            );
            if self.ever.insert(name.clone()) {
                let horizon = policy.horizon_ms(&policy.rules()[usize::from(sighting.rule)]);
                let until = contribution.time.plus(horizon);
                self.until.insert(name, (contribution.ever.reporter.clone(), until));
                opened += 1;
            }
        }
        opened
    }

    fn freeze(&mut self, watermark: Timestamp) {
        self.until.retain(|_, (_, until)| *until >= watermark);
    }

    fn by_member(&self) -> BTreeMap<MemberId, u64> {
        let mut live = BTreeMap::new();
        for (member, _) in self.until.values() {
            *live.entry(member.clone()).or_default() += 1;
        }
        live
    }
}
