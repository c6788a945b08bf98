use chappe_correlate::Detectors;
use chappe_model::{Alert, Audience};
use serde_json::{Value, json};

use crate::compare::{live, with_digest};
use crate::deliveries::Deliveries;
use crate::surge_case::SurgeCase;
use crate::whole_world::{Sought, run_whole};

/// Surges on one case, over crashes: every revision that was told.
#[must_use]
pub fn run_surges(case: &SurgeCase, deliveries: &Deliveries) -> Vec<Alert> {
    let sought = Sought {
        detectors: Detectors {
            surges: true,
            ..Detectors::default()
        },
        lessons: &case.lessons,
    };
    run_whole(&case.case, &sought, deliveries)
}

/// What stands in an alerts log of surges, in the oracle's form and order.
#[must_use]
pub fn surges_told(told: &[Alert]) -> Vec<Value> {
    let mut found: Vec<Value> = live(told).iter().map(form).collect();
    found.sort_by_key(|alert| alert["anchor"].to_string() + &alert["key"].to_string());
    found
}

/// The oracle's alerts in the form and order of [`surges_told`].
///
/// # Panics
/// When they are not those of `tests/oracle/surges.py`.
#[must_use]
#[allow(clippy::expect_used, reason = "for tests only")]
pub fn surges_expected(found: Vec<Value>) -> Vec<Value> {
    let milli = |value: &Value| json!((value.as_f64().expect("a number") * 1_000.0).round() as u64);
    let mut found: Vec<Value> = found.into_iter().map(with_digest).collect();
    for alert in &mut found {
        alert["score"] = milli(&alert["score"]);
        alert["threshold"] = milli(&alert["threshold"]);
        if let Some(set) = alert["together"].as_array_mut() {
            set[3] = milli(&set[3]);
        }
        for bin in alert["bins"].as_array_mut().expect("bins") {
            bin[2] = milli(&bin[2]);
        }
    }
    found.sort_by_key(|alert| alert["anchor"].to_string() + &alert["key"].to_string());
    found
}

fn form(alert: &Alert) -> Value {
    let codes = |set: &chappe_model::CountrySet| set.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>();
    let audience = match &alert.audience {
        Audience::Countries(countries) => json!(codes(countries)),
        Audience::Eu => json!("eu"),
        Audience::Recipients | Audience::Reporter(_) => json!("of no surge"),
    };
    let surge = alert.surge.clone().unwrap_or_default();
    let bin = |bin: &chappe_model::SurgeBin| json!([bin.begins.as_millis(), bin.reports, bin.expected_milli]);
    let together = surge.together.map(|set| {
        json!([
            set.begins.as_millis(),
            set.countries,
            set.watched,
            set.surprise_milli,
            set.sectors
        ])
    });
    let mut sectors: Vec<_> = alert.sectors.iter().map(|s| s.as_str()).collect();
    sectors.sort_unstable();
    json!({
        "key": alert.key.iter().map(|k| k.value.to_string()).collect::<Vec<_>>(), "state": alert.state.as_str(), "audience": audience,
        "anchor": [alert.anchor.0.as_millis(), alert.anchor.1.to_string()], "reports": alert.counts.reports, "members": alert.counts.members,
        "digest": chappe_model::hex(&alert.digest), "countries": codes(&alert.countries), "severity": alert.severity.as_str(),
        "tlp": alert.tlp.as_str(), "pap": alert.pap.as_str(), "sectors": sectors, "first_seen": alert.first_seen.as_millis(),
        "last_seen": alert.last_seen.as_millis(), "last_fire": alert.last_fire.as_millis(), "fires": alert.fires,
        "score": surge.score_milli, "threshold": surge.threshold_milli, "learned": surge.lesson,
        "together": together, "bins": surge.bins.iter().map(bin).collect::<Vec<_>>(),
    })
}

/// Whether a surge that was told is the one that was expected: thousandths may be rounded either way.
#[must_use]
pub fn surges_alike(found: &Value, expected: &Value) -> bool {
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
        _ => (found.as_u64().zip(expected.as_u64())).is_some_and(|(found, expected)| found.abs_diff(expected) <= 1),
    }
}
