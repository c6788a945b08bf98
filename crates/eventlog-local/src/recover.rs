//! What a log does before it serves: reads the journal through, checks it, and deals with a torn tail.

use std::{
    io,
    path::{Path, PathBuf},
};

use chappe_eventlog::{Partitions, Topic};

use crate::{
    disk::{Disk, JournalFile},
    error::OpenError,
    folder,
    format::{Entry, HEADER_BYTES, Header, MAGIC, Seed},
    index::{Index, Place},
    segment::{self, Found, SegmentReader},
};

/// What opening found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// How many segments there are.
    pub segments: usize,
    /// How many commits.
    pub commits: u64,
    /// How many records.
    pub records: u64,
    /// The size of the journal in bytes.
    pub bytes: u64,
    /// What was cut off the end, if anything; of a log that is only read, what stands there and is not read.
    pub torn_tail: Option<TornTail>,
}

/// A commit that was never finished, cut off at open. Nobody was told that its records were durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The segment.
    pub file: PathBuf,
    /// Where it was cut.
    pub offset: u64,
    /// How many bytes were cut off, zeros at their end not counted.
    pub bytes: u64,
    /// What was wrong with them.
    pub reason: String,
}

/// Where writing goes on.
pub(crate) struct Recovered {
    pub(crate) index: Index,
    pub(crate) next_sequence: u64,
    pub(crate) segment: u64,
    pub(crate) file: Box<dyn JournalFile>,
    pub(crate) offset: u64,
    pub(crate) report: OpenReport,
}

/// Reads the journal through, and makes it ready to be written on.
pub(crate) fn recover(
    folder: &Path,
    seed: Seed,
    partitions: Partitions,
    disk: &dyn Disk,
) -> Result<Recovered, OpenError> {
    let segments = folder::segments(folder)?;
    let mut scan = Scan::through(&segments, seed, partitions)?;
    let (segment, path) = match segments.last() {
        Some((first, path)) => (*first, path.clone()),
        None => (scan.next_sequence, folder.join(segment::file_name(scan.next_sequence))),
    };
    let mut file = disk
        .open_segment(&path)
        .map_err(OpenError::io("open for writing", &path))?;
    disk.sync_folder(folder).map_err(OpenError::io("sync", folder))?;
    let offset = scan.settle_tail(&path, file.as_mut())?;
    scan.report.segments = segments.len().max(1);
    Ok(Recovered {
        index: scan.index,
        next_sequence: scan.next_sequence,
        segment,
        file,
        offset,
        report: scan.report,
    })
}

/// Reads the journal through and changes nothing: a torn tail stays, and is not read.
pub(crate) fn read_through(
    folder: &Path,
    seed: Seed,
    partitions: Partitions,
) -> Result<(Index, OpenReport), OpenError> {
    let segments = folder::segments(folder)?;
    let scan = Scan::through(&segments, seed, partitions)?;
    let report = OpenReport {
        segments: segments.len(),
        ..scan.report
    };
    Ok((scan.index, report))
}

struct Scan {
    seed: Seed,
    partitions: Partitions,
    index: Index,
    next_sequence: u64,
    /// The offset and size of the last commit, if the segment read last holds one.
    last_commit: Option<(u64, usize)>,
    report: OpenReport,
}

impl Scan {
    fn through(segments: &[(u64, PathBuf)], seed: Seed, partitions: Partitions) -> Result<Self, OpenError> {
        let mut scan = Self {
            seed,
            partitions,
            index: Index::new(partitions.total()),
            next_sequence: 1,
            last_commit: None,
            report: OpenReport::default(),
        };
        for (ordinal, (first, path)) in segments.iter().enumerate() {
            scan.segment(*first, path, ordinal + 1 == segments.len())?;
        }
        Ok(scan)
    }

    fn segment(&mut self, first: u64, path: &Path, is_last: bool) -> Result<(), OpenError> {
        if first != self.next_sequence {
            let reason = format!("commit {} should come next: a segment is missing", self.next_sequence);
            return Err(OpenError::Corrupt {
                file: path.into(),
                offset: 0,
                reason,
            });
        }
        self.last_commit = None;
        let mut reader = SegmentReader::open(path).map_err(OpenError::io("open", path))?;
        let len = reader.len().map_err(OpenError::io("measure", path))?;
        let mut offset = 0;
        while offset < len {
            let found = reader.commit(self.seed, offset).map_err(OpenError::io("read", path))?;
            let reason = match found {
                Found::Whole((header, entries)) => {
                    let place = Place { segment: first, offset };
                    self.commit(&header, &entries, place)
                        .map_err(|reason| corrupt(path, offset, reason))?;
                    offset += header.commit_bytes() as u64;
                    continue;
                }
                Found::Broken(reason) => reason,
            };
            // The segment may have been made longer ahead of its commits, and not trimmed.
            let end = reader.zeros_from(offset, len).map_err(OpenError::io("read", path))?;
            if end == offset {
                break;
            }
            if !is_last {
                return Err(corrupt(path, offset, format!("{reason}, and segments follow")));
            }
            if let Some(next) = self
                .commit_behind(path, offset, end)
                .map_err(OpenError::io("read", path))?
            {
                return Err(corrupt(
                    path,
                    offset,
                    format!("{reason}, but a whole commit follows at byte {next}"),
                ));
            }
            let (file, bytes, reason) = (path.into(), end - offset, reason.into());
            self.report.torn_tail = Some(TornTail {
                file,
                offset,
                bytes,
                reason,
            });
            break;
        }
        self.report.bytes += offset;
        Ok(())
    }

    /// Takes in a commit whose checksums are right.
    fn commit(&mut self, header: &Header, entries: &[Entry], place: Place) -> Result<(), String> {
        if header.sequence != self.next_sequence {
            return Err(format!(
                "commit {} where {} should be",
                header.sequence, self.next_sequence
            ));
        }
        for entry in entries {
            let topic = Topic::from_code(entry.topic);
            let slot = topic.and_then(|topic| self.partitions.slot(topic, entry.partition));
            let slot = slot.ok_or_else(|| format!("no topic {} with partition {}", entry.topic, entry.partition))?;
            if entry.first != self.index.end(slot) || entry.records == 0 {
                return Err(format!(
                    "record {} follows record count {}",
                    entry.first,
                    self.index.end(slot)
                ));
            }
            self.index.add(slot, entry, place);
            self.report.records += u64::from(entry.records);
        }
        self.next_sequence += 1;
        self.report.commits += 1;
        self.last_commit = Some((place.offset, header.commit_bytes()));
        Ok(())
    }

    /// Looks behind a broken commit for a whole one that is no older: then what is broken is no torn tail.
    fn commit_behind(&self, path: &Path, broken: u64, len: u64) -> io::Result<Option<u64>> {
        const STEP_BYTES: usize = 64 << 10;
        let (mut scan, mut check) = (SegmentReader::open(path)?, SegmentReader::open(path)?);
        let mut from = broken + 1;
        while from + (HEADER_BYTES as u64) <= len {
            // The overlap lets a magic number that straddles two steps be seen.
            let window = scan.bytes(from, STEP_BYTES + MAGIC.len() - 1)?;
            let starts = window
                .windows(MAGIC.len())
                .enumerate()
                .filter(|(_, bytes)| *bytes == MAGIC);
            for at in starts.map(|(at, _)| from + at as u64) {
                if let Found::Whole((header, _)) = check.commit(self.seed, at)?
                    && header.sequence >= self.next_sequence
                {
                    return Ok(Some(at));
                }
            }
            from += STEP_BYTES as u64;
        }
        Ok(None)
    }

    /// Cuts off a torn tail, and writes the last commit again so that it is on disk for certain: an earlier process may
    /// have ended between its write and its sync, or its sync may have failed. Returns where to write next.
    fn settle_tail(&mut self, path: &Path, file: &mut dyn JournalFile) -> Result<u64, OpenError> {
        let mut offset = 0;
        if let Some((at, bytes)) = self.last_commit {
            let mut reader = SegmentReader::open(path).map_err(OpenError::io("open", path))?;
            let last = reader.bytes(at, bytes).map_err(OpenError::io("read", path))?;
            file.write_at(last, at)
                .map_err(OpenError::io("write the last commit again to", path))?;
            offset = at + bytes as u64;
        }
        file.set_len(offset).map_err(OpenError::io("cut the end off", path))?;
        file.sync().map_err(OpenError::io("sync", path))?;
        Ok(offset)
    }
}

fn corrupt(path: &Path, offset: u64, reason: String) -> OpenError {
    OpenError::Corrupt {
        file: path.into(),
        offset,
        reason,
    }
}
