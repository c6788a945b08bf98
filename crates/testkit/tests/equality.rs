//! Equality (P8): the alerts told are a function of the set of records and of log time, and that function is the oracle's.
//!
//! `CHAPPE_CASES` sets the number of generated cases (10,000), `CHAPPE_SEED` the first seed (0). A failing case names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::Write;

use chappe_model::{Alert, AlertId, AlertState};
use chappe_testkit::{Case, Deliveries, Oracle, World, check_seeds, differences, live, number, secret};

#[test]
fn told_alerts_are_the_oracles_whatever_the_order_the_shards_and_the_crashes() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 10_000));
    let alive = check_seeds(first..first + cases, || Oracle::start().unwrap(), check);
    writeln!(
        std::io::stderr(),
        "{cases} cases, {alive} with a live alert ({} %)",
        alive * 100 / cases
    )
    .unwrap();
    assert!(alive * 2 >= cases, "only {alive} of {cases} cases have a live alert");
}

/// Returns whether the case has an open alert at its end.
fn check(oracle: &mut Oracle, seed: u64) -> u64 {
    let case = Case::generate(seed);
    let expected = oracle.alerts(&case).unwrap();
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x5eed);
    for deliveries in [Deliveries::in_order(&case), Deliveries::shuffled(&case, &mut rng)] {
        let told = World::new(&case).run(deliveries.clone());
        let found = differences(&secret(), &live(&told), &expected);
        assert!(
            found.is_empty(),
            "seed {seed}: {found:#?}\n{:?} shards {} crashes {:?}",
            deliveries.turns,
            deliveries.shards,
            deliveries.crashes
        );
        revisions_rise_and_ids_resolve(seed, &told);
    }
    u64::from(expected.iter().any(|alert| alert["state"] == "open"))
}

fn revisions_rise_and_ids_resolve(seed: u64, told: &[Alert]) {
    let mut last: BTreeMap<AlertId, &Alert> = BTreeMap::new();
    for alert in told {
        let before = last.insert(alert.id, alert).map_or(0, |earlier| earlier.revision);
        assert_eq!(
            alert.revision,
            before + 1,
            "seed {seed}: revisions of {} must rise by one",
            alert.id
        );
    }
    for alert in last.values() {
        let (mut at, mut steps) = (*alert, 0);
        while let AlertState::Superseded(heir) = at.state {
            at = last
                .get(&heir)
                .unwrap_or_else(|| panic!("seed {seed}: {} points at {heir}, which was never told", at.id));
            steps += 1;
            assert!(
                steps <= told.len(),
                "seed {seed}: {} is superseded in a circle",
                alert.id
            );
        }
    }
}
