//! The log as its users see it.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    thread::{self, JoinHandle},
};

use chappe_eventlog::{
    AppendError, Durability, EventLog, OnDurable, Partitions, Position, ReadError, ReadLimit, Record, SnapshotError,
    SnapshotStore, Topic, Writers,
};

use crate::{
    cache::Cache,
    committer::{Committer, Tail},
    disk::{Disk, OsDisk},
    error::OpenError,
    folder::{self, FolderLock, Meta},
    format::Seed,
    index::Index,
    metric_names as names,
    options::LocalOptions,
    queue::{Pending, Queue, Refusal},
    read,
    recover::{OpenReport, recover},
    snapshots::SnapshotFolder,
};

type Wake = Arc<dyn Fn() + Send + Sync>;

/// What readers need of the durable journal.
pub(crate) struct View {
    pub(crate) index: Index,
    pub(crate) cache: Cache,
}

/// What the committer and the callers share.
pub(crate) struct Shared {
    pub(crate) options: LocalOptions,
    pub(crate) partitions: Partitions,
    pub(crate) seed: Seed,
    pub(crate) queue: Queue,
    view: RwLock<View>,
    wakes: RwLock<Vec<(Topic, Wake)>>,
    /// Held until the committer is gone too. None for a copy that is only read.
    _lock: Option<FolderLock>,
}

impl Shared {
    pub(crate) fn new(
        options: LocalOptions,
        partitions: Partitions,
        seed: Seed,
        index: Index,
        lock: Option<FolderLock>,
    ) -> Self {
        Self {
            queue: Queue::new(options.queue_records, options.queue_bytes),
            partitions,
            seed,
            view: RwLock::new(View {
                index,
                cache: Cache::new(partitions.total(), options.cache_bytes),
            }),
            wakes: RwLock::default(),
            _lock: lock,
            options,
        }
    }

    /// See [`EventLog::read`].
    pub(crate) fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        let partitions = self.partitions.of(topic);
        let slot = self.partitions.slot(topic, partition);
        let slot = slot.ok_or(ReadError::NoSuchPartition {
            topic,
            partition,
            partitions,
        })?;
        read::read(self, slot, from.0, limit)
    }

    /// See [`EventLog::end`].
    pub(crate) fn end(&self, topic: Topic, partition: u16) -> Position {
        let slot = self.partitions.slot(topic, partition);
        Position(slot.map_or(0, |slot| self.view().index.end(slot)))
    }

    pub(crate) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wakes_of(&self, topics: &[Topic]) -> Vec<Wake> {
        let wakes = self.wakes.read().unwrap_or_else(PoisonError::into_inner);
        wakes
            .iter()
            .filter(|(topic, _)| topics.contains(topic))
            .map(|(_, wake)| Arc::clone(wake))
            .collect()
    }
}

/// An [`EventLog`] and [`SnapshotStore`] in a folder. Dropping it closes it.
pub struct LocalLog {
    shared: Arc<Shared>,
    snapshots: SnapshotFolder,
    committer: Mutex<Option<JoinHandle<()>>>,
}

impl LocalLog {
    /// Opens the log in a folder, or creates one: takes the lock, reads the journal through and checks all of it, cuts
    /// off a torn tail, and starts the committer thread. The time it takes grows with the journal.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(options: LocalOptions) -> Result<(Self, OpenReport), OpenError> {
        Self::open_on(options, Arc::new(OsDisk))
    }

    pub(crate) fn open_on(options: LocalOptions, disk: Arc<dyn Disk>) -> Result<(Self, OpenReport), OpenError> {
        options.check()?;
        let lock = folder::lock(&options.folder)?;
        let meta = Meta::open_or_create(&options.folder, options.partitions, disk.as_ref())?;
        let seed = Seed::of_journal(meta.journal);
        let recovered = recover(&options.folder, seed, meta.partitions, disk.as_ref())?;
        if let Some(torn) = &recovered.report.torn_tail {
            let file = torn.file.display();
            tracing::warn!(%file, offset = torn.offset, bytes = torn.bytes, reason = torn.reason, "cut a torn tail off");
        }
        let snapshots = SnapshotFolder::of_log(&options.folder, disk.as_ref())?;
        let tail = Tail {
            disk,
            folder: options.folder.clone(),
            segment_bytes: options.segment_bytes,
            segment: recovered.segment,
            file: recovered.file,
            offset: recovered.offset,
            extended_to: recovered.offset,
        };
        let shared = Shared::new(options, meta.partitions, seed, recovered.index, Some(lock));
        let shared = Arc::new(shared);
        metrics::gauge!(names::QUEUE_LIMIT).set(shared.options.queue_records as f64);
        metrics::gauge!(names::QUEUE_RECORDS).set(0.0);
        let committer = Committer::new(Arc::clone(&shared), tail, recovered.next_sequence);
        let thread = thread::Builder::new()
            .name("chappe-log".into())
            .spawn(move || committer.run());
        let thread = thread.map_err(OpenError::io("start the committer of", &shared.options.folder))?;
        Ok((
            Self {
                shared,
                snapshots,
                committer: Mutex::new(Some(thread)),
            },
            recovered.report,
        ))
    }

    fn push(&self, topic: Topic, partition: u16, record: Record, on_durable: OnDurable) -> Result<(), Refusal> {
        if let Err(error) = record.check_size() {
            return Err((on_durable, error));
        }
        let Some(slot) = self.shared.partitions.slot(topic, partition) else {
            let partitions = self.shared.partitions.of(topic);
            let reason = format!("topic {topic} has {partitions} partitions, there is no partition {partition}");
            return Err((on_durable, AppendError::Refused { reason }));
        };
        self.shared.queue.push(Pending {
            slot,
            record,
            on_durable,
        })
    }
}

impl EventLog for LocalLog {
    fn durability(&self) -> Durability {
        Durability::Disk
    }

    fn writers(&self) -> Writers {
        Writers::Sole // the folder is locked
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.shared.partitions.of(topic)
    }

    fn append(&self, topic: Topic, partition: u16, record: Record, on_durable: OnDurable) {
        if let Err((on_durable, error)) = self.push(topic, partition, record, on_durable) {
            if matches!(error, AppendError::Refused { .. }) {
                metrics::counter!(names::REFUSED).increment(1);
            }
            on_durable(Err(error));
        }
    }

    fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        self.shared.read(topic, partition, from, limit)
    }

    fn end(&self, topic: Topic, partition: u16) -> Position {
        self.shared.end(topic, partition)
    }

    fn on_advance(&self, topic: Topic, wake: Wake) {
        self.shared
            .wakes
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push((topic, wake));
    }

    fn health(&self) -> Result<(), AppendError> {
        self.shared.queue.failed().map_or(Ok(()), Err)
    }

    fn close(&self) {
        self.shared.queue.close();
        // Whoever comes second waits here until the first has seen the committer end.
        let mut committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
        if committer
            .as_ref()
            .is_some_and(|thread| thread.thread().id() == thread::current().id())
        {
            return; // Called by a callback: the committer ends once it has returned.
        }
        if let Some(thread) = committer.take()
            && thread.join().is_err()
        {
            tracing::error!("the committer thread panicked");
        }
    }
}

impl Drop for LocalLog {
    fn drop(&mut self) {
        self.close();
    }
}

impl SnapshotStore for LocalLog {
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
        self.snapshots.save(name, bytes)
    }

    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, SnapshotError> {
        self.snapshots.load(name)
    }
}

impl std::fmt::Debug for LocalLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalLog")
            .field("folder", &self.shared.options.folder)
            .finish_non_exhaustive()
    }
}
