//! What of STIX gives indicators: observables, the terms of patterns, vulnerabilities.

use chappe_model::{Indicator, IndicatorError, IndicatorKind};
use serde_json::{Map, Value};

use super::pattern::{self, Term};
use crate::address::address;
use crate::shown::shown;
use crate::{SkipReason, loose};

/// Indicators, and what is wrong with values that gave none.
pub(super) type Found = (Vec<Indicator>, Vec<IndicatorError>);

/// The observables of STIX 2.1, section 6.
const OBSERVABLES: [&str; 18] = [
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];

/// Whether a type is an observable.
pub(super) fn is_observable(kind: &str) -> bool {
    OBSERVABLES.contains(&kind)
}

/// Whether an object of this type describes what a report is about: read with it, and no reason to report.
pub(super) fn describes(kind: &str) -> bool {
    matches!(kind, "malware" | "attack-pattern")
}

/// Whether an object of this type may hold an indicator.
pub(super) fn may_be_read(kind: &str) -> bool {
    matches!(kind, "indicator" | "observed-data" | "vulnerability") || is_observable(kind)
}

/// The indicators of an observable.
pub(super) fn of_observable(kind: &str, object: &Map<String, Value>) -> Result<Found, SkipReason> {
    let values: Vec<(IndicatorKind, String)> = match kind {
        "file" | "artifact" => hashes(object, hash_kind),
        "x509-certificate" => hashes(object, |name| hash_kind(name).and_then(fingerprint)),
        "network-traffic" => user_agents(object),
        _ => match value_kind(kind) {
            Some((property, kind)) => {
                let value = loose::text(object, property).ok_or(SkipReason::Malformed("no value"))?;
                vec![(kind, value.into_owned())]
            }
            None => Vec::new(),
        },
    };
    if values.is_empty() {
        return Err(SkipReason::NotCorrelated);
    }
    parsed(values.iter().map(|(kind, value)| (*kind, value.as_str())))
}

/// The indicators of an `indicator`: what its pattern asks for.
pub(super) fn of_indicator(object: &Map<String, Value>) -> Result<Found, SkipReason> {
    if loose::list(object, "indicator_types")
        .iter()
        .any(|kind| kind == "benign")
    {
        return Err(SkipReason::Benign);
    }
    // 2.0 knows no other language and names none.
    if let Some(language) = loose::text(object, "pattern_type").filter(|language| language != "stix") {
        return Err(SkipReason::PatternType(shown(&language)));
    }
    let text = loose::text(object, "pattern").ok_or(SkipReason::Malformed("no pattern"))?;
    let not_read = |column, why| SkipReason::Pattern { column, why };
    let terms = pattern::terms(&text).map_err(|error| not_read(error.column, error.why))?;
    let mut values = Vec::with_capacity(terms.len());
    for Term { path, value, column } in &terms {
        let kind = term_kind(path, value)
            .ok_or_else(|| not_read(*column, format!("{}: nothing that is compared", shown(path))))?;
        values.push((kind, value.as_str()));
    }
    parsed(values.into_iter())
}

/// The CVE that a `vulnerability` stands for.
pub(super) fn of_vulnerability(object: &Map<String, Value>) -> Result<Found, SkipReason> {
    let references = loose::list(object, "external_references").iter();
    let mut names = references.filter_map(|reference| {
        let reference = reference.as_object()?;
        let source = loose::text(reference, "source_name")?;
        let is_cve = source.eq_ignore_ascii_case("cve");
        is_cve.then(|| loose::text(reference, "external_id")).flatten()
    });
    let name = names
        .next()
        .or_else(|| loose::text(object, "name"))
        .ok_or(SkipReason::NotCorrelated)?;
    match Indicator::parse(IndicatorKind::Cve, &name) {
        Ok(cve) => Ok((vec![cve], Vec::new())),
        Err(_) => Err(SkipReason::NotCorrelated),
    }
}

/// The name of malware that is no single sample.
pub(super) fn of_malware(object: &Map<String, Value>) -> Result<Found, SkipReason> {
    let name = loose::text(object, "name").filter(|_| loose::truth(object, "is_family") != Some(false));
    let name = name.ok_or(SkipReason::NotCorrelated)?;
    parsed(std::iter::once((IndicatorKind::Malware, &*name)))
}

/// The technique of ATT&CK that an `attack-pattern` stands for.
pub(super) fn of_attack_pattern(object: &Map<String, Value>) -> Result<Found, SkipReason> {
    let references = loose::list(object, "external_references").iter();
    let mut names = references.filter_map(|reference| {
        let reference = reference.as_object()?;
        let source = loose::text(reference, "source_name")?;
        (source == "mitre-attack")
            .then(|| loose::text(reference, "external_id"))
            .flatten()
    });
    let name = names.next().ok_or(SkipReason::NotCorrelated)?;
    parsed(std::iter::once((IndicatorKind::Technique, &*name)))
}

fn hashes(object: &Map<String, Value>, kind: impl Fn(&str) -> Option<IndicatorKind>) -> Vec<(IndicatorKind, String)> {
    let Some(Value::Object(hashes)) = object.get("hashes") else {
        return Vec::new();
    };
    let known = hashes.keys();
    known
        .filter_map(|name| Some((kind(name)?, loose::text(hashes, name)?.into_owned())))
        .collect()
}

/// The hashes of a certificate that are compared.
fn fingerprint(hash: IndicatorKind) -> Option<IndicatorKind> {
    matches!(hash, IndicatorKind::Sha1 | IndicatorKind::Sha256).then_some(IndicatorKind::Certificate)
}

/// In 2.1 a header has a list of values, in 2.0 one.
fn user_agents(object: &Map<String, Value>) -> Vec<(IndicatorKind, String)> {
    let header = ["extensions", "http-request-ext", "request_header"];
    let header = header
        .iter()
        .try_fold(object, |holder, name| holder.get(*name)?.as_object());
    let Some(header) = header else { return Vec::new() };
    let said = header.keys().filter(|name| name.eq_ignore_ascii_case("user-agent"));
    let said = said
        .flat_map(|name| loose::list(header, name))
        .filter_map(Value::as_str);
    said.map(|value| (IndicatorKind::UserAgent, value.to_owned())).collect()
}

fn parsed<'v>(values: impl Iterator<Item = (IndicatorKind, &'v str)>) -> Result<Found, SkipReason> {
    let mut indicators = Vec::new();
    let mut errors = Vec::new();
    for (kind, value) in values {
        let (kind, value) = match kind {
            IndicatorKind::Ip => address(value),
            _ => (kind, value),
        };
        match Indicator::parse(kind, value) {
            Ok(indicator) => indicators.push(indicator),
            Err(error) => errors.push(error),
        }
    }
    match errors.pop() {
        Some(error) if indicators.is_empty() => Err(SkipReason::BadValue(error)),
        last => Ok((indicators, errors.into_iter().chain(last).collect())),
    }
}

/// The property of an observable that is compared, and what it is. The last four are no part of STIX; OpenCTI writes them.
fn value_kind(kind: &str) -> Option<(&'static str, IndicatorKind)> {
    match kind {
        "ipv4-addr" | "ipv6-addr" => Some(("value", IndicatorKind::Ip)),
        "domain-name" => Some(("value", IndicatorKind::Domain)),
        "url" => Some(("value", IndicatorKind::Url)),
        "email-addr" => Some(("value", IndicatorKind::Email)),
        "autonomous-system" => Some(("number", IndicatorKind::Asn)),
        "mutex" => Some(("name", IndicatorKind::Mutex)),
        "windows-registry-key" => Some(("key", IndicatorKind::RegistryKey)),
        "cryptocurrency-wallet" => Some(("value", IndicatorKind::CryptoAddress)),
        "phone-number" => Some(("value", IndicatorKind::Phone)),
        "user-agent" => Some(("value", IndicatorKind::UserAgent)),
        "bank-account" => Some(("iban", IndicatorKind::Iban)),
        _ => None,
    }
}

/// What the value that a pattern compares with a path is.
fn term_kind(path: &str, value: &str) -> Option<IndicatorKind> {
    let (object, property) = path.split_once(':')?;
    match (object, property) {
        ("network-traffic", "src_ref.value" | "dst_ref.value") => {
            let is_name = Indicator::parse(IndicatorKind::Domain, value).is_ok();
            Some(if is_name {
                IndicatorKind::Domain
            } else {
                IndicatorKind::Ip
            })
        }
        ("email-message", "from_ref.value" | "sender_ref.value") => Some(IndicatorKind::Email),
        ("file" | "artifact", hash) => hash_kind(hash.strip_prefix("hashes.")?),
        ("x509-certificate", hash) => hash_kind(hash.strip_prefix("hashes.")?).and_then(fingerprint),
        ("network-traffic", "extensions.http-request-ext.request_header.User-Agent") => Some(IndicatorKind::UserAgent),
        (object, property) => value_kind(object)
            .filter(|(compared, _)| *compared == property)
            .map(|(_, kind)| kind),
    }
}

/// A file hash by the name of its function, with and without the hyphen that STIX 2.1 writes.
fn hash_kind(name: &str) -> Option<IndicatorKind> {
    match name.to_ascii_uppercase().as_str() {
        "MD5" => Some(IndicatorKind::Md5),
        "SHA-1" | "SHA1" => Some(IndicatorKind::Sha1),
        "SHA-256" | "SHA256" => Some(IndicatorKind::Sha256),
        "SHA-512" | "SHA512" => Some(IndicatorKind::Sha512),
        _ => None,
    }
}
