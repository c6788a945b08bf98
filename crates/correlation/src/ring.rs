//! The rings between the reader and the shards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use chappe_correlate::{CountState, Sighting};
use chappe_model::{Accepted, Alert, SurgeLessonPart, Timestamp};
use rtrb::{Producer, PushError};

use crate::error::RunError;
use crate::halt::Halt;
use crate::threads::Wake;

/// Messages that wait for one shard.
pub(crate) const RING_MESSAGES: usize = 16 * 1024;
/// Orders that wait for one thread. More come only while alerts of another owner are recalled.
pub(crate) const CONTROL_MESSAGES: usize = 1_024;
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
    /// Everything has been sent that stood in the log when this instance learnt that it owns these keys under this epoch.
    CaughtUp(u64),
    /// For what looks at reports whole: an accepted revision at this log time.
    Report(Timestamp, Box<Accepted>),
    /// For surges: a part of a lesson that stands in the log at this log time.
    Lesson(Timestamp, Box<SurgeLessonPart>),
    /// For what looks at reports whole: hand over your snapshot, once everything before is durable; none if it cannot be made.
    WholeSnapshot(SyncSender<Option<Vec<u8>>>),
    /// Hand over your state, once everything before is durable.
    Snapshot(SyncSender<CountState>),
}

/// What the custodian tells a thread, in order, where several processes share the work.
pub(crate) enum Control {
    /// An alert that another owner told.
    Recall(Box<Alert>),
    /// It owns its keys under this epoch, as soon as it has caught up; everything told before it has been recalled.
    Own(u64),
    /// Another owns its keys from here on; what that one told is recalled anew.
    StandBy,
    /// The owner, this instance or another, has told everything up to this log time, and it counts.
    Allow(Timestamp),
}

/// What the custodian tells the reader: a lot is this instance's.
pub(crate) struct Gained {
    pub(crate) lot: u16,
    pub(crate) epoch: u64,
    /// Where each partition of the incidents ended when the claim was read.
    pub(crate) ends: Vec<u64>,
}

/// How far an owner has come: log time up to which its alerts are durable, and the epoch under which that holds.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    epoch: AtomicU64,
    reached: AtomicU64,
}

impl Progress {
    /// Begins anew under an epoch.
    pub(crate) fn own(&self, epoch: u64) {
        self.reached.store(0, Ordering::Release);
        self.epoch.store(epoch, Ordering::Release);
    }

    /// Never falls back: what becomes due later is of a later log time, whatever time it is due at.
    pub(crate) fn reach(&self, watermark: Timestamp) {
        self.reached.fetch_max(watermark.as_millis(), Ordering::Release);
    }

    pub(crate) fn reached(&self) -> Timestamp {
        Timestamp::from_millis(self.reached.load(Ordering::Acquire))
    }

    /// None unless it got there under this epoch, and somewhere.
    pub(crate) fn reached_under(&self, epoch: u64) -> Option<Timestamp> {
        let owned = self.epoch.load(Ordering::Acquire) == epoch;
        Some(self.reached()).filter(|reached| owned && *reached > Timestamp::ZERO)
    }
}

/// The sender's end of one thread's ring.
pub(crate) struct Feed<M = Message> {
    pub(crate) ring: Producer<M>,
    pub(crate) wake: Wake,
    pub(crate) progress: Arc<Progress>,
    /// Whether the sender may wait for room; else the ring holds all that it may send in a turn.
    pub(crate) may_wait: bool,
}

impl<M> Feed<M> {
    /// Waits while the ring is full; gives up only when the service stops.
    pub(crate) fn push(&mut self, mut message: M, halt: &Halt) {
        while let Err(PushError::Full(back)) = self.ring.push(message) {
            if halt.asked() && self.ring.is_abandoned() {
                return;
            }
            if !self.may_wait {
                return halt.fail(RunError::Thread("ring".into(), "full, where nobody may wait".into()));
            }
            message = back;
            self.wake();
            std::thread::park_timeout(FULL_RING_WAIT);
        }
    }

    /// Whether this many more fit in, where nobody may wait for room.
    pub(crate) fn has_room(&self, messages: usize) -> bool {
        self.may_wait || self.ring.slots() >= messages
    }

    pub(crate) fn wake(&self) {
        self.wake.wake();
    }
}
