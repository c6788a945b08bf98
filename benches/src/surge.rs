//! Surge detection against known outbreaks, and false alarms against the budget that was stated.
//!
//! - *Outbreaks*: 42 scenarios of weekly series ([`series`]), judged by seeds on which nothing was tuned; the package surveillance beside it
//!   with `--peers`, each of its methods at its own rate of false alarms, and an oracle that knows the true law of every week.
//! - *Budgets*: an installation of 12 types and 27 countries ([`installation`]), by hours and by weeks, of which every parameter is learned.
//!   Thresholds are found by playing through what was learned; what comes true is counted in years drawn from what is true.

mod budgets;
mod compare;
mod figures;
mod flooding;
mod installation;
mod judge;
mod peers;
mod series;

use std::path::Path;

use anyhow::Result;

use crate::page;

/// Seeds of the outbreaks that are judged. Tuned was on seed 101.
const JUDGING_SEEDS: [u64; 2] = [1, 2];
/// Series of each scenario and seed.
const REPLICATES: usize = 10;
const QUICK_REPLICATES: usize = 2;
/// Years played through to find thresholds, and again to count what comes true: at 12 false alarms a year more than 400.
const YEARS: u64 = 40;
const QUICK_YEARS: u64 = 4;
/// Where the input and the figures go.
const FOLDER: &str = "target/bench/surge";
const OUTPUT: &str = "target/bench/surge.json";

/// What is asked of it.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) quick: bool,
    pub(crate) peers: bool,
    pub(crate) write_docs: bool,
}

/// Runs it and writes the figures.
pub(crate) fn command(root: &Path, wanted: &Wanted) -> Result<()> {
    std::fs::create_dir_all(FOLDER)?;
    let (seeds, replicates) = match wanted.quick {
        true => (&JUDGING_SEEDS[..1], QUICK_REPLICATES),
        false => (&JUDGING_SEEDS[..], REPLICATES),
    };
    let (mut ours, mut theirs) = (vec![], vec![]);
    for seed in seeds {
        let input = series::generate(root, Path::new(FOLDER), *seed, replicates)?;
        ours.extend(judge::judge(&series::read(&input)?, *seed));
        if wanted.peers {
            theirs.extend(peers::run(root, &input, *seed)?);
        }
    }
    let years = if wanted.quick { QUICK_YEARS } else { YEARS };
    let (budgets, flooding) = budgets::all(years);
    let figures = figures::Figures {
        outbreaks: ours.len(),
        oracle: compare::oracle(&ours),
        peers: compare::peers(&ours, &theirs),
        budgets,
        flooding,
    };
    let tables = figures.tables();
    println!("{tables}");
    std::fs::write(OUTPUT, serde_json::to_vec_pretty(&figures)?)?;
    println!("figures are in {OUTPUT}");
    if wanted.write_docs {
        page::refresh(root, "surge", &tables)?;
    }
    Ok(())
}
