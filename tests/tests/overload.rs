//! Far more reports than one process takes on Kafka, and a broker that halts again and again: memory stays bounded, what is refused is
//! refused before it is acknowledged, critical reports get through, and afterwards all is as before without a restart.
//!
//! `CHAPPE_OVERLOAD_SECONDS` sets how long it lasts (20).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "overload/critical.rs"]
mod critical;
#[path = "overload/flood.rs"]
mod flood;

use std::collections::HashSet;
use std::fs;
use std::future::pending;
use std::io::Write;
use std::time::Duration;

use chappe_kafka_cluster::{Cluster, is_available};
use chappe_proto::v1;
use chappe_tests::{Feed, Options, Program, indicator, now, report, revisions};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use critical::Critical;
use flood::Flood;

/// How long, unless `CHAPPE_OVERLOAD_SECONDS` says otherwise.
const SECONDS: u64 = 14;
/// How long the broker runs before it halts, and how long it halts: within the patience of reads and appends.
const RUNS: Duration = Duration::from_secs(4);
const HALTS: Duration = Duration::from_secs(3);
/// What is taken at once: less than by default, so that a slow machine's flood exceeds it too while the broker halts.
const IN_FLIGHT: i64 = 2_048;
const IN_FLIGHT_PER_MEMBER: i64 = 512;
/// What the program may use, however much is thrown at it.
const BASE_BYTES: u64 = 512 << 20;
/// And for each report that it stored: the budget reckons with so much for what a report keeps alive, and the index has 64 bytes of it.
const REPORT_BYTES: u64 = (2 << 10) + 64;
/// Reports of each of three countries once it is over.
const AFTERWARDS: usize = 100;
/// Everything that was taken is judged so long after the end at the latest.
const CATCHES_UP: Duration = Duration::from_secs(300);

fn length() -> Duration {
    let seconds = std::env::var("CHAPPE_OVERLOAD_SECONDS").map_or(SECONDS, |seconds| {
        seconds.parse().expect("CHAPPE_OVERLOAD_SECONDS is a number")
    });
    Duration::from_secs(seconds)
}

/// Lets the flood go on. The broker halts meanwhile, again and again: while it takes all at once, backpressure keeps more from being under
/// way than it can take, and nothing needs to be refused.
async fn go_on(length: Duration) {
    let (broker, end) = (Cluster::shared(1).unwrap(), Instant::now() + length);
    while Instant::now() < end {
        let _ = timeout(RUNS, pending::<()>()).await;
        broker.stop(1).unwrap();
        let _ = timeout(HALTS, pending::<()>()).await;
        broker.cont(1).unwrap();
    }
}

/// The most memory that a process ever had resident, in bytes.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// The keys of all reports in the log.
fn stored(program: &Program) -> HashSet<String> {
    let log = program.log().unwrap();
    let mut keys = HashSet::new();
    for (accepted, _) in revisions(&*log).unwrap() {
        assert!(keys.insert(accepted.incident.report_key.as_str().to_owned()));
    }
    keys
}

/// Every report is taken at the first try, and they raise what they should.
async fn all_is_as_before(program: &Program) -> Duration {
    let began = Instant::now();
    for (member, country) in [("csirt-at", "AT"), ("csirt-de", "DE"), ("csirt-fr", "FR")] {
        let mut incidents = program.client(member).unwrap().incidents();
        for number in 0..AFTERWARDS {
            let mut incident = report(&format!("afterwards-{country}-{number}"));
            incident.countries = vec![country.to_owned()];
            incident.indicators = vec![indicator(v1::IndicatorType::Domain, "afterwards.example")];
            let request = v1::SubmitRequest {
                incident: Some(incident),
                validate_only: false,
            };
            incidents.submit(request).await.unwrap();
        }
    }
    let request = v1::SubscribeRequest {
        from_beginning: true,
        ..v1::SubscribeRequest::default()
    };
    let mut feed = Feed::open(&program.client("europol").unwrap(), request).await.unwrap();
    let reported = now();
    let judged = async {
        let mut is_raised = false;
        loop {
            match feed.next().await.unwrap() {
                v1::subscribe_response::Event::Alert(alert) => is_raised |= alert.countries == ["AT", "DE", "FR"],
                v1::subscribe_response::Event::Heartbeat(heartbeat) => {
                    let time = heartbeat.log_time.unwrap_or_default();
                    let judged_ms = time.seconds * 1_000 + i64::from(time.nanos) / 1_000_000;
                    if judged_ms >= i64::try_from(reported.as_millis()).unwrap() {
                        return is_raised;
                    }
                }
                v1::subscribe_response::Event::Gap(gap) => panic!("a gap: {}", gap.reason),
            }
        }
    };
    assert!(timeout(CATCHES_UP, judged).await.expect("it catches up"), "no alert");
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_is_refused_before_it_is_acknowledged_and_harms_nothing() {
    if !is_available("too_much_is_refused_before_it_is_acknowledged") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let options = Options::default()
        .on_kafka()
        .set("quotas.in-flight", IN_FLIGHT)
        .set("quotas.in-flight-per-member", IN_FLIGHT_PER_MEMBER);
    let mut program = Program::start_with(folder.path(), options).unwrap();
    let (began, stop) = (Instant::now(), watch::Sender::new(false));
    let mut floods = JoinSet::new();
    for member in flood::MEMBERS {
        let client = program.client(member).unwrap();
        (0..flood::STREAMS).for_each(|of| {
            floods.spawn(Flood::new(member, of).run(client.clone(), stop.subscribe()));
        });
    }
    let mut criticals = JoinSet::new();
    for member in critical::MEMBERS {
        criticals.spawn(Critical::new(member).run(program.client(member).unwrap(), stop.subscribe()));
    }
    go_on(length()).await;
    assert_eq!(program.ended().unwrap(), None, "it has ended");
    stop.send_replace(true);
    let floods = timeout(CATCHES_UP, floods.join_all()).await.expect("all is answered");
    let criticals = timeout(CATCHES_UP, criticals.join_all())
        .await
        .expect("all is answered");
    let seconds = began.elapsed().as_secs_f64();

    let recovered = all_is_as_before(&program).await;
    let stored = stored(&program);
    floods.iter().for_each(|flood| flood.check(&stored));
    criticals.iter().for_each(|critical| critical.check(&stored));
    let sum = |of: fn(&Flood) -> usize| floods.iter().map(of).sum::<usize>();
    let (sent, taken, refused) = (sum(Flood::sent), sum(Flood::taken), sum(Flood::refused));
    assert!(refused > 0, "all of {sent} was taken: it was no overload");
    let (peak, allowed) = (peak(program.id()), BASE_BYTES + REPORT_BYTES * stored.len() as u64);
    writeln!(
        std::io::stderr(),
        "overload: {sent} reports in {seconds:.0} s, {taken} acknowledged, {refused} refused, {} critical of {} at the first try, the \
         slowest in {} ms; at most {} MiB of {} allowed; judged {:.1} s after the end",
        criticals.iter().map(|critical| critical.taken).sum::<usize>(),
        criticals.iter().map(|critical| critical.sent).sum::<usize>(),
        criticals.iter().map(|critical| critical.slowest.as_millis()).max().unwrap(),
        peak >> 20,
        allowed >> 20,
        recovered.as_secs_f64()
    )
    .unwrap();
    assert!(peak <= allowed, "{peak} bytes, {allowed} allowed");
    program.stop().unwrap();
}
