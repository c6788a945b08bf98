//! The properties that Chappe adds to the `report` of an alert. `docs/formats.md` describes them.

use serde_json::{Map, Value, json};

use crate::out::alert::{Told, ToldState, rfc3339};

/// The extension's properties; none is an empty list or text, which STIX does not allow.
pub(super) fn of(alert: &Told) -> Value {
    let superseded_by = match alert.state {
        ToldState::Superseded(Some(id)) => id.resource_name(),
        _ => String::new(),
    };
    let words = |values: Vec<&str>| json!(values);
    let key = alert
        .key
        .iter()
        .map(|(field, value)| json!({ "field": field, "value": value }));
    let all = json!({
        "extension_type": "property-extension",
        "alert": alert.id.resource_name(),
        "revision": alert.revision,
        "kind": alert.kind.as_str(),
        "state": alert.state.as_str(),
        "superseded_by": superseded_by,
        "severity": alert.severity.as_str(),
        "audience": alert.audience,
        "audience_countries": words(alert.audience_countries.iter().map(|country| country.as_str()).collect()),
        "pap": alert.pap.as_str(),
        "use": alert.usage,
        "recipients": alert.recipients,
        "key": key.collect::<Vec<Value>>(),
        "countries": words(alert.countries.iter().map(|country| country.as_str()).collect()),
        "sectors": words(alert.sectors.iter().map(|sector| sector.as_str()).collect()),
        "incident_types": words(alert.incident_types.iter().map(|rsit| rsit.as_str()).collect()),
        "reports": alert.reports,
        "unlisted": alert.unlisted,
        "members": alert.members,
        "digest": alert.digest,
        "first_seen": rfc3339(alert.first_seen_ms),
        "last_seen": rfc3339(alert.last_seen_ms),
        "exercise": alert.exercise,
        "uncorroborated": alert.uncorroborated,
        "held": alert.held,
        "rule": alert.rule,
        "rule_version": alert.rule_version,
        "advice": alert.advice,
    });
    let is_said = |value: &Value| value.as_array().is_none_or(|list| !list.is_empty()) && value != "";
    let said: Map<String, Value> = match all {
        Value::Object(all) => all.into_iter().filter(|(_, value)| is_said(value)).collect(),
        _ => Map::new(),
    };
    Value::Object(said)
}
