//! The bytes of a commit. All numbers are little-endian.
//!
//! ```text
//! commit    = header directory body*              one body for each directory entry
//! header    = magic "CHPJ" | version u16 | chunks u16 | sequence u64 | body length u32
//!             | crc of directory u32 | crc of the 24 bytes before u32
//! entry     = topic u8 | 0 u8 | partition u16 | records u32 | first position u64 | length u32 | crc of body u32
//! body      = record*                             consecutive positions of one partition
//! record    = kind u8 | key length u16 | payload length u32 | stamp u64 | key | payload
//! ```
//! Checksums are CRC-32C (RFC 3720), each begun with the journal's own seed: whoever submits a payload does not know it,
//! so no payload can look like a commit to the scan for what follows a torn tail. The header has a checksum of its own
//! so that this scan costs little.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use chappe_eventlog::{Record, RecordKind};

/// The most bytes of records (with their headers) in one commit, unless a single record is larger.
pub const MAX_COMMIT_BYTES: usize = 8 << 20;

/// The most records in one chunk of a commit, so that finding a record in it stays cheap.
pub const MAX_CHUNK_RECORDS: usize = 1_024;

pub(crate) const MAGIC: [u8; 4] = *b"CHPJ";
pub(crate) const VERSION: u16 = 1;
pub(crate) const HEADER_BYTES: usize = 28;
pub(crate) const ENTRY_BYTES: usize = 24;
pub(crate) const RECORD_HEADER_BYTES: usize = 15;

/// What begins every checksum of one journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed(u32);

impl Seed {
    pub(crate) fn of_journal(id: u64) -> Self {
        Self(crc32c::crc32c(&id.to_le_bytes()))
    }

    fn crc(self, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(self.0, bytes)
    }
}

/// A commit's header, its own checksum checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) sequence: u64,
    chunks: u16,
    body_bytes: u32,
    directory_crc: u32,
}

impl Header {
    /// Reads a header from its [`HEADER_BYTES`].
    pub(crate) fn parse(seed: Seed, mut bytes: &[u8]) -> Result<Self, &'static str> {
        let whole = bytes;
        if bytes.len() < HEADER_BYTES {
            return Err("the header is cut short");
        }
        if !bytes.starts_with(&MAGIC) {
            return Err("no commit begins here");
        }
        bytes.advance(MAGIC.len());
        let version = bytes.get_u16_le();
        let header = Self {
            chunks: bytes.get_u16_le(),
            sequence: bytes.get_u64_le(),
            body_bytes: bytes.get_u32_le(),
            directory_crc: bytes.get_u32_le(),
        };
        let covered = whole.get(..HEADER_BYTES - 4).unwrap_or_default();
        if bytes.get_u32_le() != seed.crc(covered) {
            return Err("the header's checksum is wrong");
        }
        if version != VERSION {
            return Err("a commit of another format version");
        }
        Ok(header)
    }

    pub(crate) fn directory_bytes(&self) -> usize {
        usize::from(self.chunks) * ENTRY_BYTES
    }

    pub(crate) fn commit_bytes(&self) -> usize {
        HEADER_BYTES + self.directory_bytes() + self.body_bytes as usize
    }

    /// Reads the directory from its [`Self::directory_bytes`].
    pub(crate) fn parse_directory(&self, seed: Seed, mut bytes: &[u8]) -> Result<Vec<Entry>, &'static str> {
        if bytes.len() != self.directory_bytes() {
            return Err("the directory is cut short");
        }
        if seed.crc(bytes) != self.directory_crc {
            return Err("the directory's checksum is wrong");
        }
        let mut entries = Vec::with_capacity(usize::from(self.chunks));
        let mut total: u64 = 0;
        while bytes.len() >= ENTRY_BYTES {
            let topic = bytes.get_u8();
            bytes.advance(1);
            let entry = Entry {
                topic,
                partition: bytes.get_u16_le(),
                records: bytes.get_u32_le(),
                first: bytes.get_u64_le(),
                bytes: bytes.get_u32_le(),
                crc: bytes.get_u32_le(),
            };
            total += u64::from(entry.bytes);
            entries.push(entry);
        }
        if total != u64::from(self.body_bytes) {
            return Err("the directory does not add up to the commit");
        }
        Ok(entries)
    }
}

/// One chunk of a commit: consecutive records of one partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) topic: u8,
    pub(crate) partition: u16,
    pub(crate) records: u32,
    pub(crate) first: u64,
    pub(crate) bytes: u32,
    crc: u32,
}

impl Entry {
    pub(crate) fn holds(&self, position: u64) -> bool {
        (self.first..self.first.saturating_add(u64::from(self.records))).contains(&position)
    }

    pub(crate) fn is_whole(&self, seed: Seed, body: &[u8]) -> bool {
        seed.crc(body) == self.crc
    }
}

/// A commit ready to be written.
pub(crate) struct Encoded {
    pub(crate) bytes: Bytes,
    pub(crate) entries: Vec<Entry>,
}

/// Puts a commit together, chunk by chunk.
pub(crate) struct Encoder {
    seed: Seed,
    buffer: BytesMut,
    bodies_from: usize,
    entries: Vec<Entry>,
}

impl Encoder {
    /// Begins a commit of exactly `chunks` chunks, with room for `body_bytes`.
    pub(crate) fn new(seed: Seed, chunks: usize, body_bytes: usize) -> Self {
        let bodies_from = HEADER_BYTES + chunks * ENTRY_BYTES;
        let mut buffer = BytesMut::with_capacity(bodies_from + body_bytes);
        buffer.put_bytes(0, bodies_from);
        Self {
            seed,
            buffer,
            bodies_from,
            entries: Vec::with_capacity(chunks),
        }
    }

    /// Adds a chunk whose first record has position `first`.
    pub(crate) fn chunk<'r>(
        &mut self,
        topic: u8,
        partition: u16,
        first: u64,
        records: impl Iterator<Item = &'r Record>,
    ) {
        let from = self.buffer.len();
        let mut count = 0;
        for record in records {
            put_record(&mut self.buffer, record);
            count += 1;
        }
        let body = self.buffer.get(from..).unwrap_or_default();
        let (bytes, crc) = (body.len() as u32, self.seed.crc(body));
        self.entries.push(Entry {
            topic,
            partition,
            records: count,
            first,
            bytes,
            crc,
        });
    }

    /// Completes the commit.
    pub(crate) fn finish(mut self, sequence: u64) -> Encoded {
        let mut directory = Vec::with_capacity(self.entries.len() * ENTRY_BYTES);
        for entry in &self.entries {
            directory.put_u8(entry.topic);
            directory.put_u8(0);
            directory.put_u16_le(entry.partition);
            directory.put_u32_le(entry.records);
            directory.put_u64_le(entry.first);
            directory.put_u32_le(entry.bytes);
            directory.put_u32_le(entry.crc);
        }
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.put_slice(&MAGIC);
        header.put_u16_le(VERSION);
        header.put_u16_le(self.entries.len() as u16);
        header.put_u64_le(sequence);
        header.put_u32_le((self.buffer.len() - self.bodies_from) as u32);
        header.put_u32_le(self.seed.crc(&directory));
        header.put_u32_le(self.seed.crc(&header));
        let (head, rest) = self.buffer.split_at_mut(HEADER_BYTES);
        head.copy_from_slice(&header);
        if let Some(room) = rest.get_mut(..directory.len()) {
            room.copy_from_slice(&directory);
        }
        Encoded {
            bytes: self.buffer.freeze(),
            entries: self.entries,
        }
    }
}

/// The bytes a record takes in a commit.
pub(crate) fn record_bytes(record: &Record) -> usize {
    RECORD_HEADER_BYTES + record.size_bytes()
}

fn put_record(buffer: &mut BytesMut, record: &Record) {
    buffer.put_u8(record.kind.code());
    buffer.put_u16_le(record.key.len() as u16);
    buffer.put_u32_le(record.payload.len() as u32);
    buffer.put_u64_le(record.stamp_ms);
    buffer.put_slice(&record.key);
    buffer.put_slice(&record.payload);
}

/// Takes the next record off a body, without copying it; none if the body does not hold a whole one.
pub(crate) fn take_record(body: &mut Bytes) -> Option<Record> {
    let (kind, key_bytes, payload_bytes) = peek_record(body)?;
    let kind = RecordKind::from_code(kind)?;
    body.advance(RECORD_HEADER_BYTES - 8);
    let stamp_ms = body.get_u64_le();
    let key = body.split_to(key_bytes);
    let payload = body.split_to(payload_bytes);
    Some(Record {
        kind,
        stamp_ms,
        key,
        payload,
    })
}

/// Skips the next record of a body; none if the body does not hold a whole one.
pub(crate) fn skip_record(body: &mut Bytes) -> Option<()> {
    let (_, key_bytes, payload_bytes) = peek_record(body)?;
    body.advance(RECORD_HEADER_BYTES + key_bytes + payload_bytes);
    Some(())
}

/// The size of keys and payload of the next record of a body, if there is a whole one.
pub(crate) fn next_record_bytes(body: &[u8]) -> Option<usize> {
    peek_record(body).map(|(_, key_bytes, payload_bytes)| key_bytes + payload_bytes)
}

fn peek_record(body: &[u8]) -> Option<(u8, usize, usize)> {
    let mut head = body.get(..RECORD_HEADER_BYTES)?;
    let (kind, key_bytes, payload_bytes) = (head.get_u8(), head.get_u16_le() as usize, head.get_u32_le() as usize);
    let whole = RECORD_HEADER_BYTES + key_bytes + payload_bytes;
    (body.len() >= whole).then_some((kind, key_bytes, payload_bytes))
}
