use std::collections::BTreeSet;

use chappe_model::{AlertState, Incident, Marking, MemberId, Pap, ReportKey, Sector, Severity, Tlp, Use, WarningState};

use super::*;

const HOUR_MS: u64 = 3_600_000;

fn secret() -> Secret {
    Secret::new([5; 32])
}

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn shard() -> CascadeShard {
    let grid = Connection {
        sector: Sector::Energy,
        countries: vec![[country("DE"), country("AT")], [country("AT"), country("HU")]],
        hours: 6,
        why: "one grid".into(),
    };
    let policy = CascadePolicy::new(Dependencies::new("1", vec![], vec![grid]).unwrap());
    CascadeShard::new(secret(), Arc::new(policy), 1)
}

/// A member's report that the grid of a country is hit, or, as a later revision, that it is not.
fn hit(member: &str, key: &str, where_: &str, hours: u64, revision: u32) -> (Timestamp, Accepted) {
    let reporter = MemberId::parse(&format!("csirt-{}", member.to_lowercase())).unwrap();
    let report_key = ReportKey::parse(key).unwrap();
    let at = Timestamp::from_millis(hours * HOUR_MS);
    let accepted = Accepted {
        id: secret().incident_id(&reporter, &report_key),
        reporter,
        home: Some(country(member)),
        unmarked: false,
        reported_at: at,
        incident: Incident {
            report_key,
            revision,
            retracted: revision > 0,
            incident_type: "availability/outage".parse().unwrap(),
            severity: Severity::High,
            marking: Marking::new(Tlp::Green, Pap::Green, Some(Use::Share), BTreeSet::new()).unwrap(),
            occurred_from: None,
            occurred_to: None,
            detected_at: None,
            countries: BTreeSet::from([country(where_)]),
            sectors: BTreeSet::from([Sector::Energy]),
            indicators: BTreeSet::new(),
            title: String::new(),
            summary: String::new(),
            exercise: false,
            backfill: false,
            particulars: Default::default(),
        },
    };
    (at, accepted)
}

fn pass(shard: &mut CascadeShard, reports: &[(Timestamp, Accepted)], hours: u64) -> Vec<Alert> {
    let mut told = vec![];
    reports.iter().for_each(|(at, accepted)| shard.take(*at, accepted));
    shard.advance(Timestamp::from_millis(hours * HOUR_MS), &mut told);
    told
}

fn of<'a>(told: &'a [Alert], warned: &str) -> Vec<&'a Alert> {
    told.iter().filter(|alert| &*alert.key[2].value == warned).collect()
}

#[test]
fn a_path_that_was_withdrawn_while_nobody_looked_is_retracted_and_says_nothing_more() {
    let mut reports = vec![
        hit("DE", "a", "DE", 1, 0),
        hit("FR", "b", "DE", 1, 0),
        hit("FR", "c", "DE", 1, 0),
        hit("AT", "d", "AT", 2, 0),
    ];
    let mut first = shard();
    first.settle(&mut vec![]);
    let told = pass(&mut first, &reports, 3);
    let hungary = of(&told, "HU");
    assert_eq!(
        (hungary.len(), hungary[0].state),
        (1, AlertState::Open),
        "over what Austria confirmed"
    );

    // Another owner reads all of it at once, with what came since: Austria was wrong.
    reports.push(hit("AT", "d", "AT", 4, 1));
    let mut second = shard();
    told.iter().cloned().for_each(|alert| second.recall(alert));
    assert_eq!(pass(&mut second, &reports, 5), []);
    let mut last = vec![];
    second.settle(&mut last);
    let hungary = of(&last, "HU");
    assert_eq!(
        (hungary.len(), hungary[0].state, &hungary[0].cascade),
        (1, AlertState::Retracted, &None)
    );
    let austria = of(&last, "AT")[0].cascade.clone().unwrap();
    assert_eq!(
        austria.warnings[0].state,
        WarningState::Pending,
        "it may still come there"
    );
}

#[test]
fn one_member_without_end_takes_no_room_from_others() {
    let mut shard = shard();
    shard.settle(&mut vec![]);
    let mut reports: Vec<_> = (0..500)
        .map(|nth| hit("FR", &format!("flood-{nth}"), "DE", 1, 0))
        .collect();
    assert_eq!(pass(&mut shard, &reports, 2), [], "it is one member");
    reports = vec![hit("DE", "a", "DE", 3, 0)];
    let told = pass(&mut shard, &reports, 4);
    let [alert] = &told[..] else { panic!("{told:?}") };
    assert_eq!((alert.counts.reports, alert.counts.members, alert.peak), (101, 2, 101));
}
