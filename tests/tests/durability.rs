//! Promise P1 against the program's own system calls: no OK leaves before the `fdatasync` that covers its record has returned, and what a
//! power cut leaves holds every report that was acknowledged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use chappe_eventlog::{EventLog, Position, ReadLimit, RecordKind, Topic};
use chappe_eventlog_local::{LocalLog, LocalOptions};
use chappe_model::Secret;
use chappe_proto::v1::submit_stream_response::Outcome;
use chappe_proto::{incident, v1};
use chappe_tests::trace::{self, BytesSent, Call, Content, Loss, Moment, SyncedFolder, Trace};
use chappe_tests::{Client, Feed, Options, PATIENCE, Program, indicator, now, random, report, skipped};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

/// Members that report, each from its own country.
const MEMBERS: [(&str, &str); 8] = [
    ("csirt-at", "AT"),
    ("csirt-be", "BE"),
    ("csirt-cz", "CZ"),
    ("csirt-de", "DE"),
    ("csirt-ee", "EE"),
    ("csirt-fr", "FR"),
    ("csirt-it", "IT"),
    ("csirt-pl", "PL"),
];
/// How every report key begins. It stands in the record, and in the receipt that goes back over the socket.
const KEY_PREFIX: &[u8] = b"dur-";
/// The length of a report key, in bytes.
const KEY_BYTES: usize = "dur-0-u-00000".len();
/// Acknowledgements that are checked, at least.
const ACKS_MIN: usize = 1_000;
/// Reports that a stream has under way at once.
const WINDOW: usize = 16;
/// How every reason of a decision begins. It stands in the record, and in the answer that goes back over the socket.
const REASON_PREFIX: &[u8] = b"judged-";
/// The length of a reason, in bytes.
const REASON_BYTES: usize = "judged-0-000".len();
/// Decisions of each member.
const DECISIONS: usize = 15;
/// Moments at which the power is cut.
const CUTS: usize = 60;
/// Of these, so many are opened by the whole program instead of the log alone.
const CUTS_SERVED: usize = 5;
/// Which of the committer's syncs is made to fail.
const FAILING_SYNC: usize = 40;
/// One in so many reports carries a value that all members report, so that alerts are written too.
const SHARED_ONE_IN: usize = 20;

/// What was submitted, by report key, and what was acknowledged of it.
#[derive(Default)]
struct Load {
    submitted: BTreeMap<String, v1::Incident>,
    receipts: BTreeMap<String, v1::Receipt>,
}

/// Who submitted a report, by its key.
fn member(key: &str) -> &'static str {
    let digit = key.as_bytes()[KEY_PREFIX.len()];
    MEMBERS[usize::from(digit - b'0')].0
}

fn reports(of: usize, way: &str, count: usize) -> Vec<v1::Incident> {
    let one = |n: usize| {
        let mut incident = report(&format!("dur-{of}-{way}-{n:05}"));
        incident.countries = vec![MEMBERS[of].1.to_owned()];
        incident.title = String::new();
        incident.indicators = vec![indicator(v1::IndicatorType::Domain, &format!("n{n}-{way}{of}.example"))];
        if n.is_multiple_of(SHARED_ONE_IN) {
            incident
                .indicators
                .push(indicator(v1::IndicatorType::Domain, &format!("shared{n}.example")));
        }
        incident
    };
    (0..count).map(one).collect()
}

/// Every member submits over a stream and, at the same time, one by one over another connection.
async fn load(program: &Program, streamed: usize, single: usize) -> Load {
    let mut load = Load::default();
    let mut tasks = JoinSet::new();
    for (of, (member, _)) in MEMBERS.into_iter().enumerate() {
        let (streamed, single) = (reports(of, "s", streamed), reports(of, "u", single));
        for incident in streamed.iter().chain(&single) {
            load.submitted.insert(incident.report_key.clone(), incident.clone());
        }
        tasks.spawn(stream(program.client(member).unwrap(), streamed));
        tasks.spawn(one_by_one(program.client(member).unwrap(), single));
    }
    while let Some(receipts) = timeout(PATIENCE, tasks.join_next())
        .await
        .expect("the load is answered in time")
    {
        load.receipts.extend(
            receipts
                .unwrap()
                .into_iter()
                .map(|receipt| (receipt.report_key.clone(), receipt)),
        );
    }
    load
}

/// Submits over a stream until it is done or the stream breaks.
async fn stream(client: Client, reports: Vec<v1::Incident>) -> Vec<v1::Receipt> {
    let (send, sent) = mpsc::channel(WINDOW);
    tokio::spawn(async move {
        for (sequence, incident) in (0..).zip(reports) {
            let message = v1::SubmitStreamRequest {
                sequence,
                incident: Some(incident),
            };
            if send.send(message).await.is_err() {
                return;
            }
        }
    });
    let mut receipts = Vec::new();
    let Ok(answers) = client.incidents().submit_stream(ReceiverStream::new(sent)).await else {
        return receipts;
    };
    let mut answers = answers.into_inner();
    while let Ok(Some(answer)) = answers.message().await {
        match answer.outcome.unwrap() {
            Outcome::Receipt(receipt) => receipts.push(receipt),
            Outcome::Error(error) => assert_eq!(error.code, Code::Unavailable as i32, "{error:?}"),
        }
    }
    receipts
}

/// Submits one after the other until it is done or a call fails.
async fn one_by_one(client: Client, reports: Vec<v1::Incident>) -> Vec<v1::Receipt> {
    let mut receipts = Vec::new();
    for incident in reports {
        let request = v1::SubmitRequest {
            incident: Some(incident),
            validate_only: false,
        };
        match client.incidents().submit(request).await {
            Ok(answer) => receipts.extend(answer.into_inner().receipt),
            Err(status) => {
                let broken = [Code::Unavailable, Code::Unknown, Code::Cancelled, Code::Internal];
                assert!(broken.contains(&status.code()), "{status:?}");
                break;
            }
        }
    }
    receipts
}

/// When each acknowledgement began to leave.
fn acks(calls: &[Call]) -> BTreeMap<String, Moment> {
    let mut acks = BTreeMap::new();
    for (key, moment) in BytesSent::of(calls).texts(KEY_PREFIX, KEY_BYTES) {
        let first = acks.entry(String::from_utf8(key).unwrap()).or_insert(moment);
        *first = moment.min(*first);
    }
    acks
}

/// What the program's system calls say of one load.
struct Traced {
    folder: tempfile::TempDir,
    program: Program,
    trace: Option<Trace>,
}

impl Traced {
    fn start(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let trace = Trace::begin(folder.path()).unwrap();
        let program = Program::start_with(folder.path(), Options::default().under(trace.command(more))).unwrap();
        Self {
            folder,
            program,
            trace: Some(trace),
        }
    }

    /// The calls of the program, which has ended.
    fn calls(&mut self) -> Vec<Call> {
        self.trace.take().expect("a trace is read once").calls().unwrap()
    }

    fn log(&self) -> PathBuf {
        // As the kernel names it.
        self.program.data().join("log").canonicalize().unwrap()
    }
}

/// Requires that no acknowledgement left before its record was durable, and returns how many were checked.
fn every_ack_was_durable(calls: &[Call], log: &Path, load: &Load) -> usize {
    let durable = SyncedFolder::of(calls, log, ".log")
        .unwrap()
        .durable(KEY_PREFIX, KEY_BYTES);
    let acks = acks(calls);
    for key in load.receipts.keys() {
        assert!(
            acks.contains_key(key),
            "the receipt of {key} arrived, and the trace does not show it leave"
        );
    }
    for (key, left) in &acks {
        let synced = durable.get(key.as_bytes());
        let synced = synced.unwrap_or_else(|| panic!("{key} was acknowledged at line {left} and never synced"));
        assert!(
            synced < left,
            "{key} was acknowledged at line {left}, its record was durable at line {synced} only"
        );
    }
    acks.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_ok_leaves_before_its_record_is_synced() {
    if let Some(why) = trace::impossible() {
        return skipped(&why);
    }
    let mut traced = Traced::start(&[]);
    let load = load(&traced.program, 150, 30).await;
    assert_eq!(load.receipts.len(), load.submitted.len());
    let disk = v1::DurabilityClass::Disk as i32;
    assert!(load.receipts.values().all(|receipt| receipt.durability == disk));
    traced.program.stop().unwrap();
    let calls = traced.calls();
    let checked = every_ack_was_durable(&calls, &traced.log(), &load);
    assert!(
        checked >= ACKS_MIN,
        "{checked} acknowledgements checked, {ACKS_MIN} are wanted"
    );
}

/// All members report one value; the name of the alert that this raises.
async fn raise(program: &Program) -> String {
    for (of, (member, _)) in MEMBERS.into_iter().enumerate() {
        let request = v1::SubmitRequest {
            incident: reports(of, "a", 1).pop(),
            validate_only: false,
        };
        let client = program.client(member).unwrap();
        client.incidents().submit(request).await.unwrap();
    }
    let mut feed = Feed::from_beginning(&program.client("csirt-at").unwrap())
        .await
        .unwrap();
    let told = feed.until_judged(now()).await.unwrap();
    told.into_iter()
        .find(|alert| alert.audience() == v1::Audience::Eu)
        .unwrap()
        .name
}

/// Judges an alert again and again.
async fn judge(client: Client, of: usize, name: String) {
    for n in 0..DECISIONS {
        let request = v1::DecideRequest {
            name: name.clone(),
            verdict: v1::Verdict::Confirmed as i32,
            reason: format!("judged-{of}-{n:03}"),
        };
        let answer = client.alerts().decide(request).await.unwrap().into_inner();
        assert_eq!(answer.durability(), v1::DurabilityClass::Disk);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_decision_is_answered_before_it_is_synced() {
    if let Some(why) = trace::impossible() {
        return skipped(&why);
    }
    let mut traced = Traced::start(&[]);
    let name = raise(&traced.program).await;
    let mut judging = JoinSet::new();
    for (of, (member, _)) in MEMBERS.into_iter().enumerate() {
        judging.spawn(judge(traced.program.client(member).unwrap(), of, name.clone()));
    }
    while let Some(judged) = timeout(PATIENCE, judging.join_next())
        .await
        .expect("decisions are answered in time")
    {
        judged.unwrap();
    }
    traced.program.stop().unwrap();
    let calls = traced.calls();
    let durable = SyncedFolder::of(&calls, &traced.log(), ".log").unwrap();
    let durable = durable.durable(REASON_PREFIX, REASON_BYTES);
    let answered = BytesSent::of(&calls).texts(REASON_PREFIX, REASON_BYTES);
    assert_eq!(answered.len(), MEMBERS.len() * DECISIONS);
    for (reason, left) in answered {
        let text = String::from_utf8_lossy(&reason);
        let synced = durable
            .get(&reason)
            .unwrap_or_else(|| panic!("{text} was answered and never synced"));
        assert!(
            *synced < left,
            "{text} was answered at line {left}, durable at line {synced} only"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_power_cut_leaves_holds_every_acknowledged_report() {
    if let Some(why) = trace::impossible() {
        return skipped(&why);
    }
    let mut rng = random("durability");
    let mut traced = Traced::start(&[]);
    let load = load(&traced.program, 60, 15).await;
    assert_eq!(load.receipts.len(), load.submitted.len());
    traced.program.stop().unwrap();
    let calls = traced.calls();
    let disk = SyncedFolder::of(&calls, &traced.log(), ".log").unwrap();
    let acks = acks(&calls);
    let (first, last) = (*acks.values().min().unwrap(), *acks.values().max().unwrap());
    for cut in 0..CUTS {
        let moment = rng.usize(first..=last);
        let loss = Loss::KINDS[cut % Loss::KINDS.len()];
        let acked: BTreeSet<&str> = acks
            .iter()
            .filter(|(_, left)| **left <= moment)
            .map(|(key, _)| key.as_str())
            .collect();
        let copy = tempfile::tempdir().unwrap();
        cut_power(&traced, copy.path(), &disk.at(moment, loss, &mut rng));
        let told = format!("cut {cut}: power lost at line {moment}, {loss:?} of what was not synced");
        if cut < CUTS_SERVED {
            serves(copy.path(), &load, &acked, &told).await;
        } else {
            holds(copy.path(), &load, &acked, &told);
        }
    }
}

/// Makes the folder that a power cut leaves: the journal as it may be then, and what was durable before the first report came. Snapshots
/// are views, and none was written by then.
fn cut_power(traced: &Traced, copy: &Path, journal: &[(PathBuf, Content)]) {
    for name in [
        "chappe.toml",
        "tokens.toml",
        "chappe-data/secret.key",
        "chappe-data/log/meta",
    ] {
        fs::create_dir_all(copy.join(name).parent().unwrap()).unwrap();
        fs::copy(traced.folder.path().join(name), copy.join(name)).unwrap();
    }
    for (path, content) in journal {
        let path = copy.join("chappe-data/log").join(path.file_name().unwrap());
        fs::write(&path, &content.bytes).unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(content.len)
            .unwrap();
    }
}

/// Opens the log of a copy: every acknowledged report is in its partition, as it was submitted, and nothing is invented.
fn holds(copy: &Path, load: &Load, acked: &BTreeSet<&str>, told: &str) {
    let (log, _) = LocalLog::open(LocalOptions::in_folder(copy.join("chappe-data/log"))).expect(told);
    let partitions = log.partitions(Topic::Incidents);
    let mut found = BTreeSet::new();
    for partition in 0..partitions {
        for (_, record) in read_all(&log, partition) {
            if record.kind == RecordKind::Mark {
                continue;
            }
            let (accepted, _) = incident::decode(&record.payload).expect(told);
            assert_eq!(Secret::partition(accepted.id, partitions), partition, "{told}");
            let stored = incident::to_wire(&accepted);
            let submitted = load
                .submitted
                .get(&stored.report_key)
                .unwrap_or_else(|| panic!("{told}: invented: {stored:?}"));
            same_report(&stored, submitted, told);
            assert_eq!(stored.name, load.receipts[&stored.report_key].incident, "{told}");
            assert!(
                found.insert(stored.report_key.clone()),
                "{told}: {} stands twice",
                stored.report_key
            );
        }
    }
    let lost: Vec<_> = acked.iter().filter(|key| !found.contains(**key)).collect();
    assert!(
        lost.is_empty(),
        "{told}: {} acknowledged reports are lost, such as {:?}",
        lost.len(),
        lost.first()
    );
}

fn read_all(log: &LocalLog, partition: u16) -> Vec<(Position, chappe_eventlog::Record)> {
    let mut records: Vec<(Position, chappe_eventlog::Record)> = Vec::new();
    loop {
        let from = records.last().map_or(Position(0), |(last, _)| last.next());
        let more = log
            .read(Topic::Incidents, partition, from, ReadLimit::default())
            .unwrap();
        if more.is_empty() {
            return records;
        }
        records.extend(more);
    }
}

fn same_report(stored: &v1::Incident, submitted: &v1::Incident, told: &str) {
    assert_eq!(stored.reporter, member(&stored.report_key), "{told}");
    assert_eq!(stored.revision, submitted.revision, "{told}");
    assert_eq!(stored.countries, submitted.countries, "{told}");
    let values = |of: &v1::Incident| {
        of.indicators
            .iter()
            .map(|one| one.value.clone())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(values(stored), values(submitted), "{told}");
}

/// Starts the program on a copy: every acknowledged report stands, and what was not acknowledged is taken now.
async fn serves(copy: &Path, load: &Load, acked: &BTreeSet<&str>, told: &str) {
    let mut program = Program::start(copy).expect(told);
    stands(&program, load, acked, told).await;
    program.stop().unwrap();
}

/// Every acknowledged report is found as it was submitted, and submitting everything again gives each the receipt it was given.
async fn stands(program: &Program, load: &Load, acked: &BTreeSet<&str>, told: &str) {
    let mut again = JoinSet::new();
    for (name, _) in MEMBERS {
        let client = program.client(name).unwrap();
        for key in acked.iter().filter(|key| member(key) == name) {
            let request = v1::GetIncidentRequest {
                name: load.receipts[*key].incident.clone(),
            };
            let answer = client.incidents().get_incident(request).await;
            let stored = answer
                .unwrap_or_else(|status| panic!("{told}: {key}: {status:?}"))
                .into_inner()
                .incident
                .unwrap();
            same_report(&stored, &load.submitted[*key], told);
        }
        let own = load.submitted.values().filter(|one| member(&one.report_key) == name);
        again.spawn(stream(client, own.cloned().collect()));
    }
    let receipts: Vec<_> = again.join_all().await.into_iter().flatten().collect();
    assert_eq!(receipts.len(), load.submitted.len(), "{told}");
    for receipt in receipts {
        let before = load.receipts.get(&receipt.report_key).unwrap_or(&receipt);
        assert_eq!(&receipt, before, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_sync_stops_the_program_and_acknowledges_nothing() {
    if let Some(why) = trace::impossible() {
        return skipped(&why);
    }
    let fault = format!("inject=fdatasync:error=EIO:when={FAILING_SYNC}");
    let mut traced = Traced::start(&["-e", &fault]);
    let load = load(&traced.program, 400, 100).await;
    assert!(
        load.receipts.len() < load.submitted.len(),
        "it took reports after the fault, or the load ended before"
    );
    let status = traced.program.wait().unwrap();
    let said = traced.program.said();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("sync"), "{said}");
    let calls = traced.calls();
    assert!(
        calls
            .iter()
            .any(|call| call.name == "fdatasync" && call.returned.is_none()),
        "no sync failed"
    );
    let checked = every_ack_was_durable(&calls, &traced.log(), &load);
    assert!(checked > 0, "nothing was acknowledged before the fault");

    // The disk works again.
    drop(traced.program);
    let mut program = Program::start(traced.folder.path()).unwrap();
    let keys: BTreeSet<&str> = load.receipts.keys().map(String::as_str).collect();
    stands(&program, &load, &keys, "after the fault").await;
    program.stop().unwrap();
}
