//! Several instances on one log: they share the work, take over from each other, and together tell what one alone would.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chappe_correlation::{Grain, Options, Service, Stepped};
use chappe_eventlog::{AppendError, Durability, Fences, NoSnapshots, OnDurable, ReadError, Writers};
use chappe_model::limits::LOTS;

use super::*;

/// A log that one instance can be cut off from: nothing reaches it any more, and what it writes is lost.
#[derive(Clone)]
struct Line {
    log: MemoryLog,
    cut: Arc<AtomicBool>,
    /// Where reading takes time, the time that goes by with it, in milliseconds.
    slow: Option<Arc<AtomicU64>>,
}

/// Where reading takes time, one read takes so long, in milliseconds, and gives so many records.
const SLOW_READ: (u64, usize) = (40, 4);

impl Line {
    fn to(log: &MemoryLog) -> Self {
        Self {
            log: log.clone(),
            cut: Arc::default(),
            slow: None,
        }
    }

    fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }
}

impl EventLog for Line {
    fn durability(&self) -> Durability {
        self.log.durability()
    }
    fn writers(&self) -> Writers {
        self.log.writers()
    }
    fn partitions(&self, topic: Topic) -> u16 {
        self.log.partitions(topic)
    }
    fn append(&self, topic: Topic, partition: u16, record: Record, on_durable: OnDurable) {
        if self.is_cut() {
            let reason = "the line is cut".into();
            return on_durable(Err(AppendError::Refused { reason }));
        }
        self.log.append(topic, partition, record, on_durable);
    }
    fn read(
        &self,
        topic: Topic,
        at: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        if self.is_cut() {
            return Ok(vec![]);
        }
        let Some(clock) = self.slow.as_ref().filter(|_| topic == Topic::Alerts) else {
            return self.log.read(topic, at, from, limit);
        };
        clock.fetch_add(SLOW_READ.0, Ordering::Relaxed);
        let records = limit.records.min(SLOW_READ.1);
        self.log.read(topic, at, from, ReadLimit { records, ..limit })
    }
    fn end(&self, topic: Topic, partition: u16) -> Position {
        self.log.end(topic, partition)
    }
    fn on_advance(&self, topic: Topic, wake: Arc<dyn Fn() + Send + Sync>) {
        self.log.on_advance(topic, wake);
    }
    fn health(&self) -> Result<(), AppendError> {
        self.log.health()
    }
    fn close(&self) {}
}

fn instance(line: &Line, name: &str) -> Running {
    let options = Options {
        instance: name.to_owned(),
        ..options(2)
    };
    let service = Service::open(options, Arc::new(line.clone()), Arc::new(NoSnapshots)).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(service.run(async move { drop(stopped.await) }));
    Running { stop, ended }
}

/// What stands in the alerts topic for every reader: each alert as it was told last, who claimed which lot last, and the watermark.
#[derive(Default)]
struct Standing {
    alerts: BTreeMap<AlertId, Alert>,
    owners: BTreeMap<u16, String>,
    watermark: Timestamp,
}

fn standing(log: &MemoryLog) -> Standing {
    let lots = if log.writers() == Writers::Shared { LOTS } else { 1 };
    let (mut fences, mut found) = (Fences::new(lots), Standing::default());
    let whole = ReadLimit {
        records: 1 << 20,
        bytes: 1 << 30,
    };
    for (_, record) in log.read(Topic::Alerts, 0, Position(0), whole).unwrap() {
        if record.kind == RecordKind::Data {
            let told = alert::decode(&record.payload).unwrap();
            if fences.admit(told.lot(lots), told.epoch) {
                let before = found.alerts.insert(told.id, told.clone());
                if let Some(before) = before.filter(|before| before.revision >= told.revision) {
                    panic!("told twice: {before:#?}\n{told:#?}");
                }
            }
            continue;
        }
        match alert::decode_mark(&record.payload).unwrap() {
            AlertsMark::Claim(claim) if fences.admit(claim.lot, claim.epoch) => {
                found.owners.insert(claim.lot, claim.instance);
            }
            AlertsMark::Reached { watermark, epoch } if fences.admit(0, epoch) => {
                assert!(watermark >= found.watermark || lots == 1, "log time never falls back");
                found.watermark = found.watermark.max(watermark);
            }
            _ => {}
        }
    }
    found
}

/// Waits until `done` of what stands in the alerts topic.
async fn until(log: &MemoryLog, what: &str, done: impl Fn(&Standing) -> bool) {
    let advanced = Arc::new(Notify::new());
    for topic in [Topic::Alerts, Topic::Pulse] {
        let wake = Arc::clone(&advanced);
        log.on_advance(topic, Arc::new(move || wake.notify_one()));
    }
    let wait = async {
        while !done(&standing(log)) {
            advanced.notified().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
    assert!(waited.is_ok(), "not within 30 s: {what}");
}

async fn told_up_to(log: &MemoryLog, at: u64) {
    let at = Timestamp::from_millis(at);
    until(log, "judged", |standing| standing.watermark >= at).await;
}

async fn owned(log: &MemoryLog, wanted: &[(&str, usize)]) {
    let what = format!("{wanted:?}");
    until(log, &what, |standing| {
        wanted
            .iter()
            .all(|(name, lots)| standing.owners.values().filter(|owner| owner == name).count() == *lots)
    })
    .await;
}

/// Waves that differ by name; each changes earlier ones too.
fn waves(log: &MemoryLog, from: u64, count: u64) -> u64 {
    for wave_nth in from..from + count {
        wave(log, &format!("domain:wave-{wave_nth}.example"), 1_000 * wave_nth);
        if wave_nth > 3 {
            let earlier = format!("domain:wave-{}.example", wave_nth - 3);
            append(
                log,
                &report("DE", &format!("late-{wave_nth}"), &earlier, 1_000 * wave_nth),
            );
        }
    }
    let now = 1_000 * (from + count) + 31_000; // count-only changes go out too
    mark(log, now);
    now
}

/// What one instance that owns everything says of the same reports.
async fn as_one_alone(log: &MemoryLog) -> BTreeMap<AlertId, Alert> {
    let alone = MemoryLog::new();
    let mut last = 0;
    for partition in 0..log.partitions(Topic::Incidents) {
        let whole = ReadLimit {
            records: 1 << 20,
            bytes: 1 << 30,
        };
        for (_, record) in log.read(Topic::Incidents, partition, Position(0), whole).unwrap() {
            last = last.max(record.stamp_ms);
            append_blocking(&alone, Topic::Incidents, partition, record).unwrap();
        }
    }
    let running = Running::start_with(&alone, options(2));
    judged(&alone, last).await;
    running.stop().await;
    standing(&alone).alerts
}

async fn same_as_one_alone(log: &MemoryLog) {
    let (mut together, mut alone) = (standing(log).alerts, as_one_alone(log).await);
    // Of what is closed one that starts late says nothing.
    for alerts in [&mut together, &mut alone] {
        alerts.retain(|_, alert| matches!(alert.state, AlertState::Open | AlertState::Resolved));
    }
    assert_eq!(together.keys().collect::<Vec<_>>(), alone.keys().collect::<Vec<_>>());
    for (id, alert) in &together {
        assert!(alert.says_the_same_as(&alone[id]), "{alert:#?}\n{:#?}", alone[id]);
    }
    assert!(!together.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_share_the_work_and_one_goes_on_when_the_other_is_gone() {
    let log = MemoryLog::new().shared();
    let (one, other) = (Line::to(&log), Line::to(&log));
    let first = instance(&one, "one");
    owned(&log, &[("one", 8)]).await;
    let second = instance(&other, "other");
    owned(&log, &[("one", 4), ("other", 4)]).await;
    let now = waves(&log, 1, 40);
    told_up_to(&log, now).await;

    other.cut(true);
    let now = waves(&log, 100, 40);
    owned(&log, &[("one", 8)]).await;
    told_up_to(&log, now).await;

    // It comes back, believes to own its half still, and is fenced until it has its share anew.
    other.cut(false);
    let now = waves(&log, 200, 40);
    owned(&log, &[("one", 4), ("other", 4)]).await;
    told_up_to(&log, now).await;
    first.stop().await;
    owned(&log, &[("other", 8)]).await;
    let now = waves(&log, 300, 40);
    told_up_to(&log, now).await;
    second.stop().await;
    same_as_one_alone(&log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_joins_while_reports_come_and_all_are_started_anew() {
    let log = MemoryLog::new().shared();
    let lines: Vec<Line> = (0..3).map(|_| Line::to(&log)).collect();
    let mut running = vec![instance(&lines[0], "a"), instance(&lines[1], "b")];
    let now = waves(&log, 1, 30);
    told_up_to(&log, now).await;
    running.push(instance(&lines[2], "c"));
    let now = waves(&log, 100, 60);
    until(&log, "the third has its share", |standing| {
        standing.owners.values().filter(|owner| *owner == "c").count() >= 2
    })
    .await;
    told_up_to(&log, now).await;
    for running in running {
        running.stop().await;
    }
    let now = waves(&log, 200, 10);
    let again = instance(&lines[0], "a");
    told_up_to(&log, now).await;
    again.stop().await;
    same_as_one_alone(&log).await;
}

/// Steps all instances for so long, a millisecond a round and whatever reading takes.
fn pass(instances: &mut [&mut Stepped], clock: &AtomicU64, millis: u64) {
    let until = clock.load(Ordering::Relaxed) + millis;
    while clock.load(Ordering::Relaxed) < until {
        for instance in &mut *instances {
            for actor in 0..instance.actors() {
                instance.step(actor, clock.load(Ordering::Relaxed));
            }
            assert!(instance.take_failure().is_none());
        }
        clock.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn however_long_it_takes_to_read_what_was_told_nobody_counts_as_gone_for_it() {
    let log = MemoryLog::new().shared();
    let clock = Arc::<AtomicU64>::default();
    let open = |name: &str, nonce: u64| {
        let options = Options {
            instance: name.to_owned(),
            ..options(2)
        };
        let line = Line {
            slow: Some(Arc::clone(&clock)),
            ..Line::to(&log)
        };
        let service = Service::open(options, Arc::new(line), Arc::new(NoSnapshots)).unwrap();
        let read = ReadLimit {
            records: 16,
            ..ReadLimit::default()
        };
        service.by_hand(
            nonce,
            Grain {
                read,
                ..Grain::default()
            },
        )
    };
    let mut one = open("one", 1);
    pass(&mut [&mut one], &clock, 5_000);
    waves(&log, 1, 200);
    pass(&mut [&mut one], &clock, 60_000);
    let told = log.end(Topic::Alerts, 0).0;
    let reading = told / SLOW_READ.1 as u64 * SLOW_READ.0;
    assert!(
        reading > 4_000,
        "{told} records are read within {reading} ms, which is no test"
    );

    let mut other = open("other", 2);
    pass(&mut [&mut one, &mut other], &clock, 30_000);
    let owners = standing(&log).owners;
    let of = |name: &str| owners.values().filter(|owner| *owner == name).count();
    assert_eq!((of("one"), of("other")), (4, 4));
    let claims = claims(&log);
    assert_eq!(
        claims.len(),
        8 + 4,
        "each lot was claimed once, and half of them handed over: {claims:?}"
    );
}

fn claims(log: &MemoryLog) -> Vec<(u16, String)> {
    let whole = ReadLimit {
        records: 1 << 20,
        bytes: 1 << 30,
    };
    let records = log.read(Topic::Alerts, 0, Position(0), whole).unwrap();
    let marks = records.iter().filter(|(_, record)| record.kind == RecordKind::Mark);
    let claims = marks.filter_map(|(_, record)| match alert::decode_mark(&record.payload).unwrap() {
        AlertsMark::Claim(claim) => Some((claim.lot, claim.instance)),
        AlertsMark::Reached { .. } => None,
    });
    claims.collect()
}
