//! The service on an in-memory log: alerts come out, restarts repeat nothing, owners are fenced, failures are told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "service/cascades.rs"]
mod cascades;
#[path = "service/linking.rs"]
mod linking;
#[path = "service/sharing.rs"]
mod sharing;
#[path = "service/surges.rs"]
mod surges;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chappe_correlation::{LiveListener, Options, RunError, Service};
use chappe_eventlog::{
    AppendFault, AtCrash, EventLog, FaultPlan, MemoryLog, Position, ReadLimit, Record, RecordKind, Topic,
    append_blocking,
};
use chappe_model::{
    Accepted, Alert, AlertId, AlertKind, AlertState, Audience, Country, Incident, Live, Marking, MemberId, Pap, Policy,
    ReportKey, Secret, Severity, Timestamp, Tlp, built_in_rules,
};
use chappe_proto::{alert, alert::AlertsMark, incident};
use tokio::sync::{Notify, oneshot};

fn secret() -> Secret {
    Secret::new([3; 32])
}

fn options(shards: usize) -> Options {
    let policy = Policy::new(1, built_in_rules(), 300_000, vec![], vec![]).unwrap();
    Options {
        shards,
        snapshot_interval: Duration::from_millis(1),
        ..Options::new(secret(), policy).with_linking()
    }
}

fn report(country: &str, key: &str, indicator: &str, at: u64) -> Accepted {
    let reporter = MemberId::parse(&format!("csirt-{}", country.to_lowercase())).unwrap();
    let report_key = ReportKey::parse(key).unwrap();
    Accepted {
        id: secret().incident_id(&reporter, &report_key),
        reporter,
        home: Some(Country::parse(country).unwrap()),
        unmarked: false,
        reported_at: Timestamp::from_millis(at),
        incident: Incident {
            report_key,
            revision: 0,
            retracted: false,
            incident_type: "fraud/phishing".parse().unwrap(),
            severity: Severity::Medium,
            marking: Marking::new(Tlp::Green, Pap::Green, None, BTreeSet::new()).unwrap(),
            occurred_from: None,
            occurred_to: None,
            detected_at: None,
            countries: BTreeSet::from([Country::parse(country).unwrap()]),
            sectors: BTreeSet::new(),
            indicators: BTreeSet::from([indicator.parse().unwrap()]),
            title: String::new(),
            summary: String::new(),
            exercise: false,
            backfill: false,
            particulars: Default::default(),
        },
    }
}

fn append(log: &MemoryLog, accepted: &Accepted) {
    let partition = Secret::partition(accepted.id, log.partitions(Topic::Incidents));
    let record = Record::data(
        accepted.reported_at.as_millis(),
        vec![].into(),
        incident::encode(accepted, &[0; 16]).into(),
    );
    append_blocking(log, Topic::Incidents, partition, record).unwrap();
}

fn mark(log: &MemoryLog, at: u64) {
    for partition in 0..log.partitions(Topic::Incidents) {
        append_blocking(log, Topic::Incidents, partition, Record::mark(at)).unwrap();
    }
}

/// Three countries on one value.
fn wave(log: &MemoryLog, indicator: &str, at: u64) {
    for country in ["AT", "BE", "CZ"] {
        append(log, &report(country, indicator, indicator, at));
    }
}

/// What the rules raised; campaigns are looked at apart.
fn alerts(log: &MemoryLog) -> (Vec<Alert>, Timestamp) {
    let (mut told, watermark) = everything(log);
    told.retain(|alert| alert.rule.kind != AlertKind::Campaign);
    (told, watermark)
}

fn campaigns(log: &MemoryLog) -> Vec<Alert> {
    let (mut told, _) = everything(log);
    told.retain(|alert| alert.rule.kind == AlertKind::Campaign);
    told
}

fn everything(log: &MemoryLog) -> (Vec<Alert>, Timestamp) {
    let (mut told, mut watermark) = (vec![], Timestamp::ZERO);
    for (_, record) in log
        .read(
            Topic::Alerts,
            0,
            Position(0),
            ReadLimit {
                records: 1 << 20,
                bytes: 1 << 30,
            },
        )
        .unwrap()
    {
        match record.kind {
            RecordKind::Data => told.push(alert::decode(&record.payload).unwrap()),
            RecordKind::Mark => {
                if let AlertsMark::Reached { watermark: reached, .. } = alert::decode_mark(&record.payload).unwrap() {
                    watermark = watermark.max(reached);
                }
            }
        }
    }
    (told, watermark)
}

struct Running {
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<Result<(), RunError>>,
}

impl Running {
    fn start(log: &MemoryLog, shards: usize) -> Self {
        Self::start_with(log, options(shards))
    }

    fn start_with(log: &MemoryLog, options: Options) -> Self {
        let service = Service::open(options, Arc::new(log.clone()), Arc::new(log.clone())).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(service.run(async move { drop(stopped.await) }));
        Self { stop, ended }
    }

    async fn stop(self) {
        self.end().await.unwrap();
    }

    async fn end(self) -> Result<(), RunError> {
        let _ = self.stop.send(());
        tokio::time::timeout(Duration::from_secs(30), self.ended)
            .await
            .expect("ends within 30 s")
            .unwrap()
    }
}

/// Waits until everything up to `at` is judged.
async fn judged(log: &MemoryLog, at: u64) {
    let advanced = Arc::new(Notify::new());
    let wake = Arc::clone(&advanced);
    log.on_advance(Topic::Alerts, Arc::new(move || wake.notify_one()));
    let done = async {
        while alerts(log).1 < Timestamp::from_millis(at) {
            advanced.notified().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), done)
        .await
        .expect("judged within 30 s");
}

fn ids(told: &[Alert]) -> BTreeMap<AlertId, u32> {
    told.iter().map(|alert| (alert.id, alert.revision)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_countries_raise_one_alert_and_a_restart_repeats_nothing() {
    let log = MemoryLog::new();
    let running = Running::start(&log, 2);
    wave(&log, "domain:one.example", 1_000);
    mark(&log, 2_000);
    judged(&log, 2_000).await;
    running.stop().await;
    let (told, _) = alerts(&log);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((told[0].revision, told[0].counts.members), (1, 3));

    for shards in [1, 5] {
        let running = Running::start(&log, shards);
        mark(&log, 3_000 + shards as u64);
        judged(&log, 3_000 + shards as u64).await;
        running.stop().await;
        assert_eq!(alerts(&log).0, told, "after a restart with {shards} shards");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_point_loses_no_alert_and_doubles_none() {
    for seed in 0..20 {
        let log = MemoryLog::new();
        let running = Running::start(&log, 3);
        (0..10).for_each(|n| wave(&log, &format!("domain:n{n}.example"), 1_000 + n));
        mark(&log, 5_000);
        judged(&log, 2_000 * (seed % 2)).await; // now and then before anything is judged
        let crashed = log.crash(FaultPlan::none().at_crash(AtCrash::Prefix { seed }));
        let _ = running.end().await; // its log has crashed, and it may say so
        let running = Running::start(&crashed, 2);
        mark(&crashed, 6_000);
        judged(&crashed, 6_000).await;
        running.stop().await;
        let (told, _) = alerts(&crashed);
        assert_eq!(ids(&told).len(), 10, "seed {seed}");
        assert!(
            told.iter()
                .all(|alert| alert.counts.members == 3 || alert.revision < ids(&told)[&alert.id]),
            "seed {seed}"
        );
        let mut seen = BTreeMap::new();
        assert!(
            told.iter()
                .all(|alert| seen.insert(alert.id, alert.revision).unwrap_or(0) < alert.revision),
            "seed {seed}: revisions rise"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_the_log_refuses_for_now_is_appended_later() {
    let log = MemoryLog::new();
    wave(&log, "domain:one.example", 1_000);
    mark(&log, 2_000);
    // The next append is the owner's epoch; then comes the alert, which is refused and lost once each.
    let appended = 3 + u64::from(log.partitions(Topic::Incidents));
    log.set_faults(
        FaultPlan::none()
            .at(appended + 1, AppendFault::Refused)
            .at(appended + 2, AppendFault::UnknownLost),
    );
    let running = Running::start(&log, 1);
    judged(&log, 2_000).await;
    running.stop().await;
    assert_eq!(ids(&alerts(&log).0).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_owner_has_a_higher_epoch() {
    let log = MemoryLog::new();
    let mut epochs = vec![];
    for n in 1..=3 {
        let running = Running::start(&log, 1);
        wave(&log, &format!("domain:n{n}.example"), n * 1_000);
        mark(&log, n * 1_000 + 500);
        judged(&log, n * 1_000 + 500).await;
        running.stop().await;
        epochs.push(alerts(&log).0.last().unwrap().epoch);
    }
    assert_eq!(epochs, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_stops_nothing() {
    let log = MemoryLog::new();
    append_blocking(
        &log,
        Topic::Incidents,
        0,
        Record::data(1, vec![].into(), b"not an incident".as_slice().into()),
    )
    .unwrap();
    let running = Running::start(&log, 1);
    wave(&log, "domain:one.example", 1_000);
    mark(&log, 2_000);
    judged(&log, 2_000).await;
    running.stop().await;
    assert_eq!(alerts(&log).0.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_rules_withdraws_what_no_longer_holds_and_keeps_ids() {
    let log = MemoryLog::new();
    let running = Running::start(&log, 2);
    wave(&log, "domain:one.example", 1_000);
    mark(&log, 2_000);
    judged(&log, 2_000).await;
    running.stop().await;
    let before = alerts(&log).0;

    let mut stricter = built_in_rules();
    stricter
        .iter_mut()
        .filter(|rule| &*rule.id == "cross-border")
        .for_each(|rule| (rule.when.bounds.at_least, rule.version) = (4, 2));
    for (n, rules) in [stricter, built_in_rules(), vec![]].into_iter().enumerate() {
        let at = 3_000 + n as u64 * 1_000;
        let policy = Policy::new(2 + n as u32, rules, 300_000, vec![], vec![]).unwrap();
        let running = Running::start_with(&log, Options { policy, ..options(2) });
        mark(&log, at);
        judged(&log, at).await;
        running.stop().await;
    }
    let told = alerts(&log).0;
    let states: Vec<_> = told.iter().map(|alert| alert.state).collect();
    assert_eq!(
        states,
        [
            AlertState::Open,
            AlertState::Retracted,
            AlertState::Open,
            AlertState::Retracted
        ]
    );
    assert!(
        told.iter().all(|alert| alert.id == before[0].id),
        "the id does not rest on the rule's version"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_reports_make_a_campaign_that_a_restart_carries_on_and_a_withdrawal_ends() {
    let log = MemoryLog::new();
    let running = Running::start(&log, 2);
    let file = format!("sha256:{}", "ab".repeat(32));
    // Two values: a campaign takes nothing in by one.
    let both = |country: &str, key: &str, at: u64| {
        let mut both = report(country, key, &file, at);
        both.incident
            .indicators
            .insert("url:https://one.example/a".parse().unwrap());
        both
    };
    for country in ["AT", "BE", "CZ"] {
        append(&log, &both(country, &file, 10_000));
    }
    mark(&log, 10_001);
    judged(&log, 10_001).await;
    running.stop().await;
    let told = campaigns(&log);
    assert_eq!(told.len(), 1, "{told:#?}");
    let campaign = &told[0];
    assert_eq!((campaign.state, &campaign.audience), (AlertState::Open, &Audience::Eu));
    assert_eq!((campaign.counts.reports, campaign.counts.members), (3, 3));
    assert_eq!(*campaign.key[0].value, *file);
    let why = campaign.campaign.as_ref().unwrap();
    assert_eq!(why.links.len(), 2);
    for link in &why.links {
        for shared in &link.shared {
            let product =
                u64::from(shared.prior_milli) * u64::from(shared.rarity_milli) * u64::from(shared.decay_milli);
            assert_eq!(u64::from(shared.weight_milli), product / 1_000_000);
        }
        let sum: u32 = link.shared.iter().map(|shared| shared.weight_milli).sum();
        assert!(link.weight_milli == sum && sum >= why.threshold_milli);
    }

    let running = Running::start(&log, 1);
    append(&log, &both("DE", "late", 50_000));
    mark(&log, 50_001);
    judged(&log, 50_001).await;
    let mut withdrawn = [("AT", 60_000), ("BE", 60_001), ("CZ", 60_002)].map(|(country, at)| both(country, &file, at));
    for report in &mut withdrawn {
        report.incident.revision = 1;
        report.incident.retracted = true;
        append(&log, report);
    }
    mark(&log, 60_003);
    judged(&log, 60_003).await;
    running.stop().await;
    let told = campaigns(&log);
    let states: Vec<_> = told
        .iter()
        .map(|alert| (alert.revision, alert.state, alert.counts.reports))
        .collect();
    assert_eq!(
        states,
        [
            (1, AlertState::Open, 3),
            (2, AlertState::Open, 4),
            (3, AlertState::Retracted, 0)
        ]
    );
    assert!(
        told.iter()
            .all(|alert| alert.id == campaign.id && alert.audience == Audience::Eu)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn live_contributions_are_told_with_their_place_in_the_log_and_again_after_a_restart() {
    let log = MemoryLog::new();
    let told = Arc::new(Mutex::new(Live::default()));
    let start = || {
        let heard = Arc::clone(&told);
        let listener = LiveListener::new(move |live| *heard.lock().unwrap() = live.clone());
        let options = Options {
            live: Some(listener),
            ..options(2)
        };
        Running::start_with(&log, options)
    };
    // Every record up to the mark is read when it is judged, and live state is told before that.
    let live_at = async |at| {
        mark(&log, at);
        judged(&log, at).await;
        told.lock().unwrap().clone()
    };
    let ends = || -> Vec<u64> {
        (0..log.partitions(Topic::Incidents))
            .map(|p| log.end(Topic::Incidents, p).0)
            .collect()
    };
    let counts = |live: &Live| -> Vec<(String, u64)> {
        live.members
            .iter()
            .map(|(member, count)| (member.to_string(), *count))
            .collect()
    };

    let running = start();
    wave(&log, "domain:one.example", 1_000);
    append(&log, &report("AT", "other", "domain:two.example", 1_500));
    let live = live_at(2_000).await;
    assert_eq!(live.read_to, ends());
    let all = [("csirt-at", 2), ("csirt-be", 1), ("csirt-cz", 1)].map(|(id, count)| (id.to_owned(), count));
    assert_eq!(counts(&live), all);
    running.stop().await;

    *told.lock().unwrap() = Live::default();
    let running = start();
    assert_eq!(counts(&live_at(3_000).await), all, "after a restart");
    let horizon = (24 * 3_600 + 300) * 1_000;
    assert_eq!(
        counts(&live_at(1_000 + horizon + 1).await),
        [("csirt-at".to_owned(), 1)]
    );
    assert_eq!(counts(&live_at(1_500 + horizon + 1).await), []);
    running.stop().await;
}
