//! Files of rules: found by a pattern, read within bounds.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use chappe_model::Wildcards;
use chappe_sigma::{SourceText, limits};

/// A file that was not read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub(crate) struct Unread {
    path: PathBuf,
    reason: String,
}

impl Unread {
    pub(crate) fn new(path: &Path, reason: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}

/// The text of a file of at most so many bytes.
///
/// # Errors
/// When it cannot be read, is longer, or is no text: then with the line where that shows.
pub(crate) fn read_text(path: &Path, most_bytes: u64) -> Result<String, Unread> {
    let unread = |reason: String| Unread::new(path, reason);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most_bytes + 1).read_to_end(&mut bytes));
    read.map_err(|error| unread(error.to_string()))?;
    if bytes.len() as u64 > most_bytes {
        return Err(unread(format!("longer than {most_bytes} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| unread(format!("line {}: {NOT_UTF8}", line_of(&error))))
}

/// What to do with a text in another encoding.
pub(crate) const NOT_UTF8: &str = "not UTF-8: convert it, for example with iconv -f WINDOWS-1252 -t UTF-8";

/// The line, from 1, in which a text is no UTF-8.
pub(crate) fn line_of(error: &FromUtf8Error) -> usize {
    let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
    before.filter(|byte| **byte == b'\n').count() + 1
}

/// The files that a pattern names, in the order of their names. `*` and `?` may stand in the last part of the path.
///
/// # Errors
/// When it names none, or the folder cannot be listed.
pub(crate) fn matching(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, Unread> {
    let path = folder.join(pattern);
    let unread = |path: &Path, reason: String| Unread {
        path: path.to_owned(),
        reason,
    };
    let wild = |text: &str| text.contains(['*', '?']);
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_owned();
    let parent = path.parent().unwrap_or(Path::new("")).to_owned();
    if pattern.strip_suffix(&name).is_some_and(wild) {
        return Err(unread(&path, "* and ? may stand in the name of the file only".into()));
    }
    if !wild(&name) {
        return Ok(vec![path]);
    }
    let wanted = Wildcards::parse(&name, true);
    let fits = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(|name| wanted.matches(name));
    let list = || -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&parent)? {
            let entry = entry?;
            if fits(&entry) && entry.path().is_file() {
                found.push(entry.path());
            }
        }
        found.sort();
        Ok(found)
    };
    let found = list().map_err(|error| unread(&parent, error.to_string()))?;
    if found.is_empty() {
        return Err(unread(&path, "no file is called like that".into()));
    }
    Ok(found)
}

/// The files' texts. A file longer than is read is cut where [`chappe_sigma::load`] still sees that it is.
///
/// # Errors
/// For the first that cannot be read, or is no text.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<SourceText>, Unread> {
    let mut found = Vec::new();
    for path in paths {
        let mut bytes = Vec::new();
        let most = limits::FILE_BYTES as u64 + 4;
        let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        let unread = |reason: String| Unread {
            path: path.clone(),
            reason,
        };
        read.map_err(|error| unread(error.to_string()))?;
        let cut = bytes.len() > limits::FILE_BYTES;
        let text = if cut {
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            String::from_utf8(bytes).map_err(|error| unread(format!("line {}: {NOT_UTF8}", line_of(&error))))?
        };
        found.push(SourceText::new(&path.display().to_string(), &text));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_files_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.yml", "a.yml", "c.txt"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        fs::create_dir(folder.path().join("d.yml")).unwrap();
        let names = |pattern: &str| -> Vec<String> {
            let found = matching(folder.path(), pattern).unwrap();
            found
                .iter()
                .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names("*.yml"), ["a.yml", "b.yml"]);
        assert_eq!(names("c.txt"), ["c.txt"]);
        assert!(
            matching(folder.path(), "*.yaml")
                .unwrap_err()
                .to_string()
                .contains("no file is called like that")
        );
        assert!(
            matching(folder.path(), "*/a.yml")
                .unwrap_err()
                .to_string()
                .contains("name of the file only")
        );
        assert!(matching(folder.path(), "gone/*.yml").is_err());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yml");
        assert!(
            read(std::slice::from_ref(&path))
                .unwrap_err()
                .to_string()
                .contains("a.yml: ")
        );
        fs::write(&path, b"\xff").unwrap();
        assert!(
            read(std::slice::from_ref(&path))
                .unwrap_err()
                .to_string()
                .contains("a.yml: line 1: not UTF-8: convert it")
        );
        fs::write(&path, vec![b'#'; limits::FILE_BYTES * 2]).unwrap();
        let refused = chappe_sigma::load(&read(&[path]).unwrap()).unwrap_err().to_string();
        assert!(refused.contains("split the file"), "{refused}");
    }
}
