//! Steps with their seconds and results, and the table at the end.

use std::time::{Duration, Instant};

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did what it says.
    Passed,
    /// It did not; why.
    Failed(String),
    /// It was not run; why.
    Skipped(String),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    name: String,
    took: Duration,
    outcome: Outcome,
}

/// All steps of a run.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    steps: Vec<Step>,
}

impl Steps {
    /// Runs one step, prints its name first, and keeps how it ended.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Outcome) -> &Outcome {
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = step();
        if let Outcome::Failed(reason) | Outcome::Skipped(reason) = &outcome {
            println!("{name}: {reason}");
        }
        self.steps.push(Step {
            name: name.to_owned(),
            took: started.elapsed(),
            outcome,
        });
        &self.steps[self.steps.len() - 1].outcome
    }

    /// Whether any step failed.
    pub(crate) fn failed(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.outcome, Outcome::Failed(_)))
    }

    /// Whether the named step passed.
    pub(crate) fn passed(&self, name: &str) -> bool {
        self.steps
            .iter()
            .any(|step| step.name == name && step.outcome == Outcome::Passed)
    }

    /// The steps that were not run, each with its reason.
    pub(crate) fn skipped(&self) -> Vec<String> {
        let reason = |step: &Step| match &step.outcome {
            Outcome::Skipped(reason) => Some(format!("{}: {reason}", step.name)),
            _ => None,
        };
        self.steps.iter().filter_map(reason).collect()
    }

    /// The table: step, seconds, result.
    pub(crate) fn table(&self) -> String {
        let width = self
            .steps
            .iter()
            .map(|step| step.name.chars().count())
            .max()
            .unwrap_or(0)
            .max(4);
        let mut table = format!("{:width$}  {:>8}  result\n", "step", "seconds");
        for Step { name, took, outcome } in &self.steps {
            let result = match outcome {
                Outcome::Passed => "passed".to_owned(),
                Outcome::Failed(reason) => format!("FAILED: {}", first_line(reason)),
                Outcome::Skipped(reason) => format!("skipped: {}", first_line(reason)),
            };
            table.push_str(&format!("{name:width$}  {:>8.1}  {result}\n", took.as_secs_f64()));
        }
        table
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// `Passed`, or `Failed` with the whole chain of causes.
impl From<anyhow::Result<()>> for Outcome {
    fn from(result: anyhow::Result<()>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(error) => Self::Failed(format!("{error:#}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_step_and_its_reason() {
        let mut steps = Steps::default();
        steps.run("one", || Outcome::Passed);
        steps.run("two", || Outcome::Failed("it broke\nin detail".to_owned()));
        steps.run("three", || Outcome::Skipped("no image".to_owned()));
        assert!(steps.failed());
        assert!(steps.passed("one") && !steps.passed("two"));
        assert_eq!(steps.skipped(), ["three: no image"]);
        let table = steps.table();
        assert!(
            table.contains("one") && table.contains("FAILED: it broke\n") && table.contains("skipped: no image\n"),
            "{table}"
        );
    }
}
