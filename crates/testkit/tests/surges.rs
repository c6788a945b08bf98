//! Equality of surges: the alerts told are a function of the set of records and of log time, and that function is `tests/oracle/surges.py`.
//!
//! `CHAPPE_CASES` sets the number of generated cases (1,000), `CHAPPE_SEED` the first seed (0). A failing case names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;

use chappe_model::{IncidentId, bytes_of_hex, hex};
use chappe_testkit::{Deliveries, Oracle, check_seeds, number, run_surges, secret, surge_case, surges_told};
use serde_json::{Value, json};

#[test]
fn told_surges_are_the_oracles_whatever_the_order_and_the_crashes() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 1_000));
    let found = check_seeds(first..first + cases, || Oracle::of_surges().unwrap(), check);
    let [alive, whole, sector, set] = [0, 16, 32, 48].map(|at| found >> at & 0xffff);
    writeln!(
        std::io::stderr(),
        "{cases} cases, {alive} with a surge, {whole} with one over all countries, {sector} with one of a sector, {set} with one of a set of countries"
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
}

/// Tells in 16 bits each whether there is a surge, one over all countries, one of a sector, and one of a set of countries.
fn check(oracle: &mut Oracle, seed: u64) -> u64 {
    let case = surge_case(seed);
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
        let found = surges_told(&run_surges(&case, &deliveries));
        assert_eq!(
            found.len(),
            expected.len(),
            "seed {seed}: told {found:#?}\nexpected {expected:#?}"
        );
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                same(found, expected),
                "seed {seed}: told {found:#}\nexpected {expected:#}\ncrashes {:?}",
                deliveries.crashes
            );
        }
    }
    let any = |is: fn(&Value) -> bool| u64::from(expected.iter().any(is));
    let is_of_sector =
        |alert: &Value| alert["audience"] == "eu" && alert["key"].as_array().is_some_and(|key| key.len() == 2);
    any(|_| true)
        | any(|alert| alert["audience"] == "eu") << 16
        | any(is_of_sector) << 32
        | any(|alert| !alert["together"].is_null()) << 48
}

/// The oracle's alert in the form of [`surges_told`].
fn expected(mut alert: Value) -> Value {
    let milli = |value: &Value| json!((value.as_f64().unwrap() * 1_000.0).round() as u64);
    alert["score"] = milli(&alert["score"]);
    alert["threshold"] = milli(&alert["threshold"]);
    if let Some(set) = alert["together"].as_array_mut() {
        set[3] = milli(&set[3]);
    }
    for bin in alert["bins"].as_array_mut().unwrap() {
        bin[2] = milli(&bin[2]);
    }
    let set = alert.as_object_mut().unwrap().remove("set").unwrap();
    let ids = set
        .as_array()
        .unwrap()
        .iter()
        .map(|id| bytes_of_hex(id.as_str().unwrap()).unwrap());
    alert["digest"] = json!(hex(&secret().set_digest(ids.map(IncidentId::from_bytes))));
    alert
}

/// Thousandths may be rounded either way.
fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            found.len() == expected.len()
                && found.iter().all(|(name, value)| {
                    expected.get(name).is_some_and(|other| match name.as_str() {
                        "score" | "bins" | "together" => near(value, other),
                        _ => value == other,
                    })
                })
        }
        _ => found == expected,
    }
}

fn near(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found
                    .iter()
                    .zip(expected)
                    .all(|(found, expected)| near(found, expected))
        }
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        _ => found.as_u64().unwrap().abs_diff(expected.as_u64().unwrap()) <= 1,
    }
}
