//! Where an export goes. A file is there whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use chappe_exchange::{FeedFile, FeedRole};

/// Writes a text to a file, or to standard output.
pub(super) fn text(path: Option<&Path>, text: &str, out: &mut dyn Write) -> Result<()> {
    match path {
        Some(path) => whole(path, text),
        None => {
            out.write_all(text.as_bytes())?;
            Ok(out.flush()?)
        }
    }
}

/// Writes the files of a feed, in their order: its manifest lists nothing that is not there.
pub(super) fn folder(folder: &Path, files: &[FeedFile]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    files
        .iter()
        .try_for_each(|file| whole(&folder.join(&file.name), &file.text))?;
    for name in left_over(folder, files).with_context(|| format!("cannot list {}", folder.display()))? {
        say(&format!(
            "{name} is of an earlier export and no longer listed: remove it"
        ));
    }
    Ok(())
}

/// Events in the folder that the feed does not list.
fn left_over(folder: &Path, files: &[FeedFile]) -> io::Result<Vec<String>> {
    let written: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if FeedRole::of(&name) == FeedRole::Event && !written.contains(name.as_str()) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// What is there is replaced by a whole file, if it is a file: a link stays, and a device or pipe is written to.
fn whole(path: &Path, text: &str) -> Result<()> {
    let write = || -> io::Result<()> {
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return fs::File::options().write(true).open(path)?.write_all(text.as_bytes());
        }
        let target = if path.is_symlink() {
            fs::canonicalize(path)?
        } else {
            path.to_owned()
        };
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(parent.unwrap_or(Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        // A name that outlives a crash must not name an empty file.
        file.as_file().sync_all()?;
        file.persist(&target)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Tells something beside what is written.
pub(super) fn say(line: &str) {
    // Nobody is left to tell if standard error is gone.
    let _ = writeln!(io::stderr(), "{}", crate::words::plain(line));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    #[test]
    fn a_link_stays_and_what_it_names_is_written_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("a.json"), folder.path().join("link"));
        fs::write(&target, "before").unwrap();
        symlink(&target, &link).unwrap();
        whole(&link, "after").unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), target);
        assert_eq!(fs::read_to_string(&target).unwrap(), "after");
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        let nowhere = folder.path().join("nowhere");
        symlink(folder.path().join("absent"), &nowhere).unwrap();
        assert!(whole(&nowhere, "x").is_err() && nowhere.is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing else is left");
    }

    #[test]
    fn what_is_no_file_is_written_to_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Open for both, so that neither side waits for the other.
        let mut reader = fs::File::options().read(true).write(true).open(&pipe).unwrap();
        whole(&pipe, "text").unwrap();
        assert!(!fs::symlink_metadata(&pipe).unwrap().is_file());
        let mut read = [0; 4];
        io::Read::read_exact(&mut reader, &mut read).unwrap();
        assert_eq!(&read, b"text");
        assert!(whole(folder.path(), "text").is_err());
    }
}
