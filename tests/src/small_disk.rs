//! A disk that can be filled.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own in a folder; unmounted when dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of this size, in MiB; none where mounting is not allowed.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn mount(at: &Path, mib: u64) -> io::Result<Option<Self>> {
        fs::create_dir_all(at)?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m,mode=0700"), "tmpfs"])
            .arg(at)
            .output();
        Ok(mounted
            .is_ok_and(|mounted| mounted.status.success())
            .then(|| Self(at.to_owned())))
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Writes until nothing more fits.
    ///
    /// # Errors
    /// When there is no room for a file at all.
    pub fn fill(&self) -> io::Result<()> {
        let mut ballast = File::create(self.ballast())?;
        for block in [1 << 20, 1 << 12, 1] {
            while ballast.write(&vec![1; block]).is_ok() {}
        }
        Ok(())
    }

    /// Takes away what [`SmallDisk::fill`] wrote.
    ///
    /// # Errors
    /// When it did not write anything.
    pub fn free(&self) -> io::Result<()> {
        fs::remove_file(self.ballast())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the program may still be about to end.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
