//! A disk that fails when told to, and notes what was asked of it instead of syncing.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
};

use crate::disk::{Disk, JournalFile, OsDisk};

/// What the disk was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Write,
    Sync,
}

#[derive(Default)]
struct Plan {
    /// The next writes: how many bytes reach the file before the error.
    writes: VecDeque<(usize, io::ErrorKind)>,
    fail_sync: bool,
    fail_set_len: bool,
    fail_open: Option<io::ErrorKind>,
    fail_folder: bool,
    /// The next write waits for this before it begins.
    gate: Option<mpsc::Receiver<()>>,
    events: Vec<Event>,
    /// Up to where each file is known to be synced.
    synced: BTreeMap<PathBuf, u64>,
}

#[derive(Default)]
pub(super) struct FaultyDisk {
    plan: Arc<Mutex<Plan>>,
}

impl FaultyDisk {
    fn plan<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.plan.lock().unwrap())
    }

    /// The next write not yet planned fails once `bytes` of it have reached the file.
    pub(super) fn fail_write(&self, bytes: usize, kind: io::ErrorKind) {
        self.plan(|plan| plan.writes.push_back((bytes, kind)));
    }

    /// Every sync fails from now on.
    pub(super) fn fail_sync(&self) {
        self.plan(|plan| plan.fail_sync = true);
    }

    pub(super) fn fail_set_len(&self) {
        self.plan(|plan| plan.fail_set_len = true);
    }

    /// Opening segments fails from now on, or works again.
    pub(super) fn fail_open(&self, kind: Option<io::ErrorKind>) {
        self.plan(|plan| plan.fail_open = kind);
    }

    pub(super) fn fail_folder(&self) {
        self.plan(|plan| plan.fail_folder = true);
    }

    /// The next write waits until what is returned is dropped.
    pub(super) fn hold_write(&self) -> mpsc::Sender<()> {
        let (open, gate) = mpsc::channel();
        self.plan(|plan| plan.gate = Some(gate));
        open
    }

    /// What was asked since the last call.
    pub(super) fn take_events(&self) -> Vec<Event> {
        self.plan(|plan| std::mem::take(&mut plan.events))
    }

    pub(super) fn synced_bytes(&self, path: &Path) -> u64 {
        self.plan(|plan| plan.synced.get(path).copied().unwrap_or(0))
    }
}

impl Disk for FaultyDisk {
    fn open_segment(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        if let Some(kind) = self.plan(|plan| plan.fail_open) {
            return Err(kind.into());
        }
        let inner = OsDisk.open_segment(path)?;
        Ok(Box::new(FaultyFile {
            inner,
            path: path.into(),
            plan: Arc::clone(&self.plan),
            written_to: 0,
        }))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if self.plan(|plan| plan.fail_folder) {
            return Err(io::Error::other("planned failure"));
        }
        assert!(folder.is_dir());
        Ok(())
    }
}

struct FaultyFile {
    inner: Box<dyn JournalFile>,
    path: PathBuf,
    plan: Arc<Mutex<Plan>>,
    /// Where the last write ended.
    written_to: u64,
}

impl JournalFile for FaultyFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let gate = self.plan.lock().unwrap().gate.take();
        if let Some(gate) = gate {
            // Ends with an error once the other side is dropped: that is the signal.
            let _ = gate.recv();
        }
        let mut plan = self.plan.lock().unwrap();
        plan.events.push(Event::Write);
        match plan.writes.pop_front() {
            None => {
                self.written_to = offset + bytes.len() as u64;
                self.inner.write_at(bytes, offset)
            }
            Some((reached, kind)) => {
                self.inner.write_at(&bytes[..reached.min(bytes.len())], offset)?;
                Err(kind.into())
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut plan = self.plan.lock().unwrap();
        plan.events.push(Event::Sync);
        if plan.fail_sync {
            return Err(io::Error::other("planned failure"));
        }
        // Noted, not done: no power is cut here, and the tests' crashes go by what is noted.
        plan.synced.insert(self.path.clone(), self.written_to);
        Ok(())
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        let plan = self.plan.lock().unwrap();
        if plan.fail_set_len {
            return Err(io::Error::other("planned failure"));
        }
        self.inner.set_len(len)
    }
}
