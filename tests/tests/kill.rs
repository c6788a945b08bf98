//! kill -9 at random moments under load: nothing acknowledged is lost, no alert is doubled or changed, watchers resume without a gap.
//!
//! `CHAPPE_KILLS` sets how often the program is killed (200); `CHAPPE_SEED` repeats a run's random choices.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "kill/ending.rs"]
mod ending;
#[path = "kill/reporter.rs"]
mod reporter;
#[path = "kill/watcher.rs"]
mod watcher;

use std::future::pending;
use std::io::Write;
use std::time::{Duration, Instant};

use chappe_tests::{Feed, PATIENCE, Program, now, random};
use fastrand::Rng;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use reporter::{REPORTERS, Reporter};
use watcher::Watcher;

/// How often the program is killed, unless `CHAPPE_KILLS` says otherwise.
const KILLS: usize = 200;
/// One kill in so many comes while the program starts.
const UNREADY_ONE_IN: usize = 8;
/// One kill in so many comes after the program was told to end, while it drains and saves a snapshot: the next start has one to go on from.
const DRAINING_ONE_IN: usize = 6;
/// Who follows: one that sees all, one that sees its own country's.
const WATCHERS: [&str; 2] = ["europol", "csirt-at"];

/// The longest times to the next kill.
struct Moments {
    /// From being ready.
    life: Duration,
    /// From the start, where it is killed while it starts.
    start: Duration,
    /// From being told to end.
    draining: Duration,
}

const ON_JOURNAL: Moments = Moments {
    life: Duration::from_millis(250),
    start: Duration::from_millis(60),
    draining: Duration::from_millis(120),
};
/// Opening takes seconds, and correlation waits two before it goes on with what its predecessor owned: many lives must be longer.
const ON_KAFKA: Moments = Moments {
    life: Duration::from_millis(3_500),
    start: Duration::from_millis(900),
    draining: Duration::from_millis(300),
};

fn kills() -> usize {
    std::env::var("CHAPPE_KILLS").map_or(KILLS, |kills| kills.parse().expect("CHAPPE_KILLS is a number"))
}

fn up_to(longest: Duration, rng: &mut Rng) -> Duration {
    Duration::from_micros(rng.u64(0..u64::try_from(longest.as_micros()).unwrap()))
}

/// Lets things happen for a while.
async fn pass(time: Duration) {
    let _ = timeout(time, pending::<()>()).await;
}

/// Kills the program at a random moment of its life, and starts it again.
async fn kill_once(program: &mut Program, kill: usize, moments: &Moments, rng: &mut Rng) {
    pass(up_to(moments.life, rng)).await;
    assert_eq!(program.ended().unwrap(), None, "it ended by itself");
    if kill.is_multiple_of(DRAINING_ONE_IN) {
        program.terminate().unwrap();
        pass(up_to(moments.draining, rng)).await;
    }
    program.kill().unwrap();
}

/// Starts it after so many kills; how often it was killed before it was ready.
fn start_again(program: &mut Program, killed: usize, moments: &Moments, rng: &mut Rng) -> usize {
    let mut more = 0;
    while (killed + more).is_multiple_of(UNREADY_ONE_IN) {
        if program.restart_within(up_to(moments.start, rng)).unwrap() {
            return more;
        }
        more += 1;
    }
    program.restart().unwrap();
    more
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments() {
    let mut rng = random("kill");
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).unwrap();
    let (address, stop, until) = (
        watch::Sender::new(vec![program.address()]),
        watch::Sender::new(false),
        watch::Sender::new(None),
    );
    let mut reporting = JoinSet::new();
    for (of, (member, _)) in REPORTERS.into_iter().enumerate() {
        let token = program.token(member).unwrap();
        reporting.spawn(Reporter::new(of, token, address.subscribe(), stop.subscribe(), rng.fork()).run());
    }
    let watching: Vec<JoinHandle<Watcher>> = WATCHERS
        .map(|member| Watcher::new(program.token(member).unwrap(), address.subscribe(), until.subscribe()))
        .map(|watcher| tokio::spawn(watcher.run()))
        .into();

    let (began, kills) = (Instant::now(), kills());
    let moments = if program.is_on_kafka().unwrap() {
        ON_KAFKA
    } else {
        ON_JOURNAL
    };
    let mut killed = 0;
    while killed < kills {
        kill_once(&mut program, killed, &moments, &mut rng).await;
        killed += 1 + start_again(&mut program, killed + 1, &moments, &mut rng);
        address.send_replace(vec![program.address()]);
    }
    let seconds = began.elapsed().as_secs();

    stop.send_replace(true);
    let reporters = timeout(PATIENCE, reporting.join_all())
        .await
        .expect("all is acknowledged in the end");
    // Each watcher follows until it must have been told what the log tells from its beginning.
    let mut from_beginning = Vec::new();
    for member in WATCHERS {
        let mut feed = Feed::from_beginning(&program.client(member).unwrap()).await.unwrap();
        from_beginning.push(feed.until_judged(now()).await.unwrap());
    }
    until.send_replace(Some(now().as_millis()));
    let mut watchers = Vec::new();
    for watcher in watching {
        watchers.push(
            timeout(PATIENCE, watcher)
                .await
                .expect("the watchers come to the end")
                .unwrap(),
        );
    }
    check(&program, &reporters, &watchers, &from_beginning).await;
    program.stop().unwrap();
    let stored = ending::the_log_holds_every_report(&program, &reporters);
    let told: usize = watchers.iter().map(|watcher| watcher.seen.len()).sum();
    let streams: usize = watchers.iter().map(|watcher| watcher.streams).sum();
    writeln!(
        std::io::stderr(),
        "kill: {killed} kills in {seconds} s; {stored} revisions stored, {told} alert revisions told over {streams} streams"
    )
    .unwrap();
}

async fn check(
    program: &Program,
    reporters: &[Reporter],
    watchers: &[Watcher],
    from_beginning: &[Vec<chappe_proto::v1::Alert>],
) {
    for (member, (watcher, log)) in WATCHERS.into_iter().zip(watchers.iter().zip(from_beginning)) {
        ending::nothing_was_skipped(watcher, log, member);
        ending::every_id_resolves(&program.client(member).unwrap(), watcher, member).await;
    }
    let [all, some] = watchers else { panic!("two watchers") };
    for (told, alert) in &some.seen {
        assert_eq!(
            all.seen.get(told),
            Some(alert),
            "two viewers were told different things"
        );
    }
    let facts = ending::facts(&program.client(WATCHERS[0]).unwrap()).await;
    let expected = ending::facts_of(reporters);
    assert!(!expected.is_empty());
    let found: std::collections::BTreeMap<_, _> = facts
        .into_iter()
        .map(|(fact, alert)| (fact, alert.countries.into_iter().collect()))
        .collect();
    assert_eq!(found, expected);
}
