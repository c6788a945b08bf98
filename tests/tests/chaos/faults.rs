//! What goes wrong, how long, and how it is mended.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use chappe_eventlog::{EventLog, Record, RecordKind, Topic, append_blocking};
use chappe_tests::Program;
use fastrand::Rng;
use tokio::time::timeout;

use super::fleet::{BROKERS, Fleet, SMALL_BROKER, Service};
use super::links::Condition;

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    KillIngest,
    KillCorrelation,
    KillNotification,
    KillEverything,
    PauseIngest,
    PauseCorrelation,
    PauseNotification,
    KillBroker,
    PauseBroker,
    RestartCluster,
    CutBroker,
    SlowBrokers,
    FullDisk,
    Storm,
    Poison,
    ClockStep,
}

impl Fault {
    pub const ALL: [Self; 16] = [
        Self::KillIngest,
        Self::KillCorrelation,
        Self::KillNotification,
        Self::KillEverything,
        Self::PauseIngest,
        Self::PauseCorrelation,
        Self::PauseNotification,
        Self::KillBroker,
        Self::PauseBroker,
        Self::RestartCluster,
        Self::CutBroker,
        Self::SlowBrokers,
        Self::FullDisk,
        Self::Storm,
        Self::Poison,
        Self::ClockStep,
    ];

    /// So many faults: each kind as often as the others, in an order that the seed draws. `only` leaves out all kinds but those it names.
    pub fn deck(count: usize, only: Option<&str>, rng: &mut Rng) -> Vec<Self> {
        let named = |kind: &Self| only.is_none_or(|only| only.split(',').any(|name| name == format!("{kind:?}")));
        let mut kinds: Vec<Self> = Self::ALL.into_iter().filter(named).collect();
        assert!(!kinds.is_empty(), "no such kind of fault; there are {:?}", Self::ALL);
        let mut deck = vec![];
        while deck.len() < count {
            rng.shuffle(&mut kinds);
            deck.extend(&kinds);
        }
        deck.truncate(count);
        deck
    }
}

/// Lets things happen for a while.
pub async fn pass(time: Duration) {
    let _ = timeout(time, pending::<()>()).await;
}

async fn pass_some(from_ms: u64, to_ms: u64, rng: &mut Rng) {
    pass(Duration::from_millis(rng.u64(from_ms..to_ms))).await;
}

/// Injects a fault, lets it last, and mends it.
pub async fn inject(fault: Fault, fleet: &mut Fleet, rng: &mut Rng) {
    match fault {
        Fault::KillIngest => kill(Service::Ingest, fleet, rng).await,
        Fault::KillCorrelation => kill(Service::Correlation, fleet, rng).await,
        Fault::KillNotification => kill(Service::Notification, fleet, rng).await,
        Fault::KillEverything => kill_everything(fleet, rng).await,
        Fault::PauseIngest => pause(Service::Ingest, fleet, rng).await,
        Fault::PauseCorrelation => pause(Service::Correlation, fleet, rng).await,
        Fault::PauseNotification => pause(Service::Notification, fleet, rng).await,
        Fault::KillBroker => {
            let node = rng.usize(1..=BROKERS);
            fleet.cluster.kill(node).unwrap();
            pass_some(1_000, 5_000, rng).await;
            up(node, fleet);
        }
        Fault::PauseBroker => {
            let node = rng.usize(1..=BROKERS);
            fleet.cluster.stop(node).unwrap();
            pass_some(1_000, 8_000, rng).await;
            fleet.cluster.cont(node).unwrap();
        }
        Fault::RestartCluster => tokio::task::block_in_place(|| fleet.cluster.restart_all().unwrap()),
        Fault::CutBroker => {
            let node = rng.usize(0..BROKERS);
            fleet.links[node].become_(Condition::Cut);
            pass_some(1_000, 6_000, rng).await;
            fleet.links[node].become_(Condition::Open);
        }
        Fault::SlowBrokers => {
            for link in &fleet.links {
                link.become_(Condition::Slow(Duration::from_millis(rng.u64(5..80))));
            }
            pass_some(2_000, 6_000, rng).await;
            fleet.links.iter().for_each(|link| link.become_(Condition::Open));
        }
        Fault::FullDisk => fill_a_disk(fleet, rng).await,
        Fault::Storm => storm(fleet, rng).await,
        Fault::Poison => tokio::task::block_in_place(|| poison(fleet, rng)),
        Fault::ClockStep => {
            // An hour forward or back, as seen by one of those that stamp.
            let at = rng.usize(0..fleet.ingest.len());
            let hour = if rng.bool() { "+3600s" } else { "-3600s" };
            fleet.set_clock(at, hour);
            pass_some(3_000, 8_000, rng).await;
            fleet.set_clock(at, "+0s");
            pass_some(1_000, 2_000, rng).await;
        }
    }
    fleet.revived += tokio::task::block_in_place(|| fleet.revive());
}

fn up(node: usize, fleet: &mut Fleet) {
    tokio::task::block_in_place(|| fleet.cluster.up(node).unwrap());
}

async fn kill(service: Service, fleet: &mut Fleet, rng: &mut Rng) {
    let programs = fleet.of(service);
    let at = rng.usize(0..programs.len());
    programs[at].kill().unwrap();
    pass_some(0, 4_000, rng).await;
    tokio::task::block_in_place(|| fleet.of(service)[at].restart().unwrap());
    fleet.tell();
}

async fn kill_everything(fleet: &mut Fleet, rng: &mut Rng) {
    let restart = |programs: &mut Vec<Program>| programs.iter_mut().for_each(|program| program.restart().unwrap());
    for service in [Service::Notification, Service::Correlation, Service::Ingest] {
        fleet.of(service).iter_mut().for_each(|program| program.kill().unwrap());
    }
    pass_some(0, 2_000, rng).await;
    for service in [Service::Ingest, Service::Notification, Service::Correlation] {
        tokio::task::block_in_place(|| restart(fleet.of(service)));
    }
    fleet.tell();
}

/// Long enough, at times, for others to take it for dead: then it goes on as if nothing had been.
async fn pause(service: Service, fleet: &mut Fleet, rng: &mut Rng) {
    let programs = fleet.of(service);
    let at = rng.usize(0..programs.len());
    programs[at].pause().unwrap();
    pass_some(1_000, 7_000, rng).await;
    fleet.of(service)[at].resume().unwrap();
}

async fn fill_a_disk(fleet: &mut Fleet, rng: &mut Rng) {
    let Some(disk) = &fleet.disk else {
        // Where nothing may be mounted, the broker is gone as it would be with a full disk.
        fleet.cluster.kill(SMALL_BROKER).unwrap();
        pass_some(1_000, 4_000, rng).await;
        return up(SMALL_BROKER, fleet);
    };
    tokio::task::block_in_place(|| disk.fill().unwrap());
    pass_some(2_000, 5_000, rng).await;
    disk.free().unwrap();
    // It has ended by itself, or is about to, or has not noticed.
    fleet.cluster.kill(SMALL_BROKER).unwrap();
    up(SMALL_BROKER, fleet);
}

/// A third correlation joins and leaves, again and again.
async fn storm(fleet: &mut Fleet, rng: &mut Rng) {
    for _ in 0..rng.usize(2..4) {
        tokio::task::block_in_place(|| fleet.join(Service::Correlation));
        pass_some(500, 4_000, rng).await;
        let mut last = fleet.correlation.pop().unwrap();
        tokio::task::block_in_place(|| match rng.bool() {
            true => last.stop().unwrap(),
            false => last.kill().unwrap(),
        });
    }
}

/// Records that no process of an installation wrote, or that only a later version understands.
fn poison(fleet: &Fleet, rng: &mut Rng) {
    let log = fleet.log();
    for (topic, partitions) in [
        (Topic::Incidents, 8),
        (Topic::Alerts, 1),
        (Topic::Pulse, 1),
        (Topic::Decisions, 1),
    ] {
        let mut payload = vec![0; rng.usize(1..200)];
        rng.fill(&mut payload);
        let record = Record {
            // A mark without content is one: only what says nothing is poison.
            kind: if topic == Topic::Alerts && rng.bool() {
                RecordKind::Mark
            } else {
                RecordKind::Data
            },
            ..Record::data(0, Bytes::from_static(b"poison"), payload.into())
        };
        // One whose outcome stays unknown is poison all the same.
        let _ = append_blocking(&log, topic, rng.u16(0..partitions), record);
    }
    log.close();
}
