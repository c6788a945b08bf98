//! The workspace's own commands: `cargo xtask <command>`.
//!
//! - `check`: the house rules that Cargo and Clippy cannot state (see [`check`]).
//! - `setup`: the tools that the tests need, put under `target/tools`.
//! - `test`: the README's test command; everything, with a table of what ran, what was skipped and why.
//! - `planted`: bugs put into a copy of the workspace, each of which the tests must catch.
//! - `chaos`: faults on an installation of real processes and brokers.
//! - `fuzz`: made-up bytes for the decoders of what comes from outside.
//! - `image`: rewrites `proto/image.binpb`, against which breaking changes are judged.
//! - `bench`: forwards to the benchmark package in release mode.
//!
//! What it is not: part of the product. No crate depends on it.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks on its terminal"
)]

mod chaos;
mod check;
mod command;
mod fuzz;
mod place;
mod planted;
mod proto;
mod setup;
mod steps;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};
use place::Place;
use planted::Choice;

const USAGE: &str = "\
usage: cargo xtask <command>

  check                                     house rules: arrows, lengths, crate docs, banned calls
  setup [core|exchange|kafka|peers|compose|fuzz]
                                            tools for the tests, under target/tools (default: core)
  test                                      everything: setup, check, tests, contracts, scripts, planted bugs
  planted [part of a name]                  put each planted bug into a copy of the workspace; tests must catch it
  chaos [--faults N] [--seed S] [--release] faults on real processes and brokers; everything must add up
  fuzz [--seconds N] [target]               fuzz the decoders of outside bytes, each target for a while
  image                                     rewrite proto/image.binpb from proto/
  bench <name> [arguments]                  run one benchmark in release mode";

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
    let place = Place::find()?;
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["check"] => check::command(&place),
        ["setup"] => setup::command(&place, "core"),
        ["setup", set] => setup::command(&place, set),
        ["test"] => test::command(&place),
        ["planted"] => planted::command(&place, Choice::All).map(drop),
        ["planted", part] => planted::command(&place, Choice::Named(part)).map(drop),
        ["chaos", rest @ ..] => chaos::command(&place, rest),
        ["fuzz", rest @ ..] => fuzz::command(&place, rest),
        ["image"] => proto::write_image(&place),
        ["bench", rest @ ..] if !rest.is_empty() => bench(&place, rest),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("not a command: {}\n\n{USAGE}", words.join(" ")),
    }
}

fn bench(place: &Place, rest: &[&str]) -> Result<()> {
    let mut cargo = command::cargo();
    cargo
        .args(["run", "--release", "--locked", "--package", "chappe-benches", "--"])
        .args(rest)
        .current_dir(place.root());
    command::succeed(&mut cargo)
}
