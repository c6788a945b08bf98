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
    let mut failed = Vec::new();
    for tool in &tools {
        let state = tool.bring(place);
        println!("{}", tool.line(&state));
        if matches!(state, State::Missing(_)) {
            failed.push(tool.name);
        }
    }
    if !failed.is_empty() {
        bail!("setup {set} lacks {}", failed.join(", "));
    }
    Ok(())
}
