//! Where the program under test is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};

/// Names the program, so that it is not built.
const BINARY_VARIABLE: &str = "CHAPPE_BIN";

/// The root of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The program: what `CHAPPE_BIN` names, else the debug build with Kafka, which is built once.
///
/// # Errors
/// When there is none.
pub fn binary() -> Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| find().map_err(|error| format!("{error:#}")));
    found
        .clone()
        .map_err(|error| anyhow!("there is no program to test: {error}"))
}

fn find() -> Result<PathBuf> {
    let Some(named) = std::env::var_os(BINARY_VARIABLE) else {
        return build();
    };
    let path = PathBuf::from(named);
    path.canonicalize()
        .with_context(|| format!("{BINARY_VARIABLE} names {}", path.display()))
}

fn build() -> Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "build",
            "--package",
            "chappe",
            "--bin",
            "chappe",
            "--features",
            "kafka",
            "--locked",
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(workspace())
        .stderr(Stdio::inherit());
    let built = cargo.output().context("cargo does not start")?;
    if !built.status.success() {
        bail!("cargo build --package chappe --features kafka --locked failed, as said above");
    }
    let said = String::from_utf8(built.stdout).context("cargo's messages")?;
    let messages = said
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut programs = messages.filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from));
    programs.next_back().context("cargo named no executable")
}
