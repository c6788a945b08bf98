//! One shard's thread.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use chappe_correlate::{CountState, Shard, Sighting};
use chappe_model::{Alert, Timestamp};
use rtrb::Consumer;

use crate::actor::{Actor, Turn};
use crate::error::RunError;
use crate::pace::Grain;
use crate::ring::{Control, Message, Progress};
use crate::tell::{Telling, Told};
use crate::tenure::Tenure;
use crate::threads::Post;

/// Sightings whose keys are read ahead together: their cache lines come in at the same time and stay until they are used.
const AHEAD_SIGHTINGS: usize = 64;

pub(crate) struct Worker {
    shard: Shard,
    ring: Consumer<Message>,
    /// The custodian's; none where this process owns everything.
    control: Option<Consumer<Control>>,
    tenure: Tenure,
    progress: Arc<Progress>,
    grain: Grain,
    /// Sightings taken from the ring and not yet counted.
    ahead: Vec<(Timestamp, Sighting)>,
    /// Found and not yet handed to the log.
    alerts: Vec<Alert>,
    telling: Telling,
    /// What is to be done once all that was told is durable; nothing more is taken before.
    then: Option<Then>,
    /// The log has been read again: before that nothing is judged, so no mark may say so.
    settled: bool,
}

/// What waits until all alerts before it are durable.
enum Then {
    /// It speaks for its keys under this epoch.
    Own(u64),
    HandOver(SyncSender<CountState>),
}

impl Worker {
    pub(crate) fn new(shard: Shard, post: Post) -> Self {
        Self {
            shard,
            ring: post.ring,
            control: post.control,
            tenure: post.tenure,
            progress: post.progress,
            grain: post.pace.grain,
            ahead: vec![],
            alerts: vec![],
            telling: Telling::new(post.log, post.halt, post.pace),
            then: None,
            settled: false,
        }
    }

    /// Whether all that was told is durable; then what waited for that is done. If the service stops before, no mark and no snapshot may say
    /// that it is.
    fn settle_told(&mut self) -> Result<Told, RunError> {
        self.telling.take(&mut self.alerts);
        let told = self.telling.go_on()?;
        if told != Told::Durable {
            return Ok(told);
        }
        match self.then.take() {
            Some(Then::Own(epoch)) => self.progress.own(epoch),
            Some(Then::HandOver(to)) => drop(to.send(self.shard.state())), // a reader that has given up needs none
            None if self.settled && self.tenure.owns() => self.progress.reach(self.shard.reached()),
            None => {}
        }
        Ok(told)
    }

    fn take(&mut self, message: Message) {
        if let Message::Sighting(at, sighting) = message {
            self.ahead.push((at, sighting));
            if self.ahead.len() >= AHEAD_SIGHTINGS {
                self.count();
            }
            return;
        }
        self.count(); // what came before it
        match message {
            Message::Advance(watermark) => {
                self.tenure.advance(watermark);
                self.pass();
            }
            Message::Settle => {
                self.settled = true;
                if self.tenure.shared {
                    self.shard.keep_up(self.tenure.latest());
                } else {
                    self.shard.settle(&mut self.alerts);
                }
            }
            Message::CaughtUp(epoch) => self.tenure.catch_up(epoch),
            Message::Snapshot(hand_over) => self.then = Some(Then::HandOver(hand_over)),
            Message::Sighting(..) | Message::Report(..) | Message::Lesson(..) | Message::WholeSnapshot(_) => {} // counted, or for another
        }
    }

    fn pass(&mut self) {
        if let Some(watermark) = self.tenure.pass() {
            self.shard.pass(watermark);
        }
    }

    /// What the custodian says; returns how much that was.
    fn obey(&mut self) -> usize {
        let mut taken = 0;
        while let Some(control) = self.control.as_mut().and_then(|control| control.pop().ok()) {
            taken += 1;
            match control {
                Control::Recall(alert) => {
                    self.tenure.recall(alert.revised_at);
                    self.shard.recall(*alert);
                }
                Control::Own(epoch) => self.tenure.wait(epoch),
                Control::StandBy => {
                    self.tenure.stand_by();
                    self.count();
                    self.alerts.clear(); // fenced, were they appended
                    self.shard.stand_by();
                }
                Control::Allow(watermark) => {
                    self.tenure.allow(watermark);
                    self.shard.confirm(watermark);
                }
            }
        }
        self.pass();
        taken
    }

    /// Owns its keys from here on, if it is to and may. Only once the log has been read again is it caught up.
    fn take_over(&mut self) {
        if let Some(epoch) = self.tenure.begin() {
            self.count();
            self.pass(); // or it would say of what is over that it is open
            self.shard.own(epoch, &mut self.alerts);
            self.then = Some(Then::Own(epoch));
        }
    }

    fn count(&mut self) {
        self.shard.apply_all(&self.ahead, &mut self.alerts);
        self.ahead.clear();
    }
}

/// Runs until the reader has gone and everything it sent is done.
impl Actor for Worker {
    /// An idle shard looks whether it is to stop this often.
    const IDLE_WAIT: Duration = Duration::from_millis(100);

    /// Takes a batch of messages, and judges a slice of what the passing of time has made due.
    fn turn(&mut self) -> Result<Turn, RunError> {
        match self.settle_told()? {
            Told::OnItsWay => return Ok(Turn::Waiting),
            Told::Stopping => return Ok(Turn::Over),
            Told::Durable => {}
        }
        let mut taken = self.obey();
        while taken < self.grain.messages && self.then.is_none() {
            let Ok(message) = self.ring.pop() else { break };
            taken += 1;
            self.take(message);
        }
        if self.then.is_none() {
            self.take_over();
        }
        let more = self.then.is_some() || {
            self.count();
            self.shard.go_on(self.grain.keys, &mut self.alerts)
        };
        Ok(match self.settle_told()? {
            Told::OnItsWay => Turn::Waiting,
            Told::Stopping => Turn::Over,
            Told::Durable if taken > 0 || more => Turn::Busy,
            Told::Durable if self.ring.is_abandoned() && self.ring.is_empty() => Turn::Over,
            Told::Durable => Turn::Idle,
        })
    }
}
