//! Services on one shared log, over real connections and with their threads.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use chappe_clock::{Clock, ManualClock};
use chappe_eventlog::{
    AppendError, Durability, EventLog, Hold, MemoryLog, OnDurable, Position, ReadError, ReadLimit, Record, Topic,
    Writers,
};
use chappe_eventlog::{FaultPlan, Partitions};
use chappe_ingest::{RunError, Service};
use chappe_model::Timestamp;
use chappe_proto::v1;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::Code;

use crate::grpc::{PATIENCE, Served, of, submission};
use crate::installation::{Answer, Installation, START, options, principal, reason, report};

struct Running {
    served: Served,
    stop: oneshot::Sender<()>,
    run: JoinHandle<Result<(), RunError>>,
}

impl Running {
    async fn start(it: Installation) -> Self {
        let served = Served::new(&it).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let run = tokio::spawn(it.service.run(async { drop(stopped.await) }));
        Self { served, stop, run }
    }

    async fn submit(&self, report: v1::Incident) -> Result<v1::Receipt, tonic::Status> {
        let mut client = self.served.client.clone();
        let answer = client.submit(of("csirt-at", submission(report))).await?;
        Ok(answer.into_inner().receipt.unwrap())
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.run.await.unwrap().unwrap();
        self.served.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_services_acknowledge_one_content_a_revision() {
    let log = MemoryLog::new().shared();
    let mut both = Vec::new();
    for it in Installation::sharing(&log, 2) {
        both.push(Arc::new(Running::start(it).await));
    }
    let mut pairs = Vec::new();
    for n in 0..100 {
        let title = |title: &str| v1::Incident {
            title: title.into(),
            ..report(&format!("K{n}"))
        };
        let ask = |it: &Arc<Running>, report| {
            let it = Arc::clone(it);
            tokio::spawn(async move { it.submit(report).await })
        };
        let other = if n % 2 == 0 { "One" } else { "Other" };
        pairs.push((n, ask(&both[0], title("One")), ask(&both[1], title(other))));
    }
    for (n, one, other) in pairs {
        let told = tokio::time::timeout(PATIENCE, async { [one.await.unwrap(), other.await.unwrap()] });
        match told.await.unwrap() {
            [Ok(one), Ok(other)] => assert_eq!((n % 2, one), (0, other)),
            [Ok(_), Err(refusal)] | [Err(refusal), Ok(_)] => {
                assert_eq!((n % 2, reason(&refusal).as_str()), (1, "REVISION_EXISTS"));
            }
            neither => panic!("{n}: {neither:?}"),
        }
    }
    for it in both {
        tokio::time::timeout(PATIENCE, Arc::into_inner(it).unwrap().end())
            .await
            .unwrap();
    }
}

/// A log that can be made unreadable.
struct Moody {
    log: MemoryLog,
    mood: AtomicU8,
}

/// Long enough that what should not happen would have.
const A_MOMENT: Duration = Duration::from_millis(100);

const FINE: u8 = 0;
const AWAY: u8 = 1;
const BROKEN: u8 = 2;

impl EventLog for Moody {
    fn durability(&self) -> Durability {
        self.log.durability()
    }

    fn writers(&self) -> Writers {
        Writers::Shared
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.log.partitions(topic)
    }

    fn append(&self, topic: Topic, partition: u16, record: Record, on_durable: OnDurable) {
        self.log.append(topic, partition, record, on_durable);
    }

    fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        match self.mood.load(Ordering::SeqCst) {
            FINE => self.log.read(topic, partition, from, limit),
            AWAY => Err(ReadError::Unavailable { reason: "away".into() }),
            _ => Err(ReadError::Corrupt {
                file: "a file".into(),
                offset: 0,
                reason: "broken".into(),
            }),
        }
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

    fn close(&self) {
        self.log.close();
    }
}

/// Held by the desk, so it goes when the last that holds the desk goes: the follower's thread among them.
#[derive(Debug)]
struct Witness(ManualClock);

impl Clock for Witness {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

struct Moods {
    log: Arc<Moody>,
    service: Service,
    witness: Weak<Witness>,
}

fn moody(hold: Hold) -> Moods {
    let plan = FaultPlan::none().hold(hold);
    let log = Arc::new(Moody {
        log: MemoryLog::with_faults(Partitions::default(), plan),
        mood: AtomicU8::new(FINE),
    });
    let clock = Arc::new(Witness(ManualClock::starting_at(START)));
    let witness = Arc::downgrade(&clock);
    let service = Service::open(options(), Arc::clone(&log) as Arc<dyn EventLog>, clock).unwrap();
    Moods { log, service, witness }
}

fn submit(service: &Service, key: &str) -> oneshot::Receiver<Result<v1::Receipt, tonic::Status>> {
    let (tell, told) = oneshot::channel();
    let done = Box::new(move |outcome| drop(tell.send(outcome)));
    service.desk().submit(&principal("csirt-at"), &report(key), false, done);
    told
}

#[tokio::test]
async fn the_thread_ends_with_the_service_and_answers_who_waits_first() {
    let Moods { log, service, witness } = moody(Hold::Write);
    let (answer, done) = Answer::new();
    let desk = service.desk();
    desk.submit(&principal("csirt-at"), &report("A"), false, done);
    let (stop, stopped) = oneshot::channel::<()>();
    let mut run = tokio::spawn(service.run(async { drop(stopped.await) }));
    stop.send(()).unwrap();
    let early = tokio::time::timeout(A_MOMENT, &mut run).await;
    assert!(early.is_err() && answer.is_open(), "it reads on for who waits");
    while answer.is_open() {
        log.log.release_all();
        tokio::task::yield_now().await;
    }
    assert_eq!(answer.code(), Code::Ok);
    tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap().unwrap();
    let (after, done) = Answer::new();
    desk.submit(&principal("csirt-at"), &report("B"), false, done);
    assert_eq!(reason(&after.refusal()), "LOG_STOPPED", "nobody would answer");
    let (same, done) = Answer::new();
    desk.submit(&principal("csirt-at"), &report("A"), false, done);
    assert_eq!(same.receipt(), answer.receipt(), "what is known is told");
    drop(desk);
    // What is held of time marks holds the desk too.
    log.log.release_all();
    assert_eq!(witness.strong_count(), 0, "the thread holds nothing any more");
}

#[tokio::test]
async fn a_log_that_is_away_is_read_again() {
    let Moods { log, service, .. } = moody(Hold::Nothing);
    log.mood.store(AWAY, Ordering::SeqCst);
    let mut told = submit(&service, "A");
    let (stop, stopped) = oneshot::channel::<()>();
    let run = tokio::spawn(service.run(async { drop(stopped.await) }));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(told.try_recv().is_err(), "nothing is answered meanwhile");
    log.mood.store(FINE, Ordering::SeqCst);
    tokio::time::timeout(PATIENCE, told).await.unwrap().unwrap().unwrap();
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_log_that_is_broken_stops_the_service() {
    let Moods { log, service, witness } = moody(Hold::Nothing);
    let told = submit(&service, "A");
    log.mood.store(BROKEN, Ordering::SeqCst);
    let outcome = tokio::time::timeout(PATIENCE, service.run(std::future::pending()))
        .await
        .unwrap();
    assert!(
        matches!(outcome, Err(RunError::Read(ReadError::Corrupt { .. }))),
        "{outcome:?}"
    );
    let refusal = tokio::time::timeout(PATIENCE, told)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(reason(&refusal), "UNKNOWN_OUTCOME");
    assert_eq!(witness.strong_count(), 0);
}
