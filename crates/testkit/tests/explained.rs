//! A reader can recompute an alert by hand: from its explanation (the rule and its numbers) and the reports behind it, without the core. What
//! is written here is naive on purpose and shares nothing with `chappe-correlate`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use chappe_model::limits::EU_MEMBERS;
use chappe_model::{
    Accepted, Alert, AlertState, Audience, Condition, Country, CountrySet, Field, Measure, MemberId, Of, Rule,
    Timestamp, WidestAudience,
};
use chappe_testkit::{Case, Deliveries, Entry, World, live, secret};

/// A report behind an alert.
struct Report<'a> {
    time: Timestamp,
    said: &'a Accepted,
    /// The sources of the rule that admit it under the alert's key.
    sources: BTreeSet<usize>,
}

/// A report as a condition looks at it: where it stands among those behind the alert, and which entries of the list it is one of.
struct Event {
    report: usize,
    entries: BTreeSet<usize>,
}

#[test]
fn a_hundred_alerts_follow_from_what_they_show() {
    let mut measures = BTreeSet::new();
    for (seed, alert, reports) in alerts(100, Case::generate) {
        let alert = Shown::new(seed, &alert, &reports);
        alert.is_drawn_from_its_reports();
        alert.fired_on_its_peak();
        alert.hides_nothing_that_its_reports_say();
        measures.insert(alert.alert.rule.when.measure);
    }
    assert!(measures.len() >= 8, "only {measures:?}");
}

#[test]
fn a_hundred_alerts_on_reports_that_nobody_revised_follow_to_the_last_value() {
    for (seed, alert, reports) in alerts(100, unrevised) {
        let alert = Shown::new(seed, &alert, &reports);
        alert.is_drawn_from_its_reports();
        alert.fired_on_its_peak();
        alert.shows_what_was_found_and_no_more();
    }
}

type Behind = Vec<(Timestamp, Accepted)>;

/// One random alert of each case until there are enough: of those that hold or held, and list all their reports.
fn alerts(enough: usize, case: fn(u64) -> Case) -> Vec<(u64, Alert, Behind)> {
    let mut found = vec![];
    for seed in 0.. {
        let case = case(seed);
        let told = live(&World::new(&case).run(Deliveries::in_order(&case)));
        let whole = |alert: &Alert| {
            alert.counts.unlisted == 0
                && alert.counts.reports as usize == alert.evidence.len()
                && matches!(alert.state, AlertState::Open | AlertState::Resolved)
        };
        let whole: Vec<Alert> = told.into_iter().filter(whole).collect();
        if let Some(alert) = fastrand::Rng::with_seed(seed).choice(whole) {
            let behind = behind(&case, &alert);
            found.push((seed, alert, behind));
        }
        if found.len() == enough {
            break;
        }
    }
    found
}

/// A case of which the first revision of each report is all there is, and no report is withdrawn.
fn unrevised(seed: u64) -> Case {
    let mut case = Case::generate(seed);
    let mut seen = BTreeSet::new();
    for partition in &mut case.partitions {
        partition.retain(|entry| match entry {
            Entry::Mark(_) => true,
            Entry::Report(_, accepted) => {
                !accepted.incident.retracted && !accepted.incident.backfill && seen.insert(accepted.id)
            }
        });
    }
    case
}

/// The reports that an alert lists, each as it stands: its highest revision, of those that came in time.
fn behind(case: &Case, alert: &Alert) -> Behind {
    let in_time = alert.rule.when.span_ms() + case.policy.lateness_ms;
    let reports = case.reports();
    let each = alert.evidence.iter().map(|evidence| {
        let revisions = reports
            .iter()
            .filter(|(time, said)| said.id == evidence.incident && *time <= evidence.time.plus(in_time));
        let (_, newest) = revisions.max_by_key(|(_, said)| said.incident.revision).unwrap();
        (evidence.time, newest.clone())
    });
    each.collect()
}

struct Shown<'a> {
    seed: u64,
    alert: &'a Alert,
    reports: Vec<Report<'a>>,
    /// For each window of the episode that ends at a report and holds: the reports in it, the measure and the values.
    holding: Vec<(Vec<usize>, usize, BTreeSet<String>)>,
}

impl<'a> Shown<'a> {
    fn new(seed: u64, alert: &'a Alert, behind: &'a Behind) -> Self {
        let report = |(time, said): &'a (Timestamp, Accepted)| Report {
            time: *time,
            said,
            sources: sources(&alert.rule, alert, said),
        };
        let reports: Vec<Report<'a>> = behind.iter().map(report).collect();
        let condition = &alert.rule.when;
        let of_episode = |time: &Timestamp| (alert.anchor.0..=alert.last_fire).contains(time);
        let ends: BTreeSet<Timestamp> = reports.iter().map(|report| report.time).filter(of_episode).collect();
        let holding = if condition.measure == Measure::CriticalReport {
            vec![(vec![0], 1, said_by(Field::Country, &reports[0]))]
        } else {
            let windows = ends.into_iter().map(|end| {
                let (measured, values) = measure(&alert.rule, condition, &reports, end);
                (within(&reports, condition.span_ms(), end), measured, values)
            });
            windows
                .filter(|(_, measured, _)| condition.bounds.hold(*measured))
                .collect()
        };
        Self {
            seed,
            alert,
            reports,
            holding,
        }
    }

    /// Counts, digest, severity, labels, sectors and types.
    fn is_drawn_from_its_reports(&self) {
        let (seed, alert) = (self.seed, self.alert);
        let said = || self.reports.iter().map(|report| report.said);
        let members: BTreeSet<&MemberId> = said().map(|said| &said.reporter).collect();
        assert_eq!(alert.counts.members as usize, members.len(), "seed {seed}");
        let contributing: BTreeSet<_> = said().map(|said| said.id).collect();
        assert_eq!(alert.digest, secret().set_digest(contributing), "seed {seed}");
        assert_eq!(
            said().map(|said| said.incident.severity).max(),
            Some(alert.severity),
            "seed {seed}"
        );
        let uses = said().map(|said| said.incident.marking.pap());
        assert_eq!(uses.reduce(chappe_model::Pap::join), Some(alert.pap), "seed {seed}");
        let labels = said().map(|said| said.incident.marking.tlp());
        assert_eq!(labels.reduce(chappe_model::Tlp::join), Some(alert.tlp), "seed {seed}");
        let sectors: BTreeSet<_> = said().flat_map(|said| said.incident.sectors.clone()).collect();
        assert_eq!(sectors, alert.sectors, "seed {seed}");
        let types: BTreeSet<_> = said().map(|said| said.incident.incident_type).collect();
        assert_eq!(types, alert.incident_types, "seed {seed}");
        for (evidence, said) in alert.evidence.iter().zip(said()) {
            let countries: CountrySet = said.incident.countries.iter().copied().collect();
            assert_eq!(
                (evidence.countries, evidence.severity),
                (countries, said.incident.severity)
            );
        }
    }

    /// The number it gives is what the rule measures, and lies in the rule's bounds.
    fn fired_on_its_peak(&self) {
        let (seed, alert) = (self.seed, self.alert);
        let peak = alert.peak as usize;
        assert!(
            alert.rule.when.bounds.hold(peak),
            "seed {seed}: {peak} is out of bounds"
        );
        let measured: BTreeSet<usize> = self.holding.iter().map(|(_, measured, _)| *measured).collect();
        if alert.rule.when.may_turn_false() {
            assert!(measured.contains(&peak), "seed {seed}: {measured:?}, not {peak}");
        } else {
            assert_eq!(measured.last(), Some(&peak), "seed {seed}: {}", alert.rule.id);
        }
    }

    /// What holds on the reports is shown. More may be, of windows in which the rule held before a report was withdrawn.
    fn hides_nothing_that_its_reports_say(&self) {
        if self.alert.rule.when.may_turn_false() {
            return; // a window that came to too much is shown as far as another holds, so it cannot be told from the list
        }
        let values: BTreeSet<String> = self.alert.values.iter().map(ToString::to_string).collect();
        assert!(self.values().is_subset(&values), "seed {}", self.seed);
        assert!(self.countries().is_subset(&self.alert.countries), "seed {}", self.seed);
        if self.may_be_everywhere() {
            assert_eq!(self.alert.audience, Audience::Eu, "seed {}", self.seed);
        }
    }

    fn shows_what_was_found_and_no_more(&self) {
        let (seed, alert) = (self.seed, self.alert);
        if alert.rule.when.may_turn_false() {
            return;
        }
        let values: BTreeSet<String> = alert.values.iter().map(ToString::to_string).collect();
        assert_eq!(values, self.values(), "seed {seed}: {}", alert.rule.id);
        assert_eq!(alert.countries, self.countries(), "seed {seed}: {}", alert.rule.id);
        assert_eq!(alert.audience, self.audience(), "seed {seed}: {}", alert.rule.id);
    }

    fn values(&self) -> BTreeSet<String> {
        self.holding.iter().flat_map(|(_, _, values)| values.clone()).collect()
    }

    fn countries(&self) -> CountrySet {
        let mut all = CountrySet::new();
        for (window, _, _) in &self.holding {
            let said: Vec<&Report<'_>> = window.iter().map(|index| &self.reports[*index]).collect();
            all.extend_from(&if self.alert.rule.when.measure == Measure::CriticalReport {
                said[0].said.incident.countries.iter().copied().collect()
            } else {
                attested(&said)
            });
        }
        all
    }

    /// Three independent members stand behind one window of a pool.
    fn may_be_everywhere(&self) -> bool {
        let members = |window: &Vec<usize>| {
            let each = window.iter().map(|index| &self.reports[*index].said.reporter);
            each.collect::<BTreeSet<_>>().len()
        };
        self.alert.compartment.is_pool()
            && self.alert.rule.widest_audience == WidestAudience::Eu
            && self.holding.iter().any(|(window, _, _)| members(window) >= EU_MEMBERS)
    }

    fn audience(&self) -> Audience {
        let first = &self.reports[0].said;
        match self.alert.rule.when.measure {
            _ if !self.alert.compartment.is_pool() => Audience::Recipients,
            Measure::CriticalReport if self.alert.held => Audience::Reporter(first.reporter.clone()),
            Measure::CriticalReport => Audience::Countries(first.incident.countries.iter().copied().collect()),
            _ if self.may_be_everywhere() => Audience::Eu,
            _ => Audience::Countries(self.reports.iter().filter_map(|report| report.said.home).collect()),
        }
    }
}

/// The sources of a rule that admit a report under an alert's key.
fn sources(rule: &Rule, alert: &Alert, said: &Accepted) -> BTreeSet<usize> {
    let admits = |source: &chappe_model::Source| {
        let fields = rule.group_by_of(source);
        let on_key = fields.iter().zip(alert.key.iter()).all(|(field, key)| {
            let values = field.key_values(said);
            values.contains(&key.value)
        });
        source.filter.admits(said) && (rule.when.measure == Measure::CriticalReport || on_key)
    };
    (0..rule.sources.len())
        .filter(|number| admits(&rule.sources[*number]))
        .collect()
}

fn within(reports: &[Report<'_>], within_ms: u64, end: Timestamp) -> Vec<usize> {
    let inside = |index: &usize| reports[*index].time <= end && reports[*index].time.plus(within_ms) > end;
    (0..reports.len()).filter(inside).collect()
}

/// What a condition looks at among the reports.
fn events(rule: &Rule, condition: &Condition, reports: &[Report<'_>]) -> Vec<Event> {
    let is = |index: usize, entry: &Of| match entry {
        Of::Source(source) => reports[index].sources.contains(&usize::from(*source)),
        Of::Firings(inner) => {
            let looked_at = events(rule, inner, reports).iter().any(|event| event.report == index);
            looked_at && inner.bounds.hold(measure(rule, inner, reports, reports[index].time).0)
        }
    };
    let event = |report: usize| Event {
        report,
        entries: (0..condition.of.len())
            .filter(|entry| is(report, &condition.of[*entry]))
            .collect(),
    };
    (0..reports.len())
        .map(event)
        .filter(|event| !event.entries.is_empty())
        .collect()
}

/// What a condition measures in the window that ends at a time, and the values it may name.
fn measure(rule: &Rule, condition: &Condition, reports: &[Report<'_>], end: Timestamp) -> (usize, BTreeSet<String>) {
    let inside = within(reports, condition.within_ms, end);
    let mut window = events(rule, condition, reports);
    window.retain(|event| inside.contains(&event.report));
    let of = |event: &Event| &reports[event.report];
    match condition.measure {
        Measure::Events | Measure::CriticalReport => (window.len(), BTreeSet::new()),
        Measure::Together => {
            let there: BTreeSet<usize> = window.iter().flat_map(|event| event.entries.clone()).collect();
            let name = |entry: &usize| match &condition.of[*entry] {
                Of::Source(source) => rule.sources[usize::from(*source)].name.to_string(),
                Of::Firings(inner) => inner.measure.as_str().to_owned(),
            };
            (there.len(), there.iter().map(name).collect())
        }
        Measure::InOrder => {
            let (mut last, mut come) = (None, 0);
            while let Some(next) = window
                .iter()
                .filter(|event| event.entries.contains(&come) && Some(of(event).time) > last)
                .map(|event| of(event).time)
                .min()
            {
                (last, come) = (Some(next), come + 1);
            }
            (come, BTreeSet::new())
        }
        Measure::Distinct(Field::AttestedCountry) => {
            let countries = attested(&window.iter().map(of).collect::<Vec<_>>());
            (
                countries.len(),
                countries.iter().map(|country| country.as_str().to_owned()).collect(),
            )
        }
        Measure::Distinct(field) => {
            let values: BTreeSet<String> = window.iter().flat_map(|event| said_by(field, of(event))).collect();
            let named = !field.names_members() && !field.is_indicator();
            (values.len(), if named { values } else { BTreeSet::new() })
        }
    }
}

fn said_by(field: Field, report: &Report<'_>) -> BTreeSet<String> {
    field.key_values(report.said).iter().map(ToString::to_string).collect()
}

/// Countries that their own member names, or two members.
fn attested(window: &[&Report<'_>]) -> CountrySet {
    let named: BTreeSet<Country> = window
        .iter()
        .flat_map(|report| report.said.incident.countries.clone())
        .collect();
    let is_attested = |country: &Country| {
        let by = || {
            window
                .iter()
                .filter(|report| report.said.incident.countries.contains(country))
        };
        let members: BTreeSet<&MemberId> = by().map(|report| &report.said.reporter).collect();
        members.len() >= 2 || by().any(|report| report.said.home == Some(*country))
    };
    named.into_iter().filter(is_attested).collect()
}
