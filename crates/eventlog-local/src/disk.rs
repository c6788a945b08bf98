//! What the log asks of the disk when it writes. Tests put a faulty one in its place.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

/// An open segment.
pub(crate) trait JournalFile: Send {
    /// Writes all bytes at an offset.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes everything written durable (`fdatasync`).
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file to a length, or extends it to one with zeros.
    fn set_len(&mut self, len: u64) -> io::Result<()>;
}

/// A disk.
pub(crate) trait Disk: Send + Sync {
    /// Opens a segment for writing, making it if absent.
    fn open_segment(&self, path: &Path) -> io::Result<Box<dyn JournalFile>>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The machine's own.
pub(crate) struct OsDisk;

impl Disk for OsDisk {
    fn open_segment(&self, path: &Path) -> io::Result<Box<dyn JournalFile>> {
        Ok(Box::new(
            OpenOptions::new().write(true).create(true).truncate(false).open(path)?,
        ))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

impl JournalFile for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }
}
