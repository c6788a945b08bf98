//! Looks at a log from outside: nothing is locked, cut off or written, so that a process that serves it is not disturbed.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use bytes::Bytes;
use chappe_eventlog::{Partitions, Record, RecordKind, Topic};

use crate::{
    error::OpenError,
    folder::{self, Meta},
    format::{HEADER_BYTES, Seed, take_record},
    recover::{OpenReport, read_through},
    segment::{Found, SegmentReader},
    snapshots,
};

/// While a process writes, the end may look torn: it is looked at again, so many times at most.
const LOOKS: usize = 5;

/// What a log looks like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What opening it would find; a torn tail is still there. Where a process writes none is told.
    pub report: OpenReport,
    /// Its partitions.
    pub partitions: Partitions,
    /// A process has it open.
    pub in_use: bool,
    /// The highest stamp of the newest commit, in milliseconds since 1970.
    pub newest_stamp_ms: Option<u64>,
    /// The newest record of the incidents that is no time mark, if there is one.
    pub newest_incident: Option<Record>,
    /// Its snapshots by name: length in bytes, or what is wrong.
    pub snapshots: Vec<(String, Result<u64, String>)>,
}

/// Reads the log in a folder through and checks every checksum, as opening does. None where there is no log yet.
///
/// # Errors
/// [`OpenError`] for what would keep the log from being opened.
pub fn inspect(folder: &Path) -> Result<Option<Inspection>, OpenError> {
    if !folder.exists() {
        return Ok(None);
    }
    let segments = folder::segments(folder)?;
    let Some(meta) = Meta::read(folder)? else {
        return match segments.is_empty() {
            true => Ok(None),
            false => Err(OpenError::MetaMissing {
                file: folder::meta_file(folder),
            }),
        };
    };
    let in_use = is_locked(folder).map_err(OpenError::io("look at the lock of", folder))?;
    let seed = Seed::of_journal(meta.journal);
    let scan = || read_through(folder, seed, meta.partitions).map(|(_, report)| report);
    let mut report = scan();
    for _ in 1..LOOKS {
        let may_be_writing = in_use && matches!(report, Err(OpenError::Corrupt { .. }));
        if !may_be_writing {
            break;
        }
        report = scan();
    }
    let mut report = report?;
    if in_use {
        report.torn_tail = None;
    }
    let newest = newest(&segments, seed)?;
    let snapshots = snapshots::inspect(folder).map_err(OpenError::io("list the snapshots of", folder))?;
    Ok(Some(Inspection {
        report,
        partitions: meta.partitions,
        in_use,
        newest_stamp_ms: newest.stamp_ms,
        newest_incident: newest.incident,
        snapshots,
    }))
}

/// Whether a process holds the lock; it is let go at once.
fn is_locked(folder: &Path) -> io::Result<bool> {
    let file = match File::open(folder::lock_file(folder)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[derive(Default)]
struct Newest {
    stamp_ms: Option<u64>,
    incident: Option<Record>,
}

/// Looks through the segments from the last one back, until both are found.
fn newest(segments: &[(u64, std::path::PathBuf)], seed: Seed) -> Result<Newest, OpenError> {
    let mut newest = Newest::default();
    for (_, path) in segments.iter().rev() {
        if newest.incident.is_some() && newest.stamp_ms.is_some() {
            break;
        }
        let of_segment = newest_of(path, seed).map_err(OpenError::io("read", path))?;
        newest.stamp_ms = newest.stamp_ms.or(of_segment.stamp_ms);
        newest.incident = newest.incident.or(of_segment.incident);
    }
    Ok(newest)
}

fn newest_of(path: &Path, seed: Seed) -> io::Result<Newest> {
    let mut newest = Newest::default();
    let mut reader = SegmentReader::open(path)?;
    let mut offset = 0;
    while let Found::Whole((header, entries)) = reader.commit(seed, offset)? {
        let mut at = offset + (HEADER_BYTES + header.directory_bytes()) as u64;
        newest.stamp_ms = None;
        for entry in &entries {
            let mut body = Bytes::copy_from_slice(reader.bytes(at, entry.bytes as usize)?);
            at += u64::from(entry.bytes);
            let is_incidents = Topic::from_code(entry.topic) == Some(Topic::Incidents);
            while let Some(record) = take_record(&mut body) {
                newest.stamp_ms = newest.stamp_ms.max(Some(record.stamp_ms));
                if is_incidents && record.kind == RecordKind::Data {
                    newest.incident = Some(record);
                }
            }
        }
        offset += header.commit_bytes() as u64;
    }
    Ok(newest)
}

/// Writes a small file into a folder and syncs it, so many times; how long each sync took, rising.
///
/// # Errors
/// When the folder cannot be written to, or does not sync.
pub fn measure_syncs(folder: &Path, times: usize) -> io::Result<Vec<std::time::Duration>> {
    use std::io::Write;
    let path = folder.join(format!("sync-trial.{}", std::process::id()));
    let run = || -> io::Result<Vec<std::time::Duration>> {
        let mut file = File::create_new(&path)?;
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            file.write_all(&[0; 4096])?;
            let begun = std::time::Instant::now();
            file.sync_data()?;
            took.push(begun.elapsed());
        }
        took.sort();
        Ok(took)
    };
    let took = run();
    let removed = fs::remove_file(&path);
    let took = took?;
    removed.map(|()| took)
}
