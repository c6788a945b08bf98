//! What must hold in the end, whatever was killed when.

use std::collections::{BTreeMap, BTreeSet};

use chappe_eventlog::Writers;
use chappe_proto::{incident, v1};
use chappe_tests::{Client, Program, revisions};

use super::reporter::{Key, Reporter};
use super::watcher::{Told, Watcher};

/// Every acknowledged revision stands in the log once, and nothing stands there that was not submitted. In a shared log the same may stand
/// again, where a report was sent again after an unknown outcome: the first counts.
pub fn the_log_holds_every_report(program: &Program, reporters: &[Reporter]) -> usize {
    let log = program.log().unwrap();
    let is_shared = log.writers() == Writers::Shared;
    let mut stored = BTreeMap::new();
    for (accepted, digest) in revisions(&*log).unwrap() {
        let wire = incident::to_wire(&accepted);
        let key: Key = (wire.report_key.clone(), wire.revision);
        assert!(
            reporters.iter().any(|reporter| reporter.submitted.contains_key(&key)),
            "{key:?} is invented"
        );
        if let Some(first) = stored.insert(key.clone(), digest) {
            assert!(is_shared, "{key:?} stands twice");
            assert_eq!(first, digest, "{key:?} stands twice with other content");
        }
    }
    let acked = reporters.iter().flat_map(|reporter| reporter.acked.keys());
    let lost: Vec<_> = acked.filter(|key| !stored.contains_key(*key)).collect();
    assert!(
        lost.is_empty(),
        "{} acknowledged revisions are lost, such as {:?}",
        lost.len(),
        lost.first()
    );
    stored.len()
}

/// What a watcher was told is what the log tells from its beginning: nothing skipped, nothing invented.
pub fn nothing_was_skipped(watcher: &Watcher, from_beginning: &[v1::Alert], told: &str) {
    let mut listed: BTreeSet<Told> = BTreeSet::new();
    for alert in from_beginning {
        let seen = watcher.seen.get(&(alert.name.clone(), alert.revision));
        let seen =
            seen.unwrap_or_else(|| panic!("{told} was never told of {} revision {}", alert.name, alert.revision));
        assert_eq!(seen, alert, "{told}");
        listed.insert((alert.name.clone(), alert.revision));
    }
    // The list was read once everything that was reported had been judged: it lacks only what time alone changed since.
    let reported = watcher.seen.values().map(|alert| moment(alert.last_seen)).max();
    let invented: Vec<_> = watcher
        .seen
        .iter()
        .filter(|(_, alert)| Some(moment(alert.revised_at)) <= reported)
        .filter(|(told, _)| !listed.contains(*told))
        .collect();
    assert!(
        invented.is_empty(),
        "{told} was told of {} revisions that the log does not tell of, such as {:?}",
        invented.len(),
        invented.first()
    );
}

/// Seconds and nanoseconds.
fn moment(time: Option<prost_types::Timestamp>) -> (i64, i32) {
    let time = time.expect("an alert has its times");
    (time.seconds, time.nanos)
}

/// Each alert that a watcher was ever told of resolves, over those that carry it on, to one that stands.
pub async fn every_id_resolves(client: &Client, watcher: &Watcher, told: &str) {
    let names: BTreeSet<&String> = watcher.seen.keys().map(|(name, _)| name).collect();
    for name in names {
        let (mut at, mut steps) = (name.clone(), 0);
        loop {
            let answer = client
                .alerts()
                .get_alert(v1::GetAlertRequest { name: at.clone() })
                .await;
            let alert = answer
                .unwrap_or_else(|status| panic!("{told}: {name} by {at}: {status:?}"))
                .into_inner()
                .alert
                .unwrap();
            if alert.state != v1::AlertState::Superseded as i32 {
                break;
            }
            assert!(steps < 100, "{told}: {name} is carried on in a circle");
            (at, steps) = (alert.superseded_by, steps + 1);
        }
    }
}

/// The alerts that stand, each fact under one id: rule, then key.
pub async fn facts(client: &Client) -> BTreeMap<(String, Vec<String>), v1::Alert> {
    let mut facts = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListAlertsRequest {
            page_size: 1_000,
            page_token,
            ..v1::ListAlertsRequest::default()
        };
        let page = client.alerts().list_alerts(request).await.unwrap().into_inner();
        for alert in page.alerts {
            if alert.state == v1::AlertState::Superseded as i32 {
                continue;
            }
            let rule = alert.explanation.as_ref().unwrap().rule_id.clone();
            let key = alert.key.iter().map(|field| field.value.clone()).collect();
            if let Some(other) = facts.insert((rule, key), alert.clone()) {
                panic!("one fact under two ids: {other:?} and {alert:?}");
            }
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return facts;
        }
    }
}

/// The facts that the reports make: three countries share a value, or two where a sector of high criticality is named. With the countries.
pub fn facts_of(reporters: &[Reporter]) -> BTreeMap<(String, Vec<String>), BTreeSet<String>> {
    let mut shared: BTreeMap<(String, Vec<String>), BTreeSet<String>> = BTreeMap::new();
    for incident in reporters.iter().flat_map(|reporter| reporter.submitted.values()) {
        for one in &incident.indicators {
            let value = format!("domain:{}", one.value);
            let country = incident.countries[0].clone();
            shared
                .entry(("cross-border".to_owned(), vec![value.clone()]))
                .or_default()
                .insert(country.clone());
            for sector in &incident.sectors {
                let key = (
                    "cross-border-critical-sector".to_owned(),
                    vec![value.clone(), sector.clone()],
                );
                shared.entry(key).or_default().insert(country.clone());
            }
        }
    }
    shared.retain(|(rule, _), countries| countries.len() >= if rule == "cross-border" { 3 } else { 2 });
    shared
}
