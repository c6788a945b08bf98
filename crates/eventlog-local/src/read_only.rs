//! A log of which nothing is written.

use std::{io, path::PathBuf, sync::Arc};

use chappe_eventlog::{
    AppendError, Durability, EventLog, OnDurable, Position, ReadError, ReadLimit, Record, Topic, Writers,
};

use crate::{
    error::OpenError,
    folder::{self, Meta},
    format::Seed,
    local::Shared,
    options::LocalOptions,
    recover::{OpenReport, read_through},
};

/// The log in a folder, to be read: nothing is made, cut off, synced or appended, so that it opens on a read-only file system. Several may have it
/// open at once, but nobody who writes.
pub struct ReadOnlyLog {
    shared: Shared,
}

impl ReadOnlyLog {
    /// Opens the log in a folder: reads the journal through and checks all of it. A torn tail is left and not read; the report tells of it.
    ///
    /// # Errors
    /// [`OpenError`], also when there is no log or a process writes it.
    pub fn open(folder: impl Into<PathBuf>) -> Result<(Self, OpenReport), OpenError> {
        let options = LocalOptions::in_folder(folder);
        let missing = || OpenError::io("read", folder::meta_file(&options.folder))(io::ErrorKind::NotFound.into());
        let meta = Meta::read(&options.folder)?.ok_or_else(missing)?;
        let lock = folder::lock_to_read(&options.folder)?;
        let seed = Seed::of_journal(meta.journal);
        let (index, report) = read_through(&options.folder, seed, meta.partitions)?;
        let shared = Shared::new(options, meta.partitions, seed, index, lock);
        shared.queue.close();
        Ok((Self { shared }, report))
    }
}

impl EventLog for ReadOnlyLog {
    fn durability(&self) -> Durability {
        Durability::Disk
    }

    fn writers(&self) -> Writers {
        Writers::Sole // nobody writes while it is open
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.shared.partitions.of(topic)
    }

    /// Refuses with [`AppendError::Closed`].
    fn append(&self, _: Topic, _: u16, _: Record, on_durable: OnDurable) {
        on_durable(Err(AppendError::Closed));
    }

    fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        self.shared.read(topic, partition, from, limit)
    }

    fn end(&self, topic: Topic, partition: u16) -> Position {
        self.shared.end(topic, partition)
    }

    fn on_advance(&self, _: Topic, _: Arc<dyn Fn() + Send + Sync>) {} // it never does

    fn health(&self) -> Result<(), AppendError> {
        Err(AppendError::Closed)
    }

    fn close(&self) {}
}

impl std::fmt::Debug for ReadOnlyLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadOnlyLog")
            .field("folder", &self.shared.options.folder)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use chappe_eventlog::append_blocking;

    use super::*;
    use crate::LocalLog;

    fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = entries.filter(|path| path.is_file());
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    #[test]
    fn what_was_appended_is_read_and_no_byte_of_the_folder_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = LocalLog::open(LocalOptions::in_folder(folder.path())).unwrap();
        for stamp in 1..=3 {
            append_blocking(&log, Topic::Incidents, 2, Record::mark(stamp)).unwrap();
        }
        let refused = ReadOnlyLog::open(folder.path()).unwrap_err();
        assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
        drop(log);
        // As a crash leaves it: a commit that was begun.
        let (segment, whole) = files(folder.path())
            .into_iter()
            .find(|(path, _)| path.extension().is_some())
            .unwrap();
        fs::write(&segment, [&whole[..], b"CHPJtorn"].concat()).unwrap();
        let before = files(folder.path());
        let (one, report) = ReadOnlyLog::open(folder.path()).unwrap();
        let (other, _) = ReadOnlyLog::open(folder.path()).unwrap();
        assert_eq!((report.records, report.torn_tail.map(|torn| torn.bytes)), (3, Some(8)));
        for log in [&one, &other] {
            assert_eq!(
                log.read(Topic::Incidents, 2, Position(0), ReadLimit::default())
                    .unwrap()
                    .len(),
                3
            );
            let refused = append_blocking(log, Topic::Incidents, 2, Record::mark(4)).unwrap_err();
            assert!(matches!(refused, AppendError::Closed), "{refused}");
        }
        drop((one, other));
        assert_eq!(files(folder.path()), before);
    }

    #[test]
    fn where_there_is_no_log_none_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let refused = ReadOnlyLog::open(folder.path().join("log")).unwrap_err();
        assert!(matches!(refused, OpenError::Io { action: "read", .. }), "{refused}");
        assert!(!folder.path().join("log").exists());
    }
}
