//! Alerts as a STIX 2.1 bundle: for each a `report` of what its reports share, with Chappe's own properties in an extension.

mod properties;

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{Country, Indicator, IndicatorKind, Tlp};
use serde_json::{Value, json};

use super::alert::{Told, rfc3339};
use crate::namespace;
use crate::stix::extension::EXTENSION;
use crate::stix::marking::{TLP_2_EXTENSION, tlp_2_id};

/// Who made the objects.
pub(crate) const AUTHOR: &str = "identity--5d1c2b0e-9a4f-4c57-8a3d-1e6f0b7c9d21";

/// When author and extension were first written.
const SINCE: &str = "2026-11-28T00:00:00.000Z";

const SINCE_MS: u64 = 1_795_824_000_000;

/// When OASIS made the marking definitions of TLP 2.0.
const TLP_2_SINCE: &str = "2022-10-01T00:00:00.000Z";
const TLP_2_SINCE_MS: u64 = 1_664_582_400_000;

/// The types of what an alert's reports share, as objects: what can be observed is an `indicator`.
pub const STIX_SHARED_TYPES: [&str; 4] = ["indicator", "vulnerability", "attack-pattern", "malware"];

/// An object that alerts share: the same, under one id and in one version, wherever it stands. In order: what others refer to comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StixShared {
    /// The `identity` that made the objects: Chappe.
    Author,
    /// The `extension-definition` of what an alert says beyond STIX.
    Extension,
    /// The `marking-definition` of a label.
    Marking(Tlp),
    /// The `location` of a country.
    Location(Country),
}

impl StixShared {
    /// Those that the objects of an alert refer to.
    #[must_use]
    pub fn of(alert: &Told) -> BTreeSet<Self> {
        let places = alert.countries.iter().copied().map(Self::Location);
        let all = [Self::Author, Self::Extension, Self::Marking(alert.tlp)];
        all.into_iter().chain(places).collect()
    }

    /// The object.
    #[must_use]
    pub fn object(self) -> Value {
        match self {
            Self::Author => author(),
            Self::Extension => extension_definition(),
            Self::Marking(tlp) => marking_definition(tlp),
            Self::Location(country) => location(country),
        }
    }

    /// The time of its only version, in milliseconds since 1970.
    #[must_use]
    pub fn version_ms(self) -> u64 {
        match self {
            Self::Marking(_) => TLP_2_SINCE_MS,
            Self::Author | Self::Extension | Self::Location(_) => SINCE_MS,
        }
    }
}

/// The bundle of alerts. Equal alerts in any order give equal bytes; each object keeps its id from revision to revision.
#[must_use]
pub fn write_stix(alerts: &[Told]) -> String {
    let mut alerts: Vec<&Told> = alerts.iter().collect();
    alerts.sort_by_key(|alert| alert.id);
    let shared: BTreeSet<StixShared> = alerts.iter().flat_map(|alert| StixShared::of(alert)).collect();
    let shared = shared.into_iter().chain([StixShared::Author, StixShared::Extension]);
    let own = alerts.iter().flat_map(|alert| stix_objects(alert));
    let objects: BTreeMap<String, Value> = shared
        .map(StixShared::object)
        .chain(own)
        .map(|object| (object["id"].as_str().unwrap_or_default().to_owned(), object))
        .collect();
    let names: Vec<String> = alerts
        .iter()
        .map(|alert| format!("{} {}", alert.id.resource_name(), alert.revision))
        .collect();
    let bundle = json!({
        "type": "bundle",
        "id": format!("bundle--{}", namespace::uuid(&namespace::OWN, &names.join("\n"))),
        "objects": objects.into_values().collect::<Vec<Value>>(),
    });
    format!("{bundle:#}\n")
}

/// The objects of one alert alone, in the order of [`stix_ids`]: what its reports share, then its `report`. What else they refer to is
/// [`StixShared::of`].
#[must_use]
pub fn stix_objects(alert: &Told) -> Vec<Value> {
    let mut objects = shared(alert);
    let places = alert.countries.iter().map(|country| location_id(*country));
    let mut refs: BTreeSet<String> = places.collect();
    refs.extend(
        objects
            .iter()
            .filter_map(|object| object["id"].as_str().map(str::to_owned)),
    );
    if refs.is_empty() {
        // A report must refer to something.
        refs.insert(AUTHOR.to_owned());
    }
    objects.push(report(alert, &refs));
    objects
}

/// The ids of [`stix_objects`], the same for every revision that names the same values. Each begins with the type of its object.
#[must_use]
pub fn stix_ids(alert: &Told) -> Vec<String> {
    let indicators = alert.indicators();
    let shared = indicators
        .iter()
        .map(|indicator| id_of(alert, written(indicator).object_type(), &indicator.text()));
    shared.chain([id_of(alert, "report", "")]).collect()
}

/// An id that is a function of what it names.
fn id(kind: &str, name: &str) -> String {
    format!(
        "{kind}--{}",
        namespace::uuid(&namespace::OWN, &format!("{kind} {name}"))
    )
}

fn author() -> Value {
    json!({
        "type": "identity", "spec_version": "2.1", "id": AUTHOR, "created": SINCE, "modified": SINCE,
        "name": "Chappe", "identity_class": "system",
        "description": "A rapid-alert service for cybercrime: what it writes was found among the reports of several members.",
    })
}

fn extension_definition() -> Value {
    json!({
        "type": "extension-definition", "spec_version": "2.1", "id": EXTENSION, "created": SINCE, "modified": SINCE, "created_by_ref": AUTHOR,
        "name": "Chappe alert",
        "description": "What an alert of Chappe says beyond STIX: its kind, state, severity, handling, counts and rule.",
        "schema": "docs/formats.md of Chappe, STIX 2.1 out, the extension",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    })
}

fn marking_definition(tlp: Tlp) -> Value {
    let label = tlp.as_str().trim_start_matches("TLP:").to_ascii_lowercase();
    json!({
        "type": "marking-definition", "spec_version": "2.1", "id": tlp_2_id(tlp), "created": TLP_2_SINCE, "name": tlp.as_str(),
        "extensions": { TLP_2_EXTENSION: { "extension_type": "property-extension", "tlp_2_0": label } },
    })
}

/// The id of an object of an alert.
fn id_of(alert: &Told, kind: &str, name: &str) -> String {
    id(kind, &format!("{} {name}", alert.id.resource_name()))
}

/// An object of an alert, with what all of them have.
fn object(alert: &Told, kind: &str, name: &str, own: Value) -> Value {
    let mut object = json!({
        "type": kind, "spec_version": "2.1",
        "id": id_of(alert, kind, name),
        "created_by_ref": AUTHOR,
        "created": rfc3339(alert.created_ms()), "modified": rfc3339(alert.revised_at_ms),
        "object_marking_refs": [tlp_2_id(alert.tlp)],
    });
    if alert.state.is_withdrawn() {
        object["revoked"] = true.into();
    }
    if let (Value::Object(object), Value::Object(own)) = (&mut object, own) {
        object.extend(own);
    }
    object
}

/// What the reports share, as indicators and vulnerabilities.
fn shared(alert: &Told) -> Vec<Value> {
    let one = |indicator: &Indicator| match written(indicator) {
        Written::Pattern(pattern) => object(
            alert,
            "indicator",
            &indicator.text(),
            json!({
                "name": indicator.text(), "description": alert.title(), "indicator_types": ["malicious-activity"],
                "pattern": pattern, "pattern_type": "stix", "valid_from": rfc3339(alert.created_ms()),
            }),
        ),
        Written::Named(kind, source) => object(
            alert,
            kind,
            &indicator.text(),
            json!({
                "name": indicator.value(),
                "external_references": [{ "source_name": source, "external_id": indicator.value() }],
            }),
        ),
        Written::Malware => object(
            alert,
            "malware",
            &indicator.text(),
            json!({ "name": indicator.value(), "is_family": true }),
        ),
    };
    alert.indicators().iter().map(one).collect()
}

/// How a value is written.
enum Written {
    /// A pattern that asks for it.
    Pattern(String),
    /// An object of this type, which a list of this name knows: nobody observes it.
    Named(&'static str, &'static str),
    /// Malware by its name.
    Malware,
}

impl Written {
    fn object_type(&self) -> &'static str {
        match self {
            Self::Pattern(_) => "indicator",
            Self::Named(kind, _) => kind,
            Self::Malware => "malware",
        }
    }
}

fn written(indicator: &Indicator) -> Written {
    let path = match indicator.kind() {
        IndicatorKind::Ip | IndicatorKind::Cidr if indicator.value().contains(':') => "ipv6-addr:value",
        IndicatorKind::Ip | IndicatorKind::Cidr => "ipv4-addr:value",
        IndicatorKind::Domain => "domain-name:value",
        IndicatorKind::Url => "url:value",
        IndicatorKind::Md5 => "file:hashes.MD5",
        IndicatorKind::Sha1 => "file:hashes.'SHA-1'",
        IndicatorKind::Sha256 => "file:hashes.'SHA-256'",
        IndicatorKind::Sha512 => "file:hashes.'SHA-512'",
        IndicatorKind::Email => "email-addr:value",
        IndicatorKind::Asn => {
            let number = indicator.value().trim_start_matches("AS");
            return Written::Pattern(format!("[autonomous-system:number = {number}]"));
        }
        IndicatorKind::UserAgent => "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
        IndicatorKind::Certificate if indicator.value().len() == 40 => "x509-certificate:hashes.'SHA-1'",
        IndicatorKind::Certificate => "x509-certificate:hashes.'SHA-256'",
        IndicatorKind::Mutex => "mutex:name",
        IndicatorKind::RegistryKey => "windows-registry-key:key",
        // STIX has none of these; so they are called in OpenCTI.
        IndicatorKind::CryptoAddress => "cryptocurrency-wallet:value",
        IndicatorKind::Iban => "bank-account:iban",
        IndicatorKind::Phone => "phone-number:value",
        IndicatorKind::Cve => return Written::Named("vulnerability", "cve"),
        IndicatorKind::Technique => return Written::Named("attack-pattern", "mitre-attack"),
        IndicatorKind::Malware => return Written::Malware,
    };
    let value = indicator.value().replace('\\', "\\\\").replace('\'', "\\'");
    Written::Pattern(format!("[{path} = '{value}']"))
}

/// A country, the same object for every alert.
fn location(country: Country) -> Value {
    let code = country.as_str();
    json!({
        "type": "location", "spec_version": "2.1", "id": location_id(country), "created": SINCE, "modified": SINCE,
        "created_by_ref": AUTHOR, "name": code, "country": code,
    })
}

fn location_id(country: Country) -> String {
    id("location", country.as_str())
}

fn report(alert: &Told, refs: &BTreeSet<String>) -> Value {
    let has_indicators = !alert.indicators().is_empty();
    let kind = match alert.kind {
        chappe_model::AlertKind::Campaign => "campaign",
        _ if has_indicators => "indicator",
        _ => "threat-report",
    };
    let mut own = json!({
        "name": alert.title(), "report_types": [kind], "published": rfc3339(alert.created_ms()), "object_refs": refs,
        "extensions": { EXTENSION: properties::of(alert) },
    });
    if !alert.condition.is_empty() {
        own["description"] = alert.condition.as_str().into();
    }
    object(alert, "report", "", own)
}
