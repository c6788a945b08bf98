//! Generated rules: every measure, bound, list and grouping that a policy can hold.

use chappe_model::{
    AlertKind, Bounds, Condition, Field, Filter, IndicatorKind, Measure, Of, Policy, Rule, Source, WidestAudience,
    built_in_rules,
};
use fastrand::Rng;

/// Window of the built-in rules in generated cases, in milliseconds: as short as the history.
const WITHIN_MS: u64 = 50_000;
/// Lateness of a generated case, in milliseconds.
const LATENESS_MS: u64 = 5_000;
/// Generated rules of a policy, beside the built-in ones and two plain ones.
const GENERATED: usize = 4;
/// Most correlations within each other in a generated rule.
const DEPTH: usize = 3;

const GROUPS: [&[Field]; 8] = [
    &[Field::Indicator],
    &[Field::Indicator],
    &[],
    &[Field::Indicator, Field::Sector],
    &[Field::Sector],
    &[Field::Country],
    &[Field::IncidentClass, Field::Severity],
    &[Field::IndicatorOf(IndicatorKind::Domain)],
];

/// The built-in rules, two of Sigma's plain counts and some generated rules, with short windows and a small quota.
///
/// # Panics
/// Never: the rules are sound.
#[must_use]
#[allow(clippy::expect_used, reason = "for tests only")]
pub(crate) fn policy(seed: u64) -> Policy {
    let mut rng = Rng::with_seed(seed ^ 0x2077);
    let mut rules = built_in_rules();
    rules.iter_mut().for_each(|rule| rule.when.within_ms = WITHIN_MS);
    rules
        .iter_mut()
        .filter(|rule| rule.when.measure == Measure::CriticalReport)
        .for_each(|rule| rule.quota = 1);
    for (id, field, at_least) in [
        ("plain-country", Field::Country, 3),
        ("plain-reporter", Field::Reporter, 2),
    ] {
        let when = Condition::plain(Measure::Distinct(field), at_least, WITHIN_MS);
        rules.push(rule(id, &[Field::Indicator], vec![Source::any()], when));
    }
    rules.extend((0..GENERATED).map(|number| generated(&mut rng, number)));
    Policy::new(1, rules, LATENESS_MS, vec![], vec![]).expect("sound rules")
}

fn rule(id: &str, group_by: &[Field], sources: Vec<Source>, when: Condition) -> Rule {
    Rule {
        id: id.into(),
        version: 1,
        kind: AlertKind::Rule,
        group_by: group_by.to_vec(),
        sources,
        when,
        quota: 0,
        widest_audience: WidestAudience::Eu,
        condition: id.into(),
        advice: vec![],
    }
}

fn generated(rng: &mut Rng, number: usize) -> Rule {
    let group_by = GROUPS[rng.usize(0..GROUPS.len())];
    let mut sources: Vec<Source> = (0..rng.usize(1..=3))
        .map(|place| source(rng, place, group_by))
        .collect();
    if rng.bool() {
        sources[0].filter = Filter::Any;
    }
    let when = condition(rng, sources.len(), 1);
    let mut rule = rule(&format!("generated-{number}"), group_by, sources, when);
    if rng.u8(0..4) == 0 {
        rule.widest_audience = WidestAudience::Countries;
    }
    rule
}

#[allow(clippy::expect_used, reason = "for tests only")]
fn source(rng: &mut Rng, place: usize, group_by: &[Field]) -> Source {
    let of_type = |name: &str| Filter::of_type(name.parse().expect("a type"));
    let filters = [Filter::Any, of_type("fraud/phishing"), of_type("availability/ddos")];
    // Sigma's aliases: another field whose values are the same.
    let alias = |field: &Field| match field {
        Field::Sector => Field::CriticalSector,
        Field::IndicatorOf(_) => Field::IndicatorOf(IndicatorKind::Ip),
        other => *other,
    };
    Source {
        name: ["first", "second", "third"][place].into(),
        filter: filters[rng.usize(0..3)].clone(),
        group_by: (rng.u8(0..4) == 0).then(|| group_by.iter().map(alias).collect()),
    }
}

fn condition(rng: &mut Rng, sources: usize, depth: usize) -> Condition {
    let measure = measure(rng);
    let list = matches!(measure, Measure::Together | Measure::InOrder);
    let entries = if list { rng.usize(2..=3) } else { rng.usize(1..=2) };
    let plain = depth == DEPTH || rng.u8(0..3) > 0;
    let entry = |place: usize| {
        if plain || place > 0 {
            Of::Source(u8::try_from(rng.usize(0..sources)).unwrap_or(0))
        } else {
            Of::Firings(condition(rng, sources, depth + 1))
        }
    };
    let mut of: Vec<Of> = (0..entries).map(entry).collect();
    rng.shuffle(&mut of);
    let most = if list { entries } else { 3 };
    let at_least = u32::try_from(rng.usize(1..=most)).unwrap_or(1);
    Condition {
        measure,
        bounds: Bounds {
            at_least,
            at_most: (rng.u8(0..4) == 0).then(|| at_least + rng.u32(0..3)),
        },
        within_ms: [10_000, 25_000, WITHIN_MS][rng.usize(0..3)],
        of,
    }
}

fn measure(rng: &mut Rng) -> Measure {
    let fields = [
        Field::Indicator,
        Field::IndicatorOf(IndicatorKind::Malware),
        Field::Country,
        Field::AttestedCountry,
        Field::Sector,
        Field::CriticalSector,
        Field::IncidentType,
        Field::IncidentClass,
        Field::Severity,
        Field::Reporter,
        Field::ReporterCountry,
    ];
    match rng.u8(0..8) {
        0 | 1 => Measure::Events,
        2 | 3 => Measure::Together,
        4 | 5 => Measure::InOrder,
        _ => Measure::Distinct(fields[rng.usize(0..fields.len())]),
    }
}
