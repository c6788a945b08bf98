//! `cargo xtask setup`: brings the tools that the tests need, and says what is there.
//!
//! Running it again does nothing that is done already. What is no system package goes under `target/tools`.

mod core;
mod later;
mod tool;

use anyhow::{Result, bail};

use crate::place::Place;
use tool::{State, Tool};

/// Names of the sets, for messages.
const SETS: &str = "core, kafka, peers, compose, fuzz";

/// Brings one set; an error that names what failed.
pub(crate) fn command(place: &Place, set: &str) -> Result<()> {
    let missing = bring(place, set)?;
    if !missing.is_empty() {
        bail!("setup {set} lacks {}", missing.join("; "));
    }
    Ok(())
}

/// Brings one set; returns what could not be brought, each with the reason. An error is a set that does not exist.
pub(crate) fn bring(place: &Place, set: &str) -> Result<Vec<String>> {
    let tools: Vec<Tool> = match set {
        "core" => core::tools(place),
        "kafka" | "peers" => later::java(),
        "compose" => later::compose(),
        "fuzz" => later::fuzz(place),
        _ => bail!("no such set: {set}; there are {SETS}"),
    };
    if let Some(note) = later::note(set) {
        println!("{note}");
    }
    let mut missing = Vec::new();
    for tool in &tools {
        let state = tool.bring(place);
        println!("{}", tool.line(&state));
        if let State::Missing(reason) = state
            && !later::only_reported(set)
        {
            missing.push(format!("{}: {reason}", tool.name));
        }
    }
    Ok(missing)
}
