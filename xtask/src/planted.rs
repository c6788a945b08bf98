//! `cargo xtask planted`: bugs put into a copy of the workspace on purpose. A test that misses one proves less than it says.
//!
//! Each `tests/planted/*.toml` lists bugs: a single textual replacement in one file, and the Cargo arguments of the test that must catch
//! it. The replaced code must compile and the test must fail; the unmodified code must pass the same test first.

mod bug;
mod copy;
mod trial;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command;
use crate::place::Place;
use bug::Bug;
use copy::WorkspaceCopy;
use trial::{Trial, Verdict};

/// Where the lists of bugs are, from the workspace root.
pub(crate) const FOLDER: &str = "tests/planted";

/// Whether there is any list.
pub(crate) fn any(root: &Path) -> Result<bool> {
    Ok(!bug::lists(root)?.is_empty())
}

/// Which bugs are planted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Choice<'a> {
    /// Every one.
    All,
    /// Those with this in their name.
    Named(&'a str),
    /// One in so many of those that are quickly judged, others with each commit: all of them take longer than a merge can wait.
    OneIn(usize),
}

impl Choice<'_> {
    fn pick(self, bugs: Vec<Bug>, commit: usize) -> Vec<Bug> {
        let wanted = |(nth, bug): &(usize, Bug)| match self {
            Self::All => true,
            Self::Named(part) => bug.name.contains(part),
            Self::OneIn(of) => !bug.minutes && (nth + commit).is_multiple_of(of.max(1)),
        };
        let picked = bugs.into_iter().enumerate().filter(wanted);
        picked.map(|(_, bug)| bug).collect()
    }
}

/// A number that differs with the commit; 0 outside a repository.
fn commit(place: &Place) -> usize {
    let head = command::answer(
        Command::new("git")
            .args(["rev-parse", "HEAD"])
            .current_dir(place.root()),
    );
    let first = head.and_then(|head| u32::from_str_radix(head.trim().get(..8)?, 16).ok());
    first.map_or(0, |first| first as usize)
}

/// Runs the chosen bugs; an error unless each is caught. Returns, with the reasons, those whose test was skipped here: they are not judged.
pub(crate) fn command(place: &Place, choice: Choice<'_>) -> Result<Vec<String>> {
    let bugs = bug::read_all(place.root())?;
    // All of them first: a list that has fallen behind shows before minutes of building, not after.
    for bug in &bugs {
        let file = place.root().join(&bug.file);
        bug.apply(
            &std::fs::read_to_string(&file).with_context(|| format!("planted bug {}: {}", bug.name, file.display()))?,
        )?;
    }
    let bugs = choice.pick(bugs, commit(place));
    if bugs.is_empty() {
        bail!("no such planted bug in {FOLDER}/*.toml: {choice:?}");
    }
    let copy = WorkspaceCopy::make(place)?;
    let trial = Trial::new(place, &copy);
    let passed = baseline(&trial, &bugs)?;
    println!("{passed} test command(s) pass without a bug; planting {}", bugs.len());
    let mut rows = Vec::new();
    for bug in &bugs {
        let started = Instant::now();
        let verdict = trial.plant(bug)?;
        println!("{}: {verdict}", bug.name);
        rows.push((bug.name.as_str(), verdict, started.elapsed()));
    }
    println!("\n{}", table(&rows));
    let missed: Vec<&str> = rows
        .iter()
        .filter(|(_, verdict, _)| !matches!(verdict, Verdict::Caught | Verdict::Skipped(_)))
        .map(|(name, _, _)| *name)
        .collect();
    if !missed.is_empty() {
        bail!(
            "{} of {} planted bugs not caught: {}",
            missed.len(),
            rows.len(),
            missed.join(", ")
        );
    }
    let skipped: Vec<String> = rows
        .iter()
        .filter_map(|(name, verdict, _)| match verdict {
            Verdict::Skipped(reason) => Some(format!("planted bug {name}: {reason}")),
            _ => None,
        })
        .collect();
    println!("{} of {} planted bugs caught", rows.len() - skipped.len(), rows.len());
    Ok(skipped)
}

/// Every distinct test, once, on the unmodified copy.
fn baseline(trial: &Trial<'_>, bugs: &[Bug]) -> Result<usize> {
    let mut seen = BTreeSet::new();
    for bug in bugs {
        if seen.insert((&bug.test, &bug.env, bug.program)) {
            trial.unmodified(bug)?;
        }
    }
    Ok(seen.len())
}

fn table(rows: &[(&str, Verdict, Duration)]) -> String {
    let width = rows
        .iter()
        .map(|(name, _, _)| name.chars().count())
        .max()
        .unwrap_or(0)
        .max(4);
    let mut table = format!("{:width$}  {:>8}  verdict\n", "bug", "seconds");
    for (name, verdict, took) in rows {
        table.push_str(&format!("{name:width$}  {:>8.1}  {verdict}\n", took.as_secs_f64()));
    }
    table
}
