//! Snapshots as files: written aside, synced, then renamed into place.
//!
//! A file is magic "CHPS", format version u32, length of the blob u64, CRC-32C of the blob u32, then the blob.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use bytes::{Buf, BufMut};
use chappe_eventlog::{MAX_SNAPSHOT_BYTES, SnapshotError, check_snapshot};

use crate::{disk::Disk, error::OpenError};

const FOLDER_NAME: &str = "snapshots";
const MAGIC: [u8; 4] = *b"CHPS";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 20;

#[derive(Debug)]
pub(crate) struct Snapshots {
    folder: PathBuf,
    /// One save at a time: two of one name must not write the same draft.
    saving: Mutex<()>,
}

impl Snapshots {
    pub(crate) fn open(log_folder: &Path, disk: &dyn Disk) -> Result<Self, OpenError> {
        let folder = log_folder.join(FOLDER_NAME);
        fs::create_dir_all(&folder).map_err(OpenError::io("make the folder", &folder))?;
        disk.sync_folder(log_folder)
            .map_err(OpenError::io("sync", log_folder))?;
        Ok(Self {
            folder,
            saving: Mutex::new(()),
        })
    }

    pub(crate) fn save(&self, name: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
        check_snapshot(name, bytes.len())?;
        let _one_at_a_time = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        self.replace(name, bytes).map_err(|error| storage("save", name, &error))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.put_slice(&MAGIC);
        header.put_u32_le(VERSION);
        header.put_u64_le(bytes.len() as u64);
        header.put_u32_le(crc32c::crc32c(bytes));
        let draft = self.folder.join(format!("{name}.new"));
        let mut file = File::create(&draft)?;
        file.write_all(&header)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, self.path(name))?;
        File::open(&self.folder)?.sync_all()
    }

    pub(crate) fn load(&self, name: &str) -> Result<Option<Vec<u8>>, SnapshotError> {
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

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.snapshot"))
    }
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
