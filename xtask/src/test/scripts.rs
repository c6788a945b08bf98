//! Tests that are shell scripts: `tests/scripts/*.sh`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::skips::Skips;
use crate::command;
use crate::place::Place;
use crate::steps::Outcome;

const FOLDER: &str = "tests/scripts";

/// The scripts, by name.
pub(crate) fn list(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot list {FOLDER}"))?;
    let mut scripts = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .with_context(|| format!("cannot list {FOLDER}"))?;
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "sh"));
    scripts.sort();
    Ok(scripts)
}

/// The step's name.
pub(crate) fn name(script: &Path) -> String {
    script
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Runs a script in the workspace root. It finds the program in `CHAPPE_BIN`, the tools in `TOOLS` and first in `PATH`.
pub(crate) fn run(place: &Place, skips: &Skips, script: &Path) -> Outcome {
    run_script(place, skips, script).into()
}

fn run_script(place: &Place, skips: &Skips, script: &Path) -> Result<()> {
    let mut bash = Command::new("bash");
    bash.arg(script).current_dir(place.root());
    bash.env("CHAPPE_BIN", super::program(place.target()))
        .env("TOOLS", place.tools_bin())
        .env("PATH", place.path_with_tools()?);
    bash.env("CHAPPE_SKIPS", skips.file());
    let watched = command::watch(&mut bash, true)?;
    skips.add(&watched.skips)?;
    if !watched.status.success() {
        anyhow::bail!("ended with {}", watched.status);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scripts_are_listed_in_order() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(list(root.path()).unwrap(), Vec::<PathBuf>::new());
        let folder = root.path().join(FOLDER);
        std::fs::create_dir_all(&folder).unwrap();
        for file in ["b.sh", "a.sh", "notes.md"] {
            std::fs::write(folder.join(file), "").unwrap();
        }
        assert_eq!(
            list(root.path())
                .unwrap()
                .iter()
                .map(|path| name(path))
                .collect::<Vec<_>>(),
            ["a.sh", "b.sh"]
        );
    }
}
