//! What is left of a disk.

use std::io;
use std::path::Path;

/// The file system that holds a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// What an ordinary user may still write, in bytes.
    pub(crate) free_bytes: u64,
    /// All of it, in bytes.
    pub(crate) size_bytes: u64,
    /// Files that may still be made; 0 also where the file system counts none.
    pub(crate) free_files: u64,
    /// Files that it has room for altogether; 0 where it counts none.
    pub(crate) files: u64,
}

impl Room {
    /// Asks the system.
    ///
    /// # Errors
    /// When there is no such path, or its file system does not answer.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let told = rustix::fs::statvfs(path)?;
        Ok(Self {
            free_bytes: told.f_bavail.saturating_mul(told.f_frsize),
            size_bytes: told.f_blocks.saturating_mul(told.f_frsize),
            free_files: told.f_favail,
            files: told.f_files,
        })
    }
}
