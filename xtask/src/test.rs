//! `cargo xtask test`: everything, in one table.

mod scripts;
mod skips;

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::command;
use crate::place::Place;
use crate::planted::Choice;
use crate::steps::{Outcome, Steps};
use crate::{check, planted, proto, setup};

/// Names of the steps that later steps rest on.
const TESTS: &str = "cargo test";
const KAFKA: &str = "setup kafka";

/// The program under test can run on Kafka too.
const WITH_KAFKA: [&str; 2] = ["--features", "chappe/kafka"];
/// The tests that drive the program and hold on whatever log it runs.
const ON_ANY_LOG: [&str; 7] = [
    "constituencies",
    "decisions",
    "fixture",
    "kill",
    "metrics",
    "wrong_input",
    "xdspy",
];
/// Kills of the kill test on Kafka, where each start takes seconds.
const KILLS_ON_KAFKA: &str = "12";
/// One planted bug in so many, others with each commit; `cargo xtask planted` runs all.
const PLANTED_ONE_IN: usize = 30;

/// Runs all steps, prints the table, and fails if a step failed or, with `CI=true`, if anything was skipped that may not be.
pub(crate) fn command(place: &Place) -> Result<()> {
    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    let skips = skips::Skips::open(place)?;
    let mut steps = Steps::default();
    steps.run("setup core", || set_up(place, "core"));
    steps.run("setup exchange", || set_up(place, "exchange"));
    steps.run(KAFKA, || set_up(place, "kafka"));
    steps.run("check", || check::command(place).into());
    steps.run("build", || {
        succeed(&mut cargo(place, &skips, &["build", "--workspace", "--all-targets"]))
    });
    steps.run(TESTS, || {
        succeed(&mut cargo(place, &skips, &["test", "--workspace", "--no-fail-fast"]))
    });
    let (set_up_kafka, built) = (steps.passed(KAFKA), steps.passed("build"));
    steps.run("tests on Kafka", || match (set_up_kafka, built) {
        (true, true) => on_kafka(place, &skips),
        (false, _) => Outcome::Skipped(format!("no brokers: {KAFKA} says why")),
        (true, false) => unbuilt(),
    });
    steps.run("buf lint", || proto::step(place, &["lint"]));
    steps.run("buf breaking", || breaking(place));
    for script in scripts::list(place.root())? {
        steps.run(&scripts::name(&script), || {
            if built {
                scripts::run(place, &skips, &script)
            } else {
                unbuilt()
            }
        });
    }
    let tested = steps.passed(TESTS);
    steps.run("planted bugs", || {
        if tested {
            planted_bugs(place, &skips)
        } else {
            untested()
        }
    });
    let mut skipped = skips.collect()?;
    skipped.extend(steps.skipped());
    report(place.root(), &steps, &skipped, strict)
}

/// A tool that cannot be brought keeps nothing else from being tested.
fn set_up(place: &Place, set: &str) -> Outcome {
    match setup::bring(place, set) {
        Ok(missing) if missing.is_empty() => Outcome::Passed,
        Ok(missing) => Outcome::Skipped(without(&missing)),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

/// The names on the first line, which the table shows, and the reason of each below.
fn without(missing: &[setup::Missing]) -> String {
    let reasons = missing.iter().map(|tool| format!("\n  {}: {}", tool.name, tool.reason));
    format!(
        "could not set up {}{}",
        setup::names(missing),
        reasons.collect::<String>()
    )
}

fn unbuilt() -> Outcome {
    Outcome::Skipped("the build failed".to_owned())
}

fn untested() -> Outcome {
    Outcome::Skipped(format!("{TESTS} failed: a test that fails anyway catches nothing"))
}

/// Cargo on this terminal, nothing between: tests write to standard error what a run must show, also where they pass.
fn cargo(place: &Place, skips: &skips::Skips, arguments: &[&str]) -> Command {
    let mut cargo = command::cargo();
    cargo
        .args(arguments)
        .arg("--locked")
        .args(WITH_KAFKA)
        .current_dir(place.root());
    cargo
        .env("CHAPPE_SKIPS", skips.file())
        .env("CHAPPE_BIN", program(place.target()))
        .env("TOOLS", place.tools_bin());
    cargo
}

/// The same tests of the program, with a broker's log under it.
fn on_kafka(place: &Place, skips: &skips::Skips) -> Outcome {
    // The whole workspace's features, or everything would be built again.
    let mut cargo = cargo(place, skips, &["test", "--workspace", "--no-fail-fast"]);
    for test in ON_ANY_LOG {
        cargo.args(["--test", test]);
    }
    cargo
        .env("CHAPPE_TESTS_ON", "kafka")
        .env("CHAPPE_KILLS", KILLS_ON_KAFKA);
    succeed(&mut cargo)
}

fn succeed(cargo: &mut Command) -> Outcome {
    command::succeed(cargo).into()
}

fn breaking(place: &Place) -> Outcome {
    if !place.root().join(proto::IMAGE).exists() {
        return Outcome::Skipped(format!("no {}: `cargo xtask image` writes it", proto::IMAGE));
    }
    proto::step(place, &["breaking", "--against", proto::IMAGE])
}

fn planted_bugs(place: &Place, skips: &skips::Skips) -> Outcome {
    match planted::any(place.root()) {
        Ok(true) => planted::command(place, Choice::OneIn(PLANTED_ONE_IN))
            .and_then(|skipped| skips.add(&skipped))
            .into(),
        Ok(false) => Outcome::Skipped(format!("no {}/*.toml", planted::FOLDER)),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

fn report(root: &Path, steps: &Steps, skipped: &[String], strict: bool) -> Result<()> {
    println!("\n{}", steps.table());
    if skipped.is_empty() {
        println!("nothing was skipped");
    }
    let mut refused = 0;
    for reason in skipped {
        let excused = !strict || skips::is_excused(root, reason);
        refused += usize::from(!excused);
        println!(
            "{} {reason}",
            if excused {
                "skipped:"
            } else {
                "SKIPPED, which CI=true makes a failure:"
            }
        );
    }
    if steps.failed() || refused > 0 {
        bail!("not all steps passed");
    }
    Ok(())
}

/// The debug build of the program.
fn program(target: &Path) -> std::path::PathBuf {
    target.join("debug").join("chappe")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_cannot_be_brought_is_named_with_its_reason() {
        let missing = |name, reason: &str| setup::Missing {
            name,
            reason: reason.to_owned(),
        };
        assert_eq!(
            without(&[missing("buf", "no npm"), missing("strace", "not root")]),
            "could not set up buf, strace\n  buf: no npm\n  strace: not root"
        );
    }

    #[test]
    fn a_skip_fails_a_strict_run_only() {
        let mut steps = Steps::default();
        steps.run("one", || Outcome::Passed);
        let root = tempfile::tempdir().unwrap();
        let report = |reason: &str, strict| report(root.path(), &steps, &[reason.to_owned()], strict);
        assert!(report("strace is missing", false).is_ok());
        assert!(report("strace is missing", true).is_err());
        assert!(report("misp: ../shared/absent/data is absent", true).is_ok());
    }
}
