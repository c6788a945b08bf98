//! Tests that need a faulty disk or the bytes on it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contract;
mod crash;
mod damage;
mod disk_faults;
mod faulty_disk;
mod inspecting;
mod reading;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
};

use bytes::Bytes;
use chappe_eventlog::{AppendError, EventLog, Partitions, Position, ReadLimit, Record, Topic, append_blocking};
use tempfile::TempDir;

use self::faulty_disk::FaultyDisk;
use crate::{LocalLog, LocalOptions, OpenError, OpenReport, segment};

fn options(folder: &Path) -> LocalOptions {
    let partitions = Partitions::default().with(Topic::Incidents, 2);
    LocalOptions {
        partitions,
        ..LocalOptions::in_folder(folder)
    }
}

fn record(nth: u64) -> Record {
    Record::data(
        nth,
        Bytes::from(format!("key-{nth}")),
        Bytes::from("x".repeat((nth * 37 % 500) as usize)),
    )
}

fn append(log: &LocalLog, nth: u64) -> Result<Position, AppendError> {
    append_blocking(log, Topic::Incidents, 0, record(nth))
}

/// Queues an append without waiting for its outcome.
fn queue(log: &LocalLog, nth: u64) -> mpsc::Receiver<Result<Position, AppendError>> {
    let (tell, told) = mpsc::channel();
    let on_durable = Box::new(move |outcome| tell.send(outcome).unwrap_or_default());
    log.append(Topic::Incidents, 0, record(nth), on_durable);
    told
}

/// The stamps of every record of a partition.
fn stamps(log: &LocalLog, topic: Topic, partition: u16) -> Vec<u64> {
    let (mut found, mut from) = (Vec::new(), Position(0));
    loop {
        let step = log.read(topic, partition, from, ReadLimit::default()).unwrap();
        let Some((last, _)) = step.last() else { return found };
        from = last.next();
        found.extend(step.iter().map(|(_, record)| record.stamp_ms));
    }
}

fn first_segment(folder: &Path) -> PathBuf {
    folder.join(segment::file_name(1))
}

/// Copies a log's folder as a power cut would leave it, apart from the lock.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != "lock" {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn open(folder: &Path) -> Result<(LocalLog, OpenReport), OpenError> {
    LocalLog::open(options(folder))
}

fn open_faulty(folder: &TempDir) -> (LocalLog, Arc<FaultyDisk>) {
    let disk = Arc::new(FaultyDisk::default());
    let (log, _) = LocalLog::open_on(options(folder.path()), Arc::clone(&disk) as _).unwrap();
    (log, disk)
}
