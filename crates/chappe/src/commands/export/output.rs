//! Where an export goes. A file is there whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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

fn whole(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Tells something beside what is written.
pub(super) fn say(line: &str) {
    // Nobody is left to tell if standard error is gone.
    let _ = writeln!(io::stderr(), "{}", crate::words::plain(line));
}
