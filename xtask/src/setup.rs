//! `cargo xtask setup`: brings the tools that the tests need, and says what is there.
//!
//! Running it again does nothing that is done already. What is no system package goes under `target/tools`.

mod core;
mod exchange;
pub(crate) mod kafka;
mod later;
mod tool;

use anyhow::{Result, bail};

use crate::place::Place;
use tool::{State, Tool};

/// Names of the sets, for messages.
const SETS: &str = "core, exchange, kafka, peers, compose, fuzz";

/// A tool that could not be brought.
pub(crate) struct Missing {
    pub(crate) name: &'static str,
    /// Why each way failed.
    pub(crate) reason: String,
}

/// The names, for one line.
pub(crate) fn names(missing: &[Missing]) -> String {
    missing.iter().map(|tool| tool.name).collect::<Vec<_>>().join(", ")
}

/// Brings one set; an error that names what failed.
pub(crate) fn command(place: &Place, set: &str) -> Result<()> {
    let missing = bring(place, set)?;
    if !missing.is_empty() {
        bail!("setup {set} lacks {}", names(&missing));
    }
    Ok(())
}

/// Brings one set; returns what could not be brought. An error is a set that does not exist.
pub(crate) fn bring(place: &Place, set: &str) -> Result<Vec<Missing>> {
    let tools: Vec<Tool> = match set {
        "core" => core::tools(place),
        "exchange" => exchange::tools(place),
        "kafka" => kafka::tools(place),
        "peers" => later::peers(),
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
        if later::only_reported(set) && matches!(state, State::Missing(_)) {
            println!("{:12} not there; by hand: {}", tool.name, tool.by_hand);
            continue;
        }
        println!("{}", tool.line(&state));
        if let State::Missing(reason) = state {
            missing.push(Missing {
                name: tool.name,
                reason,
            });
        }
    }
    Ok(missing)
}
