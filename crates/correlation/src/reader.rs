//! The reader's thread: partitions of the log through fold, sightings to the shards that own their keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chappe_correlate::{Intake, Sighting, shard_of};
use chappe_eventlog::{AppendError, EventLog, Position, ReadError, Record, RecordKind, Topic};
use chappe_model::{Alert, Policy, Timestamp};
use chappe_proto::{alert, incident, surge};
use metrics::{counter, gauge};
use rtrb::Consumer;

use crate::actor::{Actor, Turn};
use crate::error::RunError;
use crate::halt::Halt;
use crate::learning::LESSON_KEY;
use crate::live::LiveTeller;
use crate::metric_names::{
    BACKLOG_RECORDS, REPLAY_SECONDS, REPORTS, RINGS_FULL, SIGHTINGS, UNREADABLE, WATERMARK_SECONDS,
};
use crate::pace::Pace;
use crate::ring::{Feed, Gained, Message};
use crate::snapshots::Snapshots;
use crate::tell::{ALERTS_PARTITION, Telling, Told};
use crate::threads::Wake;

/// Messages that one record gives rise to at most, as far as rings that nobody may wait for go.
const MESSAGES_OF_RECORD: usize = 128;

/// What the reader is at.
pub(crate) enum Stage {
    /// Reads the log up to where it was at the start, once it is known where that was; only then anything is judged and told.
    Replay(Option<Vec<u64>>),
    /// Reads on.
    Follow,
    /// Stands still until the states of a snapshot are there.
    Snapshot,
    /// The same, for the last time.
    LastSnapshot,
}

pub(crate) struct Reader {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) epoch: u64,
    pub(crate) intake: Intake,
    pub(crate) positions: Vec<u64>,
    pub(crate) feeds: Vec<Feed>,
    /// That of what looks at reports whole; none where nothing is looked for in all reports.
    pub(crate) whole: Option<Feed>,
    /// The ends of campaigns that nothing stands behind any more; told once the log has been read again.
    pub(crate) orphaned: Vec<Alert>,
    pub(crate) snapshots: Snapshots,
    pub(crate) live: LiveTeller,
    /// Where several processes share the work: set once the log has been read again. The custodian then judges when what is told.
    pub(crate) settled: Option<Arc<AtomicBool>>,
    /// The custodian's: lots that this instance owns; none where it owns everything.
    pub(crate) gains: Option<Consumer<Gained>>,
    /// Of these, those whose owners have not caught up yet.
    pub(crate) gained: Vec<Gained>,
    /// Wakes this thread.
    pub(crate) wake: Wake,
    pub(crate) halt: Halt,
    /// Watermark of the last mark in the alerts topic.
    pub(crate) marked: Timestamp,
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) pace: Pace,
    pub(crate) stage: Stage,
}

/// Runs until it is asked to stop, then saves a last snapshot.
impl Actor for Reader {
    /// An idle reader looks this often whether there is a snapshot to take or it is to stop; the log wakes it at once.
    const IDLE_WAIT: Duration = Duration::from_millis(100);

    fn turn(&mut self) -> Result<Turn, RunError> {
        if self.halt.asked() && matches!(self.stage, Stage::Replay(_) | Stage::Follow) {
            self.snapshots
                .begin_last(&self.positions, &mut self.feeds, self.whole.as_mut(), &self.halt);
            self.stage = Stage::LastSnapshot;
        }
        match &self.stage {
            Stage::Replay(None) => {
                // What a snapshot holds counts before the rest of the log is read.
                self.live.tell(&self.intake, &self.positions, true);
                self.stage = Stage::Replay(Some(self.ends()));
            }
            Stage::Replay(Some(ends)) => {
                let ends = ends.clone();
                self.replay(&ends)?;
            }
            Stage::Follow => return self.follow(),
            // The wait is within, where there may be one.
            Stage::Snapshot => {
                if self.take_snapshot() {
                    self.stage = Stage::Follow;
                }
            }
            Stage::LastSnapshot => {
                if self.take_snapshot() {
                    self.snapshots.finish();
                    return Ok(Turn::Over);
                }
            }
        }
        Ok(Turn::Busy)
    }
}

impl Reader {
    fn replay(&mut self, ends: &[u64]) -> Result<(), RunError> {
        self.read_all()?;
        if self.halt.asked() || self.positions.iter().zip(ends).any(|(at, end)| at < end) {
            return Ok(()); // what was read so far is no picture: nothing is judged
        }
        self.stage = Stage::Follow;
        self.broadcast(|| Message::Settle);
        if let Some(settled) = &self.settled {
            settled.store(true, Ordering::Release);
        }
        if !self.orphaned.is_empty() {
            let mut telling = Telling::new(Arc::clone(&self.log), self.halt.clone(), self.pace.clone());
            telling.take(&mut self.orphaned);
            if telling.finish()? != Told::Durable {
                return Ok(()); // the next start finds them open still
            }
        }
        let (seconds, watermark) = (self.pace.now().as_secs_f64(), self.intake.watermark());
        gauge!(REPLAY_SECONDS).set(seconds);
        tracing::info!(seconds, %watermark, epoch = self.epoch, "read the log up to its end; judging from here on");
        Ok(())
    }

    fn follow(&mut self) -> Result<Turn, RunError> {
        let read = self.read_all()?;
        self.catch_up();
        self.mark_alerts();
        if self.snapshots.is_due(&self.positions) {
            self.snapshots.begin(&mut self.feeds, self.whole.as_mut(), &self.halt);
            self.stage = Stage::Snapshot;
            return Ok(Turn::Busy);
        }
        Ok(if read == 0 { Turn::Idle } else { Turn::Busy })
    }

    /// Tells the owners of lots that this instance has gained, once what stood in the log then has been sent to them.
    fn catch_up(&mut self) {
        while let Some(gained) = self.gains.as_mut().and_then(|gains| gains.pop().ok()) {
            self.gained.push(gained);
        }
        let is_read = |gained: &mut Gained| self.positions.iter().zip(&gained.ends).all(|(at, end)| at >= end);
        let read: Vec<Gained> = self.gained.extract_if(.., is_read).collect();
        for Gained { lot, epoch, .. } in read {
            let whole = self.whole.as_mut().filter(|_| lot == 0);
            for feed in self.feeds.get_mut(usize::from(lot)).into_iter().chain(whole) {
                feed.push(Message::CaughtUp(epoch), &self.halt);
                feed.wake();
            }
        }
    }

    /// Whether all states are there.
    fn take_snapshot(&mut self) -> bool {
        let cut = (&*self.policy, &self.positions[..], &self.intake);
        self.snapshots.go_on(cut, &self.feeds, self.whole.as_ref())
    }

    fn ends(&self) -> Vec<u64> {
        (0..self.partitions())
            .map(|partition| self.log.end(Topic::Incidents, partition).0)
            .collect()
    }

    fn partitions(&self) -> u16 {
        u16::try_from(self.positions.len()).unwrap_or(u16::MAX)
    }

    /// One turn of every partition; returns how many records there were.
    fn read_all(&mut self) -> Result<usize, RunError> {
        let mut read = 0;
        let room = self.pace.grain.read.records * usize::from(self.partitions()) * MESSAGES_OF_RECORD;
        if !self.feeds.iter().chain(&self.whole).all(|feed| feed.has_room(room)) {
            counter!(RINGS_FULL).increment(1);
            return Ok(0);
        }
        for partition in 0..self.partitions() {
            read += self.read_partition(partition)?;
        }
        if read > 0 {
            self.feeds.iter().for_each(Feed::wake);
            self.whole.iter().for_each(Feed::wake);
        }
        let backlog: u64 = (0..self.partitions())
            .map(|p| {
                self.log
                    .end(Topic::Incidents, p)
                    .0
                    .saturating_sub(self.positions[usize::from(p)])
            })
            .sum();
        gauge!(BACKLOG_RECORDS).set(backlog as f64);
        self.live.tell(&self.intake, &self.positions, read == 0);
        Ok(read)
    }

    fn read_partition(&mut self, partition: u16) -> Result<usize, RunError> {
        let at = Position(self.positions[usize::from(partition)]);
        let batch = match self.log.read(Topic::Incidents, partition, at, self.pace.grain.read) {
            Ok(batch) => batch,
            Err(error @ ReadError::Unavailable { .. }) => {
                tracing::warn!(%error, partition, "reading again");
                return Ok(0);
            }
            Err(error) => return Err(error.into()),
        };
        let read = batch.len();
        for (position, record) in batch {
            self.take(partition, position, &record);
            self.positions[usize::from(partition)] = position.next().0;
        }
        Ok(read)
    }

    fn take(&mut self, partition: u16, position: Position, record: &Record) {
        let stamp = Timestamp::from_millis(record.stamp_ms);
        if record.kind == RecordKind::Mark {
            if record.key == LESSON_KEY {
                self.take_lesson(partition, position, record);
            }
            if let Some(watermark) = self.intake.mark(partition, stamp) {
                self.broadcast(|| Message::Advance(watermark));
            }
            return;
        }
        let (accepted, _) = match incident::decode(&record.payload) {
            Ok(decoded) => decoded,
            Err(error) => {
                counter!(UNREADABLE).increment(1);
                tracing::error!(%error, partition, position = position.0, "a record of the incidents topic is not readable by this version; skipped");
                return;
            }
        };
        let at = self.intake.record(partition, stamp, &accepted, &mut self.sightings);
        counter!(REPORTS).increment(1);
        counter!(SIGHTINGS).increment(self.sightings.len() as u64);
        let shards = self.feeds.len();
        for sighting in self.sightings.drain(..) {
            self.feeds[shard_of(sighting.key_hash, shards)].push(Message::Sighting(at, sighting), &self.halt);
        }
        if let Some(whole) = &mut self.whole {
            whole.push(Message::Report(at, Box::new(accepted)), &self.halt);
        }
    }

    /// A part of what was learned of counts, in force from this place of the log on.
    fn take_lesson(&mut self, partition: u16, position: Position, record: &Record) {
        let Some(whole) = &mut self.whole else { return };
        match surge::decode(&record.payload) {
            Ok(part) => whole.push(Message::Lesson(self.intake.time(partition), Box::new(part)), &self.halt),
            Err(error) => {
                counter!(UNREADABLE).increment(1);
                tracing::error!(%error, partition, position = position.0, "a lesson on surges is not readable by this version; skipped");
            }
        }
    }

    fn broadcast(&mut self, message: impl Fn() -> Message) {
        for feed in self.feeds.iter_mut().chain(&mut self.whole) {
            feed.push(message(), &self.halt);
            feed.wake();
        }
    }

    /// Once every shard's alerts up to a watermark are durable, a mark says so in the alerts topic.
    fn mark_alerts(&mut self) {
        if self.settled.is_some() {
            return; // the custodian knows of the other owners
        }
        let reached = self
            .feeds
            .iter()
            .chain(&self.whole)
            .map(|feed| feed.progress.reached())
            .min()
            .unwrap_or_default();
        if reached <= self.marked {
            return;
        }
        self.marked = reached;
        gauge!(WATERMARK_SECONDS).set(reached.as_millis() as f64 / 1_000.0);
        let mark = Record {
            payload: Bytes::from(alert::encode_mark(reached, self.epoch)),
            ..Record::mark(reached.as_millis())
        };
        let halt = self.halt.clone();
        let done = Box::new(move |outcome| match outcome {
            Err(error @ (AppendError::Failed { .. } | AppendError::Closed)) if !halt.asked() => {
                halt.fail(RunError::Append(error))
            }
            Err(error) => tracing::warn!(%error, "a time mark could not be appended; the next one will do"),
            Ok(_) => {}
        });
        self.log.append(Topic::Alerts, ALERTS_PARTITION, mark, done);
    }
}
