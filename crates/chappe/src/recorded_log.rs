//! The log of an installation that does not run, read from its beginning in the order of log time. Nothing is written.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::{Context, Result, bail};
use chappe_correlation::LESSON_KEY;
use chappe_eventlog::{EventLog, Position, ReadError, ReadLimit, Record, RecordKind, Topic};
use chappe_eventlog_local::ReadOnlyLog;
use chappe_model::{Accepted, Secret, SurgeLessonPart, Timestamp};

use crate::secret::{LOG_FOLDER, SECRET_FILE, load};

/// A log and the secret that its ids rest on.
pub(crate) struct RecordedLog {
    pub(crate) log: ReadOnlyLog,
    pub(crate) secret: Secret,
}

/// A record of the incidents topic.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) partition: u16,
    pub(crate) stamp: Timestamp,
    /// The running maximum of stamps in its partition.
    pub(crate) log_time: Timestamp,
    pub(crate) what: What,
}

/// What a record says.
#[derive(Debug)]
pub(crate) enum What {
    /// A revision was accepted.
    Report(Box<Accepted>),
    /// Time has passed.
    Mark,
    /// Something was learned of counts.
    Lesson(Box<SurgeLessonPart>),
    /// Nothing that this version reads: where it stands, and why.
    Unread(String),
}

impl RecordedLog {
    /// Opens a data folder.
    ///
    /// # Errors
    /// When it is none, a process has it open, or it is damaged.
    pub(crate) fn open(data: &Path) -> Result<Self> {
        for name in [SECRET_FILE, LOG_FOLDER] {
            if !data.join(name).exists() {
                bail!(
                    "{} has no {name}: it is no data folder of an installation",
                    data.display()
                );
            }
        }
        let secret = load(&data.join(SECRET_FILE))?;
        let opened = ReadOnlyLog::open(data.join(LOG_FOLDER));
        let (log, report) = opened.with_context(|| format!("the log in {}", data.display()))?;
        if let Some(torn) = report.torn_tail {
            let file = torn.file.display();
            tracing::warn!(%file, offset = torn.offset, bytes = torn.bytes, "the end of the log was never finished and is not read");
        }
        Ok(Self { log, secret })
    }

    /// Everything in the incidents topic: by log time, of one time by partition.
    pub(crate) fn entries(&self) -> Entries<'_> {
        let lane = |partition| Lane {
            partition,
            ahead: VecDeque::new(),
            next: Position(0),
            time: Timestamp::ZERO,
        };
        Entries {
            log: &self.log,
            lanes: (0..self.log.partitions(Topic::Incidents)).map(lane).collect(),
        }
    }
}

/// Joins the partitions by log time; of each as much is held as one read gives.
pub(crate) struct Entries<'l> {
    log: &'l ReadOnlyLog,
    lanes: Vec<Lane>,
}

struct Lane {
    partition: u16,
    ahead: VecDeque<(Position, Record)>,
    next: Position,
    time: Timestamp,
}

impl Lane {
    /// The log time of what comes next; none at the end.
    fn next_time(&mut self, log: &ReadOnlyLog) -> Result<Option<Timestamp>, ReadError> {
        if self.ahead.is_empty() {
            let read = log.read(Topic::Incidents, self.partition, self.next, ReadLimit::default())?;
            self.ahead = read.into();
            self.next = self.ahead.back().map_or(self.next, |(last, _)| last.next());
        }
        let next = self.ahead.front();
        Ok(next.map(|(_, record)| self.time.max(Timestamp::from_millis(record.stamp_ms))))
    }

    fn take(&mut self) -> Option<Entry> {
        let (position, record) = self.ahead.pop_front()?;
        let stamp = Timestamp::from_millis(record.stamp_ms);
        self.time = self.time.max(stamp);
        let unread = |error: &dyn std::fmt::Display| {
            What::Unread(format!("partition {}, record {position}: {error}", self.partition))
        };
        let what = match record.kind {
            RecordKind::Data => match chappe_proto::incident::decode(&record.payload) {
                Ok((accepted, _)) => What::Report(Box::new(accepted)),
                Err(error) => unread(&error),
            },
            RecordKind::Mark if record.key == LESSON_KEY => match chappe_proto::surge::decode(&record.payload) {
                Ok(part) => What::Lesson(Box::new(part)),
                Err(error) => unread(&error),
            },
            RecordKind::Mark => What::Mark,
        };
        Some(Entry {
            partition: self.partition,
            stamp,
            log_time: self.time,
            what,
        })
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut first: Option<(Timestamp, usize)> = None;
        for (place, lane) in self.lanes.iter_mut().enumerate() {
            match lane.next_time(self.log) {
                Err(error) => return Some(Err(error)),
                Ok(Some(at)) if first.is_none_or(|(earliest, _)| at < earliest) => first = Some((at, place)),
                Ok(_) => {}
            }
        }
        self.lanes.get_mut(first?.1)?.take().map(Ok)
    }
}
