//! Correlation processes die and join under load: alerts go on, nothing is lost or doubled, and no client notices.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use chappe_kafka_cluster::is_available;
use chappe_model::Timestamp;
use chappe_proto::v1::subscribe_response::Event;
use chappe_tests::{Feed, PATIENCE, Program, now, random};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};

use super::ending;
use super::installation::{Services, start};
use super::reporter::{REPORTERS, Reporter};
use super::watcher::Watcher;

/// Who follows: one that sees all, one that sees its own country's.
const WATCHERS: [&str; 2] = ["europol", "csirt-at"];
/// How long reports go on after the last process has joined.
const JUDGED_AFTER: Duration = Duration::from_secs(2);

struct Load {
    stop: watch::Sender<bool>,
    until: watch::Sender<Option<u64>>,
    reporting: JoinSet<Reporter>,
    watching: Vec<JoinHandle<Watcher>>,
}

impl Load {
    fn start(services: &Services) -> Self {
        let mut rng = random("takeover");
        let addresses = |programs: &[Program]| {
            let addresses = programs.iter().map(Program::address).collect::<Vec<_>>();
            // Nobody moves: each keeps the channel of its own.
            watch::Sender::new(addresses).subscribe()
        };
        let (stop, until) = (watch::Sender::new(false), watch::Sender::new(None));
        let mut reporting = JoinSet::new();
        for (of, (member, _)) in REPORTERS.into_iter().enumerate() {
            let token = services.ingests[0].token(member).unwrap();
            let to = addresses(&services.ingests);
            reporting.spawn(Reporter::new(of, token, to, stop.subscribe(), rng.fork()).run());
        }
        let watching = WATCHERS.iter().enumerate().map(|(at, member)| {
            let program = &services.notifications[at..=at];
            let token = program[0].token(member).unwrap();
            tokio::spawn(Watcher::new(token, addresses(program), until.subscribe()).run())
        });
        Self {
            watching: watching.collect(),
            stop,
            until,
            reporting,
        }
    }

    /// Ends the load. Nobody was disturbed: each needed one stream.
    async fn finish(self, services: &Services) -> (Vec<Reporter>, Vec<Watcher>, Vec<Vec<chappe_proto::v1::Alert>>) {
        self.stop.send_replace(true);
        let reporters = timeout(PATIENCE, self.reporting.join_all()).await.unwrap();
        let mut from_beginning = Vec::new();
        for member in WATCHERS {
            let client = services.notifications[0].client(member).unwrap();
            let mut feed = Feed::from_beginning(&client).await.unwrap();
            from_beginning.push(feed.until_judged(now()).await.unwrap());
        }
        self.until.send_replace(Some(now().as_millis()));
        let mut watchers = Vec::new();
        for watcher in self.watching {
            watchers.push(timeout(PATIENCE, watcher).await.unwrap().unwrap());
        }
        assert!(reporters.iter().all(|reporter| reporter.streams == 1), "a client error");
        assert!(watchers.iter().all(|watcher| watcher.streams == 0), "a client error");
        (reporters, watchers, from_beginning)
    }
}

/// Follows what is new until an alert came of what was reported after a moment, and all reported before it was judged; how long each took.
async fn goes_on(feed: &mut Feed, after: Timestamp) -> (Duration, Duration) {
    let began = Instant::now();
    let (mut alert, mut judged) = (None, None);
    while alert.is_none() || judged.is_none() {
        match timeout(PATIENCE, feed.next()).await.expect("alerts go on").unwrap() {
            Event::Alert(told) => {
                let revised = told.revised_at.map_or(0, millis);
                if revised > after.as_millis() {
                    alert.get_or_insert_with(|| began.elapsed());
                }
            }
            Event::Heartbeat(heartbeat) => {
                if heartbeat.log_time.map_or(0, millis) >= after.as_millis() {
                    judged.get_or_insert_with(|| began.elapsed());
                }
            }
            Event::Gap(gap) => panic!("a gap: {}", gap.reason),
        }
        assert!(began.elapsed() < PATIENCE, "alert {alert:?}, judged {judged:?}");
    }
    (alert.unwrap(), judged.unwrap())
}

fn millis(time: prost_types::Timestamp) -> u64 {
    u64::try_from(time.seconds).unwrap() * 1_000 + u64::try_from(time.nanos).unwrap() / 1_000_000
}

/// Kills or starts a process off the runtime's threads.
async fn apart<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(what).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_go_on_when_the_owner_dies_and_another_joins() {
    if !is_available("alerts_go_on_when_the_owner_dies") {
        return;
    }
    let mut services = Services::start(2, 1, 2);
    let load = Load::start(&services);
    let folder = services.ingests[0].folder().to_owned();
    let join = move |name: &'static str| {
        let folder = folder.clone();
        apart(move || start(&folder, "correlation", name))
    };
    let mut feed = Feed::from_beginning(&services.notifications[1].client("europol").unwrap())
        .await
        .unwrap();
    // The first owns everything when the second joins, and half of it at least when it is killed.
    goes_on(&mut feed, now()).await;
    services.correlations.push(join("correlation-2").await);
    goes_on(&mut feed, now()).await;

    let killed_at = now();
    services.correlations[0].kill().unwrap();
    let (alert, judged) = goes_on(&mut feed, killed_at).await;
    writeln!(
        std::io::stderr(),
        "services: after the kill of an owner the next alert came in {:.1} s, and everything before it was judged in {:.1} s",
        alert.as_secs_f64(),
        judged.as_secs_f64()
    )
    .unwrap();
    services.correlations.remove(0);
    services.correlations.push(join("correlation-3").await);
    let joined = now();
    goes_on(
        &mut feed,
        Timestamp::from_millis(joined.as_millis() + JUDGED_AFTER.as_millis() as u64),
    )
    .await;
    drop(feed);

    let (reporters, watchers, from_beginning) = load.finish(&services).await;
    for (member, (watcher, log)) in WATCHERS.into_iter().zip(watchers.iter().zip(&from_beginning)) {
        ending::nothing_was_skipped(watcher, log, member);
        let client = services.notifications[1].client(member).unwrap();
        ending::every_id_resolves(&client, watcher, member).await;
    }
    let facts = ending::facts(&services.notifications[0].client(WATCHERS[0]).unwrap()).await;
    let found: BTreeMap<_, _> = facts
        .into_iter()
        .map(|(fact, alert)| (fact, alert.countries.into_iter().collect()))
        .collect();
    let expected = ending::facts_of(&reporters);
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
    let stored = ending::the_log_holds_every_report(&services.ingests[0], &reporters);
    writeln!(
        std::io::stderr(),
        "services: {stored} revisions stored, {} alerts, no client error",
        expected.len()
    )
    .unwrap();
    services.stop();
}
