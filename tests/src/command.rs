use std::process::{Command, Output};

use crate::{Program, binary};

/// `chappe …` as a member would call it, beside the installation.
///
/// # Panics
/// When the program cannot be run.
#[must_use]
#[allow(clippy::unwrap_used, reason = "for tests only")]
pub fn chappe(program: &Program, member: &str, words: &[&str]) -> Output {
    Command::new(binary().unwrap())
        .args(words)
        .args(["--as", member, "--server", &program.address().to_string()])
        .arg("--tokens")
        .arg(program.folder().join("tokens.toml"))
        .output()
        .unwrap()
}
