//! Faults of every kind on an installation of real processes and real brokers: nothing acknowledged is lost, no alert is missing, doubled or
//! invented against a model that reads the same log in one thread, no stream skips or turns back.
//!
//! `CHAPPE_FAULTS` sets how many faults (8), `CHAPPE_SEED` repeats a run's choices: `cargo xtask chaos --faults N --seed S`. `CHAPPE_KINDS`
//! leaves out all kinds but those it names, such as `KillBroker,Storm`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    missing_docs,
    unreachable_pub
)]

#[path = "chaos/checker.rs"]
mod checker;
#[path = "kill/ending.rs"]
mod ending;
#[path = "chaos/faults.rs"]
mod faults;
#[path = "chaos/fleet.rs"]
mod fleet;
#[path = "chaos/links.rs"]
mod links;
#[path = "kill/reporter.rs"]
mod reporter;
#[path = "kill/watcher.rs"]
mod watcher;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use chappe_eventlog::EventLog;
use chappe_kafka_cluster::is_available;
use chappe_tests::{Feed, PATIENCE, now, random};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use checker::{Checker, Depth};
use faults::{Fault, inject, pass};
use fleet::Fleet;
use reporter::{REPORTERS, Reporter};
use watcher::Watcher;

/// How many faults, unless `CHAPPE_FAULTS` says otherwise.
const FAULTS: usize = 8;
/// So many faults, then all is looked at.
const FAULTS_PER_CHECK: usize = 4;
/// Calm between two faults.
const CALM: Duration = Duration::from_millis(1_500);
/// Log time after which changes of counts are told too, with room for the marks: a key is judged again 30 s after it was judged last, and an
/// alert told again 30 s after it was told last.
const COUNTS_TOLD: Duration = Duration::from_secs(63);
/// An ingest whose clock was set may be this far ahead of this test's, in milliseconds: then log time is, too.
const SKEW_MS: u64 = 2_000;
/// Who follows: one that sees all, one that sees its own country's.
const WATCHERS: [&str; 2] = ["europol", "csirt-at"];

fn faults() -> usize {
    std::env::var("CHAPPE_FAULTS").map_or(FAULTS, |faults| faults.parse().expect("CHAPPE_FAULTS is a number"))
}

fn say(words: &str) {
    let mut err = std::io::stderr();
    writeln!(err, "chaos: {words}").unwrap();
}

/// The members that report: at work, or called in.
struct Crew {
    at_work: JoinSet<Reporter>,
    stop: watch::Sender<bool>,
}

impl Crew {
    fn new(fleet: &Fleet, rng: &mut fastrand::Rng) -> Self {
        let stop = watch::Sender::new(false);
        let mut at_work = JoinSet::new();
        for (of, (member, _)) in REPORTERS.into_iter().enumerate() {
            let token = fleet.ingest[0].token(member).unwrap();
            at_work.spawn(Reporter::new(of, token, fleet.ingest_at.subscribe(), stop.subscribe(), rng.fork()).run());
        }
        Self { at_work, stop }
    }

    /// All stop once everything they submitted is acknowledged.
    async fn call_in(&mut self) -> Vec<Reporter> {
        self.stop.send_replace(true);
        let mut reporters = vec![];
        while let Some(reporter) = timeout(2 * PATIENCE, self.at_work.join_next())
            .await
            .expect("all is acknowledged in the end")
        {
            reporters.push(reporter.unwrap());
        }
        reporters
    }

    fn send_out(&mut self, reporters: Vec<Reporter>) {
        self.stop.send_replace(false);
        for reporter in reporters {
            self.at_work.spawn(reporter.run());
        }
    }
}

/// Once everything reported is judged: the books, the log, the alerts and both notifications agree.
async fn check(fleet: &Fleet, checker: &mut Checker, log: &dyn EventLog, reporters: &[Reporter], depth: Depth) {
    let reported = now().plus(SKEW_MS);
    let mut lists = vec![];
    for notification in &fleet.notification {
        let client = notification.client(WATCHERS[0]).unwrap();
        // From now on: what is asked is how far the judgement is.
        let mut feed = Feed::open(&client, Default::default()).await.unwrap();
        feed.until_judged(reported).await.unwrap();
        lists.push(ending::facts(&client).await);
    }
    checker::all_tell_the_same(&lists, depth);
    tokio::task::block_in_place(|| {
        checker.the_log_holds_what_was_acknowledged(log, reporters);
        checker.alerts_are_the_models(log, depth);
    });
    let found: BTreeMap<_, _> = (lists.remove(0).into_iter())
        .map(|(fact, alert)| (fact, alert.countries.into_iter().collect()))
        .collect();
    assert_eq!(found, ending::facts_of(reporters));
}

/// What each watcher was told is what the log tells from its beginning.
async fn check_watchers(
    fleet: &Fleet,
    watching: Vec<JoinHandle<Watcher>>,
    until: &watch::Sender<Option<u64>>,
) -> usize {
    let mut from_beginning = vec![];
    for member in WATCHERS {
        let mut feed = Feed::from_beginning(&fleet.notification[0].client(member).unwrap())
            .await
            .unwrap();
        from_beginning.push(feed.until_judged(now().plus(SKEW_MS)).await.unwrap());
    }
    until.send_replace(Some(now().plus(SKEW_MS).as_millis()));
    let mut told = 0;
    for ((watcher, log), member) in watching.into_iter().zip(from_beginning).zip(WATCHERS) {
        let watcher = timeout(PATIENCE, watcher)
            .await
            .expect("the watchers come to the end")
            .unwrap();
        ending::nothing_was_skipped(&watcher, &log, member);
        ending::every_id_resolves(&fleet.notification[1].client(member).unwrap(), &watcher, member).await;
        told += watcher.seen.len();
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_every_kind_lose_nothing() {
    if !is_available("chaos") {
        return;
    }
    let mut rng = random("chaos");
    let mut fleet = Fleet::start().await;
    let log = tokio::task::block_in_place(|| fleet.log());
    let mut checker = Checker::new(&fleet.folder(), &log);
    let mut crew = Crew::new(&fleet, &mut rng);
    let until = watch::Sender::new(None);
    let watching: Vec<JoinHandle<Watcher>> = WATCHERS
        .map(|member| {
            Watcher::new(
                fleet.notification[0].token(member).unwrap(),
                fleet.notification_at.subscribe(),
                until.subscribe(),
            )
        })
        .map(|watcher| tokio::spawn(watcher.run()))
        .into();
    let began = Instant::now();
    let mut injected: BTreeMap<Fault, usize> = BTreeMap::new();
    let deck = Fault::deck(faults(), std::env::var("CHAPPE_KINDS").ok().as_deref(), &mut rng);
    for (nth, fault) in deck.into_iter().enumerate() {
        pass(CALM).await;
        say(&format!(
            "{:>4} s  fault {}: {fault:?}",
            began.elapsed().as_secs(),
            nth + 1
        ));
        inject(fault, &mut fleet, &mut rng).await;
        *injected.entry(fault).or_default() += 1;
        if (nth + 1).is_multiple_of(FAULTS_PER_CHECK) {
            let reporters = crew.call_in().await;
            check(&fleet, &mut checker, &log, &reporters, Depth::AtOnce).await;
            crew.send_out(reporters);
        }
    }
    pass(CALM).await;
    let reporters = crew.call_in().await;
    pass(COUNTS_TOLD).await;
    check(&fleet, &mut checker, &log, &reporters, Depth::Everything).await;
    let told = check_watchers(&fleet, watching, &until).await;
    for program in fleet
        .ingest
        .iter_mut()
        .chain(&mut fleet.correlation)
        .chain(&mut fleet.notification)
    {
        program.stop().unwrap();
    }
    let acked: usize = reporters.iter().map(|reporter| reporter.acked.len()).sum();
    say(&format!(
        "{} faults in {} s: {injected:?}; {acked} revisions acknowledged, {} stored, 0 lost; {} alerts as the model says, {told} revisions \
         told; {} records stood twice, {} were fenced, {} were poison; {} processes ended by themselves and were started again",
        injected.values().sum::<usize>(),
        began.elapsed().as_secs(),
        checker.stored(),
        checker.told(),
        checker.repeated,
        checker.fenced,
        checker.poison,
        fleet.revived,
    ));
}
