//! Readers of history: each a consumer of one partition that remembers where it stands, so that reading on does not begin anew.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chappe_eventlog::{Position, ReadError, ReadLimit, Record};
use rdkafka::{
    Offset,
    consumer::BaseConsumer,
    error::{KafkaError, RDKafkaErrorCode},
};

use crate::{
    context::Listener,
    metric_names as names,
    offsets::{self, At},
    settings,
    shared::{Shared, position_of},
};

/// After how long without a reader a cursor is closed.
pub const CURSOR_IDLE: Duration = Duration::from_secs(60);

/// How long one poll for records waits.
const POLL: Duration = Duration::from_millis(100);

/// What a reader asks a cursor for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) slot: usize,
    pub(crate) from: u64,
    /// Not from here on: the window has it.
    pub(crate) up_to: u64,
    pub(crate) limit: ReadLimit,
}

struct Cursor {
    consumer: BaseConsumer<Listener>,
    slot: usize,
    /// Where the next record of `held`, or else of the consumer, stands.
    next: u64,
    /// Fetched and not given out, because it was over a limit.
    held: VecDeque<(u64, Record)>,
    used: Instant,
    /// Whether the last poll told that there is nothing more.
    at_end: bool,
}

#[derive(Default)]
struct Pool {
    /// The one used last at the back.
    idle: Vec<Cursor>,
    lent: usize,
}

/// The cursors of a log.
#[derive(Default)]
pub(crate) struct Cursors {
    pool: Mutex<Pool>,
    /// Told when a cursor comes back.
    freed: Condvar,
}

/// A cursor's place in the pool, given back whatever happens.
struct Lent<'a>(&'a Cursors);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.pool().lent -= 1;
        self.0.freed.notify_one();
    }
}

impl Cursors {
    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The records from a position on, or from where the partition begins now if that is later.
    pub(crate) fn read(&self, shared: &Shared, wish: Wish) -> Result<Vec<(Position, Record)>, ReadError> {
        metrics::counter!(names::CURSOR_READS).increment(1);
        let deadline = Instant::now() + shared.options.timeouts.read;
        let (found, lent) = self.lend(shared, wish, deadline)?;
        let unavailable = |error: KafkaError| unavailable(shared, &error);
        let mut cursor = match found {
            Some(cursor) => cursor,
            None => Cursor::new(shared).map_err(unavailable)?,
        };
        if cursor.slot != wish.slot || cursor.next != wish.from {
            metrics::counter!(names::CURSOR_AIMS).increment(1);
            cursor.aim(shared, wish.slot, wish.from).map_err(unavailable)?;
        }
        // A cursor in trouble is closed, not given back.
        let records = cursor.read(shared, wish, deadline)?;
        cursor.used = Instant::now();
        self.pool().idle.push(cursor);
        drop(lent);
        Ok(records)
    }

    /// The cursor that stands where the reader begins; else one to aim anew, where there may be no more; else none: make one.
    fn lend(&self, shared: &Shared, wish: Wish, deadline: Instant) -> Result<(Option<Cursor>, Lent<'_>), ReadError> {
        let mut pool = self.pool();
        loop {
            let standing = |cursor: &Cursor| cursor.slot == wish.slot && cursor.next == wish.from;
            let at = pool.idle.iter().position(standing);
            if at.is_some() || pool.idle.len() + pool.lent < shared.options.cursors || !pool.idle.is_empty() {
                let is_full = pool.idle.len() + pool.lent >= shared.options.cursors;
                let cursor = at.or(is_full.then_some(0)).map(|at| pool.idle.remove(at));
                pool.lent += 1;
                return Ok((cursor, Lent(self)));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let reason = format!("all {} readers of history are busy: try again", shared.options.cursors);
                return Err(ReadError::Unavailable { reason });
            }
            let waited = self.freed.wait_timeout(pool, left);
            pool = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Closes cursors that nobody used for a while.
    pub(crate) fn close_idle(&self) {
        let closed: Vec<Cursor> = {
            let mut pool = self.pool();
            let fresh = pool.idle.partition_point(|cursor| cursor.used.elapsed() > CURSOR_IDLE);
            pool.idle.drain(..fresh).collect()
        };
        drop(closed); // Closing takes a while: outside the lock.
    }

    /// Closes every cursor that is not lent.
    pub(crate) fn close_all(&self) {
        let closed = std::mem::take(&mut self.pool().idle);
        drop(closed);
    }

    #[cfg(test)]
    pub(crate) fn idle(&self) -> usize {
        self.pool().idle.len()
    }
}

impl Cursor {
    fn new(shared: &Shared) -> Result<Self, KafkaError> {
        let context = Listener(std::sync::Arc::clone(&shared.said));
        Ok(Self {
            consumer: settings::cursor(&shared.options).create_with_context(context)?,
            slot: usize::MAX,
            next: 0,
            held: VecDeque::new(),
            used: Instant::now(),
            at_end: false,
        })
    }

    fn aim(&mut self, shared: &Shared, slot: usize, position: u64) -> Result<(), KafkaError> {
        self.slot = slot;
        self.next = position;
        self.held.clear();
        let at = at(shared, slot);
        offsets::aim(&self.consumer, &[(at, position)])
    }

    fn read(&mut self, shared: &Shared, wish: Wish, deadline: Instant) -> Result<Vec<(Position, Record)>, ReadError> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        let mut trouble = String::from("the brokers did not give out records in time");
        while self.next < wish.up_to {
            if self.held.is_empty() && !self.fetch(shared, found.is_empty(), &mut trouble)? {
                if !found.is_empty() || self.is_void(shared, wish.up_to)? {
                    break; // What is there now is an answer.
                }
                if Instant::now() >= deadline {
                    let reason = shared.said.and_last(&trouble);
                    return Err(ReadError::Unavailable { reason });
                }
            }
            let Some((position, record)) = self.held.pop_front() else {
                continue;
            };
            if !wish.limit.admits(found.len(), bytes, record.size_bytes()) {
                self.held.push_front((position, record));
                break;
            }
            bytes += record.size_bytes();
            self.next = position + 1;
            found.push((Position(position), record));
        }
        Ok(found)
    }

    /// Fetches the next record into `held`; false if there was none.
    fn fetch(&mut self, shared: &Shared, may_wait: bool, trouble: &mut String) -> Result<bool, ReadError> {
        let wait = if may_wait { POLL } else { Duration::ZERO };
        self.at_end = false;
        match self.consumer.poll(wait) {
            Some(Ok(message)) => {
                // What was fetched before the cursor was aimed anew is left out.
                let position = position_of(&message).filter(|position| *position >= self.next);
                let is_here = shared.slot_of(&message) == Some(self.slot);
                if let Some(position) = position.filter(|_| is_here) {
                    let record = shared.record_of(&message);
                    self.held.push_back((position, record));
                }
                return Ok(!self.held.is_empty());
            }
            Some(Err(KafkaError::PartitionEOF(_))) => self.at_end = true,
            None => {}
            Some(Err(error)) => match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => self.realign(shared)?,
                _ => *trouble = error.to_string(),
            },
        }
        Ok(false)
    }

    /// Whether there is nothing from here to `up_to` though the partition reaches that far: somebody's transaction left only its marks there.
    fn is_void(&self, shared: &Shared, up_to: u64) -> Result<bool, ReadError> {
        // A new leader may for a moment not know how far the partition reaches.
        Ok(self.at_end && self.limit_of(shared, Offset::End)? >= up_to)
    }

    /// Where the partition begins or ends now.
    fn limit_of(&self, shared: &Shared, end: Offset) -> Result<u64, ReadError> {
        let told = offsets::query(
            &self.consumer,
            &[at(shared, self.slot)],
            end,
            shared.options.timeouts.read,
        );
        let told = told.map_err(|error| unavailable(shared, &error))?;
        Ok(told.first().copied().unwrap_or(0))
    }

    /// The partition does not have the position that comes next: it goes on where the partition begins now.
    fn realign(&mut self, shared: &Shared) -> Result<(), ReadError> {
        let first = self.limit_of(shared, Offset::Beginning)?;
        let end = self.limit_of(shared, Offset::End)?;
        if self.next > end {
            let (topic, partition) = at(shared, self.slot);
            return Err(ReadError::Corrupt {
                file: format!("partition {partition} of topic {topic}"),
                offset: self.next,
                reason: format!(
                    "it ends at {end}: the brokers lost records, or the topic was deleted and created again"
                ),
            });
        }
        if self.next < first {
            metrics::counter!(names::EXPIRED_READS).increment(1);
        }
        let position = self.next.max(first);
        self.aim(shared, self.slot, position)
            .map_err(|error| unavailable(shared, &error))
    }
}

fn unavailable(shared: &Shared, error: &KafkaError) -> ReadError {
    ReadError::Unavailable {
        reason: shared.said.and_last(&error.to_string()),
    }
}

fn at(shared: &Shared, slot: usize) -> At<'_> {
    let (topic, partition) = shared
        .partitions
        .at_slot(slot)
        .unwrap_or((chappe_eventlog::Topic::Incidents, 0));
    (shared.topic_name(topic), partition)
}
