//! The rings between the reader and the shards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::Thread;
use std::time::Duration;

use chappe_correlate::{CountState, Sighting};
use chappe_model::{Accepted, Timestamp};
use rtrb::{Producer, PushError};

use crate::halt::Halt;

/// Messages that wait for one shard.
pub(crate) const RING_MESSAGES: usize = 16 * 1024;
/// How long the reader waits before it looks again whether a full ring has room.
const FULL_RING_WAIT: Duration = Duration::from_micros(100);

/// What the reader tells a shard, in order.
pub(crate) enum Message {
    /// A sighting stamped at this log time.
    Sighting(Timestamp, Sighting),
    /// Every partition has passed this log time.
    Advance(Timestamp),
    /// The log has been read again.
    Settle,
    /// For linking: an accepted revision at this log time.
    Report(Timestamp, Box<Accepted>),
    /// For linking: hand over your snapshot, once everything before is durable; none if it cannot be made.
    LinkSnapshot(SyncSender<Option<Vec<u8>>>),
    /// Hand over your state, once everything before is durable.
    Snapshot(SyncSender<CountState>),
}

/// How far a shard has come: log time up to which its alerts are durable.
#[derive(Debug, Default)]
pub(crate) struct Progress(AtomicU64);

impl Progress {
    /// Never falls back: what becomes due later is of a later log time, whatever time it is due at.
    pub(crate) fn reach(&self, watermark: Timestamp) {
        self.0.fetch_max(watermark.as_millis(), Ordering::Release);
    }

    pub(crate) fn reached(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Acquire))
    }
}

/// The reader's end of one shard.
pub(crate) struct Feed {
    pub(crate) ring: Producer<Message>,
    pub(crate) thread: Thread,
    pub(crate) progress: Arc<Progress>,
}

impl Feed {
    /// Waits while the ring is full; gives up only when the service stops.
    pub(crate) fn push(&mut self, mut message: Message, halt: &Halt) {
        while let Err(PushError::Full(back)) = self.ring.push(message) {
            if halt.asked() && self.ring.is_abandoned() {
                return;
            }
            message = back;
            self.thread.unpark();
            std::thread::park_timeout(FULL_RING_WAIT);
        }
    }

    pub(crate) fn wake(&self) {
        self.thread.unpark();
    }
}
