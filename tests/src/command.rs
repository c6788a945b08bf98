use std::process::{Command, Output};

use chappe_proto::v1;

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

/// Whether it did what was asked, and what it said.
///
/// # Panics
/// When that is no UTF-8.
#[must_use]
#[allow(clippy::unwrap_used, reason = "for tests only")]
pub fn said(output: &Output) -> (bool, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// Submits one revision as a member, and waits until it is durable.
///
/// # Panics
/// When it is not taken.
#[allow(clippy::unwrap_used, reason = "for tests only")]
pub async fn submit(program: &Program, member: &str, incident: v1::Incident) {
    let request = v1::SubmitRequest {
        incident: Some(incident),
        validate_only: false,
    };
    let client = program.client(member).unwrap();
    client.incidents().submit(request).await.unwrap();
}
