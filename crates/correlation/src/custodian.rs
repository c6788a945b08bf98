//! The thread that keeps custody where several processes share the work: follows the alerts and the pulse, claims lots, says how far this
//! instance is. It owns no keys; it tells the shards' threads what they own.
//!
//! Nothing it does may take longer than the silence after which an instance counts as gone: it reads in slices, waits for no thread, and beats in
//! between.

mod recalling;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chappe_eventlog::{AppendError, EventLog, Position, ReadError, ReadLimit, Record, RecordKind, Topic};
use chappe_model::{Alert, Timestamp};
use chappe_proto::alert::{self, AlertsMark, Claim};
use chappe_proto::pulse::{self, Beat, Pulse};
use metrics::{counter, gauge};

use crate::actor::{Actor, Turn};
use crate::custody::{Change, Custody};
use crate::error::RunError;
use crate::halt::Halt;
use crate::metric_names::{LOTS_OWNED, TAKEOVERS, UNREADABLE, WATERMARK_SECONDS};
use crate::pace::Pace;
use crate::ring::{CONTROL_MESSAGES, Control, Feed, Gained};
use crate::tell::ALERTS_PARTITION;
pub(crate) use recalling::Recalling;

/// The one partition of the pulse topic.
pub(crate) const PULSE_PARTITION: u16 = 0;
/// Longest time between two beats: well below the silence after which an instance counts as gone.
const BEAT_EVERY: Duration = Duration::from_millis(250);
/// Orders for which a thread has room left before alerts are handed to it: those of a turn, a few for each lot, never wait.
const SPARE_ORDERS: usize = CONTROL_MESSAGES / 4;
/// Alerts that are read at once: as many as every thread has room for beside that.
const ALERTS_AT_ONCE: ReadLimit = ReadLimit {
    records: CONTROL_MESSAGES / 2,
    bytes: 1 << 20,
};
/// Shortest time between two beats, where there is progress to tell.
const BEAT_AT_MOST_EVERY: Duration = Duration::from_millis(50);

pub(crate) struct Custodian {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) custody: Custody,
    /// What is read next of the alerts and of the pulse.
    pub(crate) alerts_at: Position,
    pub(crate) pulse_at: Position,
    /// The threads of the lots, in order.
    pub(crate) lots: Vec<Feed<Control>>,
    /// The one of what looks at reports whole, which goes with the first lot; none where nothing is looked for in all reports.
    pub(crate) whole: Option<Feed<Control>>,
    /// The reader, which says when all has been read that an owner before may have read.
    pub(crate) reader: Feed<Gained>,
    pub(crate) recalling: Recalling,
    /// Lots that this instance owns by the log, with the epoch: their threads are told so once everything before has been recalled.
    pub(crate) held_back: BTreeMap<u16, u64>,
    /// Of each lot that this instance owns the epoch, and log time up to which what it told counts: it was read back.
    pub(crate) confirmed: Vec<Option<(u64, Timestamp)>>,
    /// How far the threads know that the owners are.
    pub(crate) allowed: Vec<Timestamp>,
    /// Set once the log has been read again.
    pub(crate) settled: Arc<AtomicBool>,
    /// Set while this instance owns the first lot: it speaks for all.
    pub(crate) leads: Arc<AtomicBool>,
    pub(crate) halt: Halt,
    /// Watermark of the last mark in the alerts topic.
    pub(crate) marked: Timestamp,
    pub(crate) pace: Pace,
    pub(crate) last_beat: Option<(Duration, Beat)>,
}

impl Custodian {
    fn now(&self) -> u64 {
        u64::try_from(self.pace.now().as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns whether there was something, so that there may be more.
    fn look(&mut self) -> Result<bool, RunError> {
        if self.settled.load(Ordering::Acquire) {
            self.custody.make_ready();
        }
        let heard = self.read_pulse()?;
        // Known before the alerts are read: what was told here up to there then stands before their end. If this instance owns the lot still, it
        // stands before any claim of another, too, and counts.
        let told: Vec<_> = (0..self.custody.lots()).map(|lot| self.told(lot)).collect();
        let before = self.alerts_at;
        if self.read_alerts()? {
            self.confirm(told);
        }
        let recalls = self.go_on_recalling()?;
        let (now, recalling) = (self.now(), &self.recalling);
        let held = |lot: u16| recalling.holds(lot);
        for claim in self.custody.claims(now, held) {
            self.claim(&claim);
        }
        self.mark();
        self.beat();
        Ok(heard > 0 || self.alerts_at > before || recalls)
    }

    /// All alerts have been read that stood in the log when this instance was so far in each lot.
    fn confirm(&mut self, told: Vec<Option<(u64, Timestamp)>>) {
        for (lot, told) in (0..self.custody.lots()).zip(told) {
            if told.is_some_and(|(epoch, _)| self.custody.owned(lot) == Some(epoch)) {
                self.confirmed[usize::from(lot)] = told;
            }
            let reached = self
                .reached(lot)
                .filter(|reached| *reached > self.allowed[usize::from(lot)]);
            if let Some(reached) = reached {
                self.allowed[usize::from(lot)] = reached;
                self.order(lot, || Control::Allow(reached));
            }
        }
    }

    /// Recalls what fits in now; whether there is more. Lots of which all has been recalled may be owned again.
    fn go_on_recalling(&mut self) -> Result<bool, RunError> {
        let (lots, until) = (self.custody.lots(), self.alerts_at);
        let more = unless_unavailable(Topic::Alerts, self.recalling.go_on(&*self.log, lots, until))?;
        while let Some(lot) = self.recalling.next().map(|alert| alert.lot(lots)) {
            if !self.has_room(lot, 1) {
                return Ok(false); // its thread is busy: again at the next look
            }
            if let Some(alert) = self.recalling.take() {
                self.recall(alert);
            }
        }
        for lot in self.recalling.done() {
            if let Some(epoch) = self.held_back.remove(&lot) {
                self.order(lot, || Control::Own(epoch));
            }
        }
        Ok(more)
    }

    /// Whether the threads of a lot have room for so many alerts, and for orders beside them.
    fn has_room(&self, lot: u16, alerts: usize) -> bool {
        let whole = self.whole.as_ref().filter(|_| lot == 0);
        let mut threads = self.lots.get(usize::from(lot)).into_iter().chain(whole);
        threads.all(|thread| thread.ring.slots() >= alerts + SPARE_ORDERS)
    }

    fn read_pulse(&mut self) -> Result<usize, RunError> {
        let batch = self.read(Topic::Pulse, PULSE_PARTITION, self.pulse_at, ReadLimit::default())?;
        let now = self.now();
        for (at, record) in &batch {
            self.pulse_at = at.next();
            match pulse::decode(&record.payload) {
                Ok(Pulse::Beat(beat)) => self.custody.heard(beat, now),
                Ok(Pulse::Live(_)) => {}
                Err(error) => unreadable(Topic::Pulse, *at, &error),
            }
        }
        Ok(batch.len())
    }

    /// Reads to where the alerts end now. Whether it got there: where a thread has no room for what it may have to recall, the rest waits.
    fn read_alerts(&mut self) -> Result<bool, RunError> {
        let end = self.log.end(Topic::Alerts, ALERTS_PARTITION);
        while self.alerts_at < end && !self.halt.asked() {
            if !(0..self.custody.lots()).all(|lot| self.has_room(lot, ALERTS_AT_ONCE.records)) {
                return Ok(false);
            }
            let batch = self.read(Topic::Alerts, ALERTS_PARTITION, self.alerts_at, ALERTS_AT_ONCE)?;
            if batch.is_empty() {
                return Ok(false);
            }
            for (at, record) in batch {
                self.alerts_at = at.next();
                self.take(at, &record);
            }
            self.beat();
        }
        Ok(true)
    }

    fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, RunError> {
        unless_unavailable(topic, self.log.read(topic, partition, from, limit))
    }

    fn take(&mut self, at: Position, record: &Record) {
        match record.kind {
            RecordKind::Mark => match alert::decode_mark(&record.payload) {
                Ok(AlertsMark::Claim(claim)) => self.take_claim(&claim),
                Ok(AlertsMark::Reached { watermark, epoch }) if self.custody.admits(0, epoch) => {
                    self.marked = self.marked.max(watermark);
                }
                Ok(AlertsMark::Reached { .. }) => {}
                Err(error) => unreadable(Topic::Alerts, at, &error),
            },
            RecordKind::Data => match alert::decode(&record.payload) {
                Ok(told) => self.take_alert(told),
                Err(error) => unreadable(Topic::Alerts, at, &error),
            },
        }
    }

    fn take_alert(&mut self, told: Alert) {
        let lot = told.lot(self.custody.lots());
        if !self.custody.admits(lot, told.epoch) {
            return;
        }
        if self.recalling.holds(lot) {
            self.recalling.told(lot, told);
        } else if self.custody.owned(lot).is_none() {
            self.recall(told);
        }
    }

    /// What another told is recalled by who may own it next.
    fn recall(&mut self, told: Alert) {
        let lot = told.lot(self.custody.lots());
        let thread = match &mut self.whole {
            Some(whole) if told.is_of_the_whole() => whole,
            _ if told.is_of_the_whole() => return,
            _ => &mut self.lots[usize::from(lot)],
        };
        thread.push(Control::Recall(Box::new(told)), &self.halt);
        thread.wake();
    }

    fn take_claim(&mut self, claim: &Claim) {
        match self.custody.claimed(claim) {
            Some(Change::Gained(lot, epoch)) => {
                counter!(TAKEOVERS).increment(1);
                tracing::info!(lot, epoch, "this instance owns the lot from here on");
                if self.recalling.holds(lot) {
                    self.held_back.insert(lot, epoch);
                } else {
                    self.order(lot, || Control::Own(epoch));
                }
                let partitions = 0..self.log.partitions(Topic::Incidents);
                let ends = partitions.map(|partition| self.log.end(Topic::Incidents, partition).0);
                let ends = ends.collect();
                self.reader.push(Gained { lot, epoch, ends }, &self.halt);
                self.reader.wake();
            }
            Some(Change::Lost(lot)) => {
                tracing::info!(
                    lot,
                    owner = claim.instance,
                    "another instance owns the lot from here on"
                );
                // One that was held back has stood by all the time: what it recalls goes on.
                if self.held_back.remove(&lot).is_none() {
                    self.order(lot, || Control::StandBy);
                    self.recalling.add(lot);
                }
            }
            None => {}
        }
        let owned = (0..self.custody.lots()).filter(|lot| self.custody.owned(*lot).is_some());
        gauge!(LOTS_OWNED).set(owned.count() as f64);
        self.leads.store(self.custody.owned(0).is_some(), Ordering::Release);
    }

    /// Tells the thread of a lot, and with the first one that of what looks at reports whole.
    fn order(&mut self, lot: u16, control: impl Fn() -> Control) {
        let whole = self.whole.as_mut().filter(|_| lot == 0);
        for thread in self.lots.get_mut(usize::from(lot)).into_iter().chain(whole) {
            thread.push(control(), &self.halt);
            thread.wake();
        }
    }

    fn claim(&self, claim: &Claim) {
        let mark = Record {
            payload: Bytes::from(alert::encode_claim(claim)),
            ..Record::mark(0)
        };
        self.append(Topic::Alerts, ALERTS_PARTITION, mark);
    }

    /// The epoch under which this instance owns a lot, and log time up to which everything of it is durable; none before it has judged it once.
    fn told(&self, lot: u16) -> Option<(u64, Timestamp)> {
        let epoch = self.custody.owned(lot)?;
        let own = self.lots.get(usize::from(lot))?.progress.reached_under(epoch)?;
        let reached = match &self.whole {
            Some(whole) if lot == 0 => own.min(whole.progress.reached_under(epoch)?),
            _ => own,
        };
        Some((epoch, reached))
    }

    /// Log time up to which what this instance told of a lot that it owns under `epoch` counts.
    fn confirmed(&self, lot: u16, epoch: u64) -> Option<Timestamp> {
        let confirmed = self.confirmed[usize::from(lot)].filter(|(under, _)| *under == epoch);
        confirmed.map(|(_, reached)| reached)
    }

    /// Log time up to which what the owner of a lot told counts, whoever that is.
    fn reached(&self, lot: u16) -> Option<Timestamp> {
        match self.custody.owned(lot) {
            Some(epoch) => self.confirmed(lot, epoch),
            None => self.custody.reached_elsewhere(lot),
        }
    }

    /// Once the alerts of every lot up to a watermark are durable, the owner of the first says so in the alerts topic.
    fn mark(&mut self) {
        let Some(epoch) = self.custody.owned(0) else { return };
        let of_lots = (0..self.custody.lots()).map(|lot| self.reached(lot));
        let reached: Option<Vec<Timestamp>> = of_lots.collect();
        let reached = reached.and_then(|all| all.into_iter().min()).unwrap_or_default();
        if reached <= self.marked {
            return;
        }
        self.marked = reached;
        gauge!(WATERMARK_SECONDS).set(reached.as_millis() as f64 / 1_000.0);
        let mark = Record {
            payload: Bytes::from(alert::encode_mark(reached, epoch)),
            ..Record::mark(reached.as_millis())
        };
        self.append(Topic::Alerts, ALERTS_PARTITION, mark);
    }

    fn beat(&mut self) {
        let beat = self.custody.beat(|lot, epoch| self.confirmed(lot, epoch));
        let due = self.last_beat.as_ref().is_none_or(|(at, last)| {
            let since = self.pace.since(*at);
            since >= BEAT_EVERY || (*last != beat && since >= BEAT_AT_MOST_EVERY)
        });
        if due {
            self.say(&beat);
            self.last_beat = Some((self.pace.now(), beat));
        }
    }

    fn say(&self, beat: &Beat) {
        let payload = pulse::encode(&Pulse::Beat(beat.clone())).into();
        let key = Bytes::copy_from_slice(beat.instance.as_bytes());
        self.append(
            Topic::Pulse,
            PULSE_PARTITION,
            Record::data(self.marked.as_millis(), key, payload),
        );
    }

    /// Appends what is said again soon if it gets lost.
    fn append(&self, topic: Topic, partition: u16, record: Record) {
        let halt = self.halt.clone();
        let done = Box::new(move |outcome| match outcome {
            Err(error @ (AppendError::Failed { .. } | AppendError::Closed)) if !halt.asked() => {
                halt.fail(RunError::Append(error));
            }
            Err(error) => tracing::warn!(%error, %topic, "not appended; the next one will do"),
            Ok(_) => {}
        });
        self.log.append(topic, partition, record, done);
    }
}

/// Runs until the service stops; then says goodbye, so that nobody waits for its silence.
impl Actor for Custodian {
    /// An idle custodian looks again this often; the log wakes it at once.
    const IDLE_WAIT: Duration = Duration::from_millis(25);

    fn turn(&mut self) -> Result<Turn, RunError> {
        if self.halt.asked() {
            self.say(&Beat {
                held: vec![],
                ready: false,
                ..self.custody.beat(|_, _| None)
            });
            return Ok(Turn::Over);
        }
        Ok(if self.look()? { Turn::Busy } else { Turn::Idle })
    }
}

/// What was read; nothing where the log cannot be read for now: the next look reads again.
fn unless_unavailable<T: Default>(topic: Topic, read: Result<T, ReadError>) -> Result<T, RunError> {
    match read {
        Err(error @ ReadError::Unavailable { .. }) => {
            tracing::warn!(%error, %topic, "reading again");
            Ok(T::default())
        }
        read => Ok(read?),
    }
}

fn unreadable(topic: Topic, at: Position, error: &dyn std::fmt::Display) {
    counter!(UNREADABLE).increment(1);
    tracing::error!(%error, %topic, position = at.0, "a record is not readable by this version; skipped");
}
