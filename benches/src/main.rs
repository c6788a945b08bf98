//! Benchmarks: `cargo xtask bench <name>`, one process that generates load and measures, against programs it starts itself.
//!
//! - `path`: from a submitted report to an alert on a stream, against the real program (see [`path`]).
//! - `linking`: campaigns against the truth, see [`linking`].
//! - `bare-server`: started by `path`, the limit it is compared with; of no use by itself.
//!
//! What it is not: a test. No time is asserted; what must arrive and does not is an error.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks on its terminal"
)]

mod linking;
mod machine;
mod path;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask bench path [--quick] [--write-docs] [--program FILE]
       cargo xtask bench linking [--quick]

  --quick         at most 30 s after the build, instead of 3 minutes
  --write-docs    put the table into docs/benchmarks.md
  --program FILE  measure this build of chappe instead of building one

Figures go to target/bench/path.json.";

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
        ["path", options @ ..] => runtime.block_on(path::command(wanted(options)?)),
        ["linking"] => linking::command(false),
        ["linking", "--quick"] => linking::command(true),
        ["bare-server"] => runtime.block_on(path::serve_bare()),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("not a benchmark: {}\n\n{USAGE}", words.join(" ")),
    }
}

fn wanted(options: &[&str]) -> Result<path::Wanted> {
    let mut wanted = path::Wanted::default();
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match (*option, options.as_slice().first()) {
            ("--quick", _) => wanted.quick = true,
            ("--write-docs", _) => wanted.write_docs = true,
            ("--program", Some(file)) => {
                wanted.program = Some(file.into());
                options.next();
            }
            (other, _) => bail!("path has no option {other}, or it lacks its value\n\n{USAGE}"),
        }
    }
    Ok(wanted)
}
