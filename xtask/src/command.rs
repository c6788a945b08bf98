//! Starting other programs.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// What a test prints, at the start of a line, when it did not run; the reason follows.
pub(crate) const SKIP_MARK: &str = "SKIPPED: ";

/// Variables that `cargo run` sets for this program alone. Passed on to a second Cargo they would look like a changed environment to
/// build scripts that watch them, and cause rebuilds.
const OWN_VARIABLES: &[&str] = &[
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_PRIMARY_",
    "OUT_DIR",
];

/// Cargo, with the environment as the user has it.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| OWN_VARIABLES.iter().any(|prefix| name.starts_with(prefix)))
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program on this terminal; an error if it does not succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// What a program says on both streams, or `None` if it cannot be started or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&text).trim().to_owned())
}

/// How a watched program ended.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Its exit status.
    pub(crate) status: ExitStatus,
    /// The reasons on its lines that begin with [`SKIP_MARK`].
    pub(crate) skips: Vec<String>,
    /// All it said, both streams; lines of one stream are in order.
    pub(crate) said: String,
}

/// Runs a program, collecting what it says; with `show`, on this terminal too, as it comes.
pub(crate) fn watch(command: &mut Command, show: bool) -> Result<Watched> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let stdout = child.stdout.take().context("no pipe for stdout")?;
    let stderr = child.stderr.take().context("no pipe for stderr")?;
    let said = std::thread::scope(|scope| {
        let errors = scope.spawn(move || follow(stderr, show, || Box::new(std::io::stderr())));
        let mut said = follow(stdout, show, || Box::new(std::io::stdout()));
        said.push_str(&errors.join().unwrap_or_default());
        said
    });
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for {}", shown(command)))?;
    let skips = said
        .lines()
        .filter_map(|line| line.strip_prefix(SKIP_MARK))
        .map(str::to_owned)
        .collect();
    Ok(Watched { status, skips, said })
}

fn follow(stream: impl Read, show: bool, terminal: impl Fn() -> Box<dyn Write>) -> String {
    let mut reader = BufReader::new(stream);
    let mut said = String::new();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        if show {
            // A closed terminal must not stop the program that is being watched.
            let _ = terminal().write_all(&line);
        }
        said.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    said
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    std::iter::once(name)
        .chain(command.get_args().map(|a| a.to_string_lossy().into_owned()))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_read_from_both_streams() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "echo 'SKIPPED: no strace'; echo ' SKIPPED: not at the start'; echo 'SKIPPED: no disk' >&2; exit 3",
        ]);
        let watched = watch(&mut command, false).unwrap();
        assert_eq!(watched.skips, ["no strace", "no disk"]);
        assert_eq!(watched.status.code(), Some(3));
    }

    #[test]
    fn a_missing_program_has_no_answer() {
        assert_eq!(answer(&mut Command::new("no-such-program-anywhere")), None);
    }
}
