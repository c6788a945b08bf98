//! Files that another program makes: once, for it makes the same each time.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Has a file made by a command, which is told where to put it, unless it is there already.
pub(crate) fn once(file: &Path, command: impl FnOnce(&Path) -> Command) -> Result<()> {
    if file.exists() {
        return Ok(());
    }
    // Under another name until it is whole: a run that is interrupted leaves no half of it.
    let unfinished = file.with_extension("unfinished");
    let mut command = command(&unfinished);
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("{program}, which makes {}, cannot be started", file.display()))?;
    if !status.success() {
        bail!("{program} ended with {status} and did not make {}", file.display());
    }
    std::fs::rename(&unfinished, file).with_context(|| file.display().to_string())
}

/// Python with a script.
pub(crate) fn python(script: &Path) -> Command {
    let mut command = Command::new("python3");
    command.arg(script);
    command
}
