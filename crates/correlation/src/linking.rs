//! The thread that links incidents into campaigns: one, because clusters have no key to be parted by.

use std::sync::Arc;
use std::time::Duration;

use chappe_correlate::LinkShard;
use chappe_eventlog::EventLog;
use chappe_model::{Alert, Timestamp};
use rtrb::Consumer;

use crate::error::RunError;
use crate::halt::Halt;
use crate::ring::{Control, Message, Progress};
use crate::tell::{Told, tell};
use crate::tenure::Tenure;
use crate::threads::Post;

/// Messages taken before what they gave rise to is made durable.
const BATCH_MESSAGES: usize = 1_024;
/// An idle linker looks whether it is to stop this often; work wakes it at once.
const IDLE_WAIT: Duration = Duration::from_millis(100);

pub(crate) struct Linking {
    pub(crate) links: LinkShard,
    pub(crate) ring: Consumer<Message>,
    /// The custodian's; none where this process owns everything.
    pub(crate) control: Option<Consumer<Control>>,
    pub(crate) tenure: Tenure,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) halt: Halt,
    /// Log time that has passed here.
    pub(crate) advanced: Timestamp,
    /// The log has been read again.
    pub(crate) settled: bool,
}

impl Linking {
    pub(crate) fn new(links: LinkShard, post: Post) -> Self {
        Self {
            links,
            ring: post.ring,
            control: post.control,
            tenure: post.tenure,
            log: post.log,
            progress: post.progress,
            halt: post.halt,
            advanced: Timestamp::ZERO,
            settled: false,
        }
    }

    /// Runs until the reader has gone and everything it sent is done.
    pub(crate) fn run(mut self) {
        if let Err(error) = self.work() {
            self.halt.fail(error);
        }
    }

    fn work(&mut self) -> Result<(), RunError> {
        let mut alerts = vec![];
        loop {
            let mut taken = self.obey(&mut alerts)?;
            while taken < BATCH_MESSAGES {
                let Ok(message) = self.ring.pop() else { break };
                taken += 1;
                if !self.take(message, &mut alerts)? {
                    return Ok(());
                }
            }
            if self.tell(&mut alerts)? == Told::Stopping {
                return Ok(());
            }
            if self.settled && self.tenure.owns() {
                self.progress.reach(self.advanced);
            }
            if taken == 0 {
                if self.ring.is_abandoned() && self.ring.is_empty() {
                    return Ok(());
                }
                std::thread::park_timeout(IDLE_WAIT);
            }
        }
    }

    /// Returns false if the service stops with alerts that are not durable.
    fn take(&mut self, message: Message, alerts: &mut Vec<Alert>) -> Result<bool, RunError> {
        match message {
            Message::Report(at, accepted) => self.links.take(at, &accepted),
            Message::Advance(watermark) => {
                self.links.advance(watermark, alerts);
                self.advanced = watermark;
            }
            Message::Settle => {
                self.settled = true;
                if !self.tenure.shared {
                    self.links.settle(alerts);
                } else if let Some(epoch) = self.tenure.waiting.take() {
                    return self.own(epoch, alerts);
                }
            }
            Message::LinkSnapshot(hand_over) => {
                if self.tell(alerts)? == Told::Stopping {
                    return Ok(false);
                }
                let _ = hand_over.send(self.snapshot()); // a reader that has given up needs none
            }
            Message::Sighting(..) | Message::Snapshot(_) => {} // for the shards
        }
        Ok(true)
    }

    /// What the custodian says; returns how much that was.
    fn obey(&mut self, alerts: &mut Vec<Alert>) -> Result<usize, RunError> {
        let mut taken = 0;
        while let Some(control) = self.control.as_mut().and_then(|control| control.pop().ok()) {
            taken += 1;
            match control {
                Control::Recall(alert) => self.links.recall(*alert),
                Control::Own(epoch) if !self.settled => self.tenure.waiting = Some(epoch),
                Control::Own(epoch) => {
                    self.own(epoch, alerts)?;
                }
                Control::StandBy => {
                    self.tenure.waiting = None;
                    self.tenure.own(false);
                    alerts.clear(); // fenced, were they appended
                    self.links.stand_by();
                }
                Control::Allow(_) => {} // what ends meanwhile is kept
            }
        }
        Ok(taken)
    }

    /// Returns false if the service stops with alerts that are not durable.
    fn own(&mut self, epoch: u64, alerts: &mut Vec<Alert>) -> Result<bool, RunError> {
        self.tenure.own(true);
        self.links.own(epoch, alerts);
        if self.tell(alerts)? == Told::Stopping {
            return Ok(false);
        }
        self.progress.own(epoch);
        Ok(true)
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
