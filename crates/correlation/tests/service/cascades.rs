//! Cascades: told to who is warned, over a restart, and ended where they are looked for no more.

use std::collections::BTreeSet;

use chappe_correlate::{CascadePolicy, Connection, Dependencies, Dependency};
use chappe_correlation::Options;
use chappe_eventlog::{MemoryLog, SnapshotStore};
use chappe_model::{Accepted, Alert, AlertKind, AlertState, Audience, Country, Sector, Severity, WarningState};

use super::{Running, append, everything, judged, mark, options, report};

const HOUR_MS: u64 = 3_600_000;

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn watching() -> Options {
    let health = Dependency {
        on: Sector::Energy,
        sector: Sector::Health,
        hours: 24,
        why: "power".into(),
    };
    let grid = Connection {
        sector: Sector::Energy,
        countries: vec![[country("AT"), country("CZ")]],
        hours: 6,
        why: "one grid".into(),
    };
    let dependencies = Dependencies::new("of the test", vec![health], vec![grid]).unwrap();
    Options {
        linking: None,
        ..options(2).with_cascades(CascadePolicy::new(dependencies))
    }
}

/// A report that a sector of a country is hit.
fn hit(member: &str, key: &str, sector: Sector, where_: &str, at: u64) -> Accepted {
    let mut accepted = report(member, key, &format!("domain:{key}.example"), at);
    accepted.incident.severity = Severity::High;
    accepted.incident.sectors = BTreeSet::from([sector]);
    accepted.incident.countries = BTreeSet::from([country(where_)]);
    accepted
}

fn cascades(log: &MemoryLog) -> Vec<Alert> {
    let (mut told, _) = everything(log);
    told.retain(|alert| alert.rule.kind == AlertKind::Cascade);
    told
}

/// What each alert says last: the country that is warned, the alert's state, its audience, and how each warning stands.
fn stand(log: &MemoryLog) -> Vec<String> {
    let told = cascades(log);
    let last = |alert: &&Alert| {
        told.iter()
            .filter(|other| other.id == alert.id)
            .all(|it| it.revision <= alert.revision)
    };
    let line = |alert: &Alert| {
        let Audience::Countries(audience) = alert.audience else {
            panic!("{:?}", alert.audience)
        };
        let audience: Vec<String> = audience.iter().map(|it| it.to_string()).collect();
        let warnings = alert.cascade.iter().flat_map(|cascade| &cascade.warnings);
        let warnings: Vec<String> = warnings
            .map(|it| format!("{} {}", it.node().unwrap(), it.state.as_str()))
            .collect();
        format!(
            "{} {}: {}",
            alert.state.as_str(),
            audience.join(" "),
            warnings.join(", ")
        )
    };
    let mut lines: Vec<String> = told.iter().filter(last).map(line).collect();
    lines.sort();
    lines
}

async fn pass(log: &MemoryLog, at: u64) {
    mark(log, at);
    judged(log, at).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_what_is_hit_is_warned_and_a_restart_goes_on() {
    let log = MemoryLog::new();
    let running = Running::start_with(&log, watching());
    for (key, member) in [("a", "AT"), ("b", "AT"), ("c", "DE")] {
        append(&log, &hit(member, key, Sector::Energy, "AT", HOUR_MS));
    }
    pass(&log, HOUR_MS + 1).await;
    let first = ["open AT DE: energy in CZ pending", "open AT DE: health in AT pending"];
    assert_eq!(
        stand(&log),
        first,
        "two members: their own countries are told, and the hub"
    );
    running.stop().await;

    let running = Running::start_with(&log, watching());
    append(&log, &hit("FR", "d", Sector::Energy, "AT", 2 * HOUR_MS));
    append(&log, &hit("CZ", "e", Sector::Energy, "CZ", 3 * HOUR_MS));
    pass(&log, 3 * HOUR_MS + 1).await;
    let second = [
        "open AT CZ DE FR: energy in CZ confirmed, health in CZ pending",
        "open AT DE FR: health in AT pending",
    ];
    assert_eq!(stand(&log), second, "with a third, who is warned is told as well");
    let told = cascades(&log);
    let confirmed = told.last().unwrap().cascade.as_deref().unwrap();
    assert_eq!(
        (confirmed.warnings[0].state, confirmed.warnings[0].reports),
        (WarningState::Confirmed, 1)
    );
    assert_eq!(confirmed.warnings[1].path.len(), 3);

    pass(&log, 60 * HOUR_MS).await;
    let third = [
        "resolved AT CZ DE FR: energy in CZ confirmed, health in CZ expired",
        "resolved AT DE FR: health in AT expired",
    ];
    assert_eq!(stand(&log), third);
    running.stop().await;

    // Read again from its beginning, the log gives the same.
    let told = cascades(&log);
    log.save("correlation", b"of another version").unwrap();
    let running = Running::start_with(&log, watching());
    pass(&log, 60 * HOUR_MS + 1).await;
    running.stop().await;
    assert_eq!(cascades(&log), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_they_are_looked_for_no_more_they_end() {
    let log = MemoryLog::new();
    let running = Running::start_with(&log, watching());
    for (key, member) in [("a", "AT"), ("b", "AT"), ("c", "DE")] {
        append(&log, &hit(member, key, Sector::Energy, "AT", HOUR_MS));
    }
    pass(&log, HOUR_MS + 1).await;
    running.stop().await;
    let running = Running::start_with(&log, options(2));
    pass(&log, HOUR_MS + 2).await;
    running.stop().await;
    let ends: Vec<_> = cascades(&log)
        .iter()
        .map(|alert| (alert.revision, alert.state))
        .collect();
    assert_eq!(
        ends[2..],
        [(2, AlertState::Retracted), (2, AlertState::Retracted)],
        "{ends:?}"
    );
}
