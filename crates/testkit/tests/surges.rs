//! Equality of surges: the alerts told are a function of the set of records and of log time, and that function is `tests/oracle/surges.py`.
//!
//! `CHAPPE_CASES` sets the number of generated cases (700), `CHAPPE_SEED` the first seed (0). A failing case names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;

use chappe_testkit::{
    Deliveries, Oracle, check_seeds, number, run_surges, surge_case, surges_alike, surges_expected, surges_told,
};
use serde_json::Value;

/// Of each count of cases.
const BITS: u32 = 24;

#[test]
fn told_surges_are_the_oracles_whatever_the_order_and_the_crashes() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 700));
    let found = check_seeds(first..first + cases, || Oracle::of_surges().unwrap(), check);
    let [alive, whole, sector, set, mixed] = [0, 1, 2, 3, 4].map(|at| found >> (at * BITS) & ((1 << BITS) - 1));
    let cases = u128::from(cases);
    writeln!(
        std::io::stderr(),
        "{cases} cases, {alive} with a surge, {whole} with one over all countries, {sector} with one of a sector, {set} with one of a set of countries, {mixed} with one of a set over sectors too"
    )
    .unwrap();
    assert!(alive * 2 >= cases, "only {alive} of {cases} cases have a surge");
    assert!(
        whole * 20 >= cases,
        "only {whole} of {cases} cases have one over all countries"
    );
    assert!(
        sector * 50 >= cases,
        "only {sector} of {cases} cases have one of a sector"
    );
    assert!(
        set * 50 >= cases,
        "only {set} of {cases} cases have one of a set of countries"
    );
    assert!(
        mixed * 100 >= cases,
        "only {mixed} of {cases} cases have one of a set of countries and sectors"
    );
}

/// Tells in [`BITS`] bits each whether there is a surge, one over all countries, one of a sector, one of a set of countries, and one of a set of countries
/// and sectors.
fn check(oracle: &mut Oracle, seed: u64) -> u128 {
    let case = surge_case(seed);
    let expected = surges_expected(oracle.ask(&case.question()).unwrap());
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x5eed);
    for deliveries in [
        Deliveries::in_order(&case.case),
        Deliveries::shuffled(&case.case, &mut rng),
    ] {
        let found = surges_told(&run_surges(&case, &deliveries));
        assert_eq!(
            found.len(),
            expected.len(),
            "seed {seed}: told {found:#?}\nexpected {expected:#?}"
        );
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                surges_alike(found, expected),
                "seed {seed}: told {found:#}\nexpected {expected:#}\ncrashes {:?}",
                deliveries.crashes
            );
        }
    }
    let any = |is: fn(&Value) -> bool, place: u32| u128::from(expected.iter().any(is)) << (place * BITS);
    let is_of_sector =
        |alert: &Value| alert["audience"] == "eu" && alert["key"].as_array().is_some_and(|key| key.len() == 2);
    any(|_| true, 0)
        | any(|alert| alert["audience"] == "eu", 1)
        | any(is_of_sector, 2)
        | any(|alert| !alert["together"].is_null(), 3)
        | any(
            |alert| alert["together"][4].as_u64().is_some_and(|sectors| sectors > 0),
            4,
        )
}
