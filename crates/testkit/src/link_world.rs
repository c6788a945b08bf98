use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_correlate::{Detectors, LinkPolicy};
use chappe_model::{Alert, AlertState, Audience, Realm, Timestamp};
use serde_json::{Value, json};

use crate::case::Case;
use crate::compare::{live, with_digest};
use crate::deliveries::Deliveries;
use crate::whole_world::{Sought, run_whole};

/// Linking on one case, over crashes: every revision that was told.
#[must_use]
pub fn run_linking(case: &Case, policy: &LinkPolicy, deliveries: &Deliveries) -> Vec<Alert> {
    let sought = Sought {
        detectors: Detectors {
            linking: Some(Arc::new(policy.clone())),
            ..Detectors::default()
        },
        lessons: &[],
    };
    run_whole(case, &sought, deliveries)
}

/// What stands in an alerts log of campaigns, in the oracle's form and order. Campaigns that others carry on are left out: to which they
/// point is looked at apart.
#[must_use]
pub fn campaigns_told(told: &[Alert]) -> Vec<Value> {
    let mut found: Vec<Value> = live(told).iter().map(form).collect();
    found.sort_by_key(ToString::to_string);
    found
}

/// The oracle's campaigns in the form and order of [`campaigns_told`], but for those that another carries on.
#[must_use]
pub fn campaigns_expected(found: Vec<Value>) -> Vec<Value> {
    let stands = found.into_iter().filter(|campaign| campaign["state"] != "superseded");
    let mut found: Vec<Value> = stands.map(with_digest).collect();
    found.sort_by_key(ToString::to_string);
    found
}

/// Those of the oracle's campaigns that were to be told: one that came and went between two marks was told to nobody.
#[must_use]
pub fn campaigns_to_tell(expected: &[Value], told: &[Alert]) -> Vec<Value> {
    let ever: BTreeSet<String> = told.iter().map(|alert| alert.anchor.1.to_string()).collect();
    let to_tell = |campaign: &&Value| {
        campaign["state"] != "retracted" || campaign["anchor"][1].as_str().is_some_and(|id| ever.contains(id))
    };
    expected.iter().filter(to_tell).cloned().collect()
}

fn form(alert: &Alert) -> Value {
    let codes = |set: &chappe_model::CountrySet| set.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>();
    let audience = match &alert.audience {
        Audience::Eu => json!("eu"),
        Audience::Countries(countries) => json!(codes(countries)),
        Audience::Recipients | Audience::Reporter(_) => json!("of no campaign"),
    };
    let realm = if alert.compartment.realm == Realm::Live {
        "live"
    } else {
        "exercise"
    };
    let mut value = json!({
        "realm": realm, "anchor": [alert.anchor.0.as_millis(), alert.anchor.1.to_string()], "audience": audience, "state": alert.state.as_str(),
    });
    if alert.state == AlertState::Retracted {
        return value;
    }
    let campaign = alert.campaign.clone().unwrap_or_default();
    let shared = |shared: &chappe_model::SharedValue| {
        json!([
            &*shared.value,
            shared.document_frequency,
            shared.prior_milli,
            shared.rarity_milli,
            shared.decay_milli,
            shared.weight_milli
        ])
    };
    let links = campaign.links.iter().map(|link| {
        let (earlier, later) = (link.earlier.0.to_string(), link.later.0.to_string());
        json!([
            earlier,
            later,
            link.time.as_millis(),
            link.shared.iter().map(shared).collect::<Vec<_>>()
        ])
    });
    let listed = alert
        .evidence
        .iter()
        .map(|e| json!([Timestamp::as_millis(e.time), e.incident.to_string()]));
    let mut sectors: Vec<_> = alert.sectors.iter().map(|s| s.as_str()).collect();
    sectors.sort_unstable();
    let mut types: Vec<_> = alert.incident_types.iter().map(|t| t.as_str()).collect();
    types.sort_unstable();
    let more = json!({
        "last_fire": alert.last_fire.as_millis(), "fires": alert.fires, "severity": alert.severity.as_str(), "tlp": alert.tlp.as_str(),
        "pap": alert.pap.as_str(), "countries": codes(&alert.countries), "sectors": sectors, "types": types, "reports": alert.counts.reports,
        "members": alert.counts.members, "digest": chappe_model::hex(&alert.digest), "listed": listed.collect::<Vec<_>>(),
        "observed": alert.key.iter().map(|k| k.value.to_string()).collect::<Vec<_>>(),
        "values": alert.values.iter().map(|v| v.to_string()).collect::<Vec<_>>(), "links": links.collect::<Vec<_>>(),
        "refused": campaign.refused.iter().map(|r| r.other.to_string()).collect::<Vec<_>>(),
    });
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}
