//! The thread that links incidents into campaigns: one, because clusters have no key to be parted by.

use std::sync::Arc;
use std::time::Duration;

use chappe_correlate::LinkShard;
use chappe_eventlog::EventLog;
use chappe_model::{Alert, Timestamp};
use rtrb::Consumer;

use crate::error::RunError;
use crate::halt::Halt;
use crate::ring::{Message, Progress};
use crate::tell::{Told, tell};

/// Messages taken before what they gave rise to is made durable.
const BATCH_MESSAGES: usize = 1_024;
/// An idle linker looks whether it is to stop this often; work wakes it at once.
const IDLE_WAIT: Duration = Duration::from_millis(100);

pub(crate) struct Linking {
    pub(crate) links: LinkShard,
    pub(crate) ring: Consumer<Message>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) halt: Halt,
}

impl Linking {
    /// Runs until the reader has gone and everything it sent is done.
    pub(crate) fn run(mut self) {
        if let Err(error) = self.work() {
            self.halt.fail(error);
        }
    }

    fn work(&mut self) -> Result<(), RunError> {
        let (mut alerts, mut advanced, mut settled) = (vec![], Timestamp::ZERO, false);
        loop {
            let mut taken = 0;
            while taken < BATCH_MESSAGES {
                let Ok(message) = self.ring.pop() else { break };
                taken += 1;
                match message {
                    Message::Report(at, accepted) => self.links.take(at, &accepted),
                    Message::Advance(watermark) => {
                        self.links.advance(watermark, &mut alerts);
                        advanced = watermark;
                    }
                    Message::Settle => {
                        self.links.settle(&mut alerts);
                        settled = true;
                    }
                    Message::LinkSnapshot(hand_over) => {
                        if self.tell(&mut alerts)? == Told::Stopping {
                            return Ok(());
                        }
                        let _ = hand_over.send(self.snapshot()); // a reader that has given up needs none
                    }
                    Message::Sighting(..) | Message::Snapshot(_) => {} // for the shards
                }
            }
            if self.tell(&mut alerts)? == Told::Stopping {
                return Ok(());
            }
            if settled {
                self.progress.reach(advanced);
            }
            if taken == 0 {
                if self.ring.is_abandoned() && self.ring.is_empty() {
                    return Ok(());
                }
                std::thread::park_timeout(IDLE_WAIT);
            }
        }
    }

    fn tell(&self, alerts: &mut Vec<Alert>) -> Result<Told, RunError> {
        tell(&*self.log, alerts, &self.halt)
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.links
            .snapshot()
            .map_err(|error| tracing::error!(%error, "no snapshot of linking could be made"))
            .ok()
    }
}
