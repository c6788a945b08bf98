//! Reading: recent commits from memory, older ones from their segments.

use bytes::Bytes;
use chappe_eventlog::{Position, ReadError, ReadLimit, Record, Topic};

use crate::{
    format::{ENTRY_BYTES, Entry, HEADER_BYTES, next_record_bytes, skip_record, take_record},
    index::{INDEX_STRIDE_BYTES, Place},
    local::Shared,
    segment::{self, Found, SegmentReader},
};

pub(crate) fn read(
    shared: &Shared,
    slot: usize,
    from: u64,
    limit: ReadLimit,
) -> Result<Vec<(Position, Record)>, ReadError> {
    let mut answer = Answer {
        records: Vec::new(),
        bytes: 0,
        next: from,
        limit,
        is_full: false,
    };
    let (end, cached) = {
        let view = shared.view();
        let end = view.index.end(slot);
        if from >= end {
            return Ok(answer.records);
        }
        (end, view.cache.from(slot, from, limit.records, limit.bytes))
    };
    match cached {
        Some(chunks) => {
            // Once: growing a large answer chunk by chunk costs more than what is in it.
            let records = chunks.iter().map(|chunk| chunk.records as usize).sum::<usize>();
            answer.records.reserve_exact(records.min(limit.records));
            for chunk in chunks {
                if !answer.take(chunk.first, chunk.records, chunk.body) {
                    break;
                }
            }
        }
        None => {
            let read = OnDisk { shared, slot, end }.read(&mut answer);
            // What was found before the trouble is sound; the next read meets the trouble first.
            if answer.records.is_empty() {
                read?;
            }
        }
    }
    Ok(answer.records)
}

/// What has been found so far.
struct Answer {
    records: Vec<(Position, Record)>,
    bytes: usize,
    next: u64,
    limit: ReadLimit,
    is_full: bool,
}

impl Answer {
    /// Takes the records of a chunk from the next wanted one on. False once the limit is reached, or if the body does not
    /// hold what it should.
    fn take(&mut self, first: u64, records: u32, mut body: Bytes) -> bool {
        let skipped = self.next.saturating_sub(first).min(u64::from(records));
        for _ in 0..skipped {
            if skip_record(&mut body).is_none() {
                return false;
            }
        }
        self.records
            .reserve((u64::from(records) - skipped).min(self.limit.records as u64) as usize);
        for _ in skipped..u64::from(records) {
            let Some(size_bytes) = next_record_bytes(&body) else {
                return false;
            };
            if !self.limit.admits(self.records.len(), self.bytes, size_bytes) {
                self.is_full = true;
                return false;
            }
            let Some(record) = take_record(&mut body) else {
                return false;
            };
            self.records.push((Position(self.next), record));
            self.bytes += size_bytes;
            self.next += 1;
        }
        self.is_full = self.records.len() >= self.limit.records;
        true
    }
}

/// A read from segments, up to the end known when it began.
struct OnDisk<'a> {
    shared: &'a Shared,
    slot: usize,
    end: u64,
}

impl OnDisk<'_> {
    fn read(&self, answer: &mut Answer) -> Result<(), ReadError> {
        let mut reader: Option<(u64, SegmentReader)> = None;
        while answer.next < self.end && !answer.is_full {
            let place = self.shared.view().index.before(self.slot, answer.next);
            let place = place.ok_or_else(|| ReadError::Unavailable {
                reason: format!("record {} is not in the index", answer.next),
            })?;
            let mut at_hand = match reader.take() {
                Some((segment, at_hand)) if segment == place.segment => at_hand,
                _ => self.open(place.segment)?,
            };
            self.scan(place, &mut at_hand, answer)?;
            reader = Some((place.segment, at_hand));
        }
        Ok(())
    }

    fn open(&self, segment: u64) -> Result<SegmentReader, ReadError> {
        let path = self.shared.options.folder.join(segment::file_name(segment));
        let opened = SegmentReader::open(&path);
        opened.map_err(|error| ReadError::Unavailable {
            reason: format!("{}: {error}", path.display()),
        })
    }

    /// Takes what the commits within a stride of an indexed one hold of this partition.
    fn scan(&self, from: Place, reader: &mut SegmentReader, answer: &mut Answer) -> Result<(), ReadError> {
        let begun_at = answer.next;
        let mut offset = from.offset;
        while offset < from.offset + INDEX_STRIDE_BYTES && answer.next < self.end && !answer.is_full {
            let zeros_from = reader.zeros_from(offset, offset + HEADER_BYTES as u64);
            if zeros_from.map_err(|error| unavailable(reader, &error))? == offset {
                break; // The segment ends here; the index knows where it goes on.
            }
            let head = reader
                .head(self.shared.seed, offset)
                .map_err(|error| unavailable(reader, &error))?;
            let (header, entries) = match head {
                Found::Whole(head) => head,
                Found::Broken(reason) => return Err(corrupt(reader, offset, reason)),
            };
            let mut body_at = offset + (HEADER_BYTES + entries.len() * ENTRY_BYTES) as u64;
            for entry in &entries {
                if self.is_ours(entry) && entry.holds(answer.next) && !answer.is_full {
                    self.take(entry, body_at, reader, answer)?;
                }
                body_at += u64::from(entry.bytes);
            }
            offset += header.commit_bytes() as u64;
        }
        if answer.next == begun_at && !answer.is_full {
            return Err(corrupt(
                reader,
                from.offset,
                "the record that the index names is not there",
            ));
        }
        Ok(())
    }

    fn is_ours(&self, entry: &Entry) -> bool {
        let topic = Topic::from_code(entry.topic);
        topic.and_then(|topic| self.shared.partitions.slot(topic, entry.partition)) == Some(self.slot)
    }

    fn take(&self, entry: &Entry, at: u64, reader: &mut SegmentReader, answer: &mut Answer) -> Result<(), ReadError> {
        let body = reader.bytes(at, entry.bytes as usize).map(Bytes::copy_from_slice);
        let body = body.map_err(|error| unavailable(reader, &error))?;
        if !entry.is_whole(self.shared.seed, &body) {
            return Err(corrupt(reader, at, "a chunk's checksum is wrong"));
        }
        if !answer.take(entry.first, entry.records, body) && !answer.is_full {
            return Err(corrupt(reader, at, "a chunk holds fewer records than it says"));
        }
        Ok(())
    }
}

fn unavailable(reader: &SegmentReader, error: &std::io::Error) -> ReadError {
    ReadError::Unavailable {
        reason: format!("{}: {error}", reader.path().display()),
    }
}

fn corrupt(reader: &SegmentReader, offset: u64, reason: &str) -> ReadError {
    ReadError::Corrupt {
        file: reader.path().display().to_string(),
        offset,
        reason: reason.into(),
    }
}
