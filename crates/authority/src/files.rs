//! Writing files: whole or not at all, keys for their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::AuthorityError;

/// Mode of what all may read.
pub(crate) const PUBLIC: u32 = 0o644;
/// Mode of keys.
pub(crate) const SECRET: u32 = 0o600;

fn io_at(path: &Path) -> impl Fn(io::Error) -> AuthorityError {
    let path = path.to_owned();
    move |source| AuthorityError::Io {
        path: path.clone(),
        source,
    }
}

/// Writes a file that must not be there yet, and the folders above it.
pub(crate) fn write_new(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), AuthorityError> {
    if path.exists() {
        return Err(AuthorityError::Present(path.to_owned()));
    }
    replace(path, mode, bytes)
}

/// Puts a file in the place of what is there: readers find either, and nothing between.
pub(crate) fn replace(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), AuthorityError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(io_at(folder))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| {
        // Gone if it was renamed, or never there.
        let _ = fs::remove_file(&draft);
        io_at(path)(error)
    })
}

pub(crate) fn read(path: &Path) -> Result<String, AuthorityError> {
    fs::read_to_string(path).map_err(io_at(path))
}

/// The text of a file; none if it is not there.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, AuthorityError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(io_at(path)),
    }
}
