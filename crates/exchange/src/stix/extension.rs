//! The properties that Chappe adds to STIX objects: an extension in the sense of STIX 2.1, section 7.3.

use std::collections::BTreeSet;
use std::str::FromStr;

use chappe_model::{Country, Pap, Rsit, Sector, Severity};
use serde_json::{Map, Value};

use crate::loose;
use crate::out::AUTHOR;

/// Names the extension. Never changes: readers know it by this.
pub(crate) const EXTENSION: &str = "extension-definition--2a9e5a4e-6f1c-4d0b-9b57-0d6c3e1f7a84";

/// What of the extension a draft can hold.
#[derive(Debug, Default)]
pub(super) struct Own {
    pub(super) severity: Option<Severity>,
    pub(super) pap: Option<Pap>,
    pub(super) incident_type: Option<Rsit>,
    pub(super) countries: BTreeSet<Country>,
    pub(super) sectors: BTreeSet<Sector>,
    pub(super) from_ms: Option<u64>,
    pub(super) to_ms: Option<u64>,
}

/// Whether Chappe wrote an object.
pub(super) fn is_own(object: &Map<String, Value>) -> bool {
    let extended = object.get("extensions").and_then(|all| all.get(EXTENSION)).is_some();
    extended || loose::text(object, "created_by_ref").is_some_and(|author| author == AUTHOR)
}

/// The extension of an object, where it has one.
pub(super) fn own(object: &Map<String, Value>) -> Option<Own> {
    let own = object.get("extensions")?.get(EXTENSION)?.as_object()?;
    let time = |key: &str| loose::text(own, key).and_then(|text| crate::moment::instant_ms(&text));
    Some(Own {
        // An urgent report is a decision of its submitter.
        severity: one::<Severity>(own, "severity").map(|severity| severity.min(Severity::High)),
        pap: one(own, "pap"),
        incident_type: all(own, "incident_types").into_iter().next(),
        countries: all(own, "countries"),
        sectors: all(own, "sectors"),
        from_ms: time("first_seen"),
        to_ms: time("last_seen"),
    })
}

fn one<T: FromStr>(own: &Map<String, Value>, key: &str) -> Option<T> {
    loose::text(own, key)?.parse().ok()
}

fn all<T: FromStr + Ord>(own: &Map<String, Value>, key: &str) -> BTreeSet<T> {
    let words = loose::list(own, key).iter().filter_map(Value::as_str);
    words.filter_map(|word| word.parse().ok()).collect()
}
