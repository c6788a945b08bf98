//! The one thread that writes: takes what waits, writes it as one commit, syncs, and tells.

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use chappe_eventlog::{AppendError, Position, Topic};

use crate::{
    cache::Chunk,
    disk::{Disk, JournalFile},
    format::{ENTRY_BYTES, Encoded, Encoder, HEADER_BYTES, MAX_CHUNK_RECORDS, record_bytes},
    index::Place,
    local::Shared,
    metric_names as names,
    queue::Pending,
    segment,
};

/// How far ahead of its last commit a segment is made longer at a time.
const EXTENSION_BYTES: u64 = 16 << 20;

/// Where the next commit goes.
pub(crate) struct Tail {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) folder: PathBuf,
    pub(crate) segment_bytes: u64,
    pub(crate) segment: u64,
    pub(crate) file: Box<dyn JournalFile>,
    pub(crate) offset: u64,
    /// The file's length: from `offset` on, zeros.
    pub(crate) extended_to: u64,
}

/// Why a commit is not durable.
enum Failure {
    /// It is surely not there, and the journal is as before: the next may succeed.
    Undone(AppendError),
    /// It is surely not there, but nothing more may be written.
    StoppedBefore(String),
    /// It may be there, and nothing more may be written.
    Stopped(String),
}

impl Tail {
    /// Writes a commit and syncs it.
    fn write(&mut self, sequence: u64, bytes: &[u8]) -> Result<Place, Failure> {
        if self.offset > 0 && self.offset + bytes.len() as u64 > self.segment_bytes {
            self.begin_segment(sequence)?;
        }
        self.extend_for(bytes.len() as u64);
        if let Err(error) = self.file.write_at(bytes, self.offset) {
            // What was written of it must go, or a later, shorter commit would leave its end behind.
            return Err(match self.file.set_len(self.offset) {
                Ok(()) => {
                    self.extended_to = self.offset;
                    Failure::Undone(refusal("write", &error))
                }
                Err(undo) => Failure::Stopped(format!("write: {error}; undoing it: {undo}")),
            });
        }
        let begun = Instant::now();
        self.file
            .sync()
            .map_err(|error| Failure::Stopped(format!("sync: {error}")))?;
        metrics::histogram!(names::FSYNC_SECONDS).record(begun.elapsed());
        let place = Place {
            segment: self.segment,
            offset: self.offset,
        };
        self.offset += bytes.len() as u64;
        Ok(place)
    }

    /// Makes the file longer in large steps: an `fdatasync` after which the length is as before costs less.
    fn extend_for(&mut self, bytes: u64) {
        let end = self.offset + bytes;
        if end > self.extended_to {
            let target = (end + EXTENSION_BYTES).min(self.segment_bytes).max(end);
            // Where it fails the write makes the file as long as it must be, or fails too and is dealt with.
            if self.file.set_len(target).is_ok() {
                self.extended_to = target;
            }
        }
    }

    /// Takes off what the file was extended by and did not need. If that fails the zeros stay: they are known at open.
    fn trim(&mut self) {
        if self.file.set_len(self.offset).is_ok() {
            self.extended_to = self.offset;
        }
    }

    fn begin_segment(&mut self, first: u64) -> Result<(), Failure> {
        let opened = self.disk.open_segment(&self.folder.join(segment::file_name(first)));
        let file = opened.map_err(|error| Failure::Undone(refusal("begin a segment", &error)))?;
        let named = self.disk.sync_folder(&self.folder);
        named.map_err(|error| Failure::StoppedBefore(format!("sync of the folder: {error}")))?;
        self.trim();
        self.file = file;
        self.segment = first;
        self.offset = 0;
        self.extended_to = 0;
        Ok(())
    }
}

fn refusal(action: &str, error: &io::Error) -> AppendError {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => AppendError::DiskFull,
        _ => AppendError::Refused {
            reason: format!("cannot {action}: {error}"),
        },
    }
}

pub(crate) struct Committer {
    shared: Arc<Shared>,
    tail: Tail,
    sequence: u64,
    /// The next position of each slot.
    next: Vec<u64>,
    /// Which appends of the batch go to each slot, and which slots any go to; reused between commits.
    by_slot: Vec<Vec<u32>>,
    touched: Vec<usize>,
    /// The last commit was not written, and that was logged.
    troubled: bool,
}

impl Committer {
    pub(crate) fn new(shared: Arc<Shared>, tail: Tail, sequence: u64) -> Self {
        let next = shared.view().index.ends();
        let by_slot = next.iter().map(|_| Vec::new()).collect();
        Self {
            shared,
            tail,
            sequence,
            next,
            by_slot,
            touched: Vec::new(),
            troubled: false,
        }
    }

    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let mut batch = VecDeque::new();
        while self.shared.queue.take(&mut batch) {
            self.commit(&mut batch);
            batch.clear();
        }
        if self.shared.queue.failed().is_none() {
            self.tail.trim();
        }
    }

    fn commit(&mut self, batch: &mut VecDeque<Pending>) {
        metrics::gauge!(names::QUEUE_RECORDS).set(batch.len() as f64);
        self.sort_by_slot(batch);
        let encoded = self.encode(batch);
        match self.tail.write(self.sequence, &encoded.bytes) {
            Ok(place) => self.tell_success(batch, &encoded, place),
            Err(Failure::Undone(error)) => {
                // Once a spell: while a disk is full every append fails, and a line for each would help to fill it.
                if !self.troubled {
                    tracing::warn!(%error, records = batch.len(), "a commit was not written; the next ones may not be either");
                }
                self.troubled = true;
                metrics::counter!(names::FAILED).increment(1);
                tell_all(batch, &error);
            }
            Err(Failure::StoppedBefore(reason)) => {
                let failed = self.stop(reason);
                tell_all(batch, &failed);
            }
            Err(Failure::Stopped(reason)) => {
                let unknown = AppendError::Unknown { reason: reason.clone() };
                self.stop(reason);
                tell_all(batch, &unknown);
            }
        }
    }

    fn sort_by_slot(&mut self, batch: &VecDeque<Pending>) {
        for slot in self.touched.drain(..) {
            if let Some(members) = self.by_slot.get_mut(slot) {
                members.clear();
            }
        }
        for (ordinal, pending) in batch.iter().enumerate() {
            if let Some(members) = self.by_slot.get_mut(pending.slot) {
                if members.is_empty() {
                    self.touched.push(pending.slot);
                }
                members.push(ordinal as u32);
            }
        }
        self.touched.sort_unstable();
    }

    fn encode(&self, batch: &VecDeque<Pending>) -> Encoded {
        let members = |slot: usize| self.by_slot.get(slot).map_or(&[][..], Vec::as_slice);
        let chunks = self
            .touched
            .iter()
            .map(|&slot| members(slot).len().div_ceil(MAX_CHUNK_RECORDS))
            .sum();
        let body_bytes = batch.iter().map(|pending| record_bytes(&pending.record)).sum();
        let mut encoder = Encoder::new(self.shared.seed, chunks, body_bytes);
        for &slot in &self.touched {
            let Some((topic, partition)) = self.shared.partitions.at_slot(slot) else {
                continue;
            };
            let mut first = self.next.get(slot).copied().unwrap_or(0);
            for chunk in members(slot).chunks(MAX_CHUNK_RECORDS) {
                let records = chunk
                    .iter()
                    .filter_map(|&at| batch.get(at as usize))
                    .map(|pending| &pending.record);
                encoder.chunk(topic.code(), partition, first, records);
                first += chunk.len() as u64;
            }
        }
        encoder.finish(self.sequence)
    }

    fn tell_success(&mut self, batch: &mut VecDeque<Pending>, encoded: &Encoded, place: Place) {
        self.sequence += 1;
        if std::mem::take(&mut self.troubled) {
            tracing::info!("commits are written again");
        }
        self.publish(encoded, place);
        metrics::counter!(names::COMMITS).increment(1);
        metrics::counter!(names::RECORDS).increment(batch.len() as u64);
        metrics::counter!(names::BYTES).increment(encoded.bytes.len() as u64);
        for pending in batch.drain(..) {
            let Some(next) = self.next.get_mut(pending.slot) else {
                continue;
            };
            let position = Position(*next);
            *next += 1;
            guarded(|| (pending.on_durable)(Ok(position)));
        }
        let mut topics: Vec<Topic> = self
            .touched
            .iter()
            .filter_map(|&slot| self.shared.partitions.at_slot(slot))
            .map(|(topic, _)| topic)
            .collect();
        topics.dedup();
        for wake in self.shared.wakes_of(&topics) {
            guarded(|| wake());
        }
    }

    /// Lets readers see a durable commit.
    fn publish(&self, encoded: &Encoded, place: Place) {
        let mut body_from = HEADER_BYTES + encoded.entries.len() * ENTRY_BYTES;
        let mut chunks = Vec::with_capacity(encoded.entries.len());
        for entry in &encoded.entries {
            let body_to = body_from + entry.bytes as usize;
            let body = encoded.bytes.slice(body_from..body_to);
            body_from = body_to;
            let topic = Topic::from_code(entry.topic);
            if let Some(slot) = topic.and_then(|topic| self.shared.partitions.slot(topic, entry.partition)) {
                chunks.push((
                    slot,
                    entry,
                    Chunk {
                        first: entry.first,
                        records: entry.records,
                        body,
                    },
                ));
            }
        }
        let mut view = self.shared.view_mut();
        for (slot, entry, _) in &chunks {
            view.index.add(*slot, entry, place);
        }
        view.cache.add(
            encoded.bytes.len(),
            chunks.into_iter().map(|(slot, _, chunk)| (slot, chunk)),
        );
    }

    /// Accepts nothing more, and tells those who wait.
    fn stop(&self, reason: String) -> AppendError {
        tracing::error!(%reason, "the log has stopped: what its disk holds is uncertain");
        let failed = AppendError::Failed { reason };
        let mut waiting = self.shared.queue.fail(failed.clone());
        tell_all(&mut waiting, &failed);
        failed
    }
}

fn tell_all(batch: &mut VecDeque<Pending>, error: &AppendError) {
    for pending in batch.drain(..) {
        guarded(|| (pending.on_durable)(Err(error.clone())));
    }
}

/// Calls a caller's closure: if it panics, the other callers must still be told.
fn guarded(call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        tracing::error!("a callback of the log panicked");
    }
}
