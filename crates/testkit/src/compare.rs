use std::collections::BTreeMap;

use chappe_model::{
    Alert, AlertId, AlertKind, AlertState, Audience, Compartment, IncidentId, Realm, Secret, Timestamp, bytes_of_hex,
    hex,
};
use serde_json::{Value, json};

use crate::case::secret;

/// The live view of an alerts log: the last revision of every alert that no other carries on.
#[must_use]
pub fn live(alerts_log: &[Alert]) -> Vec<Alert> {
    let last: BTreeMap<AlertId, &Alert> = alerts_log.iter().map(|alert| (alert.id, alert)).collect();
    last.into_values()
        .filter(|alert| !matches!(alert.state, AlertState::Superseded(_)))
        .cloned()
        .collect()
}

/// The oracle's alert with the digest of the reports behind it in the place of their ids.
#[allow(clippy::expect_used, reason = "for tests only")]
pub(crate) fn with_digest(mut alert: Value) -> Value {
    let fields = alert.as_object_mut().expect("an alert");
    if let Some(set) = fields.remove("set").or_else(|| fields.remove("contributing")) {
        let ids = set
            .as_array()
            .expect("ids")
            .iter()
            .filter_map(|id| bytes_of_hex(id.as_str()?));
        let digest = secret().set_digest(ids.map(IncidentId::from_bytes));
        fields.insert("digest".to_owned(), json!(hex(&digest)));
    }
    alert
}

/// An alert in the oracle's form, with its id and digest.
#[must_use]
pub fn canonical(alert: &Alert) -> Value {
    let codes = |set: &chappe_model::CountrySet| set.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>();
    let audience = match &alert.audience {
        Audience::Eu => json!("eu"),
        Audience::Countries(countries) => json!(codes(countries)),
        Audience::Recipients => json!("recipients"),
        Audience::Reporter(reporter) => json!(format!("reporter:{reporter}")),
    };
    let realm = if alert.compartment.realm == Realm::Live {
        "live"
    } else {
        "exercise"
    };
    let recipients = alert
        .compartment
        .recipients
        .as_ref()
        .map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>());
    let mut value = json!({
        "id": alert.id.to_string(), "digest": hex(&alert.digest), "rule": &*alert.rule.id, "kind": alert.rule.kind.as_str(), "room": [realm, recipients],
        "key_hash": format!("{:032x}", alert.key_hash.0), "anchor": [alert.anchor.0.as_millis(), alert.anchor.1.to_string()],
        "last_fire": alert.last_fire.as_millis(), "fires": alert.fires, "peak": alert.peak, "state": alert.state.as_str(), "audience": audience, "held": alert.held,
        "severity": alert.severity.as_str(), "tlp": alert.tlp.as_str(), "pap": alert.pap.as_str(), "countries": codes(&alert.countries),
        "sectors": alert.sectors.iter().map(|s| s.as_str()).collect::<Vec<_>>(),
        "types": alert.incident_types.iter().map(|t| t.as_str()).collect::<std::collections::BTreeSet<_>>(),
        "values": alert.values.iter().map(|v| v.to_string()).collect::<Vec<_>>(),
        "reports": alert.counts.reports, "unlisted": alert.counts.unlisted, "members": alert.counts.members,
        "first_seen": alert.first_seen.as_millis(), "last_seen": alert.last_seen.as_millis(),
        "listed": alert.evidence.iter().map(|e| json!([e.time.as_millis(), e.incident.to_string()])).collect::<Vec<_>>(),
    });
    // An urgent alert shows what its report observed in place of its key, which is the reporter.
    let shown = if alert.rule.kind == AlertKind::Urgent {
        "observed"
    } else {
        "key"
    };
    value[shown] = json!(alert.key.iter().map(|k| k.value.to_string()).collect::<Vec<_>>());
    sorted_sets(value)
}

fn sorted_sets(mut value: Value) -> Value {
    for field in ["sectors", "types", "observed"] {
        if let Some(items) = value[field].as_array_mut() {
            items.sort_by_key(ToString::to_string);
        }
    }
    value
}

/// What the oracle says, in the form of [`canonical`]: ids and digests are computed from what they rest on.
fn expected(secret: &Secret, alert: &Value) -> Option<Value> {
    let mut value = alert.clone();
    let rule = alert["rule"].as_str()?;
    let realm = if alert["room"][0] == "live" {
        Realm::Live
    } else {
        Realm::Exercise
    };
    let recipients = alert["room"][1]
        .as_array()
        .map(|list| list.iter().filter_map(|m| m.as_str()).map(crate::member).collect());
    let compartment = Compartment {
        realm,
        recipients: recipients.map(std::sync::Arc::new),
    };
    let key: Vec<&str> = alert["key"].as_array()?.iter().filter_map(Value::as_str).collect();
    let key_hash = secret.key_hash(rule, realm, &key);
    let anchor_incident = IncidentId::from_bytes(bytes_of_hex(alert["anchor"][1].as_str()?)?);
    let anchor = (Timestamp::from_millis(alert["anchor"][0].as_u64()?), anchor_incident);
    let contributing = alert["contributing"]
        .as_array()?
        .iter()
        .filter_map(|id| bytes_of_hex(id.as_str()?))
        .map(IncidentId::from_bytes);
    value["id"] = json!(secret.alert_id(rule, &compartment, key_hash, anchor).to_string());
    value["digest"] = json!(hex(&secret.set_digest(contributing)));
    value["key_hash"] = json!(format!("{:032x}", key_hash.0));
    let fields = value.as_object_mut()?;
    fields.remove("contributing");
    if alert["kind"] == "urgent" {
        fields.remove("key");
    }
    Some(sorted_sets(value))
}

/// What is told but not expected, and what is expected but not told; empty when both are equal.
#[must_use]
pub fn differences(secret: &Secret, told: &[Alert], oracle: &[Value]) -> Vec<String> {
    let told: BTreeMap<String, Value> = told.iter().map(canonical).map(|v| (v["id"].to_string(), v)).collect();
    let wanted: BTreeMap<String, Value> = oracle
        .iter()
        .filter_map(|alert| expected(secret, alert))
        .map(|v| (v["id"].to_string(), v))
        .collect();
    let mut found = vec![];
    if wanted.len() != oracle.len() {
        found.push(format!(
            "{} of the oracle's alerts have equal ids or no form",
            oracle.len() - wanted.len()
        ));
    }
    for (id, value) in &told {
        match wanted.get(id) {
            None => found.push(format!("told, not expected: {value}")),
            Some(other) if other != value => found.extend(fields_that_differ(value, other)),
            Some(_) => {}
        }
    }
    found.extend(
        wanted
            .iter()
            .filter(|(id, _)| !told.contains_key(*id))
            .map(|(_, value)| format!("expected, not told: {value}")),
    );
    found
}

fn fields_that_differ(told: &Value, wanted: &Value) -> Vec<String> {
    let fields = told.as_object().into_iter().flatten();
    let differing = fields.filter(|(field, value)| wanted[field.as_str()] != **value);
    differing
        .map(|(field, value)| {
            format!(
                "{} {}: {field}: told {value}, expected {}",
                told["rule"],
                told["id"],
                wanted[field.as_str()]
            )
        })
        .collect()
}
