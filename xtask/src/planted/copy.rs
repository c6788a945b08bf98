//! A copy of the workspace that bugs are planted in, kept between runs so that builds stay incremental.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::place::Place;

/// Not copied: build output, history, packages of others.
const LEFT_OUT: &[&str] = &["target", ".git", "node_modules"];

/// Reference data beside the workspace, which tests read where it is present.
const BESIDE: &str = "shared";

/// The copy.
#[derive(Debug)]
pub(crate) struct WorkspaceCopy {
    root: PathBuf,
    target: PathBuf,
}

impl WorkspaceCopy {
    /// Makes the copy equal to the workspace, touching only what differs: what an interrupted run left planted is undone here.
    pub(crate) fn make(place: &Place) -> Result<Self> {
        let base = place.target().join("planted");
        let copy = Self {
            root: base.join("ws"),
            target: base.join("target"),
        };
        fs::create_dir_all(&copy.root).with_context(|| format!("cannot make {}", copy.root.display()))?;
        sync(place.root(), &copy.root)?;
        let beside = place.root().join("..").join(BESIDE);
        let link = base.join(BESIDE);
        if beside.is_dir() && link.symlink_metadata().is_err() {
            let beside = beside
                .canonicalize()
                .context("cannot resolve the folder beside the workspace")?;
            std::os::unix::fs::symlink(beside, &link).with_context(|| format!("cannot link {}", link.display()))?;
        }
        Ok(copy)
    }

    /// The copy's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The copy's own build output: Cargo gives equal names to the artefacts of two copies of one workspace, so a shared folder would
    /// hand a planted bug to the real build.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }
}

/// Makes one folder equal to another.
fn sync(from: &Path, to: &Path) -> Result<()> {
    let mut kept = BTreeSet::new();
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry.with_context(|| format!("cannot list {}", from.display()))?;
        let name = entry.file_name();
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let (source, goal) = (entry.path(), to.join(&name));
        let kind = fs::metadata(&source).with_context(|| format!("cannot look at {}", source.display()))?;
        if kind.is_dir() {
            fs::create_dir_all(&goal).with_context(|| format!("cannot make {}", goal.display()))?;
            sync(&source, &goal)?;
        } else {
            update(&source, &goal)?;
        }
        kept.insert(name);
    }
    for entry in fs::read_dir(to).with_context(|| format!("cannot list {}", to.display()))? {
        let entry = entry.with_context(|| format!("cannot list {}", to.display()))?;
        if !kept.contains(&entry.file_name()) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn update(source: &Path, goal: &Path) -> Result<()> {
    let wanted = fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
    match fs::read(goal) {
        Ok(there) if there == wanted => return Ok(()),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot read {}", goal.display()));
        }
        Ok(_) | Err(_) => {}
    }
    fs::write(goal, wanted).with_context(|| format!("cannot write {}", goal.display()))?;
    let mode = fs::metadata(source)
        .with_context(|| format!("cannot look at {}", source.display()))?
        .permissions();
    fs::set_permissions(goal, mode).with_context(|| format!("cannot set the mode of {}", goal.display()))
}

fn remove(path: &Path) -> Result<()> {
    let folder = path.symlink_metadata().is_ok_and(|kind| kind.is_dir());
    let removed = if folder {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    removed.with_context(|| format!("cannot remove {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_follows_its_source_and_touches_only_what_differs() {
        let base = tempfile::tempdir().unwrap();
        let (from, to) = (base.path().join("from"), base.path().join("to"));
        for (path, text) in [("a.rs", "a"), ("x/b.rs", "b"), ("x/target/c", "c"), (".git/d", "d")] {
            let file = from.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        fs::create_dir_all(&to).unwrap();
        sync(&from, &to).unwrap();
        assert!(!to.join("x/target").exists() && !to.join(".git").exists());

        let written = fs::metadata(to.join("a.rs")).unwrap().modified().unwrap();
        fs::write(to.join("x/b.rs"), "planted").unwrap();
        fs::write(to.join("x/stray.rs"), "").unwrap();
        sync(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("x/b.rs")).unwrap(), "b");
        assert!(!to.join("x/stray.rs").exists());
        assert_eq!(fs::metadata(to.join("a.rs")).unwrap().modified().unwrap(), written);
    }
}
