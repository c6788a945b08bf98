//! Planting one bug and judging whether its test catches it.

use std::fmt;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::bug::Bug;
use super::copy::WorkspaceCopy;
use crate::command::{self, Watched};
use crate::place::Place;
use crate::setup::kafka;

/// Seconds one test run may take; a bug may make it run forever.
const TEST_SECONDS_MAX: u32 = 600;

/// What `timeout` answers when it had to end the test.
const ENDED_BY_TIMEOUT: i32 = 124;

/// What Cargo answers when tests ran and some failed.
const TESTS_FAILED: i32 = 101;

/// Lines of a program's last words that are shown.
const LAST_WORDS_LINES: usize = 30;

/// What became of a planted bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The test failed, as it must.
    Caught,
    /// The test passed: it does not see the bug.
    Missed,
    /// The code with the bug does not compile, so it says nothing of the test.
    NotCompiled,
    /// The test did not end in time.
    Endless,
    /// The test passes and says that it skipped something, with this reason.
    Skipped(String),
    /// The test program ended in another way, with this exit code if it had one.
    Broken(Option<i32>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught => write!(f, "caught"),
            Self::Missed => write!(f, "MISSED: the test passes with the bug in"),
            Self::NotCompiled => write!(f, "NOT JUDGED: the code with the bug does not compile"),
            Self::Endless => write!(f, "NOT JUDGED: the test did not end in {TEST_SECONDS_MAX} s"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
            Self::Broken(Some(code)) => write!(f, "NOT JUDGED: the test ended with exit code {code}"),
            Self::Broken(None) => write!(f, "NOT JUDGED: the test was ended by a signal"),
        }
    }
}

/// The copy that bugs are tried in.
pub(crate) struct Trial<'a> {
    place: &'a Place,
    copy: &'a WorkspaceCopy,
}

impl<'a> Trial<'a> {
    /// Tries bugs in a copy.
    pub(crate) fn new(place: &'a Place, copy: &'a WorkspaceCopy) -> Self {
        Self { place, copy }
    }

    /// Requires the bug's test to pass without the bug.
    pub(crate) fn unmodified(&self, bug: &Bug) -> Result<()> {
        let words = bug.test.join(" ");
        println!("without a bug: cargo {words}");
        let built = self.build(bug)?;
        if !built.status.success() {
            bail!(
                "cargo {words} does not compile without a bug:\n{}",
                last_words(&built.said)
            );
        }
        let run = self.run(bug)?;
        if !run.status.success() {
            bail!("cargo {words} fails without a bug:\n{}", last_words(&run.said));
        }
        Ok(())
    }

    /// Plants a bug, runs its test, and takes the bug out again.
    pub(crate) fn plant(&self, bug: &Bug) -> Result<Verdict> {
        let file = self.copy.root().join(&bug.file);
        let whole =
            fs::read_to_string(&file).with_context(|| format!("planted bug {}: cannot read {}", bug.name, bug.file))?;
        fs::write(&file, bug.apply(&whole)?).with_context(|| format!("cannot write {}", file.display()))?;
        let verdict = self.judge(bug);
        fs::write(&file, whole).with_context(|| format!("cannot restore {}", file.display()))?;
        verdict
    }

    fn judge(&self, bug: &Bug) -> Result<Verdict> {
        let built = self.build(bug)?;
        if !built.status.success() {
            println!("{}", last_words(&built.said));
            return Ok(Verdict::NotCompiled);
        }
        let run = self.run(bug)?;
        let verdict = match run.status.code() {
            Some(0) => run
                .skips
                .last()
                .map_or(Verdict::Missed, |why| Verdict::Skipped(why.clone())),
            Some(TESTS_FAILED) => Verdict::Caught,
            Some(ENDED_BY_TIMEOUT) => Verdict::Endless,
            code => Verdict::Broken(code),
        };
        if verdict != Verdict::Caught {
            println!("{}", last_words(&run.said));
        }
        Ok(verdict)
    }

    fn build(&self, bug: &Bug) -> Result<Watched> {
        let mut cargo = command::cargo();
        let built = self.watch(cargo.args(without_running(&bug.test)), bug)?;
        if !bug.program || !built.status.success() {
            return Ok(built);
        }
        let mut cargo = command::cargo();
        self.watch(cargo.args(["build", "--package", "chappe", "--features", "kafka"]), bug)
    }

    fn run(&self, bug: &Bug) -> Result<Watched> {
        let cargo = command::cargo();
        let mut timeout = Command::new("timeout");
        timeout
            .args(["--kill-after=5", &TEST_SECONDS_MAX.to_string()])
            .arg(cargo.get_program())
            .args(&bug.test);
        for (name, _) in cargo.get_envs() {
            timeout.env_remove(name);
        }
        self.watch(&mut timeout, bug)
    }

    fn watch(&self, command: &mut Command, bug: &Bug) -> Result<Watched> {
        command
            .current_dir(self.copy.root())
            .env("CARGO_TARGET_DIR", self.copy.target());
        // One file changes at a time, so incremental builds pay here even where the build at large goes without.
        command
            .env("CARGO_INCREMENTAL", "1")
            .env("TOOLS", self.place.tools_bin())
            // The copy has no tools of its own.
            .env(kafka::JARS_VARIABLE, kafka::jars(self.place));
        if bug.program {
            command.env("CHAPPE_BIN", self.copy.target().join("debug").join("chappe"));
        }
        command::watch(command.envs(&bug.env), false)
    }
}

/// The same arguments, to build only.
fn without_running(test: &[String]) -> Vec<String> {
    let end = test.iter().position(|word| word == "--").unwrap_or(test.len());
    test[..end].iter().cloned().chain(["--no-run".to_owned()]).collect()
}

fn last_words(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(LAST_WORDS_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn building_drops_what_is_for_the_test_program() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            without_running(&words("test -p a -- --exact b")),
            words("test -p a --no-run")
        );
        assert_eq!(without_running(&words("test -p a")), words("test -p a --no-run"));
    }

    #[test]
    fn only_the_last_lines_are_shown() {
        let said = (0..100).map(|n| format!("{n}\n")).collect::<String>();
        assert!(last_words(&said).starts_with("70\n") && last_words(&said).ends_with("\n99"));
    }
}
