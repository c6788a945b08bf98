//! The place in the feed, kept over restarts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Longest cursor that is taken for one, in bytes.
const CURSOR_BYTES: usize = 4_096;

/// A file with one line: the cursor. It is replaced as a whole, so that a crash leaves the old or the new one.
#[derive(Debug)]
pub(crate) struct CursorFile {
    path: PathBuf,
    cursor: String,
}

impl CursorFile {
    /// Reads the cursor; a file that is not there yet holds none.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.with_context(|| format!("cannot read the cursor in {}", path.display()))?,
        };
        let cursor = text.trim();
        if cursor.len() > CURSOR_BYTES || !cursor.bytes().all(|b| b.is_ascii_graphic()) {
            bail!(
                "{} holds no cursor: name a file that watch wrote, or delete it",
                path.display()
            );
        }
        Ok(Self {
            path: path.to_owned(),
            cursor: cursor.to_owned(),
        })
    }

    /// The cursor; empty if there is none.
    pub(crate) fn cursor(&self) -> &str {
        &self.cursor
    }

    /// Replaces the cursor, if it is another one.
    pub(crate) fn keep(&mut self, cursor: &str) -> io::Result<()> {
        if cursor == self.cursor {
            return Ok(());
        }
        let mut draft = self.path.clone().into_os_string();
        draft.push(".new");
        fs::write(&draft, format!("{cursor}\n"))?;
        fs::rename(&draft, &self.path)?;
        cursor.clone_into(&mut self.cursor);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cursor");
        let mut file = CursorFile::open(&path).unwrap();
        assert_eq!(file.cursor(), "");
        file.keep("abc").unwrap();
        file.keep("abd").unwrap();
        assert_eq!(CursorFile::open(&path).unwrap().cursor(), "abd");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(&path, "two words").unwrap();
        assert!(CursorFile::open(&path).is_err());
    }
}
