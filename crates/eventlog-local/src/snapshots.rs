//! Snapshots as files: written aside, synced, then renamed into place. A draft is locked while it is written; one that nobody locks
//! is left from a process that died, and the next opening removes it.
//!
//! A file is magic "CHPS", format version u32, length of the blob u64, CRC-32C of the blob u32, then the blob.

use std::{
    fs::{self, File},
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use bytes::{Buf, BufMut};
use chappe_eventlog::{MAX_SNAPSHOT_BYTES, SnapshotError, SnapshotStore, check_snapshot};

use crate::{
    disk::{Disk, OsDisk},
    error::OpenError,
};

const FOLDER_NAME: &str = "snapshots";
const DRAFT_EXTENSION: &str = "new";
const MAGIC: [u8; 4] = *b"CHPS";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 20;

/// A [`SnapshotStore`] in a folder of its own: what a log without one is paired with. Several processes may share the
/// folder; of two that save one name at once, the later rename stays.
#[derive(Debug)]
pub struct SnapshotFolder {
    folder: PathBuf,
    /// Part of the names of this process's drafts: two processes that share the folder never write the same draft.
    draft_id: u64,
    /// One save at a time: two of one name must not write the same draft.
    saving: Mutex<()>,
}

impl SnapshotFolder {
    /// Opens a folder of snapshots; makes it if absent.
    ///
    /// # Errors
    /// [`OpenError::Io`] when the folder cannot be made or synced.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, OpenError> {
        Self::open_on(folder.into(), &OsDisk)
    }

    /// The snapshots of the log in a folder.
    pub(crate) fn of_log(log_folder: &Path, disk: &dyn Disk) -> Result<Self, OpenError> {
        Self::open_on(log_folder.join(FOLDER_NAME), disk)
    }

    fn open_on(folder: PathBuf, disk: &dyn Disk) -> Result<Self, OpenError> {
        fs::create_dir_all(&folder).map_err(OpenError::io("make the folder", &folder))?;
        // Its own name must be durable too. A folder at the root of a file system has no parent and needs none.
        let whole = folder
            .canonicalize()
            .map_err(OpenError::io("find the folder", &folder))?;
        if let Some(parent) = whole.parent() {
            disk.sync_folder(parent).map_err(OpenError::io("sync", parent))?;
        }
        remove_orphans(&folder).map_err(OpenError::io("tidy", &folder))?;
        Ok(Self {
            folder,
            // The standard library's hash keys are the one source of randomness at hand.
            draft_id: RandomState::new().build_hasher().finish(),
            saving: Mutex::new(()),
        })
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.put_slice(&MAGIC);
        header.put_u32_le(VERSION);
        header.put_u64_le(bytes.len() as u64);
        header.put_u32_le(crc32c::crc32c(bytes));
        let draft = self
            .folder
            .join(format!("{name}.{:016x}.{DRAFT_EXTENSION}", self.draft_id));
        // Locked until it has its final name.
        let _writing = write(&draft, &header, bytes).inspect_err(|_| {
            // What failed is told already.
            let _ = fs::remove_file(&draft);
        })?;
        fs::rename(&draft, self.path(name))?;
        File::open(&self.folder)?.sync_all()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.snapshot"))
    }
}

impl SnapshotStore for SnapshotFolder {
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
        check_snapshot(name, bytes.len())?;
        let _one_at_a_time = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        self.replace(name, bytes).map_err(|error| storage("save", name, &error))
    }

    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, SnapshotError> {
        check_snapshot(name, 0)?;
        let mut file = match File::open(self.path(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(storage("load", name, &error)),
        };
        let mut stored = Vec::new();
        let limit = (HEADER_BYTES + MAX_SNAPSHOT_BYTES) as u64;
        let read = Read::by_ref(&mut file).take(limit).read_to_end(&mut stored);
        read.map_err(|error| storage("load", name, &error))?;
        match check(&stored) {
            Ok(()) => Ok(Some(stored.split_off(HEADER_BYTES))),
            Err(reason) => Err(SnapshotError::Corrupt {
                name: name.into(),
                reason: reason.into(),
            }),
        }
    }
}

/// The snapshots of the log in a folder, by name: the length of each in bytes, or what is wrong. None where there is no folder yet.
pub(crate) fn inspect(log_folder: &Path) -> io::Result<Vec<(String, Result<u64, String>)>> {
    let entries = match fs::read_dir(log_folder.join(FOLDER_NAME)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(name) = name.strip_suffix(".snapshot") else {
            continue;
        };
        let looked = match fs::read(&path) {
            Ok(stored) => check(&stored).map(|()| stored.len() as u64).map_err(str::to_owned),
            Err(error) => Err(error.to_string()),
        };
        found.push((name.to_owned(), looked));
    }
    found.sort();
    Ok(found)
}

fn write(draft: &Path, header: &[u8], bytes: &[u8]) -> io::Result<File> {
    let mut file = File::create(draft)?;
    file.lock()?;
    file.write_all(header)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(file)
}

/// Removes the drafts of processes that died while they wrote: nobody holds the lock of those.
fn remove_orphans(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_draft = path.extension().is_some_and(|extension| extension == DRAFT_EXTENSION);
        // One that is gone by now got its final name in the meantime.
        if is_draft && File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(&path);
        }
    }
    Ok(())
}

fn check(mut stored: &[u8]) -> Result<(), &'static str> {
    if stored.len() < HEADER_BYTES || !stored.starts_with(&MAGIC) {
        return Err("it does not begin like a snapshot");
    }
    stored.advance(MAGIC.len());
    if stored.get_u32_le() != VERSION {
        return Err("another format version");
    }
    let (len, crc) = (stored.get_u64_le(), stored.get_u32_le());
    if len != stored.len() as u64 {
        return Err("its length is wrong");
    }
    if crc != crc32c::crc32c(stored) {
        return Err("its checksum is wrong");
    }
    Ok(())
}

fn storage(action: &'static str, name: &str, error: &io::Error) -> SnapshotError {
    SnapshotError::Storage {
        action,
        name: name.into(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn two_processes_that_share_a_folder_do_not_mix() {
        let folder = tempfile::TempDir::new().unwrap();
        let open = || SnapshotFolder::open(folder.path().join("made/on/opening")).unwrap();
        let (one, other) = (open(), open());
        assert_ne!(one.draft_id, other.draft_id);
        let blobs = [vec![1; 300_000], vec![2; 200_000]];
        std::thread::scope(|scope| {
            for (store, blob) in [&one, &other].into_iter().zip(&blobs) {
                scope.spawn(move || (0..20).for_each(|_| store.save("shard-0", blob).unwrap()));
            }
        });
        let found = one.load("shard-0").unwrap().unwrap();
        assert!(blobs.contains(&found), "neither one's nor the other's");
        let files: Vec<_> = fs::read_dir(&one.folder)
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(files, ["shard-0.snapshot"], "no draft is left");
    }

    #[test]
    fn the_draft_of_a_process_that_died_is_removed_and_that_of_a_living_one_is_not() {
        let folder = tempfile::TempDir::new().unwrap();
        let (dead, living) = (folder.path().join("a.01.new"), folder.path().join("a.02.new"));
        fs::write(&dead, b"half").unwrap();
        let writing = write(&living, b"head", b"body").unwrap();
        SnapshotFolder::open(folder.path()).unwrap();
        assert!(!dead.exists() && living.exists());
        drop(writing);
    }
}
