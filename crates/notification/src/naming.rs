//! Which alerts name a value: an index, so that a search need not look at every alert.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use chappe_distribute::{Sought, indicators_named};
use chappe_model::{Alert, AlertId, Secret};
use chappe_postings::{Due, Keyer, Merged, Postings, Probe};

/// What any revision of an alert named, under the first half of its id. It says where to look, not what is found.
#[derive(Debug)]
pub(crate) struct Naming {
    secret: Secret,
    postings: Postings,
}

impl Naming {
    pub(crate) fn new(secret: Secret) -> Self {
        Self {
            secret,
            postings: Postings::default(),
        }
    }

    /// Takes note of a revision that follows another, or of the first.
    pub(crate) fn note(&mut self, before: Option<&Alert>, alert: &Alert) {
        let is_as_before = |before: &Alert| {
            before.key == alert.key
                && before.values == alert.values
                && before.rule.when.measure == alert.rule.when.measure
        };
        if before.is_some_and(is_as_before) {
            return;
        }
        let known: HashSet<_> = before.into_iter().flat_map(indicators_named).collect();
        let (mut keyer, entry) = (Keyer::new(&self.secret), entry_of(alert.id));
        for (kind, value) in indicators_named(alert).filter(|named| !known.contains(named)) {
            keyer.places(kind, value, |place| self.postings.post(place, entry));
        }
    }

    /// The ids, from one on, of alerts that may name what is looked for: ranges of them in ascending order, at most so many. None where it is
    /// less to look at all alerts.
    pub(crate) fn look_up(
        &self,
        probes: &[Probe],
        from: AlertId,
        at_most: usize,
    ) -> Option<Vec<RangeInclusive<AlertId>>> {
        let entries = self.postings.entries(probes, entry_of(from), at_most)?;
        let ids = |entry: u64| id(entry, 0).max(from)..=id(entry, u64::MAX);
        Some(entries.into_iter().map(ids).collect())
    }

    pub(crate) fn due(&self) -> Option<Due> {
        self.postings.due()
    }

    pub(crate) fn install(&mut self, merged: Merged) {
        self.postings.install(merged);
    }
}

/// What finds everything that is looked for; nothing where nothing is.
pub(crate) fn probes(sought: &Sought, secret: &Secret) -> Option<Vec<Probe>> {
    if sought.is_empty() {
        return None;
    }
    let mut keyer = Keyer::new(secret);
    let mut probes: Vec<_> = sought
        .values()
        .map(|(kind, value)| keyer.of_value(kind, value))
        .collect();
    probes.extend(sought.entries().filter_map(|entry| keyer.of_entry(entry)));
    Some(probes)
}

fn entry_of(id: AlertId) -> u64 {
    (u128::from_be_bytes(*id.as_bytes()) >> 64) as u64
}

fn id(entry: u64, rest: u64) -> AlertId {
    AlertId::from_bytes((u128::from(entry) << 64 | u128::from(rest)).to_be_bytes())
}
