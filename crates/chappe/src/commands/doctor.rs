//! `chappe doctor`: what is wrong with a set-up, what that means, and what to do. It looks and changes nothing.

mod brokers;
mod disk;
mod files;
mod finding;
mod listening;
mod log;
mod machine;

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::Exit;
use crate::cli::DoctorArgs;
use crate::config::Config;
use crate::tokens::TOKENS_FILE;
use finding::{Finding, State};

/// Everything, for programs.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    broken: usize,
    warnings: usize,
    findings: &'a [Finding],
}

/// Looks at everything and tells it on `out`.
///
/// # Errors
/// When nothing can be written.
pub(crate) async fn run(args: &DoctorArgs, out: &mut (dyn Write + Send)) -> Result<Exit> {
    let beside = args.config.parent().unwrap_or(Path::new("")).join(TOKENS_FILE);
    let tokens = args.tokens.clone().unwrap_or(beside);
    let findings = match Config::read(&args.config) {
        Ok(config) => examine(&config, &args.config, &tokens).await,
        Err(error) => vec![Finding::broken(
            "configuration",
            error.to_string(),
            "nothing starts; the other checks rest on it and were not made",
            format!("mend {}; 'chappe init' writes one to start from", args.config.display()),
        )],
    };
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (broken, warnings) = (count(State::Broken), count(State::Warning));
    if args.json {
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            broken,
            warnings,
            findings: &findings,
        };
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        for finding in &findings {
            writeln!(out, "{finding}")?;
        }
        writeln!(
            out,
            "{} looked at: {broken} broken, {warnings} to be seen to",
            findings.len()
        )?;
    }
    Ok(if broken > 0 { Exit::Failed } else { Exit::Done })
}

async fn examine(config: &Config, path: &Path, tokens: &Path) -> Vec<Finding> {
    let mut findings = vec![Finding::well(
        "configuration",
        format!("{}: {} members", path.display(), config.members.len()),
    )];
    findings.extend(files::examine(config, path, tokens));
    findings.extend(machine::examine(config));
    findings.extend(listening::examine(config).await);
    // All that follows may wait for a disk, or for brokers.
    let config = config.clone();
    let slow = tokio::task::spawn_blocking(move || {
        let mut findings = disk::examine(&config.data);
        findings.extend(log::examine(&config));
        findings.extend(brokers::examine(&config));
        findings
    });
    match slow.await {
        Ok(slow) => findings.extend(slow),
        Err(error) => findings.push(Finding::broken(
            "doctor",
            error.to_string(),
            "disk, log and brokers were not looked at: this is a fault of Chappe",
            "please report it",
        )),
    }
    findings
}
