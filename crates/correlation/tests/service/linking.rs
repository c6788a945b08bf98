//! Linking with warning lists, and turned off and on again.

use std::time::Duration;

use chappe_correlate::{WarningFile, WarningList};
use chappe_correlation::Options;
use chappe_eventlog::{MemoryLog, SnapshotStore};
use chappe_model::{Alert, AlertState};

use super::{Running, alerts, append, campaigns, judged, mark, options, report, wave};

const LISTED: &str = "url:https://cdn.example/lib.js";

fn list(version: u64, entry: &str) -> WarningList {
    WarningList::new(WarningFile {
        name: "Libraries".into(),
        version,
        kind: "hostname".into(),
        list: vec![entry.into()],
        matching_attributes: vec!["url".into()],
    })
    .unwrap()
}

/// Runs until `at` is judged, then ends with a snapshot.
async fn run(log: &MemoryLog, options: Options, at: u64) {
    let running = Running::start_with(log, options);
    mark(log, at);
    judged(log, at).await;
    running.stop().await;
    assert!(log.load("correlation").unwrap().is_some(), "a snapshot was saved");
}

fn states(told: &[Alert]) -> Vec<(u32, AlertState)> {
    told.iter().map(|alert| (alert.revision, alert.state)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_on_a_warning_list_links_nothing() {
    for (entry, told) in [("cdn.example", 0), ("other.example", 1)] {
        let log = MemoryLog::new();
        wave(&log, LISTED, 10_000);
        let options = options(2).with_warning_lists(vec![list(1, entry)]);
        run(&log, options, 10_001).await;
        assert_eq!(campaigns(&log).len(), told, "{entry}");
        assert_eq!(alerts(&log).0.len(), 1, "rules count it all the same");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_lists_links_the_log_again() {
    let log = MemoryLog::new();
    wave(&log, LISTED, 10_000);
    let listed = |version, entry| options(2).with_warning_lists(vec![list(version, entry)]);
    run(&log, listed(1, "cdn.example"), 10_001).await;
    assert_eq!(campaigns(&log), []);
    run(&log, listed(1, "cdn.example"), 10_002).await;
    assert_eq!(campaigns(&log), [], "the same list changes nothing");

    run(&log, listed(1, "other.example"), 10_003).await;
    assert_eq!(
        states(&campaigns(&log)),
        [(1, AlertState::Open)],
        "the same name with other entries"
    );
    run(&log, options(1), 10_004).await;
    let open = campaigns(&log);
    assert_eq!(open.last().unwrap().state, AlertState::Open, "without lists");

    run(&log, listed(2, "cdn.example"), 10_005).await;
    let told = campaigns(&log);
    assert_eq!(told.last().unwrap().state, AlertState::Retracted, "{told:#?}");
    assert_eq!(told.len(), open.len() + 1);
    assert_eq!(alerts(&log).0.len(), 1, "what rules told stays as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_linking_is_turned_off_campaigns_end_and_they_come_back_with_it() {
    let log = MemoryLog::new();
    wave(&log, LISTED, 10_000);
    run(&log, options(2), 10_001).await;
    assert_eq!(states(&campaigns(&log)), [(1, AlertState::Open)]);

    let off = || Options {
        linking: None,
        snapshot_interval: Duration::from_millis(1),
        ..options(2)
    };
    append(&log, &report("DE", "late", LISTED, 20_000));
    run(&log, off(), 20_001).await;
    let ended = [(1, AlertState::Open), (2, AlertState::Retracted)];
    assert_eq!(states(&campaigns(&log)), ended);
    run(&log, off(), 20_002).await;
    assert_eq!(states(&campaigns(&log)), ended, "once");
    let rules = alerts(&log).0;
    assert_eq!(rules.last().unwrap().counts.members, 4, "rules go on");

    run(&log, options(2), 20_003).await;
    let told = campaigns(&log);
    assert_eq!(
        told.last().unwrap().state,
        AlertState::Open,
        "the snapshot without linking does not serve"
    );
    assert_eq!((told.len(), told[2].revision, told[2].counts.reports), (3, 3, 3)); // by one value none is taken in
    assert!(told.iter().all(|alert| alert.id == told[0].id));
    assert_eq!(alerts(&log).0, rules);
}
