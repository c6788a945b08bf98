//! Equality (P8), without the oracle: whatever the schedule, one, two and eight shards leave the same bytes.
//!
//! `CHAPPE_SCHEDULES` sets the number of random schedules (1,000), `CHAPPE_SEED` the first seed (0). A failing schedule names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_model::{Alert, Timestamp};
use chappe_testkit::{Case, Deliveries, World, check_seeds, live, number};

/// Schedules of each case: all must end alike.
const SCHEDULES_OF_A_CASE: u64 = 4;

#[test]
fn one_two_and_eight_shards_leave_the_same_bytes() {
    let (first, schedules) = (number("CHAPPE_SEED", 0), number("CHAPPE_SCHEDULES", 1_000));
    let cases = schedules.div_ceil(SCHEDULES_OF_A_CASE);
    let alerts = check_seeds(first..first + cases, || (), |(), seed| check(seed));
    assert!(alerts >= cases, "only {alerts} alerts in {cases} cases");
}

/// Returns how many alerts the case leaves.
fn check(seed: u64) -> u64 {
    let case = Case::generate(seed);
    let in_order = left_by(&case, Deliveries::in_order(&case));
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x5a4d);
    for schedule in 0..SCHEDULES_OF_A_CASE {
        let deliveries = Deliveries::shuffled(&case, &mut rng);
        for shards in [1, 2, 8] {
            let mut sharded = deliveries.clone();
            sharded.shards = shards;
            sharded.crashes.iter_mut().for_each(|crash| crash.shards = shards);
            let left = left_by(&case, sharded);
            assert_eq!(
                left.1, in_order.1,
                "seed {seed}: schedule {schedule} on {shards} shards"
            );
        }
    }
    u64::try_from(in_order.0).unwrap()
}

/// How many alerts live at the end, and their bytes: all of each but who wrote it, when and as which revision.
fn left_by(case: &Case, deliveries: Deliveries) -> (usize, String) {
    let told = World::new(case).run(deliveries);
    let bare = |alert: Alert| Alert {
        revision: 0,
        revised_at: Timestamp::ZERO,
        epoch: 0,
        ..alert
    };
    let alerts: Vec<Alert> = live(&told).into_iter().map(bare).collect();
    (alerts.len(), serde_json::to_string(&alerts).unwrap())
}
