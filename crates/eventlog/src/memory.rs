//! A log in memory, with faults on demand: for tests in virtual time and for programs that keep nothing.

mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::state::State;
use crate::{
    error::{AppendError, ReadError, SnapshotError},
    faults::FaultPlan,
    log::{Durability, EventLog, OnDurable, ReadLimit, Writers},
    record::{Position, Record},
    snapshot::{SnapshotStore, check_snapshot},
    topic::{Partitions, Topic},
};

/// The most appends a [`MemoryLog`] holds until they are released; more are refused.
pub const MAX_HELD_APPENDS: usize = 65_536;

/// How many bytes of keys and payloads a [`MemoryLog`] takes before it answers `DiskFull`, unless it was given another
/// capacity.
pub const MEMORY_CAPACITY_BYTES: usize = 1 << 30;

/// An [`EventLog`] and [`SnapshotStore`] in memory. Its durability is that of the process.
///
/// It starts no thread: outcomes and wakes are told by whichever call made them true, in order, outside any lock, so
/// callbacks may append again. A clone is another handle to the same log.
///
/// ```
/// use bytes::Bytes;
/// use chappe_eventlog::*;
///
/// // The first append reaches the log but its answer is lost; then the machine crashes.
/// let log = MemoryLog::with_faults(Partitions::default(), FaultPlan::none().hold(Hold::Ack));
/// log.append(Topic::Incidents, 0, Record::mark(1), Box::new(|_| unreachable!("the answer was lost")));
/// let after = log.crash(FaultPlan::none());
/// assert_eq!(after.end(Topic::Incidents, 0), Position(1));
/// ```
#[derive(Clone)]
pub struct MemoryLog {
    state: Arc<Mutex<State>>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLog {
    /// An empty log with the default partitions and no faults.
    #[must_use]
    pub fn new() -> Self {
        Self::with_faults(Partitions::default(), FaultPlan::none())
    }

    /// An empty log with these partitions, in which `plan` goes wrong.
    #[must_use]
    pub fn with_faults(partitions: Partitions, plan: FaultPlan) -> Self {
        Self::from_state(State::new(partitions, plan))
    }

    fn from_state(state: State) -> Self {
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// This log with room for this many bytes of keys and payloads; over it appends are answered `DiskFull`.
    #[must_use]
    pub fn with_capacity(self, bytes: usize) -> Self {
        self.lock().capacity_bytes = bytes;
        self
    }

    /// This log as one that other processes append to as well, each by a clone of it.
    #[must_use]
    pub fn shared(self) -> Self {
        self.lock().writers = Writers::Shared;
        self
    }

    /// Replaces the plan from the next append on; the numbering of appends starts again at 1. What is held stays held.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.lock().set_plan(plan);
    }

    /// How many appends are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.lock().held()
    }

    /// Lets up to `count` held appends go on, oldest first: they become durable and are told. Returns how many were.
    pub fn release(&self, count: usize) -> usize {
        let released = self.lock().release(count);
        self.deliver();
        released
    }

    /// Lets every held append go on. Returns how many there were.
    pub fn release_all(&self) -> usize {
        self.release(usize::MAX)
    }

    /// Crashes: returns the log that a restart finds, in which `plan` goes wrong from then on. It holds what was durable
    /// and, as the old plan's [`AtCrash`](crate::AtCrash) says, what was not yet. Outcomes not yet told never are;
    /// handles of the old log answer `Closed`.
    #[must_use]
    pub fn crash(&self, plan: FaultPlan) -> Self {
        Self::from_state(self.lock().crash(plan))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole: nothing in this module panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what is due, in order. Only one caller tells at a time; another's outcomes are told by the one at it.
    fn deliver(&self) {
        if !self.lock().begin_delivery() {
            return;
        }
        loop {
            // Bound before the call, so that the lock is not held while telling.
            let due = self.lock().next_due();
            match due {
                Some(due) => due.tell(),
                None => return,
            }
        }
    }
}

impl EventLog for MemoryLog {
    fn durability(&self) -> Durability {
        Durability::Process
    }

    fn writers(&self) -> Writers {
        self.lock().writers
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.lock().partitions.of(topic)
    }

    fn append(&self, topic: Topic, partition: u16, record: Record, on_durable: OnDurable) {
        self.lock().append(topic, partition, record, on_durable);
        self.deliver();
    }

    fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        self.lock().read(topic, partition, from, limit)
    }

    fn end(&self, topic: Topic, partition: u16) -> Position {
        self.lock().end(topic, partition)
    }

    fn on_advance(&self, topic: Topic, wake: Arc<dyn Fn() + Send + Sync>) {
        self.lock().wakes.push((topic, wake));
    }

    fn health(&self) -> Result<(), AppendError> {
        self.lock().failed.clone().map_or(Ok(()), Err)
    }

    fn close(&self) {
        self.lock().close();
        self.deliver();
    }
}

impl SnapshotStore for MemoryLog {
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
        check_snapshot(name, bytes.len())?;
        self.lock().snapshots.insert(name.into(), bytes.into());
        Ok(())
    }

    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, SnapshotError> {
        check_snapshot(name, 0)?;
        Ok(self.lock().snapshots.get(name).cloned())
    }
}

impl std::fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryLog").finish_non_exhaustive()
    }
}
