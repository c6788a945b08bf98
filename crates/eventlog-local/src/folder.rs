//! The log's folder: the lock, and the file that says what the log is.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Write},
    path::{Path, PathBuf},
};

use chappe_eventlog::{MAX_PARTITIONS, Partitions, Topic};

use crate::{disk::Disk, error::OpenError, segment};

const META_NAME: &str = "meta";
const LOCK_NAME: &str = "lock";
/// The first line of `meta`. A version that changes what follows changes the number.
const META_FIRST_LINE: &str = "chappe-log 1";

/// The file whose lock keeps a second process out; the lock ends with the process that holds it.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

/// Makes the folder if absent and takes its lock.
pub(crate) fn lock(folder: &Path) -> Result<FolderLock, OpenError> {
    fs::create_dir_all(folder).map_err(OpenError::io("make the folder", folder))?;
    let path = lock_file(folder);
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(OpenError::io("open the lock file", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { folder: folder.into() }),
        Err(TryLockError::Error(error)) => Err(OpenError::io("lock", path)(error)),
    }
}

/// Takes the lock of a folder together with other readers, so that nobody writes meanwhile. Makes nothing: a copy without the file, which nobody
/// can have open, has no lock to take.
pub(crate) fn lock_to_read(folder: &Path) -> Result<Option<FolderLock>, OpenError> {
    let path = folder.join(LOCK_NAME);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::io("open the lock file", &path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(FolderLock { _file: file })),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { folder: folder.into() }),
        Err(TryLockError::Error(error)) => Err(OpenError::io("lock", path)(error)),
    }
}

/// Where the lock is.
pub(crate) fn lock_file(folder: &Path) -> PathBuf {
    folder.join(LOCK_NAME)
}

/// Where the file is that says what the log is.
pub(crate) fn meta_file(folder: &Path) -> PathBuf {
    folder.join(META_NAME)
}

/// The segments in the folder, by the sequence of their first commit, rising.
pub(crate) fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, OpenError> {
    let list = || -> io::Result<Vec<(u64, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if let Some(first) = entry.file_name().to_str().and_then(segment::parse_name) {
                found.push((first, entry.path()));
            }
        }
        found.sort();
        Ok(found)
    };
    list().map_err(OpenError::io("list", folder))
}

/// The topics whose partitions are stated. One that came later has one partition and no line, so that folders made before it still open.
const STATED: [Topic; 3] = [Topic::Incidents, Topic::Alerts, Topic::Config];

/// What a log was created as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta {
    /// Drawn when the log was created; every checksum depends on it.
    pub(crate) journal: u64,
    pub(crate) partitions: Partitions,
}

impl Meta {
    /// Reads what the log in a folder is; none where there is no such file.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, OpenError> {
        let file = meta_file(folder);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OpenError::io("read", file)(error)),
        };
        let meta = Self::parse(&text).map_err(|reason| OpenError::BadMeta { file, reason })?;
        Ok(Some(meta))
    }

    /// Reads what the log in a folder is, or creates it with these partitions if the folder holds none.
    pub(crate) fn open_or_create(folder: &Path, asked: Partitions, disk: &dyn Disk) -> Result<Self, OpenError> {
        let Some(meta) = Self::read(folder)? else {
            return Self::create(folder, meta_file(folder), asked, disk);
        };
        for topic in Topic::ALL {
            let (on_disk, asked) = (meta.partitions.of(topic), asked.of(topic));
            if on_disk != asked {
                return Err(OpenError::OtherPartitions {
                    folder: folder.into(),
                    topic,
                    on_disk,
                    asked,
                });
            }
        }
        Ok(meta)
    }

    fn create(folder: &Path, file: PathBuf, partitions: Partitions, disk: &dyn Disk) -> Result<Self, OpenError> {
        if !segments(folder)?.is_empty() {
            return Err(OpenError::MetaMissing { file });
        }
        // The standard library's hash keys are the one source of randomness at hand; an id needs no more.
        let meta = Self {
            journal: RandomState::new().build_hasher().finish(),
            partitions,
        };
        let draft = folder.join("meta.new");
        let write = || -> io::Result<()> {
            let mut new = File::create(&draft)?;
            new.write_all(meta.to_text().as_bytes())?;
            new.sync_all()?;
            fs::rename(&draft, &file)?;
            disk.sync_folder(folder)?;
            // The folder may itself be new: its own name must be durable too.
            folder
                .canonicalize()?
                .parent()
                .map_or(Ok(()), |parent| disk.sync_folder(parent))
        };
        write().map_err(OpenError::io("write", &file))?;
        Ok(meta)
    }

    fn to_text(self) -> String {
        let mut text = format!("{META_FIRST_LINE}\njournal {:016x}\n", self.journal);
        for topic in STATED {
            text.push_str(&format!("{} {}\n", topic.name(), self.partitions.of(topic)));
        }
        let crc = crc32c::crc32c(text.as_bytes());
        text.push_str(&format!("crc {crc:08x}\n"));
        text
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        if first != META_FIRST_LINE {
            return Err(format!("it begins with {first:?}, not {META_FIRST_LINE:?}"));
        }
        let mut value = |name: &str| {
            let line = lines.next().unwrap_or_default();
            line.strip_prefix(name)
                .and_then(|rest| rest.strip_prefix(' '))
                .ok_or(format!("no line {name}"))
        };
        let journal = u64::from_str_radix(value("journal")?, 16).map_err(|_| "the journal id is no number")?;
        let mut partitions = Partitions::default();
        for topic in STATED {
            let count: u16 = value(topic.name())?
                .parse()
                .map_err(|_| format!("no count of {topic}"))?;
            if !(1..=MAX_PARTITIONS).contains(&count) {
                return Err(format!("{count} partitions of {topic}"));
            }
            partitions = partitions.with(topic, count);
        }
        let meta = Self { journal, partitions };
        if meta.to_text() != text {
            return Err("its checksum is wrong".into());
        }
        Ok(meta)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_folder_made_before_a_topic_came_opens_with_one_partition_of_it() {
        // As builds before the decisions wrote it.
        let text = "chappe-log 1\njournal 000000000000feed\nincidents 8\nalerts 1\nconfig 1\n";
        let text = format!("{text}crc {:08x}\n", crc32c::crc32c(text.as_bytes()));
        let meta = Meta::parse(&text).unwrap();
        assert_eq!(meta.partitions, Partitions::default());
        assert_eq!(meta.partitions.of(Topic::Decisions), 1);
    }

    #[test]
    fn meta_reads_back_and_every_changed_character_is_noticed() {
        let meta = Meta {
            journal: 0xfeed,
            partitions: Partitions::default().with(Topic::Incidents, 16),
        };
        let text = meta.to_text();
        assert_eq!(Meta::parse(&text), Ok(meta));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(Meta::parse(&changed).is_err(), "unnoticed at {at}: {changed}");
        }
    }
}
