//! The contract suite on the embedded log.

use std::{ops::Deref, sync::Arc};

use chappe_eventlog::{
    AppendError, Durability, EventLog, OnDurable, Position, ReadError, ReadLimit, Record, SnapshotError, SnapshotStore,
    Topic, Writers,
    contract::{Subject, run_all, run_snapshots},
};
use tempfile::TempDir;

use super::{FaultyDisk, copy, open_faulty, options};
use crate::{LocalLog, LocalOptions};

/// A log with the folder it lives in.
struct InFolder {
    log: LocalLog,
    disk: Arc<FaultyDisk>,
    folder: TempDir,
}

impl Deref for InFolder {
    type Target = LocalLog;

    fn deref(&self) -> &LocalLog {
        &self.log
    }
}

impl EventLog for InFolder {
    fn durability(&self) -> Durability {
        self.log.durability()
    }
    fn writers(&self) -> Writers {
        self.log.writers()
    }
    fn partitions(&self, topic: Topic) -> u16 {
        self.log.partitions(topic)
    }
    fn append(&self, topic: Topic, partition: u16, record: Record, on_durable: OnDurable) {
        self.log.append(topic, partition, record, on_durable);
    }
    fn read(
        &self,
        topic: Topic,
        at: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        self.log.read(topic, at, from, limit)
    }
    fn end(&self, topic: Topic, partition: u16) -> Position {
        self.log.end(topic, partition)
    }
    fn on_advance(&self, topic: Topic, wake: Arc<dyn Fn() + Send + Sync>) {
        self.log.on_advance(topic, wake);
    }
    fn health(&self) -> Result<(), AppendError> {
        self.log.health()
    }
    fn close(&self) {
        self.log.close();
    }
}

impl SnapshotStore for InFolder {
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
        self.log.save(name, bytes)
    }
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, SnapshotError> {
        self.log.load(name)
    }
}

/// Opens logs with one change to the options.
struct OnDisk(fn(LocalOptions) -> LocalOptions);

impl OnDisk {
    fn open(&self, folder: TempDir) -> InFolder {
        let disk = Arc::new(FaultyDisk::default());
        let (log, _) = LocalLog::open_on(self.0(options(folder.path())), Arc::clone(&disk) as _).unwrap();
        InFolder { log, disk, folder }
    }
}

impl Subject for OnDisk {
    type Log = InFolder;

    fn create(&self) -> InFolder {
        self.open(TempDir::new().unwrap())
    }

    fn crash(&self, crashed: InFolder) -> InFolder {
        // What the disk holds at this moment is what a restart finds; what the old log does later is not seen.
        let after = TempDir::new().unwrap();
        copy(crashed.folder.path(), after.path());
        self.open(after)
    }

    fn fail_next_sync(&self, log: &InFolder) -> bool {
        log.disk.fail_sync();
        true
    }
}

#[test]
fn the_embedded_log_keeps_the_contract() {
    run_all(&OnDisk(|options| options));
    run_snapshots(&OnDisk(|options| options));
}

#[test]
fn the_embedded_log_keeps_the_contract_with_small_segments() {
    run_all(&OnDisk(|options| LocalOptions {
        segment_bytes: crate::MIN_SEGMENT_BYTES,
        ..options
    }));
}

#[test]
fn the_embedded_log_keeps_the_contract_without_a_cache() {
    run_all(&OnDisk(|options| LocalOptions {
        cache_bytes: 0,
        ..options
    }));
}

#[test]
fn the_embedded_log_keeps_the_contract_with_a_small_cache_and_small_segments() {
    run_all(&OnDisk(|options| LocalOptions {
        cache_bytes: 3_000,
        segment_bytes: 10_000,
        ..options
    }));
}

#[test]
fn durability_is_the_disk() {
    let folder = TempDir::new().unwrap();
    assert_eq!(open_faulty(&folder).0.durability(), Durability::Disk);
}
