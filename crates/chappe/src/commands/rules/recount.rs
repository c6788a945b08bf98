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

/// Reports in the order of their times, and where the revisions of each stand.
pub(crate) struct Heap<'r> {
    reports: &'r [Recorded],
    revisions: BTreeMap<IncidentId, Vec<usize>>,
}

impl<'r> Heap<'r> {
    pub(crate) fn of(reports: &'r [Recorded]) -> Self {
        let mut revisions: BTreeMap<IncidentId, Vec<usize>> = BTreeMap::new();
        for (index, report) in reports.iter().enumerate() {
            revisions.entry(report.accepted.id).or_default().push(index);
        }
        Self { reports, revisions }
    }

    /// The reports on the alert's key that lie within the reach of a firing, by time, of the first `heard` that came.
    pub(crate) fn on_key(&self, alert: &Alert, end: Timestamp, heard: usize) -> Vec<Heard<'r>> {
        let rule = &*alert.rule;
        let begin = end.minus(rule.when.span_ms());
        let from = self.reports.partition_point(|report| report.at <= begin);
        let to = self.reports.partition_point(|report| report.at <= end).min(heard);
        let within: BTreeSet<IncidentId> = self
            .reports
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .map(|report| report.accepted.id)
            .collect();
        let mut found: Vec<Heard<'r>> = Vec::new();
        for id in within {
            let said = self
                .revisions
                .get(&id)
                .into_iter()
                .flatten()
                .filter(|index| **index < to);
            let said: Vec<&'r Recorded> = said.filter_map(|index| self.reports.get(*index)).collect();
            found.extend(standing(alert, &said).filter(|heard| heard.at > begin));
        }
        found.sort_by_key(|heard| (heard.at, heard.accepted.id));
        found
    }
}

/// What the revisions of a report say on the alert's key, if the highest still does.
fn standing<'r>(alert: &Alert, said: &[&'r Recorded]) -> Option<Heard<'r>> {
    let here = |report: &Recorded| {
        let own = report.accepted.compartment();
        let visible = own == alert.compartment || (own.is_pool() && own.realm == alert.compartment.realm);
        visible && !report.accepted.incident.backfill && sources(&alert.rule, alert, &report.accepted) != 0
    };
    let top = said.iter().max_by_key(|report| report.accepted.incident.revision)?;
    let first = said.iter().find(|report| here(report))?;
    (!top.accepted.incident.retracted && here(top)).then(|| Heard {
        at: first.at,
        accepted: &top.accepted,
        sources: sources(&alert.rule, alert, &top.accepted),
    })
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

#[cfg(test)]
mod tests {
    use chappe_sigma::{SourceText, load};
    use proptest::prelude::*;

    use super::*;
    use crate::commands::rules::recorded::of_case;
    use crate::commands::rules::trial::Trial;

    const BASE: &str = "title: B\nname: low\nlogsource: {product: chappe}\ndetection: {s: {severity: low}, condition: s}\n---\ntitle: B\nname: any\nlogsource: {product: chappe}\ndetection: {s: {severity|exists: true}, condition: s}\n---\n";
    /// Each measure, plain bounds and upper ones, one rule and several, chained and not.
    const BODIES: [&str; 9] = [
        "type: value_count, rules: [any], group-by: [indicator], timespan: 10s, condition: {field: attested_country, gte: 2}",
        "type: value_count, rules: [any], group-by: [], timespan: 10s, condition: {field: country, gte: 2}",
        "type: value_count, rules: [low], group-by: [sector], timespan: 10s, condition: {field: reporter, gte: 2}",
        "type: value_count, rules: [any], group-by: [country], timespan: 10s, condition: {field: sector, gte: 2}",
        "type: event_count, rules: [any], group-by: [indicator], timespan: 10s, condition: {gte: 3}",
        "type: event_count, rules: [any], group-by: [indicator], timespan: 10s, condition: {gte: 2, lte: 3}",
        "type: temporal, rules: [low, any], group-by: [indicator], timespan: 10s",
        "type: temporal_ordered, rules: [low, any], group-by: [indicator], timespan: 10s",
        "type: temporal_ordered, rules: [many, low], group-by: [indicator], timespan: 10s}\n---\ntitle: M\nname: many\ncorrelation: {type: event_count, rules: [any], group-by: [indicator], timespan: 5s, condition: {gte: 2}",
    ];
    type Told = (u64, usize, usize, usize, bool);

    fn case(reports: &[Told]) -> String {
        let mut text = "---\ntest: t\nfires: []\nreports:\n".to_owned();
        for (at, member, country, sector, low) in reports {
            let (home, country) = (["AT", "BE", "CZ"][*member], ["AT", "BE", "CZ"][*country]);
            let (sector, severity) = (["energy", "food"][*sector], if *low { "low" } else { "high" });
            text += &format!(
                "  - {{at: {at}s, by: m-{member}, home: {home}, countries: [{country}], sectors: [{sector}], severity: {severity}, indicators: ['domain:bad.example']}}\n"
            );
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_fired_measures_what_the_rule_asks_for(
            told in prop::collection::vec((0..60u64, 0..3usize, 0..3usize, 0..2usize, any::<bool>()), 1..20),
            body in 0..BODIES.len(),
        ) {
            let text = format!("{BASE}title: C\nname: c\ncorrelation: {{{}}}\n{}", BODIES[body], case(&told));
            let plain = load(&[SourceText::new("r.yml", &text)]);
            // Rules that a body does not use are refused: give them a use.
            let used = "---\ntitle: U\nname: u\ncorrelation: {type: event_count, rules: [low, any], group-by: [], timespan: 1s, condition: {gte: 1000}}\n";
            let loaded = plain.or_else(|_| load(&[SourceText::new("r.yml", &format!("{text}{used}"))])).unwrap();
            let reports = of_case(&loaded.cases[0]).unwrap();
            let rules: Vec<_> = loaded.rules.into_iter().filter(|rule| &*rule.id == "c").collect();
            let firings = Trial::new(rules).unwrap().run(&reports);
            let heap = Heap::of(&reports);
            for firing in &firings {
                let rule = &firing.alert.rule;
                let heard = heap.on_key(&firing.alert, firing.alert.last_fire, firing.heard);
                let measured = measure(rule, &rule.when, &heard, firing.alert.last_fire);
                // Beyond an upper bound an episode goes on without firing.
                let fits = if rule.when.may_turn_false() { rule.when.bounds.reached(measured.number) } else { rule.when.bounds.hold(measured.number) };
                prop_assert!(fits, "{measured:?} of {heard:?}\nunder\n{text}");
            }
        }
    }
}
