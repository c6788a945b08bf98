//! `cargo xtask chaos`: the test of that name in the packages' tests, with as many faults as asked for.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::place::Place;
use crate::setup;

const USAGE: &str = "cargo xtask chaos [--faults N] [--seed S] [--release]";

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    faults: Option<u32>,
    seed: Option<u64>,
    release: bool,
}

/// Brings what it needs, builds the program with Kafka, and runs it. The seed of a run stands in its output.
pub(crate) fn command(place: &Place, words: &[&str]) -> Result<()> {
    let wish = Wish::of(words)?;
    setup::command(place, "kafka")?;
    let mut build = command::cargo();
    build
        .args(["build", "--locked", "--package", "chappe", "--features", "kafka"])
        .args(wish.release.then_some("--release"))
        .current_dir(place.root());
    command::succeed(&mut build)?;
    let mut test = command::cargo();
    test.args(["test", "--locked", "--package", "chappe-tests", "--test", "chaos"])
        .args(["--", "--nocapture"])
        .current_dir(place.root())
        .env("CHAPPE_BIN", program(place, wish.release));
    if let Some(faults) = wish.faults {
        test.env("CHAPPE_FAULTS", faults.to_string());
    }
    if let Some(seed) = wish.seed {
        test.env("CHAPPE_SEED", seed.to_string());
    }
    command::succeed(&mut test)
}

fn program(place: &Place, release: bool) -> PathBuf {
    let profile = if release { "release" } else { "debug" };
    place.target().join(profile).join("chappe")
}

impl Wish {
    fn of(words: &[&str]) -> Result<Self> {
        let mut wish = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = || words.next().with_context(|| format!("{word} wants a number: {USAGE}"));
            match *word {
                "--faults" => wish.faults = Some(number()?.parse().context("--faults")?),
                "--seed" => wish.seed = Some(number()?.parse().context("--seed")?),
                "--release" => wish.release = true,
                other => bail!("{other} is not known: {USAGE}"),
            }
        }
        Ok(wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_and_seed_are_numbers_and_nothing_else_is_known() {
        let wish = Wish::of(&["--seed", "7", "--faults", "20", "--release"]).unwrap();
        assert_eq!((wish.faults, wish.seed, wish.release), (Some(20), Some(7), true));
        assert_eq!(Wish::of(&[]).unwrap(), Wish::default());
        for wrong in [&["--faults"][..], &["--faults", "many"], &["--fault", "1"]] {
            assert!(Wish::of(wrong).is_err(), "{wrong:?}");
        }
    }
}
