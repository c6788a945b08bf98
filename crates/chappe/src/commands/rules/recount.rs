//! What a rule measured in the window of a firing, counted again from the reports by the definition: so that an explanation shows the way and
//! not only the result. Slow and plain; `tests/oracle/episodes.py` says the same for everything that lives.

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::limits::MATCH_ONLY_RELEASE;
use chappe_model::{
    Accepted, Alert, Condition, Country, Field, IncidentId, Measure, MemberId, Of, Rule, Timestamp, Use,
};

use super::trial::Recorded;

/// A report on the key of an alert, as its highest revision says it then.
#[derive(Clone, Debug)]
pub(crate) struct Heard<'r> {
    /// When its key was first told of.
    pub(crate) at: Timestamp,
    pub(crate) accepted: &'r Accepted,
    /// The sources of the rule that admit it under this key, a bit each.
    pub(crate) sources: u32,
}

/// The result of counting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) number: usize,
    /// What was counted, where it has a name that may be shown to an operator.
    pub(crate) values: Vec<String>,
}

/// The reports on the alert's key that lie within the reach of a firing, by time.
pub(crate) fn on_key<'r>(alert: &Alert, end: Timestamp, reports: &'r [Recorded]) -> Vec<Heard<'r>> {
    let rule = &*alert.rule;
    let mut revisions: BTreeMap<IncidentId, Vec<&Recorded>> = BTreeMap::new();
    for report in reports.iter().filter(|report| report.at <= end) {
        revisions.entry(report.accepted.id).or_default().push(report);
    }
    let mut found: Vec<Heard<'r>> = Vec::new();
    for said in revisions.values() {
        let here = |report: &&&Recorded| {
            let own = report.accepted.compartment();
            let visible = own == alert.compartment || (own.is_pool() && own.realm == alert.compartment.realm);
            visible && !report.accepted.incident.backfill && sources(rule, alert, &report.accepted) != 0
        };
        let Some(top) = said.iter().max_by_key(|report| report.accepted.incident.revision) else {
            continue;
        };
        let Some(first) = said.iter().find(here) else { continue };
        if !top.accepted.incident.retracted && here(&top) {
            found.push(Heard {
                at: first.at,
                accepted: &top.accepted,
                sources: sources(rule, alert, &top.accepted),
            });
        }
    }
    found.retain(|heard| heard.at > end.minus(rule.when.span_ms()));
    found.sort_by_key(|heard| (heard.at, heard.accepted.id));
    found
}

fn sources(rule: &Rule, alert: &Alert, accepted: &Accepted) -> u32 {
    let admits = |index: &usize| {
        let Some(source) = rule.sources.get(*index) else {
            return false;
        };
        let mut fields = rule.group_by_of(source).iter().zip(alert.key.iter());
        let critical = rule.when.measure != Measure::CriticalReport
            || accepted.incident.severity == chappe_model::Severity::Critical;
        critical
            && source.filter.admits(accepted)
            && fields.all(|(field, key)| field.key_values(accepted).contains(&key.value))
    };
    (0..rule.sources.len())
        .filter(admits)
        .fold(0, |bits, index| bits | 1 << index)
}

/// Of the reports on a key, what a condition measures in the window that ends there.
pub(crate) fn measure(rule: &Rule, condition: &Condition, heard: &[Heard<'_>], end: Timestamp) -> Measured {
    let events: Vec<(&Heard<'_>, BTreeSet<usize>)> = heard
        .iter()
        .filter(|one| one.at <= end && one.at > end.minus(condition.within_ms))
        .map(|one| (one, entries(rule, condition, heard, one)))
        .filter(|(_, entries)| !entries.is_empty())
        .collect();
    let quiet = |one: &Heard<'_>| one.accepted.incident.marking.usage() == Use::MatchOnly;
    let whisperers: BTreeSet<&MemberId> = events
        .iter()
        .filter(|(one, _)| quiet(one))
        .map(|(one, _)| &one.accepted.reporter)
        .collect();
    let released = whisperers.len() >= MATCH_ONLY_RELEASE;
    let counted: Vec<_> = events.into_iter().filter(|(one, _)| released || !quiet(one)).collect();
    let reports = || counted.iter().map(|(one, _)| one.accepted);
    let values: BTreeSet<String> = match condition.measure {
        Measure::Events | Measure::CriticalReport => {
            return Measured {
                number: counted.len(),
                values: Vec::new(),
            };
        }
        Measure::InOrder => {
            let number = in_order(condition.of.len(), &counted);
            let values = (0..number).map(|place| name(rule, condition, place)).collect();
            return Measured { number, values };
        }
        Measure::Together => {
            let places: BTreeSet<usize> = counted
                .iter()
                .flat_map(|(_, entries)| entries.iter().copied())
                .collect();
            let values = places.iter().map(|place| name(rule, condition, *place)).collect();
            return Measured {
                number: places.len(),
                values,
            };
        }
        Measure::Distinct(Field::AttestedCountry) => attested(reports()),
        Measure::Distinct(field) => reports()
            .flat_map(|accepted| field.key_values(accepted))
            .map(|value| value.to_string())
            .collect(),
    };
    Measured {
        number: values.len(),
        values: values.into_iter().collect(),
    }
}

/// Which entries of a condition's list a report is.
fn entries(rule: &Rule, condition: &Condition, heard: &[Heard<'_>], one: &Heard<'_>) -> BTreeSet<usize> {
    let is = |of: &Of| match of {
        Of::Source(index) => one.sources & (1 << index) != 0,
        Of::Firings(inner) => {
            !entries(rule, inner, heard, one).is_empty()
                && inner.bounds.hold(measure(rule, inner, heard, one.at).number)
        }
    };
    condition
        .of
        .iter()
        .enumerate()
        .filter(|(_, of)| is(of))
        .map(|(place, _)| place)
        .collect()
}

/// How much of the list, from its beginning, came in this order at rising times.
fn in_order(length: usize, counted: &[(&Heard<'_>, BTreeSet<usize>)]) -> usize {
    let mut last: Option<Timestamp> = None;
    for place in 0..length {
        let later = counted
            .iter()
            .filter(|(one, entries)| entries.contains(&place) && last.is_none_or(|last| one.at > last));
        match later.map(|(one, _)| one.at).min() {
            Some(at) => last = Some(at),
            None => return place,
        }
    }
    length
}

/// Countries that their own reporter names, or two members do.
fn attested<'r>(reports: impl Iterator<Item = &'r Accepted>) -> BTreeSet<String> {
    let mut named: BTreeMap<Country, (BTreeSet<&MemberId>, bool)> = BTreeMap::new();
    for accepted in reports {
        for country in &accepted.incident.countries {
            let (members, own) = named.entry(*country).or_default();
            members.insert(&accepted.reporter);
            *own |= accepted.home == Some(*country);
        }
    }
    let attested = named
        .into_iter()
        .filter(|(_, (members, own))| *own || members.len() >= 2);
    attested.map(|(country, _)| country.as_str().to_owned()).collect()
}

/// What stands at a place of a condition's list.
pub(crate) fn name(rule: &Rule, condition: &Condition, place: usize) -> String {
    match condition.of.get(place) {
        Some(Of::Source(index)) => rule
            .sources
            .get(usize::from(*index))
            .map(|source| source.name.to_string())
            .unwrap_or_default(),
        Some(Of::Firings(inner)) => format!("firing of {}", inner.measure.as_str()),
        None => String::new(),
    }
}
