//! The incidents that members reported, indexed for their reporters.

mod outline;
mod searching;
mod shelf;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chappe_eventlog::{EventLog, Position, ReadError, ReadLimit, Record, RecordKind, Topic, Writers};
use chappe_model::{MemberId, Secret, Timestamp};
use chappe_proto::incident;
use metrics::{counter, gauge};
use tokio::sync::Semaphore;

use self::shelf::{DueOf, Shelf, Taken};
use crate::metric_names as names;
use crate::options::{SEARCHES_AT_ONCE, SEARCHES_ON_SHARED};

/// An index of every incident in the log, member by member. It follows the topic `incidents` and answers what members look for among their own reports; the records
/// themselves are read from the log where they are wanted.
///
/// It is behind the log by as much as it was not read yet: nothing waits for it, and each answer says up to when everything was looked at.
pub struct Incidents {
    log: Arc<dyn EventLog>,
    secret: Secret,
    stale_after_ms: u64,
    shelves: RwLock<HashMap<MemberId, Shelf>>,
    /// Held by the one that reads on.
    reading: Mutex<Vec<Read>>,
    /// Everything that was stamped up to here was taken in.
    searched_to: Mutex<Timestamp>,
    /// Room for searches asked over gRPC: [`SEARCHES_AT_ONCE`], or [`SEARCHES_ON_SHARED`].
    pub(crate) searches: Arc<Semaphore>,
}

/// How far a partition was read.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    next: Position,
    /// The last time mark.
    marked: Timestamp,
}

impl Incidents {
    /// Of this log; nothing is read yet. An answer is stale when log time is more than `stale_after_ms` behind the clock.
    pub fn new(log: Arc<dyn EventLog>, secret: Secret, stale_after_ms: u64) -> Self {
        let partitions = log.partitions(Topic::Incidents);
        let at_once = match log.writers() {
            Writers::Shared => SEARCHES_ON_SHARED,
            Writers::Sole => SEARCHES_AT_ONCE,
        };
        Self {
            log,
            secret,
            stale_after_ms,
            shelves: RwLock::default(),
            reading: Mutex::new(vec![Read::default(); usize::from(partitions)]),
            searched_to: Mutex::default(),
            searches: Arc::new(Semaphore::new(at_once)),
        }
    }

    /// Reads everything that the log holds.
    ///
    /// # Errors
    /// When the log cannot be read; what was read before stands, and the same call may be tried again.
    pub fn catch_up(&self) -> Result<(), ReadError> {
        while self.read_on()? > 0 {}
        Ok(())
    }

    /// One read of each partition; how many records there were. It blocks while it reads and merges.
    ///
    /// # Errors
    /// As [`Incidents::catch_up`].
    pub fn read_on(&self) -> Result<usize, ReadError> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut count, mut failed) = (0, None);
        for (partition, read) in (0..).zip(reading.iter_mut()) {
            match self.read_partition(partition, read) {
                Ok(read) => count += read,
                // The others go on.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if let Some(marked) = reading.iter().map(|read| read.marked).min() {
            *self.searched_to.lock().unwrap_or_else(PoisonError::into_inner) = marked;
        }
        if count > 0 && self.merge() {
            gauge!(names::INCIDENT_INDEX_BYTES).set(self.bytes() as f64);
        }
        failed.map_or(Ok(count), Err)
    }

    /// Up to when everything reported was taken in, by the time marks of all partitions.
    #[must_use]
    pub fn searched_to(&self) -> Timestamp {
        *self.searched_to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of memory that the index takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shelves().values().map(Shelf::bytes).sum()
    }

    fn read_partition(&self, partition: u16, read: &mut Read) -> Result<usize, ReadError> {
        let records = self
            .log
            .read(Topic::Incidents, partition, read.next, ReadLimit::default())?;
        let (mut taken, mut marked) = (Vec::with_capacity(records.len()), read.marked);
        for (position, record) in &records {
            match record.kind {
                // A mark that carries a lesson moves no time.
                RecordKind::Mark => marked = marked.max(Timestamp::from_millis(record.stamp_ms)),
                RecordKind::Data => taken.extend(self.take(partition, *position, record)),
            }
        }
        if !taken.is_empty() {
            let mut shelves = self.write_shelves();
            for (member, taken) in taken {
                shelves.entry(member).or_default().take(taken);
            }
        }
        // Only now: what was marked was taken in.
        read.marked = marked;
        read.next = records.last().map_or(read.next, |(last, _)| last.next());
        Ok(records.len())
    }

    /// What a record adds, and to whose shelf. One that is unreadable, or was written under another secret, counts for nobody, here as for ingest.
    fn take(&self, partition: u16, position: Position, record: &Record) -> Option<(MemberId, Taken)> {
        let decoded = incident::decode(&record.payload).map_err(|error| error.to_string());
        let fitting = decoded.and_then(|(accepted, _)| {
            let id = self
                .secret
                .incident_id(&accepted.reporter, &accepted.incident.report_key);
            let is_ours =
                accepted.id == id && Secret::partition(id, self.log.partitions(Topic::Incidents)) == partition;
            is_ours
                .then_some(accepted)
                .ok_or_else(|| "written under another secret".to_owned())
        });
        match fitting {
            Ok(accepted) => {
                let taken = Taken::of(position, &accepted, &self.secret);
                Some((accepted.reporter, taken))
            }
            Err(reason) => {
                counter!(names::INCIDENTS_UNDECODED).increment(1);
                tracing::error!(partition, %position, reason, "a record of the topic incidents cannot be searched");
                None
            }
        }
    }

    /// Merges what it is time for; whether there was anything. Searches go on meanwhile: only the one that reads on merges.
    fn merge(&self) -> bool {
        let mut is_any = false;
        loop {
            let due = self
                .shelves()
                .iter()
                .find_map(|(member, shelf)| Some((member.clone(), shelf.due()?)));
            let Some((member, due)) = due else { return is_any };
            let merged = DueOf::merged(due);
            if let Some(shelf) = self.write_shelves().get_mut(&member) {
                shelf.install(merged);
            }
            is_any = true;
        }
    }

    fn shelves(&self) -> RwLockReadGuard<'_, HashMap<MemberId, Shelf>> {
        self.shelves.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_shelves(&self) -> RwLockWriteGuard<'_, HashMap<MemberId, Shelf>> {
        self.shelves.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Incidents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incidents").finish_non_exhaustive()
    }
}
