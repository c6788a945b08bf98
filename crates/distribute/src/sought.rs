//! Which values a viewer looks for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use chappe_constituency::{Entry, EntryKind, Holder, Subject, Table};
use chappe_model::{Field, Indicator, IndicatorKind, Network};

use crate::filter::list;

/// Indicators, networks and domains, any of which an alert is to name. One that names an indicator exactly, an address in a network, or a name at or below
/// a domain, is found; a URL and a mail address count by their host as well.
///
/// Its `Display` is canonical: equal ones, and only they, have equal texts.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    values: BTreeMap<IndicatorKind, BTreeSet<Box<str>>>,
    entries: BTreeSet<Entry>,
    /// Networks and domains, laid out.
    table: Arc<Table>,
}

impl Sought {
    /// Looks for these indicators, as alerts have them (mail addresses as pseudonyms), and for what lies in these networks and domains. Entries of other
    /// kinds are passed over: what an alert affects is asked for elsewhere.
    #[must_use]
    pub fn new(values: impl IntoIterator<Item = Indicator>, entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut by_kind: BTreeMap<IndicatorKind, BTreeSet<Box<str>>> = BTreeMap::new();
        for value in values {
            by_kind.entry(value.kind()).or_default().insert(value.value().into());
        }
        let holds_hosts = |entry: &Entry| matches!(entry.kind(), EntryKind::Network | EntryKind::Domain);
        let entries: BTreeSet<Entry> = entries.into_iter().filter(holds_hosts).collect();
        let table = Arc::new(Table::of_entries(entries.iter().map(|entry| (Holder(0), entry))));
        Self {
            values: by_kind,
            entries,
            table,
        }
    }

    /// Whether nothing is looked for, so that nothing is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.entries.is_empty()
    }

    /// The indicators that are looked for, kind and canonical value.
    pub fn values(&self) -> impl Iterator<Item = (IndicatorKind, &str)> {
        let kinds = self.values.iter();
        kinds.flat_map(|(kind, values)| values.iter().map(|value| (*kind, &**value)))
    }

    /// The networks and domains that are looked for.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Whether any of a report's indicators is looked for.
    pub(crate) fn finds_indicator<'a>(&self, mut named: impl Iterator<Item = &'a Indicator>) -> bool {
        named.any(|indicator| self.holds(Field::IndicatorOf(indicator.kind()), indicator.value()))
    }

    /// Whether any of these values of fields is looked for.
    pub(crate) fn finds<'a>(&self, mut named: impl Iterator<Item = (Field, &'a Arc<str>)>) -> bool {
        named.any(|(field, value)| self.holds(field, value))
    }

    fn holds(&self, field: Field, value: &str) -> bool {
        let exact = indicator_of(field, value)
            .and_then(|(kind, value)| Some(self.values.get(&kind)?.contains(value)))
            .unwrap_or_default();
        exact
            || (!self.entries.is_empty()
                && Subject::of_field(field, value).is_some_and(|subject| self.table.narrowest(&subject).is_some()))
    }

    fn networks(&self) -> impl Iterator<Item = Network> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Network(network) => Some(*network),
            _ => None,
        })
    }

    fn domains(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Domain(suffix) => Some(suffix.as_str()),
            _ => None,
        })
    }
}

/// Kind and value of an indicator in a field; none where the field holds something else.
pub(crate) fn indicator_of(field: Field, value: &str) -> Option<(IndicatorKind, &str)> {
    match field {
        Field::Indicator => {
            let (kind, value) = value.split_once(':')?;
            Some((kind.parse().ok()?, value))
        }
        Field::IndicatorOf(kind) => Some((kind, value)),
        _ => None,
    }
}

impl PartialEq for Sought {
    fn eq(&self, other: &Self) -> bool {
        // The table follows from the entries.
        self.values == other.values && self.entries == other.entries
    }
}

impl Eq for Sought {}

impl fmt::Display for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self
            .values
            .iter()
            .flat_map(|(kind, values)| values.iter().map(|value| Quoted(*kind, value)));
        list(f, " values", values)?;
        list(f, " networks", self.networks())?;
        list(f, " domains", self.domains())
    }
}

/// A value that may hold any character, so that where it ends is plain.
struct Quoted<'a>(IndicatorKind, &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:?}", self.0, self.1)
    }
}
