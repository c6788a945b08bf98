//! Equality of linking: the campaigns told are a function of the set of records and of log time, and that function is
//! `tests/oracle/linking.py`.
//!
//! `CHAPPE_CASES` sets the number of generated cases (1,500), `CHAPPE_SEED` the first seed (0). A failing case names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use chappe_model::{Alert, AlertId, AlertState};
use chappe_testkit::{
    Deliveries, Oracle, campaigns_expected, campaigns_to_tell, campaigns_told, check_seeds, link_policy, linking_case,
    number, run_linking,
};
use serde_json::Value;

#[test]
fn told_campaigns_are_the_oracles_whatever_the_order_and_the_crashes() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 1_500));
    let alive = check_seeds(first..first + cases, || Oracle::of_linking().unwrap(), check);
    writeln!(std::io::stderr(), "{cases} cases, {alive} with a standing campaign").unwrap();
    assert!(
        alive * 3 >= cases,
        "only {alive} of {cases} cases have a standing campaign"
    );
}

/// Returns whether a campaign stands at the end.
fn check(oracle: &mut Oracle, seed: u64) -> u64 {
    let case = linking_case(seed);
    let policy = link_policy();
    let found = oracle.campaigns(&policy, &case.reports(), case.now).unwrap();
    let expected = campaigns_expected(found);
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x5eed);
    for deliveries in [Deliveries::in_order(&case), Deliveries::shuffled(&case, &mut rng)] {
        let told = run_linking(&case, &policy, &deliveries);
        let found = campaigns_told(&told);
        let expected = campaigns_to_tell(&expected, &told);
        let differing = differences(&found, &expected);
        assert!(
            differing.is_empty(),
            "seed {seed}: {differing:#?}\n{:?} crashes {:?}",
            deliveries.turns,
            deliveries.crashes
        );
        revisions_rise_and_ids_resolve(seed, &told);
    }
    u64::from(expected.iter().any(|campaign| campaign["state"] != "retracted"))
}

/// What differs, field by field.
fn differences(told: &[Value], expected: &[Value]) -> Vec<String> {
    let by_anchor = |campaigns: &[Value]| -> BTreeMap<String, Value> {
        let keyed = campaigns
            .iter()
            .map(|c| (format!("{} {}", c["realm"], c["anchor"]), c.clone()));
        keyed.collect()
    };
    let (told, expected) = (by_anchor(told), by_anchor(expected));
    let anchors: BTreeSet<&String> = told.keys().chain(expected.keys()).collect();
    let mut found = vec![];
    for anchor in anchors {
        match (told.get(anchor), expected.get(anchor)) {
            (Some(told), Some(expected)) => {
                let fields = told.as_object().into_iter().chain(expected.as_object()).flatten();
                let names: BTreeSet<&String> = fields.map(|(name, _)| name).collect();
                let differing = names.into_iter().filter(|name| told[*name] != expected[*name]);
                found.extend(
                    differing.map(|name| format!("{anchor} {name}: told {}, expected {}", told[name], expected[name])),
                );
            }
            (told, expected) => found.push(format!("{anchor}: told {told:?}, expected {expected:?}")),
        }
    }
    found
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
