use chappe_correlate::Detectors;
use chappe_model::{Alert, Audience};
use serde_json::{Value, json};

use crate::compare::live;
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

fn form(alert: &Alert) -> Value {
    let codes = |set: &chappe_model::CountrySet| set.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>();
    let audience = match &alert.audience {
        Audience::Countries(countries) => json!(codes(countries)),
        Audience::Eu => json!("eu"),
        Audience::Recipients | Audience::Reporter(_) => json!("of no surge"),
    };
    let surge = alert.surge.clone().unwrap_or_default();
    let bin = |bin: &chappe_model::SurgeBin| json!([bin.begins.as_millis(), bin.reports, bin.expected_milli]);
    let together = surge
        .together
        .map(|set| json!([set.begins.as_millis(), set.countries, set.watched, set.surprise_milli]));
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
