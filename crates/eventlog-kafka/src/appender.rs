//! Appending: one idempotent producer, and the thread that tells outcomes.

mod outcome;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use chappe_eventlog::{AppendError, OnDurable, Position, Record, Topic};
use rdkafka::{
    ClientContext, Message,
    config::RDKafkaLogLevel,
    error::KafkaError,
    message::DeliveryResult,
    producer::{BaseProducer, BaseRecord, NoCustomPartitioner, Producer, ProducerContext, PurgeConfig},
};

use crate::{
    context::Said,
    framing, metric_names as names, settings,
    shared::{Shared, key_of},
};

/// How long one poll for outcomes lasts: the thread looks this often whether it should end.
const POLL: Duration = Duration::from_millis(50);

/// How much longer than an append may take closing waits until it gives up what is not out.
const CLOSE_GRACE: Duration = Duration::from_secs(5);

/// An append whose outcome is to be told.
pub(crate) struct Pending {
    slot: usize,
    since: Instant,
    /// In a lock that nobody ever waits for: the client library wants what it carries to be shareable.
    on_durable: Mutex<OnDurable>,
}

impl Pending {
    fn into_callback(self) -> OnDurable {
        self.on_durable.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the client tells of appends.
pub(crate) struct Teller {
    shared: Arc<Shared>,
    untold: Untold,
}

/// How many outcomes are not told yet.
#[derive(Default)]
struct Untold {
    count: Mutex<usize>,
    none_left: Condvar,
}

impl Untold {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self) {
        *self.count() += 1;
    }

    fn remove(&self) {
        let mut count = self.count();
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.none_left.notify_all();
        }
    }

    /// Waits until every outcome is told; false if that takes longer.
    fn wait_none(&self, timeout: Duration) -> bool {
        let waited = self
            .none_left
            .wait_timeout_while(self.count(), timeout, |count| *count > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

impl ClientContext for Teller {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.shared.said.hear(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.shared.said.note(&error, reason);
    }
}

impl ProducerContext for Teller {
    type DeliveryOpaque = Box<Pending>;

    fn delivery(&self, result: &DeliveryResult<'_>, pending: Box<Pending>) {
        let outcome = match result {
            Ok(message) => match u64::try_from(message.offset()) {
                Ok(position) => {
                    self.shared.raise_end(pending.slot, position + 1);
                    metrics::counter!(names::APPENDED).increment(1);
                    metrics::histogram!(names::ACK_SECONDS).record(pending.since.elapsed().as_secs_f64());
                    Ok(Position(position))
                }
                Err(_) => Err(outcome::without_position()),
            },
            Err((error, _)) => Err(outcome::of_failure(error, &self.shared.said)),
        };
        if matches!(outcome, Err(AppendError::Unknown { .. })) {
            metrics::counter!(names::UNKNOWN).increment(1);
        }
        tell(pending.into_callback(), outcome);
        self.untold.remove();
    }
}

/// Tells an outcome. A callback that panics must not take the outcomes of all others with it.
fn tell(on_durable: OnDurable, outcome: Result<Position, AppendError>) {
    if catch_unwind(AssertUnwindSafe(|| on_durable(outcome))).is_err() {
        tracing::error!("a callback of an append panicked");
    }
}

pub(crate) type TellingProducer = BaseProducer<Teller, NoCustomPartitioner>;

/// The producer and its thread.
pub(crate) struct Appender {
    shared: Arc<Shared>,
    producer: Arc<TellingProducer>,
    /// Whether no more appends are taken. Held for reading while one is handed over, so that none slips in behind a close.
    closed: RwLock<bool>,
    ending: Arc<AtomicBool>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    thread_id: ThreadId,
}

impl Appender {
    /// Makes the producer; `Err` is what the client library says of its settings.
    pub(crate) fn producer(shared: &Arc<Shared>) -> Result<Arc<TellingProducer>, KafkaError> {
        let teller = Teller {
            shared: Arc::clone(shared),
            untold: Untold::default(),
        };
        let producer = settings::producer(&shared.options).create_with_context(teller)?;
        Ok(Arc::new(producer))
    }

    /// Lets the producer learn of the topics now: it would look for them only once a second, and the first append would wait for that.
    pub(crate) fn acquaint(producer: &TellingProducer, timeout: Duration) {
        let shared = &producer.context().shared;
        for topic in Topic::ALL {
            let told = producer
                .client()
                .fetch_metadata(Some(shared.topic_name(topic)), timeout);
            if let Err(error) = told {
                tracing::debug!(%topic, %error, "the producer learns of a topic later");
            }
        }
    }

    /// Starts the thread that tells outcomes.
    pub(crate) fn start(shared: Arc<Shared>, producer: Arc<TellingProducer>) -> std::io::Result<Self> {
        let ending = Arc::new(AtomicBool::new(false));
        let (polled, until) = (Arc::clone(&producer), Arc::clone(&ending));
        let poll = move || {
            while !until.load(Ordering::Acquire) {
                polled.poll(POLL);
            }
        };
        let thread = thread::Builder::new().name("chappe-kafka-ack".into()).spawn(poll)?;
        Ok(Self {
            shared,
            producer,
            closed: RwLock::new(false),
            ending,
            thread_id: thread.thread().id(),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hands a record over. It never waits.
    pub(crate) fn append(&self, topic: Topic, partition: u16, record: &Record, on_durable: OnDurable) {
        if let Err((on_durable, error)) = self.hand_over(topic, partition, record, on_durable) {
            if matches!(error, AppendError::Refused { .. }) {
                metrics::counter!(names::REFUSED).increment(1);
            }
            on_durable(Err(error));
        }
    }

    fn hand_over(
        &self,
        topic: Topic,
        partition: u16,
        record: &Record,
        on_durable: OnDurable,
    ) -> Result<(), (OnDurable, AppendError)> {
        if let Err(error) = record.check_size() {
            return Err((on_durable, error));
        }
        let Some(slot) = self.shared.partitions.slot(topic, partition) else {
            let partitions = self.shared.partitions.of(topic);
            let reason = format!("topic {topic} has {partitions} partitions, there is no partition {partition}");
            return Err((on_durable, AppendError::Refused { reason }));
        };
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            return Err((on_durable, AppendError::Closed));
        }
        if let Some(reason) = self.shared.said.fatal() {
            return Err((on_durable, AppendError::Failed { reason }));
        }
        let value = framing::encode(record);
        let pending = Box::new(Pending {
            slot,
            since: Instant::now(),
            on_durable: Mutex::new(on_durable),
        });
        let mut message = BaseRecord::with_opaque_to(self.shared.topic_name(topic), pending)
            .partition(i32::from(partition))
            .payload(value.as_slice());
        message.key = key_of(record).map(AsRef::as_ref);
        // Counted before: the outcome may be told before the call returns.
        self.untold().add();
        self.producer.send(message).map_err(|(error, message)| {
            self.untold().remove();
            let error = outcome::of_refusal(&error, &self.shared.said);
            (message.delivery_opaque.into_callback(), error)
        })
    }

    fn untold(&self) -> &Untold {
        &self.producer.context().untold
    }

    /// Takes no more appends and waits until every outcome is told; what is not out in time is given up and told as unknown.
    pub(crate) fn close(&self) {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        if thread::current().id() == self.thread_id {
            return; // Called by a callback: the outcomes behind it are told once it has returned.
        }
        if self
            .untold()
            .wait_none(self.shared.options.timeouts.append + CLOSE_GRACE)
        {
            return;
        }
        tracing::error!("the brokers did not answer in time: what they did not acknowledge is given up");
        self.give_up();
        if !self.untold().wait_none(CLOSE_GRACE) {
            tracing::error!("some outcomes of appends were never told");
        }
    }

    /// Gives up everything that is not acknowledged: its outcomes are told as unknown.
    fn give_up(&self) {
        self.producer.purge(PurgeConfig::default().queue().inflight());
    }

    /// Ends the thread, after [`Self::close`].
    pub(crate) fn end(&self) {
        self.ending.store(true, Ordering::Release);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread::current().id() != self.thread_id
            && thread.join().is_err()
        {
            tracing::error!("the thread that tells outcomes of appends panicked");
        }
    }

    /// As a crash would: nothing more goes out.
    #[cfg(test)]
    pub(crate) fn crash(&self) {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        self.give_up();
        self.untold().wait_none(CLOSE_GRACE);
    }
}

/// What is known once the brokers or the client have failed, as words for whoever appended.
pub(crate) fn fatal(said: &Said) -> Result<(), AppendError> {
    said.fatal()
        .map_or(Ok(()), |reason| Err(AppendError::Failed { reason }))
}
