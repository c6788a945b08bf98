//! The log as its users see it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use chappe_eventlog::{
    AppendError, Durability, EventLog, OnDurable, Position, ReadError, ReadLimit, Record, Topic, Writers,
};
use rdkafka::{Offset, consumer::BaseConsumer, error::KafkaError};

use crate::{
    appender::{self, Appender},
    context::{Listener, Said},
    cursors::{Cursors, Wish},
    error::OpenError,
    follower::Follower,
    offsets::{self, At},
    options::KafkaOptions,
    settings,
    shared::{Shared, Wake},
    topics::{self, Deadline, Outlook},
    window::Found,
};

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReport {
    /// What "durable" means with the brokers' settings.
    pub durability: Durability,
    /// The topics that this process created.
    pub created: Vec<Topic>,
    /// How many brokers there are.
    pub brokers: usize,
    /// The ends of all partitions together: how many records were ever appended.
    pub records: u64,
}

/// An [`EventLog`] on Kafka brokers. Dropping it closes it.
pub struct KafkaLog {
    shared: Arc<Shared>,
    appender: Appender,
    cursors: Arc<Cursors>,
    durability: Durability,
    follower: Mutex<Option<JoinHandle<()>>>,
    housekeeper: Mutex<Option<JoinHandle<()>>>,
}

impl KafkaLog {
    /// Opens the log of a prefix, or creates it: waits for the brokers, creates topics that are absent, checks the others, and starts the
    /// threads. It blocks for up to [`Timeouts::open`](crate::Timeouts::open).
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(options: KafkaOptions) -> Result<(Self, OpenReport), OpenError> {
        options.check()?;
        let said = Arc::new(Said::default());
        let client = |error: KafkaError| OpenError::Client {
            brokers: options.brokers.clone(),
            reason: said.and_last(&error.to_string()),
        };
        let consumer: BaseConsumer<Listener> = settings::follower(&options)
            .create_with_context(Listener(Arc::clone(&said)))
            .map_err(client)?;
        let deadline = Deadline::new(&options, &consumer);
        let survey = topics::prepare(&options, &deadline)?;
        let ends = ends(&options, &consumer, &deadline)?;
        let report = OpenReport {
            durability: survey.durability,
            created: survey.created,
            brokers: survey.brokers,
            records: ends.iter().sum(),
        };
        let shared = Arc::new(Shared::new(options.clone(), Arc::clone(&said), ends));
        let producer = Appender::producer(&shared).map_err(client)?;
        Appender::acquaint(&producer, deadline.question());
        let appender = Appender::start(Arc::clone(&shared), producer).map_err(no_thread("chappe-kafka-ack"))?;
        let mut log = Self {
            durability: survey.durability,
            cursors: Arc::new(Cursors::default()),
            follower: Mutex::new(None),
            housekeeper: Mutex::new(None),
            shared,
            appender,
        };
        log.start_threads(consumer)?;
        Ok((log, report))
    }

    /// Looks at the brokers and at the topics of a prefix, and neither creates nor appends anything. It blocks for up to
    /// [`Timeouts::open`](crate::Timeouts::open).
    ///
    /// # Errors
    /// [`OpenError`] for what would keep the log from being opened, except topics that are absent.
    pub fn look(options: &KafkaOptions) -> Result<Outlook, OpenError> {
        options.check()?;
        let said = Arc::new(Said::default());
        let consumer: BaseConsumer<Listener> = settings::follower(options)
            .create_with_context(Listener(Arc::clone(&said)))
            .map_err(|error: KafkaError| OpenError::Client {
                brokers: options.brokers.clone(),
                reason: said.and_last(&error.to_string()),
            })?;
        topics::look(options, &Deadline::new(options, &consumer))
    }

    /// Threads started before one that does not start end with the log that is dropped.
    fn start_threads(&mut self, consumer: BaseConsumer<Listener>) -> Result<(), OpenError> {
        const FOLLOWER: &str = "chappe-kafka-log";
        const HOUSEKEEPER: &str = "chappe-kafka-tidy";
        let follower = Follower::new(Arc::clone(&self.shared), consumer);
        let thread = thread::Builder::new()
            .name(FOLLOWER.into())
            .spawn(move || follower.run());
        *hold(&self.follower) = Some(thread.map_err(no_thread(FOLLOWER))?);
        let (shared, cursors) = (Arc::clone(&self.shared), Arc::clone(&self.cursors));
        let thread = thread::Builder::new().name(HOUSEKEEPER.into()).spawn(move || {
            while !shared.is_stopping() {
                thread::park_timeout(crate::cursors::CURSOR_IDLE / 4);
                cursors.close_idle();
            }
        });
        *hold(&self.housekeeper) = Some(thread.map_err(no_thread(HOUSEKEEPER))?);
        Ok(())
    }

    /// Ends the threads; appends must have been closed or given up before.
    fn end(&self) {
        self.shared.stop();
        self.appender.end();
        for held in [&self.follower, &self.housekeeper] {
            if let Some(thread) = hold(held).take() {
                thread.thread().unpark();
                // The last owner of the log may be one of its own callbacks.
                if thread.thread().id() != thread::current().id() && thread.join().is_err() {
                    tracing::error!("a thread of the log panicked");
                }
            }
        }
        self.cursors.close_all();
    }

    /// Ends as a crash would: what is not acknowledged does not go out any more. What it was opened with is for the next one.
    #[cfg(test)]
    pub(crate) fn crash(self) -> KafkaOptions {
        self.appender.crash();
        self.shared.options.clone()
    }

    #[cfg(test)]
    pub(crate) fn idle_cursors(&self) -> usize {
        self.cursors.idle()
    }
}

fn hold(thread: &Mutex<Option<JoinHandle<()>>>) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
    thread.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no_thread(name: &'static str) -> impl FnOnce(std::io::Error) -> OpenError {
    move |source| OpenError::Thread { name, source }
}

/// Where every partition ends, by slot.
fn ends(
    options: &KafkaOptions,
    consumer: &BaseConsumer<Listener>,
    deadline: &Deadline<'_>,
) -> Result<Vec<u64>, OpenError> {
    let names = Topic::ALL.map(|topic| options.topic_name(topic));
    let at: Vec<At<'_>> = (0..options.partitions.total())
        .filter_map(|slot| options.partitions.at_slot(slot))
        .map(|(topic, partition)| (names[topic as usize].as_str(), partition))
        .collect();
    loop {
        match offsets::query(consumer, &at, Offset::End, deadline.question()) {
            Ok(ends) => return Ok(ends),
            Err(error) => deadline.pause(&error.to_string())?,
        }
    }
}

impl EventLog for KafkaLog {
    fn durability(&self) -> Durability {
        self.durability
    }

    fn writers(&self) -> Writers {
        Writers::Shared
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.shared.partitions.of(topic)
    }

    fn append(&self, topic: Topic, partition: u16, record: Record, on_durable: OnDurable) {
        self.shared.want(topic);
        self.appender.append(topic, partition, &record, on_durable);
    }

    fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        let slot = self.shared.partitions.slot(topic, partition);
        let slot = slot.ok_or_else(|| ReadError::NoSuchPartition {
            topic,
            partition,
            partitions: self.shared.partitions.of(topic),
        })?;
        self.shared.follow(topic)?;
        match self.shared.find(slot, from, limit)? {
            Found::Records(records) => Ok(records),
            Found::Ahead => Ok(Vec::new()),
            Found::Behind(up_to) => {
                let wish = Wish {
                    slot,
                    from: from.0,
                    up_to,
                    limit,
                };
                let records = self.cursors.read(&self.shared, wish)?;
                if records.is_empty() {
                    // Nothing is left of what was before the window.
                    return match self.shared.find(slot, Position(up_to), limit)? {
                        Found::Records(records) => Ok(records),
                        Found::Ahead | Found::Behind(_) => Ok(Vec::new()),
                    };
                }
                Ok(records)
            }
        }
    }

    /// Where the brokers do not answer, this is the end known last.
    fn end(&self, topic: Topic, partition: u16) -> Position {
        let Some(slot) = self.shared.partitions.slot(topic, partition) else {
            return Position(0);
        };
        if let Err(error) = self.shared.follow(topic) {
            tracing::warn!(%topic, partition, %error, "the end of the log is told as it was known last");
        }
        Position(self.shared.end(slot))
    }

    fn on_advance(&self, topic: Topic, wake: Wake) {
        self.shared.add_wake(topic, wake);
        self.shared.want(topic);
    }

    fn health(&self) -> Result<(), AppendError> {
        appender::fatal(&self.shared.said)
    }

    fn close(&self) {
        self.appender.close();
    }
}

impl Drop for KafkaLog {
    fn drop(&mut self) {
        self.appender.close();
        self.end();
    }
}

impl std::fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaLog")
            .field("brokers", &self.shared.options.brokers)
            .field("prefix", &self.shared.options.prefix)
            .finish_non_exhaustive()
    }
}
