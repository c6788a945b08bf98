//! A storm through one shard (F7): a million live alerts, and then one indicator in every report, against the same traffic without it.
//!
//! A calm phase goes before the storm and another comes after it, so that what grows meanwhile does not count for or against it. Every call
//! of the shard is timed: a pause is a call that takes long. It is in memory and by itself: refusal at ingest is not measured here.

mod figures;
mod phases;

use anyhow::Result;

use crate::machine::Machine;
use crate::page;

/// What was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) quick: bool,
    pub(crate) write_docs: bool,
}

/// Measures, prints, writes.
pub(crate) fn command(wanted: Wanted) -> Result<()> {
    let root = crate::root()?;
    let folder = root.join("target/bench");
    std::fs::create_dir_all(&folder)?;
    let machine = Machine::look(&folder);
    let figures = phases::all(wanted.quick, machine)?;
    let file = folder.join("storm.json");
    std::fs::write(&file, serde_json::to_string_pretty(&figures.json())? + "\n")?;
    let tables = figures.tables();
    println!("\n{tables}\nWritten to {}", file.display());
    if wanted.write_docs {
        page::plot(&root, "storm-calls", &figures.plot())?;
        page::refresh(&root, "storm", &tables)?;
    }
    Ok(())
}
