//! The correlation core by itself, through the shard that `serve` runs, with the rules of the shared input (F1 to F3).
//!
//! Measured in one run: throughput from canonical sightings to findings, both in memory, on one shard and two; Esper and Siddhi on the same
//! file; other inputs and other rules; one hot key and ten million live ones; counting in other maps; and what memory allows. Every sum is
//! compared with a naive oracle's: one that is wrong fails the run; no time does.

mod correlation;
mod dram;
mod figures;
mod maps;
mod measure;
mod oracle;
mod ours;
mod peers;
mod plan;
mod plots;
mod reports;
mod rows;
mod sigma;
mod tables;

use std::path::Path;

use anyhow::{Result, bail};

use crate::machine::Machine;
use crate::page;
use correlation::Sums;
use figures::{Elsewhere, Figures};
use measure::load;
use peers::Peers;
use plan::Plan;
use rows::{Draw, Rows};

pub(crate) use correlation::Pair;
pub(crate) use ours::{Core, Folder, OneShard, Stamped};
pub(crate) use reports::{Reports, Said};
pub(crate) use rows::{COUNTRIES, TYPES};

/// Rows of the input whose sums are known.
const KNOWN_ROWS: usize = 1_000_000;

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) quick: bool,
    pub(crate) write_docs: bool,
    /// Run Esper and Siddhi too.
    pub(crate) peers: bool,
    /// So many rows instead of the plan's.
    pub(crate) rows: Option<usize>,
}

/// Measures, prints, writes.
pub(crate) async fn command(wanted: Wanted) -> Result<()> {
    let root = crate::root()?;
    let folder = root.join("target/bench");
    std::fs::create_dir_all(&folder)?;
    let mut plan = Plan::new(wanted.quick);
    if let Some(rows) = wanted.rows {
        plan.rows = rows;
        plan.elsewhere.iter_mut().for_each(|draw| draw.rows = rows);
    }
    let peers = if wanted.peers {
        say("building the peers");
        Some(Peers::build(&root).await?)
    } else {
        None
    };
    let figures = measured(&root, &folder, plan, peers.as_ref()).await?;
    let file = folder.join("core.json");
    std::fs::write(&file, serde_json::to_string_pretty(&figures.json())? + "\n")?;
    let tables = tables::tables(&figures);
    println!("\n{tables}\nWritten to {}", file.display());
    if wanted.write_docs {
        for (name, svg) in plots::plots(&figures) {
            page::plot(&root, name, &svg)?;
        }
        page::refresh(&root, "core", &tables)?;
    }
    Ok(())
}

async fn measured(root: &Path, folder: &Path, plan: Plan, peers: Option<&Peers>) -> Result<Figures> {
    let machine = Machine::look(folder);
    // First, while nothing else has a claim on memory.
    say("memory");
    let dram = dram::probe(plan.accesses, plan.repetitions)?;
    say("ten million keys");
    let many = measure::many(&plan)?;
    say("input");
    let draw = Draw::shared(plan.rows);
    let file = draw.file(root, folder)?;
    let rows = Rows::read(&file)?;
    let rules = Pair::shared();
    let right = oracle::sums(&rows, &rules);
    if draw.rows == KNOWN_ROWS && right != Sums::KNOWN {
        bail!(
            "the oracle tells {right:?} of the shared input, known to be {:?}",
            Sums::KNOWN
        );
    }
    say("the core");
    let mut ours = load(&rows, &rules, 1, plan.repetitions)?;
    let mut peer_runs = Vec::new();
    if let Some(peers) = peers {
        say("the peers");
        peer_runs = peers.run(&file, &[1, 2], plan.peer_repetitions, right).await?;
        ours = ours.and(load(&rows, &rules, 1, plan.repetitions)?);
    }
    say("the core, telling alerts");
    let telling = measure::telling(&rows)?;
    say("other inputs");
    let mut elsewhere = Vec::new();
    for draw in &plan.elsewhere {
        elsewhere.push(on_another(root, folder, &plan, *draw, peers).await?);
    }
    say("other rules");
    let others = measure::others(&rows)?;
    say("two shards");
    let scaling = measure::scaling(&rows, ours.clone(), plan.repetitions)?;
    say("one hot key");
    let hot = measure::hot(&rows, plan.repetitions)?;
    say("other maps");
    let maps = (0..plan.repetitions)
        .map(|_| maps::all(&rows, right))
        .collect::<Result<Vec<_>>>()?;
    Ok(Figures {
        machine,
        plan,
        peers: peer_runs,
        telling,
        ours,
        elsewhere,
        others,
        scaling,
        hot,
        many,
        maps: maps.into_iter().flatten().collect(),
        dram,
    })
}

async fn on_another(root: &Path, folder: &Path, plan: &Plan, draw: Draw, peers: Option<&Peers>) -> Result<Elsewhere> {
    let file = draw.file(root, folder)?;
    let rows = Rows::read(&file)?;
    let ours = load(&rows, &Pair::shared(), 1, plan.repetitions)?;
    let runs = match peers {
        Some(peers) => {
            peers
                .run(&file, &[1], plan.peer_repetitions_elsewhere, ours.right)
                .await?
        }
        None => vec![],
    };
    Ok(Elsewhere {
        draw,
        ours,
        peers: runs,
    })
}

fn say(what: &str) {
    eprintln!("{what} …");
}
