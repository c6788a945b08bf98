//! The seams between stages: sightings and findings are whole states that may cross a process, arrive twice, and be overtaken.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_correlate::{Assess, Count, Finding, Intake, LinkPolicy, Linker, Sighting};
use chappe_model::{
    Accepted, AlertState, Country, Incident, Marking, MemberId, Pap, Policy, Realm, ReportKey, Secret, Severity,
    Timestamp, Tlp, built_in_rules,
};

fn secret() -> Secret {
    Secret::new([5; 32])
}

fn policy() -> Arc<Policy> {
    Arc::new(Policy::new(1, built_in_rules(), 300_000, vec![], vec![]).unwrap())
}

fn report(country: &str, revision: u32, retracted: bool) -> Accepted {
    let reporter = MemberId::parse(&format!("csirt-{}", country.to_lowercase())).unwrap();
    let report_key = ReportKey::parse("1").unwrap();
    Accepted {
        id: secret().incident_id(&reporter, &report_key),
        reporter,
        home: Some(Country::parse(country).unwrap()),
        unmarked: false,
        reported_at: Timestamp::from_millis(1_000),
        incident: Incident {
            report_key,
            revision,
            retracted,
            incident_type: "fraud/phishing".parse().unwrap(),
            severity: Severity::Critical,
            marking: Marking::new(Tlp::Green, Pap::Green, None, BTreeSet::new()).unwrap(),
            occurred_from: None,
            occurred_to: None,
            detected_at: None,
            countries: BTreeSet::from([Country::parse(country).unwrap()]),
            sectors: BTreeSet::from(["energy".parse().unwrap()]),
            indicators: BTreeSet::from(["domain:one.example".parse().unwrap()]),
            title: String::new(),
            summary: String::new(),
            exercise: false,
            backfill: false,
            particulars: Default::default(),
        },
    }
}

/// Sightings of three countries' reports, then of one withdrawal.
fn sightings() -> Vec<Sighting> {
    let mut intake = Intake::new(&secret(), &policy(), 1);
    let mut found = vec![];
    for country in ["AT", "BE", "CZ"] {
        intake.record(0, Timestamp::from_millis(1_000), &report(country, 0, false), &mut found);
    }
    intake.record(0, Timestamp::from_millis(2_000), &report("CZ", 1, true), &mut found);
    found
}

fn findings(sightings: impl IntoIterator<Item = Sighting>) -> Vec<Finding> {
    let (mut count, mut found) = (Count::new(secret(), &policy()), vec![]);
    count.settle(&mut found);
    for sighting in sightings {
        count.find(Timestamp::from_millis(2_000), &sighting, &mut vec![], &mut found);
        count.judge(&mut found);
    }
    found
}

#[test]
fn findings_survive_the_way_to_another_process() {
    let here = findings(sightings());
    assert!(!here.is_empty());
    let there: Vec<Finding> = here
        .iter()
        .map(|f| postcard::from_bytes(&postcard::to_stdvec(f).unwrap()).unwrap())
        .collect();
    assert_eq!(here, there);
    let assess = |findings: Vec<Finding>| {
        let (mut assess, mut told) = (Assess::new(1), vec![]);
        findings
            .into_iter()
            .for_each(|finding| assess.apply(finding, &mut told));
        told
    };
    let told = assess(there);
    assert_eq!(told, assess(here));
    assert!(
        told.iter().any(|alert| alert.state == AlertState::Open)
            && told.iter().any(|alert| alert.state == AlertState::Retracted)
    );
}

#[test]
fn each_report_that_makes_a_rule_fire_gives_a_firing() {
    let rules = built_in_rules();
    let (mut count, mut firings) = (Count::new(secret(), &policy()), vec![]);
    count.settle(&mut vec![]);
    for sighting in sightings() {
        count.find(Timestamp::from_millis(2_000), &sighting, &mut firings, &mut vec![]);
    }
    let mut found: Vec<(&str, u32, u32)> = firings
        .iter()
        .map(|firing| (&*rules[usize::from(firing.rule)].id, firing.fires, firing.measured))
        .collect();
    found.sort_unstable();
    // The reports come at one log time, so with the one that reaches the bound all of them fire.
    let expected = [
        ("cross-border", 3, 3),
        ("cross-border-critical-sector", 1, 3),
        ("cross-border-critical-sector", 2, 2),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_sighting_or_a_finding_that_comes_twice_changes_nothing() {
    let twice = sightings()
        .into_iter()
        .flat_map(|sighting| [sighting.clone(), sighting]);
    let sightings: Vec<Sighting> = sightings()
        .iter()
        .map(|s| postcard::from_bytes(&postcard::to_stdvec(s).unwrap()).unwrap())
        .collect();
    let (once, repeated) = (findings(sightings), findings(twice));
    assert_eq!(once, repeated);
    let (mut assess, mut told) = (Assess::new(1), vec![]);
    once.iter().for_each(|finding| assess.apply(finding.clone(), &mut told));
    let first = told.len();
    let newest: Vec<&Finding> = once.iter().rev().take(1).collect();
    newest
        .into_iter()
        .for_each(|finding| assess.apply(finding.clone(), &mut told));
    assert_eq!(told.len(), first, "the newest finding again tells nothing");
}

#[test]
fn the_first_revision_in_the_log_says_whether_a_report_is_an_exercise() {
    let revision = |number: u32, exercise: bool| {
        let mut report = report("AT", number, false);
        report.incident.exercise = exercise;
        report
    };
    let fold = |revisions: &[(u32, bool)]| {
        let (mut intake, mut found) = (Intake::new(&secret(), &policy(), 1), vec![]);
        for (number, exercise) in revisions {
            intake.record(
                0,
                Timestamp::from_millis(1_000),
                &revision(*number, *exercise),
                &mut found,
            );
        }
        found
    };
    assert_ne!(fold(&[(1, false)]), fold(&[(1, true)]));
    for first in [false, true] {
        // One of the other realm changes nothing, and takes no revision from one that counts.
        let all = fold(&[(1, first), (3, !first), (1, !first), (2, !first), (2, first)]);
        assert_eq!(all, fold(&[(1, first), (2, first)]), "{first}");
    }
}

#[test]
fn linking_keeps_a_report_in_the_realm_of_its_first_revision() {
    let at = Timestamp::from_millis;
    for later in [1_000, 5_000] {
        let mut linker = Linker::new(secret(), Arc::new(LinkPolicy::default()));
        let mut drill = report("AT", 1, false);
        drill.incident.exercise = true;
        linker.take(at(1_000), &report("AT", 2, false));
        linker.take(at(later), &drill);
        linker.advance(at(10_000), &mut vec![]);
        let clusters = [Realm::Live, Realm::Exercise].map(|realm| linker.clusters(realm).count());
        assert_eq!(clusters, [1, 0], "{later}");
    }
}
