//! The port itself.

use std::sync::{Arc, mpsc};

use crate::{
    error::{AppendError, ReadError},
    record::{Position, Record},
    topic::Topic,
};

/// What a log's "durable" means (promise P1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Durability {
    /// On this machine's disk, synced: survives a power cut.
    Disk,
    /// On several brokers: survives the loss of one.
    Replicated,
    /// In a process's memory: survives nothing that ends the process.
    Process,
}

impl Durability {
    /// The name, as receipts show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Replicated => "replicated",
            Self::Process => "process",
        }
    }
}

/// Who appends to a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Writers {
    /// This process alone: what it did not append is not there.
    Sole,
    /// Other processes too: the order in the log decides between them, and only reading tells what stands before a record.
    Shared,
}

/// What an append calls with its outcome. It may run on the log's own thread: it must be quick and must not wait for
/// the log.
pub type OnDurable = Box<dyn FnOnce(Result<Position, AppendError>) + Send>;

/// How much one read may return. A read returns at least one record if there is one, whatever the limit says; an
/// answer may be shorter than the limit without being the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimit {
    /// At most this many records; 0 counts as 1.
    pub records: usize,
    /// At most this many bytes of keys and payloads, unless the first record alone is larger.
    pub bytes: usize,
}

impl Default for ReadLimit {
    /// 1,024 records, 1 MiB.
    fn default() -> Self {
        Self {
            records: 1_024,
            bytes: 1 << 20,
        }
    }
}

impl ReadLimit {
    /// Whether a record of `size_bytes` still fits after `records` records of `bytes` bytes.
    #[must_use]
    pub const fn admits(self, records: usize, bytes: usize, size_bytes: usize) -> bool {
        records == 0 || (records < self.records && bytes.saturating_add(size_bytes) <= self.bytes)
    }
}

/// An ordered, partitioned, durable log. The duties are numbered in the crate's documentation.
pub trait EventLog: Send + Sync + 'static {
    /// What "durable" means here.
    fn durability(&self) -> Durability;

    /// Who else appends.
    fn writers(&self) -> Writers;

    /// The number of partitions of a topic; it never changes while the log lives.
    fn partitions(&self, topic: Topic) -> u16;

    /// Appends a record and calls `on_durable` exactly once with the outcome: never with success before the record is
    /// durable and readable. The order within a partition is the order of calls. Never blocks on storage; a refusal
    /// may be told before this returns.
    fn append(&self, topic: Topic, partition: u16, record: Record, on_durable: OnDurable);

    /// The durable records from `from` on, in order and without gaps. An empty answer means that `from` is at or past
    /// the end.
    ///
    /// # Errors
    /// [`ReadError`]; nothing is skipped by it, the same read may be tried again.
    fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError>;

    /// One past the last durable record; position 0 where there is no such partition.
    fn end(&self, topic: Topic, partition: u16) -> Position;

    /// Calls `wake` after every durable advance of the topic, for as long as the log lives. It may run on the log's own
    /// thread: it must be quick and must not call the log. Several advances may share one call.
    fn on_advance(&self, topic: Topic, wake: Arc<dyn Fn() + Send + Sync>);

    /// Whether the log still accepts records.
    ///
    /// # Errors
    /// [`AppendError::Failed`] once a sync has failed.
    fn health(&self) -> Result<(), AppendError>;

    /// Makes durable what was accepted, tells every outcome, then refuses with [`AppendError::Closed`]. Reads go on.
    /// Calling it again does nothing.
    fn close(&self);
}

/// Appends and waits for the outcome: for start-up and tests. Never call it from a log's callback.
///
/// # Errors
/// As the log tells; [`AppendError::Unknown`] if the log went away without telling.
pub fn append_blocking(
    log: &dyn EventLog,
    topic: Topic,
    partition: u16,
    record: Record,
) -> Result<Position, AppendError> {
    let (tell, told) = mpsc::sync_channel(1);
    let on_durable = Box::new(move |outcome| {
        // The receiver waits below, so sending cannot fail while anybody cares.
        let _ = tell.send(outcome);
    });
    log.append(topic, partition, record, on_durable);
    told.recv().unwrap_or_else(|_| {
        Err(AppendError::Unknown {
            reason: "the log went away without telling the outcome".into(),
        })
    })
}
