//! The processes of an installation: each with its line to the log, its clock, and what it keeps on its disk.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chappe_clock::{Clock, ManualClock};
use chappe_correlation::{Grain, Stepped};
use chappe_eventlog::{MemoryLog, ReadLimit, SnapshotError, SnapshotStore};
use chappe_identity::{Directory, TokenDigest};
use chappe_ingest::Desk;
use chappe_model::{Country, Policy, Principal, Role, Timestamp};
use chappe_notification::Board;
use chappe_testkit::{member, secret};
use fastrand::Rng;

use crate::line::{Leftover, Line};

/// When the history begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_764_547_200_000);

/// Who reports, and from where.
pub(crate) const MEMBERS: [(&str, &str); 6] = [
    ("csirt-at", "AT"),
    ("csirt-be", "BE"),
    ("csirt-cz", "CZ"),
    ("csirt-de", "DE"),
    ("csirt-ee", "EE"),
    ("csirt-fr", "FR"),
];

pub(crate) fn principal(id: &str, home: Option<&str>) -> Principal {
    Principal {
        member: member(id),
        home: home.map(|code| Country::parse(code).expect("a country")),
        role: if home.is_some() {
            Role::Member
        } else {
            Role::DutyOfficer
        },
    }
}

fn directory() -> Directory {
    let members = MEMBERS.iter().map(|(id, home)| principal(id, Some(home)));
    let all = members.chain([principal("europol", None)]);
    let tokens = all.map(|principal| {
        let token = TokenDigest::of(principal.member.as_str());
        (principal, token)
    });
    Directory::new(tokens.collect()).expect("distinct members")
}

/// What a disk keeps of snapshots.
#[derive(Default)]
pub(crate) struct Disk(Mutex<BTreeMap<String, Vec<u8>>>);

impl SnapshotStore for Disk {
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, SnapshotError> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(held.get(name).cloned())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ingest,
    Correlation,
    Notification,
}

/// What runs.
pub(crate) enum Body {
    Ingest(Arc<Desk>, Arc<ManualClock>),
    Correlation(Box<Stepped>),
    Notification(Arc<Board>),
}

pub(crate) struct Process {
    pub(crate) kind: Kind,
    name: String,
    pub(crate) line: Arc<Line>,
    pub(crate) disk: Arc<Disk>,
    /// None while it is down.
    pub(crate) body: Option<Body>,
    /// How often it was started: what another start was given is of no use to this one.
    pub(crate) starts: u64,
    started_ms: u64,
    /// It is started again from here on, unless it runs.
    pub(crate) down_until: u64,
    /// It does not run before.
    pub(crate) paused_until: u64,
    /// Its line is in trouble until then.
    pub(crate) troubled_until: u64,
    /// Its clock is so far ahead.
    pub(crate) skew_ms: u64,
    /// Next time mark.
    pub(crate) mark_at: u64,
    grain: Grain,
}

/// What every process is told of.
pub(crate) struct Settings {
    pub(crate) policy: Policy,
    pub(crate) snapshot_ms: u64,
}

impl Process {
    pub(crate) fn new(kind: Kind, nth: u64, log: &MemoryLog, disk: Arc<Disk>, rng: &mut Rng) -> Self {
        let grain = Grain {
            read: ReadLimit {
                records: [1, 4, 8][rng.usize(0..3)],
                ..ReadLimit::default()
            },
            messages: [1, 4, 64][rng.usize(0..3)],
            keys: [1, 4, 64][rng.usize(0..3)],
        };
        Self {
            kind,
            name: format!("{kind:?}-{nth}").to_lowercase(),
            line: Line::to(log, rng.u64(..)),
            disk,
            body: None,
            starts: 0,
            started_ms: 0,
            down_until: 0,
            paused_until: 0,
            troubled_until: 0,
            skew_ms: 0,
            mark_at: 0,
            grain,
        }
    }

    pub(crate) fn runs(&self, now: u64) -> bool {
        self.body.is_some() && self.paused_until <= now
    }

    /// Starts it; it stays down if its line does not let it.
    pub(crate) fn start(&mut self, settings: &Settings, now: u64, clock: Timestamp, rng: &mut Rng) {
        let line = Arc::<Line>::clone(&self.line);
        let body = match self.kind {
            Kind::Ingest => {
                let own_clock = Arc::new(ManualClock::starting_at(clock.plus(self.skew_ms)));
                let options = chappe_ingest::Options {
                    secret: secret(),
                    directory: Arc::new(directory()),
                    policy: settings.policy.clone(),
                    quotas: chappe_ingest::Quotas::default(),
                    budget: chappe_model::Budget::default(),
                    mark_interval: Duration::from_secs(1),
                };
                let opened = chappe_ingest::Service::open(options, line, Arc::<ManualClock>::clone(&own_clock));
                opened.ok().map(|service| Body::Ingest(service.desk(), own_clock))
            }
            Kind::Correlation => {
                let options = chappe_correlation::Options {
                    instance: self.name.clone(),
                    snapshot_interval: Duration::from_millis(settings.snapshot_ms),
                    ..chappe_correlation::Options::new(secret(), settings.policy.clone())
                        .with_linking()
                        .with_surges(chappe_correlate::SurgePolicy::default())
                };
                let opened = chappe_correlation::Service::open(options, line, Arc::<Disk>::clone(&self.disk));
                let stepped = opened.ok().map(|service| service.by_hand(rng.u64(..), self.grain));
                stepped.map(|stepped| Body::Correlation(Box::new(stepped)))
            }
            Kind::Notification => {
                let options = chappe_notification::Options {
                    secret: secret(),
                    directory: Arc::new(directory()),
                    heartbeat: Duration::from_secs(1),
                    stale_after_ms: 5_000,
                };
                let own_clock = Arc::new(ManualClock::starting_at(clock));
                let opened = chappe_notification::Service::open(options, line, own_clock);
                opened.ok().map(|service| Body::Notification(service.board()))
            }
        };
        self.starts += u64::from(body.is_some());
        self.started_ms = now;
        self.body = body;
    }

    /// Ends it without a word; what it had sent may yet be written.
    pub(crate) fn crash(&mut self, rng: &mut Rng) -> Vec<Leftover> {
        let left = self.line.hang_up(rng);
        self.body = None;
        self.paused_until = 0;
        left
    }

    /// Gives one of its actors a turn. Whether it did something, or may soon.
    pub(crate) fn step(&mut self, actor: usize, now: u64, clock: Timestamp) -> bool {
        match &mut self.body {
            None => false,
            Some(Body::Ingest(desk, own_clock)) => {
                let behind = clock
                    .plus(self.skew_ms)
                    .as_millis()
                    .saturating_sub(own_clock.now().as_millis());
                own_clock.advance_millis(behind);
                if self.mark_at <= now {
                    self.mark_at = now + 1_000;
                    desk.mark(Box::new(drop));
                }
                desk.follow().is_ok_and(|read| read > 0)
            }
            Some(Body::Notification(board)) => board.catch_up().is_ok_and(|read| read > 0),
            Some(Body::Correlation(stepped)) => stepped.step(actor, now - self.started_ms),
        }
    }

    pub(crate) fn actors(&self) -> usize {
        match &self.body {
            Some(Body::Correlation(stepped)) => stepped.actors(),
            _ => 1,
        }
    }

    /// Why it has ended by itself; none while it runs.
    pub(crate) fn ended(&self) -> Option<String> {
        let Some(Body::Correlation(stepped)) = &self.body else {
            return None;
        };
        let failure = stepped.take_failure().map(|error| error.to_string());
        failure.or_else(|| stepped.is_over().then(|| "stopped".to_owned()))
    }
}
