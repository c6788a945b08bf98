//! Benchmarks: `cargo xtask bench <name>`, one process that generates load and measures, against programs it starts itself.
//!
//! - `core`: the correlation core by itself, against other engines and against memory (see [`core`]).
//! - `path`: from a submitted report to an alert on a stream, against the real program (see [`path`]).
//! - `recovery`: a rebuild from nothing over ten million incidents (see [`recovery`]).
//! - `storm`: one indicator in every report, with a million live alerts (see [`storm`]).
//! - `detectors`: what surges and cascades cost beside the core (see [`detectors`]).
//! - `surge`: outbreaks found and false alarms realised, see [`surge`].
//! - `linking`: campaigns against the truth, see [`linking`].
//! - `constituency`: who answers for a value, see [`constituency`].
//! - `search`: look-ups among own incidents, see [`search`].
//! - `bare-server`: started by `path`, the limit it is compared with; of no use by itself.
//!
//! What it is not: a test. No time is asserted; what must arrive and does not is an error.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks on its terminal"
)]

mod constituency;
mod core;
mod cpu;
mod detectors;
mod latency;
mod linking;
mod machine;
mod made;
mod page;
mod path;
mod plot;
mod recovery;
mod search;
mod storm;
mod surge;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
usage: cargo xtask bench core [--quick] [--write-docs] [--peers] [--rows N]
       cargo xtask bench storm [--quick] [--write-docs]
       cargo xtask bench path [--kafka] [--peers] [--quick] [--write-docs] [--program FILE]
       cargo xtask bench detectors [--quick] [--write-docs]
       cargo xtask bench linking [--quick]
       cargo xtask bench constituency [--quick]
       cargo xtask bench search [--quick]
       cargo xtask bench search --incidents N
       cargo xtask bench surge [--peers] [--quick] [--write-docs]
       cargo xtask bench recovery [--quick]
       cargo xtask bench recovery --incidents N

  --quick         a short run
  --write-docs    put tables and plots into docs/benchmarks.md
  --peers         the peers on the same machine: Esper and Siddhi, Alertmanager, or surveillance; 'cargo xtask setup peers' brings what they need
  --rows N        an input of N rows
  --kafka         on three brokers that it starts; needs 'cargo xtask setup kafka'
  --program FILE  measure this build of chappe instead of building one

Figures go to target/bench/<name>.json.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match words.as_slice() {
        ["core", options @ ..] => runtime.block_on(core::command(wanted_of_core(options)?)),
        ["storm", options @ ..] => storm::command(wanted_of_storm(options)?),
        ["path", options @ ..] => runtime.block_on(path::command(wanted(options)?)),
        ["constituency"] => constituency::command(false),
        ["constituency", "--quick"] => constituency::command(true),
        ["search"] => search::command(false, None),
        ["search", "--quick"] => search::command(true, None),
        ["search", "--incidents", count] => search::command(false, Some(incidents(count)?)),
        ["linking"] => linking::command(false),
        ["linking", "--quick"] => linking::command(true),
        ["surge", options @ ..] => surge::command(&root()?, &wanted_of_surge(options)?),
        ["detectors", options @ ..] => {
            let unknown = options
                .iter()
                .find(|option| !["--quick", "--write-docs"].contains(option));
            if let Some(unknown) = unknown {
                bail!("detectors has no option {unknown}\n\n{USAGE}");
            }
            detectors::command(
                &root()?,
                options.contains(&"--quick"),
                options.contains(&"--write-docs"),
            )
        }
        ["recovery"] => runtime.block_on(recovery::command(false, None)),
        ["recovery", "--quick"] => runtime.block_on(recovery::command(true, None)),
        ["recovery", "--incidents", count] => runtime.block_on(recovery::command(false, Some(incidents(count)?))),
        ["bare-server"] => runtime.block_on(path::serve_bare()),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("not a benchmark: {}\n\n{USAGE}", words.join(" ")),
    }
}

fn incidents(count: &str) -> Result<u64> {
    count
        .parse()
        .with_context(|| format!("'{count}' is no number of incidents"))
}

fn wanted(options: &[&str]) -> Result<path::Wanted> {
    let mut wanted = path::Wanted::default();
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match (*option, options.as_slice().first()) {
            ("--quick", _) => wanted.quick = true,
            ("--write-docs", _) => wanted.write_docs = true,
            ("--kafka", _) => wanted.kafka = true,
            ("--peers", _) => wanted.peers = true,
            ("--program", Some(file)) => {
                wanted.program = Some(file.into());
                options.next();
            }
            (other, _) => bail!("path has no option {other}, or it lacks its value\n\n{USAGE}"),
        }
    }
    Ok(wanted)
}

fn wanted_of_core(options: &[&str]) -> Result<core::Wanted> {
    let mut wanted = core::Wanted::default();
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match (*option, options.as_slice().first()) {
            ("--quick", _) => wanted.quick = true,
            ("--write-docs", _) => wanted.write_docs = true,
            ("--peers", _) => wanted.peers = true,
            ("--rows", Some(rows)) => {
                wanted.rows = Some(rows.parse().with_context(|| format!("'{rows}' is no number of rows"))?);
                options.next();
            }
            (other, _) => bail!("core has no option {other}, or it lacks its value\n\n{USAGE}"),
        }
    }
    Ok(wanted)
}

fn wanted_of_surge(options: &[&str]) -> Result<surge::Wanted> {
    let mut wanted = surge::Wanted::default();
    for option in options {
        match *option {
            "--quick" => wanted.quick = true,
            "--peers" => wanted.peers = true,
            "--write-docs" => wanted.write_docs = true,
            other => bail!("surge has no option {other}\n\n{USAGE}"),
        }
    }
    Ok(wanted)
}

fn wanted_of_storm(options: &[&str]) -> Result<storm::Wanted> {
    let mut wanted = storm::Wanted::default();
    for option in options {
        match *option {
            "--quick" => wanted.quick = true,
            "--write-docs" => wanted.write_docs = true,
            other => bail!("storm has no option {other}\n\n{USAGE}"),
        }
    }
    Ok(wanted)
}

/// The workspace's folder.
fn root() -> Result<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").context("run it with 'cargo xtask bench <name>'")?;
    let root = Path::new(&package)
        .parent()
        .context("the package has no folder above it")?;
    Ok(root.to_owned())
}
