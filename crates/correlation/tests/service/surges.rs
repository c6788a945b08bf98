//! Surges: learned from what was counted, recorded, told, and the same after a restart.

use std::collections::BTreeSet;

use chappe_correlate::{Bin, SurgePolicy};
use chappe_correlation::Options;
use chappe_eventlog::{EventLog, MemoryLog, Position, ReadLimit, RecordKind, SnapshotStore, Topic};
use chappe_model::{Accepted, Alert, AlertKind, AlertState, Audience, Sector, Timestamp};
use chappe_proto::surge;

use super::{Running, append, everything, judged, mark, options, report};

const DAY_MS: u64 = 86_400_000;
/// A Monday.
const FIRST_DAY: u64 = 20_458;
const COUNTRIES: [&str; 4] = ["AT", "BE", "CZ", "DE"];
const HISTORY_DAYS: u64 = 84;

fn watching() -> Options {
    let policy = SurgePolicy {
        bin: Bin::Day,
        false_alarms_per_year: 60, // the fewer, the longer it is rehearsed, beside other tests
    };
    Options {
        linking: None,
        ..options(2).with_surges(policy)
    }
}

fn at(day: u64, ms: u64) -> u64 {
    (FIRST_DAY + day) * DAY_MS + ms
}

/// A report of something that occurred on that day.
fn occurred(country: &str, key: &str, day: u64, reported: u64) -> Accepted {
    let mut accepted = report(country, key, "domain:one.example", reported);
    accepted.incident.occurred_from = Some(Timestamp::from_millis(at(day, 1)));
    accepted
}

/// Twelve weeks of two or three incidents a day and country, brought in at the end of them. Every other day one of them hits energy.
fn history(log: &MemoryLog) {
    for day in 0..HISTORY_DAYS {
        for (place, country) in COUNTRIES.iter().enumerate() {
            for nth in 0..2 + (day + place as u64) % 2 {
                let mut accepted = occurred(country, &format!("past-{day}-{nth}"), day, at(HISTORY_DAYS, 0));
                accepted.incident.backfill = true;
                accepted.incident.sectors = sectors(nth == 0 && day % 2 == 0);
                append(log, &accepted);
            }
        }
    }
}

fn sectors(energy: bool) -> BTreeSet<Sector> {
    energy.then_some(Sector::Energy).into_iter().collect()
}

fn surges(log: &MemoryLog) -> Vec<Alert> {
    let (mut told, _) = everything(log);
    told.retain(|alert| alert.rule.kind == AlertKind::Surge);
    told
}

fn states(told: &[Alert]) -> Vec<(u32, AlertState)> {
    told.iter().map(|alert| (alert.revision, alert.state)).collect()
}

/// Numbers of the parts of lessons in the log.
fn lessons(log: &MemoryLog) -> Vec<u32> {
    let all = ReadLimit {
        records: 1 << 20,
        bytes: 1 << 30,
    };
    let records = log.read(Topic::Incidents, 0, Position(0), all).unwrap();
    let marks = records
        .iter()
        .filter(|(_, record)| record.kind == RecordKind::Mark && !record.payload.is_empty());
    marks
        .map(|(_, record)| surge::decode(&record.payload).unwrap().number)
        .collect()
}

async fn learned(log: &MemoryLog) {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    log.on_advance(
        Topic::Incidents,
        std::sync::Arc::new(move || told.send(()).unwrap_or_default()),
    );
    while lessons(log).is_empty() {
        heard.recv().await.unwrap();
    }
}

/// A log with the history, and a service that has learned from it.
async fn with_a_lesson() -> (MemoryLog, Running) {
    let log = MemoryLog::new();
    history(&log);
    let running = Running::start_with(&log, watching());
    mark(&log, at(HISTORY_DAYS, 1));
    learned(&log).await;
    (log, running)
}

/// Two incidents a day and country.
fn days_as_usual(log: &MemoryLog, days: std::ops::Range<u64>) {
    for day in days {
        for country in COUNTRIES {
            for nth in 0..2 {
                append(
                    log,
                    &occurred(country, &format!("after-{day}-{nth}"), day, at(day, 1_000)),
                );
            }
        }
        mark(log, at(day, 2_000));
    }
}

/// Twenty incidents at once, in each of these countries.
fn many(log: &MemoryLog, countries: &[&str], day: u64, ms: u64) {
    for country in countries {
        for nth in 0..20 {
            append(log, &occurred(country, &format!("many-{nth}"), day, at(day, ms + nth)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_is_learned_and_what_stands_out_is_told_and_ends() {
    let (log, running) = with_a_lesson().await;
    assert_eq!(lessons(&log), [1], "one type, one part");

    let day = HISTORY_DAYS + 1; // a lesson is in force for bins that begin after it
    for nth in 0..3 {
        append(&log, &occurred("AT", &format!("usual-{nth}"), day, at(day, 1_000)));
    }
    mark(&log, at(day, 2_000));
    judged(&log, at(day, 2_000)).await;
    assert_eq!(surges(&log), []);
    for nth in 0..20 {
        append(&log, &occurred("AT", &format!("many-{nth}"), day, at(day, 3_000 + nth)));
    }
    mark(&log, at(day, 4_000));
    judged(&log, at(day, 4_000)).await;
    let told = surges(&log);
    assert_eq!(states(&told), [(1, AlertState::Open)]);
    let alert = &told[0];
    let audience =
        matches!(&alert.audience, Audience::Countries(countries) if countries.iter().map(|c| c.to_string()).eq(["AT"]));
    assert!(audience, "{:?}", alert.audience);
    assert_eq!((alert.counts.reports, alert.counts.members), (23, 1));
    let surge = alert.surge.as_deref().unwrap();
    assert!(surge.score_milli > surge.threshold_milli);
    let last = surge.bins.last().unwrap();
    assert_eq!((last.reports, last.begins.as_millis()), (23, at(day, 0)));
    assert!((1_000..4_500).contains(&last.expected_milli), "{surge:?}");
    running.stop().await;

    // A restart tells nothing again; all others report many as well.
    let running = Running::start_with(&log, watching());
    many(&log, &COUNTRIES[1..], day, 5_000);
    mark(&log, at(day, 6_000));
    judged(&log, at(day, 6_000)).await;
    let told = surges(&log);
    assert_eq!(&told[..1], std::slice::from_ref(alert));
    let of_all: Vec<&Alert> = told.iter().filter(|alert| alert.audience == Audience::Eu).collect();
    assert_eq!(of_all.len(), 1, "{told:#?}");
    assert!(of_all[0].counts.members >= 3);
    assert_eq!(told.len(), 5, "four countries, and all of them");

    // And days pass as usual.
    days_as_usual(&log, day + 1..day + 25);
    judged(&log, at(day + 24, 2_000)).await;
    running.stop().await;
    let mut open: std::collections::BTreeMap<_, _> =
        surges(&log).into_iter().map(|alert| (alert.id, alert.state)).collect();
    assert_eq!(open.len(), 5);
    open.retain(|_, state| *state != AlertState::Resolved);
    assert_eq!(open.len(), 0, "{open:?}");

    // Read again from its beginning, the log gives the same.
    let told = surges(&log);
    log.save("correlation", b"of another version").unwrap();
    let running = Running::start_with(&log, watching());
    mark(&log, at(day + 24, 3_000));
    judged(&log, at(day + 24, 3_000)).await;
    running.stop().await;
    assert_eq!(surges(&log), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_floods_raises_no_surge_of_all_and_hides_none() {
    for flood in [0, 300] {
        let (log, running) = with_a_lesson().await;
        // A hundred times as much as usual, for three days.
        let day = HISTORY_DAYS + 1;
        for later in day..day + 3 {
            for nth in 0..flood {
                append(
                    &log,
                    &occurred("DE", &format!("flood-{later}-{nth}"), later, at(later, 500)),
                );
            }
            days_as_usual(&log, later..later + 1);
            mark(&log, at(later, 3_000));
        }
        judged(&log, at(day + 2, 3_000)).await;
        let of_all = |told: &[Alert]| told.iter().filter(|alert| alert.audience == Audience::Eu).count();
        let told = surges(&log);
        assert_eq!(of_all(&told), 0, "{flood}: {told:#?}");
        assert_eq!(told.is_empty(), flood == 0, "its own country's surge is told");
        many(&log, &COUNTRIES[..3], day + 2, 4_000);
        mark(&log, at(day + 2, 5_000));
        judged(&log, at(day + 2, 5_000)).await;
        running.stop().await;
        assert_eq!(
            of_all(&surges(&log)),
            1,
            "{flood}: the surge of the three others is seen all the same"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sector_that_is_hit_a_little_in_each_country_is_told_where_nothing_else_is() {
    let (log, running) = with_a_lesson().await;
    let day = HISTORY_DAYS + 1;
    days_as_usual(&log, day..day + 1);
    // Two more in each country, all of them on energy.
    for country in COUNTRIES {
        for nth in 0..2 {
            let mut accepted = occurred(country, &format!("grid-{nth}"), day, at(day, 3_000 + nth));
            accepted.incident.sectors = sectors(true);
            append(&log, &accepted);
        }
    }
    mark(&log, at(day, 4_000));
    judged(&log, at(day, 4_000)).await;
    running.stop().await;
    let told = surges(&log);
    let [alert] = told.as_slice() else {
        panic!("one alert: {told:#?}")
    };
    let key: Vec<_> = alert.key.iter().map(|key| (&*key.field, &*key.value)).collect();
    assert_eq!(key[1], ("sector", "energy"));
    assert_eq!((&alert.audience, &alert.sectors), (&Audience::Eu, &sectors(true)));
    assert!(alert.counts.members >= 3, "{alert:#?}");
}
