//! The methods of the package surveillance, by `benches/peers/surge/peers.R`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::judge::{Place, Told};
use crate::made;

/// What a method told of a series.
pub(super) struct TheirTold {
    pub(super) method: String,
    pub(super) place: Place,
    pub(super) told: Told,
}

/// Runs them, some ten minutes for 420 series; or takes what they said of the same input before, for they say the same each time.
pub(super) fn run(root: &Path, input: &Path, seed: u64) -> Result<Vec<TheirTold>> {
    let out = input.with_extension("peers.csv");
    made::once(&out, |unfinished| {
        let mut command = Command::new("Rscript");
        command
            .arg(root.join("benches/peers/surge/peers.R"))
            .args([input, unfinished]);
        command
    })
    .context("the peers need R and its package surveillance: cargo xtask setup peers")?;
    let text = std::fs::read_to_string(&out).with_context(|| out.display().to_string())?;
    text.lines().skip(1).map(|line| parse(line, seed)).collect()
}

fn parse(line: &str, seed: u64) -> Result<TheirTold> {
    let fields: Vec<&str> = line.split(',').collect();
    let [method, scenario, replicate, found, delay, false_weeks, quiet_weeks] = fields.as_slice() else {
        bail!("a line of the peers has not seven fields: {line}");
    };
    let number = |text: &str| text.parse::<usize>().with_context(|| line.to_owned());
    Ok(TheirTold {
        method: method.trim_matches('"').to_owned(),
        place: Place {
            seed,
            scenario: number(scenario)?,
            replicate: number(replicate)?,
        },
        told: Told {
            delay_weeks: if *found == "1" { Some(number(delay)?) } else { None },
            false_weeks: number(false_weeks)?,
            quiet_weeks: number(quiet_weeks)?,
        },
    })
}
