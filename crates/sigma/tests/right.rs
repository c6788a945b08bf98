//! Rules as they should be, and what they come to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use chappe_model::{
    Accepted, Bounds, Country, Field, Filter, Incident, IncidentId, IndicatorKind, Marking, Measure, MemberId, Of, Pap,
    ReportKey, Rule, Severity, Subject, Test, Texts, Timestamp, Tlp,
};
use chappe_sigma::{SourceText, load};
use proptest::prelude::*;

fn rules(text: &str) -> Vec<Rule> {
    load(&[SourceText::new("r.yml", text)])
        .unwrap_or_else(|refused| panic!("{refused}\nof\n{text}"))
        .rules
}

fn base(name: &str, detection: &str) -> String {
    format!("title: T\nname: {name}\nlogsource: {{product: chappe}}\ndetection:\n{detection}\n---\n")
}

fn counting(rest: &str) -> String {
    format!("title: C\nname: c\ncorrelation:\n  rules: [b]\n  group-by: [indicator]\n  timespan: 1h\n{rest}\n")
}

/// The filter of a detection.
fn filter(detection: &str) -> Filter {
    let text = base("b", detection) + &counting("  type: event_count\n  condition: {gte: 2}");
    rules(&text).remove(0).sources.remove(0).filter
}

fn selected(entry: &str) -> Filter {
    filter(&format!("  s:\n    {entry}\n  condition: s"))
}

fn report(severity: Severity, tlp: Tlp, title: &str, countries: &[&str], indicators: &[&str]) -> Accepted {
    Accepted {
        id: IncidentId::from_bytes([1; 16]),
        reporter: MemberId::parse("csirt-at").unwrap(),
        home: None,
        unmarked: false,
        reported_at: Timestamp::ZERO,
        incident: Incident {
            report_key: ReportKey::parse("a").unwrap(),
            revision: 0,
            retracted: false,
            incident_type: "fraud/phishing".parse().unwrap(),
            severity,
            marking: Marking::new(tlp, Pap::Amber, None, BTreeSet::new()).unwrap(),
            occurred_from: None,
            occurred_to: None,
            detected_at: None,
            countries: countries.iter().map(|c| Country::parse(c).unwrap()).collect(),
            sectors: BTreeSet::new(),
            indicators: indicators.iter().map(|i| i.parse().unwrap()).collect(),
            title: title.into(),
            summary: String::new(),
            exercise: false,
            backfill: false,
            particulars: Default::default(),
        },
    }
}

#[test]
fn each_modifier_selects_what_it_says() {
    let accepted = report(
        Severity::High,
        Tlp::Amber,
        "Wave of *Fake* invoices",
        &["AT", "DE"],
        &["domain:login.bad.example", "ip:192.0.2.7", "url:https://bad.example/A"],
    );
    for (entry, admits) in [
        ("severity: high", true),
        ("severity: HIGH", true),
        ("severity: [low, high]", true),
        ("severity|gte: medium", true),
        ("severity|gt: high", false),
        ("severity|lte: medium", false),
        ("severity|lt: critical", true),
        ("tlp|lte: amber", true),
        ("tlp: 'TLP:AMBER'", true),
        ("pap|gt: green", true),
        ("country: at", true),
        ("country|all: [AT, DE]", true),
        ("country|all: [AT, FR]", false),
        ("country: F?", false),
        ("incident_type: phishing", true),
        ("incident_type: fraud/*", true),
        ("incident_class: fraud", true),
        ("domain: LOGIN[.]bad[.]example", true),
        ("domain: bad.example", false),
        ("domain|endswith: .bad.example", true),
        ("domain|startswith: login", true),
        ("domain|contains: .BAD.", true),
        ("domain|contains|cased: .BAD.", false),
        ("domain|contains|all: [bad, login]", true),
        ("domain|contains|all: [bad, logout]", false),
        ("domain|re: '^login[.]'", true),
        ("domain|re: '^LOGIN[.]'", false),
        ("domain|re|i: '^LOGIN[.]'", true),
        ("ip|cidr: 192.0.2.0/24", true),
        ("ip|cidr: ['198.51.100.0/24', '192.0.2.0/30']", false),
        ("indicator: 'ip:192.0.2.7'", true),
        ("indicator|startswith: 'url:'", true),
        ("url: hxxps://bad[.]example/A", true),
        ("url|cased: https://bad.example/a", false),
        ("title: 'Wave of \\*fake\\* invoices'", true),
        ("title|contains: '\\*fake\\*'", true),
        ("title|contains: 'fake\\?'", false),
        ("title: 'wave*'", true),
        ("title: null", false),
        ("sector: null", true),
        ("sector: [energy, null]", true),
        ("sector|exists: true", false),
        ("sha256|exists: false", true),
        ("email|exists: false", true),
        ("exercise: false", true),
        ("use: share", true),
    ] {
        assert_eq!(
            selected(entry).admits(&accepted),
            admits,
            "{entry}: {:?}",
            selected(entry)
        );
    }
}

#[test]
fn selections_and_conditions_combine_as_sigma_says() {
    let accepted = report(Severity::High, Tlp::Green, "x", &["AT"], &["domain:bad.example"]);
    let parts = "  yes_a: {severity: high}\n  yes_b: {country: AT}\n  no_a: {country: DE}\n  no_b:\n    - {severity: low}\n    - {country: FR}\n  _hidden: {country: DE}\n";
    for (condition, admits) in [
        ("yes_a and yes_b and not no_a and not no_b or _hidden", true),
        ("not (yes_a and yes_b) or no_a or no_b or _hidden", false),
        ("no_a or yes_a and yes_b or no_b and _hidden", true),
        ("(no_a or yes_a) and (yes_b or no_b) and not _hidden", true),
        ("1 of yes* and not 1 of no* and not _hidden", true),
        ("all of *_a or all of no_b or _hidden or yes_b and no_a", false),
        ("1 of them or _hidden", true),
        ("all of them or _hidden", false),
        (
            "not not yes_a and yes_b and not no_a and not no_b and not _hidden",
            true,
        ),
        ("[no_a, no_b, _hidden, 'all of yes_*']", true),
    ] {
        let filter = filter(&format!("{parts}  condition: {condition}"));
        assert_eq!(filter.admits(&accepted), admits, "{condition}");
    }
}

#[test]
fn plain_values_of_a_list_are_one_test_and_what_says_nothing_is_left_out() {
    let listed = selected("domain: [b.example, a.example, B.example]");
    let texts = Texts::any_case(["a.example", "b.example"]);
    assert_eq!(
        listed,
        Filter::Has(Subject::IndicatorOf(IndicatorKind::Domain), Test::Is(texts))
    );
    assert_eq!(selected("severity|exists: true"), Filter::Any);
}

#[test]
fn bounds_are_one_range() {
    for (condition, at_least, at_most) in [
        ("{gte: 3}", 3, None),
        ("{gt: 3}", 4, None),
        ("{eq: 3}", 3, Some(3)),
        ("{lt: 3}", 1, Some(2)),
        ("{lte: 3}", 1, Some(3)),
        ("{gt: 100, lte: 200}", 101, Some(200)),
        ("{gte: 4294967295}", u32::MAX, None),
    ] {
        let text = base("b", "  s: {severity: high}\n  condition: s")
            + &counting(&format!("  type: event_count\n  condition: {condition}"));
        assert_eq!(rules(&text)[0].when.bounds, Bounds { at_least, at_most }, "{condition}");
    }
}

const CHAIN: &str = "\
title: First this, then that
name: First_Then
correlation:
  type: temporal_ordered
  rules: [many, single]
  group-by: [sector, place]
  aliases:
    place: {many: country, single: country}
  timespan: 2d
---
title: Many
name: many
correlation:
  type: event_count
  rules: [low, single]
  group-by: [country, sector]
  timespan: 90m
  condition: {gt: 9}
---
title: Low
name: low
logsource: {product: chappe, category: report}
detection:
  s: {severity: low}
  condition: s
---
title: Single
id: 53BA33FD-3a50-4468-a5ef-c583635cfa92
name: single
logsource: {category: report}
detection:
  s: {severity: critical}
  condition: s
";

#[test]
fn chained_correlations_become_one_rule_on_one_key() {
    let rule = rules(CHAIN).remove(0);
    assert_eq!(
        (&*rule.id, rule.group_by.as_slice()),
        ("first-then", &[Field::Sector, Field::Country][..])
    );
    let names: Vec<&str> = rule.sources.iter().map(|source| &*source.name).collect();
    assert_eq!(names, ["low", "single"]);
    assert!(rule.sources.iter().all(|source| source.group_by.is_none()));
    assert_eq!(
        (rule.when.measure, rule.when.bounds.at_least, rule.when.within_ms),
        (Measure::InOrder, 2, 172_800_000)
    );
    let [Of::Firings(inner), Of::Source(1)] = rule.when.of.as_slice() else {
        panic!("{:?}", rule.when.of)
    };
    assert_eq!(
        (inner.measure, inner.bounds.at_least, inner.within_ms),
        (Measure::Events, 10, 5_400_000)
    );
    assert_eq!(inner.of, [Of::Source(0), Of::Source(1)]);
    assert_eq!(
        &*rule.condition,
        "(10 or more reports of low or single within 90 minutes), then single, the same sector in the same country, within 48 hours"
    );
    let by_id = CHAIN.replace(
        "rules: [many, single]",
        "rules: [many, 53ba33fd-3a50-4468-a5ef-c583635cfa92]",
    );
    assert_eq!(rules(&by_id)[0], rule, "a rule is called by its id as well");
}

#[test]
fn generate_puts_a_part_in_force_as_well() {
    assert_eq!(rules(CHAIN).len(), 1);
    for text in [
        CHAIN.replace("  timespan: 2d\n", "  timespan: 2d\n  generate: true\n"),
        CHAIN.replace("  timespan: 2d\n", "  timespan: 2d\ngenerate: true\n"),
    ] {
        let ids: Vec<String> = rules(&text).iter().map(|rule| rule.id.to_string()).collect();
        assert_eq!(ids, ["first-then", "many"]);
    }
}

#[test]
fn aliases_give_a_source_its_own_fields() {
    let text = CHAIN
        .replace(
            "  group-by: [country, sector]",
            "  group-by: [country, critical_sector]",
        )
        .replace(
            "  group-by: [sector, place]\n  aliases:\n",
            "  group-by: [branch, place]\n  aliases:\n    branch: {many: critical_sector, single: sector}\n",
        );
    let rule = rules(&text).remove(0);
    assert_eq!(rule.group_by, [Field::CriticalSector, Field::Country]);
    // The rule `single` is looked at twice: within `many` under the one field, beside it under the other.
    let own: Vec<_> = rule
        .sources
        .iter()
        .map(|source| (&*source.name, source.group_by.clone()))
        .collect();
    assert_eq!(
        own,
        [
            ("low", None),
            ("single", None),
            ("single", Some(vec![Field::Sector, Field::Country]))
        ]
    );
}

#[test]
fn files_are_read_together_and_own_names_come_first() {
    let low = base("b", "  s: {severity: low}\n  condition: s");
    let high =
        base("b", "  s: {severity: high}\n  condition: s") + &counting("  type: event_count\n  condition: {gte: 2}");
    let other = counting("  type: value_count\n  condition: {field: sector, gte: 2}")
        .replace("name: c", "id: 0e95725d-7320-415d-80f7-004da920fc11");
    let file = |name: &str, text: &str| SourceText::new(name, text);
    let loaded = load(&[file("a.yml", &high), file("b.yml", &low), file("c.yml", &other)]).unwrap_err();
    assert!(
        loaded
            .to_string()
            .contains("c.yml:4:11: 'b' may be the rule of a.yml:1 or b.yml:1"),
        "{loaded}"
    );
    let both = load(&[file("a.yml", &high), file("c.yml", &other)]).unwrap();
    assert_eq!(both.rules.len(), 2);
    assert_eq!(&*both.rules[0].id, "0e95725d-7320-415d-80f7-004da920fc11");
    assert_eq!(both.rules[0].when.measure, Measure::Distinct(Field::Sector));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z:\\-\\[\\]{}'\"|>*&!#%@ \n\t\u{e9}0-9,]{0,300}") {
        let _ = load(&[SourceText::new("r.yml", &text)]);
    }

    #[test]
    fn a_damaged_rule_is_read_or_refused(at in 0..CHAIN.len(), gone in 0..40usize, put in "[a-z:\\-\\[\\]{}'\"|>*&!#% \n]{0,6}") {
        let end = (at + gone).min(CHAIN.len());
        let text = format!("{}{put}{}", &CHAIN[..at], &CHAIN[end..]);
        if let Err(refused) = load(&[SourceText::new("r.yml", &text)]) {
            let lines = text.lines().count() + 1;
            for fault in refused.faults() {
                prop_assert!((1..=lines).contains(&fault.line) && fault.column >= 1 && !fault.message.is_empty(), "{fault}");
            }
        }
    }
}
