use std::sync::Arc;

use chappe_correlate::Detectors;
use chappe_model::{Alert, Audience, CascadeWarning, Realm};
use serde_json::{Value, json};

use crate::cascade_case::CascadeCase;
use crate::compare::{live, with_digest};
use crate::deliveries::Deliveries;
use crate::whole_world::{Sought, run_whole};

/// Cascades on one case, over crashes: every revision that was told.
#[must_use]
pub fn run_cascades(case: &CascadeCase, deliveries: &Deliveries) -> Vec<Alert> {
    let sought = Sought {
        detectors: Detectors {
            cascades: Some(Arc::new(case.policy.clone())),
            ..Detectors::default()
        },
        lessons: &[],
    };
    run_whole(&case.case, &sought, deliveries)
}

/// What stands in an alerts log of cascades, in the oracle's form and order.
#[must_use]
pub fn cascades_told(told: &[Alert]) -> Vec<Value> {
    let mut found: Vec<Value> = live(told).iter().map(form).collect();
    found.sort_by_key(|alert| alert["anchor"].to_string() + &alert["key"].to_string());
    found
}

/// The oracle's alerts in the form and order of [`cascades_told`].
#[must_use]
pub fn cascades_expected(found: Vec<Value>) -> Vec<Value> {
    let mut found: Vec<Value> = found.into_iter().map(with_digest).collect();
    found.sort_by_key(|alert| alert["anchor"].to_string() + &alert["key"].to_string());
    found
}

/// Those of the oracle's alerts that were to be told: what came and went between two marks was told to nobody.
#[must_use]
pub fn cascades_to_tell(expected: &[Value], told: &[Value]) -> Vec<Value> {
    let is_same = |one: &Value, other: &Value| {
        (&one["key"], &one["anchor"], &one["exercise"]) == (&other["key"], &other["anchor"], &other["exercise"])
    };
    let to_tell = |alert: &&Value| alert["state"] != "retracted" || told.iter().any(|told| is_same(told, alert));
    expected.iter().filter(to_tell).cloned().collect()
}

fn form(alert: &Alert) -> Value {
    let codes = |set: &chappe_model::CountrySet| set.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>();
    let audience = match &alert.audience {
        Audience::Countries(countries) => json!(codes(countries)),
        Audience::Eu | Audience::Recipients | Audience::Reporter(_) => json!("of no cascade"),
    };
    let mut sectors: Vec<_> = alert.sectors.iter().map(|s| s.as_str()).collect();
    sectors.sort_unstable();
    let warnings = alert.cascade.iter().flat_map(|cascade| &cascade.warnings);
    json!({
        "key": alert.key.iter().map(|k| k.value.to_string()).collect::<Vec<_>>(), "state": alert.state.as_str(), "audience": audience,
        "anchor": [alert.anchor.0.as_millis(), alert.anchor.1.to_string()], "reports": alert.counts.reports, "members": alert.counts.members,
        "digest": chappe_model::hex(&alert.digest), "countries": codes(&alert.countries), "severity": alert.severity.as_str(),
        "tlp": alert.tlp.as_str(), "pap": alert.pap.as_str(), "sectors": sectors, "first_seen": alert.first_seen.as_millis(),
        "last_seen": alert.last_seen.as_millis(), "last_fire": alert.last_fire.as_millis(), "fires": alert.fires, "peak": alert.peak,
        "exercise": alert.compartment.realm == Realm::Exercise, "warnings": warnings.map(warning).collect::<Vec<_>>(),
    })
}

fn warning(warning: &CascadeWarning) -> Value {
    let node = |node: &chappe_model::CascadeNode| json!([node.sector.as_str(), node.country.as_str()]);
    json!({
        "sector": warning.node().map(|node| node.sector.as_str()), "path": warning.path.iter().map(node).collect::<Vec<_>>(),
        "until": warning.until.as_millis(), "state": warning.state.as_str(), "reports": warning.reports, "members": warning.members,
    })
}
