//! The reader's thread: partitions of the log through fold, sightings to the shards that own their keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chappe_correlate::{Intake, Sighting, shard_of};
use chappe_eventlog::{AppendError, EventLog, Position, ReadError, ReadLimit, Record, RecordKind, Topic};
use chappe_model::{Alert, Policy, Timestamp};
use chappe_proto::{alert, incident};
use metrics::{counter, gauge};

use crate::error::RunError;
use crate::halt::Halt;
use crate::live::LiveTeller;
use crate::metric_names::{BACKLOG_RECORDS, REPLAY_SECONDS, REPORTS, SIGHTINGS, UNREADABLE, WATERMARK_SECONDS};
use crate::ring::{Feed, Message};
use crate::snapshots::Snapshots;
use crate::tell::{ALERTS_PARTITION, Told, tell};

/// An idle reader looks this often whether there is a snapshot to take or it is to stop; the log wakes it at once.
const IDLE_WAIT: Duration = Duration::from_millis(100);
/// Records and bytes read of one partition before the next has its turn.
const TURN: ReadLimit = ReadLimit {
    records: 1_024,
    bytes: 1 << 20,
};

pub(crate) struct Reader {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) epoch: u64,
    pub(crate) intake: Intake,
    pub(crate) positions: Vec<u64>,
    pub(crate) feeds: Vec<Feed>,
    /// The linker's; none where nothing is linked.
    pub(crate) links: Option<Feed>,
    /// The ends of campaigns that nothing stands behind any more; told once the log has been read again.
    pub(crate) unlinked: Vec<Alert>,
    pub(crate) snapshots: Snapshots,
    pub(crate) live: LiveTeller,
    /// Where several processes share the work: set once the log has been read again. The custodian then judges when what is told.
    pub(crate) settled: Option<Arc<AtomicBool>>,
    pub(crate) halt: Halt,
    /// Watermark of the last mark in the alerts topic.
    pub(crate) marked: Timestamp,
    pub(crate) sightings: Vec<Sighting>,
}

impl Reader {
    /// Runs until it is asked to stop, then saves a last snapshot.
    pub(crate) fn run(mut self) {
        if let Err(error) = self.read_on() {
            self.halt.fail(error);
            return;
        }
        let cut = (&*self.policy, &self.positions[..], &self.intake);
        self.snapshots
            .take_last(cut, &mut self.feeds, self.links.as_mut(), &self.halt);
    }

    fn read_on(&mut self) -> Result<(), RunError> {
        // What a snapshot holds counts before the rest of the log is read.
        self.live.tell(&self.intake, &self.positions, true);
        self.replay()?;
        while !self.halt.asked() {
            let read = self.read_all()?;
            self.mark_alerts();
            if self.snapshots.is_due(&self.positions) {
                let cut = (&*self.policy, &self.positions[..], &self.intake);
                self.snapshots
                    .take(cut, &mut self.feeds, self.links.as_mut(), &self.halt);
            }
            if read == 0 {
                std::thread::park_timeout(IDLE_WAIT);
            }
        }
        Ok(())
    }

    /// Reads the log up to where it is now; only then anything is judged and told.
    fn replay(&mut self) -> Result<(), RunError> {
        let began = Instant::now();
        let ends: Vec<u64> = (0..self.partitions())
            .map(|partition| self.log.end(Topic::Incidents, partition).0)
            .collect();
        while !self.halt.asked() && self.positions.iter().zip(&ends).any(|(at, end)| at < end) {
            self.read_all()?;
        }
        if self.halt.asked() {
            return Ok(()); // what was read so far is no picture: nothing is judged
        }
        self.broadcast(|| Message::Settle);
        if let Some(settled) = &self.settled {
            settled.store(true, Ordering::Release);
        }
        if tell(&*self.log, &mut self.unlinked, &self.halt)? == Told::Stopping {
            return Ok(()); // the next start finds them open still
        }
        let (seconds, watermark) = (began.elapsed().as_secs_f64(), self.intake.watermark());
        gauge!(REPLAY_SECONDS).set(seconds);
        tracing::info!(seconds, %watermark, epoch = self.epoch, "read the log up to its end; judging from here on");
        Ok(())
    }

    fn partitions(&self) -> u16 {
        u16::try_from(self.positions.len()).unwrap_or(u16::MAX)
    }

    /// One turn of every partition; returns how many records there were.
    fn read_all(&mut self) -> Result<usize, RunError> {
        let mut read = 0;
        for partition in 0..self.partitions() {
            read += self.read_partition(partition)?;
        }
        if read > 0 {
            self.feeds.iter().for_each(Feed::wake);
            self.links.iter().for_each(Feed::wake);
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
        let batch = match self.log.read(Topic::Incidents, partition, at, TURN) {
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
        if let Some(links) = &mut self.links {
            links.push(Message::Report(at, Box::new(accepted)), &self.halt);
        }
    }

    fn broadcast(&mut self, message: impl Fn() -> Message) {
        for feed in self.feeds.iter_mut().chain(&mut self.links) {
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
            .chain(&self.links)
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
