//! The thread that reads what is new.

mod stillness;

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use chappe_eventlog::Topic;
use rdkafka::{
    Offset,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
};

use self::stillness::{Stillness, Verdict};
use crate::{
    context::Listener,
    metric_names as names,
    offsets::{self, At},
    settings,
    shared::{Shared, position_of},
};

/// How long one poll for records waits: a topic that is used for the first time waits up to this long until it is followed.
const POLL: Duration = Duration::from_millis(20);

/// How long the thread waits when it follows nothing, until it looks whether it should end.
const IDLE: Duration = Duration::from_secs(1);

/// How long the brokers may take to tell where partitions begin or end.
const OFFSETS_TIMEOUT: Duration = Duration::from_secs(2);

/// How many records are taken in at once, so that readers are woken in between.
const BATCH_RECORDS: usize = 1_024;

/// The thread that reads what is new.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    consumer: BaseConsumer<Listener>,
    follows_any: bool,
    stillness: Stillness,
}

impl Follower {
    pub(crate) fn new(shared: Arc<Shared>, consumer: BaseConsumer<Listener>) -> Self {
        Self {
            shared,
            consumer,
            follows_any: false,
            stillness: Stillness::default(),
        }
    }

    pub(crate) fn run(mut self) {
        while !self.shared.is_stopping() {
            for topic in self.shared.wanted() {
                if let Err(error) = self.follow(topic) {
                    // It is tried again at the next turn; who waits is told when its time is over.
                    tracing::debug!(%topic, %error, "cannot follow a topic yet");
                }
            }
            if self.follows_any {
                self.take_in();
                self.look_after();
            } else {
                self.shared.wait_wanted(IDLE);
            }
        }
    }

    /// Sees to it that what is in the log comes.
    fn look_after(&mut self) {
        let next = self.shared.next_of_followed();
        let seen = next.iter().map(|&(slot, next)| (slot, next, self.shared.end(slot)));
        match self.stillness.look(Instant::now(), seen) {
            Verdict::Fine => {}
            Verdict::Quiet => self.ask(&next),
            Verdict::Stuck => {
                tracing::warn!("records that are in the log do not come; reading on by a new connection");
                if let Err(error) = self.renew() {
                    tracing::warn!(%error, "no new connection to read by yet");
                }
            }
        }
    }

    /// Learns from the brokers how far the log goes: a process that appends nothing does not know.
    fn ask(&self, next: &[(usize, u64)]) {
        let at: Vec<At<'_>> = next.iter().filter_map(|&(slot, _)| self.at(slot)).collect();
        // Where they do not answer, that is the trouble, and is told elsewhere.
        if let Ok(ends) = offsets::query(&self.consumer, &at, Offset::End, OFFSETS_TIMEOUT) {
            for (&(slot, _), end) in next.iter().zip(ends) {
                self.shared.raise_end(slot, end);
            }
        }
    }

    fn renew(&mut self) -> Result<(), KafkaError> {
        metrics::counter!(names::RENEWED).increment(1);
        let context = Listener(Arc::clone(&self.shared.said));
        let fresh = settings::follower(&self.shared.options).create_with_context(context)?;
        let stuck = std::mem::replace(&mut self.consumer, fresh);
        // Its end may take as long as the brokers do not answer it.
        thread::spawn(move || drop(stuck));
        self.aim()
    }

    fn follow(&mut self, topic: Topic) -> Result<(), KafkaError> {
        let at: Vec<At<'_>> = (0..self.shared.partitions.of(topic))
            .map(|partition| (self.shared.topic_name(topic), partition))
            .collect();
        let ends = offsets::query(&self.consumer, &at, Offset::End, OFFSETS_TIMEOUT)?;
        self.shared.followed(topic, &ends);
        self.follows_any = true;
        // Added to what is read already, which a new assignment would stop and start again: a partition that is stopped twice before it has stopped ends the
        // process (librdkafka, issue 5573).
        let next = self.shared.next_of_followed().into_iter();
        let of_topic = next.filter_map(|(slot, next)| Some((self.at(slot)?, next)));
        let more: Vec<(At<'_>, u64)> = of_topic
            .filter(|(at, _)| at.0 == self.shared.topic_name(topic))
            .collect();
        self.consumer.incremental_assign(&offsets::positions(&more)?)
    }

    /// Reads every followed partition from where the window ends.
    fn aim(&self) -> Result<(), KafkaError> {
        let next = self.shared.next_of_followed();
        let at: Vec<(At<'_>, u64)> = next
            .iter()
            .filter_map(|&(slot, next)| Some((self.at(slot)?, next)))
            .collect();
        offsets::aim(&self.consumer, &at)
    }

    fn at(&self, slot: usize) -> Option<At<'_>> {
        let (topic, partition) = self.shared.partitions.at_slot(slot)?;
        Some((self.shared.topic_name(topic), partition))
    }

    fn take_in(&self) {
        let mut batch = Vec::new();
        let mut wait = POLL;
        while batch.len() < BATCH_RECORDS {
            match self.consumer.poll(wait) {
                Some(Ok(message)) => batch.extend(self.taken(&message)),
                Some(Err(error)) => {
                    self.note(&error);
                    break;
                }
                None => break,
            }
            wait = Duration::ZERO;
        }
        if !batch.is_empty() {
            metrics::counter!(names::FOLLOWED).increment(batch.len() as u64);
            self.shared.take_in(batch);
        }
    }

    fn taken(&self, message: &BorrowedMessage<'_>) -> Option<(usize, u64, chappe_eventlog::Record)> {
        let slot = self.shared.slot_of(message)?;
        Some((slot, position_of(message)?, self.shared.record_of(message)))
    }

    fn note(&self, error: &KafkaError) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                if let Err(error) = self.realign() {
                    tracing::warn!(%error, "cannot find the way back into the log yet");
                }
            }
            _ => self.shared.said.note(error, "while following the log"),
        }
    }

    /// A partition no longer has the position that comes next: retention overtook this process, or the log was cut.
    fn realign(&self) -> Result<(), KafkaError> {
        let next = self.shared.next_of_followed();
        let at: Vec<At<'_>> = next.iter().filter_map(|&(slot, _)| self.at(slot)).collect();
        let firsts = offsets::query(&self.consumer, &at, Offset::Beginning, OFFSETS_TIMEOUT)?;
        let ends = offsets::query(&self.consumer, &at, Offset::End, OFFSETS_TIMEOUT)?;
        for (((slot, next), (topic, partition)), (first, end)) in next.iter().zip(&at).zip(firsts.iter().zip(&ends)) {
            if next < first {
                tracing::warn!(
                    topic,
                    partition,
                    next,
                    first,
                    "retention deleted records before they were read"
                );
                self.shared.skip_to(*slot, *first);
            } else if next > end {
                let reason = format!(
                    "partition {partition} of topic {topic} ends at {end}, though it had records up to {next}: the brokers lost records, \
                     or the topic was deleted and created again"
                );
                tracing::error!(reason, "the log was cut");
                self.shared.said.stop(&reason);
            }
        }
        self.aim()
    }
}
