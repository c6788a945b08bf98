//! Equality of cascades: the alerts told are a function of the set of records and of log time, and that function is `tests/oracle/cascades.py`.
//!
//! `CHAPPE_CASES` sets the number of generated cases (2,000), `CHAPPE_SEED` the first seed (0). A failing case names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;

use chappe_model::{IncidentId, bytes_of_hex, hex};
use chappe_testkit::{Deliveries, Oracle, cascade_case, cascades_told, check_seeds, number, run_cascades, secret};
use serde_json::{Value, json};

#[test]
fn told_cascades_are_the_oracles_whatever_the_order_and_the_crashes() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 2_000));
    let found = check_seeds(first..first + cases, || Oracle::of_cascades().unwrap(), check);
    let [alive, far] = [found % FAR, found / FAR];
    writeln!(
        std::io::stderr(),
        "{cases} cases, {alive} with a cascade, {far} with a path over a confirmed warning"
    )
    .unwrap();
    assert!(alive * 2 >= cases, "only {alive} of {cases} cases have a cascade");
    assert!(far * 10 >= cases, "only {far} of {cases} cases have a long path");
}

/// What a long path counts beside a cascade of whatever kind.
const FAR: u64 = 1 << 32;

/// Returns whether there is a cascade, and whether there is one with a long path.
fn check(oracle: &mut Oracle, seed: u64) -> u64 {
    let case = cascade_case(seed);
    let mut expected: Vec<Value> = oracle
        .ask(&case.question())
        .unwrap()
        .into_iter()
        .map(expected)
        .collect();
    expected.sort_by_key(|alert| alert["anchor"].to_string() + &alert["key"].to_string());
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x5eed);
    for deliveries in [
        Deliveries::in_order(&case.case),
        Deliveries::shuffled(&case.case, &mut rng),
    ] {
        let found = cascades_told(&run_cascades(&case, &deliveries));
        let known: Vec<&Value> = found.iter().map(|found| &found["key"]).collect();
        // What came and went between two marks was told to nobody.
        let told = expected
            .iter()
            .filter(|alert| alert["state"] != "retracted" || found.iter().any(|found| is_same(found, alert)));
        let told: Vec<&Value> = told.collect();
        assert_eq!(
            found.len(),
            told.len(),
            "seed {seed}: told {known:#?}\nexpected {told:#?}"
        );
        for (found, expected) in found.iter().zip(told) {
            assert_eq!(found, expected, "seed {seed}, crashes {:?}", deliveries.crashes);
        }
    }
    let warnings = || expected.iter().flat_map(|alert| alert["warnings"].as_array().unwrap());
    let far = warnings().any(|warning| warning["path"].as_array().unwrap().len() > 2);
    u64::from(warnings().next().is_some()) + FAR * u64::from(far)
}

fn is_same(one: &Value, other: &Value) -> bool {
    (&one["key"], &one["anchor"], &one["exercise"]) == (&other["key"], &other["anchor"], &other["exercise"])
}

/// The oracle's alert in the form of [`cascades_told`].
fn expected(mut alert: Value) -> Value {
    let set = alert.as_object_mut().unwrap().remove("set").unwrap();
    let ids = set.as_array().unwrap().iter();
    let ids = ids.map(|id| bytes_of_hex(id.as_str().unwrap()).unwrap());
    alert["digest"] = json!(hex(&secret().set_digest(ids.map(IncidentId::from_bytes))));
    alert
}
