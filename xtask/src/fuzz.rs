//! `cargo xtask fuzz`: the targets of `fuzz/`, each for a while, from the seeds that stand beside them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::place::Place;

const USAGE: &str = "cargo xtask fuzz [--seconds N] [target]";

/// How long each target runs unless told otherwise, in seconds.
const SECONDS: u32 = 60;
/// Longest input that is made up, in bytes: deep nesting and long lines fit.
const INPUT_BYTES: usize = 65_536;
/// An input that takes longer hangs, in seconds. The sanitizer makes everything some ten times slower.
const HANG_SECONDS: u32 = 20;
/// Memory over which an input is too greedy, in MiB.
const MEMORY_MIB: u32 = 2_048;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    seconds: u32,
    target: Option<String>,
}

impl Wish {
    fn of(words: &[&str]) -> Result<Self> {
        let mut wish = Self {
            seconds: SECONDS,
            target: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--seconds" => {
                    let number = words
                        .next()
                        .with_context(|| format!("--seconds wants a number: {USAGE}"))?;
                    wish.seconds = number.parse().context("--seconds")?;
                }
                name if !name.starts_with('-') && wish.target.is_none() => wish.target = Some(name.to_owned()),
                other => bail!("{other} is not known: {USAGE}"),
            }
        }
        Ok(wish)
    }
}

/// Runs the targets one after the other. What was found is kept in `target/fuzz/corpus`, and the next run begins with it; an input that breaks a
/// target is kept in `fuzz/artifacts` and named.
pub(crate) fn command(place: &Place, words: &[&str]) -> Result<()> {
    let wish = Wish::of(words)?;
    if !place.tool("cargo-fuzz").exists() || command::answer(nightly(place).args(["rustc", "--version"])).is_none() {
        bail!("cargo-fuzz or a nightly compiler is not there: run cargo xtask setup fuzz");
    }
    let all = targets(place.root())?;
    let chosen: Vec<&String> = all
        .iter()
        .filter(|name| wish.target.as_ref().is_none_or(|wanted| wanted == *name))
        .collect();
    if chosen.is_empty() {
        bail!("no such target; there are {}", all.join(", "));
    }
    for target in chosen {
        run(place, target, wish.seconds)?;
    }
    Ok(())
}

/// A nightly toolchain's commands, with the tools of this workspace before others.
fn nightly(place: &Place) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let tools = place
        .tool("cargo-fuzz")
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default();
    let paths = std::iter::once(tools).chain(std::env::split_paths(&path).collect::<Vec<_>>());
    let mut rustup = Command::new("rustup");
    rustup.args(["run", "nightly"]);
    if let Ok(paths) = std::env::join_paths(paths) {
        rustup.env("PATH", paths);
    }
    // Those of the compiler that this runs under.
    rustup.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTDOC");
    rustup
}

fn run(place: &Place, target: &str, seconds: u32) -> Result<()> {
    let seeds = place.root().join("fuzz/seeds").join(target);
    let corpus = place.target().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
    let mut cargo = nightly(place);
    cargo
        .args(["cargo", "fuzz", "run", "--target-dir"])
        .arg(place.target().join("fuzz"));
    cargo.arg(target).arg(&corpus).arg(&seeds).arg("--");
    cargo.args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={INPUT_BYTES}"),
        format!("-timeout={HANG_SECONDS}"),
        format!("-rss_limit_mb={MEMORY_MIB}"),
        "-print_final_stats=1".to_owned(),
    ]);
    command::succeed(cargo.current_dir(place.root()))
}

/// The names of the targets, in their order.
fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/targets");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot list {}", folder.display()))?
            .path();
        if path.extension().is_some_and(|end| end == "rs") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_in_the_manifest_and_has_seeds() {
        let place = Place::find().unwrap();
        let names = targets(place.root()).unwrap();
        let manifest = std::fs::read_to_string(place.root().join("fuzz/Cargo.toml")).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), names.len());
        for name in names {
            assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
            let seeds = std::fs::read_dir(place.root().join("fuzz/seeds").join(&name));
            assert!(seeds.is_ok_and(|mut seeds| seeds.next().is_some()), "{name}: no seed");
        }
    }

    #[test]
    fn what_is_asked_for_is_understood_or_refused() {
        let wish = Wish::of(&["misp", "--seconds", "5"]).unwrap();
        assert_eq!((wish.seconds, wish.target.as_deref()), (5, Some("misp")));
        assert_eq!(Wish::of(&[]).unwrap().seconds, SECONDS);
        for wrong in [&["--seconds"][..], &["--seconds", "x"], &["a", "b"], &["--all"]] {
            assert!(Wish::of(wrong).is_err(), "{wrong:?}");
        }
    }
}
