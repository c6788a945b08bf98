//! Alerts as a MISP feed: a manifest, the hashes of all values, and a file for each event.

use std::collections::BTreeSet;

use chappe_model::{CrimeType, Indicator, IndicatorKind, Sector, Severity};
use jiff::tz::TimeZone;
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::alert::{Told, ToldState, rfc3339};
use crate::namespace;

/// The organisation that events are of.
pub(crate) const ORGANISATION: &str = "5d1c2b0e-9a4f-4c57-8a3d-1e6f0b7c9d21";

/// One file of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedFile {
    /// Its name in the feed's folder.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// The files of a feed of alerts, the manifest last: who writes them in this order never lists an event that is not there. Equal alerts in any order give
/// equal bytes; each event keeps its UUID from revision to revision.
#[must_use]
pub fn write_misp_feed(alerts: &[Told]) -> Vec<FeedFile> {
    let mut alerts: Vec<&Told> = alerts.iter().collect();
    alerts.sort_by_key(|alert| alert.id);
    let mut files = Vec::with_capacity(alerts.len() + 2);
    let mut manifest = Map::new();
    let mut hashes = String::new();
    for alert in alerts {
        let uuid = uuid(alert, "event");
        let event = event(alert, &uuid);
        let listed = [
            "info",
            "Orgc",
            "analysis",
            "timestamp",
            "date",
            "threat_level_id",
            "Tag",
        ];
        let listed = listed.map(|key| (key.to_owned(), event[key].clone()));
        manifest.insert(uuid.clone(), Value::Object(listed.into_iter().collect()));
        for indicator in alert.indicators() {
            hashes.push_str(&format!("{},{uuid}\n", hash(indicator.value())));
        }
        files.push(file(format!("{uuid}.json"), &json!({ "Event": event })));
    }
    files.push(FeedFile {
        name: "hashes.csv".to_owned(),
        text: hashes,
    });
    files.push(file("manifest.json".to_owned(), &Value::Object(manifest)));
    files
}

fn file(name: String, content: &Value) -> FeedFile {
    FeedFile {
        name,
        text: format!("{content:#}\n"),
    }
}

fn uuid(alert: &Told, name: &str) -> String {
    namespace::uuid(&namespace::OWN, &format!("misp {} {name}", alert.id.resource_name()))
}

fn hash(value: &str) -> String {
    Md5::digest(value.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// An event. MISP writes numbers as texts.
fn event(alert: &Told, uuid: &str) -> Value {
    let seconds = (alert.revised_at_ms / 1000).to_string();
    let mut attributes: Vec<Value> = alert
        .indicators()
        .iter()
        .map(|one| attribute(alert, one, &seconds))
        .collect();
    if !alert.condition.is_empty() {
        attributes.push(json!({
            "uuid": self::uuid(alert, "condition"), "type": "text", "category": "Internal reference", "to_ids": false, "distribution": "5",
            "timestamp": seconds, "value": alert.condition, "comment": format!("rule {}, version {}", alert.rule, alert.rule_version),
        }));
    }
    let tags: Vec<Value> = tags(alert).into_iter().map(|name| json!({ "name": name })).collect();
    json!({
        "uuid": uuid,
        "info": alert.title(),
        "date": day(alert.created_ms()),
        "timestamp": seconds,
        "publish_timestamp": seconds,
        "published": true,
        "analysis": if matches!(alert.state, ToldState::Open) { "1" } else { "2" },
        "threat_level_id": match alert.severity {
            Severity::Critical | Severity::High => "1",
            Severity::Medium => "2",
            Severity::Low => "3",
            Severity::Info => "4",
        },
        // Whoever takes the feed decides how far its events go on, by the label.
        "distribution": "0",
        "Orgc": { "name": "Chappe", "uuid": ORGANISATION },
        "Tag": tags,
        "Attribute": attributes,
    })
}

fn day(ms: u64) -> String {
    let moment = i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let moment = moment.unwrap_or_default().to_zoned(TimeZone::UTC);
    moment.date().to_string()
}

/// The type of a value's attribute, and its category. What MISP has no type for is a text.
fn kind_and_category(indicator: &Indicator) -> (&'static str, &'static str) {
    let value = indicator.value();
    match indicator.kind() {
        IndicatorKind::Ip | IndicatorKind::Cidr => ("ip-dst", "Network activity"),
        IndicatorKind::Domain => ("domain", "Network activity"),
        IndicatorKind::Url => ("url", "Network activity"),
        IndicatorKind::Email => ("email-src", "Payload delivery"),
        IndicatorKind::Cve => ("vulnerability", "External analysis"),
        IndicatorKind::Asn => ("AS", "Network activity"),
        IndicatorKind::CryptoAddress if value.starts_with(['1', '3']) || value.starts_with("bc1") => {
            ("btc", "Financial fraud")
        }
        IndicatorKind::CryptoAddress if value.starts_with('X') => ("dash", "Financial fraud"),
        IndicatorKind::CryptoAddress if value.starts_with(['4', '8']) => ("xmr", "Financial fraud"),
        IndicatorKind::CryptoAddress => ("other", "Financial fraud"),
        IndicatorKind::Iban => ("iban", "Financial fraud"),
        IndicatorKind::Phone => ("phone-number", "Financial fraud"),
        IndicatorKind::UserAgent => ("user-agent", "Network activity"),
        IndicatorKind::Certificate if value.len() == 40 => ("x509-fingerprint-sha1", "Network activity"),
        IndicatorKind::Certificate => ("x509-fingerprint-sha256", "Network activity"),
        IndicatorKind::Mutex => ("mutex", "Artifacts dropped"),
        IndicatorKind::RegistryKey => ("regkey", "Artifacts dropped"),
        IndicatorKind::Malware => ("text", "Payload type"),
        IndicatorKind::Technique => ("text", "External analysis"),
        hash @ (IndicatorKind::Md5 | IndicatorKind::Sha1 | IndicatorKind::Sha256 | IndicatorKind::Sha512) => {
            (hash.as_str(), "Payload delivery")
        }
    }
}

fn attribute(alert: &Told, indicator: &Indicator, seconds: &str) -> Value {
    let (kind, category) = kind_and_category(indicator);
    let detects = indicator.kind() != IndicatorKind::Cve && !indicator.kind().is_context();
    let comment = if matches!(kind, "text" | "other") {
        indicator.kind().as_str()
    } else {
        ""
    };
    json!({
        "uuid": uuid(alert, &indicator.text()), "type": kind, "category": category, "value": indicator.value(),
        "to_ids": !alert.state.is_withdrawn() && detects,
        "distribution": "5", "timestamp": seconds, "comment": comment,
        "first_seen": rfc3339(alert.first_seen_ms), "last_seen": rfc3339(alert.last_seen_ms.max(alert.first_seen_ms)),
    })
}

fn tags(alert: &Told) -> Vec<String> {
    let mut tags = vec![alert.tlp.as_str().to_ascii_lowercase(), alert.pap.as_str().to_owned()];
    tags.extend(
        alert
            .incident_types
            .iter()
            .map(|rsit| format!("rsit:{}=\"{}\"", rsit.class(), rsit.type_())),
    );
    // As law enforcement calls them.
    let common: BTreeSet<CrimeType> = alert
        .incident_types
        .iter()
        .copied()
        .filter_map(CrimeType::common)
        .collect();
    tags.extend(common.iter().map(ToString::to_string));
    tags.extend(
        alert
            .sectors
            .iter()
            .map(|one| format!("nis2:impact-sectors-impacted=\"{}\"", sector(*one))),
    );
    let mut own = |name: &str, value: &str| tags.push(format!("chappe:{name}=\"{value}\""));
    own("kind", alert.kind.as_str());
    own("state", alert.state.as_str());
    own("severity", alert.severity.as_str());
    own("use", &alert.usage);
    for country in &alert.countries {
        own("country", country.as_str());
    }
    if alert.exercise {
        own("exercise", "true");
    }
    tags
}

/// A sector as MISP's taxonomy `nis2`, version 5, calls it.
fn sector(sector: Sector) -> &'static str {
    match sector {
        Sector::FinancialMarketInfrastructures => "financial",
        Sector::IctServiceManagementB2b => "ict-services",
        Sector::PostalCourier => "courier",
        Sector::Chemicals => "chemical",
        other => other.as_str(),
    }
}
