//! What the callers and the threads of a log share.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use chappe_eventlog::{Partitions, Position, ReadError, ReadLimit, Record, Topic};
use rdkafka::{Message, message::BorrowedMessage};

use crate::{
    context::Said,
    framing, metric_names as names,
    options::KafkaOptions,
    window::{Found, Window},
};

/// Called after each advance of a topic.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Whether a topic is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Following {
    No,
    Wanted,
    Yes,
}

#[derive(Debug)]
struct View {
    window: Window,
    following: [Following; Topic::ALL.len()],
}

/// What the callers and the threads of a log share.
pub(crate) struct Shared {
    pub(crate) options: KafkaOptions,
    topics: [String; Topic::ALL.len()],
    pub(crate) partitions: Partitions,
    pub(crate) said: Arc<Said>,
    /// By slot: one past the last position that a reader or an appender knows of.
    ends: Vec<AtomicU64>,
    view: Mutex<View>,
    /// Told whenever the view changes.
    changed: Condvar,
    wakes: RwLock<Vec<(Topic, Wake)>>,
    stopping: AtomicBool,
    foreign_seen: AtomicBool,
}

impl Shared {
    pub(crate) fn new(options: KafkaOptions, said: Arc<Said>, ends: Vec<u64>) -> Self {
        let partitions = options.partitions;
        Self {
            topics: Topic::ALL.map(|topic| options.topic_name(topic)),
            partitions,
            said,
            ends: ends.into_iter().map(AtomicU64::new).collect(),
            view: Mutex::new(View {
                window: Window::new(partitions.total(), options.window_partition_bytes, options.window_bytes),
                following: [Following::No; Topic::ALL.len()],
            }),
            changed: Condvar::new(),
            wakes: RwLock::default(),
            stopping: AtomicBool::new(false),
            foreign_seen: AtomicBool::new(false),
            options,
        }
    }

    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of a topic on the brokers.
    pub(crate) fn topic_name(&self, topic: Topic) -> &str {
        &self.topics[topic as usize]
    }

    /// The slot of a message.
    pub(crate) fn slot_of(&self, message: &BorrowedMessage<'_>) -> Option<usize> {
        let at = self.topics.iter().position(|name| name == message.topic())?;
        let partition = u16::try_from(message.partition()).ok()?;
        self.partitions.slot(*Topic::ALL.get(at)?, partition)
    }

    /// The record of a message. One that is no record is counted, told once, and read as data that nobody understands: one foreign message must
    /// not stop every reader for ever.
    pub(crate) fn record_of(&self, message: &BorrowedMessage<'_>) -> Record {
        framing::decode(message.key(), message.payload()).unwrap_or_else(|| {
            metrics::counter!(names::FOREIGN).increment(1);
            if !self.foreign_seen.swap(true, Ordering::Relaxed) {
                let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
                tracing::error!(
                    topic,
                    partition,
                    offset,
                    "a message that no process of Chappe wrote: it is read as unreadable data; further ones are only counted"
                );
            }
            framing::foreign()
        })
    }

    /// One past the last known position.
    pub(crate) fn end(&self, slot: usize) -> u64 {
        self.ends.get(slot).map_or(0, |end| end.load(Ordering::Acquire))
    }

    /// Notes that everything before `end` is in the log.
    pub(crate) fn raise_end(&self, slot: usize, end: u64) {
        if let Some(held) = self.ends.get(slot) {
            held.fetch_max(end, Ordering::AcqRel);
        }
    }

    pub(crate) fn add_wake(&self, topic: Topic, wake: Wake) {
        let mut wakes = self.wakes.write().unwrap_or_else(PoisonError::into_inner);
        wakes.push((topic, wake));
    }

    /// Calls the wakes of a topic, outside any lock.
    pub(crate) fn wake(&self, topic: Topic) {
        let wakes: Vec<Wake> = {
            let wakes = self.wakes.read().unwrap_or_else(PoisonError::into_inner);
            let theirs = wakes.iter().filter(|(of, _)| *of == topic);
            theirs.map(|(_, wake)| Arc::clone(wake)).collect()
        };
        wakes.iter().for_each(|wake| wake());
    }

    /// Asks the follower to follow a topic, without waiting.
    pub(crate) fn want(&self, topic: Topic) {
        let mut view = self.view();
        let following = &mut view.following[topic as usize];
        if *following == Following::No {
            *following = Following::Wanted;
            self.changed.notify_all();
        }
    }

    /// Waits until a topic is followed; its ends are then known.
    pub(crate) fn follow(&self, topic: Topic) -> Result<(), ReadError> {
        self.want(topic);
        let deadline = Instant::now() + self.options.timeouts.read;
        let mut view = self.view();
        while view.following[topic as usize] != Following::Yes {
            view = self.wait(view, deadline, "the brokers did not tell where the topic ends")?;
        }
        Ok(())
    }

    /// The topics that are wanted and not followed yet.
    pub(crate) fn wanted(&self) -> Vec<Topic> {
        let view = self.view();
        let is_wanted = |topic: &Topic| view.following[*topic as usize] == Following::Wanted;
        Topic::ALL.into_iter().filter(is_wanted).collect()
    }

    /// Waits until a topic is wanted, or a while.
    pub(crate) fn wait_wanted(&self, while_: Duration) {
        let view = self.view();
        if view.following.contains(&Following::Wanted) || self.is_stopping() {
            return;
        }
        let _ = self.changed.wait_timeout(view, while_);
    }

    /// Notes that a topic is followed from these ends on, one for each partition.
    pub(crate) fn followed(&self, topic: Topic, ends: &[u64]) {
        let mut advanced = false;
        {
            let mut view = self.view();
            for (partition, &end) in (0..).zip(ends) {
                if let Some(slot) = self.partitions.slot(topic, partition) {
                    view.window.begin(slot, end);
                    advanced |= end > self.end(slot);
                    self.raise_end(slot, end);
                }
            }
            view.following[topic as usize] = Following::Yes;
            self.changed.notify_all();
        }
        if advanced {
            self.wake(topic); // Who waits for wakes must not miss what came before the first one.
        }
    }

    /// Every partition that is followed, with the position of the next record.
    pub(crate) fn next_of_followed(&self) -> Vec<(usize, u64)> {
        let view = self.view();
        let slots = 0..self.partitions.total();
        let followed = slots.filter(|&slot| {
            let at = self.partitions.at_slot(slot);
            at.is_some_and(|(topic, _)| view.following[topic as usize] == Following::Yes)
        });
        followed.map(|slot| (slot, view.window.next(slot))).collect()
    }

    /// Lets a partition go on at a later position, because retention deleted what was before.
    pub(crate) fn skip_to(&self, slot: usize, position: u64) {
        self.view().window.begin(slot, position);
        self.raise_end(slot, position);
        self.changed.notify_all();
    }

    /// Takes records in, in order, and wakes whoever waits for them.
    pub(crate) fn take_in(&self, batch: Vec<(usize, u64, Record)>) {
        let mut advanced = [false; Topic::ALL.len()];
        {
            let mut view = self.view();
            for (slot, position, record) in batch {
                if view.window.push(slot, position, record) {
                    self.raise_end(slot, position + 1);
                    if let Some((topic, _)) = self.partitions.at_slot(slot) {
                        advanced[topic as usize] = true;
                    }
                }
            }
            self.changed.notify_all();
        }
        for topic in Topic::ALL {
            if advanced[topic as usize] {
                self.wake(topic);
            }
        }
    }

    /// What the window has from a position on. Where the end is known to lie further than the follower is, it waits for it.
    pub(crate) fn find(&self, slot: usize, from: Position, limit: ReadLimit) -> Result<Found, ReadError> {
        let deadline = Instant::now() + self.options.timeouts.read;
        let mut view = self.view();
        loop {
            match view.window.find(slot, from.0, limit) {
                Found::Ahead if from.0 < self.end(slot) => {
                    view = self.wait(
                        view,
                        deadline,
                        "the brokers acknowledged a record and did not give it out",
                    )?;
                }
                found => return Ok(found),
            }
        }
    }

    fn wait<'a>(
        &self,
        view: MutexGuard<'a, View>,
        deadline: Instant,
        words: &str,
    ) -> Result<MutexGuard<'a, View>, ReadError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || self.is_stopping() {
            let reason = self.said.and_last(words);
            return Err(ReadError::Unavailable { reason });
        }
        let waited = self.changed.wait_timeout(view, left);
        Ok(waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Tells the threads to end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        let _view = self.view();
        self.changed.notify_all();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// The offset of a message as a position.
pub(crate) fn position_of(message: &BorrowedMessage<'_>) -> Option<u64> {
    u64::try_from(message.offset()).ok()
}

/// The key as Kafka gets it: an empty one is none.
pub(crate) fn key_of(record: &Record) -> Option<&Bytes> {
    (!record.key.is_empty()).then_some(&record.key)
}
