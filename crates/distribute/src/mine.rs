//! What of an alert falls under the viewer's own constituency.

use std::sync::Arc;

use chappe_constituency::{EntryKind, Subject, Table};
use chappe_model::limits::HITS;
use chappe_model::{Alert, CountrySet, Field, IndicatorKind, Measure, Principal, Sector};

use crate::may_see;
use crate::sought::indicator_of;

/// One thing that an alert names, and the entry that it falls under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// By which kind of entry.
    pub kind: EntryKind,
    /// What the alert names, as it stands there.
    pub value: String,
    /// The narrowest entry that it falls under.
    pub entry: String,
}

/// What of an alert hits a constituency, which is the viewer's own: indicators and other values of its key, what was counted, countries,
/// sectors; each once, in this order, at most [`HITS`]. Nothing of an alert that the viewer may not see, and of one that it may see only what
/// whoever sees it is shown: so it tells nothing that is hidden.
#[must_use]
pub fn hits(viewer: &Principal, alert: &Alert, own: &Table) -> Vec<Hit> {
    let mut hits = Vec::new();
    if !may_see(viewer, alert) {
        return hits;
    }
    for (subject, value) in said(alert) {
        if hits.len() >= HITS {
            break;
        }
        let found = own.narrowest(&subject).map(|entry| Hit {
            kind: entry.kind(),
            value,
            entry: entry.to_string(),
        });
        hits.extend(found.filter(|hit| !hits.contains(hit)));
    }
    hits
}

/// Everything that an alert says and that may fall under a constituency.
fn said(alert: &Alert) -> impl Iterator<Item = (Subject<'_>, String)> {
    let named = named(alert).filter_map(|(field, value)| Some((Subject::of_field(field, value)?, value.to_string())));
    let countries = alert
        .countries
        .iter()
        .map(|country| (Subject::Country(country), country.as_str().to_owned()));
    let sectors = alert
        .sectors
        .iter()
        .map(|sector| (Subject::Sector(*sector), sector.as_str().to_owned()));
    named.chain(countries).chain(sectors)
}

/// The values of an alert's key and what was counted, each with its field, as far as whoever sees the alert is shown them.
pub(crate) fn named(alert: &Alert) -> impl Iterator<Item = (Field, &Arc<str>)> {
    let key = alert
        .key
        .iter()
        .filter_map(|part| Some((Field::parse(&part.field)?, &part.value)));
    let counted = match alert.rule.when.measure {
        Measure::Distinct(field) => Some(field),
        _ => None,
    };
    let counted = counted
        .into_iter()
        .flat_map(|field| alert.values.iter().map(move |value| (field, value)));
    key.chain(counted)
}

/// The indicators that an alert names, as far as whoever sees it is shown them: kind and canonical value.
pub fn indicators_named(alert: &Alert) -> impl Iterator<Item = (IndicatorKind, &str)> {
    named(alert).filter_map(|(field, value)| indicator_of(field, value))
}

/// Whether any of this falls under a constituency.
pub(crate) fn touches<'a>(
    own: &Table,
    named: impl Iterator<Item = (Field, &'a Arc<str>)>,
    countries: &CountrySet,
    sectors: impl Iterator<Item = Sector>,
) -> bool {
    let falls_under = |subject: &Subject<'_>| own.narrowest(subject).is_some();
    let mut named = named.filter_map(|(field, value)| Subject::of_field(field, value));
    named.any(|subject| falls_under(&subject))
        || countries.iter().any(|country| falls_under(&Subject::Country(country)))
        || sectors.into_iter().any(|sector| falls_under(&Subject::Sector(sector)))
}
