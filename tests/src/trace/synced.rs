//! What a disk surely holds of a folder's files at a moment, and what it may hold besides.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fastrand::Rng;

use super::bytes_sent::positions;
use super::{Call, Moment, Target};

/// What a power cut leaves of the bytes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing of them.
    All,
    /// A beginning of the next write.
    PartOfNext,
    /// The next write with some of its bytes never written: pages reach the disk in any order.
    Holes,
    /// Other bytes in its place.
    Garbage,
}

impl Loss {
    /// All kinds.
    pub const KINDS: [Self; 4] = [Self::All, Self::PartOfNext, Self::Holes, Self::Garbage];
}

/// The files of one folder whose names end alike, as the trace saw them written and synced.
#[derive(Debug)]
pub struct SyncedFolder {
    files: BTreeMap<PathBuf, File>,
}

#[derive(Debug, Default)]
struct File {
    /// From when on its name is surely in the folder.
    named: Option<Moment>,
    changes: Vec<Change>,
    /// Syncs that succeeded: when each began and had ended.
    syncs: Vec<(Moment, Moment)>,
    /// Syncs that failed: when each began. The kernel tells a failure once: no later sync covers what it did not write.
    failed: Vec<Moment>,
}

#[derive(Debug)]
struct Change {
    begun: Moment,
    ended: Moment,
    what: What,
}

/// A file's bytes and its length: behind the bytes it is zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// What was written.
    pub bytes: Vec<u8>,
    /// How long the file is, in bytes; never less.
    pub len: u64,
}

#[derive(Debug)]
enum What {
    Write { offset: u64, bytes: Vec<u8> },
    Length(u64),
}

impl SyncedFolder {
    /// Follows the files of `folder` whose names end with `suffix`. The trace must have seen them made.
    ///
    /// # Errors
    /// When one was changed by a call that this does not understand: what is on its disk would be a guess.
    pub fn of(calls: &[Call], folder: &Path, suffix: &str) -> Result<Self> {
        let mut files: BTreeMap<PathBuf, File> = BTreeMap::new();
        for call in calls {
            let (Target::File(path), Some(ended)) = (&call.target, call.ended) else {
                continue;
            };
            if call.returned.is_none() {
                if let Some(file) = files
                    .get_mut(path)
                    .filter(|_| call.name == "fdatasync" || call.name == "fsync")
                {
                    file.failed.push(call.begun);
                }
                continue;
            }
            if path == folder && call.name == "fsync" {
                files
                    .values_mut()
                    .filter(|file| file.named.is_none())
                    .for_each(|file| file.named = Some(ended));
            }
            if path.parent() != Some(folder) || !path.to_string_lossy().ends_with(suffix) {
                continue;
            }
            let file = files.entry(path.clone()).or_default();
            file.take(call, ended).with_context(|| format!("{}", path.display()))?;
        }
        Ok(Self { files })
    }

    /// When a text was first surely durable: written whole, and the write followed by a sync of that file which succeeded. Nothing if
    /// it never was.
    #[must_use]
    pub fn durable(&self, prefix: &[u8], len: usize) -> BTreeMap<Vec<u8>, Moment> {
        let mut found = BTreeMap::new();
        for file in self.files.values() {
            for change in &file.changes {
                let What::Write { bytes, .. } = &change.what else {
                    continue;
                };
                let Some(synced) = file.synced(change) else {
                    continue;
                };
                let texts = positions(bytes, prefix)
                    .into_iter()
                    .filter_map(|at| bytes.get(at..at + len));
                for text in texts {
                    let first = found.entry(text.to_vec()).or_insert(synced);
                    *first = (*first).min(synced);
                }
            }
        }
        found
    }

    /// The files as a power cut at a moment may leave them: what the last sync before it covers, and what `loss` leaves of the rest.
    #[must_use]
    pub fn at(&self, moment: Moment, loss: Loss, rng: &mut Rng) -> Vec<(PathBuf, Content)> {
        let named = self
            .files
            .iter()
            .filter(|(_, file)| file.named.is_some_and(|named| named <= moment));
        named
            .map(|(path, file)| (path.clone(), file.at(moment, loss, rng)))
            .collect()
    }
}

impl File {
    /// When a sync that covers a change had ended.
    fn synced(&self, change: &Change) -> Option<Moment> {
        let (begun, ended) = self.syncs.iter().find(|(begun, _)| *begun > change.ended)?;
        let lost = self.failed.iter().any(|failed| (change.begun..*begun).contains(failed));
        (!lost).then_some(*ended)
    }

    fn take(&mut self, call: &Call, ended: Moment) -> Result<()> {
        let what = match (call.name.as_str(), call.number) {
            ("openat", _) => return Ok(()),
            ("fdatasync" | "fsync", _) => {
                self.syncs.push((call.begun, ended));
                return Ok(());
            }
            ("pwrite64", Some(offset)) => {
                let taken = call
                    .returned
                    .and_then(|taken| call.bytes.get(..usize::try_from(taken).ok()?));
                What::Write {
                    offset,
                    bytes: taken.context("a write of more than was offered")?.to_vec(),
                }
            }
            ("ftruncate", Some(len)) => What::Length(len),
            (other, _) => bail!("changed by {other}: extend this test"),
        };
        self.changes.push(Change {
            begun: call.begun,
            ended,
            what,
        });
        Ok(())
    }

    fn at(&self, moment: Moment, loss: Loss, rng: &mut Rng) -> Content {
        let first_failure = self.failed.first().copied().unwrap_or(Moment::MAX);
        let last = self
            .syncs
            .iter()
            .rfind(|(begun, ended)| *ended <= moment && *begun < first_failure);
        let synced_from = last.map_or(0, |(begun, _)| *begun);
        let (durable, rest): (Vec<_>, Vec<_>) = self.changes.iter().partition(|change| change.ended < synced_from);
        let mut content = Content::default();
        durable.into_iter().for_each(|change| change.what.apply(&mut content));
        if loss == Loss::All {
            return content;
        }
        for change in rest {
            match &change.what {
                // Made longer or shorter after the moment: not yet.
                What::Length(_) if change.begun > moment => {}
                length @ What::Length(_) => length.apply(&mut content),
                What::Write { offset, bytes: written } => {
                    torn(*offset, written, loss, rng).apply(&mut content);
                    break;
                }
            }
        }
        content
    }
}

/// What is left of a write that was not synced.
fn torn(offset: u64, written: &[u8], loss: Loss, rng: &mut Rng) -> What {
    /// What reaches a disk together, in bytes.
    const SECTOR_BYTES: usize = 512;
    let mut bytes = written.to_vec();
    match loss {
        Loss::All => bytes.clear(),
        Loss::PartOfNext => bytes.truncate(rng.usize(0..=written.len())),
        Loss::Holes => bytes
            .chunks_mut(SECTOR_BYTES)
            .filter(|_| rng.bool())
            .for_each(|sector| sector.fill(0)),
        Loss::Garbage => rng.fill(&mut bytes),
    }
    What::Write { offset, bytes }
}

impl What {
    fn apply(&self, file: &mut Content) {
        match self {
            Self::Length(len) => {
                file.len = *len;
                file.bytes.truncate(usize::try_from(*len).unwrap_or(usize::MAX));
            }
            Self::Write { offset, bytes } => {
                let from = usize::try_from(*offset).unwrap_or(usize::MAX);
                let to = from + bytes.len();
                if file.bytes.len() < to {
                    file.bytes.resize(to, 0);
                }
                file.bytes[from..to].copy_from_slice(bytes);
                file.len = file.len.max(to as u64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn call(name: &str, path: &str, bytes: &[u8], number: Option<u64>, moments: (Moment, Moment)) -> Call {
        Call {
            name: name.to_owned(),
            target: Target::File(path.into()),
            bytes: bytes.to_vec(),
            number,
            creates: name == "openat",
            begun: moments.0,
            ended: Some(moments.1),
            returned: Some(bytes.len() as u64),
        }
    }

    fn history() -> SyncedFolder {
        let calls = [
            call("openat", "/d/1.log", b"", None, (0, 0)),
            call("fsync", "/d", b"", None, (1, 1)),
            call("pwrite64", "/d/1.log", b"k-1 k-2", Some(0), (2, 4)),
            call("fdatasync", "/d/1.log", b"", None, (3, 5)), // began before the write had ended: covers nothing
            call("ftruncate", "/d/1.log", b"", Some(20), (6, 6)),
            call("fdatasync", "/d/1.log", b"", None, (7, 9)),
            call("pwrite64", "/d/1.log", b"k-3", Some(7), (8, 10)),
        ];
        SyncedFolder::of(&calls, Path::new("/d"), ".log").unwrap()
    }

    #[test]
    fn a_sync_covers_what_had_ended_before_it_began() {
        let synced = history();
        let durable = synced.durable(b"k-", 3);
        assert_eq!(durable, [(b"k-1".to_vec(), 9), (b"k-2".to_vec(), 9)].into());
        let mut rng = Rng::with_seed(1);
        assert_eq!(synced.at(0, Loss::All, &mut rng), [], "its name is not durable yet");
        assert_eq!(
            synced.at(5, Loss::All, &mut rng),
            [("/d/1.log".into(), Content::default())]
        );
        let whole = Content {
            bytes: b"k-1 k-2".to_vec(),
            len: 20,
        };
        assert_eq!(synced.at(9, Loss::All, &mut rng), [("/d/1.log".into(), whole.clone())]);
        for loss in Loss::KINDS {
            let (_, content) = synced.at(10, loss, &mut rng).remove(0);
            assert_eq!((&content.bytes[..7], content.len), (&whole.bytes[..7], 20), "{loss:?}");
        }
    }

    #[test]
    fn a_sync_that_failed_is_not_made_good_by_the_next() {
        let mut failed = call("fdatasync", "/d/1.log", b"", None, (3, 3));
        failed.returned = None;
        let calls = [
            call("openat", "/d/1.log", b"", None, (0, 0)),
            call("fsync", "/d", b"", None, (1, 1)),
            call("pwrite64", "/d/1.log", b"k-1", Some(0), (2, 2)),
            failed,
            call("fdatasync", "/d/1.log", b"", None, (4, 4)),
        ];
        let synced = SyncedFolder::of(&calls, Path::new("/d"), ".log").unwrap();
        assert!(synced.durable(b"k-", 3).is_empty());
        assert_eq!(
            synced.at(4, Loss::All, &mut Rng::with_seed(1)),
            [("/d/1.log".into(), Content::default())]
        );
    }

    #[test]
    fn a_change_that_is_not_understood_is_refused() {
        let calls = [call("copy_file_range", "/d/1.log", b"", None, (0, 0))];
        assert!(SyncedFolder::of(&calls, Path::new("/d"), ".log").is_err());
    }
}
