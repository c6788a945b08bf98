//! Reading a segment file.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::format::{Entry, HEADER_BYTES, Header, Seed};

/// How much is read at a time, unless a chunk is larger: about what a few small commits take.
const WINDOW_BYTES: usize = 64 << 10;

/// The name of the segment whose first commit has this sequence.
pub(crate) fn file_name(first_sequence: u64) -> String {
    format!("journal-{first_sequence:020}.log")
}

/// The sequence that a segment's name gives, if it is one.
pub(crate) fn parse_name(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("journal-")?.strip_suffix(".log")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// What was found where a commit should begin.
pub(crate) enum Found<T> {
    Whole(T),
    Broken(&'static str),
}

/// A segment being read, with a window of its bytes in memory.
pub(crate) struct SegmentReader {
    path: PathBuf,
    file: File,
    window: Vec<u8>,
    window_from: u64,
}

impl SegmentReader {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self {
            path: path.into(),
            file,
            window: Vec::new(),
            window_from: 0,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// The `len` bytes at `offset`, or fewer where the file ends.
    pub(crate) fn bytes(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let here = offset
            .checked_sub(self.window_from)
            .and_then(|skip| usize::try_from(skip).ok());
        let held = here.is_some_and(|skip| skip.saturating_add(len) <= self.window.len());
        if !held {
            self.fill(offset, len.max(WINDOW_BYTES))?;
        }
        let skip = if held { here.unwrap_or(0) } else { 0 };
        let until = skip.saturating_add(len).min(self.window.len());
        Ok(self.window.get(skip..until).unwrap_or_default())
    }

    fn fill(&mut self, offset: u64, len: usize) -> io::Result<()> {
        // A length that a broken header claims must not reserve memory the file cannot fill.
        let left = usize::try_from(self.len()?.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.window.resize(len.min(left), 0);
        self.window_from = offset;
        let mut filled = 0;
        while let Some(room) = self.window.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.file.read_at(room, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.window.clear();
                    return Err(error);
                }
            }
        }
        self.window.truncate(filled);
        Ok(())
    }

    /// Where the zeros begin that reach up to `to` or the end of the file: `from`, if all is zero from there.
    pub(crate) fn zeros_from(&mut self, from: u64, to: u64) -> io::Result<u64> {
        static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
        let (mut at, mut zeros_from) = (from, from);
        while at < to {
            let step = usize::try_from(to - at).unwrap_or(usize::MAX).min(ZEROS.len());
            let bytes = self.bytes(at, step)?;
            if bytes.is_empty() {
                break;
            }
            // Comparing slices is quick also where iterating over bytes is not optimised.
            if Some(bytes) != ZEROS.get(..bytes.len()) {
                let trailing = bytes.iter().rev().take_while(|byte| **byte == 0).count();
                zeros_from = at + (bytes.len() - trailing) as u64;
            }
            at += bytes.len() as u64;
        }
        Ok(zeros_from)
    }

    /// The header and directory of the commit at an offset, their checksums checked.
    pub(crate) fn head(&mut self, seed: Seed, offset: u64) -> io::Result<Found<(Header, Vec<Entry>)>> {
        let header = match Header::parse(seed, self.bytes(offset, HEADER_BYTES)?) {
            Ok(header) => header,
            Err(reason) => return Ok(Found::Broken(reason)),
        };
        let directory = self.bytes(offset + HEADER_BYTES as u64, header.directory_bytes())?;
        Ok(match header.parse_directory(seed, directory) {
            Ok(entries) => Found::Whole((header, entries)),
            Err(reason) => Found::Broken(reason),
        })
    }

    /// The header and directory of the commit at an offset, every checksum of the commit checked.
    pub(crate) fn commit(&mut self, seed: Seed, offset: u64) -> io::Result<Found<(Header, Vec<Entry>)>> {
        let (header, entries) = match self.head(seed, offset)? {
            Found::Whole(head) => head,
            broken @ Found::Broken(_) => return Ok(broken),
        };
        let mut at = offset + (HEADER_BYTES + header.directory_bytes()) as u64;
        for entry in &entries {
            let body = self.bytes(at, entry.bytes as usize)?;
            if body.len() < entry.bytes as usize {
                return Ok(Found::Broken("the commit is cut short"));
            }
            if !entry.is_whole(seed, body) {
                return Ok(Found::Broken("a chunk's checksum is wrong"));
            }
            at += u64::from(entry.bytes);
        }
        Ok(Found::Whole((header, entries)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_sort_as_their_sequences_and_parse_back() {
        assert_eq!(file_name(17), "journal-00000000000000000017.log");
        assert_eq!(parse_name(&file_name(u64::MAX)), Some(u64::MAX));
        assert!(file_name(9) < file_name(10));
        for other in [
            "journal-17.log",
            "journal-0000000000000000001x.log",
            "meta",
            "journal-99999999999999999999.log",
        ] {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }
}
