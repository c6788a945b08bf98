//! One shard's thread.

use std::sync::Arc;
use std::time::Duration;

use chappe_correlate::Shard;
use chappe_eventlog::EventLog;
use chappe_model::{Alert, Timestamp};
use rtrb::Consumer;

use crate::error::RunError;
use crate::halt::Halt;
use crate::ring::{Message, Progress};
use crate::tell::{Told, tell};

/// Messages taken before what they gave rise to is made durable.
const BATCH_MESSAGES: usize = 1_024;
/// An idle shard looks whether it is to stop this often; work wakes it at once.
const IDLE_WAIT: Duration = Duration::from_millis(100);

pub(crate) struct Worker {
    pub(crate) shard: Shard,
    pub(crate) ring: Consumer<Message>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) halt: Halt,
    /// Log time up to which the shard has been told that every partition has passed.
    pub(crate) advanced: Timestamp,
    /// The log has been read again: before that nothing is judged, so no mark may say so.
    pub(crate) settled: bool,
}

impl Worker {
    /// Runs until the reader has gone and everything it sent is done.
    pub(crate) fn run(mut self) {
        if let Err(error) = self.work() {
            self.halt.fail(error);
        }
    }

    fn work(&mut self) -> Result<(), RunError> {
        let mut alerts = vec![];
        loop {
            let Some(taken) = self.take_batch(&mut alerts)? else {
                return Ok(());
            };
            if taken == 0 {
                if self.ring.is_abandoned() && self.ring.is_empty() {
                    return Ok(());
                }
                std::thread::park_timeout(IDLE_WAIT);
            }
        }
    }

    /// Returns how many messages there were; nothing if the service stops with alerts that are not durable: then no mark and no snapshot
    /// may say that they are.
    fn take_batch(&mut self, alerts: &mut Vec<Alert>) -> Result<Option<usize>, RunError> {
        let mut taken = 0;
        while taken < BATCH_MESSAGES {
            let Ok(message) = self.ring.pop() else { break };
            taken += 1;
            match message {
                Message::Sighting(at, sighting) => self.shard.apply(at, sighting, alerts),
                Message::Advance(watermark) => {
                    self.shard.advance(watermark, alerts);
                    self.advanced = watermark;
                }
                Message::Settle => {
                    self.shard.settle(alerts);
                    self.settled = true;
                }
                Message::Report(..) | Message::LinkSnapshot(_) => {} // for the linker
                Message::Snapshot(hand_over) => {
                    if tell(&*self.log, alerts, &self.halt)? == Told::Stopping {
                        return Ok(None);
                    }
                    let _ = hand_over.send(self.shard.state()); // a reader that has given up needs none
                }
            }
        }
        if tell(&*self.log, alerts, &self.halt)? == Told::Stopping {
            return Ok(None);
        }
        if self.settled {
            self.progress.reach(self.advanced);
        }
        Ok(Some(taken))
    }
}
