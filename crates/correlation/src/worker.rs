//! One shard's thread.

use std::sync::Arc;
use std::time::Duration;

use chappe_correlate::{Shard, Sighting};
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
/// An idle shard looks whether it is to stop this often; work wakes it at once.
const IDLE_WAIT: Duration = Duration::from_millis(100);

/// Sightings whose keys are read ahead together: their cache lines come in at the same time and stay until they are used.
const AHEAD_SIGHTINGS: usize = 64;
/// Keys judged in one go once log time has passed, and alerts told: a few milliseconds of work, then sightings have their turn again.
const SLICE_KEYS: usize = 512;

pub(crate) struct Worker {
    pub(crate) shard: Shard,
    pub(crate) ring: Consumer<Message>,
    /// The custodian's; none where this process owns everything.
    pub(crate) control: Option<Consumer<Control>>,
    pub(crate) tenure: Tenure,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) halt: Halt,
    /// Sightings taken from the ring and not yet counted.
    pub(crate) ahead: Vec<(Timestamp, Sighting)>,
    /// The log has been read again: before that nothing is judged, so no mark may say so.
    pub(crate) settled: bool,
}

impl Worker {
    pub(crate) fn new(shard: Shard, post: Post) -> Self {
        Self {
            shard,
            ring: post.ring,
            control: post.control,
            tenure: post.tenure,
            log: post.log,
            progress: post.progress,
            halt: post.halt,
            ahead: vec![],
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
            match self.turn(&mut alerts)? {
                Turn::Stopping => return Ok(()),
                Turn::Busy => {}
                Turn::Idle if self.ring.is_abandoned() && self.ring.is_empty() => return Ok(()),
                Turn::Idle => std::thread::park_timeout(IDLE_WAIT),
            }
        }
    }

    /// Takes a batch of messages, and judges a slice of what the passing of time has made due.
    fn turn(&mut self, alerts: &mut Vec<Alert>) -> Result<Turn, RunError> {
        let mut taken = self.obey(alerts)?;
        while taken < BATCH_MESSAGES {
            let Ok(message) = self.ring.pop() else { break };
            taken += 1;
            if !self.take(message, alerts)? {
                return Ok(Turn::Stopping);
            }
        }
        self.count(alerts);
        let more = self.shard.go_on(SLICE_KEYS, alerts);
        if tell(&*self.log, alerts, &self.halt)? == Told::Stopping {
            return Ok(Turn::Stopping);
        }
        if self.settled && self.tenure.owns() {
            self.progress.reach(self.shard.reached());
        }
        Ok(if taken > 0 || more { Turn::Busy } else { Turn::Idle })
    }

    /// Returns false if the service stops with alerts that are not durable: then no mark and no snapshot may say that they are.
    fn take(&mut self, message: Message, alerts: &mut Vec<Alert>) -> Result<bool, RunError> {
        if let Message::Sighting(at, sighting) = message {
            self.ahead.push((at, sighting));
            if self.ahead.len() >= AHEAD_SIGHTINGS {
                self.count(alerts);
            }
            return Ok(true);
        }
        self.count(alerts); // what came before it
        match message {
            Message::Advance(watermark) => {
                self.tenure.advance(watermark);
                self.pass();
            }
            Message::Settle => {
                self.settled = true;
                if self.tenure.shared {
                    self.shard.keep_up();
                    if let Some(epoch) = self.tenure.waiting.take() {
                        return self.own(epoch, alerts);
                    }
                } else {
                    self.shard.settle(alerts);
                }
            }
            Message::Snapshot(hand_over) => {
                if tell(&*self.log, alerts, &self.halt)? == Told::Stopping {
                    return Ok(false);
                }
                let _ = hand_over.send(self.shard.state()); // a reader that has given up needs none
            }
            Message::Sighting(..) | Message::Report(..) | Message::LinkSnapshot(_) => {} // counted, or for the linker
        }
        Ok(true)
    }

    fn pass(&mut self) {
        if let Some(watermark) = self.tenure.pass() {
            self.shard.pass(watermark);
        }
    }

    /// What the custodian says; returns how much that was.
    fn obey(&mut self, alerts: &mut Vec<Alert>) -> Result<usize, RunError> {
        let mut taken = 0;
        while let Some(control) = self.control.as_mut().and_then(|control| control.pop().ok()) {
            taken += 1;
            match control {
                Control::Recall(alert) => self.shard.recall(*alert),
                Control::Own(epoch) if !self.settled => self.tenure.waiting = Some(epoch),
                Control::Own(epoch) => {
                    self.count(alerts);
                    self.own(epoch, alerts)?;
                }
                Control::StandBy => {
                    self.tenure.waiting = None;
                    self.tenure.own(false);
                    self.count(alerts);
                    alerts.clear(); // fenced, were they appended
                    self.shard.stand_by();
                }
                Control::Allow(watermark) => self.tenure.allow(watermark),
            }
        }
        self.pass();
        Ok(taken)
    }

    /// Returns false if the service stops with alerts that are not durable.
    fn own(&mut self, epoch: u64, alerts: &mut Vec<Alert>) -> Result<bool, RunError> {
        self.tenure.own(true);
        self.shard.own(epoch, alerts);
        if tell(&*self.log, alerts, &self.halt)? == Told::Stopping {
            return Ok(false);
        }
        self.progress.own(epoch);
        self.pass();
        Ok(true)
    }

    fn count(&mut self, alerts: &mut Vec<Alert>) {
        self.shard.apply_all(&self.ahead, alerts);
        self.ahead.clear();
    }
}

/// What there was to do.
enum Turn {
    Busy,
    Idle,
    Stopping,
}
