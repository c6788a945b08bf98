//! Equality of cascades: the alerts told are a function of the set of records and of log time, and that function is `tests/oracle/cascades.py`.
//!
//! `CHAPPE_CASES` sets the number of generated cases (2,000), `CHAPPE_SEED` the first seed (0). A failing case names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;

use chappe_testkit::{
    Deliveries, Oracle, cascade_case, cascades_expected, cascades_to_tell, cascades_told, check_seeds, number,
    run_cascades,
};
use serde_json::Value;

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
    let expected = cascades_expected(oracle.ask(&case.question()).unwrap());
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x5eed);
    for deliveries in [
        Deliveries::in_order(&case.case),
        Deliveries::shuffled(&case.case, &mut rng),
    ] {
        let found = cascades_told(&run_cascades(&case, &deliveries));
        let known: Vec<&Value> = found.iter().map(|found| &found["key"]).collect();
        let told = cascades_to_tell(&expected, &found);
        assert_eq!(
            found.len(),
            told.len(),
            "seed {seed}: told {known:#?}\nexpected {told:#?}"
        );
        for (found, expected) in found.iter().zip(&told) {
            assert_eq!(found, expected, "seed {seed}, crashes {:?}", deliveries.crashes);
        }
    }
    let warnings = || expected.iter().flat_map(|alert| alert["warnings"].as_array().unwrap());
    let far = warnings().any(|warning| warning["path"].as_array().unwrap().len() > 2);
    u64::from(warnings().next().is_some()) + FAR * u64::from(far)
}
