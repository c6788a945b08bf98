//! `chappe surge`: surges in counts of one's own, and what became of those of an installation. Only the latter talks to one.

mod counts;
mod page;
mod plot;
mod realised;
mod simulated;
mod watched;

use std::io::Write;

use anyhow::{Context, Result};
use serde_json::json;

use super::Exit;
use crate::cli::{ReportArgs, SurgeArgs, SurgeCommand};
use crate::words::{count, plain};
use counts::Counts;
use watched::Watched;

/// Runs one of the commands on `out`.
///
/// # Errors
/// When the counts cannot be read, are too few to learn from, the page cannot be written, or the installation tells nothing.
pub(crate) async fn run(args: &SurgeArgs, out: &mut dyn Write) -> Result<Exit> {
    match &args.command {
        SurgeCommand::Report(args) => report(args, out),
        SurgeCommand::Simulate(args) => simulated::run(args, out),
        SurgeCommand::Realised(args) => realised::run(args, out).await,
    }
}

fn report(args: &ReportArgs, out: &mut dyn Write) -> Result<Exit> {
    let counts = Counts::read(args)?;
    let watched = Watched::over(&counts, args)?;
    let page = page::page(&counts, &watched, args);
    std::fs::write(&args.out, page).with_context(|| format!("cannot write {}", args.out.display()))?;
    for surge in &watched.surges {
        let (series, from) = (
            plain(&watched.series[surge.series].name),
            counts.width.begins(surge.first),
        );
        let (incidents, expected) = (surge.incidents, surge.expected);
        if args.json {
            let line = json!({
                "series": watched.series[surge.series].name, "from": from.to_string(), "bins": surge.bins(),
                "bin": counts.width.name(), "incidents": incidents, "expected": expected, "score": surge.highest,
                "threshold": surge.threshold,
            });
            writeln!(out, "{line}")?;
            continue;
        }
        writeln!(
            out,
            "{from}  {series}: {incidents} in {}, expected {expected:.1}; score {:.1}, needed more than {:.1}",
            count(surge.bins(), counts.width.name()),
            surge.highest,
            surge.threshold
        )?;
    }
    if args.json {
        return Ok(Exit::Done);
    }
    let (surges, bins) = (
        watched.surges.len(),
        watched.series.first().map_or(0, |series| series.bins.len()),
    );
    writeln!(
        out,
        "{} in {} of {} series; {} says why",
        count(surges, "surge"),
        count(bins, counts.width.name()),
        watched.series.len(),
        args.out.display()
    )?;
    Ok(Exit::Done)
}
