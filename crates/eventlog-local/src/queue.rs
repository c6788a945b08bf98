//! The appends that wait for the disk.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use chappe_eventlog::{AppendError, OnDurable, Record};

use crate::format::{MAX_COMMIT_BYTES, record_bytes};

/// The callback of an append that was not queued, and what to tell it.
pub(crate) type Refusal = (OnDurable, AppendError);

/// An append that waits.
pub(crate) struct Pending {
    pub(crate) slot: usize,
    pub(crate) record: Record,
    pub(crate) on_durable: OnDurable,
}

#[derive(Default)]
struct Waiting {
    appends: VecDeque<Pending>,
    bytes: usize,
    closing: bool,
    failed: Option<AppendError>,
    /// Whether the committer sleeps: only then must it be woken.
    taker_sleeps: bool,
}

/// A bounded queue from many appenders to the one committer.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
    max_records: usize,
    max_bytes: usize,
}

impl Queue {
    pub(crate) fn new(max_records: usize, max_bytes: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            filled: Condvar::new(),
            max_records,
            max_bytes,
        }
    }

    /// Queues an append, or gives its callback back with the reason.
    pub(crate) fn push(&self, pending: Pending) -> Result<(), Refusal> {
        let bytes = record_bytes(&pending.record);
        let mut waiting = self.lock();
        if waiting.closing {
            return Err((pending.on_durable, AppendError::Closed));
        }
        if let Some(failed) = &waiting.failed {
            let failed = failed.clone();
            return Err((pending.on_durable, failed));
        }
        if waiting.appends.len() >= self.max_records || waiting.bytes + bytes > self.max_bytes {
            let (records, bytes) = (waiting.appends.len(), waiting.bytes);
            drop(waiting);
            let reason = format!("{records} records of {bytes} bytes wait for the disk already; try again shortly");
            return Err((pending.on_durable, AppendError::Refused { reason }));
        }
        waiting.bytes += bytes;
        waiting.appends.push_back(pending);
        let wake = std::mem::take(&mut waiting.taker_sleeps);
        drop(waiting);
        if wake {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Moves what fits one commit into `batch`, waiting for the first; false once closed and empty.
    pub(crate) fn take(&self, batch: &mut VecDeque<Pending>) -> bool {
        let mut waiting = self.lock();
        while waiting.appends.is_empty() {
            if waiting.closing {
                return false;
            }
            waiting.taker_sleeps = true;
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.taker_sleeps = false;
        if waiting.bytes <= MAX_COMMIT_BYTES {
            waiting.bytes = 0;
            std::mem::swap(&mut waiting.appends, batch);
            return true;
        }
        let mut taken = 0;
        while let Some(next) = waiting.appends.front() {
            let bytes = record_bytes(&next.record);
            if taken > 0 && taken + bytes > MAX_COMMIT_BYTES {
                break;
            }
            taken += bytes;
            batch.extend(waiting.appends.pop_front());
        }
        waiting.bytes -= taken;
        true
    }

    /// Refuses everything from now on, and gives back what waits.
    pub(crate) fn fail(&self, failed: AppendError) -> VecDeque<Pending> {
        let mut waiting = self.lock();
        waiting.failed = Some(failed);
        waiting.bytes = 0;
        std::mem::take(&mut waiting.appends)
    }

    pub(crate) fn failed(&self) -> Option<AppendError> {
        self.lock().failed.clone()
    }

    /// Refuses new appends; what waits is still taken.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.filled.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while holding the lock; and if it did, every field is valid by itself.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
