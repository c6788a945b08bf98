//! From what was added to the objects that a request asks for.

use std::collections::BTreeSet;

use chappe_exchange::{Told, stix_objects};
use serde_json::Value;

use crate::additions::Addition;
use crate::query::Query;

/// An object that a request asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// When it was added, in microseconds since 1970.
    pub added_us: u64,
    /// Its version, in milliseconds since 1970.
    pub version_ms: u64,
    /// It.
    pub object: Value,
}

impl Listed {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.object["id"].as_str().unwrap_or_default()
    }
}

/// The objects of an addition that a request asks for, in the order in which they were added. `told` is its revision, where objects of its own are
/// asked for.
pub(crate) fn select(addition: &Addition, told: Option<&Told>, query: &Query) -> Vec<Listed> {
    if !query.stix_2_1 {
        return Vec::new();
    }
    let companions = (addition.first_us..).zip(&addition.shared);
    let companions = companions.filter(|(_, shared)| query.versions.hold(shared.version_ms(), || true, true));
    let companions = companions.map(|(added_us, shared)| Listed {
        added_us,
        version_ms: shared.version_ms(),
        object: shared.object(),
    });
    let own = told.filter(|_| addition.own).into_iter().flat_map(|told| {
        let objects = stix_objects(told).into_iter();
        (addition.own_from_us()..)
            .zip(objects)
            .map(|(added_us, object)| Listed {
                added_us,
                version_ms: told.revised_at_ms,
                object,
            })
    });
    let all = companions.chain(own);
    all.filter(|listed| query.added_after.is_none_or(|after| listed.added_us > after) && names(query, &listed.object))
        .collect()
}

/// Whether a request asks for the id and the type of an object.
fn names(query: &Query, object: &Value) -> bool {
    let among = |asked: &Option<BTreeSet<String>>, member: &str| {
        let value = object[member].as_str().unwrap_or_default();
        asked.as_ref().is_none_or(|asked| asked.contains(value))
    };
    among(&query.ids, "id") && among(&query.types, "type")
}
