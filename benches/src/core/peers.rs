//! The engines we are compared with, each in a process of its own, on the same file.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::time::timeout;

use super::correlation::Sums;
use crate::cpu::per_second;

/// Module and main class of each.
const ENGINES: [(&str, &str); 2] = [("esper", "chappe.bench.Esper"), ("siddhi", "chappe.bench.Siddhi")];
/// Longest build, with what it has to fetch the first time.
const BUILD: Duration = Duration::from_secs(600);
/// Longest time of one engine on one file.
const RUN: Duration = Duration::from_secs(900);
/// How the virtual machine is started. Its collector is the one it takes by itself on a machine with two cores; the parallel one was slower.
const JAVA: [&str; 2] = ["-Xmx8g", "-XX:+UseG1GC"];

/// One repetition of one engine, as the harness in Java prints it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct PeerRun {
    pub(super) engine: String,
    pub(super) threads: usize,
    pub(super) rows: usize,
    /// With the start of the engine and the compilation of its rules, once in each repetition.
    pub(super) wall_seconds: f64,
    /// Of the threads that feed the engine and in which it counts.
    pub(super) feeding_cpu_seconds: f64,
    /// Of the whole process, with the garbage collector and the compiler.
    pub(super) process_cpu_seconds: f64,
    #[serde(flatten)]
    pub(super) sums: Sums,
}

impl PeerRun {
    /// Rows a second and core, as kindly as it can be read: the better of what the clock on the wall says of each thread, and what the CPU
    /// time of the feeding threads says, in which the garbage collector costs nothing.
    pub(super) fn rows_per_core_second(&self) -> f64 {
        let by_wall = per_second(self.rows, self.wall_seconds) / self.threads as f64;
        by_wall.max(per_second(self.rows, self.feeding_cpu_seconds))
    }
}

/// The built engines.
pub(super) struct Peers {
    built: PathBuf,
}

impl Peers {
    /// Builds them; without the network once everything has been fetched.
    pub(super) async fn build(root: &Path) -> Result<Self> {
        let maven = |offline: bool| {
            let mut command = Command::new("mvn");
            command.args(["--batch-mode", "--quiet", "--file"]);
            command.arg(root.join("benches/peers/pom.xml")).arg("package");
            if offline {
                command.arg("--offline").stdout(Stdio::null());
            }
            command.kill_on_drop(true);
            command
        };
        let ended = |result: std::io::Result<_>| {
            result.context("mvn, which builds the engines, cannot be started: cargo xtask setup peers")
        };
        let offline = timeout(BUILD, maven(true).status()).await;
        let offline = ended(offline.context("mvn is not done in time")?)?;
        if !offline.success() {
            let online = timeout(BUILD, maven(false).status()).await;
            let online = ended(online.context("mvn is not done in time")?)?;
            if !online.success() {
                bail!("mvn ended with {online}");
            }
        }
        Ok(Self {
            built: root.join("target/bench/peers"),
        })
    }

    /// Every engine with each number of threads on one file; an engine that tells something wrong is an error.
    pub(super) async fn run(
        &self,
        file: &Path,
        threads: &[usize],
        repetitions: usize,
        right: Sums,
    ) -> Result<Vec<PeerRun>> {
        let mut runs = Vec::new();
        for (module, main) in ENGINES {
            for threads in threads {
                for run in self.run_one(module, main, file, *threads, repetitions).await? {
                    if run.sums != right {
                        bail!(
                            "{} tells {:?} on {threads} threads instead of {right:?}",
                            run.engine,
                            run.sums
                        );
                    }
                    runs.push(run);
                }
            }
        }
        Ok(runs)
    }

    async fn run_one(
        &self,
        module: &str,
        main: &str,
        file: &Path,
        threads: usize,
        repetitions: usize,
    ) -> Result<Vec<PeerRun>> {
        let folder = self.built.join(module);
        let own = folder.join(format!("{module}-1.jar"));
        let path = format!("{}:{}/jars/*", own.display(), folder.display());
        let mut java = Command::new("java");
        java.args(JAVA).args(["-cp", &path, main]).arg(file);
        java.args([threads.to_string(), repetitions.to_string()]);
        java.stderr(Stdio::inherit()).kill_on_drop(true);
        let said = timeout(RUN, java.output())
            .await
            .with_context(|| format!("{main} is not done in time"))?;
        let said = said.context("java cannot be started: cargo xtask setup peers")?;
        if !said.status.success() {
            bail!("{main} ended with {}", said.status);
        }
        let text = String::from_utf8_lossy(&said.stdout);
        let lines = text.lines().filter(|line| line.starts_with('{'));
        let runs: Vec<PeerRun> = lines
            .map(|line| serde_json::from_str(line).with_context(|| format!("{main} printed {line}")))
            .collect::<Result<_>>()?;
        if runs.len() != repetitions {
            bail!("{main} told of {} repetitions instead of {repetitions}", runs.len());
        }
        Ok(runs)
    }
}

/// The repetition with the most rows a second and core.
pub(super) fn best(runs: &[PeerRun]) -> Option<&PeerRun> {
    let rate = PeerRun::rows_per_core_second;
    runs.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const LINE: &str = r#"{"engine":"E","threads":2,"rows":1000,"wall_seconds":2.0,"feeding_cpu_seconds":1.0,"process_cpu_seconds":5.0,"r1":3,"r2":4}"#;

    #[test]
    fn a_line_is_read_and_the_kindest_figure_is_taken() {
        let run: PeerRun = serde_json::from_str(LINE).unwrap();
        assert_eq!(run.sums, Sums { r1: 3, r2: 4 });
        assert!((run.rows_per_core_second() - 1_000.0).abs() < 1e-6);
        let faster = PeerRun {
            wall_seconds: 0.1,
            ..run.clone()
        };
        assert!((best(&[run, faster]).unwrap().rows_per_core_second() - 5_000.0).abs() < 1e-6);
    }
}
