//! Alerts into the log: durable before anything that rests on them goes on.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::Thread;
use std::time::Duration;

use bytes::Bytes;
use chappe_eventlog::{AppendError, EventLog, Position, Record, Topic};
use chappe_model::Alert;
use chappe_proto::alert;
use metrics::counter;

use crate::error::RunError;
use crate::halt::Halt;
use crate::metric_names::ALERTS;
use crate::pace::Pace;

/// The one partition of the alerts topic: one order for every stream.
pub(crate) const ALERTS_PARTITION: u16 = 0;
/// Pause before what was refused is tried again.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Whether what was told is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Told {
    /// All of it.
    Durable,
    /// Not yet: nothing may rest on it. The thread is woken once there is more to say.
    OnItsWay,
    /// Not all, and the service stops. The next start judges again.
    Stopping,
}

type Outcome = (usize, Result<Position, AppendError>);

/// Appends alerts in order and says when all are durable. What the log refuses for now (a full queue, a full disk) is tried until it
/// fits or the service stops: an alert is never dropped. After an unknown outcome a revision may stand twice; readers take the first.
pub(crate) struct Telling {
    log: Arc<dyn EventLog>,
    halt: Halt,
    pace: Pace,
    /// Not known to be durable, in order.
    waiting: Vec<Record>,
    stage: Stage,
    troubled: bool,
}

enum Stage {
    /// What waits is to be appended once this time has come.
    Pause(Duration),
    /// All that waited then was appended.
    Appended(Receiver<Outcome>, Outcomes),
}

/// The outcomes that were told.
#[derive(Default)]
struct Outcomes {
    /// How many there will be.
    appended: usize,
    told: usize,
    first_refused: Option<usize>,
}

impl Telling {
    pub(crate) fn new(log: Arc<dyn EventLog>, halt: Halt, pace: Pace) -> Self {
        Self {
            log,
            halt,
            pace,
            waiting: vec![],
            stage: Stage::Pause(Duration::ZERO),
            troubled: false,
        }
    }

    /// Takes alerts to be told, behind those that are on their way.
    pub(crate) fn take(&mut self, alerts: &mut Vec<Alert>) {
        counter!(ALERTS).increment(alerts.len() as u64);
        let records = alerts.drain(..).map(|told| record(&told));
        if self.waiting.is_empty() {
            self.stage = Stage::Pause(Duration::ZERO);
        }
        self.waiting.extend(records);
    }

    /// Goes on as far as it can without waiting.
    pub(crate) fn go_on(&mut self) -> Result<Told, RunError> {
        while !self.waiting.is_empty() {
            match &mut self.stage {
                Stage::Pause(until) if *until > self.pace.now() => return Ok(Told::OnItsWay),
                Stage::Pause(_) => self.append(),
                Stage::Appended(outcomes, so_far) => {
                    if !so_far.hear(outcomes, &mut self.troubled)? {
                        return Ok(Told::OnItsWay);
                    }
                    // All from there on, though some stand in the log: a revision must not stand behind a later one only.
                    let durable = so_far.durable();
                    self.waiting.drain(..durable);
                    self.stage = Stage::Pause(self.pace.now() + RETRY_PAUSE);
                    if !self.waiting.is_empty() && self.halt.asked() {
                        return Ok(Told::Stopping);
                    }
                }
            }
        }
        if std::mem::take(&mut self.troubled) {
            tracing::info!("alerts are appended again");
        }
        Ok(Told::Durable)
    }

    /// [`Telling::go_on`] until it is known, on a thread.
    pub(crate) fn finish(&mut self) -> Result<Told, RunError> {
        loop {
            match self.go_on()? {
                Told::OnItsWay => std::thread::park_timeout(RETRY_PAUSE),
                told => return Ok(told),
            }
        }
    }

    fn append(&mut self) {
        let (tell, outcomes) = mpsc::channel();
        let last = Arc::new(Last(std::thread::current()));
        let none_yet = Outcomes {
            appended: self.waiting.len(),
            ..Outcomes::default()
        };
        self.stage = Stage::Appended(outcomes, none_yet);
        for (index, record) in self.waiting.iter().enumerate() {
            let untold = Untold {
                tell: tell.clone(),
                _last: Arc::clone(&last),
            };
            let done = Box::new(move |result| untold.tell(index, result));
            self.log.append(Topic::Alerts, ALERTS_PARTITION, record.clone(), done);
        }
    }
}

impl Outcomes {
    /// Whether all have been told that ever will be.
    fn hear(&mut self, outcomes: &Receiver<Outcome>, troubled: &mut bool) -> Result<bool, RunError> {
        loop {
            match outcomes.try_recv() {
                Ok((_, Ok(_))) => self.told += 1,
                Ok((
                    _,
                    Err(error @ (AppendError::Failed { .. } | AppendError::Closed | AppendError::TooLarge { .. })),
                )) => {
                    return Err(error.into());
                }
                Ok((index, Err(error))) => {
                    self.told += 1;
                    // Once, not at every attempt: it may take as long as a disk stays full.
                    if !std::mem::replace(troubled, true) {
                        tracing::warn!(%error, "an alert could not be appended; trying until it is");
                    }
                    self.first_refused = Some(self.first_refused.map_or(index, |first| first.min(index)));
                }
                Err(TryRecvError::Empty) => return Ok(false),
                Err(TryRecvError::Disconnected) => return Ok(true),
            }
        }
    }

    /// How many of the first are durable. A log that went away without telling has said nothing of any.
    fn durable(&self) -> usize {
        if self.told < self.appended {
            return 0;
        }
        self.first_refused.unwrap_or(self.appended)
    }
}

/// An append whose outcome is not told yet. Its end of the channel goes before its share of the thread's waking.
struct Untold {
    tell: Sender<Outcome>,
    _last: Arc<Last>,
}

impl Untold {
    fn tell(self, index: usize, result: Result<Position, AppendError>) {
        drop(self.tell.send((index, result))); // whoever asked may have ended
    }
}

/// Wakes who waits for outcomes once the last is told.
struct Last(Thread);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.unpark();
    }
}

fn record(told: &Alert) -> Record {
    let key = Bytes::copy_from_slice(told.id.as_bytes());
    Record::data(told.revised_at.as_millis(), key, alert::encode(told).into())
}
