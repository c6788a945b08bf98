//! What of STIX gives indicators: observables, the terms of patterns, vulnerabilities.

use chappe_model::{Indicator, IndicatorError, IndicatorKind};
use serde_json::{Map, Value};

use super::pattern::{self, Term};
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

/// Whether an object of this type may hold an indicator.
pub(super) fn may_be_read(kind: &str) -> bool {
    matches!(kind, "indicator" | "observed-data" | "vulnerability") || is_observable(kind)
}

/// The indicators of an observable.
pub(super) fn of_observable(kind: &str, object: &Map<String, Value>) -> Result<Found, SkipReason> {
    let values: Vec<(IndicatorKind, String)> = match kind {
        "file" | "artifact" => match object.get("hashes") {
            Some(Value::Object(hashes)) => hashes
                .keys()
                .filter_map(|name| Some((hash_kind(name)?, loose::text(hashes, name)?.into_owned())))
                .collect(),
            _ => Vec::new(),
        },
        _ => match value_kind(kind) {
            Some(kind) => {
                let value = loose::text(object, "value").ok_or(SkipReason::Malformed("no value"))?;
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

fn parsed<'v>(values: impl Iterator<Item = (IndicatorKind, &'v str)>) -> Result<Found, SkipReason> {
    let mut indicators = Vec::new();
    let mut errors = Vec::new();
    for (kind, value) in values {
        match Indicator::parse(kind, one_address(kind, value)) {
            Ok(indicator) => indicators.push(indicator),
            Err(error) => errors.push(error),
        }
    }
    match errors.pop() {
        Some(error) if indicators.is_empty() => Err(SkipReason::BadValue(error)),
        last => Ok((indicators, errors.into_iter().chain(last).collect())),
    }
}

/// STIX also writes a single address as a network of one.
fn one_address(kind: IndicatorKind, value: &str) -> &str {
    let length = if value.contains(':') { "/128" } else { "/32" };
    match kind {
        IndicatorKind::Ip => value.strip_suffix(length).unwrap_or(value),
        _ => value,
    }
}

/// What the `value` of an observable is.
fn value_kind(kind: &str) -> Option<IndicatorKind> {
    match kind {
        "ipv4-addr" | "ipv6-addr" => Some(IndicatorKind::Ip),
        "domain-name" => Some(IndicatorKind::Domain),
        "url" => Some(IndicatorKind::Url),
        "email-addr" => Some(IndicatorKind::Email),
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
        (object, "value") => value_kind(object),
        _ => None,
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
