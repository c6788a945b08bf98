//! A shard whose keys another owns: what it owes once it owns them itself.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_correlate::{Intake, Shard, Sighting};
use chappe_model::{
    Accepted, Alert, AlertKind, AlertState, Country, Incident, Marking, MemberId, Pap, Policy, ReportKey, Secret,
    Severity, Timestamp, Tlp, built_in_rules,
};

fn secret() -> Secret {
    Secret::new([5; 32])
}

fn policy() -> Arc<Policy> {
    Arc::new(Policy::new(1, built_in_rules(), 300_000, vec![], vec![]).unwrap())
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A critical report, which is told of at once.
fn report(revision: u32, retracted: bool) -> Accepted {
    let reporter = MemberId::parse("csirt-at").unwrap();
    let report_key = ReportKey::parse("1").unwrap();
    Accepted {
        id: secret().incident_id(&reporter, &report_key),
        reporter,
        home: Some(Country::parse("AT").unwrap()),
        unmarked: false,
        reported_at: at(1_000),
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
            countries: BTreeSet::from([Country::parse("AT").unwrap()]),
            sectors: BTreeSet::new(),
            indicators: BTreeSet::from(["domain:one.example".parse().unwrap()]),
            title: String::new(),
            summary: String::new(),
            exercise: false,
            backfill: false,
            particulars: Default::default(),
        },
    }
}

fn sightings(reports: &[(u64, Accepted)]) -> Vec<(Timestamp, Sighting)> {
    let (mut intake, mut seen) = (Intake::new(&secret(), &policy(), 1), vec![]);
    for (stamp, accepted) in reports {
        let mut found = vec![];
        let time = intake.record(0, at(*stamp), accepted, &mut found);
        seen.extend(found.into_iter().map(|sighting| (time, sighting)));
    }
    seen
}

/// A shard that stands by and has read the log up to `read_to`, knowing these alerts.
fn standing_by(recalled: &[Alert], read_to: u64) -> Shard {
    let mut shard = Shard::new(secret(), &policy(), 0);
    shard.stand_by();
    recalled.iter().cloned().for_each(|alert| shard.recall(alert));
    shard.keep_up(at(read_to));
    shard
}

fn told_by_owner(seen: &[(Timestamp, Sighting)]) -> Vec<Alert> {
    let (mut shard, mut told) = (Shard::new(secret(), &policy(), 1), vec![]);
    shard.settle(&mut told);
    seen.iter()
        .for_each(|seen| shard.apply_all(std::slice::from_ref(seen), &mut told));
    told
}

fn urgent(told: &[Alert]) -> Vec<(u32, AlertState)> {
    let urgent = told.iter().filter(|alert| alert.rule.kind == AlertKind::Urgent);
    urgent.map(|alert| (alert.revision, alert.state)).collect()
}

#[test]
fn what_was_found_while_another_owned_is_told_by_the_next_owner() {
    let (mut shard, mut told) = (standing_by(&[], 500), vec![]);
    shard.apply_all(&sightings(&[(1_000, report(0, false))]), &mut told);
    assert_eq!(urgent(&told), []);
    shard.own(2, &mut told);
    assert_eq!(urgent(&told), [(1, AlertState::Open)]);
}

#[test]
fn what_was_told_of_reports_to_come_is_remembered() {
    let seen = sightings(&[(1_000, report(0, false)), (2_000, report(1, true))]);
    let before = told_by_owner(&seen);
    assert_eq!(urgent(&before), [(1, AlertState::Open), (2, AlertState::Retracted)]);
    let (mut shard, mut told) = (standing_by(&before, 500), vec![]);
    shard.apply_all(&seen, &mut told);
    shard.own(2, &mut told);
    assert_eq!(urgent(&told), [], "it was told");
    // One that has read all of it knows that nothing more comes.
    let (mut shard, mut told) = (standing_by(&before, 5_000), vec![]);
    shard.own(2, &mut told);
    assert_eq!(urgent(&told), []);
}

#[test]
fn a_key_that_goes_leaves_what_was_told_of_reports_to_come() {
    let long = 40 * 24 * 3_600_000;
    let (first, later) = (report(0, false), report(1, false));
    let seen = sightings(&[(1_000, first.clone()), (long, later)]);
    let before = told_by_owner(&seen);
    let (mut shard, mut told) = (standing_by(&[], 0), vec![]);
    shard.apply_all(&sightings(&[(1_000, first)]), &mut told);
    before.iter().cloned().for_each(|alert| shard.recall(alert));
    shard.confirm(at(long - 1));
    shard.pass(at(long - 1));
    while shard.go_on(usize::MAX, &mut told) {}
    assert_eq!(shard.keys(), 0);
    shard.apply_all(&seen[seen.len() / 2..], &mut told);
    shard.own(2, &mut told);
    assert!(
        told.iter().all(|alert| alert.revision > 1),
        "no revision is given out twice: {told:#?}"
    );
}

#[test]
fn nothing_goes_before_what_was_told_of_it_counts() {
    let long = 40 * 24 * 3_600_000;
    let (mut shard, mut told) = (standing_by(&[], 0), vec![]);
    shard.own(1, &mut told);
    shard.apply_all(&sightings(&[(1_000, report(0, false))]), &mut told);
    shard.pass(at(long));
    while shard.go_on(usize::MAX, &mut told) {}
    assert!(shard.keys() > 0);
    assert_eq!(urgent(&told), [(1, AlertState::Open), (2, AlertState::Resolved)]);
    // Its end was fenced: the log holds the beginning alone, and it owns the keys again.
    let open = told.iter().find(|alert| alert.revision == 1).cloned().unwrap();
    shard.stand_by();
    shard.recall(open);
    let mut again = vec![];
    shard.own(3, &mut again);
    assert_eq!(urgent(&again), [(2, AlertState::Resolved)]);
    shard.confirm(at(long));
    shard.pass(at(2 * long));
    while shard.go_on(usize::MAX, &mut told) {}
    shard.confirm(at(2 * long));
    shard.pass(at(3 * long));
    while shard.go_on(usize::MAX, &mut told) {}
    assert_eq!(shard.keys(), 0);
}
