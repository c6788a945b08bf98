//! The thread that looks at reports whole, for campaigns, surges and cascades: one, because they have no key to be parted by.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use chappe_correlate::{Overview, SurgePolicy};
use chappe_model::{Alert, Timestamp};
use rtrb::Consumer;

use crate::actor::{Actor, Turn};
use crate::error::RunError;
use crate::learning::Learning;
use crate::pace::Grain;
use crate::ring::{Control, Message, Progress};
use crate::tell::{Telling, Told};
use crate::tenure::Tenure;
use crate::threads::Post;

pub(crate) struct Whole {
    overview: Overview,
    /// None where no surges are looked for.
    learning: Option<Learning>,
    ring: Consumer<Message>,
    /// The custodian's; none where this process owns everything.
    control: Option<Consumer<Control>>,
    tenure: Tenure,
    progress: Arc<Progress>,
    grain: Grain,
    /// Found and not yet handed to the log.
    alerts: Vec<Alert>,
    telling: Telling,
    /// What is to be done once all that was told is durable; nothing more is taken before.
    then: Option<Then>,
    /// Log time that has passed here.
    advanced: Timestamp,
    /// The log has been read again.
    settled: bool,
}

/// What waits until all that was told is durable.
enum Then {
    /// It speaks for all of it under this epoch.
    Own(u64),
    HandOver(SyncSender<Option<Vec<u8>>>),
}

impl Whole {
    pub(crate) fn new(overview: Overview, surges: Option<(SurgePolicy, u64)>, post: Post) -> Self {
        Self {
            overview,
            learning: surges.map(|(policy, nonce)| Learning::new(policy, nonce, &post)),
            ring: post.ring,
            control: post.control,
            tenure: post.tenure,
            progress: post.progress,
            grain: post.pace.grain,
            alerts: vec![],
            telling: Telling::new(post.log, post.halt, post.pace),
            then: None,
            advanced: Timestamp::ZERO,
            settled: false,
        }
    }

    /// Whether all that was told is durable; then what waited for that is done.
    fn settle_told(&mut self) -> Result<Told, RunError> {
        self.telling.take(&mut self.alerts);
        let told = self.telling.go_on()?;
        if told != Told::Durable {
            return Ok(told);
        }
        match self.then.take() {
            Some(Then::Own(epoch)) => self.progress.own(epoch),
            Some(Then::HandOver(to)) => drop(to.send(self.snapshot())), // a reader that has given up needs none
            None if self.settled && self.tenure.owns() => self.progress.reach(self.advanced),
            None => {}
        }
        Ok(told)
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Report(at, accepted) => self.overview.take(at, &accepted),
            Message::Lesson(at, part) => {
                if let Some(learning) = &mut self.learning {
                    learning.heard_of(&part);
                }
                self.overview.learn(at, *part);
            }
            Message::Advance(watermark) => {
                self.overview.advance(watermark, &mut self.alerts);
                self.advanced = watermark;
                self.tenure.advance(watermark);
            }
            Message::Settle => {
                self.settled = true;
                if !self.tenure.shared {
                    self.overview.settle(&mut self.alerts);
                }
            }
            Message::CaughtUp(epoch) => self.tenure.catch_up(epoch),
            Message::WholeSnapshot(hand_over) => self.then = Some(Then::HandOver(hand_over)),
            Message::Sighting(..) | Message::Snapshot(_) => {} // for the shards
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
                    self.overview.recall(*alert);
                }
                Control::Own(epoch) => self.tenure.wait(epoch),
                Control::StandBy => {
                    self.tenure.stand_by();
                    self.alerts.clear(); // fenced, were they appended
                    self.overview.stand_by();
                }
                Control::Allow(_) => {} // what ends meanwhile is kept
            }
        }
        taken
    }

    /// Owns all of it from here on, if it is to and may. Only once the log has been read again is it caught up.
    fn take_over(&mut self) {
        if let Some(epoch) = self.tenure.begin() {
            self.overview.own(epoch, &mut self.alerts);
            self.then = Some(Then::Own(epoch));
        }
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.overview
            .snapshot()
            .map_err(|error| tracing::error!(%error, "no snapshot of campaigns, surges and cascades could be made"))
            .ok()
    }
}

/// Runs until the reader has gone and everything it sent is done.
impl Actor for Whole {
    /// An idle one looks whether it is to stop this often.
    const IDLE_WAIT: Duration = Duration::from_millis(100);

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
        if let Some(learning) = &mut self.learning
            && self.settled
            && self.tenure.owns()
        {
            learning.go_on(&self.overview, self.advanced);
        }
        let more = taken > 0 || self.then.is_some();
        Ok(match self.settle_told()? {
            Told::OnItsWay => Turn::Waiting,
            Told::Stopping => Turn::Over,
            Told::Durable if more => Turn::Busy,
            Told::Durable if self.ring.is_abandoned() && self.ring.is_empty() => Turn::Over,
            Told::Durable => Turn::Idle,
        })
    }
}
