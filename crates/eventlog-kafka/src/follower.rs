//! The thread that reads what is new.

use std::{sync::Arc, time::Duration};

use chappe_eventlog::Topic;
use rdkafka::{
    Offset,
    consumer::BaseConsumer,
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
};

use crate::{
    context::Listener,
    metric_names as names,
    offsets::{self, At},
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
}

impl Follower {
    pub(crate) fn new(shared: Arc<Shared>, consumer: BaseConsumer<Listener>) -> Self {
        Self {
            shared,
            consumer,
            follows_any: false,
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
            } else {
                self.shared.wait_wanted(IDLE);
            }
        }
    }

    fn follow(&mut self, topic: Topic) -> Result<(), KafkaError> {
        let at: Vec<At<'_>> = (0..self.shared.partitions.of(topic))
            .map(|partition| (self.shared.topic_name(topic), partition))
            .collect();
        let ends = offsets::query(&self.consumer, &at, Offset::End, OFFSETS_TIMEOUT)?;
        self.shared.followed(topic, &ends);
        self.follows_any = true;
        self.aim()
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
