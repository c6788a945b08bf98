//! An installation as a national one is run: three brokers, three ingests, two correlations, two notifications, all real processes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chappe_eventlog::Partitions;
use chappe_eventlog_kafka::{KafkaLog, KafkaOptions};
use chappe_kafka_cluster::Cluster;
use chappe_tests::{Options, Program, SmallDisk};
use tempfile::TempDir;
use tokio::sync::watch;

use super::links::Link;

/// Brokers; each record is on all of them, and acknowledged once it is on two.
pub const BROKERS: usize = 3;
/// The broker whose disk can be filled.
pub const SMALL_BROKER: usize = 3;
/// Fakes the clock of the process that loads it, from a file. `cargo xtask setup kafka` brings it.
const FAKE_CLOCK: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
/// So many of the last lines of a process that ended by itself are shown.
const LAST_LINES: usize = 6;
/// Size of its disk, in MiB.
const DISK_MIB: u64 = 768;

pub struct Fleet {
    folder: TempDir,
    pub cluster: Cluster,
    pub links: Vec<Link>,
    pub ingest: Vec<Program>,
    pub correlation: Vec<Program>,
    pub notification: Vec<Program>,
    /// Where the ingests and the notifications serve now.
    pub ingest_at: watch::Sender<Vec<SocketAddr>>,
    pub notification_at: watch::Sender<Vec<SocketAddr>>,
    /// The small broker's disk; none where mounting is not allowed.
    pub disk: Option<SmallDisk>,
    /// Processes that ended by themselves and were started again, as a supervisor does.
    pub revived: usize,
    joined: usize,
}

/// Which of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Ingest,
    Correlation,
    Notification,
}

impl Fleet {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("kafka").join(SMALL_BROKER.to_string()).join("data");
        let disk = SmallDisk::mount(&data, DISK_MIB).unwrap();
        let mut links = vec![];
        for _ in 0..BROKERS {
            links.push(Link::new().await);
        }
        let ports: Vec<u16> = links.iter().map(|link| link.port).collect();
        let at = folder.path().join("kafka");
        let starting = tokio::task::spawn_blocking(move || Cluster::start_behind(&at, &ports));
        let cluster = starting.await.unwrap().unwrap();
        for (link, node) in links.iter().zip(1..) {
            link.lead_to(cluster.port(node).unwrap());
        }
        let mut fleet = Self {
            folder,
            cluster,
            links,
            ingest: vec![],
            correlation: vec![],
            notification: vec![],
            ingest_at: watch::Sender::new(vec![]),
            notification_at: watch::Sender::new(vec![]),
            disk,
            revived: 0,
            joined: 0,
        };
        for (service, count) in [
            (Service::Ingest, 3),
            (Service::Correlation, 2),
            (Service::Notification, 2),
        ] {
            for _ in 0..count {
                fleet.join(service);
            }
        }
        fleet.tell();
        fleet
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("installation")
    }

    pub fn of(&mut self, service: Service) -> &mut Vec<Program> {
        match service {
            Service::Ingest => &mut self.ingest,
            Service::Correlation => &mut self.correlation,
            Service::Notification => &mut self.notification,
        }
    }

    /// Starts one more process of a service.
    pub fn join(&mut self, service: Service) {
        self.joined += 1;
        let name = match service {
            Service::Ingest => "ingest",
            Service::Correlation => "correlation",
            Service::Notification => "notification",
        };
        let brokers: Vec<toml::Value> = self.cluster.bootstrap().split(',').map(Into::into).collect();
        let clock = self.clock(self.joined);
        std::fs::create_dir_all(self.folder()).unwrap();
        std::fs::write(&clock, "+0s").unwrap();
        let preload = Path::new(FAKE_CLOCK);
        // Only those that stamp look at the clock for more than their own patience.
        let under = (service == Service::Ingest && preload.exists()).then(|| {
            [
                "env".to_owned(),
                format!("LD_PRELOAD={}", preload.display()),
                format!("FAKETIME_TIMESTAMP_FILE={}", clock.display()),
                "FAKETIME_CACHE_DURATION=1".to_owned(),
                "DONT_FAKE_MONOTONIC=1".to_owned(),
            ]
        });
        let options = Options::default()
            .under(under.into_iter().flatten())
            .set("kafka.brokers", brokers)
            .set("quotas.reports-per-second", 1_000_000)
            .set("quotas.burst", 1_000_000)
            .service(name)
            .arguments(["--instance".to_owned(), format!("{name}-{}", self.joined)]);
        let started = Program::start_with(&self.folder(), options).unwrap();
        self.of(service).push(started);
    }

    fn clock(&self, joined: usize) -> PathBuf {
        self.folder().join(format!("clock-{joined}"))
    }

    /// Sets the clock of an ingest by so much, such as `+3600s`. Does nothing where there is no library to fake it by.
    pub fn set_clock(&self, ingest: usize, by: &str) {
        // Ingests are the first that are started.
        std::fs::write(self.clock(ingest + 1), by).unwrap();
    }

    /// Starts again what has ended; returns how many did.
    pub fn revive(&mut self) -> usize {
        let mut revived = 0;
        let all = self
            .ingest
            .iter_mut()
            .chain(&mut self.correlation)
            .chain(&mut self.notification);
        for program in all {
            if let Some(status) = program.ended().unwrap() {
                let said = program.said();
                let last: Vec<&str> = said.lines().rev().take(LAST_LINES).collect();
                super::say(&format!("ended by itself with {status}, last line first: {last:#?}"));
                program.restart().unwrap();
                revived += 1;
            }
        }
        self.tell();
        revived
    }

    /// Tells clients where the services are.
    pub fn tell(&mut self) {
        let at = |programs: &[Program]| programs.iter().map(Program::address).collect::<Vec<_>>();
        self.ingest_at.send_replace(at(&self.ingest));
        self.notification_at.send_replace(at(&self.notification));
    }

    pub fn options(&self) -> KafkaOptions {
        KafkaOptions {
            partitions: Partitions::default(),
            ..KafkaOptions::at(self.cluster.bootstrap())
        }
    }

    /// The log, for whoever looks on.
    pub fn log(&self) -> KafkaLog {
        KafkaLog::open(self.options()).unwrap().0
    }
}
